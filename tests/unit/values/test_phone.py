from __future__ import annotations

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat

from heyx_bulk.values.phone import is_region
from heyx_bulk.values.text import digits
from heyx_bulk.values.value_types import ConversionError, PhoneFormat
from tests.support.phone_meanings import AS_TYPED, DIGITS, E164, phone


def cause(text: str, form: PhoneFormat = AS_TYPED, region: str | None = None) -> str:
    with pytest.raises(ConversionError) as unfit:
        phone(text, form, region)
    return unfit.value.cause


@pytest.mark.parametrize(
    "text",
    [
        *("123123", "03244077087", "+44 (0)20 7946-0018", "(+44) 20 7946 0018", "0711/1234567", "+49 711/1234567"),
        *("0049 711/1234567", "555/123/4567", "03ー3456ー7890", "0300*1234567", "020.7946.0018", "4002"),
    ],
)
def test_a_phone_as_typed_stays_as_it_is(text: str) -> None:
    assert phone(text, AS_TYPED) == phone(text, AS_TYPED, "PK") == text


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("٠٣٢٤٤٠٧٧٠٨٧", "03244077087"),
        ("۰۳۲۴ ۴۰۷۷۰۸۷", "0324 4077087"),
        ("＋４４（０）２０７９４６", "+44(0)207946"),
        ("\u202a+92 324 4077087\u202c", "+92 324 4077087"),
    ],
)
def test_even_as_typed_a_phone_has_the_digits_that_it_is_found_by(text: str, sent: str) -> None:
    assert phone(text, AS_TYPED) == sent


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.78E+15", "a phone that the spreadsheet has rounded"),
        ("4,47912E+11", "a phone that the spreadsheet has rounded"),
        ("n/a", "a phone without digits"),
        ("-", "a phone without digits"),
        ("x²", "a phone without digits"),
        ("020 7946 0018 x12", "a phone with an extension"),
        ("+44 20 7946 0018 ext. 4", "a phone with an extension"),
        ("+1 212 555 0123;ext=4", "a phone with an extension"),
        ("212-555-0123 #12", "a phone with an extension"),
        ("212-555-0123EXT12", "a phone with an extension"),
        ("11 5555 0123 interno 7", "a phone with an extension"),
        ("010-12345678转12", "a phone with an extension"),
        ("٠٢ ١٢٣٤٥٦٧ تحويلة ١٢", "a phone with an extension"),
        ("0300 1234567 / 0321 7654321", "several phones in one cell"),
        ("0300 1234567, 0321 7654321", "several phones in one cell"),
        ("0300-1234567\n0321-7654321", "several phones in one cell"),
        ("03001234567 - 03217654321", "several phones in one cell"),
        ("+92 300 1234567 +92 321 7654321", "several phones in one cell"),
        ("1234567;7654321", "several phones in one cell"),
        ("0300 1234567 ::: 7654321", "several phones in one cell"),
        ("0300 1234567 or 0321 7654321", "several phones in one cell"),
        ("030 1234567/68", "several phones in one cell"),
        ("03244077087 (Ali)", "a phone with letters"),
        ("tel:+923244077087", "a phone with letters"),
        ("1-800-FLOWERS1", "a phone with letters"),
    ],
)
@pytest.mark.parametrize("form", PhoneFormat)
def test_what_is_not_one_phone_is_refused_in_every_format(text: str, why: str, form: PhoneFormat) -> None:
    assert cause(text, form) == why


@pytest.mark.parametrize(
    ("text", "region", "written"),
    [
        ("03244077087", "PK", "+923244077087"),
        ("0324-407 70 87", "PK", "+923244077087"),
        ("٠٣٢٤٤٠٧٧٠٨٧", "PK", "+923244077087"),
        ("3244077087", "PK", "+923244077087"),
        ("09991234567", "PK", "+929991234567"),
        ("923244077087", "PK", "+923244077087"),
        ("0092 324 4077087", "PK", "+923244077087"),
        ("+92 (0)324 4077087", None, "+923244077087"),
        ("(+44) 20 7946 0018", "PK", "+442079460018"),
        ("+44 (0)20 7946-0018", "US", "+442079460018"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
        ("(555) 123-4567", "US", "+15551234567"),
        ("030/123456", "DE", "+4930123456"),
        ("15712345678", "DE", "+4915712345678"),
        ("4915120000000", "DE", "+4915120000000"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("(41) 91234-5678", "BR", "+5541912345678"),
        ("13851234567", "CN", "+8613851234567"),
    ],
)
def test_a_phone_is_read_as_people_dial_in_its_region(text: str, region: str | None, written: str) -> None:
    assert phone(text, E164, region) == written
    assert phone(text, DIGITS, region) == written.removeprefix("+")


@pytest.mark.parametrize(
    ("text", "region", "why"),
    [
        ("+999 123456", None, "not a valid phone number"),
        ("+92 3244", None, "not a valid phone number"),
        ("+44 20 7946 0018 9999", None, "not a valid phone number"),
        ("+1 253 0000", None, "not a valid phone number"),
        ("253-0000", "US", "not a valid phone number"),
        ("1122", "PK", "not a valid phone number"),
        ("0300*1234567", "PK", "not a valid phone number"),
        ("++923244077087", "PK", "not a valid phone number"),
        ("447911123456", "PK", "a phone that may be of another country"),
        ("5512345678", "PK", "a phone that may be of another country"),
        ("923244077087", "DE", "a phone that may be of another country"),
        ("923244077087", "IT", "a phone that may be of another country"),
    ],
)
def test_what_cannot_be_a_phone_there_is_refused(text: str, region: str | None, why: str) -> None:
    assert cause(text, E164, region) == cause(text, DIGITS, region) == why


@pytest.mark.parametrize("text", ["03244077087", "923244077087", "0092 324 4077087", "123123"])
def test_without_a_region_no_country_code_is_made_up(text: str) -> None:
    with pytest.raises(ConversionError, match="--region") as unfit:
        phone(text, E164)
    assert unfit.value.cause == "a phone without country code"
    assert phone(text, DIGITS) == digits(text)


def test_a_phone_without_its_area_code_is_told_so() -> None:
    with pytest.raises(ConversionError, match="area code is missing"):
        phone("253-0000", E164, "US")


def test_only_a_phone_without_plus_is_told_to_get_one() -> None:
    with pytest.raises(ConversionError, match=r"needs a \+ in front"):
        phone("447911123456789", E164, "US")
    with pytest.raises(ConversionError, match=r"too many digits for a phone with country code 44: check it$"):
        phone("+447911123456789", E164, "US")


@pytest.mark.parametrize(
    ("text", "known"), [("PK", True), ("GB", True), ("pk", False), ("XX", False), ("001", False)]
)
def test_a_region_is_known_by_its_two_capitals(text: str, known: bool) -> None:
    assert is_region(text) is known


@pytest.mark.parametrize(
    "text", ["0", "000", "0000000000", "+0", "1", "12", "999", "+44", "+1", "+44 123", "000-0000"]
)
@pytest.mark.parametrize(("form", "region"), [(AS_TYPED, None), (DIGITS, None), (E164, "PK"), (E164, "US")])
def test_a_placeholder_is_no_phone_with_and_without_a_region(
    text: str, form: PhoneFormat, region: str | None
) -> None:
    assert cause(text, form, region) == "not a phone number: placeholder"


@pytest.mark.parametrize(
    "text", ["+1 111 111 1111", "+1 1234567890", "+92 0000000000", "+44 1111111111", "+1-000-000-0000"]
)
@pytest.mark.parametrize(("form", "region"), [(AS_TYPED, None), (E164, None), (E164, "PK")])
def test_one_digit_or_counting_digits_that_the_country_does_not_know_are_a_placeholder(
    text: str, form: PhoneFormat, region: str | None
) -> None:
    assert cause(text, form, region) == "not a phone number: placeholder"


@pytest.mark.parametrize(
    "text", ["+447777777777", "+52 222 222 2222", "+91 99999 99999", "01234567890", "+44 1234 567890", "5555555"]
)
def test_a_phone_that_only_looks_like_a_placeholder_is_taken(text: str) -> None:
    assert phone(text, AS_TYPED) == text


@pytest.mark.parametrize("text", ["+999 123456", "+0123456789", "+210 123456", "1776025372480910"])
def test_as_typed_no_country_can_have_such_a_phone(text: str) -> None:
    assert cause(text) == "not a valid phone number"


@pytest.mark.parametrize("text", ["0321-5290", "0321529"])
def test_a_trunk_zero_alone_makes_no_phone_of_a_region(text: str) -> None:
    assert cause(text, E164, "PK") == "not a valid phone number"


UNREACHABLE_FROM_ABROAD = {("CA", "310-1234")}
AMBIGUOUS = {("HN", "800 2123 4567"), ("IN", "1860 345 1234"), ("IT", "331 0123 4501"), ("VA", "331 0123 4501")}


def test_no_real_phone_of_any_country_is_refused() -> None:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(11):
            if (number := phonenumbers.example_number_for_type(region, kind)) is None:
                continue
            national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            spaced = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
            dialed = phonenumbers.format_out_of_country_calling_number(number, "RU")
            for text in (national, e164, spaced, dialed):
                assert phone(text, AS_TYPED)
            if (region, national) in UNREACHABLE_FROM_ABROAD:
                continue
            assert phone(spaced, E164) == phone(spaced, E164, "PK") == phone(e164, E164) == e164
            if (region, national) not in AMBIGUOUS:
                assert phone(national, E164, region) == e164, region


@pytest.mark.parametrize(
    ("text", "region"),
    [
        *(("00447700900123", region) for region in ("GB", "US", "PK", "DE", "BR", "AU")),
        *(("011 44 7700 900123", region) for region in ("GB", "US", "PK")),
        *(("+44 (0) 7700 900123", region) for region in (None, "US", "GB")),
        *(("+44(0)7700-900123", region) for region in (None, "US")),
        ("07700 900123", "GB"),
        ("(+44) 7700 900123", None),
        ("+ 44 7700 900123", None),
    ],
)
def test_prefixes_and_the_zero_in_parentheses_are_understood(text: str, region: str | None) -> None:
    assert phone(text, E164, region) == "+447700900123"


@pytest.mark.parametrize(
    ("text", "region", "sent"),
    [
        ("+351 (0) 912 345 678", None, "+351912345678"),
        ("+1 (0) 212 555 0123", None, "+12125550123"),
        ("+39 (0)6 1234 5678", None, "+390612345678"),
        ("(0)20 7946 0018", "GB", "+442079460018"),
        ("0011 4423", "AU", None),
        ("030 (0)123456", "DE", "+49300123456"),
    ],
)
def test_a_zero_in_parentheses_goes_only_where_the_phone_has_none(
    text: str, region: str | None, sent: str | None
) -> None:
    if sent is None:
        assert cause(text, E164, region)
    else:
        assert phone(text, E164, region) == sent


@pytest.mark.parametrize(
    ("text", "region", "sent"),
    [
        ("+52 1 55 1234 5678", None, "+525512345678"),
        ("5215512345678", "MX", "+525512345678"),
        ("+55 41 8123-4567", None, "+554181234567"),
        ("41 8123-4567", "BR", "+554181234567"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
    ],
)
def test_forms_that_a_country_gave_up_are_still_read(text: str, region: str | None, sent: str) -> None:
    assert phone(text, E164, region) == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("+44\u00a07700\u2009900123", "+447700900123"),
        ("\u200e+44\u200b7700900123\u00ad", "+447700900123"),
        ("+92\u200d3244077087\ufeff", "+923244077087"),
    ],
)
@pytest.mark.parametrize("form", [AS_TYPED, E164])
def test_a_phone_has_no_invisible_marks_and_odd_spaces(text: str, sent: str, form: PhoneFormat) -> None:
    assert phone(text, form) == sent
