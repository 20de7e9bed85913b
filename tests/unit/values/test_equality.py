from __future__ import annotations

import math

import pytest

from heyx_bulk.models.contacts import Value
from heyx_bulk.values.equality import PhoneLookup, is_same, key_text, same_tags, spellings, text_of
from heyx_bulk.values.text import comparable, digits, is_damaged_number, plain_key, removed_marks, trim, trim_all

AROUND = [" ", "\t", "\r\n", "\u00a0", "\u200b", "\u200c", "\u200d", "\ufeff", "\u3000"]
AROUND += ["\u2009", "\u202f", "\u200e", "\u202a", "\u2069", "\u00ad", "\u2060", "\u180e", "\u2028", "\u3164"]


@pytest.mark.parametrize("around", AROUND)
def test_blanks_around_a_value_do_not_belong_to_it_and_those_inside_do(around: str) -> None:
    assert trim(f"{around}a{around}b{around}") == f"a{around}b"


@pytest.mark.parametrize(
    "text", ["👩\u200d🚀", "می\u200cخواهم", "രാജന്\u200d", "ه\u200d", "❤\ufe0f", "-", "'", "0", '"', "X", "x"]
)
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
        ("phone", "+52 1 55 1234 5678", "525512345678"),
        ("phone", "+525512345678", "5215512345678"),
        ("phone", "+5541981234567", "554181234567"),
        ("phone", "541123456789", "+54 9 11 2345-6789"),
        ("email", "Ada@Example.org", "ada@example.ORG"),
        ("email", "ada\u00ad@example.org", "ada@example.org"),
        ("city", "Sa\u0303o Paulo", "S\u00e3o Paulo"),
        ("city", "New\u00a0York", "New York"),
        ("city", "New\u2009York", "New\u202fYork"),
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
        ("phone", "+5531912345678", "553112345678"),
        ("phone", "+523312345678", "5413312345678"),
        ("phone", "5512345678", "+525512345678"),
        ("email", "straße@x.org", "strasse@x.org"),
        ("email", "ada@x.org", ""),
        ("city", "New  York", "New York"),
        ("city", "نیم\u200cفاصله", "نیمفاصله"),
        ("city", "ＡＢ", "AB"),
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


@pytest.mark.parametrize(
    ("phone", "texts_to_ask"),
    [
        ("+5215512345678", ("+5215512345678", "5215512345678", "+525512345678", "525512345678")),
        ("+525512345678", ("+525512345678", "525512345678", "+5215512345678", "5215512345678")),
        ("+554181234567", ("+554181234567", "554181234567", "+5541981234567", "5541981234567")),
        ("5491123456789", ("5491123456789", "+5491123456789", "+541123456789", "541123456789")),
        ("+554132345678", ("+554132345678", "554132345678")),
        ("+5531912345678", ("+5531912345678", "5531912345678")),
        ("5512345678", ("5512345678", "+5512345678")),
    ],
)
def test_a_phone_that_its_country_writes_in_two_forms_is_looked_up_in_both(
    phone: str, texts_to_ask: tuple[str, ...]
) -> None:
    assert set(spellings("phone", phone, PhoneLookup.BOTH)) == set(texts_to_ask)
    assert spellings("phone", phone, PhoneLookup.BOTH)[0] == phone
    assert spellings("phone", phone, PhoneLookup.AS_WRITTEN) == (phone,)


@pytest.mark.parametrize("lookup", PhoneLookup)
def test_an_email_is_looked_up_as_written_and_in_lower_case(lookup: PhoneLookup) -> None:
    assert spellings("email", "Ada@X.org", lookup) == ("Ada@X.org", "ada@x.org")
    assert spellings("Customer Number", "AB", lookup) == ("AB",)


def test_a_tag_is_the_same_in_another_composition_and_with_odd_spaces_and_marks() -> None:
    held = frozenset({"Jose\u0301", "New\u00a0York", "VIP\u200e", "vip", "Lead"})
    assert same_tags("Jos\u00e9", held) == ("Jose\u0301",)
    assert same_tags("New York", held) == ("New\u00a0York",)
    assert same_tags("VIP", held) == ("VIP\u200e",)
    assert same_tags("Lead", held) == ("Lead",)
    assert same_tags("lead", held) == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("\u202a17760\u200b25\u202c", "1776025"),
        ("AB\u00a012", "AB 12"),
        ("AB 12", "AB 12"),
        ("نیم\u200cفاصله", "نیمفاصله"),
        ("\u00ad", ""),
    ],
)
def test_a_key_has_no_invisible_marks_and_only_plain_spaces(text: str, key: str) -> None:
    assert plain_key(text) == key


@pytest.mark.parametrize(
    ("text", "inside", "removed"),
    [
        ("Ann", True, ()),
        ("\u202aAnn\u202c", False, ("direction marks",)),
        ("An\u00adn", False, ()),
        ("An\u00adn", True, ("soft hyphens",)),
        ("\ufeffA\u200cn\u200en", True, ("direction marks", "joiners", "zero-width spaces")),
        ("می\u200cخواهم", False, ()),
        ("\u00a0Ann\u2009", True, ()),
    ],
)
def test_what_is_removed_from_a_text_is_said(text: str, inside: bool, removed: tuple[str, ...]) -> None:
    assert removed_marks(text, inside=inside) == removed


@pytest.mark.parametrize("texts", [["a ", "b"], ["é\u00a0", " b"], ["ن\u200c", "ന്\u200d ", "a"], ["a", "é"], []])
def test_a_column_is_trimmed_as_each_of_its_texts(texts: list[str]) -> None:
    assert trim_all(texts, "".join(texts)) == [*map(trim, texts)]


def test_texts_are_compared_composed_with_plain_spaces() -> None:
    assert comparable(" Zoe\u0308\u00a0B ") == "Zo\u00eb B"
