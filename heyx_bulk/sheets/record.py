"""Workbooks and rows as a file has them, and the cells whose text is missing or doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from heyx_bulk.sheets.cell_reference import Area

ROW_COLUMN = "heyx row"
"""The header of the column that names a row in a file of results; by it a reader finds the table there."""

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


@dataclass(frozen=True, slots=True)
class WorksheetInfo:
    """A worksheet's name, whether Excel shows it, and its part or number in the file."""

    name: str
    visible: bool
    part: str


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The rows of a worksheet that have cells; `merged` are its merged areas, complete once the rows are read."""

    records: Iterator[Record]
    merged: Sequence[Area]


class Book(Protocol):
    """A workbook of any format; `notes` are shown to the user."""

    path: Path
    worksheets: tuple[WorksheetInfo, ...]
    notes: tuple[str, ...]

    def has_data(self, info: WorksheetInfo) -> bool: ...

    def worksheet(self, info: WorksheetInfo) -> Worksheet: ...
