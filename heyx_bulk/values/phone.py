"""Phones: checked, and written with their country code where that is wanted.

The rules of each country come from phonenumbers (Google's libphonenumber). That library is given bare digits only:
its own reading of free text drops what it does not understand, and nothing may be dropped unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from heyx_bulk.values.text import digits, is_damaged_number, plain_signs
from heyx_bulk.values.value_types import ConversionError, PhoneFormat, ValueType

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

MOST_DIGITS = 20
"""The longest number that is dialled: 15 digits (ITU-T E.164), the prefix for calls abroad, a trunk zero."""

NO_PHONE = "a phone that is none"
_ANOTHER_COUNTRY = "a phone that may be of another country"

is_plain_phone = re.compile(r"\+?\(?[0-9][0-9 ().\-]{0,18}").fullmatch
"""Matches most phones, with at most 19 digits: where they are sent as typed, nothing else is to be checked."""

_AROUND = re.compile(r"[\s()\[\]./~\-\u2010-\u2015\u2212\u30fc\u00ad\u00b7\u200b-\u200d\u2060\ufeff]+")
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
_MIN_DIGITS_ABROAD = 11
"""A phone without `+` may be one of another country if it has at least this many digits."""

_LONGEST_CODE = 3
"""Digits of the longest country code."""

_BEGINNINGS_KEPT = 4096


def convert_phone(value_type: ValueType, text: str) -> str:
    """`text` as a phone in the format of `value_type`.

    As typed, it is checked and left as it stands, except for what no reader sees: digits of another script or
    width become 0-9 and marks of direction go, since HeyX would not find a contact again whose phone has them.
    Otherwise its digits must be a possible phone: by its `+`, or as dialled in the region. Without `+` and region
    digits stay digits; a country code is never guessed.
    """
    if value_type.phone_format is PhoneFormat.AS_TYPED:
        return text if is_plain_phone(text) else _checked(text)
    bare = _bare(_checked(text))
    if value_type.region is not None or bare.startswith("+"):
        written = _international(bare, value_type.region)
        return written if value_type.phone_format is PhoneFormat.E164 else written.removeprefix("+")
    if value_type.phone_format is PhoneFormat.DIGITS:
        return bare
    raise ConversionError(
        "a phone without country code",
        "it has no + and no country code: write it with both, or say whose phones these are, such as --region PK",
    )


def is_e164(text: str) -> object:
    """A quick test of phones with `+`: if it is true, `convert_phone` writes `text` unchanged in E.164 format.

    phonenumbers takes 34 µs for a phone, this half a microsecond. It may be false for a phone that is unchanged.
    """
    return _test_of_country(text[: 1 + _LONGEST_CODE])(text)


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
    """`text` in plain signs; raises `ConversionError` if it is anything but one phone."""
    phone = plain_signs(text)
    count = len(digits(phone))
    if is_damaged_number(phone):
        raise ConversionError(
            "a phone that the spreadsheet has rounded",
            "the spreadsheet has rounded it and its digits are lost: format the column as Text and paste the "
            "phone again",
        )
    if not count:
        raise ConversionError("a phone without digits", "it has no digits: write a phone, or leave the cell blank")
    if _EXTENSION.fullmatch(phone):
        raise ConversionError(
            "a phone with an extension",
            "it has an extension, which cannot be sent: take it off, or put it into a column of its own",
        )
    if count > MOST_DIGITS or _is_several(phone):
        raise ConversionError(
            "several phones in one cell",
            f"with {count} digits it seems to hold more than one phone: keep the one the contact is reached by",
        )
    if letters := "".join(sign for sign in phone if sign.isalpha() and sign != "\u30fc"):
        shown = letters[:_MOST_SHOWN]
        raise ConversionError(
            "a phone with letters", f"“{shown}” does not belong in a phone: take the letters off"
        )
    return phone


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


def _international(bare: str, region: str | None) -> str:
    """`bare` with `+` and country code; it has a `+`, or it is dialled in `region`."""
    import phonenumbers  # noqa: PLC0415 - likewise

    try:
        number = phonenumbers.parse(bare, region, keep_raw_input=True)
    except phonenumbers.NumberParseException as failure:
        match failure.error_type:
            case phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
                reason = "no country has the code it begins with: write + and the country code in front"
            case phonenumbers.NumberParseException.TOO_LONG:
                reason = "it has too many digits: look the phone up again"
            case _:
                reason = "it has too few digits: look the phone up again"
        raise ConversionError(NO_PHONE, reason) from None
    _require_possible(number, None if bare.startswith("+") else region)
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
            reason = f"it has not as many digits as {where}"
    abroad = f" (one of another country than {region} needs a + in front)" if region else ""
    raise ConversionError(NO_PHONE, f"{reason}: look it up again{abroad}")


def _of_region(region: str, bare: str, number: PhoneNumber) -> PhoneNumber:
    """`number`, which `bare` is in `region`, or the one it is with a `+` in front; rejected if it may be both.

    The trunk zero that people dial inside a country shows that the phone is of `region`; so does the length of a
    phone in North America. Anything else must be a valid phone of `region`. If it is a long one and no mobile, and
    with a `+` in front a valid phone as well, it is a mobile of `region` with its country code, or ambiguous.
    """
    import phonenumbers  # noqa: PLC0415 - likewise

    trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
    if number.country_code == 1 or (trunk and bare.startswith(trunk)):
        return number
    if not phonenumbers.is_valid_number(number):
        raise ConversionError(
            _ANOTHER_COUNTRY, f"{region} has no such phone: if it is one of another country, write + in front"
        )
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if len(bare) < _MIN_DIGITS_ABROAD or phonenumbers.number_type(number) in mobile:
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
