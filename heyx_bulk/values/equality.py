"""When HeyX considers two values equal, and how a phone is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from heyx_bulk.models.contacts import Value
from heyx_bulk.values.text import digits, trim


class PhoneLookup(StrEnum):
    """Which spellings of a phone are searched for beside the written one; HeyX keeps them with or without `+`."""

    BOTH = "both"
    PLUS = "plus"
    DIGITS = "digits"
    AS_WRITTEN = "as-written"


class PhoneSpelling(StrEnum):
    """How a text spells a phone: `+` and digits, bare digits, or anything else."""

    PLUS = "plus"
    DIGITS = "digits"
    OTHER = "other"


def spelling_of(phone: str) -> PhoneSpelling:
    """How the text `phone` is spelled."""
    bare = digits(phone)
    return {f"+{bare}": PhoneSpelling.PLUS, bare: PhoneSpelling.DIGITS}.get(phone, PhoneSpelling.OTHER)


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


def is_same(field: str, ours: str, theirs: Value) -> bool:
    """Whether HeyX, given `ours`, would hold `theirs`: trimmed, `"true"` and true, phones by digits."""
    ours, held = trim(ours), text_of(theirs)
    if field == "phone" and held:
        return digits(ours) == digits(held)
    if isinstance(theirs, bool):
        return ours.casefold() == held
    return ours == held


def key_text(field: str, value: Value) -> str:
    """A match key's value in the form in which it is compared: a phone's digits, an address without case."""
    return key_texts(field, [text_of(value)])[0]


def key_texts(field: str, texts: Sequence[str]) -> list[str]:
    """`key_text` for texts of one field, trimmed already."""
    match field:
        case "phone":
            bare = [text.removeprefix("+") for text in texts]
            whole = "".join(bare)
            return bare if whole.isascii() and whole.isdigit() else [*map(digits, texts)]
        case "email":
            return [*map(str.casefold, texts)]
        case _:
            return [*texts]


def spellings(field: str, value: str, lookup: PhoneLookup) -> tuple[str, ...]:
    """The texts to search for so that a contact with this key value is found, most likely first.

    The written form is always among them: a contact that we create keeps its phone in that form and must be found
    by it again.
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
