"""The kind of values that all texts of a column look like: for a suggestion, never applied unasked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from heyx_bulk.values.convert import convert_number, is_url, normalize_word, parse_boolean
from heyx_bulk.values.dates import parse_time, possible_orders
from heyx_bulk.values.email import is_email
from heyx_bulk.values.text import plain_signs, trim
from heyx_bulk.values.value_types import ConversionError, DateOrder, ValueKind

_PHONE = re.compile(r"\(?\+(?:[ ().\-]*[0-9]){8,15}")
_SIZES_AND_LETTERS = frozenset(("0", "1", "t", "f", "s", "j", "n"))
"""Words of yes and no that as often mean something else: they count only beside others."""


def infer_kind(texts: Iterable[str]) -> ValueKind:
    """The kind that `texts`, apart from the blank ones, all seem to be; `TEXT` where there is any doubt.

    A phone is only recognized by its `+`, a number only where one of them has a separator, for digits may be an id
    or a code; `0` and `1` alone are text as well.
    """
    orders = frozenset(DateOrder)
    timed = False

    def is_date(text: str) -> bool:
        """Whether `text` and the dates before it have an order in common."""
        nonlocal orders, timed
        found, has_time = possible_orders(text) or (frozenset(), False)
        orders &= found
        timed |= has_time
        return bool(orders)

    tests: dict[ValueKind, Callable[[str], object]] = {
        ValueKind.EMAIL: is_email,
        ValueKind.URL: is_url,
        ValueKind.PHONE: lambda text: _PHONE.fullmatch(plain_signs(text)) is not None,
        ValueKind.BOOLEAN: lambda text: parse_boolean(text) is not None,
        ValueKind.TIME: lambda text: parse_time(plain_signs(text)) is not None,
        ValueKind.DATE: is_date,
        ValueKind.NUMBER: _is_number,
    }
    telling = separated = False
    for text in filter(None, map(trim, texts)):
        tests = {kind: test for kind, test in tests.items() if test(text)}
        if not tests:
            return ValueKind.TEXT
        telling = telling or normalize_word(text) not in _SIZES_AND_LETTERS
        separated = separated or not plain_signs(text).lstrip("+-").isdigit()
    if not telling:
        return ValueKind.TEXT
    if not separated:
        tests.pop(ValueKind.NUMBER, None)
    kind = next(iter(tests), ValueKind.TEXT)
    return ValueKind.DATETIME if kind is ValueKind.DATE and timed else kind


def _is_number(text: str) -> bool:
    try:
        convert_number(text)
    except ConversionError:
        return False
    return True
