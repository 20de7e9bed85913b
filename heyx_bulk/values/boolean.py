"""Yes and no, in the words of `yes_no.toml`."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from importlib import resources

from heyx_bulk.values.value_types import ConversionError


def convert_boolean(text: str) -> str:
    """`true` or `false`."""
    found = parse_boolean(text)
    if found is None:
        raise ConversionError("neither yes nor no", "it says neither yes nor no: write true or false")
    return "true" if found else "false"


def parse_boolean(text: str) -> bool | None:
    """Whether `text` says yes, whatever its case and blanks; None if it says neither yes nor no."""
    return _words().get(normalize_word(text))


def normalize_word(text: str) -> str:
    """`text` without case and blanks and in Unicode's compatible form: how words are compared."""
    if text.isascii():
        return "".join(text.lower().split())
    composed = unicodedata.normalize("NFKC", text.casefold())
    return "".join(composed.split())


@cache
def _words() -> dict[str, bool]:
    """Whether a word, normalized, says yes."""
    data = tomllib.loads((resources.files("heyx_bulk.values") / "yes_no.toml").read_text("utf-8"))
    return {
        normalize_word(word): answer == "yes"
        for answers in data.values()
        for answer, words in answers.items()
        for word in words
    }
