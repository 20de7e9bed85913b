"""What a cell means as a field's value, and when two values are equal to HeyX. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from heyx_bulk.model import Value

BLANKS = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
"""What surrounds a value without belonging to it: blanks, no-break and zero-width space, line ends."""

_NO_DIGITS = re.compile(r"[^0-9]+")
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")


class PhoneLookup(StrEnum):
    """Which spellings of a phone are searched for beside the written one; HeyX keeps them with or without `+`."""

    BOTH = "both"
    PLUS = "plus"
    DIGITS = "digits"
    AS_WRITTEN = "as-written"


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


def is_damaged_number(text: str) -> bool:
    """Whether `text` is what a spreadsheet makes of a long number (`1.78E+15`): its digits are gone."""
    return _SCIENTIFIC.fullmatch(text) is not None


def text_of(value: Value) -> str:
    """A value of HeyX as the text a sheet would hold: `true` for True, blank for null, trimmed."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return trim(str(value))


def same(field: str, ours: str, theirs: Value) -> bool:
    """Whether HeyX, given `ours`, would hold `theirs`: trimmed, `"true"` and true, phones by digits."""
    ours, held = trim(ours), text_of(theirs)
    if field == "phone" and held:
        return digits(ours) == digits(held)
    if isinstance(theirs, bool):
        return ours.casefold() == held
    return ours == held


def key_text(field: str, value: Value) -> str:
    """The form in which a match key's values are compared: a phone's digits, an address without case."""
    text = text_of(value)
    match field:
        case "phone":
            return digits(text)
        case "email":
            return text.casefold()
        case _:
            return text


def key_of(field: str) -> Callable[[str], str]:
    """`key_text` for the texts of one field, trimmed already."""
    match field:
        case "phone":
            return digits
        case "email":
            return str.casefold
        case _:
            return str


def spellings(field: str, value: str, lookup: PhoneLookup) -> tuple[str, ...]:
    """The texts to search for so that a contact with this key value is found, likeliest first.

    The written form is always among them: a contact that we create keeps its phone just so, and must be found
    again under it.
    """
    value = trim(value)
    if field != "phone":
        return (value,)
    bare = digits(value)
    others = {
        PhoneLookup.BOTH: (f"+{bare}", bare),
        PhoneLookup.PLUS: (f"+{bare}",),
        PhoneLookup.DIGITS: (bare,),
        PhoneLookup.AS_WRITTEN: (),
    }
    return tuple(dict.fromkeys((value, *others[lookup])))
