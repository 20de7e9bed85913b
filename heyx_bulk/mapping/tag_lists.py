"""Lists in a cell: tags with a separator between them, in quotes where a tag needs them."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Iterable
from typing import TypeVar

from heyx_bulk.values.text import trim, without_marks

H = TypeVar("H", bound=Hashable)


def split_list(text: str, separator: str) -> list[str]:
    """Split a list cell by `separator` and line breaks outside quotes, without blank items and invisible marks."""
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return [item for record in records for part in record if (item := trim(without_marks(part)))]


LIST_SEPARATOR = ";"
"""The separator between the items of a list that an export writes."""


def join_list(items: Iterable[str], separator: str = LIST_SEPARATOR) -> str:
    """Join items to a list cell that `split_list` reads back."""
    return separator.join(
        '"' + item.replace('"', '""') + '"' if any(sign in item for sign in ',;"\r\n') else item for item in items
    )


def unique(items: Iterable[H]) -> tuple[H, ...]:
    """The items in their order, each once."""
    return tuple(dict.fromkeys(items))
