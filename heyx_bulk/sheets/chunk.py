"""Rows of a sheet, some at a time: their texts, and the cells without a true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class CellError:
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
    errors: tuple[CellError, ...] = ()
    warnings: tuple[CellError, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        """The rows' texts, a tuple a row."""
        return [*zip(*self.columns, strict=True)]

    @property
    def cells(self) -> pd.DataFrame:
        """The texts as a frame: columns 0..n-1, the index the rows' numbers."""
        import pandas as pd  # noqa: PLC0415 - a third of a second that only who wants a frame pays

        index = pd.Index(self.numbers, dtype="int64")
        return pd.DataFrame(dict(enumerate(self.columns)), index=index, dtype=object)

    def text(self, error: CellError) -> str:
        """What stands in the cell that a fault or suspect of this chunk means."""
        return self.columns[error.position][self.numbers.index(error.row)]

    def part(self, start: int, end: int) -> Chunk:
        """The rows from the place `start` to before `end`, counted from 0."""
        numbers = self.numbers[start:end]
        there = frozenset(numbers) if self.errors or self.warnings else frozenset()
        return Chunk(
            numbers,
            [column[start:end] for column in self.columns],
            tuple(error for error in self.errors if error.row in there),
            tuple(warning for warning in self.warnings if warning.row in there),
        )


class Record(NamedTuple):
    """One row as it stands in the file; `cells` may be shorter or longer than the table is wide."""

    row: int
    cells: list[str]
    errors: Sequence[CellError] = ()
    warnings: Sequence[CellError] = ()
    hidden: bool = False

    def width(self) -> int:
        """How many columns reach to the last cell that is not blank; 0 for a blank row."""
        width = width_of(self.cells)
        return max(width, *(error.position + 1 for error in self.errors)) if self.errors else width


def width_of(cells: Sequence[str]) -> int:
    """How many columns reach to the last cell that is not blank; 0 where all are."""
    width = len(cells)
    while width and not (cells[width - 1] and cells[width - 1].strip()):
        width -= 1
    return width
