"""`heyx-bulk inspect`: what a sheet is, what its columns mean, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heyx_bulk.cli.console import Console, count
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.mapping import MappingWish
from heyx_bulk.cli.preflight import tell_causes, tell_findings, tell_strange
from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.reports import results
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.upload.inspection import Inspection, inspect_sheet
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

LONGEST_SAMPLE = 24

_USES = {
    Use.ADD_TAGS: "tags to add",
    Use.REMOVE_TAGS: "tags to remove",
    Use.ID: "contact id",
    Use.IGNORED: "left out",
    Use.OURS: "our own, never sent",
    Use.READ_ONLY: "left out: HeyX does not let it be written",
    Use.BLANK: "left out: no header",
}


def print_inspection(path: Path, options: UploadOptions, wish: MappingWish, console: Console) -> int:
    """Say what there is to say of a sheet; the exit code is an upload's before anything is sent."""
    sheet = options.open(path)
    options = wish.applied(options, sheet, console)
    looked = inspect_sheet(sheet, options, known_here())
    _tell_reading(console, looked)
    tell_columns(console, looked.columns, looked.samples)
    tell_causes(console, looked.causes)
    tell_findings(console, looked.warnings)
    tell_strange(console, looked.unknown_fields)
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


def tell_columns(console: Console, columns: Sequence[Column], samples: Sequence[Sequence[str]]) -> None:
    """Say of each column what it is taken for, why, and a few of its values; once more for each further field."""
    width = max((len(trim(column.header)) for column in columns), default=0)
    for column in columns:
        shown = ", ".join(_short(text) for text in samples[column.position])
        why = f", {column.reason}" if column.reason else ""
        name = trim(column.header).ljust(width)
        values = f"   ({shown})" if shown else ""
        console.say(f"  {column_letter(column.position):>3}  {name}  → {meaning(column)}{why}{values}")


def meaning(column: Column) -> str:
    """What a column is taken for, in words."""
    kind = "" if column.value_type.kind is ValueKind.TEXT else f" ({column.value_type.kind})"
    match column.use:
        case Use.FIELD:
            return f"{column.field}{kind}" if column.field else "?"
        case Use.SET_TAGS:
            return f"exactly these tags of {column.field}…"
        case Use.TAG:
            return f"the tag {column.field}"
        case _:
            return _USES[column.use]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_SAMPLE else f"{text[: LONGEST_SAMPLE - 1]}…"


def _document(looked: Inspection, code: int) -> dict[str, object]:
    sheet = looked.sheet
    return {
        "sheet": sheet.path.name,
        "format": sheet.format,
        "worksheet": sheet.worksheet,
        "header_row": sheet.header_row,
        "notes": list(sheet.notes),
        "columns": [
            {
                "column": column_letter(column.position),
                "header": column.header,
                "meaning": meaning(column),
                "reason": column.reason,
                "values": samples,
            }
            for column in looked.columns
            for samples in [looked.samples[column.position]]
        ],
        "mistakes": list(looked.mistakes),
        "problems": [
            {"cause": cause.what, "rows": cause.rows, "first": cause.first, "example": cause.example}
            for cause in looked.causes
        ],
        "warnings": [{"what": found.what, "rows": found.rows, "first": found.first} for found in looked.warnings],
        "unknown_custom_fields": [column.field for column in looked.unknown_fields],
        "totals": looked.totals,
        "exit": code,
    }
