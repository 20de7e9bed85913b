"""`heyx-bulk verify`: what HeyX holds, compared with what a run sent."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, Only, PlainConsole
from heyx_bulk.cli.console import Console, duration
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.values.phrases import count

if TYPE_CHECKING:
    from heyx_bulk.reports.read_back import Comparison
    from heyx_bulk.settings.environment import Settings
    from heyx_bulk.storage.checkpoint.run import Run

DIFFERENT = 3
"""The exit code where HeyX holds anything otherwise."""


def verify(
    checkpoint: CheckpointPath,
    connection: Annotated[ConnectionOptions, Only(("rate", "timeout"))],
    console: PlainConsole,
    *,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="So many rows, drawn at random [default: all]."),
    ] = None,
) -> int:
    """Read back from HeyX what a run sent, and tell every difference: one call for each row.

    \b
    heyx-bulk verify contacts.xlsx.checkpoint
    heyx-bulk verify contacts.xlsx.checkpoint --sample 200

    Nothing is written to HeyX. Exit code 3 where anything differs.
    """
    from heyx_bulk.cli.checkpoints import checkpoint_of
    from heyx_bulk.settings.environment import from_environment
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
    from heyx_bulk.storage.checkpoint.run import Run

    with Checkpoint.open(checkpoint_of(checkpoint)) as opened:
        settings = from_environment(os.environ, **connection.or_else(opened.facts.connection).given())
        if opened.facts.channel != settings.channel:
            console.say("The token is another than the one the run began with: is it for the same channel?")
        confirmed = len(opened.queries.confirmed_rows())
        if not confirmed:
            raise CheckpointMismatch(
                f"{opened.info.sheet}: no row was sent yet, so there is nothing to compare.",
                "Upload the sheet first.",
            )
        rows = confirmed if sample is None else min(sample, confirmed)
        drawn = "" if rows == confirmed else f" of {confirmed:,}, drawn at random"
        seconds = rows / settings.rate.calls * settings.rate.window_seconds
        console.say(
            f"{opened.info.sheet}: reading back {count(rows, 'row')}{drawn}; "
            f"at {settings.rate}: about {duration(seconds)}."
        )
        return _tell(console, _compare(console, Run.from_checkpoint(opened), settings, rows))


def _compare(console: Console, run: Run, settings: Settings, rows: int) -> list[Comparison]:
    from heyx_bulk.cli.signals import Signals
    from heyx_bulk.reports.read_back import verify_run

    progress = console.progress(rows)
    chance = random.Random()  # noqa: S311  a sample is no secret

    def report(found: Comparison) -> None:
        status = Status.UNCHANGED if found.matches else Status.FAILED
        progress.report(Outcome(found.number, status, found.contact_id))

    with Signals(console) as signals:
        reading = verify_run(run, settings, sample=rows, chance=chance, started=signals.attach, on_compared=report)
        try:
            return asyncio.run(reading)
        finally:
            progress.close()


def _tell(console: Console, compared: list[Comparison]) -> int:
    from heyx_bulk.upload.canary import lines_of

    wrong = [found for found in compared if not found.matches]
    as_sent = len(compared) - len(wrong)
    for found in wrong:
        for line in lines_of(found):
            console.say(line)
    if wrong:
        console.say("HeyX made these of what was sent, or somebody changed them there since. Nothing was written.")
    code = DIFFERENT if wrong else 0
    different = [
        {
            "row": found.number,
            "contact": found.contact_id,
            "unread": found.read_error or None,
            "differences": [asdict(one) for one in found.differences],
        }
        for found in wrong
    ]
    console.result(
        f"{count(len(compared), 'row')} read back: {as_sent:,} as sent, {len(wrong):,} different",
        {"rows": len(compared), "matches": as_sent, "different": different, "exit": code},
    )
    return code
