"""`heyx-bulk report`: the results files of a run, or the rows of a damaged checkpoint that can be read."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, PlainConsole
from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import Panel


def report(
    checkpoint: CheckpointPath,
    console: PlainConsole,
    *,
    recover: Annotated[
        bool,
        typer.Option(
            "--recover",
            help="Save the rows of a damaged checkpoint that can still be read.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
    html: Annotated[
        bool,
        typer.Option(
            "--html",
            help="Write the report with charts, one HTML file, and not the results.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
) -> int:
    """Write the results files of a run, also while it is running.

    \b
    heyx-bulk report contacts.xlsx
    heyx-bulk report contacts.xlsx --html
    heyx-bulk report contacts.xlsx.checkpoint --recover
    """
    from heyx_bulk.cli.run_view import recover_rows, save_charts, show_report

    if recover and html:
        raise SettingsError("--recover and --html cannot be combined.", "Leave out one of them.")
    return (recover_rows if recover else save_charts if html else show_report)(checkpoint, console)
