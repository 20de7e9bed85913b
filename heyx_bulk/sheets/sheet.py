"""A sheet: opened, its header read and checked, its rows a stream of exact text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

    from heyx_bulk.sheets.spool import Spool


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell without a true text, or (as a suspect) one whose text may not be what was meant.

    `row` is as a person counts in Excel or a text editor, `position` counts the table's columns from 0.
    """

    row: int
    position: int
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: their numbers, and the texts of each column, as many as there are rows ('' for blank).

    A cell with a fault is blank. A suspect is readable, but may have been rounded before it came to us.
    """

    numbers: list[int]
    columns: list[list[str]]
    faults: tuple[Fault, ...] = ()
    suspects: tuple[Fault, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        """The rows' texts, a tuple a row."""
        return [*zip(*self.columns, strict=True)]

    @property
    def cells(self) -> pd.DataFrame:
        """The texts as a frame: columns 0..n-1, the index the rows' numbers."""
        import pandas as pd  # noqa: PLC0415 - a third of a second that only who wants a frame pays

        index = pd.Index(self.numbers, dtype="int64")
        return pd.DataFrame(dict(enumerate(self.columns)), index=index, dtype=object)

    def text(self, fault: Fault) -> str:
        """What stands in the cell that a fault or suspect of this chunk means."""
        return self.columns[fault.position][self.numbers.index(fault.row)]

    def part(self, start: int, end: int) -> Chunk:
        """The rows from the place `start` to before `end`, counted from 0."""
        numbers = self.numbers[start:end]
        there = frozenset(numbers) if self.faults or self.suspects else frozenset()
        return Chunk(
            numbers,
            [column[start:end] for column in self.columns],
            tuple(fault for fault in self.faults if fault.row in there),
            tuple(suspect for suspect in self.suspects if suspect.row in there),
        )


class Record(NamedTuple):
    """One row as it stands in the file; `cells` may be shorter or longer than the table is wide."""

    row: int
    cells: list[str]
    faults: Sequence[Fault] = ()
    suspects: Sequence[Fault] = ()
    hidden: bool = False

    def width(self) -> int:
        """How many columns reach to the last cell that is not blank; 0 for a blank row."""
        width = width_of(self.cells)
        return max(width, *(fault.position + 1 for fault in self.faults)) if self.faults else width


def width_of(cells: Sequence[str]) -> int:
    """How many columns reach to the last cell that is not blank; 0 where all are."""
    width = len(cells)
    while width and not (cells[width - 1] and cells[width - 1].strip()):
        width -= 1
    return width


@dataclass(frozen=True, slots=True)
class Sheet:
    """A spreadsheet that has been read; its rows lie in a temporary file until nobody holds the sheet.

    `name` is what a person calls it; `format` is one of 'CSV', 'Excel workbook', 'old Excel workbook (.xls)',
    'binary Excel workbook (.xlsb)', 'OpenDocument sheet'; `worksheet` and `worksheets` are None and () for CSV;
    `notes` are the things worth a line to a person. `row_count` counts the rows that are not blank, the header
    aside; `blank` are the positions of the columns that have no value below their header.
    """

    path: Path
    name: str
    format: str
    worksheet: str | None
    worksheets: tuple[str, ...]
    header: tuple[str, ...]
    header_row: int
    row_count: int
    notes: tuple[str, ...]
    blank: frozenset[int]
    _spool: Spool = field(repr=False)

    def chunks(self, rows: int = 10_000) -> Iterator[Chunk]:
        """The rows below the header, at most `rows` to a chunk, without the blank ones; anew at each call."""
        width, most = len(self.header), max(1, rows)
        for chunk in self._spool.chunks(width):
            for start in range(0, len(chunk.numbers), most):
                yield chunk if len(chunk.numbers) <= most else chunk.part(start, start + most)

    def cells(self, positions: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """The texts at some positions, row by row; no others are read."""
        for columns in self._spool.columns(positions):
            yield from zip(*columns, strict=True)
