"""A sheet: opened, its header read and checked, its rows a stream of exact text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heyx_bulk.sheets.chunk import Chunk
from heyx_bulk.sheets.row_store import RowStore


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
    _row_store: RowStore = field(repr=False)

    def chunks(self, rows: int = 10_000) -> Iterator[Chunk]:
        """The rows below the header, at most `rows` to a chunk, without the blank ones; anew at each call."""
        width, most = len(self.header), max(1, rows)
        for chunk in self._row_store.chunks(width):
            for start in range(0, len(chunk.numbers), most):
                yield chunk if len(chunk.numbers) <= most else chunk.part(start, start + most)

    def cells(self, positions: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """The texts at some positions, row by row; no others are read."""
        for columns in self._row_store.columns(positions):
            yield from zip(*columns, strict=True)
