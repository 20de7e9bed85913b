"""`heyx-bulk export`: contacts, found by values or ids and filtered, written to a file."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.api.call_log_options import CallLogOptions
from heyx_bulk.cli.command import Only, ReadingConsole
from heyx_bulk.export.export_options import ExportOptions
from heyx_bulk.models.option import Panel
from heyx_bulk.planning.matching import Matching
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.settings.connection import ConnectionOptions


def export(
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="The .xlsx, .csv, .jsonl or .parquet file to write, or - for CSV on standard output.",
            show_default=False,
        ),
    ],
    options: ExportOptions,
    matching: Annotated[Matching, Only(("phone_lookup",))],
    stops: Annotated[StopConditions, Only(("max_calls", "until", "max_seconds"))],
    log: CallLogOptions,
    connection: Annotated[
        ConnectionOptions, Only(("channel", "token_file", "rate", "rate_share", "workers", "timeout"))
    ],
    console: ReadingConsole,
    *,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Read the first pages only, and show how many calls the rest takes.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help="Start again from the beginning, if an export to this file was stopped.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
) -> int:
    """Export contacts to a file: find them by values or ids, filter them by tags, values and dates.

    \b
    heyx-bulk export vip.xlsx --where isLead=true --tag VIP
    heyx-bulk export leads.csv --where-in phone=leads.xlsx:Mobile
    heyx-bulk export - --known --if 'City=Oslo' | less

    HeyX cannot list all contacts. It finds the contacts that have a value you name, and heyx-bulk filters them. To
    resume an export that was stopped, run the same command again.
    """
    from heyx_bulk.cli.export_session import run_export

    return run_export(out, options, matching, stops, log, connection, console, dry_run=dry_run, restart=restart)
