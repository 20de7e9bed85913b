"""`heyx-bulk upload`: a sheet on its way to a channel, from the first look to the results file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Annotated

import typer

from heyx_bulk.cli.command import SheetPath
from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.errors import SettingsError
from heyx_bulk.models.phrases import count
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions, UploadOptions


def upload(
    sheet: SheetPath,
    options: UploadOptions,
    run_options: RunOptions,
    connection: ConnectionOptions,
    console: Console,
    *,
    no_mapping: Annotated[bool, typer.Option("--no-mapping", help="Look for no mapping file.")] = False,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="The whole run against a sandbox; needs no token, sends nothing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look up every row's contact, show what would change, write nothing.")
    ] = False,
    first: Annotated[
        int, typer.Option("--first", metavar="N", min=0, help="Show the plans of so many rows in a dry run.")
    ] = 5,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before many contacts are written.")] = False,
) -> int:
    """Upload a sheet: every row becomes a contact as the row says, created or updated.

    \b
    heyx-bulk upload contacts.xlsx --simulate
    heyx-bulk upload contacts.xlsx --dry-run --first 20
    heyx-bulk upload contacts.csv --map "Group=tags" --ignore Notes --add-tag "Spring fair"
    heyx-bulk upload customers.xlsx --worksheet 2026 --custom-fields --key customerid
    heyx-bulk upload vip.xlsx --since-export

    Columns are recognized by their headers: First Name is firstName, tags holds a list. A run stopped
    halfway is carried on by the same command. Results are written beside the sheet.
    """
    from heyx_bulk.cli.column_view import choose_mapping
    from heyx_bulk.cli.fields import known_here
    from heyx_bulk.cli.sheet_input import read_sheet
    from heyx_bulk.cli.signals import Signals
    from heyx_bulk.cli.summary import finish, finish_dry_run, finish_simulation
    from heyx_bulk.cli.upload_view import UploadView
    from heyx_bulk.mapping.recognition import NO_FIELDS
    from heyx_bulk.settings.environment import from_environment, validate_settings
    from heyx_bulk.upload.pipeline import try_out, upload_sheet
    from heyx_bulk.upload.staging import map_sheet
    from heyx_bulk.upload.upload_session import TOKEN

    _check(options, run_options, simulate=simulate, dry_run=dry_run)
    opened, known = read_sheet(sheet, options.sheet), NO_FIELDS if simulate else known_here()
    options = choose_mapping(opened, options, known, console, look=not no_mapping, ask=not yes)
    try:
        given = connection.given()
        settings = validate_settings(token=TOKEN, **given) if simulate else from_environment(os.environ, **given)
    except SettingsError:
        map_sheet(opened, options, known)  # What is wrong with the sheet is said first: that needs no token.
        raise
    worksheet = f", worksheet “{opened.worksheet}”" if opened.worksheet else ""
    name = "standard input" if opened.path.name == "-" else opened.path.name
    trial = simulate or dry_run
    with Signals(console) as signals:
        view = UploadView(console, signals, first=first, yes=yes, trial=trial)
        view.on_sheet(f"{name}: {count(opened.row_count, 'row')} ({opened.format}{worksheet})", opened.notes)
        if trial:
            result = try_out(opened, settings, options, run_options, view, simulated=simulate)
            if simulate:
                return finish_simulation(console, result)
            return finish_dry_run(console, result, view.plans, view.document)
        run_options = replace(run_options, command=same_command(sys.argv[1:], without=("--restart",)))
        result = upload_sheet(opened, settings, options, run_options, view)
        return finish(console, result, view.document)


def _check(options: UploadOptions, run_options: RunOptions, *, simulate: bool, dry_run: bool) -> None:
    """Raise `SettingsError` where one of these excludes the other."""
    if simulate and dry_run:
        raise SettingsError("--simulate and --dry-run exclude each other.", "Leave one of them out.")
    if simulate and options.is_edited_export:
        raise SettingsError(
            "--simulate plays a HeyX of its own, which has made no export.",
            "Add --dry-run instead of --simulate: it reads and writes nothing that is not changed.",
        )
    if dry_run and run_options.canary:
        raise SettingsError("--canary sends rows, and --dry-run sends nothing.", "Leave one of them out.")
