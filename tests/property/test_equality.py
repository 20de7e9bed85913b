"""A value is the same however a sheet or HeyX holds it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.models.contacts import Value
from heyx_bulk.values.equality import PhoneLookup, is_same, key_text, spellings, text_of

texts = st.text(st.characters(exclude_categories=["Cs"]))


values_of_heyx: st.SearchStrategy[Value] = st.none() | st.booleans() | st.integers() | st.floats() | texts


phones = st.text("+0123456789 ()-.", min_size=1).filter(lambda text: any(sign.isdigit() for sign in text))


@given(st.sampled_from(["city", "email", "phone"]), values_of_heyx)
def test_a_value_as_a_sheet_would_hold_it_is_the_same_as_what_heyx_holds(field: str, value: Value) -> None:
    assert is_same(field, text_of(value), value)


@given(phones, st.sampled_from(PhoneLookup))
def test_every_spelling_is_the_same_phone(phone: str, lookup: PhoneLookup) -> None:
    assert {key_text("phone", text) for text in spellings("phone", phone, lookup)} == {key_text("phone", phone)}


@given(phones)
def test_both_spellings_hold_every_other_ones(phone: str) -> None:
    single = {text for lookup in PhoneLookup for text in spellings("phone", phone, lookup)}
    assert single == set(spellings("phone", phone, PhoneLookup.BOTH))
