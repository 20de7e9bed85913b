"""`heyx-bulk rerun`: the failed rows of a run sent again, or those that a person corrected."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, Without
from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.errors import SheetError
from heyx_bulk.models.contacts import Status
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions
from heyx_bulk.values.phrases import count

if TYPE_CHECKING:
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint


def rerun(
    checkpoint: CheckpointPath,
    run_options: Annotated[RunOptions, Without(("out", "restart", "strict", "canary"))],
    connection: ConnectionOptions,
    console: Console,
    *,
    uncertain: Annotated[
        bool,
        typer.Option(
            "--uncertain",
            help="Also send the uncertain rows, as if they had never been sent: you have looked, and they are not "
            "in HeyX.",
        ),
    ] = False,
) -> int:
    """Send the failed rows of a run again, each from where it stands.

    \b
    heyx-bulk rerun contacts.xlsx.checkpoint
    heyx-bulk rerun contacts.xlsx.checkpoint --uncertain

    No call that succeeded is repeated. Rows that are uncertain are looked for again; one that cannot be told
    stays uncertain, until --uncertain sends it knowingly.
    """
    from heyx_bulk.cli.checkpoints import CHECKPOINT, checkpoint_of, checkpoint_of_run
    from heyx_bulk.cli.signals import Signals
    from heyx_bulk.cli.summary import finish
    from heyx_bulk.cli.upload_view import RerunView
    from heyx_bulk.settings.environment import from_environment
    from heyx_bulk.sheets.open_sheet import open_sheet
    from heyx_bulk.sheets.sheet_options import SheetOptions
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
    from heyx_bulk.storage.checkpoint.locking import lock
    from heyx_bulk.upload.corrections import run_of_file
    from heyx_bulk.upload.pipeline import rerun as run_again

    given_back = None if checkpoint.suffix == CHECKPOINT else run_of_file(open_sheet(checkpoint))
    path = checkpoint_of(checkpoint) if given_back is None else checkpoint_of_run(given_back, checkpoint)
    with lock(path), Checkpoint.open(path) as opened, Signals(console) as signals:
        settings = from_environment(os.environ, **connection.or_else(opened.facts.connection).given())
        corrections = None
        if given_back is None:
            _tell_rerun(console, opened, uncertain=uncertain)
        else:
            corrections = open_sheet(checkpoint, SheetOptions(raw_csv=opened.info.sheet_options["raw_csv"]))
        run_options = replace(run_options, command=same_command(sys.argv[1:]))
        view = RerunView(console, signals)
        result = run_again(opened, settings, run_options, view, corrections=corrections, uncertain=uncertain)
        return finish(console, result)


def _tell_rerun(console: Console, checkpoint: Checkpoint, *, uncertain: bool) -> None:
    """Say what is sent again: rows as they were, also where the sheet has been changed since."""
    from heyx_bulk.sheets.open_sheet import open_sheet
    from heyx_bulk.sheets.sheet_options import SheetOptions
    from heyx_bulk.upload.staging import sheet_change

    difference, path = "", Path(checkpoint.info.path)
    with suppress(SheetError):
        difference = sheet_change(checkpoint, open_sheet(path, SheetOptions(**checkpoint.info.sheet_options)))
    if difference:
        console.say(f"{path.name} has changed since its run began ({difference}).")
        console.say("A rerun sends its rows as they were.")
        console.say(f"To send the sheet as it is now:\n  {checkpoint.facts.command} --restart")
    totals = checkpoint.queries.totals()
    failed, unknown = totals.get(Status.FAILED, 0), totals.get(Status.UNCERTAIN, 0)
    if failed or not unknown:
        console.say(f"{checkpoint.info.sheet}: {count(failed, 'failed row')} again.")
    if unknown and uncertain:
        risk = "sent as if never sent before: a contact that is in HeyX after all would be there twice"
        console.say(f"{checkpoint.info.sheet}: {count(unknown, 'uncertain row')}, {risk}.")
    elif unknown:
        console.say(f"{count(unknown, 'uncertain row')}: looked for where there is a key, and not sent.")
