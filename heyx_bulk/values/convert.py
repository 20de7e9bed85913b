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
from heyx_bulk.values.email import convert_email, is_plain_email
from heyx_bulk.values.phone import convert_phone, is_e164, plain_phone_test
from heyx_bulk.values.text import plain_signs
from heyx_bulk.values.value_types import ConversionError, PhoneFormat, ValueKind, ValueType

is_url = re.compile(
    r"https?://(?:[^\s/?#@]*@)?(?:[^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:[/?#]\S*)?", re.IGNORECASE
).fullmatch
"""Matches a web address: http or https, a host, no blank."""

_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#:]\S*)?")
_MOST_SHOWN = 10
_MOST_LETTERS = 20
_NO_NUMBER = "not a valid number"

is_plain_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?").fullmatch
"""Matches a number that is sent unchanged."""

_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
_BODY = re.compile(r"([+-]?)([0-9.,' ]*[0-9])")
_GROUPS = re.compile(r"[0-9]{1,3}(?:[.,' ][0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
"""Digits in groups of three, or as India and Pakistan group them."""

_AMBIGUOUS = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2012\u2013", "-"),
        **dict.fromkeys("\u00a0\u202f\u2009\u2007", " "),
        **dict.fromkeys("\u2019\u02bc\u066c", "'"),
        "\u066b": ".",
        "\u060c": ",",
    }
)
"""Characters in numbers and the ones they are read as; the Arabic thousands separator (U+066C), like an
apostrophe, is never a decimal separator."""


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
            return plain_phone_test()
        case ValueKind.PHONE if value_type.phone_format is PhoneFormat.E164:
            return is_e164
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


def convert_number(text: str) -> str:
    """`text` as plain decimal text: `1234.50` for `1,234.50`, `1.234,50` and `1 234,50`; its decimals all stay.

    A lone comma before three digits (`1,234`) can be read in two ways and is rejected. A lone point is always a
    decimal separator, as spreadsheets and programs write it.
    """
    if is_plain_number(text):
        return text
    number = plain_signs(text).translate(_SIGNS)
    if _SCIENTIFIC.fullmatch(number):
        raise ConversionError(
            "a number that the spreadsheet has rounded",
            "the spreadsheet has shortened it and digits may be lost: format the column as a number with all its "
            "digits and save it again",
        )
    if not (found := _BODY.fullmatch(number)):
        strange = "".join(
            sign for sign in number if sign.isalpha() or sign in "%‰" or unicodedata.category(sign) == "Sc"
        )
        if strange and any(sign.isdigit() for sign in number):
            raise ConversionError(
                "a number with a currency or unit",
                f"“{strange[:_MOST_LETTERS]}” does not belong in a number: remove it, or make the column a text",
            )
        raise ConversionError(_NO_NUMBER, "it is not a number: write one with digits, such as 1234.50")
    sign, body = found.groups()
    whole, fraction = _split_decimals(body)
    return ("-" if sign == "-" else "") + (whole or "0") + fraction


def _split_decimals(body: str) -> tuple[str, str]:
    """The whole part without separators, and the decimals with a point in front (or nothing)."""
    if _AMBIGUOUS.fullmatch(body):
        whole, decimals = body.split(",")
        raise ConversionError(
            "a number that can be read in two ways",
            f"its comma may separate thousands or decimals: write {whole}{decimals} or {whole}.{decimals}",
        )
    separators = re.sub(r"[0-9]", "", body)
    last = separators[-1:]
    fraction = ""
    if last in (".", ",") and separators.count(last) == 1:
        body, fraction = body.rsplit(last, 1)
        separators = separators[:-1]
    if separators and not (len(set(separators)) == 1 and _GROUPS.fullmatch(body)):
        raise ConversionError(_NO_NUMBER, "its digits are not grouped as in a number: write it without separators")
    whole = re.sub(r"[^0-9]", "", body)
    if len(whole) > 1 and whole.startswith("0"):
        raise ConversionError(
            "a number with leading zeros",
            "a number has no leading zeros: remove them, or make the column a text if they are part of it",
        )
    return whole, f".{fraction}" if fraction else ""


def _boolean(text: str) -> str:
    """`true` or `false`."""
    found = parse_boolean(text)
    if found is None:
        raise ConversionError("neither yes nor no", "it says neither yes nor no: write true or false")
    return "true" if found else "false"


def _url(text: str) -> str:
    """`text` as it is, if it is a web address with http or https."""
    if is_url(text):
        return text
    if _DOMAIN.fullmatch(text):
        raise ConversionError(
            "a web address without https://", f"it has no https:// in front: write https://{text}"
        )
    raise ConversionError(
        "not a valid web address", "write an address such as https://example.com/page, without blanks"
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
    raise ConversionError("a value that is not allowed", f"it is not an allowed value: write one of {shown}{more}")


_BY_TEXT: dict[ValueKind, Callable[[str], str]] = {
    ValueKind.TEXT: str,
    ValueKind.EMAIL: convert_email,
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
    ValueKind.EMAIL: is_plain_email,
    ValueKind.BOOLEAN: frozenset(("true", "false")).__contains__,
    ValueKind.NUMBER: is_plain_number,
    ValueKind.URL: is_url,
}
