"""`heyx-bulk verify`: what HeyX holds, compared with what a run sent."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, Only, PlainConsole
from heyx_bulk.settings.connection import ConnectionOptions


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
    from heyx_bulk.cli.run_view import show_comparison

    return show_comparison(checkpoint, connection, console, sample)
