"""A sheet: opened, its header read and checked, its rows a stream of exact text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

_CELLS_IN_A_CHUNK = 2_000_000


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
    """Some rows: every cell a `str` ('' for blank), columns 0..n-1, the index the rows' numbers.

    A cell with a fault is blank. A suspect is readable, but may have been rounded before it came to us.
    """

    cells: pd.DataFrame
    faults: tuple[Fault, ...]
    suspects: tuple[Fault, ...]

    def numbers(self) -> list[int]:
        """The rows' numbers."""
        return self.cells.index.tolist()

    def rows(self) -> list[list[str]]:
        """The rows' texts, a list a row."""
        return self.cells.to_numpy().tolist()


class Record(NamedTuple):
    """One row as it stands in the file; `cells` may be shorter or longer than the table is wide."""

    row: int
    cells: list[str]
    faults: Sequence[Fault] = ()
    suspects: Sequence[Fault] = ()
    hidden: bool = False

    def width(self) -> int:
        """How many columns reach to the last cell that is not blank; 0 for a blank row."""
        width = len(self.cells)
        while width and not (self.cells[width - 1] and self.cells[width - 1].strip()):
            width -= 1
        return max(width, *(fault.position + 1 for fault in self.faults)) if self.faults else width


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
    _records: Callable[[], Iterator[Record]] = field(repr=False)
    _fields: int | None = field(repr=False)

    def chunks(self, rows: int = 10_000) -> Iterator[Chunk]:
        """The rows below the header, at most `rows` to a chunk, without the blank ones; anew at each call."""
        most = max(1, min(rows, _CELLS_IN_A_CHUNK // max(1, len(self.header))))
        batch: list[Record] = []
        for record in self._records():
            batch.append(self._fitted(record))
            if len(batch) == most:
                yield self._chunk(batch)
                batch = []
        if batch:
            yield self._chunk(batch)

    def cells(self, positions: Sequence[int]) -> Iterator[list[str]]:
        """The texts at some positions, row by row, without a frame around them."""
        for record in self._records():
            cells, width = record.cells, len(record.cells)
            yield [cells[position] if position < width else "" for position in positions]

    def _fitted(self, record: Record) -> Record:
        """The record, as wide as the table; a value beyond the last column is a fault, never shifted."""
        cells, width = record.cells, len(self.header)
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))
        elif len(cells) > width:
            extra = self._fields is not None and record.width() > self._fields
            fault = self._beyond(record) if extra else ()
            record = record._replace(cells=cells[:width], faults=(*record.faults, *fault))
        return record

    def _beyond(self, record: Record) -> tuple[Fault]:
        columns = self._fields or len(self.header)
        what = f"has {len(record.cells)} values where the header has {columns} columns"
        remedy = "put quotes around a value that holds the separator, or delete what is too much"
        return (Fault(record.row, columns, what, remedy),)

    def _chunk(self, batch: list[Record]) -> Chunk:
        import pandas as pd  # noqa: PLC0415 - a third of a second that only a reader of rows pays

        index = pd.Index([record.row for record in batch], dtype="int64")
        cells = [record.cells for record in batch]
        return Chunk(
            pd.DataFrame(cells, index=index, columns=range(len(self.header)), dtype=object),
            tuple(fault for record in batch for fault in record.faults),
            tuple(suspect for record in batch for suspect in record.suspects),
        )
