from __future__ import annotations

import math

import pytest

from heyx_bulk.models.contacts import Value
from heyx_bulk.values.equality import PhoneLookup, is_same, key_text, spellings, text_of
from heyx_bulk.values.text import digits, is_damaged_number, trim


@pytest.mark.parametrize("around", [" ", "\t", "\r\n", "\u00a0", "\u200b", "\u200c", "\u200d", "\ufeff", "\u3000"])
def test_blanks_around_a_value_do_not_belong_to_it_and_those_inside_do(around: str) -> None:
    assert trim(f"{around}a{around}b{around}") == f"a{around}b"


@pytest.mark.parametrize("text", ["👩\u200d🚀", "می\u200cخواهم", "-", "'", "0", '"', "X", "x"])
def test_signs_that_belong_to_a_value_stay(text: str) -> None:
    assert trim(text) == text


@pytest.mark.parametrize(
    ("phone", "bare"),
    [
        ("+44 (0)20 7946-0018", "4402079460018"),
        ("٠١٢٣", "0123"),
        ("０１２", "012"),
        ("+", ""),
        ("x²", ""),
        ("007", "007"),
    ],
)
def test_the_digits_of_a_phone_are_ascii_and_all_of_it_that_counts(phone: str, bare: str) -> None:
    assert digits(phone) == bare


@pytest.mark.parametrize("text", ["1.78E+15", "1,78E+15", "4.47912e+11", "9E+15", "1.78E15"])
def test_a_long_number_that_a_spreadsheet_has_rounded_is_known(text: str) -> None:
    assert is_damaged_number(text)


@pytest.mark.parametrize(
    "text", ["1776025372480910", "+44 20", "E15", "1.78E-15", "12.3E+4", "cus_1E5", "1.7 E+15", ""]
)
def test_other_texts_are_not_taken_for_a_rounded_number(text: str) -> None:
    assert not is_damaged_number(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (7.0, "7"),
        (0.5, "0.5"),
        (4.47912e11, "447912000000"),
        (math.inf, "inf"),
        (" Lahore\n", "Lahore"),
    ],
)
def test_a_value_of_heyx_reads_as_a_sheet_would_hold_it(value: Value, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [
        ("city", "Lahore", " Lahore "),
        ("city", "\u00a0Lahore\u200b", "Lahore"),
        ("isLead", "TRUE", True),
        ("isLead", "false", False),
        ("score", "7", 7),
        ("score", "7", 7.0),
        ("phone", "+44 (20) 7946", "44207946"),
        ("phone", "44207946", "+44207946"),
        ("phone", "447912000000", 447912000000),
    ],
)
def test_values_are_the_same_however_they_are_spelled(field: str, ours: str, theirs: Value) -> None:
    assert is_same(field, ours, theirs)


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [
        ("city", "Lahore", "lahore"),
        ("city", "Lahore", None),
        ("city", "Lahore", ""),
        ("isLead", "yes", True),
        ("isLead", "true", False),
        ("isLead", "1", True),
        ("score", "07", 7),
        ("phone", "0207946", "44207946"),
        ("phone", "44207946", "unknown"),
        ("phone", "44207946", None),
        ("mobile", "+44207946", "44207946"),
    ],
)
def test_values_that_differ_are_not_the_same(field: str, ours: str, theirs: Value) -> None:
    assert not is_same(field, ours, theirs)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("phone", "+44 (20)", "4420"),
        ("phone", 4420, "4420"),
        ("phone", None, ""),
        ("email", " Ada@Example.ORG ", "ada@example.org"),
        ("customerid", " A1 ", "A1"),
        ("customerid", 7, "7"),
        ("isLead", True, "true"),
    ],
)
def test_keys_are_compared_by_digits_without_case_or_as_they_are(field: str, value: Value, text: str) -> None:
    assert key_text(field, value) == text


@pytest.mark.parametrize(
    ("lookup", "texts_to_ask"),
    [
        (PhoneLookup.BOTH, ("+44 20", "+4420", "4420")),
        (PhoneLookup.PLUS, ("+44 20", "+4420")),
        (PhoneLookup.DIGITS, ("+44 20", "4420")),
        (PhoneLookup.AS_WRITTEN, ("+44 20",)),
    ],
)
def test_a_phone_is_looked_up_in_the_spellings_wanted_the_written_one_first(
    lookup: PhoneLookup, texts_to_ask: tuple[str, ...]
) -> None:
    assert spellings("phone", " +44 20 ", lookup) == texts_to_ask


def test_the_spellings_are_wanted_in_the_words_of_the_command_line() -> None:
    assert [lookup.value for lookup in PhoneLookup] == ["both", "plus", "digits", "as-written"]


@pytest.mark.parametrize(
    ("phone", "texts_to_ask"), [("+4420", ("+4420", "4420")), ("4420", ("4420", "+4420")), ("0", ("0", "+0"))]
)
def test_no_spelling_is_asked_twice(phone: str, texts_to_ask: tuple[str, ...]) -> None:
    assert spellings("phone", phone, PhoneLookup.BOTH) == texts_to_ask


@pytest.mark.parametrize("lookup", PhoneLookup)
def test_only_phones_have_several_spellings(lookup: PhoneLookup) -> None:
    assert spellings("email", " +1@x.org ", lookup) == ("+1@x.org",)
