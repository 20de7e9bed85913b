"""When HeyX considers two values equal, and how a phone is looked up."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from heyx_bulk.values.phone_country import TWO_FORMS, other_forms, shortest_form
from heyx_bulk.values.text import comparable, digits, plain_key, plain_phone_signs, trim, without_marks

if TYPE_CHECKING:
    from heyx_bulk.models.contacts import Value


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
    """Whether HeyX, given `ours`, would hold `theirs`: `"true"` and true, phones and emails as keys are compared.

    Other texts are compared trimmed, in Unicode's composed form and with odd spaces as plain ones.
    """
    held = text_of(theirs)
    if field in _NORMALIZERS and held:
        return key_text(field, ours) == key_text(field, held)
    ours = trim(ours)
    if isinstance(theirs, bool):
        return ours.casefold() == held
    return ours == held or comparable(ours) == comparable(held)


def is_written_alike(field: str, ours: str, theirs: Value) -> bool:
    """Whether `ours` and `theirs` are the same and, if a phone or an email, written in the same way.

    A phone with or without its `+`, or an email in capitals, may have been edited on purpose. Invisible marks and
    odd spaces do not count: no person types them.
    """
    plain = _PLAIN_SIGNS.get(field)
    return plain(trim(ours)) == plain(text_of(theirs)) if plain else is_same(field, ours, theirs)


def same_tags(tag: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Those of `tags` that are `tag`, as they are spelled there: exactly, or as texts are compared."""
    if tag in tags:
        return (tag,)
    wanted, plain = _tag_text(tag), tag.isascii()
    return tuple(held for held in sorted(tags) if not (plain and held.isascii()) and _tag_text(held) == wanted)


def _tag_text(tag: str) -> str:
    return comparable(without_marks(tag))


def key_text(field: str, value: Value) -> str:
    """A match key's value in the form in which it is compared.

    A phone's digits, in one form where its country has two; an address without case; without invisible marks.
    """
    return key_normalizer(field)(text_of(value))


def key_texts(field: str, texts: Sequence[str]) -> list[str]:
    """`key_text` for texts of one field, trimmed already."""
    if field == "phone":
        bare = [text.removeprefix("+") for text in texts]
        whole = "".join(bare)
        if whole.isascii() and whole.isdigit():
            return bare if {text[:2] for text in bare}.isdisjoint(TWO_FORMS) else [*map(shortest_form, bare)]
    return [*map(key_normalizer(field), texts)]


def key_normalizer(field: str) -> Callable[[str], str]:
    """`key_text` for the texts of one field, trimmed already."""
    return _NORMALIZERS.get(field, _composed_key)


def _composed_key(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", plain_key(text))


def _phone_key(text: str) -> str:
    bare = text.removeprefix("+")
    return shortest_form(bare if bare.isascii() and bare.isdigit() else digits(text))


def _email_key(text: str) -> str:
    return text.lower() if text.isascii() else _composed_key(text).lower()


_NORMALIZERS: dict[str, Callable[[str], str]] = {"phone": _phone_key, "email": _email_key}
_PLAIN_SIGNS: dict[str, Callable[[str], str]] = {"phone": plain_phone_signs, "email": plain_key}


def spellings(field: str, value: str, lookup: PhoneLookup) -> tuple[str, ...]:
    """The texts to search for so that a contact with this key value is found, most likely first.

    The written form is always among them: a contact that we create keeps its phone in that form and must be found
    by it again. An email is searched for in lower case too. A phone is searched for as `lookup` says; where its
    country has two forms of it, in the other one too, unless only written forms are wanted.
    """
    value = trim(value)
    if field == "email":
        return tuple(dict.fromkeys((value, value.lower())))
    if field != "phone":
        return (value,)
    bare = digits(value)
    forms = () if lookup is PhoneLookup.AS_WRITTEN else (bare, *other_forms(bare))
    signs = {PhoneLookup.BOTH: ("+", ""), PhoneLookup.PLUS: ("+",), PhoneLookup.DIGITS: ("",)}.get(lookup, ())
    return tuple(dict.fromkeys((value, *(f"{sign}{form}" for form in forms for sign in signs))))
