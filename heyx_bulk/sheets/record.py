"""Rows as a file has them, and the cells whose text is missing or doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

PASTE_AS_TEXT = "format the column as Text in Excel, paste the values again and save"


class CellError(NamedTuple):
    """A cell that has no readable text, or (as a warning) one whose text may not be the intended one.

    `row` counts from 1, as Excel and text editors do; `position` counts the table's columns from 0.
    """

    row: int
    position: int
    what: str
    remedy: str


class Record(NamedTuple):
    """One row of a file; `cells` may be fewer or more than the table has columns."""

    row: int
    cells: list[str]
    errors: Sequence[CellError] = ()
    warnings: Sequence[CellError] = ()
    hidden: bool = False


def width_of(record: Record) -> int:
    """How many columns reach to the last cell that is not blank or has an error; 0 for a blank row."""
    cells = record.cells
    width = len(cells)
    while width and (not (text := cells[width - 1]) or text.isspace()):
        width -= 1
    return max(width, *(error.position + 1 for error in record.errors)) if record.errors else width
