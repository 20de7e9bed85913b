"""A mapping file written for a sheet, with comments that explain it: to be read, corrected and given back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tomlkit
from tomlkit.items import Table

from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.recognition import DEFAULT_KEYS, MappingResult
from heyx_bulk.mapping.rules import positions
from heyx_bulk.mapping.transforms import Transform
from heyx_bulk.models.contacts import Policy
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import PhoneFormat, ValueKind

_SHAPED = (ValueKind.BOOLEAN, ValueKind.DATE, ValueKind.TIME, ValueKind.DATETIME)
"""Types that are written in one way only, so that a column that looks like one is given it."""

_DATES = (ValueKind.DATE, ValueKind.DATETIME)
_YES = True

_HEAD = """\
What the columns of {sheet} mean, for heyx-bulk.

An upload finds this file by itself beside the sheet, and for every sheet with the same headers. To name it:
--mapping {file}. Whatever stands here can be changed.

For each column one of
  field = "firstName"      HeyX's name of a field, or of a custom field exactly as HeyX has it
  tags = "add"             a list of tags; also "remove", or "set" with prefix = "seg:" (exactly these of seg:…)
  tag = "VIP"              yes or no for one tag
  contact_id = true        HeyX's own id
  ignore = true            left out
and, if it is a field, any of
  type = "date"            {types}
  order = "day-first"      of dates: or "month-first", "year-first"
  allowed = ["a", "b"]     of a list
  policy = "fill-blank"    overwrite (if nothing is said), fill-blank, never, clear-when-blank
  default = "unknown"      for a blank cell
  transform = ["title"]    trim, lower, upper, title, {{ replace = ["old", "new"] }}, {{ split = [" ", 1] }}
                           (or "rest"), {{ join = ["Last Name", " "] }}
A column may stand for several fields: write [[columns."Name"]] once for each."""


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """What a column holds: a few values, and what all of them look like."""

    samples: tuple[str, ...]
    kind: ValueKind


def render_template(sheet: str, file: str, found: MappingResult, seen: Sequence[ColumnSample]) -> str:
    """The text of a mapping file for a sheet; `seen` has one entry for each column."""
    document = tomlkit.document()
    types = ", ".join(ValueKind)
    for line in _HEAD.format(sheet=sheet, file=file, types=types).splitlines():
        document.add(tomlkit.comment(line) if line else tomlkit.comment(""))
    document.add(tomlkit.nl())
    columns = found.columns
    document.add(
        "headers", tomlkit.item([trim(column.header) for column in columns.columns]).multiline(multiline=True)
    )
    for key, value in _sheet_values(columns).items():
        document.add(key, tomlkit.item(value))
    for line in _sheet_lines(columns):
        document.add(tomlkit.comment(line))
    hints = {column.position: hint for column, hint in found.unknown}
    tables = tomlkit.table(is_super_table=True)
    for column, what in zip(columns.columns, seen, strict=True):
        if column.use not in (Use.BLANK, Use.OURS, Use.READ_ONLY):
            hint = hints.get(column.position)
            perhaps = f"perhaps {hint.field}: {hint.reason}" if hint else "say which field, or ignore = true"
            further = [_table(other, what, "") for other in columns.more if other.position == column.position]
            table = _table(column, what, perhaps)
            header = [one.header for one in columns.columns]
            tables.add(_name(column, header), tomlkit.item([table, *further]) if further else table)
    document.add("columns", tables)
    return tomlkit.dumps(document)


def _sheet_values(columns: Columns) -> dict[str, object]:
    """What holds for the whole sheet already."""
    meant = next((column.value_type for column in columns.sent if column.value_type.region), None)
    said: dict[str, object] = {} if columns.keys == DEFAULT_KEYS else {"key": [*columns.keys]}
    said |= {} if meant is None else {"region": meant.region}
    if meant is not None and meant.phone_format is not PhoneFormat.E164:
        said["phone_format"] = str(meant.phone_format)
    said |= {"lenient": True} if columns.lenient else {}
    said |= {"add_tags": [*columns.add_tags]} if columns.add_tags else {}
    said |= {"remove_tags": [*columns.remove_tags]} if columns.remove_tags else {}
    constants = {field.name: field.value for field in columns.constants}
    return said | ({"constants": constants} if constants else {})


def _sheet_lines(columns: Columns) -> Iterator[str]:
    """What may hold for the whole sheet, to be uncommented."""
    said = _sheet_values(columns)
    for key, line in (
        ("key", 'key = ["phone", "email"]  # what says which contact a row means, best first'),
        ("region", 'region = "PK"  # whose phones those without + are; all are then sent as +92…'),
        ("phone_format", 'phone_format = "as-typed"  # or "e164", "digits"'),
        ("date_order", 'date_order = "day-first"  # for dates that do not show it by themselves'),
        ("constants", 'constants = { source = "fair" }  # fields that are the same for every row'),
        ("add_tags", 'add_tags = ["Imported"]  # tags for every row'),
    ):
        if key not in said:
            yield line


def _name(column: Column, header: Sequence[str]) -> str:
    name = trim(column.header)
    return name if name and len(positions(header, name)) == 1 else f"column {column_letter(column.position)}"


def _table(column: Column, seen: ColumnSample, perhaps: str) -> Table:
    table = tomlkit.table()
    about = ", ".join(
        (*(f"“{' '.join(text.split())[:30]}”" for text in seen.samples), *filter(None, [column.reason]))
    )
    if about:
        table.add(tomlkit.comment(about))
    match column.use:
        case Use.FIELD:
            _add_field(table, column, seen, perhaps)
        case Use.ADD_TAGS:
            table.add("tags", "add")
        case Use.REMOVE_TAGS:
            table.add("tags", "remove")
        case Use.SET_TAGS:
            table.add("tags", "set")
            table.add("prefix", column.field)
        case Use.TAG:
            table.add("tag", column.field)
        case _:
            table.add("contact_id" if column.use is Use.ID else "ignore", tomlkit.item(_YES))
    for key, value in _details(column):
        table.add(key, tomlkit.item(value))
    return table


def _add_field(table: Table, column: Column, seen: ColumnSample, perhaps: str) -> None:
    table.add("field", column.field)
    if not column.field:
        table["field"].comment(perhaps)
    kind = (
        seen.kind if column.value_type.kind is ValueKind.TEXT and seen.kind in _SHAPED else column.value_type.kind
    )
    if kind is not ValueKind.TEXT:
        table.add("type", str(kind))


def _details(column: Column) -> Iterator[tuple[str, object]]:
    """What was said of a column beside what it is."""
    if column.use is Use.FIELD and column.value_type.date_order is not None and column.value_type.kind in _DATES:
        yield "order", str(column.value_type.date_order)
    if column.value_type.allowed:
        yield "allowed", [*column.value_type.allowed]
    if column.policy is not Policy.OVERWRITE:
        yield "policy", str(column.policy)
    if column.default:
        yield "default", column.default
    if column.separator:
        yield "separator", column.separator
    if column.transforms:
        yield "transform", [_step(step) for step in column.transforms]


def _step(step: Transform) -> str | dict[str, list[str | int]]:
    """A step as a mapping file says it: another column by its letters."""
    if not step.arguments:
        return step.name
    first, *others = step.arguments
    named = f"column {column_letter(first)}" if step.name == "join" and isinstance(first, int) else first
    return {step.name: [named, *others]}
