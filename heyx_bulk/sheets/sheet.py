"""A sheet that has been read: its header, and its rows as exact text.

The rows are kept in a temporary file, so that a sheet is parsed only once, and column by column: a reader of one
column decodes no other. The first 8 MB stay in memory. The file has no name, no other process can open it, and it
is deleted with the process.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import ne
from pathlib import Path
from tempfile import SpooledTemporaryFile
from weakref import finalize

from heyx_bulk.sheets.frames import SheetFrame, issue_frame, text_frame
from heyx_bulk.sheets.limits import temporary_files
from heyx_bulk.sheets.record import CellError
from heyx_bulk.values.text import replace_surrogates

_ROWS_IN_A_BLOCK = 1_000
_BYTES_IN_MEMORY = 8 << 20
_HALF_CHARACTER = "contains an invalid character (half of a surrogate pair)"
Block = tuple[list[int], list[list[str]], list[CellError], list[CellError]]
"""The rows' numbers, the texts of each column, errors and warnings."""


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
        errors: Iterable[CellError],
        warnings: Iterable[CellError],
    ) -> None:
        """Add rows. A text with half a surrogate pair becomes an error, with U+FFFD for the half."""
        found = [*map(tuple, errors)]
        stored: list[bytes] = []
        for position, texts in enumerate(columns):
            try:
                stored.append(serialize(texts))
            except UnicodeEncodeError:
                whole = [*map(replace_surrogates, texts)]
                changed = compress(numbers, map(ne, texts, whole))
                found += [(number, position, _HALF_CHARACTER, "retype the value") for number in changed]
                stored.append(serialize(whole))
        with temporary_files():
            written = self._file.write(marshal.dumps(([*numbers], stored, found, [*map(tuple, warnings)]), 2))
        self._ends.append(self._ends[-1] + written)

    def blocks(self, positions: Sequence[int]) -> Iterator[Block]:
        """The rows in order, many at a time, with the columns at `positions`; those that are missing are blank."""
        for start, end in zip(self._ends, self._ends[1:], strict=False):
            self._file.seek(start)
            stored = marshal.loads(self._file.read(end - start))  # noqa: S302 - only this process wrote it
            numbers, columns, errors, warnings = stored
            texts = [
                deserialize(columns[position]) if position < len(columns) else [""] * len(numbers)
                for position in positions
            ]
            yield (
                numbers,
                texts,
                [CellError(*error) for error in errors],
                [CellError(*found) for found in warnings],
            )


def serialize(texts: Sequence[str]) -> bytes:
    """Join texts, at least one. The first character is the separator: one that none of them contains."""
    joined = "\0".join(texts)
    if joined.count("\0") < len(texts):
        return f"\0{joined}".encode()
    used = frozenset("".join(texts))
    separator = next(character for character in map(chr, range(1, 0x110000)) if character not in used)
    return f"{separator}{separator.join(texts)}".encode()


def deserialize(joined: bytes) -> list[str]:
    """Split what `serialize` has joined."""
    text = joined.decode()
    return text[1:].split(text[0])


@dataclass(frozen=True, slots=True)
class Sheet:
    """A spreadsheet that has been read; its rows lie in a temporary file as long as the sheet is in use.

    `name` is for messages, as is `format`; a CSV file has no `worksheet` and no `worksheets`; `notes` are shown to
    the user. `row_count` counts the rows below the header that are not blank; `blank` are the positions of columns
    without any value there. `uneven` counts the rows that are not as long as the header.
    """

    path: Path
    name: str
    format: str
    worksheet: str | None
    header: tuple[str, ...]
    header_row: int
    row_count: int
    uneven: int
    notes: tuple[str, ...]
    blank: frozenset[int]
    row_store: RowStore = field(repr=False)
    worksheets: tuple[str, ...] = ()

    @classmethod
    def of_texts(
        cls, path: Path, name: str, header: Sequence[str], columns: Sequence[Sequence[str]], numbers: Sequence[int]
    ) -> Sheet:
        """A sheet of `columns` of texts that no file holds; `numbers` are those of its rows, ascending."""
        row_store = RowStore()
        for start in range(0, len(numbers), _ROWS_IN_A_BLOCK):
            part = slice(start, start + _ROWS_IN_A_BLOCK)
            row_store.add(numbers[part], [column[part] for column in columns], (), ())
        return cls(
            path,
            name,
            format="",
            worksheet=None,
            header=tuple(header),
            header_row=1,
            row_count=len(numbers),
            uneven=0,
            notes=(),
            blank=frozenset(),
            row_store=row_store,
        )

    def frames(self, rows: int = 10_000) -> Iterator[SheetFrame]:
        """The rows below the header that are not blank, at most `rows` to a frame; from the first at each call."""
        most = max(1, rows)
        for numbers, columns, errors, warnings in self.row_store.blocks(range(len(self.header))):
            for start in range(0, len(numbers), most):
                part = slice(start, start + most)
                cells = {position: column[part] for position, column in enumerate(columns)}
                kept = frozenset(numbers[part]) if errors or warnings else frozenset[int]()
                issues = issue_frame(
                    (error for error in errors if error.row in kept),
                    (warning for warning in warnings if warning.row in kept),
                )
                yield SheetFrame(text_frame(cells, numbers[part]), issues)

    def cells(self, positions: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """The texts at `positions`, row by row; other columns are not decoded."""
        for _, columns, _, _ in self.row_store.blocks(positions):
            yield from zip(*columns, strict=True)
