"""A mapping file written for a sheet, with the comments of `template.toml`, for the user to correct."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import tomlkit
from tomlkit.items import Table

from heyx_bulk.mapping.columns import DATES, Column, Columns, Use, letter_name
from heyx_bulk.mapping.recognition import DEFAULT_KEYS, MappingResult
from heyx_bulk.mapping.rules import positions
from heyx_bulk.mapping.transforms import Transform
from heyx_bulk.models.contacts import Policy
from heyx_bulk.sheets.sheet_options import DETECT_ALL, SheetOptions
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import PhoneFormat, ValueKind, ValueType

_SHAPED = (ValueKind.BOOLEAN, ValueKind.DATE, ValueKind.TIME, ValueKind.DATETIME)
"""Types that are recognized by how they are written: a column that looks like one is given it."""


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """A few values of a column, and the kind that all of them look like."""

    samples: tuple[str, ...]
    kind: ValueKind


def render_template(
    sheet: str, file: str, found: MappingResult, seen: Sequence[ColumnSample], reading: SheetOptions = DETECT_ALL
) -> str:
    """Write the text of a mapping file for a sheet that was read so; `seen` has one entry for each column."""
    columns = found.columns
    header = [column.header for column in columns.columns]
    document = tomlkit.document()
    texts = _texts()
    for line in texts["head"].format(sheet=sheet, file=file, types=", ".join(ValueKind)).splitlines():
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    document.add("headers", tomlkit.item([*map(trim, header)]).multiline(multiline=True))
    options = _reading(reading) | _options(columns)
    for key, value in options.items():
        document.add(key, tomlkit.item(value))
    for key, line in texts["options"].items():
        if key not in options:
            document.add(tomlkit.comment(f"{key} = {line}"))
    hints = {column.position: hint for column, hint in found.unknown}
    tables = tomlkit.table(is_super_table=True)
    for column, sample in zip(columns.columns, seen, strict=True):
        if column.use not in (Use.BLANK, Use.OURS, Use.READ_ONLY):
            hint = hints.get(column.position)
            perhaps = f"perhaps {hint.field}: {hint.reason}" if hint else "enter a field, or write ignore = true"
            further = [other for other in columns.more if other.position == column.position]
            tables.add(_name(column, header), _item([column, *further], sample, perhaps))
    document.add("columns", tables)
    return tomlkit.dumps(document)


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads((resources.files("heyx_bulk.mapping") / "template.toml").read_text("utf-8"))


def begin_mapping(sheet: str) -> str:
    """The text of a mapping file that says nothing yet of a sheet's columns."""
    return "".join(f"# {line}\n" for line in _texts()["begun"].format(sheet=sheet).splitlines())


def is_begun(text: str, sheet: str) -> bool:
    """Whether a mapping file is as `begin_mapping` wrote it, with nothing but how the sheet is read."""
    return text.startswith(begin_mapping(sheet)) and tomllib.loads(text).keys() <= {"worksheet", "header_row"}


def with_columns(text: str, found: MappingResult, seen: Sequence[ColumnSample], chosen: Collection[int]) -> str:
    """The text of a mapping file in which the columns at the positions `chosen` mean what was found.

    A table that does not say yet which field its column is gets the meaning; a column without a table, and one
    that is sent as several fields, gets new ones. Everything else stays as it is.
    """
    document = tomlkit.parse(text)
    header = [column.header for column in found.columns.columns]
    tables: Any = document.setdefault("columns", tomlkit.table(is_super_table=True))
    for column, sample in zip(found.columns.columns, seen, strict=True):
        if column.position not in chosen:
            continue
        name = next((key for key in tables if positions(header, key) == [column.position]), None)
        further = [other for other in found.columns.more if other.position == column.position]
        if name is None or further:
            item = _item([column, *further], sample, "")
            tables[name or _name(column, header)] = item
        else:
            _complete(tables[name][0] if isinstance(tables[name], list) else tables[name], column)
    return tomlkit.dumps(document)


def _complete(table: Any, column: Column) -> None:
    """Write into a column's table what the column is; what stands there already stays."""
    if column.use is not Use.FIELD:
        for key in [*table]:  # A type or a policy belongs to a field.
            del table[key]
    for key, value in _entries(column, ValueKind.TEXT):
        if key == "field" or key not in table:
            item = table[key] = tomlkit.item(value)
            item.trivia.comment = item.trivia.comment_ws = ""


def _item(columns: Sequence[Column], sample: ColumnSample, perhaps: str) -> Any:
    """The table of a column, or an array of them for a column that is sent as several fields."""
    first, *further = [
        _table(column, sample, perhaps if number == 0 else "") for number, column in enumerate(columns)
    ]
    return tomlkit.item([first, *further]) if further else first


def _name(column: Column, header: Sequence[str]) -> str:
    """What a mapping file calls a column: its header, or its letters where others have the same."""
    name = trim(column.header)
    return name if name and len(positions(header, name)) == 1 else letter_name(column.position)


def with_setting(text: str, key: str, value: str | int) -> str:
    """The text of a mapping file with a setting for the whole sheet, and otherwise as it is."""
    document = tomlkit.parse(text)
    document[key] = value
    return tomlkit.dumps(document)


def _reading(options: SheetOptions) -> dict[str, object]:
    """The worksheet and the row of the headers, where they were chosen."""
    found = {"worksheet": options.worksheet, "header_row": options.header_row}
    return {key: value for key, value in found.items() if value is not None}


def _options(columns: Columns) -> dict[str, object]:
    """The options for the whole sheet that differ from the defaults."""
    value_type = next((column.value_type for column in columns.sent if column.value_type.region), ValueType())
    e164 = value_type.region is None or value_type.phone_format is PhoneFormat.E164
    keys = {} if columns.keys == DEFAULT_KEYS else {"key": [*columns.keys]}
    options = {
        "region": value_type.region,
        "phone_format": None if e164 else str(value_type.phone_format),
        "lenient": columns.lenient,
        "add_tags": [*columns.add_tags],
        "remove_tags": [*columns.remove_tags],
        "constants": {field.name: field.value for field in columns.constants},
    }
    return keys | {key: value for key, value in options.items() if value}


def _table(column: Column, sample: ColumnSample, perhaps: str) -> Table:
    """The table of a column; `perhaps` is the comment on a field without a name."""
    table = tomlkit.table()
    values = [f"“{' '.join(text.split())[:30]}”" for text in sample.samples]
    if about := ", ".join(filter(None, (*values, column.reason))):
        table.add(tomlkit.comment(about))
    for key, value in _entries(column, sample.kind):
        table.add(key, tomlkit.item(value))
    if column.use is Use.FIELD and not column.field:
        table["field"].comment(perhaps)
    return table


def _entries(column: Column, looks_like: ValueKind) -> Iterator[tuple[str, object]]:
    value_type = column.value_type
    match column.use:
        case Use.FIELD:
            yield "field", column.field
            kind = looks_like if value_type.kind is ValueKind.TEXT and looks_like in _SHAPED else value_type.kind
            if kind is not ValueKind.TEXT:
                yield "type", str(kind)
            if value_type.date_order is not None and value_type.kind in DATES:
                yield "order", str(value_type.date_order)
        case Use.ADD_TAGS | Use.REMOVE_TAGS | Use.SET_TAGS:
            yield "tags", column.use.partition(" ")[0]
            if column.use is Use.SET_TAGS:
                yield "prefix", column.field
        case Use.TAG:
            yield "tag", column.field
        case _:
            yield "contact_id" if column.use is Use.ID else "ignore", True
    details = {
        "allowed": [*value_type.allowed],
        "policy": None if column.policy is Policy.OVERWRITE else str(column.policy),
        "default": column.default,
        "separator": column.separator,
        "transform": [*map(_step, column.transforms)],
    }
    yield from ((key, value) for key, value in details.items() if value)


def _step(step: Transform) -> str | dict[str, list[str | int]]:
    """A step in the form of a mapping file, which names another column by its letters."""
    if not step.arguments:
        return step.name
    first, *others = step.arguments
    named = letter_name(first) if step.name == "join" and isinstance(first, int) else first
    return {step.name: [named, *others]}
