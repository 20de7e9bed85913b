"""From the text of a cell to the text that is sent, by the type of its column.

Only how a text is written may change, never its meaning, and only as its column's type requires. A text that can
be read in more than one way is rejected with the reason, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from heyx_bulk.values.boolean import convert_boolean, normalize_word
from heyx_bulk.values.dates import convert_date, convert_datetime
from heyx_bulk.values.email_url import convert_email, convert_url, is_email, is_url
from heyx_bulk.values.number import convert_number, is_plain_number
from heyx_bulk.values.phone import convert_phone, is_plain_phone
from heyx_bulk.values.times import convert_time
from heyx_bulk.values.value_types import ConversionError, PhoneFormat, ValueKind, ValueType

_MOST_SHOWN = 10


def convert(value_type: ValueType, text: str) -> str:  # noqa: C901 - a table of cases
    """Convert `text`, which is trimmed and not blank, to what is sent; raise `ConversionError` if it does not fit.

    Converting the result again changes nothing, except for a phone of another country sent as bare digits: without
    its `+` the country is lost.
    """
    match value_type.kind:
        case ValueKind.TEXT:
            return text
        case ValueKind.PHONE:
            return convert_phone(value_type, text)
        case ValueKind.EMAIL:
            return convert_email(text)
        case ValueKind.LIST:
            return _allowed(value_type.allowed, text)
        case ValueKind.BOOLEAN:
            return convert_boolean(text)
        case ValueKind.NUMBER:
            return convert_number(text)
        case ValueKind.DATE:
            return convert_date(value_type, text)
        case ValueKind.DATETIME:
            return convert_datetime(value_type, text)
        case ValueKind.TIME:
            return convert_time(text)
        case ValueKind.URL:
            return convert_url(text)


def unchanged_test(value_type: ValueType) -> Callable[[str], object]:
    """A quick test of texts that are trimmed and not blank: if it is true, `convert` returns the text unchanged.

    It may be false for such a text, and always is where a look at the characters is not enough.
    """
    match value_type.kind:
        case ValueKind.PHONE if value_type.phone_format is PhoneFormat.AS_TYPED:
            return is_plain_phone
        case ValueKind.EMAIL:
            return is_email
        case ValueKind.LIST:
            return frozenset(value_type.allowed).__contains__
        case ValueKind.BOOLEAN:
            return frozenset(("true", "false")).__contains__
        case ValueKind.NUMBER:
            return is_plain_number
        case ValueKind.URL:
            return is_url
        case ValueKind.TEXT:
            return lambda _: True
        case ValueKind.PHONE | ValueKind.DATE | ValueKind.DATETIME | ValueKind.TIME:
            return lambda _: False


def _allowed(allowed: Sequence[str], text: str) -> str:
    """The allowed value that `text` is, whatever its case and blanks."""
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
