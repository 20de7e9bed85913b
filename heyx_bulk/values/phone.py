"""Phones: checked, and written with their country code where that is wanted.

The rules of each country come from phonenumbers (Google's libphonenumber). That library is given bare digits only:
its own reading of free text drops what it does not understand, and nothing may be dropped unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from heyx_bulk.models.phrases import count
from heyx_bulk.values.phone_country import country_code, country_codes, has_old_form, other_forms, shortest_form
from heyx_bulk.values.text import digits, is_damaged_number, plain_phone_signs
from heyx_bulk.values.value_types import ConversionError, PhoneFormat, ValueType

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

MOST_DIGITS = 20
"""The longest number that is dialled: 15 digits (ITU-T E.164), the prefix for calls abroad, a trunk zero."""

NO_PHONE = "not a valid phone number"
_ANOTHER_COUNTRY = "a phone that may be of another country"

PLACEHOLDER = "not a phone number: placeholder"
_NOT_A_PHONE = "it is a placeholder, not a real phone: enter the phone, or leave the cell blank"
_TOO_FEW = "it has too few digits: check the phone"
_TOO_MANY = "it has too many digits: check the phone"
_NO_COUNTRY = "no country has the code it begins with: write + and the country code in front"

FEWEST_DIGITS = 4
"""The shortest phones of a country, without its code: in Niue, Tokelau and Germany, as phonenumbers knows them."""

_MOST_DIGITS_ABROAD = 17
"""The longest phone with its country code: Germany has some with 15 digits behind its 49."""

_MOST_NATIONAL_DIGITS = 15
PREFIXES_ABROAD = ("00", "011")
"""What is dialled before a country code: in most countries, and in North America."""

_OTHER_PREFIXES = ("0", "810", "119")
"""How a phone with more digits than any phone may begin: also with the prefixes of Belarus and of Cuba."""

PLACEHOLDER_ENDS = frozenset((*(digit * 4 for digit in "0123456789"), "6789", "7890"))
"""How texts end that `is_placeholder` may be true of, and few others."""

_ONE_DIGIT = re.compile(r"([0-9])\1*")
_COUNTING = ("0123456789", "1234567890", "123456789", "01234567890")
begins_with_plus = re.compile(r"[^0-9]*\+").match
"""Whether a phone has a `+` before its digits, and so a country code behind it."""


_AROUND = re.compile(r"[\s()\[\]./~\-\u2010-\u2015\u2212\u30fc\u00b7]+")
"""Characters that people put between a phone's digits."""

_EXTENSION = re.compile(
    r"[^0-9]*[0-9].*?(?:;\s*ext\s*=|\#"
    r"|(?<![^\W\d_])(?:x|extn?|extension|xtn|anexo|anx|int|interno|ramal|poste|durchwahl|dw|samb|sambungan|доб)"
    r"|تحويلة|داخلي|分机|內線|内线|转|轉)[\s.:=]*[0-9]{1,7}[\s)\]]*",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(
    r"[/;,|&\r\n]+|:{2,}|(?<=[0-9)])\s*(?=\+)|\s(?:or|and|oder|und|ou|et|o|y|e|atau|dan|أو|او|یا|و|اور|或|和)\s",
    re.IGNORECASE,
)
_LONGEST_AREA = 6
"""Digits of the longest area code with its zero; a stroke behind more of them separates two phones."""

_LONGEST_AREA_ABROAD = 9
"""The same with a country code."""

_MOST_SHOWN = 20
FEWEST_DIGITS_WITH_CODE = 11
"""A phone without `+` may begin with a country code if it has at least this many digits."""

_LONGEST_CODE = 3
"""Digits of the longest country code."""

_BEGINNINGS_KEPT = 4096


@cache
def plain_phone_test() -> Callable[[str], object]:
    """A quick test: if it is true, a text is a phone that is sent as typed, and nothing else is to be checked."""
    starts: dict[str, list[str]] = {}
    for code in sorted(country_codes()):
        starts.setdefault(code[0], []).append(code[1:])
    codes = "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in starts.items())
    groups = r"(?:[ ().\-]{1,2}[0-9]{2,8}){1,4}"
    abroad = rf"\+(?:{codes})(?:[0-9]{{4,13}}|(?=.{{0,16}}\Z)[ ().\-]{{0,2}}[0-9]{{2,5}}{groups})"
    national = rf"\(?[0-9](?:[0-9]{{6,13}}|(?=.{{0,14}}\Z)[0-9]{{1,5}}{groups})"
    return re.compile(rf"(?:{abroad}|{national})(?<!{'|'.join(sorted(PLACEHOLDER_ENDS))})").fullmatch


def convert_phone(value_type: ValueType, text: str) -> str:
    """`text` as a phone in the format of `value_type`.

    As typed, it must be what a phone of some country can be, and is left as it stands, except for what no reader
    sees: digits of another script or width become 0-9, and invisible marks and odd spaces go, since HeyX would not
    find a contact again whose phone has them. Otherwise its digits must be a possible phone: by its `+`, or as
    dialled in the region. Without `+` and region digits stay digits; a country code is never guessed.
    """
    if value_type.phone_format is PhoneFormat.AS_TYPED:
        return text if plain_phone_test()(text) else _checked(text)
    phone = _checked(text)
    bare = _understood(phone, value_type.region)
    if value_type.region is not None or bare.startswith("+"):
        written = _international(bare, value_type.region)
        return written if value_type.phone_format is PhoneFormat.E164 else written.removeprefix("+")
    if value_type.phone_format is PhoneFormat.DIGITS:
        return bare
    raise ConversionError(
        "a phone without country code",
        "it has no + and no country code: write it with both, or name the country of your phones, such as "
        "--region PK",
    )


def is_e164(text: str) -> object:
    """A quick test of phones with `+`: if it is true, `convert_phone` writes `text` unchanged in E.164 format.

    phonenumbers takes 34 µs for a phone, this half a microsecond. It may be false for a phone that is unchanged.
    """
    return text[-4:] not in PLACEHOLDER_ENDS and _test_of_country(text[: 1 + _LONGEST_CODE])(text)


NO_REGION = "NONE"
"""What is written for a region where phones without country code are to be sent as they are."""


def is_region(text: str) -> bool:
    """Whether `text` is a country or territory with its own phones: ISO 3166, two capitals."""
    import phonenumbers  # noqa: PLC0415 - loaded only where phones are read by their country

    return text in phonenumbers.SUPPORTED_REGIONS


@lru_cache(_BEGINNINGS_KEPT)
def _test_of_country(beginning: str) -> Callable[[str], object]:
    """`is_e164` for phones with the country code that is in `beginning`, a `+` and the digits that follow.

    A phone stays as it is if the digits after the code are as many as the country's phones have, and do not begin
    with what phonenumbers takes off as a national prefix.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata  # noqa: PLC0415 - likewise

    code = beginning[1:]
    while code and not (code.isascii() and code.isdigit() and int(code) in COUNTRY_CODE_TO_REGION_CODE):
        code = code[:-1]
    if not code or beginning[0] != "+" or code[0] == "0":
        return lambda _: False
    region = COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
    country = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    phones = country.general_desc if country else None
    if country is None or phones is None:
        return lambda _: False
    prefix = country.national_prefix_for_parsing
    lengths = set(phones.possible_length) - set(phones.possible_length_local_only)
    rest = "|".join(f"[0-9]{{{length}}}" for length in sorted(lengths))
    return re.compile(rf"\+{code}{f'(?!{prefix})' if prefix else ''}(?:{rest})").fullmatch


def _checked(text: str) -> str:
    """`text` in plain signs; raises `ConversionError` if it is anything but one phone of some country."""
    phone = plain_phone_signs(text)
    length = len(digits(phone))
    if is_damaged_number(phone):
        raise ConversionError(
            "a phone that the spreadsheet has rounded",
            "the spreadsheet has rounded it and its digits are lost: format the column as Text and paste the "
            "phone again",
        )
    if not length:
        raise ConversionError("a phone without digits", "it has no digits: write a phone, or leave the cell blank")
    if _EXTENSION.fullmatch(phone):
        raise ConversionError(
            "a phone with an extension",
            "it has an extension, which cannot be sent: remove it, or put it into a separate column",
        )
    if length > MOST_DIGITS or _is_several(phone):
        raise ConversionError(
            "several phones in one cell",
            f"with {length} digits it seems to hold more than one phone: keep the one the contact is reached by",
        )
    if letters := "".join(sign for sign in phone if sign.isalpha() and sign != "\u30fc"):
        shown = letters[:_MOST_SHOWN]
        raise ConversionError("a phone with letters", f"“{shown}” does not belong in a phone: remove the letters")
    _require_phone_anywhere(digits(phone), abroad=begins_with_plus(phone) is not None)
    return phone


def is_phone_anywhere(text: str) -> bool:
    """Whether some country can have this phone, as far as its signs and the number of its digits show."""
    try:
        return bool(_checked(text))
    except ConversionError:
        return False


def _require_phone_anywhere(bare: str, *, abroad: bool) -> None:
    """Raise `ConversionError` where no country can have a phone with these digits; `abroad`: they follow a `+`."""
    code = country_code(bare) if abroad else ""
    national = bare[len(code) :]
    if not bare.strip("0"):
        raise ConversionError(PLACEHOLDER, _NOT_A_PHONE)
    if abroad and not code:
        raise ConversionError(NO_PHONE, _NO_COUNTRY)
    if len(national) < FEWEST_DIGITS:
        behind = f" behind its country code {code}" if code else ""
        raise ConversionError(
            PLACEHOLDER,
            f"it has {count(len(national), 'digit')}{behind}, fewer than any phone: write the phone, or leave the "
            "cell blank",
        )
    most = _MOST_DIGITS_ABROAD if abroad else _MOST_NATIONAL_DIGITS
    if len(bare) > most and (abroad or not bare.startswith(_OTHER_PREFIXES)):
        raise ConversionError(NO_PHONE, _TOO_MANY)
    if abroad and is_placeholder(national) and not _is_valid(f"+{bare}"):
        raise ConversionError(PLACEHOLDER, _NOT_A_PHONE)


def is_placeholder(national: str) -> bool:
    """Whether the digits of a phone without country code are those of a placeholder: one digit, or counting up.

    Some such phones exist, so this alone is no reason to refuse one.
    """
    return _ONE_DIGIT.fullmatch(national) is not None or national in _COUNTING


def _is_valid(bare: str, region: str | None = None) -> bool:
    """Whether the rules of its country know `bare` as a phone."""
    from phonenumbers import is_valid_number  # noqa: PLC0415 - likewise

    return any(map(is_valid_number, _parsed(bare, region)))


def _is_possible(bare: str, region: str | None) -> bool:
    """Whether its country has phones with as many digits as `bare`."""
    from phonenumbers import is_possible_number  # noqa: PLC0415 - likewise

    return any(map(is_possible_number, _parsed(bare, region)))


def _parsed(bare: str, region: str | None) -> list[PhoneNumber]:
    """`bare` as phonenumbers reads it, if it can be read."""
    from phonenumbers import NumberParseException, parse  # noqa: PLC0415 - likewise

    try:
        return [parse(bare, region)]
    except NumberParseException:
        return []


def _is_several(phone: str) -> bool:
    """Whether `phone` holds two: a whole one, which an area code is not, and more behind it."""
    parts = [part for part in _BETWEEN.split(phone) if digits(part)]
    return any(_is_whole(part) for part, _ in pairwise(parts))


def _is_whole(part: str) -> bool:
    bare = _AROUND.sub("", part)
    abroad = bare.startswith(("+", "00"))
    return len(digits(bare)) > (_LONGEST_AREA_ABROAD if abroad else _LONGEST_AREA)


def _bare(phone: str) -> str:
    """The digits of `phone`, and its `+` if it has one in front."""
    bare = _AROUND.sub("", phone)
    rest = bare.removeprefix("+")
    if not (rest.isascii() and rest.isdigit()):
        strange = "".join(dict.fromkeys(sign for sign in rest if not sign.isdigit()))
        raise ConversionError(
            NO_PHONE,
            f"“{strange[:_MOST_SHOWN]}” does not belong there: write the phone with digits and one + in front",
        )
    return bare


def _understood(phone: str, region: str | None) -> str:
    """The digits of `phone`, and its `+`, as people mean it.

    The zero in `+44 (0)20` is dialled in the country alone, and `00` and `011` stand for a `+` in every region,
    but only where the phone is none as it stands and is one without the zero or with the `+`. The 1 that
    Mexico had behind its country code is left out.
    """
    bare = _bare(phone)
    others = [_bare(phone.replace("(0)", "", 1))] if "(0)" in phone else []
    if region is not None:
        others += [f"+{bare.removeprefix(one)}" for one in PREFIXES_ABROAD if bare.startswith(one)]
    if others and not _is_valid(bare, region):
        better = _is_valid if _is_possible(bare, region) else _is_possible
        bare = next((other for other in others if better(other, region)), bare)
    with_code = bare.removeprefix("+") if bare.startswith("+") or region == "MX" else ""
    return f"+{shortest_form(with_code)}" if with_code.startswith("521") and has_old_form(with_code) else bare


def _international(bare: str, region: str | None) -> str:
    """`bare` with `+` and country code; it has a `+`, or it is dialled in `region`."""
    import phonenumbers  # noqa: PLC0415 - likewise

    try:
        number = phonenumbers.parse(bare, region, keep_raw_input=True)
    except phonenumbers.NumberParseException as failure:
        match failure.error_type:
            case phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
                reason = _NO_COUNTRY
            case phonenumbers.NumberParseException.TOO_LONG:
                reason = _TOO_MANY
            case _:
                reason = _TOO_FEW
        raise ConversionError(NO_PHONE, reason) from None
    _require_possible(number, None if bare.startswith("+") else region)
    if is_placeholder(str(number.national_number)) and not phonenumbers.is_valid_number(number):
        raise ConversionError(PLACEHOLDER, _NOT_A_PHONE)
    if number.country_code_source == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY and region is not None:
        number = _of_region(region, bare, number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _require_possible(number: PhoneNumber, region: str | None) -> None:
    """Raise `ConversionError` if the country of `number` has no phones of this length."""
    from phonenumbers import ValidationResult, is_possible_number_with_reason  # noqa: PLC0415 - likewise

    where = f"a phone with country code {number.country_code}"
    match is_possible_number_with_reason(number):
        case ValidationResult.IS_POSSIBLE:
            return
        case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            raise ConversionError(NO_PHONE, f"its area code is missing: write {where} whole")
        case ValidationResult.TOO_SHORT:
            reason = f"it has too few digits for {where}"
        case ValidationResult.TOO_LONG:
            reason = f"it has too many digits for {where}"
        case _:
            reason = f"it does not have as many digits as {where}"
    abroad = f" (one of another country than {region} needs a + in front)" if region else ""
    raise ConversionError(NO_PHONE, f"{reason}: check it{abroad}")


def _of_region(region: str, bare: str, number: PhoneNumber) -> PhoneNumber:
    """`number`, which `bare` is in `region`, or the one it is with a `+` in front; rejected if it may be both.

    The trunk zero that people dial inside a country shows that the phone is of `region`; so does the length of a
    phone in North America. Anything else must be a valid phone of `region`. If it is a long one and no mobile, and
    with a `+` in front a valid phone as well, it is a mobile of `region` with its country code, or ambiguous.
    """
    import phonenumbers  # noqa: PLC0415 - likewise

    trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
    valid = phonenumbers.is_valid_number(number)
    national = phonenumbers.national_significant_number(number)
    if number.country_code == 1:
        return number
    if trunk and bare.startswith(trunk):
        if national == bare and not valid:
            # Behind its trunk zero too little is left for any phone of the region.
            raise ConversionError(NO_PHONE, f"it has too few digits for a phone of {region}: check it")
        return number
    if not valid:
        if any(_is_valid(f"+{form}") for form in other_forms(f"{number.country_code}{national}")):
            return number
        raise ConversionError(
            _ANOTHER_COUNTRY, f"{region} has no such phone: if it is one of another country, write + in front"
        )
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if len(bare) < FEWEST_DIGITS_WITH_CODE or phonenumbers.number_type(number) in mobile:
        return number
    try:
        abroad = phonenumbers.parse(f"+{bare}")
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_valid_number(abroad):
        return number
    if abroad.country_code == number.country_code and phonenumbers.number_type(abroad) in mobile:
        return abroad
    raise ConversionError(
        _ANOTHER_COUNTRY,
        f"it is a phone of {region} and, with a + in front, another one: write it with + and its country code",
    )
