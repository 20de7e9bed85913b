"""From the text of a cell to the text that is sent, by what its column holds.

A text changes only if its column's kind says so, and then only how it is written: what it says stays. What cannot
be read in one way alone is refused with its reason, never guessed.
"""

from __future__ import annotations

from heyx_bulk.values.address import converted_email, converted_url
from heyx_bulk.values.boolean import converted_boolean, folded_word
from heyx_bulk.values.dates import converted_date, converted_datetime
from heyx_bulk.values.meaning import Kind, Meant, Unfit
from heyx_bulk.values.number import converted_number
from heyx_bulk.values.phone import converted_phone
from heyx_bulk.values.times import converted_time

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
