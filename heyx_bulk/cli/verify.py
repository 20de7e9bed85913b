"""`heyx-bulk verify`: what HeyX holds, compared with what a run sent."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import asdict
from pathlib import Path

from heyx_bulk.cli.console import Voice, count, duration
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.rerun import checkpoint_of
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.reports.read_back import Compared, verify
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.canary import lines_of

DIFFERENT = 3
"""The exit code where HeyX holds anything otherwise."""


def verify_run(named: Path, sample: int | None, speaking: Speaking, voice: Voice) -> int:
    """Read back what a run sent, and say every difference; the exit code."""
    with Journal.open(checkpoint_of(named)) as journal:
        settings = from_environment(os.environ, **speaking.or_else(journal.meta("speaking")).options())
        if journal.meta("channel") != settings.channel:
            voice.say("The token is another than the one the run began with: is it for the same channel?")
        there = len(journal.account.agreed())
        if not there:
            raise CheckpointMismatch(
                f"{journal.meta('sheet')}: no row was sent yet, so there is nothing to compare.",
                "Upload the sheet first.",
            )
        rows = there if sample is None else min(sample, there)
        drawn = "" if rows == there else f" {there:,}, drawn at random"
        seconds = rows / settings.rate.calls * settings.rate.window_seconds
        voice.say(
            f"{journal.meta('sheet')}: reading back {count(rows, 'row')}{f' of{drawn}' if drawn else ''}; "
            f"at {settings.rate}: about {duration(seconds)}."
        )
        return _tell(voice, _compare(voice, Run.of(journal), settings, rows))


def _compare(voice: Voice, run: Run, settings: Settings, rows: int) -> list[Compared]:
    progress = voice.progress(rows)
    chance = random.Random()  # noqa: S311  a sample is no secret
    with Signals(voice) as signals:
        try:
            return asyncio.run(
                verify(
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


def _word(found: Compared) -> Status:
    return Status.UNCHANGED if found.as_sent else Status.FAILED


def _tell(voice: Voice, compared: list[Compared]) -> int:
    wrong = [found for found in compared if not found.as_sent]
    as_sent = len(compared) - len(wrong)
    for found in wrong:
        for line in lines_of(found):
            voice.say(line)
    if wrong:
        voice.say("HeyX made these of what was sent, or somebody changed them there since. Nothing was written.")
    voice.total(
        f"{count(len(compared), 'row')} read back: {as_sent:,} as sent, {len(wrong):,} different",
        {
            "rows": len(compared),
            "as_sent": as_sent,
            "different": [
                {
                    "row": found.number,
                    "contact": found.contact_id,
                    "unread": found.unread or None,
                    "differences": [asdict(one) for one in found.differences],
                }
                for found in wrong
            ],
            "exit": DIFFERENT if wrong else 0,
        },
    )
    return DIFFERENT if wrong else 0
