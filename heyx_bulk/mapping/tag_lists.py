"""Lists in a cell: tags parted by a separator, with quotes where a tag needs them."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Iterable
from typing import TypeVar

from heyx_bulk.values.text import trim

H = TypeVar("H", bound=Hashable)


def split_list(text: str, separator: str) -> list[str]:
    """The items of a list cell: parted by `separator` or line breaks, quotes respected, blanks dropped."""
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return [item for record in records for part in record if (item := trim(part))]


LIST_SEPARATOR = ";"
"""What parts the items of a list that an export writes."""


def join_list(items: Iterable[str], separator: str = LIST_SEPARATOR) -> str:
    """A list cell that `split_list` reads back, with quotes where an item needs them."""
    return separator.join(
        '"' + item.replace('"', '""') + '"' if any(sign in item for sign in ',;"\r\n') else item for item in items
    )


def unique(items: Iterable[H]) -> tuple[H, ...]:
    """The items in their order, each once."""
    return tuple(dict.fromkeys(items))
