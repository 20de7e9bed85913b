"""Places in a worksheet, as Excel names them: `XFD1048576`, `A1:C2`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class Area(NamedTuple):
    """A merged area: rows as a person counts, columns from 0, the last ones included."""

    top: int
    bottom: int
    left: int
    right: int

    def reference(self) -> str:
        """The area as Excel writes it."""
        return f"{column_letters(self.left)}{self.top}:{column_letters(self.right)}{self.bottom}"


def areas(reference: str) -> Iterator[Area]:
    """The area written as `A1:C2`; nothing if it is none."""
    first, _, last = reference.partition(":")
    corners = [REFERENCE.fullmatch(corner) for corner in (first, last or first)]
    if corners[0] and corners[1]:
        left, right = column_position(corners[0][1]), column_position(corners[1][1])
        yield Area(int(corners[0][2]), int(corners[1][2]), left, right)


def column_position(letters: str) -> int:
    """The position of a column, from 0: 'A' is 0, 'XFD' is 16,383."""
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - 64
    return position - 1


def column_letters(position: int) -> str:
    """The letters of the column at `position`, from 0."""
    letters = ""
    rest = position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
