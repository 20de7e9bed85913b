"""Texts, numbers and addresses keep what they say, whatever a column is said to hold."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.values.convert import convert, unchanged_test
from heyx_bulk.values.infer import infer_kind
from heyx_bulk.values.text import digits, trim
from heyx_bulk.values.value_types import ConversionError, DateOrder, PhoneFormat, ValueKind, ValueType

ALLOWED = ("Gold", "Silver Plus", "ذهبي")


texts = st.text(st.characters(exclude_categories=["Cs"])).map(trim).filter(bool)


like_values = (
    st.text("0123456789.,'-+/: ٠١٢٣٫٬１ＴapmTZ€%@eEx()#;\u202a\u00a0年", min_size=1).map(trim).filter(bool)
)


meanings = st.builds(
    ValueType,
    kind=st.sampled_from(ValueKind),
    region=st.none() | st.sampled_from(["PK", "DE", "US"]),
    phone_format=st.sampled_from([PhoneFormat.AS_TYPED, PhoneFormat.E164]),
    date_order=st.none() | st.sampled_from(DateOrder),
    allowed=st.just(ALLOWED),
)


@given(texts | like_values)
def test_a_text_never_changes(text: str) -> None:
    assert convert(ValueType(), text) == text


@given(meanings, texts | like_values)
def test_what_is_sent_is_taken_again_as_it_is(meant: ValueType, text: str) -> None:
    try:
        sent = convert(meant, text)
    except ConversionError:
        return
    assert convert(meant, sent) == sent
    assert sent == trim(sent) != ""


@given(meanings, texts | like_values)
def test_a_text_that_a_look_keeps_is_what_is_sent(meant: ValueType, text: str) -> None:
    if unchanged_test(meant)(text):
        assert convert(meant, text) == text


@pytest.mark.slow
@given(st.sampled_from([ValueKind.EMAIL, ValueKind.URL]), texts | like_values | st.emails())
def test_an_address_is_sent_as_it_is_or_not_at_all(kind: ValueKind, text: str) -> None:
    with suppress(ConversionError):
        assert convert(ValueType(kind), text) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.sampled_from([",.", "'.", ".,", " ,"]))
def test_a_number_parted_as_people_part_it_is_the_same_number(number: Decimal, signs: str) -> None:
    text = f"{number:,f}".translate(str.maketrans(",.", signs))
    assert convert(ValueType(ValueKind.NUMBER), text) == f"{number:f}"


@given(like_values)
def test_the_digits_of_a_number_survive(text: str) -> None:
    try:
        sent = convert(ValueType(ValueKind.NUMBER), text)
    except ConversionError:
        return
    assert digits(sent).lstrip("0") == digits(text).lstrip("0")


@given(st.lists(texts | like_values))
def test_what_a_column_is_said_to_be_takes_every_text_of_it(column: list[str]) -> None:
    kind = infer_kind(column)
    for text in column:
        try:
            convert(ValueType(kind), text)
        except ConversionError as unfit:
            assert unfit.cause in {"a date that can be read in two orders", "a year of two digits"}  # noqa: PT017
