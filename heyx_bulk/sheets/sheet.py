"""An opened sheet: its header, and its rows as exact text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heyx_bulk.sheets.chunk import Chunk
from heyx_bulk.sheets.row_store import RowStore


@dataclass(frozen=True, slots=True)
class Sheet:
    """A spreadsheet that has been read; its rows lie in a temporary file as long as the sheet is in use.

    `name` is for messages, as is `format`; a CSV file has no `worksheet` and no `worksheets`; `notes` are shown to
    the user. `row_count` counts the rows below the header that are not blank; `blank` are the positions of columns
    without any value there.
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
        """The rows below the header that are not blank, at most `rows` to a chunk; from the first at each call."""
        most = max(1, rows)
        for chunk in self._row_store.chunks(len(self.header)):
            for start in range(0, len(chunk.numbers), most):
                yield chunk if len(chunk.numbers) <= most else chunk.part(start, start + most)

    def cells(self, positions: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """The texts at `positions`, row by row; other columns are not decoded."""
        for columns in self._row_store.columns(positions):
            yield from zip(*columns, strict=True)
