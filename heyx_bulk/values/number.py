"""Numbers: plain decimal text from what people write. Text to text, so no digit is lost or rounded."""

from __future__ import annotations

import re
import unicodedata

from heyx_bulk.values.text import plain_signs
from heyx_bulk.values.value_types import ConversionError

NO_NUMBER = "a number that is none"

_MOST_SHOWN = 20

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
                f"“{strange[:_MOST_SHOWN]}” does not belong in a number: take it off, or make the column a text",
            )
        raise ConversionError(NO_NUMBER, "it is no number: write one with digits, such as 1234.50")
    sign, body = found.groups()
    whole, fraction = _split_decimals(body)
    return ("-" if sign == "-" else "") + (whole or "0") + fraction


def _split_decimals(body: str) -> tuple[str, str]:
    """The whole part without separators, and the decimals with a point in front (or nothing)."""
    if _AMBIGUOUS.fullmatch(body):
        whole, decimals = body.split(",")
        raise ConversionError(
            "a number that can be read in two ways",
            f"its comma may part thousands or decimals: write {whole}{decimals} or {whole}.{decimals}",
        )
    separators = re.sub(r"[0-9]", "", body)
    last = separators[-1:]
    fraction = ""
    if last in (".", ",") and separators.count(last) == 1:
        body, fraction = body.rsplit(last, 1)
        separators = separators[:-1]
    if separators and not (len(set(separators)) == 1 and _GROUPS.fullmatch(body)):
        raise ConversionError(
            NO_NUMBER, "its digits are not parted as those of a number: write it without separators"
        )
    whole = re.sub(r"[^0-9]", "", body)
    if len(whole) > 1 and whole.startswith("0"):
        raise ConversionError(
            "a number with zeros in front",
            "a number has no zeros in front: take them off, or make the column a text if they belong to it",
        )
    return whole, f".{fraction}" if fraction else ""
