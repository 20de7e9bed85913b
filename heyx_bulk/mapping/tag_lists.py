"""Lists in a cell: tags with a separator between them, in quotes where a tag needs them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Hashable, Iterable
from typing import TypeVar

from heyx_bulk.values.text import trim, without_marks

H = TypeVar("H", bound=Hashable)


SEPARATORS = (":::", ";", ",", "|", "、")
"""What people and programs put between the items of a list; also line breaks, which part items in any list."""

_QUOTED = re.compile(r'"[^"]*"')
_QUOTED_SIGNS = (*SEPARATORS, '"', "\r", "\n")
_ONE_SIGN = "\x1f"
"""Stands for a separator of several signs, since the csv module takes one."""


def separators_in(text: str) -> tuple[str, ...]:
    """The separators that a list cell has outside quotes. None: it is one item; several: it can be read in as many
    ways.
    """
    found = tuple(sign for sign in SEPARATORS if sign in text)
    if not found or '"' not in text:
        return found
    bare = _QUOTED.sub("", text)
    return tuple(sign for sign in found if sign in bare)


def is_ambiguous(text: str) -> bool:
    """Whether a list cell can be read in several ways."""
    return len(separators_in(text)) > 1


def split_list(text: str, separator: str = "") -> list[str]:
    """Split a list cell by `separator` and line breaks outside quotes, without blank items and invisible marks.

    Without `separator`, by the first one that the cell itself has outside quotes.
    """
    separator = separator or next(iter(separators_in(text)), ",")
    if len(separator) > 1:
        parts = split_list(text.replace(separator, _ONE_SIGN), _ONE_SIGN)
        return [part.replace(_ONE_SIGN, separator) for part in parts]
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return [item for record in records for part in record if (item := trim(without_marks(part)))]


def separator_mistake(separator: str) -> str:
    """Why lists cannot be split by `separator`; blank if they can."""
    if separator in SEPARATORS or (len(separator) == 1 and separator not in '"\r\n '):
        return ""
    return f'a separator is one sign, such as ";" or "|", or ":::", not {separator!r}'


LIST_SEPARATOR = ";"
"""The separator between the items of a list that an export writes."""


def join_list(items: Iterable[str], separator: str = LIST_SEPARATOR) -> str:
    """Join items to a list cell that `split_list` reads back."""
    return separator.join(
        '"' + item.replace('"', '""') + '"' if any(map(item.__contains__, _QUOTED_SIGNS)) else item
        for item in items
    )


def unique(items: Iterable[H]) -> tuple[H, ...]:
    """The items in their order, each once."""
    return tuple(dict.fromkeys(items))
