"""One check of a whole column: cells by label, rows by label, and what the labels say about the column."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, TypeAlias

FIRST_ROWS = 5
MOST_OF = 0.8
"""The share of a column that makes its pattern."""


@dataclass(frozen=True, slots=True)
class DataWarning:
    """What seems wrong with a column: a sentence, in how many rows, and the first of them."""

    what: Annotated[str, "What seems to be wrong."]
    rows: Annotated[int, "The number of rows."]
    first: Annotated[tuple[int, ...], "The numbers of the first rows."]


@dataclass(slots=True)
class Rows:
    """Rows counted, and the first of them kept."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, rows: Iterable[int], count: int = 1) -> None:
        """Count rows, given in their order."""
        self.count += count
        self.first += islice(rows, FIRST_ROWS - len(self.first))

    def warning(self, column: str, what: str) -> DataWarning:
        """A warning about these rows of a column."""
        return DataWarning(f"column {column}: {what}", self.count, tuple(self.first))


def together(found: Iterable[Rows]) -> Rows:
    """Rows of several labels as one; a row has one label."""
    several = [*found]
    first = sorted(number for rows in several for number in rows.first)
    return Rows(sum(rows.count for rows in several), first[:FIRST_ROWS])


Finding: TypeAlias = tuple[Rows, str]


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """A check of one column: `label` classifies a cell (None: irrelevant), `findings` judges the rows by label.

    `concerns` is given many cells, one per line and as a list, and says whether any of them can have a label.
    """

    label: Callable[[str], str | None]
    findings: Callable[[Mapping[str, Rows]], Iterator[Finding]]
    concerns: Callable[[str, Sequence[str]], object] = lambda cells, _: cells


class LabelledRows(defaultdict[str, Rows]):
    """The rows of a column by the label of their cell."""

    def __init__(self) -> None:
        super().__init__(Rows)

    def add(self, numbers: Sequence[int], labels: Sequence[str | None]) -> None:
        """Add some rows, each with its label."""
        for label, count in Counter(labels).items():
            if label is not None:
                pairs = zip(numbers, labels, strict=True)
                self[label].add((number for number, other in pairs if other == label), count)
