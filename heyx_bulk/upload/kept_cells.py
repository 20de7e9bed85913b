"""Cells of a file that we wrote, which came back otherwise only as a spreadsheet changes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from heyx_bulk.values.spreadsheet_damage import is_spreadsheet_change
from heyx_bulk.values.text import trim

CELLS_SHOWN = 5


@dataclass(slots=True)
class KeptCells:
    """How many cells keep their known value, and the first of them, each in a phrase.

    With `accept`, none does: cells are taken as the file has them.
    """

    accept: bool = False
    count: int = 0
    first: list[str] = field(default_factory=list)

    def choose(self, known: str, found: str, number: int, column: str) -> str:
        """The text of a cell of row `number`: what it was `known` as, if a spreadsheet alone made it `found`."""
        if self.accept or known == found or not is_spreadsheet_change(known, found):
            return found
        self.count += 1
        if len(self.first) < CELLS_SHOWN:
            self.first.append(f"row {number}, column {column}: {trim(known)} is kept, the file has {trim(found)}")
        return known
