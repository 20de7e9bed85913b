"""`heyx-bulk undo`: what a run changed in HeyX, set back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from heyx_bulk.cli.command import ASK_ABOVE, AgreedTo, AskAbove, CheckpointPath, First, Without, plan_file
from heyx_bulk.cli.console import Console
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions


def undo(
    checkpoint: CheckpointPath,
    run_options: Annotated[RunOptions, Without(("out", "strict", "canary", "index", "trust_cache"))],
    connection: ConnectionOptions,
    console: Console,
    *,
    output: Annotated[Path | None, plan_file("none, the changes are made")] = None,
    first: First = 5,
    yes: AgreedTo = False,
    ask_above: AskAbove = ASK_ABOVE,
) -> int:
    """Undo a run: set fields and tags back to what they were before it, where HeyX still holds what it wrote.

    \b
    heyx-bulk undo contacts.xlsx
    heyx-bulk undo contacts.xlsx -o undo.xlsx
    heyx-bulk apply undo.xlsx

    With -o, only the plan of it is written, to review it first. Values that cannot be set back are listed. HeyX
    cannot delete contacts: those that the run created stay, and are listed in the results. To resume, run the
    same command again.
    """
    from heyx_bulk.cli.plan_runs import undo_run

    above = None if yes else ask_above
    return undo_run(checkpoint, run_options, connection, console, file=output, first=first, ask_above=above)
