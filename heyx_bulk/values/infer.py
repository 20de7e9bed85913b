"""What a column's texts all look like: for a suggestion, never to change them unasked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from heyx_bulk.values.boolean import folded_word, truth
from heyx_bulk.values.dates import orders_of
from heyx_bulk.values.email_url import is_email, is_url
from heyx_bulk.values.number import converted_number
from heyx_bulk.values.text import plain, trim
from heyx_bulk.values.times import clock_of
from heyx_bulk.values.value_types import DateOrder, Kind, Unfit

_PHONE = re.compile(r"\(?\+(?:[ ().\-]*[0-9]){8,15}")
_SIZES_AND_LETTERS = frozenset(("0", "1", "t", "f", "s", "j", "n"))
"""Words of yes and no that are as often something else: they count only beside others."""


class _Dates:
    """Whether all texts are dates in one order, and whether any has a time of day."""

    def __init__(self) -> None:
        self._orders = frozenset(DateOrder)
        self.timed = False

    def takes(self, text: str) -> bool:
        found = orders_of(text)
        if found is None:
            return False
        orders, timed = found
        self._orders &= orders
        self.timed |= timed
        return bool(self._orders)


def kind_of(texts: Iterable[str]) -> Kind:
    """What `texts`, the blank ones aside, all seem to be; `TEXT` where there is any doubt.

    A phone is only known by its `+`, a number only where one of them has a separator, for digits may be an id or
    a code; `0` and `1` alone are text as well.
    """
    dates = _Dates()
    looks: dict[Kind, Callable[[str], object]] = {
        Kind.EMAIL: is_email,
        Kind.URL: is_url,
        Kind.PHONE: lambda text: _PHONE.fullmatch(plain(text)) is not None,
        Kind.BOOLEAN: lambda text: truth(text) is not None,
        Kind.TIME: lambda text: clock_of(plain(text)) is not None,
        Kind.DATE: dates.takes,
        Kind.NUMBER: _is_number,
    }
    said = parted = False
    for text in filter(None, map(trim, texts)):
        looks = {kind: look for kind, look in looks.items() if look(text)}
        if not looks:
            return Kind.TEXT
        said = said or folded_word(text) not in _SIZES_AND_LETTERS
        parted = parted or not plain(text).lstrip("+-").isdigit()
    if not said:
        return Kind.TEXT
    if not parted:
        looks.pop(Kind.NUMBER, None)
    kind = next(iter(looks), Kind.TEXT)
    return Kind.DATETIME if kind is Kind.DATE and dates.timed else kind


def _is_number(text: str) -> bool:
    try:
        converted_number(text)
    except Unfit:
        return False
    return True
