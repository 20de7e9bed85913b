"""From the text of a cell to the text that is sent, by what its column holds.

A text changes only if its column's kind says so, and then only how it is written: what it says stays. What cannot
be read in one way alone is refused with its reason, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable

from heyx_bulk.values.boolean import convert_boolean, normalize_word
from heyx_bulk.values.dates import convert_date, convert_datetime
from heyx_bulk.values.email_url import convert_email, convert_url, is_email, is_url
from heyx_bulk.values.number import convert_number, is_plain_number
from heyx_bulk.values.phone import convert_phone, is_plain_phone
from heyx_bulk.values.times import convert_time
from heyx_bulk.values.value_types import ConversionError, PhoneFormat, ValueKind, ValueType

_MOST_SHOWN = 10


def convert(meant: ValueType, text: str) -> str:  # noqa: C901 - a table of cases
    """What is sent for `text`, which is trimmed and not blank. Raises `ConversionError` if it is not what `meant`
    says.

    What comes out is taken again as it is, save the digits of a phone of another country: without their `+`
    nothing says so any more.
    """
    match meant.kind:
        case ValueKind.TEXT:
            return text
        case ValueKind.PHONE:
            return convert_phone(meant, text)
        case ValueKind.EMAIL:
            return convert_email(text)
        case ValueKind.LIST:
            return _allowed(meant, text)
        case ValueKind.BOOLEAN:
            return convert_boolean(text)
        case ValueKind.NUMBER:
            return convert_number(text)
        case ValueKind.DATE:
            return convert_date(meant, text)
        case ValueKind.DATETIME:
            return convert_datetime(meant, text)
        case ValueKind.TIME:
            return convert_time(text)
        case ValueKind.URL:
            return convert_url(text)


def unchanged_test(meant: ValueType) -> Callable[[str], object]:
    """A quick test of texts that are trimmed and not blank: what it is true of, `converted` gives back as it is.

    It is not true of every such text, and of none where a look at the signs is not enough.
    """
    match meant.kind:
        case ValueKind.PHONE if meant.phone_format is PhoneFormat.AS_TYPED:
            return is_plain_phone
        case ValueKind.EMAIL:
            return is_email
        case ValueKind.LIST:
            return frozenset(meant.allowed).__contains__
        case ValueKind.BOOLEAN:
            return frozenset(("true", "false")).__contains__
        case ValueKind.NUMBER:
            return is_plain_number
        case ValueKind.URL:
            return is_url
        case ValueKind.TEXT:
            return _always
        case ValueKind.PHONE | ValueKind.DATE | ValueKind.DATETIME | ValueKind.TIME:
            return _never


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _allowed(meant: ValueType, text: str) -> str:
    """The allowed value that `text` is, whatever its case and blanks."""
    if text in meant.allowed:
        return text
    word = normalize_word(text)
    meanings = [value for value in meant.allowed if normalize_word(value) == word]
    if len(meanings) == 1:
        return meanings[0]
    shown = ", ".join(f"“{value}”" for value in meant.allowed[:_MOST_SHOWN])
    more = f" and {len(meant.allowed) - _MOST_SHOWN} more" if len(meant.allowed) > _MOST_SHOWN else ""
    raise ConversionError(
        "a value that is not allowed", f"it is none of those allowed: write one of {shown}{more}"
    )
