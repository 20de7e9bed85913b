"""`heyx-bulk report`: the results of a run as it stands, or what can still be read of a damaged checkpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, PlainConsole


def report(
    checkpoint: CheckpointPath,
    console: PlainConsole,
    *,
    recover: Annotated[
        bool, typer.Option("--recover", help="Save what can be read of a checkpoint that the disk has damaged.")
    ] = False,
) -> int:
    """Write the results file of a run as it stands, also while the run goes on.

    \b
    heyx-bulk report contacts.xlsx.checkpoint
    heyx-bulk report contacts.xlsx.checkpoint --recover
    """
    from heyx_bulk.cli.run_view import recover_rows, show_report

    return (recover_rows if recover else show_report)(checkpoint, console)
