"""`heyx-bulk verify`: what HeyX holds, compared with what a run sent."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import asdict
from pathlib import Path

from heyx_bulk.cli.console import Console, count, duration
from heyx_bulk.cli.options import ConnectionOptions
from heyx_bulk.cli.rerun import checkpoint_of
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.reports.read_back import Comparison, verify_run
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.canary import lines_of

DIFFERENT = 3
"""The exit code where HeyX holds anything otherwise."""


def print_verification(named: Path, sample: int | None, speaking: ConnectionOptions, console: Console) -> int:
    """Read back what a run sent, and say every difference; the exit code."""
    with Checkpoint.open(checkpoint_of(named)) as checkpoint:
        settings = from_environment(os.environ, **speaking.or_else(checkpoint.facts.connection).options())
        if checkpoint.facts.channel != settings.channel:
            console.say("The token is another than the one the run began with: is it for the same channel?")
        there = len(checkpoint.queries.confirmed_rows())
        if not there:
            raise CheckpointMismatch(
                f"{checkpoint.info.sheet}: no row was sent yet, so there is nothing to compare.",
                "Upload the sheet first.",
            )
        rows = there if sample is None else min(sample, there)
        drawn = "" if rows == there else f" {there:,}, drawn at random"
        seconds = rows / settings.rate.calls * settings.rate.window_seconds
        console.say(
            f"{checkpoint.info.sheet}: reading back {count(rows, 'row')}{f' of{drawn}' if drawn else ''}; "
            f"at {settings.rate}: about {duration(seconds)}."
        )
        return _tell(console, _compare(console, Run.from_checkpoint(checkpoint), settings, rows))


def _compare(console: Console, run: Run, settings: Settings, rows: int) -> list[Comparison]:
    progress = console.progress(rows)
    chance = random.Random()  # noqa: S311  a sample is no secret
    with Signals(console) as signals:
        try:
            return asyncio.run(
                verify_run(
                    run,
                    settings,
                    sample=rows,
                    chance=chance,
                    started=signals.attach,
                    told=lambda found: progress.report(Outcome(found.number, _word(found), found.contact_id)),
                )
            )
        finally:
            progress.close()


def _word(found: Comparison) -> Status:
    return Status.UNCHANGED if found.matches else Status.FAILED


def _tell(console: Console, compared: list[Comparison]) -> int:
    wrong = [found for found in compared if not found.matches]
    as_sent = len(compared) - len(wrong)
    for found in wrong:
        for line in lines_of(found):
            console.say(line)
    if wrong:
        console.say("HeyX made these of what was sent, or somebody changed them there since. Nothing was written.")
    console.result(
        f"{count(len(compared), 'row')} read back: {as_sent:,} as sent, {len(wrong):,} different",
        {
            "rows": len(compared),
            "matches": as_sent,
            "different": [
                {
                    "row": found.number,
                    "contact": found.contact_id,
                    "unread": found.read_error or None,
                    "differences": [asdict(one) for one in found.differences],
                }
                for found in wrong
            ],
            "exit": DIFFERENT if wrong else 0,
        },
    )
    return DIFFERENT if wrong else 0
