"""A command that uploads or plans a sheet: read, its questions asked, its settings found, and run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.questions import choose_for_sheet, choose_mapping
from heyx_bulk.cli.reading_questions import open_mapped
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.upload_view import UploadView
from heyx_bulk.errors import RegionNeeded, SeparatorNeeded, SettingsError
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import KnownFields
from heyx_bulk.models.option import words
from heyx_bulk.models.phrases import count
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings, from_environment, validate_settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import map_sheet
from heyx_bulk.upload.upload_result import UploadResult
from heyx_bulk.upload.upload_session import TOKEN


@dataclass
class SheetRun:
    """A sheet with all that a run of it needs; `words` are what was answered and is in no mapping file."""

    sheet: Sheet
    settings: Settings
    fields: KnownFields
    view: UploadView
    words: tuple[str, ...]

    def command(self, without: tuple[str, ...] = ()) -> str:
        """The command line that runs the sheet alike."""
        return same_command([*sys.argv[1:], *self.words], without=without)


def run_sheet(
    path: Path,
    options: UploadOptions,
    connection: ConnectionOptions,
    console: Console,
    run: Callable[[SheetRun, UploadOptions], UploadResult],
    *,
    no_mapping: bool,
    first: int,
    yes: bool = False,
    ask_above: int = 0,
    trial: bool = False,
    simulated: bool = False,
) -> tuple[UploadResult, UploadView]:
    """Read a sheet, ask what is not clear, and `run` it; the result, and the view that showed it."""
    look = not no_mapping
    opened, options, not_kept = open_mapped(path, options, console, look=look, may_ask=not yes, save=look)
    known = known_here()
    options = choose_mapping(opened, options, known, console, look=look, ask=not yes)
    try:
        given = connection.given()
        settings = validate_settings(token=TOKEN, **given) if simulated else from_environment(os.environ, **given)
    except SettingsError:
        map_sheet(opened, options, known)  # Report mistakes in the sheet first: that needs no token.
        raise
    worksheet = f", worksheet “{opened.worksheet}”" if opened.worksheet else ""
    name = "standard input" if opened.path.name == "-" else opened.path.name
    with Signals(console) as signals:
        view = UploadView(
            console,
            signals,
            settings,
            known,
            first=first,
            ask_above=None if yes or trial else ask_above,
            trial=trial,
            simulated=simulated,
        )
        view.on_sheet(f"{name}: {count(opened.row_count, 'row')} ({opened.format}{worksheet})", opened.notes)
        given_mapping, this_time = options.mapping, MappingOptions()
        while True:
            try:
                sheet_run = SheetRun(opened, settings, known, view, (*not_kept, *words(this_time)))
                return run(sheet_run, options), view
            except (RegionNeeded, SeparatorNeeded) as needed:
                if yes or not console.can_ask:
                    raise
                options = choose_for_sheet(opened, options, known, needed, console, save=look)
                this_time = MappingOptions(
                    region=None if options.mapping.region == given_mapping.region else options.mapping.region,
                    tag_separator=None if given_mapping.tag_separator else options.mapping.tag_separator,
                )
