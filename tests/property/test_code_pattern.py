"""A number that is shown as a code loses no digit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.sheets.xlsx.cell_text import number_text, parse_number_format

PARTS = ["0", "#", "00", "##", "+", "(", ")", " ", "-", '"+"', '" x"', r"\/", ";@"]


@given(st.integers(0, 10**15 - 1), st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_a_code_has_all_digits_of_its_number_in_order(number: int, code: str) -> None:
    text = number_text(str(number), parse_number_format(code), from_1904=False).text
    assert int("".join(filter(str.isdigit, text))) == number
