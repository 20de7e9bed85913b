"""Checks of a column of phones: their countries, and phones that differ from the others by what was lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from heyx_bulk.mapping.column_check import MOST_OF, ColumnCheck, Finding, Rows, together
from heyx_bulk.values.phone import (
    FEWEST_DIGITS,
    FEWEST_DIGITS_WITH_CODE,
    PLACEHOLDER_ENDS,
    PREFIXES_ABROAD,
    begins_with_plus,
    is_phone_anywhere,
    is_placeholder,
)
from heyx_bulk.values.phone_country import (
    code_of_region,
    country_code,
    country_name,
    fits_its_country,
    has_old_form,
)
from heyx_bulk.values.text import digits, trim
from heyx_bulk.values.value_types import PhoneFormat, ValueType

_PREFIX = re.compile(rf"(?:{'|'.join(PREFIXES_ABROAD)})([1-9][0-9]{{6,}})")
_ONE_REGION = re.compile(r"\(([A-Z]{2})\)$")


@dataclass(frozen=True, slots=True)
class PhoneCountry:
    """How many rows have a phone of one country: `+92 (PK)`, or blank for phones without country code."""

    country: Annotated[str, "The country code, such as `+92 (PK)`. Blank for phones without country code."]
    rows: Annotated[int, "The number of rows."]
    first: Annotated[tuple[int, ...], "The numbers of the first rows."]

    @property
    def region(self) -> str:
        """The region of the country, such as `PK`; blank if there is no single one."""
        found = _ONE_REGION.search(self.country)
        return found[1] if found else ""


class PhoneShape(NamedTuple):
    """What a phone looks like: its country code where it says one, its digits, and what is strange about it.

    `start` is how it begins: `+`, `0` for a trunk zero, `00` for a prefix for calls abroad, else blank.
    """

    start: str
    code: str
    digits: int = 0
    strange: str = ""

    def __str__(self) -> str:
        return "|".join(map(str, self))

    @classmethod
    def from_label(cls, label: str) -> PhoneShape:
        """The shape that has this text."""
        start, code, count, strange = label.split("|")
        return cls(start, code, int(count), strange)


_WRONG_LENGTH, _TRUNK_ZERO, _OLD_FORM, _PLACEHOLDER = "length", "trunk zero", "old form", "placeholder"
_NINES = str.maketrans("0123456789", "9999999999")
_CODE_WITHIN, _OLD_FORM_WITHIN = 6, 9
"""First characters of a phone that say its country code; and in Mexico and Brazil, whether its form is old."""


class PhoneCheck(ColumnCheck):
    """The check of a column of phones, whose labels are shapes."""


def phone_check(value_type: ValueType) -> PhoneCheck:
    """The check of a column of phones of this type."""
    as_typed = value_type.phone_format is PhoneFormat.AS_TYPED or value_type.region is None

    def findings(found: Mapping[str, Rows]) -> Iterator[Finding]:
        shapes = _shapes(found)
        yield from _lost(shapes)
        yield from _strange(shapes, as_typed=as_typed)

    return PhoneCheck(_labels(), findings)


def _shapes(found: Mapping[str, Rows]) -> dict[PhoneShape, Rows]:
    return {PhoneShape.from_label(label): rows for label, rows in found.items()}


def phone_countries(labelled: Mapping[str, Rows], region: str | None) -> list[PhoneCountry]:
    """The phones of a column by country, most frequent first, those without country code last.

    A phone without `+` is of `region` if there is one. Without a region, phones of many digits that nearly all
    begin with the same country code are of that country.
    """
    found = _shapes(labelled)
    home = code_of_region(region) if region is not None else ""
    bare = together(rows for shape, rows in found.items() if not shape.start)
    by_code: dict[str, list[Rows]] = {}
    for shape, rows in found.items():
        code = shape.code if shape.start in ("+", "00") else home
        if not code and shape.code:
            alike = (other for one, other in found.items() if not one.start and one.code == shape.code)
            code = shape.code if together(alike).count >= MOST_OF * bare.count else ""
        by_code.setdefault(code, []).append(rows)
    merged = {code: together(rows) for code, rows in by_code.items()}
    ordered = sorted(merged.items(), key=lambda item: (not item[0], -item[1].count, item[0]))
    return [
        PhoneCountry(country_name(code) if code else "", rows.count, tuple(rows.first)) for code, rows in ordered
    ]


def _labels() -> Callable[[str], str | None]:
    """What gives a phone its label; phones alike in their first characters and their signs have the same shape."""
    known: dict[tuple[str, int | str], str | None] = {}

    def label(text: str) -> str | None:
        if text[-4:] in PLACEHOLDER_ENDS:
            return _label(text)
        start, rest = text[: _OLD_FORM_WITHIN if text[1:2] == "5" else _CODE_WITHIN], text[1:]
        if text[:1] == "+" and rest.isdigit() and rest.isascii():
            key: tuple[str, int | str] = start, len(rest)
        elif "(0" in text or "00" in text[:4] or "011" in text[:4]:
            return _label(text)
        else:
            key = start, rest.translate(_NINES)
        if key not in known:
            known[key] = _label(text)
        return known[key]

    return label


def _label(text: str) -> str | None:
    shape = _shape(text)
    return None if shape is None else str(shape)


def _shape(text: str) -> PhoneShape | None:
    phone, bare = trim(text), digits(text)
    if not is_phone_anywhere(phone):
        return None
    if begins_with_plus(phone):
        return _abroad(bare, phone)
    if found := _PREFIX.fullmatch(bare):
        code = country_code(found[1])
        if code and fits_its_country(found[1]):
            return PhoneShape("00", code)
    strange = _PLACEHOLDER if is_placeholder(bare) else ""
    if bare[0] == "0":
        return PhoneShape("0", "", len(bare), strange)
    code = country_code(bare) if len(bare) >= FEWEST_DIGITS_WITH_CODE and fits_its_country(bare) else ""
    return PhoneShape("", code, len(bare), strange)


def _abroad(bare: str, text: str) -> PhoneShape | None:
    """The shape of a phone with `+`; None where no country has such a phone."""
    code = country_code(bare)
    if not code or len(bare) - len(code) < FEWEST_DIGITS:
        return None
    if has_old_form(bare):
        return PhoneShape("+", code, strange=_OLD_FORM)
    if "(0)" in text.replace(" ", ""):
        return PhoneShape("+", code, strange=_TRUNK_ZERO)
    return PhoneShape("+", code, strange="" if fits_its_country(bare) else _WRONG_LENGTH)


def _lost(found: Mapping[PhoneShape, Rows]) -> Iterator[Finding]:
    """Phones against the pattern of their own column: a lost `+`, a lost zero in front."""
    by_start: dict[str, list[Rows]] = {}
    for shape, rows in found.items():
        by_start.setdefault(shape.start, []).append(rows)
    total = together(found.values()).count
    bare = together(by_start.get("", ()))
    if bare.count and together(by_start.get("+", ())).count >= MOST_OF * total:
        yield bare, "no + in front, where most phones of the column have one"
    lengths: dict[tuple[str, int], list[Rows]] = {}
    for shape, rows in found.items():
        if shape.start in ("", "0"):
            lengths.setdefault((shape.start, shape.digits), []).append(rows)
    for (start, length), some in lengths.items():
        zeros, short = together(some), together(lengths.get(("", length - 1), ()))
        if start == "0" and short.count and zeros.count >= MOST_OF * (zeros.count + short.count):
            yield (
                short,
                "one digit short and no 0 in front, where most phones of the column have one: did a "
                "spreadsheet remove it?",
            )


def _strange(found: Mapping[PhoneShape, Rows], *, as_typed: bool) -> Iterator[Finding]:
    """Phones that will not be found in HeyX as they are written, and those that nobody may have."""
    by_kind: dict[str, list[Rows]] = {}
    for shape, rows in found.items():
        by_kind.setdefault("00" if shape.start == "00" else shape.strange, []).append(rows)
    said = {
        _OLD_FORM: "an old form of a phone (Mexico with a 1 behind +52, Brazil without the 9 of mobiles): "
        "contacts are searched for under both forms",
        _PLACEHOLDER: "the same digit throughout, or digits that count up: is it a placeholder?",
    }
    if as_typed:
        said |= {
            "00": "00 or 011 in front instead of +, so a contact that HeyX has with + is not found: --region with "
            "the country of your phones, such as --region PK, sends them with +",
            _TRUNK_ZERO: "(0) behind the country code, so a contact that HeyX has without it is not found: "
            "--phone-format e164 leaves it out",
            _WRONG_LENGTH: "more or fewer digits than phones of that country have: check the phone",
        }
    for kind, what in said.items():
        if kind in by_kind:
            yield together(by_kind[kind]), what
