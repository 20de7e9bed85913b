"""Cells and columns as spreadsheets name them: `B`, `XFD1048576`, `A1:C2`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class Area(NamedTuple):
    """A merged area: rows counted from 1, columns from 0, the last ones included."""

    top: int
    bottom: int
    left: int
    right: int

    def reference(self) -> str:
        return f"{column_letter(self.left)}{self.top}:{column_letter(self.right)}{self.bottom}"


def areas(reference: str) -> Iterator[Area]:
    """The area written as `A1:C2`, or nothing where `reference` is not valid."""
    first, _, last = reference.partition(":")
    corners = [REFERENCE.fullmatch(corner) for corner in (first, last or first)]
    if corners[0] and corners[1]:
        left, right = column_position(corners[0][1]), column_position(corners[1][1])
        yield Area(int(corners[0][2]), int(corners[1][2]), left, right)


def quote_worksheet(name: str) -> str:
    """A worksheet's name as it stands in a reference: `'Ann''s people'`."""
    doubled = name.replace("'", "''")
    return f"'{doubled}'"


def column_position(letters: str) -> int:
    """The position of a column, from 0: 'A' is 0, 'XFD' is 16,383."""
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - 64
    return position - 1


def column_letter(position: int) -> str:
    """The letters a spreadsheet shows above the column at `position` (0 is A, 26 is AA)."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
