"""`heyx-bulk rerun`: the failed rows of a run sent again, or those that a person corrected."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, Without
from heyx_bulk.cli.console import Console
from heyx_bulk.models.option import Panel
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions


def rerun(
    checkpoint: CheckpointPath,
    run_options: Annotated[RunOptions, Without(("out", "restart", "strict", "canary"))],
    connection: ConnectionOptions,
    console: Console,
    *,
    worksheet: Annotated[
        str | None,
        typer.Option(
            "--worksheet",
            metavar="WORKSHEET",
            help="The worksheet of the file with corrected rows, if several worksheets have a column heyx row.",
            rich_help_panel=Panel.SHEET,
        ),
    ] = None,
    uncertain: Annotated[
        bool,
        typer.Option(
            "--uncertain",
            help="Also send the uncertain rows again. Look first: a contact that is in HeyX already is created "
            "twice.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
    accept_spreadsheet_changes: Annotated[
        bool,
        typer.Option(
            "--accept-spreadsheet-changes",
            help="Take the cells of a file of failed rows as they are, even if only a spreadsheet changed them.",
            rich_help_panel=Panel.WRITE,
        ),
    ] = False,
) -> int:
    """Send the failed rows of a run again, or the rows that you corrected in the file of failed rows.

    \b
    heyx-bulk rerun contacts.xlsx
    heyx-bulk rerun contacts.failed.xlsx
    heyx-bulk rerun contacts.xlsx --uncertain

    heyx-bulk never repeats a call that succeeded. It searches HeyX again for the contacts of uncertain rows; a
    row whose contact it cannot find stays uncertain until you add --uncertain.
    """
    from heyx_bulk.cli.rerun_view import run_again

    return run_again(
        checkpoint,
        run_options,
        connection,
        console,
        worksheet=worksheet,
        uncertain=uncertain,
        accept_spreadsheet_changes=accept_spreadsheet_changes,
    )
