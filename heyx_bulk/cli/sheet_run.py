"""A command that uploads or plans a sheet: read, its questions asked, its settings found, and run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.cli.fields import known_here, settings_or_error
from heyx_bulk.cli.sheet_dialog import SheetDialog
from heyx_bulk.cli.sheet_input import OpenedSheet
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.upload_view import UploadView
from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.recognition import KnownFields
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings, for_simulation
from heyx_bulk.settings.resolution import resolve
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import map_sheet
from heyx_bulk.upload.upload_session import TOKEN

R = TypeVar("R")


@dataclass
class SheetRun:
    """A sheet with all that a run of it needs; `words` are the options for answers that no mapping file keeps."""

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
    run: Callable[[SheetRun, UploadOptions], R],
    *,
    no_mapping: bool,
    first: int,
    yes: bool = False,
    ask_above: int = 0,
    trial: bool = False,
    simulated: bool = False,
) -> tuple[R, UploadView]:
    """Read a sheet, ask what is not clear, and `run` it; the result, and the view that showed it."""
    resolved = resolve(os.environ, **connection.given())
    options, look = options.with_settings(resolved), not no_mapping
    found = settings_or_error(resolved)
    fields = known_here(found)
    dialog = SheetDialog(path, options, console, fields, look=look, keep=look, may_ask=not yes, columns=True)
    with Signals(console) as signals:
        view = UploadView(
            console,
            signals,
            fields,
            first=first,
            ask_above=None if yes or trial else ask_above,
            trial=trial,
            simulated=simulated,
        )

        def use(opened: OpenedSheet) -> R:
            settings = for_simulation(resolved, TOKEN) if simulated else _checked(found, opened, fields)
            if not simulated:
                console.use_channel(settings.channel)
            view.on_sheet(opened, settings)
            return run(SheetRun(opened.sheet, settings, fields, view, opened.words), opened.options)

        return dialog.run(use), view


def _checked(found: Settings | SettingsError, opened: OpenedSheet, fields: KnownFields) -> Settings:
    """The settings of the run; mistakes in the sheet are raised before those in them: they need no token."""
    if isinstance(found, SettingsError):
        map_sheet(opened.sheet, opened.options, fields)
        raise found
    return found
