"""Rows kept in a temporary file, so that a sheet is read from its own file only once.

The first 8 MB stay in memory. The file has no name, is open to nobody else, and goes with the process.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from weakref import finalize

from heyx_bulk.sheets.bounds import room_told
from heyx_bulk.sheets.sheet import Fault, Record

_BYTES_IN_MEMORY = 8 << 20
_CELLS_IN_A_BLOCK = 20_000
_Told = tuple[int, int, str, str]
_Row = tuple[int, list[str]] | tuple[int, list[str], list[_Told], list[_Told]]


class Spool:
    """Rows that are added once, in order, and then read as often as wanted."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_BYTES_IN_MEMORY)  # noqa: SIM115 - closed by `finalize`
        self._close: Callable[[], object] = finalize(self, self._file.close)
        self._ends = [0]
        self._waiting: list[_Row] = []
        self._room = _CELLS_IN_A_BLOCK

    def add(self, record: Record) -> None:
        """Takes over a record's cells up to the last one with a text, its faults and its suspects."""
        cells = record.cells
        while cells and not cells[-1]:
            cells.pop()
        if record.faults or record.suspects:
            self._waiting.append((record.row, cells, [*map(_told, record.faults)], [*map(_told, record.suspects)]))
        else:
            self._waiting.append((record.row, cells))
        self._room -= len(cells) + 1
        if self._room < 0:
            self.finish()

    def finish(self) -> None:
        """Writes what still waits; called after the last row."""
        if not self._waiting:
            return
        with room_told():
            written = self._file.write(marshal.dumps(self._waiting, 2))
        self._ends.append(self._ends[-1] + written)
        self._waiting.clear()
        self._room = _CELLS_IN_A_BLOCK

    def records(self) -> Iterator[Record]:
        """What was added, in order; a record's lists are the reader's own."""
        for start, end in zip(self._ends, self._ends[1:], strict=False):
            self._file.seek(start)
            rows: list[_Row] = marshal.loads(self._file.read(end - start))  # noqa: S302 - nobody else wrote it
            for row in rows:
                if len(row) == 2:
                    yield Record(*row)
                else:
                    number, cells, faults, suspects = row
                    yield Record(number, cells, [Fault(*f) for f in faults], [Fault(*s) for s in suspects])


def _told(fault: Fault) -> _Told:
    return fault.row, fault.position, fault.what, fault.remedy
