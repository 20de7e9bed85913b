"""The country of a phone, by its country code, and the countries where one phone is written in two ways. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_SHARED = {"1": "US, CA and others", "7": "RU, KZ"}
"""Country codes that several countries have; others are named by the one that most of their phones are of."""

_MEXICO = re.compile(r"52(1?)([2-9][0-9]{9})")
_ARGENTINA = re.compile(r"54(9?)([1-3][0-9]{9})")
_BRAZIL = re.compile(r"(55[1-9][0-9])(9?)([6-9][0-9]{7})")
TWO_FORMS = ("52", "54", "55")
"""The country codes whose phones may be written in two ways."""


@cache
def country_codes() -> frozenset[str]:
    """Every country code, as digits."""
    import phonenumbers  # noqa: PLC0415 - loaded only where phones are read by their country

    return frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


def country_code(bare: str) -> str:
    """The country code that the digits of a phone begin with; blank if no country has one."""
    return next((bare[:length] for length in (1, 2, 3) if bare[:length] in country_codes()), "")


@cache
def country_name(code: str) -> str:
    """A country code and whose it is: `+92 (PK)`."""
    import phonenumbers  # noqa: PLC0415 - likewise

    region = phonenumbers.region_code_for_country_code(int(code))
    return f"+{code} ({_SHARED.get(code, region)})"


@cache
def code_of_region(region: str) -> str:
    """The country code of a region (ISO 3166, two capitals)."""
    import phonenumbers  # noqa: PLC0415 - likewise

    return str(phonenumbers.country_code_for_region(region))


@cache
def possible_lengths(code: str) -> frozenset[int]:
    """How many digits phones with this country code have behind it, dialled from abroad."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata  # noqa: PLC0415 - likewise

    regions: Iterable[str] = COUNTRY_CODE_TO_REGION_CODE[int(code)]
    known = (PhoneMetadata.metadata_for_region_or_calling_code(int(code), region) for region in regions)
    described = (one.general_desc for one in known if one is not None)
    return frozenset(length for one in described if one is not None for length in one.possible_length)


def fits_its_country(bare: str) -> bool:
    """Whether the digits of a phone are a country code and as many digits as phones of that country have."""
    code = country_code(bare)
    return bool(code) and len(bare) - len(code) in possible_lengths(code)


def has_old_form(bare: str) -> bool:
    """Whether the digits of a phone are a form that its country has given up.

    That is a 1 behind Mexico's country code (until 2019), and a Brazilian mobile without its 9 (until 2016).
    """
    if found := _MEXICO.fullmatch(bare):
        return bool(found[1])
    found = _BRAZIL.fullmatch(bare)
    return found is not None and not found[2]


def other_forms(bare: str) -> tuple[str, ...]:
    """The other digits by which the same phone, given with its country code, is known.

    A Mexican phone may have a 1 behind the country code, an Argentine mobile has a 9 there when it is called from
    abroad, and a Brazilian mobile has got a 9 in front of its eight digits. Address books and WhatsApp hold both.
    """
    if bare[:2] not in TWO_FORMS:
        return ()
    if found := _MEXICO.fullmatch(bare):
        return (f"52{found[2]}" if found[1] else f"521{found[2]}",)
    if found := _ARGENTINA.fullmatch(bare):
        return (f"54{found[2]}" if found[1] else f"549{found[2]}",)
    if found := _BRAZIL.fullmatch(bare):
        return (f"{found[1]}{found[3]}" if found[2] else f"{found[1]}9{found[3]}",)
    return ()


def shortest_form(bare: str) -> str:
    """The digits of a phone in the form in which they are compared: the shortest of those it is known by."""
    return bare if bare[:2] not in TWO_FORMS else min((bare, *other_forms(bare)), key=len)
