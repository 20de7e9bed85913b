"""Rows on their way from a file to the row store, many at a time: each check runs once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple, TypeVar

from heyx_bulk.sheets.chunk import CellError

_MOST_CELLS = 20_000
"""The most cells in a batch, counted as if each row were as long as its longest."""

R = TypeVar("R", bound=tuple[Any, ...])


class Record(NamedTuple):
    """One row of a worksheet; `cells` may be fewer or more than the table has columns."""

    row: int
    cells: list[str]
    errors: Sequence[CellError] = ()
    warnings: Sequence[CellError] = ()
    hidden: bool = False


class Batch(NamedTuple):
    """Rows as they stand in the file, of any length; `hidden` are the numbers of rows hidden in the worksheet."""

    numbers: Sequence[int]
    rows: Sequence[list[str]]
    errors: Sequence[CellError] = ()
    warnings: Sequence[CellError] = ()
    hidden: Sequence[int] = ()

    def widths(self) -> list[int]:
        """How many columns of each row reach to its last cell that is not blank; 0 for a blank row."""
        found = [
            len(row) if row and (end := row[-1]) and not end.isspace() else width_of(row) for row in self.rows
        ]
        places = {number: place for place, number in enumerate(self.numbers)} if self.errors else {}
        for error in self.errors:
            place = places[error.row]
            found[place] = max(found[place], error.position + 1)
        return found

    def select(self, places: Sequence[int]) -> Batch:
        """Only the rows at these places, counted from 0."""
        numbers = [self.numbers[place] for place in places]
        kept = frozenset(numbers)
        return Batch(
            numbers,
            [self.rows[place] for place in places],
            [error for error in self.errors if error.row in kept],
            [warning for warning in self.warnings if warning.row in kept],
            [number for number in self.hidden if number in kept],
        )

    def columns(self, most: int | None) -> list[Sequence[str]]:
        """For each column, at most `most`, the texts of all rows."""
        rows = self.rows
        if most is not None and max(map(len, rows)) > most:
            rows = [row[:most] for row in rows]
        return [*zip_longest(*rows, fillvalue="")]


def width_of(cells: Sequence[str]) -> int:
    """How many columns reach to the last cell that is not blank; 0 where all are."""
    width = len(cells)
    while width and not (cells[width - 1] and cells[width - 1].strip()):
        width -= 1
    return width


def grouped(rows: Iterable[R]) -> Iterator[list[R]]:
    """Group rows for batches; each row is a tuple with its cells in the second place."""
    group: list[R] = []
    widest = cells = 0
    for row in rows:
        width = len(row[1]) or 1
        if width > widest:
            cells, widest = width * len(group), width
        if cells >= _MOST_CELLS:
            yield group
            group, cells, widest = [], 0, width
        group.append(row)
        cells += widest
    if group:
        yield group


def batches(records: Iterable[Record]) -> Iterator[Batch]:
    """Group the records of a worksheet; empty cells at the end of a row are left off."""
    for group in grouped(map(_without_empty_end, records)):
        yield Batch(
            [record.row for record in group],
            [record.cells for record in group],
            [error for record in group for error in record.errors],
            [warning for record in group for warning in record.warnings],
            [record.row for record in group if record.hidden],
        )


def _without_empty_end(record: Record) -> Record:
    cells = record.cells
    while cells and not cells[-1]:
        cells.pop()
    return record
