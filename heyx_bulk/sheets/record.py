"""Workbooks and rows as a file has them, and the cells whose text is missing or doubtful.

A reader hands over pages: some thousand rows, column by column, so that a check runs once for many cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, islice, zip_longest
from pathlib import Path
from typing import NamedTuple, Protocol

from heyx_bulk.sheets.cell_reference import Area

ROW_COLUMN = "heyx row"
"""The header of the column that names a row in a file of results; by it a reader finds the table there."""

PASTE_AS_TEXT = "format the column as Text in Excel, paste the values again and save"

ROWS_AT_ONCE = 256
"""How many rows a reader turns into columns at once: so few that the garbage collector never looks at them."""

_MOST_CELLS = 30_000
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
        warnings = [warning for warning in self.warnings if warning.row == number]
        return Record(number, cells, errors, warnings, number in self.hidden)

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


def pages(records: Iterator[Record]) -> Iterator[Page]:
    """Pages of rows."""
    while some := [*islice(records, ROWS_AT_ONCE)]:
        yield page(some)


def gather(pages: Iterable[Page]) -> Iterator[Page]:
    """Join pages of the same columns to pages of a size that is handled well."""
    gathered: list[Page] = []
    cells = 0
    for page in pages:
        if gathered and (cells >= _MOST_CELLS or len(page.columns) != len(gathered[0].columns)):
            yield _joined(gathered)
            gathered, cells = [], 0
        gathered.append(page)
        cells += len(page.numbers) * len(page.columns)
    if gathered:
        yield _joined(gathered)


def _joined(pages: Sequence[Page]) -> Page:
    if len(pages) == 1:
        return pages[0]
    columns: list[list[str]] = [[] for _ in pages[0].columns]
    for page in pages:
        for column, texts in zip(columns, page.columns, strict=True):
            column.extend(texts)
    width = len(columns)
    alike = all(page.lengths is None for page in pages)
    return Page(
        [number for page in pages for number in page.numbers],
        columns,
        None if alike else [length for page in pages for length in page.lengths or [width] * len(page.numbers)],
        [error for page in pages for error in page.errors],
        [warning for page in pages for warning in page.warnings],
        frozenset().union(*(page.hidden for page in pages)),
    )


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
    """The rows of a worksheet that have cells; its merged areas and hidden columns, complete once these are read.

    Each of `hidden_columns` is a range of positions.
    """

    pages: Iterator[Page]
    merged: Sequence[Area]
    hidden_columns: Sequence[range] = ()


class Book(Protocol):
    """A workbook of any format; `notes` are shown to the user."""

    path: Path
    worksheets: tuple[WorksheetInfo, ...]
    notes: tuple[str, ...]

    def has_data(self, info: WorksheetInfo) -> bool: ...

    def worksheet(self, info: WorksheetInfo) -> Worksheet: ...
