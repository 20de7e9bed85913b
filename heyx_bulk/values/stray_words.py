"""Words that programs leave in cells instead of a value: errors of spreadsheets, words for nothing."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

PROGRAM_WORDS = frozenset(
    (
        *("nan", "NaN", "NAN", "NaT", "<NA>", "null", "NULL", "(null)", "<null>", "(NULL)", "\\N", "None"),
        *("undefined", "[object Object]", "[object Undefined]", "Infinity", "-Infinity"),
    )
)
"""What programs write for a missing value. Some are also names or words, so they are only reported."""

_TOO_NARROW = re.compile(r"#{4,}")
"""What a spreadsheet shows, and writes into a CSV file, where a column is too narrow for its value."""


def is_error_word(text: str) -> bool:
    """Whether `text` is what a spreadsheet shows where it has no value: `#N/A` in any language, or `########`."""
    return text in _error_words() or _TOO_NARROW.fullmatch(text) is not None


def may_hold_error_word(texts: str) -> bool:
    """Whether any of some joined texts can be an error word: a quick test."""
    return "#" in texts or "Err:" in texts


@cache
def _error_words() -> frozenset[str]:
    data = tomllib.loads((resources.files("heyx_bulk.values") / "error_words.toml").read_text("utf-8"))
    return frozenset(word for words in data.values() for word in words)
