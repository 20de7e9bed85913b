"""One column: its header, its letters, what it is for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from heyx_bulk.api import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.values import trim

STATUS_COLUMN = "heyx status"
ID_COLUMN = "heyx contact id"
MESSAGE_COLUMN = "heyx message"
ROW_COLUMN = "heyx row"
OUR_COLUMNS = (STATUS_COLUMN, ID_COLUMN, MESSAGE_COLUMN, ROW_COLUMN)


class Use(StrEnum):
    """What a column is for."""

    FIELD = "field"
    ADD_TAGS = "add tags"
    REMOVE_TAGS = "remove tags"
    ID = "contact id"
    IGNORED = "ignored"
    OURS = "ours"
    READ_ONLY = "read-only"
    BLANK = "blank"


def folded(name: str) -> str:
    """A header or field name without case, blanks, `_` and `-`: the form in which names are compared."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", trim(name))).casefold()


def letter(position: int) -> str:
    """The letters a spreadsheet shows above the column at `position` (0 is A, 26 is AA)."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: where it stands, its exact header, what it is for.

    `field` is HeyX's name of a field; `separator` is what parts a list, blank until the whole column was seen.
    """

    position: int
    header: str
    use: Use
    field: str = ""
    separator: str = ""

    def __str__(self) -> str:
        header = trim(self.header)
        return f"{letter(self.position)} “{header}”" if header else f"{letter(self.position)} (no header)"


def field_named(name: str) -> str:
    """HeyX's spelling of a field a person names: a standard field in any case, another exactly as said."""
    known = {folded(field): field for field in (*STANDARD_FIELDS, *READ_ONLY_FIELDS)}
    return known.get(folded(name), trim(name))
