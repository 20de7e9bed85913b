"""Texts come back from the row store as they were, and half a character is named."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.sheets.record import CellError
from heyx_bulk.sheets.sheet import RowStore

HALF = re.compile("[\ud800-\udfff]")


@given(st.lists(st.text(st.sampled_from("\0\x01\x02a\ud800é")), min_size=1))
def test_texts_come_back_as_they_were_and_half_a_character_is_an_error_of_its_cell(texts: list[str]) -> None:
    store = RowStore()
    numbers = [*range(5, 5 + len(texts))]
    store.add(numbers, [texts, ["x"] * len(texts)], [CellError(5, 1, "earlier", "mend it")], [])
    ((stored, columns, errors, warnings),) = store.blocks([0, 1, 2])
    assert (stored, warnings) == (numbers, [])
    assert columns == [[HALF.sub("\ufffd", text) for text in texts], ["x"] * len(texts), [""] * len(texts)]
    halves = [number for number, text in zip(numbers, texts, strict=True) if HALF.search(text)]
    assert [(error.row, error.position) for error in errors] == [(5, 1), *((number, 0) for number in halves)]
    assert all("invalid character" in error.what and error.remedy for error in errors[1:])
