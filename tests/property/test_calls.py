"""Any text survives the way to HeyX."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.models.calls import (
    AddTags,
    CreateContact,
    FindContacts,
)
from heyx_bulk.models.contacts import Field


@pytest.mark.slow
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives_a_search_a_path_and_a_body(text: str) -> None:
    query = parse_qs(urlsplit(FindContacts(text, text).request().path).query, keep_blank_values=True)
    segments = AddTags(text, (text,)).request().path.split("/")
    body = CreateContact((Field(text, text),)).request().body or b""
    assert query == {"name": [text], "value": [text]}
    assert [unquote(segment) for segment in segments] == ["", "v1", "contact", text, "tags"]
    assert json.loads(body) == {"custom_fields": [{"name": text, "value": text}]}
