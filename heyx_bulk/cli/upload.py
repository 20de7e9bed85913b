"""`heyx-bulk upload`: from a sheet to contacts in HeyX and a results file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Annotated

import typer

from heyx_bulk.cli.command import NoMapping, SheetPath
from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.errors import RegionNeeded, SeparatorNeeded, SettingsError
from heyx_bulk.models.option import Panel, words
from heyx_bulk.models.phrases import count
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
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Do not ask before many contacts are written.", rich_help_panel=Panel.USUAL
        ),
    ] = False,
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
    from heyx_bulk.cli.fields import known_here
    from heyx_bulk.cli.questions import choose_for_sheet, choose_mapping
    from heyx_bulk.cli.reading_questions import open_mapped
    from heyx_bulk.cli.signals import Signals
    from heyx_bulk.cli.summary import finish, finish_dry_run, finish_simulation
    from heyx_bulk.cli.upload_view import UploadView
    from heyx_bulk.mapping.mapping_options import MappingOptions
    from heyx_bulk.settings.environment import from_environment, validate_settings
    from heyx_bulk.upload.pipeline import try_out, upload_sheet
    from heyx_bulk.upload.staging import map_sheet
    from heyx_bulk.upload.upload_result import UploadResult
    from heyx_bulk.upload.upload_session import TOKEN

    _check(options, run_options, simulate=simulate, dry_run=dry_run)
    look = not no_mapping
    opened, options, not_kept = open_mapped(sheet, options, console, look=look, may_ask=not yes, save=look)
    known = known_here()
    options = choose_mapping(opened, options, known, console, look=look, ask=not yes)
    try:
        given = connection.given()
        settings = validate_settings(token=TOKEN, **given) if simulate else from_environment(os.environ, **given)
    except SettingsError:
        map_sheet(opened, options, known)  # Report mistakes in the sheet first: that needs no token.
        raise
    worksheet = f", worksheet “{opened.worksheet}”" if opened.worksheet else ""
    name = "standard input" if opened.path.name == "-" else opened.path.name
    trial = simulate or dry_run
    with Signals(console) as signals:
        view = UploadView(console, signals, settings, known, first=first, yes=yes, trial=trial, simulated=simulate)
        view.on_sheet(f"{name}: {count(opened.row_count, 'row')} ({opened.format}{worksheet})", opened.notes)

        given_mapping, this_time = options.mapping, MappingOptions()

        def run(options: UploadOptions, *further: str) -> UploadResult:
            if trial:
                return try_out(opened, settings, options, run_options, view, simulated=simulate, fields=known)
            command = same_command([*sys.argv[1:], *not_kept, *further], without=("--restart",))
            return upload_sheet(opened, settings, options, replace(run_options, command=command), view)

        while True:
            try:
                result = run(options, *words(this_time))
                break
            except (RegionNeeded, SeparatorNeeded) as needed:
                if yes or not console.can_ask:
                    raise
                options = choose_for_sheet(opened, options, known, needed, console, save=look)
                this_time = MappingOptions(
                    region=None if options.mapping.region == given_mapping.region else options.mapping.region,
                    tag_separator=None if given_mapping.tag_separator else options.mapping.tag_separator,
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
