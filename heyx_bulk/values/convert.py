"""From the text of a cell to the text that is sent, by what its column holds.

A text changes only if its column's kind says so, and then only how it is written: what it says stays. What cannot
be read in one way alone is refused with its reason, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable

from heyx_bulk.values.boolean import converted_boolean, folded_word
from heyx_bulk.values.dates import converted_date, converted_datetime
from heyx_bulk.values.email_url import converted_email, converted_url, is_email, is_url
from heyx_bulk.values.number import converted_number, is_plain_number
from heyx_bulk.values.phone import converted_phone, is_plain_phone
from heyx_bulk.values.times import converted_time
from heyx_bulk.values.value_types import Kind, Meant, PhoneFormat, Unfit

_MOST_SHOWN = 10


def converted(meant: Meant, text: str) -> str:  # noqa: C901 - a table of cases
    """What is sent for `text`, which is trimmed and not blank. Raises `Unfit` if it is not what `meant` says.

    What comes out is taken again as it is, save the digits of a phone of another country: without their `+`
    nothing says so any more.
    """
    match meant.kind:
        case Kind.TEXT:
            return text
        case Kind.PHONE:
            return converted_phone(meant, text)
        case Kind.EMAIL:
            return converted_email(text)
        case Kind.LIST:
            return _allowed(meant, text)
        case Kind.BOOLEAN:
            return converted_boolean(text)
        case Kind.NUMBER:
            return converted_number(text)
        case Kind.DATE:
            return converted_date(meant, text)
        case Kind.DATETIME:
            return converted_datetime(meant, text)
        case Kind.TIME:
            return converted_time(text)
        case Kind.URL:
            return converted_url(text)


def keeps(meant: Meant) -> Callable[[str], object]:
    """A quick test of texts that are trimmed and not blank: what it is true of, `converted` gives back as it is.

    It is not true of every such text, and of none where a look at the signs is not enough.
    """
    match meant.kind:
        case Kind.PHONE if meant.phone_format is PhoneFormat.AS_TYPED:
            return is_plain_phone
        case Kind.EMAIL:
            return is_email
        case Kind.LIST:
            return frozenset(meant.allowed).__contains__
        case Kind.BOOLEAN:
            return frozenset(("true", "false")).__contains__
        case Kind.NUMBER:
            return is_plain_number
        case Kind.URL:
            return is_url
        case Kind.TEXT:
            return _always
        case Kind.PHONE | Kind.DATE | Kind.DATETIME | Kind.TIME:
            return _never


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _allowed(meant: Meant, text: str) -> str:
    """The allowed value that `text` is, whatever its case and blanks."""
    if text in meant.allowed:
        return text
    word = folded_word(text)
    meanings = [value for value in meant.allowed if folded_word(value) == word]
    if len(meanings) == 1:
        return meanings[0]
    shown = ", ".join(f"“{value}”" for value in meant.allowed[:_MOST_SHOWN])
    more = f" and {len(meant.allowed) - _MOST_SHOWN} more" if len(meant.allowed) > _MOST_SHOWN else ""
    raise Unfit("a value that is not allowed", f"it is none of those allowed: write one of {shown}{more}")
