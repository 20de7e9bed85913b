"""Rows kept in a temporary file, so that a sheet is parsed only once.

They are kept column by column: a reader of one column decodes no other. The first 8 MB stay in memory. The file
has no name, no other process can open it, and it is deleted with the process.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any
from weakref import finalize

from heyx_bulk.sheets.chunk import CellError, Chunk
from heyx_bulk.sheets.limits import translate_full_disk

_BYTES_IN_MEMORY = 8 << 20
_Block = tuple[list[int], list[bytes], list[tuple[Any, ...]], list[tuple[Any, ...]]]
"""The rows' numbers, the texts of each column, errors and warnings as plain tuples."""


class RowStore:
    """Rows that are added in order and can then be read any number of times."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_BYTES_IN_MEMORY)  # noqa: SIM115 - closed by `finalize`
        finalize(self, self._file.close)
        self._ends = [0]

    def add(
        self,
        numbers: Sequence[int],
        columns: Iterable[Sequence[str]],
        errors: Iterable[CellError] = (),
        warnings: Iterable[CellError] = (),
    ) -> None:
        block: _Block = ([*numbers], [*map(serialize, columns)], [*map(tuple, errors)], [*map(tuple, warnings)])
        with translate_full_disk():
            written = self._file.write(marshal.dumps(block, 2))
        self._ends.append(self._ends[-1] + written)

    def chunks(self, width: int) -> Iterator[Chunk]:
        """The rows in order, `width` columns wide: missing columns are blank, further ones are left off."""
        for numbers, columns, errors, warnings in self._blocks():
            yield Chunk(
                numbers,
                [_texts(columns, position, len(numbers)) for position in range(width)],
                tuple(CellError(*error) for error in errors),
                tuple(CellError(*warning) for warning in warnings),
            )

    def columns(self, positions: Sequence[int]) -> Iterator[list[list[str]]]:
        """The texts of the columns at `positions`, many rows at a time."""
        for numbers, columns, _, _ in self._blocks():
            yield [_texts(columns, position, len(numbers)) for position in positions]

    def _blocks(self) -> Iterator[_Block]:
        for start, end in zip(self._ends, self._ends[1:], strict=False):
            self._file.seek(start)
            block: _Block = marshal.loads(self._file.read(end - start))  # noqa: S302 - only this process wrote it
            yield block


def serialize(texts: Sequence[str]) -> bytes:
    """Join texts, at least one. The first character is the separator: one that none of them contains."""
    joined = "\0".join(texts)
    if joined.count("\0") < len(texts):
        return f"\0{joined}".encode("utf-8", "surrogatepass")
    used = frozenset("".join(texts))
    separator = next(character for character in map(chr, range(1, 0x110000)) if character not in used)
    return f"{separator}{separator.join(texts)}".encode("utf-8", "surrogatepass")


def deserialize(joined: bytes) -> list[str]:
    """Split what `serialize` has joined."""
    text = joined.decode("utf-8", "surrogatepass")
    return text[1:].split(text[0])


def _texts(columns: Sequence[bytes], position: int, rows: int) -> list[str]:
    return deserialize(columns[position]) if position < len(columns) else [""] * rows
