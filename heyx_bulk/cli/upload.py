"""`heyx-bulk upload`: from a sheet to contacts in HeyX and a results file."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from heyx_bulk.cli.command import ASK_ABOVE, AgreedTo, AskAbove, NoMapping, SheetPath
from heyx_bulk.cli.console import Console
from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import Panel
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions, UploadOptions


def upload(
    *,
    sheet: SheetPath,
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate",
            help="Try the whole run against a built-in sandbox: no token needed, nothing sent.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Look up every contact and show what would change; write nothing.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
    options: UploadOptions,
    run_options: RunOptions,
    connection: ConnectionOptions,
    console: Console,
    no_mapping: NoMapping = False,
    first: Annotated[
        int,
        typer.Option(
            "--first",
            metavar="N",
            min=0,
            help="With --dry-run: show the changes of the first N rows.",
            rich_help_panel=Panel.TRIAL,
        ),
    ] = 5,
    yes: AgreedTo = False,
    ask_above: AskAbove = ASK_ABOVE,
) -> int:
    """Upload a sheet: create or update a contact for each row.

    \b
    heyx-bulk upload contacts.xlsx --simulate
    heyx-bulk upload contacts.xlsx --dry-run --first 20
    heyx-bulk upload contacts.csv --map "Group=tags" --ignore Notes
    heyx-bulk upload customers.xlsx --worksheet 2026 --key customerid
    heyx-bulk upload vip.xlsx --since-export

    heyx-bulk recognizes columns by their headers: First Name is the field firstName, Tags is a list of tags. It
    writes the results beside the sheet. To resume a run that was stopped, run the same command again.
    """
    from heyx_bulk.cli.sheet_run import SheetRun, run_sheet
    from heyx_bulk.cli.summary import finish, finish_dry_run, finish_simulation
    from heyx_bulk.upload.pipeline import upload_sheet
    from heyx_bulk.upload.trial import try_out
    from heyx_bulk.upload.upload_result import UploadResult

    _check(options, run_options, simulate=simulate, dry_run=dry_run)
    trial = simulate or dry_run

    def run(opened: SheetRun, options: UploadOptions) -> UploadResult:
        sheet, settings, view = opened.sheet, opened.settings, opened.view
        if trial:
            fields = opened.fields
            return try_out(sheet, settings, options, run_options, view, simulated=simulate, fields=fields)
        command = opened.command(without=("--restart",))
        return upload_sheet(sheet, settings, options, replace(run_options, command=command), view)

    result, view = run_sheet(
        sheet,
        options,
        connection,
        console,
        run,
        no_mapping=no_mapping,
        first=first,
        yes=yes,
        ask_above=ask_above,
        trial=trial,
        simulated=simulate,
    )
    if simulate:
        return finish_simulation(console, result)
    if dry_run:
        return finish_dry_run(console, result, view.plans, view.document)
    return finish(console, result, view.document)


def _check(options: UploadOptions, run_options: RunOptions, *, simulate: bool, dry_run: bool) -> None:
    """Raise `SettingsError` where one of these excludes the other."""
    if simulate and dry_run:
        raise SettingsError("--simulate and --dry-run cannot be combined.", "Leave out one of them.")
    if simulate and options.is_edited_export:
        raise SettingsError(
            "--simulate uses a sandbox, which has no export to compare with.",
            "Use --dry-run instead: it shows the changes and writes nothing.",
        )
    if dry_run and run_options.canary:
        raise SettingsError("--canary and --dry-run cannot be combined.", "Leave out one of them.")
