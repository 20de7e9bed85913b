"""`heyx-bulk inspect`: what a sheet is, what its columns mean, and what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import PlainConsole, SheetPath, Without
from heyx_bulk.cli.console import Console
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.phrases import count

if TYPE_CHECKING:
    from heyx_bulk.upload.inspection import Inspection


def inspect(
    sheet: SheetPath,
    sheet_options: SheetOptions,
    mapping: Annotated[MappingOptions, Without(("add_tags", "remove_tags", "tracking_field"))],
    console: PlainConsole,
    *,
    no_mapping: Annotated[bool, typer.Option("--no-mapping", help="Look for no mapping file.")] = False,
) -> int:
    """Look at a sheet: how it is read, what its columns mean, what is wrong.

    \b
    heyx-bulk inspect contacts.xlsx
    heyx-bulk inspect contacts.csv --ignore Notes --custom-fields

    Needs no token; nothing is sent.
    """
    from heyx_bulk.cli.column_view import choose_mapping, tell_columns
    from heyx_bulk.cli.fields import known_here
    from heyx_bulk.cli.upload_view import tell_invalid, tell_unknown_fields, tell_warnings
    from heyx_bulk.reports import results
    from heyx_bulk.sheets.open_sheet import open_sheet
    from heyx_bulk.upload.inspection import inspect_sheet

    opened, known = open_sheet(sheet, sheet_options), known_here()
    options = choose_mapping(opened, UploadOptions(sheet_options, mapping), known, console, look=not no_mapping)
    looked = inspect_sheet(opened, options, known)
    _tell_reading(console, looked)
    tell_columns(console, looked.columns, looked.samples)
    tell_invalid(console, looked.causes)
    tell_warnings(console, looked.warnings)
    tell_unknown_fields(console, looked.unknown_fields)
    for mistake in looked.mistakes:
        console.say(mistake)
    code = 2 if looked.mistakes else results.exit_code({**looked.totals, results.TO_DO: 0})
    ready = looked.totals.get(results.TO_DO, 0)
    invalid = sum(looked.totals.values()) - ready
    console.result(
        f"{count(ready + invalid, 'row')}: {ready:,} can be sent, {invalid:,} invalid", _document(looked, code)
    )
    return code


def _tell_reading(console: Console, looked: Inspection) -> None:
    sheet = looked.sheet
    worksheet = f", worksheet “{sheet.worksheet}”" if sheet.worksheet else ""
    console.say(f"{sheet.path.name}: {sheet.format}{worksheet}, headers in row {sheet.header_row}")
    for note in sheet.notes:
        console.say(f"  {note}")


def _document(looked: Inspection, code: int) -> dict[str, object]:
    from heyx_bulk.cli.column_view import column_document

    sheet = looked.sheet
    return {
        "sheet": sheet.path.name,
        "format": sheet.format,
        "worksheet": sheet.worksheet,
        "header_row": sheet.header_row,
        "notes": list(sheet.notes),
        "columns": [
            {**column_document(column), "values": looked.samples[column.position]} for column in looked.columns
        ],
        "mistakes": list(looked.mistakes),
        "problems": [dict(zip(("cause", *cause._fields[1:]), cause, strict=True)) for cause in looked.causes],
        "warnings": [asdict(found) for found in looked.warnings],
        "unknown_custom_fields": [column.field for column in looked.unknown_fields],
        "totals": looked.totals,
        "exit": code,
    }
