"""Rows of a sheet, many at a time: their texts, and the cells whose text is missing or doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

PASTE_AS_TEXT = "format the column as Text in Excel, paste the values again and save"


class CellError(NamedTuple):
    """A cell that has no readable text, or (as a warning) one whose text may not be the intended one.

    `row` counts from 1, as Excel and text editors do; `position` counts the table's columns from 0.
    """

    row: int
    position: int
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a sheet: their numbers, and for each column the texts of these rows ('' for blank).

    A cell with an error is blank. A cell with a warning has a text, but Excel may have rounded it.
    """

    numbers: list[int]
    columns: list[list[str]]
    errors: tuple[CellError, ...] = ()
    warnings: tuple[CellError, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        return [*zip(*self.columns, strict=True)]

    @property
    def cells(self) -> pd.DataFrame:
        """The texts as a DataFrame: columns 0..n-1, the rows' numbers as index."""
        import pandas as pd  # noqa: PLC0415 - takes a third of a second, which only users of frames pay

        index = pd.Index(self.numbers, dtype="int64")
        return pd.DataFrame(dict(enumerate(self.columns)), index=index, dtype=object)

    def text(self, error: CellError) -> str:
        """The text of the cell that an error or warning of this chunk is about."""
        return self.columns[error.position][self.numbers.index(error.row)]

    def part(self, start: int, end: int) -> Chunk:
        """The rows at the places from `start` to before `end`, counted from 0."""
        numbers = self.numbers[start:end]
        kept = frozenset(numbers) if self.errors or self.warnings else frozenset()
        return Chunk(
            numbers,
            [column[start:end] for column in self.columns],
            tuple(error for error in self.errors if error.row in kept),
            tuple(warning for warning in self.warnings if warning.row in kept),
        )
