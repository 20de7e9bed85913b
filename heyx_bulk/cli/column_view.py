"""How a sheet and its columns are read, as `inspect` and `columns` show it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from heyx_bulk.cli.console import Console
from heyx_bulk.cli.documents import ColumnsDocument, InspectionDocument, problem_keys
from heyx_bulk.cli.fields import known_here, settings_or_error
from heyx_bulk.cli.sheet_dialog import SheetDialog
from heyx_bulk.cli.summary import tell_invalid
from heyx_bulk.cli.upload_view import tell_phones, tell_tags, tell_unknown_fields, tell_warnings
from heyx_bulk.errors import UsageError
from heyx_bulk.mapping import mapping_file as mapping
from heyx_bulk.mapping.columns import Column
from heyx_bulk.mapping.recognition import MappingResult, map_columns
from heyx_bulk.mapping.template import render_template
from heyx_bulk.models.option import command_line, words
from heyx_bulk.models.phrases import count, example
from heyx_bulk.reports.run_totals import TO_DO, complete_totals, exit_code
from heyx_bulk.reports.written_files import free_name
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.resolution import resolve
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.detect_format import STANDARD_INPUT
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.inspection import Inspection, column_document, inspect_sheet, meaning, sample_columns
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.text import trim


def show_columns(
    sheet: Path,
    options: UploadOptions,
    connection: ConnectionOptions,
    console: Console,
    save: Path | None,
    *,
    look: bool,
) -> int:
    """Show which field each column is, or write it into the mapping file `save`; the exit code."""
    resolved = resolve(os.environ, **connection.given())
    options = options.with_settings(resolved)
    answered = SheetDialog(sheet, options, console, look=look, keep=look and save is None).open()
    opened, options, known = answered.sheet, answered.options, known_here(settings_or_error(resolved))
    found = map_columns(opened.header, options.mapping, opened.blank, known)
    looks = sample_columns(opened)
    tell_columns(console, (*found.columns.columns, *found.columns.more), [look.samples for look in looks])
    if save is None:
        for mistake in found.mistakes:
            console.say(mistake)
        _tell_correction(console, sheet, options)
    else:
        text = render_template(opened.path.name, save.name, found, looks, options.sheet)
        mapping.write_mapping(save, text, opened.header)
        _tell_saved(console, sheet, options.sheet, save, found)
    total = len(found.columns.columns)
    known_columns = total - len(found.unknown)
    code = _refused(console, found.mistakes) or 0
    console.result(
        f"{count(total, 'column')}: {known_columns} recognized, {len(found.unknown)} not recognized",
        _columns_document(found, save),
        code,
    )
    return code


def _tell_correction(console: Console, sheet: Path, options: UploadOptions) -> None:
    """Say how to change which field a column is: in the mapping file, or in one to be written."""
    if sheet == STANDARD_INPUT:
        return
    if options.mapping.file is not None:
        console.say(f"To change it, edit {short_path(options.mapping.file.path)}.")
        return
    save = free_name(sheet.with_suffix(mapping.SUFFIX))
    given = (*words(options.sheet), *words(options.mapping))
    command = command_line("columns", short_path(sheet), *given, "--save", short_path(save))
    console.suggest("To change it in a file", command)


def _tell_saved(
    console: Console, path: Path, sheet_options: SheetOptions, save: Path, found: MappingResult
) -> None:
    console.say(f"Written: {short_path(save)}")
    if found.unknown:
        text = save.read_text(encoding="utf-8")
        lines = [str(number) for number, line in enumerate(text.splitlines(), 1) if line.startswith('field = ""')]
        be, noun = ("is", "line") if len(lines) == 1 else ("are", "lines")
        console.say(f"{count(len(lines), 'column')} {be} not mapped yet: edit {noun} {', '.join(lines)}.")
    by_itself = save.absolute() == path.with_suffix(mapping.SUFFIX).absolute()
    named = () if by_itself else ("--mapping", short_path(save))
    unsaved = replace(sheet_options, worksheet=None, header_row=None)
    command = command_line("upload", short_path(path), *words(unsaved), *named, "--simulate")
    console.suggest("Then", command)


def _columns_document(found: MappingResult, save: Path | None) -> ColumnsDocument:
    hints = {column.position: hint.field for column, hint in found.unknown if hint is not None}
    return {
        "columns": [
            {**column_document(column), "suggestion": hints.get(column.position)}
            for column in (*found.columns.columns, *found.columns.more)
        ],
        "mistakes": found.mistakes,
        "mapping": save,
    }


def show_inspection(
    sheet: Path, options: UploadOptions, connection: ConnectionOptions, console: Console, *, look: bool
) -> int:
    """Show how a sheet is read and which rows are invalid; the exit code."""
    resolved = resolve(os.environ, **connection.given())
    options = options.with_settings(resolved)
    opened = SheetDialog(sheet, options, console, look=look, keep=look).open()
    looked = inspect_sheet(opened.sheet, opened.options, known_here(settings_or_error(resolved)))
    _tell_reading(console, looked)
    tell_columns(console, looked.columns, looked.samples)
    tell_invalid(console, looked.causes)
    tell_warnings(console, looked.warnings)
    tell_phones(console, looked.phones)
    tell_tags(console, looked.tags)
    tell_unknown_fields(console, looked.unknown_fields)
    for mistake in looked.mistakes:
        console.say(mistake)
    code = _refused(console, looked.mistakes) or exit_code({**looked.totals, TO_DO: 0})
    ready = looked.totals.get(TO_DO, 0)
    invalid = sum(looked.totals.values()) - ready
    console.result(
        f"{count(ready + invalid, 'row')}: {ready:,} can be sent, {invalid:,} invalid",
        _inspection_document(looked),
        code,
    )
    return code


def _refused(console: Console, mistakes: Sequence[str]) -> int:
    """The exit code for mistakes that keep a sheet from being sent; 0 without any."""
    if not mistakes:
        return 0
    console.invocation.blame(UsageError("\n".join(mistakes)))
    return UsageError.exit_code


def _tell_reading(console: Console, looked: Inspection) -> None:
    sheet = looked.sheet
    worksheet = f", worksheet “{sheet.worksheet}”" if sheet.worksheet else ""
    console.say(f"{sheet.path.name}: {sheet.format}{worksheet}, headers in row {sheet.header_row}")
    for note in sheet.notes:
        console.say(f"  {note}")


def _inspection_document(looked: Inspection) -> InspectionDocument:
    sheet = looked.sheet
    return {
        "sheet": sheet.path.name,
        "format": sheet.format,
        "worksheet": sheet.worksheet,
        "header_row": sheet.header_row,
        "notes": sheet.notes,
        "columns": [
            {**column_document(column), "values": looked.samples[column.position]} for column in looked.columns
        ],
        "mistakes": looked.mistakes,
        **problem_keys(looked.causes),
        "warnings": looked.warnings,
        "phones": looked.phones,
        "tags": looked.tags,
        "unknown_custom_fields": [column.field for column in looked.unknown_fields],
        "rows": sum(looked.totals.values()),
        "totals": complete_totals(looked.totals),
    }


def tell_columns(console: Console, columns: Sequence[Column], samples: Sequence[Sequence[str]]) -> None:
    """Print a line for each column: its field, why, and a few values; one more for each further field."""
    names = [" ".join(trim(column.header).split()) for column in columns]
    width = max(map(len, names), default=0)
    for column, name in zip(columns, names, strict=True):
        shown = ", ".join(example(text) for text in samples[column.position])
        why = f", {column.reason}" if column.reason else ""
        values = f"   ({shown})" if shown else ""
        console.say(f"  {column_letter(column.position):>3}  {name:{width}}  → {meaning(column)}{why}{values}")
