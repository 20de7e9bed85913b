"""The characters of a text: blanks around it, digits of every script, numbers that a spreadsheet damaged."""

from __future__ import annotations

import re

BLANKS = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
"""Characters around a value that are not part of it: blanks, no-break and zero-width spaces, line ends."""

_NO_DIGITS = re.compile(r"[^0-9]+")
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Invisible marks of the writing direction: address books put them around phones."""

_FULL_WIDTH = 0xFEE0
"""The distance in Unicode from a plain character to its full-width form."""


def trim(text: str) -> str:
    """`text` without the blanks, no-break and zero-width spaces around it; those inside stay."""
    return text.strip(BLANKS)


def digits(phone: str) -> str:
    """The digits of a phone, as ASCII: what two spellings of one phone have in common."""
    if phone.isascii():
        if (bare := phone.removeprefix("+")).isdigit():
            return bare
        return _NO_DIGITS.sub("", phone)
    return "".join(str(int(sign)) for sign in phone if sign.isdecimal())


def plain_signs(text: str) -> str:
    """`text` with digits of every script as 0-9 and full-width characters as plain ones, without direction marks.

    Everything else stays, so an ASCII text is returned as it is.
    """
    if text.isascii():
        return text
    return trim("".join(_plain_sign(sign) for sign in text))


def _plain_sign(sign: str) -> str:
    if sign.isdecimal():
        return str(int(sign))
    if "\uff01" <= sign <= "\uff5e":
        return chr(ord(sign) - _FULL_WIDTH)
    return "" if sign in _DIRECTIONS else sign


def is_damaged_number(text: str) -> bool:
    """Whether `text` is what a spreadsheet makes of a long number (`1.78E+15`): its digits are gone."""
    return _SCIENTIFIC.fullmatch(text) is not None
