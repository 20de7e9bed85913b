"""`heyx-bulk status`: how a run stands, also while it goes on in another terminal."""

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
            help="The checkpoint of a run, or its sheet; without it, every run in this folder.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Say how a run stands, also while it goes on in another terminal.

    \b
    heyx-bulk status
    heyx-bulk status contacts.xlsx.checkpoint

    Rows by status, calls, what failed and why, pace, and when it ends. Needs no token; nothing is sent or changed.
    """
    from heyx_bulk.cli.run_view import show_status

    return show_status(checkpoint, console)
