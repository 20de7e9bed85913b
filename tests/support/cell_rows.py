"""Rows of cells read by the columns that a mapping makes of them."""

from __future__ import annotations

from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.row_reader import read_row
from heyx_bulk.models.contacts import ContactRow


def columns_of(*columns: Column, **more: object) -> Columns:
    """Columns beside a phone in column A, which is the key."""
    phone = Column(0, "phone", Use.FIELD, "phone")
    return Columns((phone, *columns), ("phone",), **more)  # type: ignore[arg-type]


def row_of(columns: Columns, *cells: str) -> ContactRow:
    return read_row(columns, 2, ["+441", *cells])


def sent(column: Column, *cells: str) -> list[tuple[str, str]]:
    """What goes beside the phone."""
    return [(field.name, field.value) for field in row_of(columns_of(column), *cells).fields[1:]]


def field(name: str = "city", **more: object) -> Column:
    return Column(1, name, Use.FIELD, name, **more)  # type: ignore[arg-type]
