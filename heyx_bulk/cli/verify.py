"""`heyx-bulk verify`: the contacts in HeyX, compared with what a run sent."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, Only, ReadingConsole
from heyx_bulk.models.option import Panel
from heyx_bulk.settings.connection import ConnectionOptions


def verify(
    checkpoint: CheckpointPath,
    connection: Annotated[ConnectionOptions, Only(("channel", "token_file", "rate", "timeout"))],
    console: ReadingConsole,
    *,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            metavar="N",
            min=1,
            help="Compare N rows, chosen at random [default: all].",
            rich_help_panel=Panel.USUAL,
        ),
    ] = None,
) -> int:
    """Compare the contacts in HeyX with what a run sent, and show every difference.

    \b
    heyx-bulk verify contacts.xlsx
    heyx-bulk verify contacts.xlsx --sample 200

    Takes one call for each row; writes nothing to HeyX.
    """
    from heyx_bulk.cli.run_view import show_comparison

    return show_comparison(checkpoint, connection, console, sample)
