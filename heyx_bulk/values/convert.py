"""From the text of a cell to the text that is sent, by the type of its column.

Only how a text is written may change, never its meaning, and only as its column's type requires. A text that can
be read in more than one way is rejected with the reason, never guessed.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib import resources

from heyx_bulk.values.dates import convert_date, convert_datetime, convert_time
from heyx_bulk.values.number import convert_number, is_plain_number
from heyx_bulk.values.phone import convert_phone, is_plain_phone
from heyx_bulk.values.value_types import ConversionError, PhoneFormat, ValueKind, ValueType

is_email = re.compile(r"[^\s@,;<>]+@[^\s@,;<>.]+(?:\.[^\s@,;<>.]+)+").fullmatch
"""Matches what looks like one email address: one @, a name, a domain with a dot, no blank or comma."""

is_url = re.compile(
    r"https?://(?:[^\s/?#@]*@)?(?:[^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:[/?#]\S*)?", re.IGNORECASE
).fullmatch
"""Matches a web address: http or https, a host, no blank."""

_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#:]\S*)?")
_MOST_SHOWN = 10


def convert(value_type: ValueType, text: str) -> str:
    """Convert `text`, which is trimmed and not blank, to what is sent; raise `ConversionError` if it does not fit.

    Converting the result again changes nothing, except for a phone of another country sent as bare digits: without
    its `+` the country is lost.
    """
    if by_text := _BY_TEXT.get(value_type.kind):
        return by_text(text)
    return _BY_TYPE[value_type.kind](value_type, text)


def unchanged_test(value_type: ValueType) -> Callable[[str], object]:
    """A quick test of texts that are trimmed and not blank: if it is true, `convert` returns the text unchanged.

    It may be false for such a text, and always is where a look at the characters is not enough.
    """
    match value_type.kind:
        case ValueKind.PHONE if value_type.phone_format is PhoneFormat.AS_TYPED:
            return is_plain_phone
        case ValueKind.LIST:
            return frozenset(value_type.allowed).__contains__
        case kind:
            return _UNCHANGED.get(kind, lambda _: False)


def parse_boolean(text: str) -> bool | None:
    """Whether `text` says yes in the words of `yes_no.toml`, in any case; None if it says neither yes nor no."""
    return _yes_no().get(normalize_word(text))


def normalize_word(text: str) -> str:
    """`text` without case and blanks and in Unicode's compatible form: how words are compared."""
    if text.isascii():
        return "".join(text.lower().split())
    composed = unicodedata.normalize("NFKC", text.casefold())
    return "".join(composed.split())


@cache
def _yes_no() -> dict[str, bool]:
    """Whether a word, normalized, says yes."""
    data = tomllib.loads((resources.files("heyx_bulk.values") / "yes_no.toml").read_text("utf-8"))
    return {
        normalize_word(word): answer == "yes"
        for answers in data.values()
        for answer, words in answers.items()
        for word in words
    }


def _boolean(text: str) -> str:
    """`true` or `false`."""
    found = parse_boolean(text)
    if found is None:
        raise ConversionError("neither yes nor no", "it says neither yes nor no: write true or false")
    return "true" if found else "false"


def _email(text: str) -> str:
    """`text` as it is, if it looks like one email address."""
    if is_email(text):
        return text
    if text.count("@") > 1:
        raise ConversionError(
            "several emails in one cell", "it has more than one @: keep the address the contact is reached by"
        )
    if "@" not in text:
        raise ConversionError("an email that is none", "it has no @: write an address such as name@example.com")
    raise ConversionError(
        "an email that is none", "write an address such as name@example.com, without blanks and commas"
    )


def _url(text: str) -> str:
    """`text` as it is, if it is a web address with http or https."""
    if is_url(text):
        return text
    if _DOMAIN.fullmatch(text):
        raise ConversionError(
            "a web address without https://", f"it has no https:// in front: write https://{text}"
        )
    raise ConversionError(
        "a web address that is none", "write an address such as https://example.com/page, without blanks"
    )


def _allowed(value_type: ValueType, text: str) -> str:
    """The allowed value that `text` is, whatever its case and blanks."""
    allowed = value_type.allowed
    if text in allowed:
        return text
    word = normalize_word(text)
    matches = [value for value in allowed if normalize_word(value) == word]
    if len(matches) == 1:
        return matches[0]
    shown = ", ".join(f"“{value}”" for value in allowed[:_MOST_SHOWN])
    more = f" and {len(allowed) - _MOST_SHOWN} more" if len(allowed) > _MOST_SHOWN else ""
    raise ConversionError(
        "a value that is not allowed", f"it is none of those allowed: write one of {shown}{more}"
    )


_BY_TEXT: dict[ValueKind, Callable[[str], str]] = {
    ValueKind.TEXT: str,
    ValueKind.EMAIL: _email,
    ValueKind.BOOLEAN: _boolean,
    ValueKind.NUMBER: convert_number,
    ValueKind.TIME: convert_time,
    ValueKind.URL: _url,
}
_BY_TYPE: dict[ValueKind, Callable[[ValueType, str], str]] = {
    ValueKind.PHONE: convert_phone,
    ValueKind.LIST: _allowed,
    ValueKind.DATE: convert_date,
    ValueKind.DATETIME: convert_datetime,
}
_UNCHANGED: dict[ValueKind, Callable[[str], object]] = {
    ValueKind.TEXT: lambda _: True,
    ValueKind.EMAIL: is_email,
    ValueKind.BOOLEAN: frozenset(("true", "false")).__contains__,
    ValueKind.NUMBER: is_plain_number,
    ValueKind.URL: is_url,
}
