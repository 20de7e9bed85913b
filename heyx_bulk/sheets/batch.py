"""Rows on their way from a file into a table, some at a time: what holds for all of them is found out once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple, TypeVar

from heyx_bulk.sheets.chunk import CellError, Record, width_of

_MOST_CELLS = 20_000
"""So many cells stand together at most, those that rows lack of the longest among them included."""

R = TypeVar("R", bound=tuple[Any, ...])


class Batch(NamedTuple):
    """Some rows as they stand in the file: their numbers, cells, faults and suspects, and which are hidden.

    Rows may have more or fewer cells than the table has columns.
    """

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

    def taken(self, places: Sequence[int]) -> Batch:
        """The rows at these places alone."""
        numbers = [self.numbers[place] for place in places]
        there = frozenset(numbers)
        return Batch(
            numbers,
            [self.rows[place] for place in places],
            [error for error in self.errors if error.row in there],
            [warning for warning in self.warnings if warning.row in there],
            [number for number in self.hidden if number in there],
        )

    def columns(self, most: int | None) -> list[Sequence[str]]:
        """The texts of each column, as long as the rows are many; `most` columns at most."""
        rows = self.rows
        if most is not None and max(map(len, rows)) > most:
            rows = [row[:most] for row in rows]
        return [*zip_longest(*rows, fillvalue="")]


def _bare(record: Record) -> Record:
    cells = record.cells
    while cells and not cells[-1]:
        cells.pop()
    return record


def grouped(rows: Iterable[R]) -> Iterator[list[R]]:
    """The rows, each a tuple with its cells in the second place, some at a time."""
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
    """The records of a worksheet, some at a time; empty cells at their ends are left off."""
    for group in grouped(map(_bare, records)):
        yield Batch(
            [record.row for record in group],
            [record.cells for record in group],
            [error for record in group for error in record.errors],
            [warning for record in group for warning in record.warnings],
            [record.row for record in group if record.hidden],
        )
