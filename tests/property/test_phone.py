"""A phone keeps its digits."""

from __future__ import annotations

import phonenumbers
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.values.phone import PLACEHOLDER_ENDS, is_e164
from heyx_bulk.values.text import digits, trim
from heyx_bulk.values.value_types import ConversionError, PhoneFormat
from tests.support.phone_meanings import AS_TYPED, E164, phone, written

country_codes = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


@given(written)
def test_a_phone_without_country_code_as_typed_is_refused_for_its_length_or_never_changes(text: str) -> None:
    try:
        sent = phone(text, AS_TYPED)
    except ConversionError:
        assert not 4 <= len(digits(text)) <= 15 or not digits(text).strip("0")
    else:
        assert sent == text


@given(country_codes, written)
def test_a_phone_with_country_code_as_typed_is_refused_for_its_length_or_never_changes(
    code: int, text: str
) -> None:
    national = digits(text)
    try:
        sent = phone(f"+{code}{text}", AS_TYPED)
    except ConversionError:
        placeholder = len(set(national)) == 1 or national in "012345678901234567890"
        assert placeholder or not 4 <= len(national) <= 17 - len(str(code))
    else:
        assert sent == f"+{code}{text}"


@given(st.text("+0123456789٠١٢٣٤٥٦٧٨٩ ()-./x#;,\u202a０１２", max_size=30).map(trim).filter(bool))
def test_a_phone_as_typed_keeps_its_digits_and_is_taken_again_as_it_is(text: str) -> None:
    try:
        sent = phone(text, AS_TYPED)
    except ConversionError:
        return
    assert digits(sent) == digits(text)
    assert phone(sent, AS_TYPED) == sent


MOBILES = {"PK": ("300", 10), "GB": ("7400", 10), "US": ("202555", 10), "DE": ("1512", 11), "IT": ("347", 10)}


@given(
    st.sampled_from(sorted(MOBILES)), st.text("0123456789", min_size=11, max_size=11), st.sampled_from(PhoneFormat)
)
def test_a_phone_with_its_country_code_is_taken_again_as_it_is(region: str, rest: str, form: PhoneFormat) -> None:
    start, length = MOBILES[region]
    national = (start + rest)[:length]
    sent = phone(national, E164, region)
    assert sent.endswith(national)
    assert phone(sent, E164, region) == phone(sent, E164) == sent
    assert phone(phone(sent, form, region), form, region) == phone(sent, form, region)


def test_an_example_phone_that_the_quick_test_passes_is_one_that_the_library_leaves_unchanged() -> None:
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    found = [
        phonenumbers.example_number_for_type(region, kind)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in kinds
    ]
    texts = [phonenumbers.format_number(one, phonenumbers.PhoneNumberFormat.E164) for one in found if one]
    passed = [text for text in texts if is_e164(text)]
    usual = [text for text in texts if text[-4:] not in PLACEHOLDER_ENDS]
    assert len(usual) > 400
    assert len(passed) > 0.99 * len(usual)
    assert [phone(text, E164, "PK") for text in passed] == passed


@trying(max_examples=1000)
@given(
    country_codes | st.integers(0, 9999),
    st.text("0123456789", max_size=14),
    st.sampled_from([None, "PK", "US", "CA", "IT", "BR", "AG", "KZ"]),
)
def test_a_phone_that_the_quick_test_passes_is_one_that_the_library_leaves_unchanged(
    code: int, national: str, region: str | None
) -> None:
    text = f"+{code}{national}"
    if is_e164(text):
        assert phone(text, E164, region) == text


@given(
    st.sampled_from(["+447700900123", "+923001234567", "+12025550123", "+390612345678"]),
    st.integers(0, 13),
    st.integers(0, 2),
    st.text("+0123456789٠ \n-", max_size=2),
)
def test_the_quick_test_takes_any_text_and_passes_only_a_plus_and_digits(
    whole: str, place: int, left_out: int, put_in: str
) -> None:
    text = whole[:place] + put_in + whole[place + left_out :]
    if is_e164(text):
        assert text[0] == "+"
        assert text[1:].isascii()
        assert text[1:].isdigit()
