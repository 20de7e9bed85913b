"""Dates with a named month, by the names of `month_names.toml`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|\S")
_PUNCTUATION = frozenset(".,/-\u2013\u060c")


def parse_named_date(text: str) -> tuple[str, int, str] | None:
    """The number before (or, in `March 14, 1988`, behind) the month, the month, the last number; None if there is
    no named month among two numbers. `text` has its digits as ASCII.
    """
    if any(sign.isdigit() and not sign.isdecimal() for sign in text):
        return None
    months, fillers = _names()
    numbers: list[str] = []
    words: list[str] = []
    month_at = 0
    for token in _TOKEN.findall(_unaccented(text)):
        if token.isdigit():
            numbers.append(token)
        elif token.isalpha() and token not in fillers:
            if words and month_at != len(numbers):
                return None
            words.append(token)
            month_at = len(numbers)
        elif token not in fillers and token not in _PUNCTUATION:
            return None
    month = months.get("".join(words))
    if month is None or len(numbers) != 2 or month_at == 2:
        return None
    return numbers[0], month, numbers[1]


def _unaccented(text: str) -> str:
    """`text` without accents and case."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


@cache
def _names() -> tuple[dict[str, int], frozenset[str]]:
    """The number of a month by its name without accents, case and blanks; words that a date may hold besides."""
    data = tomllib.loads((resources.files("heyx_bulk.values") / "month_names.toml").read_text("utf-8"))
    months = {
        "".join(_unaccented(name).split()): number
        for language in data["months"].values()
        for number, names in enumerate(language, 1)
        for name in names
    }
    return months, frozenset(data["fillers"])
