"""Texts come back from the row store as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.sheets.sheet import deserialize, serialize


@given(st.lists(st.text(st.sampled_from("\0\x01\x02a\ud800é")), min_size=1))
def test_the_texts_of_a_column_come_back_from_the_row_store_as_they_were(texts: list[str]) -> None:
    assert deserialize(serialize(texts)) == texts
