"""What the columns of a sheet are taken for, in words."""

from __future__ import annotations

from collections.abc import Sequence

from heyx_bulk.cli.console import Console
from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.values.phrases import shorten
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


def tell_columns(console: Console, columns: Sequence[Column], samples: Sequence[Sequence[str]]) -> None:
    """Say of each column what it is taken for, why, and a few of its values; once more for each further field."""
    width = max((len(trim(column.header)) for column in columns), default=0)
    for column in columns:
        shown = ", ".join(sample(text) for text in samples[column.position])
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


def sample(text: str) -> str:
    """A value as an example of its column's: on one line, and cut short."""
    return shorten(" ".join(text.split()), LONGEST_SAMPLE)


def column_document(column: Column) -> dict[str, object]:
    """What a column is taken for, as plain data."""
    return {
        "column": column_letter(column.position),
        "header": column.header,
        "meaning": meaning(column),
        "reason": column.reason,
    }
