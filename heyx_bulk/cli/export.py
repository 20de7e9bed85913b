"""`heyx-bulk export`: contacts found by values and ids, filtered, into a file; and how complete that is."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.api.call_log import CallLogOptions
from heyx_bulk.cli.command import Only, PlainConsole
from heyx_bulk.export.export_options import ExportOptions
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
    connection: Annotated[ConnectionOptions, Only(("rate", "rate_share", "workers", "timeout"))],
    console: PlainConsole,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the first pages, say what the rest takes, and end.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Read everything anew, where an export to this file was stopped.")
    ] = False,
) -> int:
    """Export contacts, found by values and ids, and filtered by tags and more.

    \b
    heyx-bulk export vip.xlsx --where isLead=true --where isLead=false --tag VIP --not-tag Churned
    heyx-bulk export leads.csv --where-in phone=leads.xlsx:Mobile
    heyx-bulk export - --known --if 'City=Oslo' | less

    HeyX cannot list all contacts: it finds those that have the value you name. What is found is filtered here. An
    export that was stopped is carried on by the same command.
    """
    from heyx_bulk.cli.export_session import run_export

    lookup = matching.phone_lookup
    return run_export(out, options, lookup, stops, log, connection, console, dry_run=dry_run, restart=restart)
