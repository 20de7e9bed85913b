"""`heyx-bulk rerun`: the failed rows of a run sent again, or those that a person corrected."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, Without
from heyx_bulk.cli.console import Console
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
            metavar="NAME",
            help="The worksheet of a file given back, where several have a column heyx row.",
        ),
    ] = None,
    uncertain: Annotated[
        bool,
        typer.Option(
            "--uncertain",
            help="Also send the uncertain rows, as if they had never been sent: you have looked, and they are not "
            "in HeyX.",
        ),
    ] = False,
    accept_spreadsheet_changes: Annotated[
        bool,
        typer.Option(
            "--accept-spreadsheet-changes",
            help="Of a file of failed rows: take cells as they are, also where only a spreadsheet changed them.",
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
    from heyx_bulk.cli.run_view import run_again

    return run_again(
        checkpoint,
        run_options,
        connection,
        console,
        worksheet=worksheet,
        uncertain=uncertain,
        accept_spreadsheet_changes=accept_spreadsheet_changes,
    )
