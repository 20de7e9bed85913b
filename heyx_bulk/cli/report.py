"""`heyx-bulk report`: the results of a run as it stands, or what can still be read of a damaged checkpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, PlainConsole
from heyx_bulk.errors import SettingsError


def report(
    checkpoint: CheckpointPath,
    console: PlainConsole,
    *,
    recover: Annotated[
        bool, typer.Option("--recover", help="Save what can be read of a checkpoint that the disk has damaged.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="Write the report with charts, one HTML file, and not the results.")
    ] = False,
) -> int:
    """Write the results file of a run as it stands, also while the run goes on.

    \b
    heyx-bulk report contacts.xlsx.checkpoint
    heyx-bulk report contacts.xlsx.checkpoint --html
    heyx-bulk report contacts.xlsx.checkpoint --recover
    """
    from heyx_bulk.cli.run_view import recover_rows, save_charts, show_report

    if recover and html:
        raise SettingsError("--recover and --html exclude each other.", "Leave one of them out.")
    return (recover_rows if recover else save_charts if html else show_report)(checkpoint, console)
