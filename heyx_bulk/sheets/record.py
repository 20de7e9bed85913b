"""Workbooks and rows as a file has them, and the cells whose text is missing or doubtful.

A reader hands over pages: some thousand rows, column by column, so that a check runs once for many cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, zip_longest
from pathlib import Path
from typing import NamedTuple, Protocol

from heyx_bulk.sheets.cell_reference import Area

RUN_WORKSHEET = "heyx run"
"""The worksheet of a results file that describes its run; it is read only where it is named."""

PASTE_AS_TEXT = "format the column as Text in Excel, paste the values again and save"

MOST_CELLS = 30_000
"""How many cells a page holds, about."""


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
    cells: Sequence[str]
    errors: Sequence[CellError] = ()
    warnings: Sequence[CellError] = ()
    hidden: bool = False


class Page(NamedTuple):
    """Some rows of a file, in order.

    `numbers` are the rows' numbers, `columns` the texts of each column, '' where a row ends before it. `lengths`
    is how many values each row has in the file, None where each has as many as there are columns. `hidden` are
    the numbers of hidden rows.
    """

    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]
    lengths: Sequence[int] | None = None
    errors: Sequence[CellError] = ()
    warnings: Sequence[CellError] = ()
    hidden: frozenset[int] = frozenset()

    def record(self, index: int) -> Record:
        """The row at `index`, with the values that it has in the file."""
        number = self.numbers[index]
        length = len(self.columns) if self.lengths is None else self.lengths[index]
        cells = [column[index] for column in self.columns[:length]]
        errors = [error for error in self.errors if error.row == number]
        return Record(number, cells, errors, (), number in self.hidden)

    def rows(self, chosen: Sequence[object]) -> Page:
        """The rows for which `chosen` is true."""
        numbers = [*compress(self.numbers, chosen)]
        kept = frozenset(numbers)
        return Page(
            numbers,
            [[*compress(column, chosen)] for column in self.columns] if numbers else [],
            self.lengths and [*compress(self.lengths, chosen)],
            [error for error in self.errors if error.row in kept],
            [warning for warning in self.warnings if warning.row in kept],
            self.hidden & kept,
        )

    def filled(self) -> Page:
        """The rows that have a cell that is not blank or an error."""
        if self.columns and all(map(str.strip, self.columns[0])):
            return self
        texts = [*map(str.strip, map("".join, zip(*self.columns, strict=True)))]
        if texts and all(texts):
            return self
        wrong = frozenset(error.row for error in self.errors)
        return self.rows(
            [text or number in wrong for number, text in zip_longest(self.numbers, texts, fillvalue="")]
        )

    def widths(self) -> list[int]:
        """For each row, how many columns reach to its last cell that is not blank or has an error."""
        widths = [0] * len(self.numbers)
        for width, texts in enumerate(self.columns, 1):
            for index in compress(range(len(widths)), map(str.strip, texts)):
                widths[index] = width
        indexes = {number: index for index, number in enumerate(self.numbers)} if self.errors else {}
        for error in self.errors:
            widths[indexes[error.row]] = max(widths[indexes[error.row]], error.position + 1)
        return widths

    def wider_than(self, width: int) -> int:
        """The width of the widest row, or `width` if none is wider."""
        found = max((error.position + 1 for error in self.errors), default=width)
        for position in range(len(self.columns), max(found, width), -1):
            if any(map(str.strip, self.columns[position - 1])):
                return position
        return max(found, width)


def pages(records: Iterable[Record]) -> Iterator[Page]:
    """Gather rows to pages."""
    gathered: list[Record] = []
    widest = 0
    for record in records:
        widest = max(widest, len(record.cells), 1)
        if gathered and widest * len(gathered) >= MOST_CELLS:
            yield page(gathered)
            gathered, widest = [], max(1, len(record.cells))
        gathered.append(record)
    if gathered:
        yield page(gathered)


def page(records: Sequence[Record]) -> Page:
    """A page of these rows."""
    columns, lengths = to_columns([record.cells for record in records])
    return Page(
        [record.row for record in records],
        columns,
        lengths,
        [error for record in records for error in record.errors],
        [warning for record in records for warning in record.warnings],
        frozenset(record.row for record in records if record.hidden),
    )


def to_columns(rows: Sequence[Sequence[str]]) -> tuple[list[Sequence[str]], list[int] | None]:
    """The columns of rows, '' where a row ends before one; and the rows' lengths, None if all are as long."""
    if len({*map(len, rows)}) == 1:
        return [*zip(*rows, strict=True)], None
    return [*zip_longest(*rows, fillvalue="")], [*map(len, rows)]


@dataclass(frozen=True, slots=True)
class WorksheetInfo:
    """A worksheet's name, whether Excel shows it, and its part or number in the file."""

    name: str
    visible: bool
    part: str


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The rows of a worksheet that have cells; `merged` are its merged areas, complete once the rows are read."""

    pages: Iterator[Page]
    merged: Sequence[Area]


class Book(Protocol):
    """A workbook of any format; `notes` are shown to the user."""

    path: Path
    worksheets: tuple[WorksheetInfo, ...]
    notes: tuple[str, ...]

    def has_data(self, info: WorksheetInfo) -> bool: ...

    def worksheet(self, info: WorksheetInfo) -> Worksheet: ...
