"""Whatever a spreadsheet makes of a cell is recognized, and an edited digit never is."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from heyx_bulk.values.spreadsheet_damage import is_spreadsheet_change
from tests.support.spreadsheet_saves import saved_cell

NUMBERS = st.from_regex(r"[+-]?0{0,4}[0-9]{1,25}", fullmatch=True)
DATES = st.dates().map(lambda day: f"{day:%Y-%m-%d}".zfill(10))
CELLS = st.text() | NUMBERS | DATES | st.sampled_from(["true", "false"])


@given(CELLS, st.booleans())
def test_whatever_excel_saves_is_recognized(text: str, german: bool) -> None:
    saved = saved_cell(text, german=german)
    assert saved.strip() == text.strip() or is_spreadsheet_change(text, saved)


@given(NUMBERS, st.data())
def test_a_number_with_another_digit_is_an_edit_however_it_is_saved(text: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([place for place, sign in enumerate(text) if sign.isdigit()]))
    digit = data.draw(st.sampled_from("0123456789"))
    edited = text[:place] + digit + text[place + 1 :]
    assume(edited != text and -(10**11) < int(text) < 10**11)
    assert not is_spreadsheet_change(text, edited)
    assert not is_spreadsheet_change(text, saved_cell(edited, german=False))


@given(st.dates(), st.dates(), st.booleans())
def test_another_date_is_an_edit_however_it_is_saved(day: object, other: object, german: bool) -> None:
    text, edited = str(day), str(other)
    saved = saved_cell(edited, german=german)
    assume(sorted(text.split("-")) != sorted(edited.split("-")))
    assert not is_spreadsheet_change(text, saved)


@given(CELLS, CELLS)
def test_no_two_texts_raise_and_none_is_a_change_of_itself(text: str, other: str) -> None:
    is_spreadsheet_change(text, other)
    assert not is_spreadsheet_change(text, text)
