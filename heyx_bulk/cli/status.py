"""`heyx-bulk status`: the progress of a run, also while it is running in another terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli.command import PlainConsole


def status(
    console: PlainConsole,
    checkpoint: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CHECKPOINT]",
            help="The checkpoint of a run, or the sheet that was uploaded; by default, every run in this folder.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Show the progress of a run, also while it is running in another terminal.

    \b
    heyx-bulk status
    heyx-bulk status contacts.xlsx

    Shows rows by status, calls, why rows failed, the rate, and when the run will end. Needs no token; sends and
    changes nothing.
    """
    from heyx_bulk.cli.run_view import show_status

    return show_status(checkpoint, console)
