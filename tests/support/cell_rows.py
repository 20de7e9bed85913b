"""Rows of cells read by the columns that a mapping makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.mapped_frame import map_rows
from heyx_bulk.mapping.recognition import map_columns
from heyx_bulk.models.contacts import ContactRow, Problem


def recognize(*arguments: Any, **named: Any) -> Columns:
    """The columns that `map_columns` recognizes; raises `MappingError` if there are mistakes."""
    return map_columns(*arguments, **named).valid_columns()


def columns_of(*columns: Column, **more: object) -> Columns:
    """Columns beside a phone in column A, which is the key."""
    phone = Column(0, "phone", Use.FIELD, "phone")
    return Columns((phone, *columns), ("phone",), **more)  # type: ignore[arg-type]


def read_row(columns: Columns, number: int, cells: Sequence[str], problems: Sequence[Problem] = ()) -> ContactRow:
    """Read one row of `cells`, one text per column; `problems` are those its cells came with."""
    return map_rows(columns, {number: cells}, {number: problems} if problems else {}).row(0)


def row_of(columns: Columns, *cells: str) -> ContactRow:
    return read_row(columns, 2, ["+4411234", *cells])


def sent(column: Column, *cells: str) -> list[tuple[str, str]]:
    """What goes beside the phone."""
    return [(field.name, field.value) for field in row_of(columns_of(column), *cells).fields[1:]]


def field(name: str = "city", **more: object) -> Column:
    return Column(1, name, Use.FIELD, name, **more)  # type: ignore[arg-type]
