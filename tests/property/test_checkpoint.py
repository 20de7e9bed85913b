"""Rows written together are stored as each alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.models.contacts import ContactRow, Field
from heyx_bulk.storage.checkpoint.row_record import rows_to_json, to_json


@pytest.mark.slow
@given(st.lists(st.lists(st.text(st.sampled_from('"],[\\a\ud800é\n')), min_size=1)))
def test_rows_written_at_once_are_written_as_each_alone(rows: list[list[str]]) -> None:
    assert rows_to_json(rows) == [to_json(row) for row in rows]
    assert [json.loads(text) for text in rows_to_json(rows)] == rows


def row(number: int, key: str | None) -> ContactRow:
    return ContactRow(number, keys=() if key is None else (Field("email", key),))
