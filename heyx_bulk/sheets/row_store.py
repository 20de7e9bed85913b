"""Rows kept in a temporary file, so that a sheet is read from its own file only once.

They are kept column by column: who needs one column unpacks no other. The first 8 MB stay in memory. The file has
no name, is open to nobody else, and goes with the process.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from weakref import finalize

from heyx_bulk.sheets.chunk import CellError, Chunk
from heyx_bulk.sheets.limits import translate_full_disk

_BYTES_IN_MEMORY = 8 << 20
_Told = tuple[int, int, str, str]
_Block = tuple[list[int], list[bytes], list[_Told], list[_Told]]


class RowStore:
    """Rows that are added in order, and then read as often as wanted."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_BYTES_IN_MEMORY)  # noqa: SIM115 - closed by `finalize`
        self._close: Callable[[], object] = finalize(self, self._file.close)
        self._ends = [0]

    def add(
        self,
        numbers: Sequence[int],
        columns: Iterable[Sequence[str]],
        errors: Iterable[CellError] = (),
        warnings: Iterable[CellError] = (),
    ) -> None:
        """Keeps rows: their numbers, the texts of each column, their faults and suspects."""
        block: _Block = ([*numbers], [*map(serialize, columns)], [*map(_told, errors)], [*map(_told, warnings)])
        with translate_full_disk():
            written = self._file.write(marshal.dumps(block, 2))
        self._ends.append(self._ends[-1] + written)

    def chunks(self, width: int) -> Iterator[Chunk]:
        """What was added, in order, as wide as this: columns that are lacking are blank, further ones left off."""
        for numbers, columns, errors, warnings in self._blocks():
            yield Chunk(
                numbers,
                [_texts(columns, position, len(numbers)) for position in range(width)],
                tuple(CellError(*error) for error in errors),
                tuple(CellError(*warning) for warning in warnings),
            )

    def columns(self, positions: Sequence[int]) -> Iterator[list[list[str]]]:
        """The texts of the columns at some positions, some rows at a time."""
        for numbers, columns, _, _ in self._blocks():
            yield [_texts(columns, position, len(numbers)) for position in positions]

    def _blocks(self) -> Iterator[_Block]:
        for start, end in zip(self._ends, self._ends[1:], strict=False):
            self._file.seek(start)
            block: _Block = marshal.loads(self._file.read(end - start))  # noqa: S302 - nobody else wrote it
            yield block


def serialize(texts: Sequence[str]) -> bytes:
    """Texts, at least one, as bytes. The first sign parts them: one that is in none of them."""
    joined = "\0".join(texts)
    if joined.count("\0") < len(texts):
        return f"\0{joined}".encode("utf-8", "surrogatepass")
    whole = frozenset("".join(texts))
    sign = next(sign for sign in map(chr, range(1, 0x110000)) if sign not in whole)
    return f"{sign}{sign.join(texts)}".encode("utf-8", "surrogatepass")


def deserialize(texts: bytes) -> list[str]:
    """What `packed` was given."""
    whole = texts.decode("utf-8", "surrogatepass")
    return whole[1:].split(whole[0])


def _texts(columns: Sequence[bytes], position: int, rows: int) -> list[str]:
    return deserialize(columns[position]) if position < len(columns) else [""] * rows


def _told(error: CellError) -> _Told:
    return error.row, error.position, error.what, error.remedy
