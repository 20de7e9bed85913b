"""Rows written together are stored as each alone, and rows corrected are linked as if they had been staged so."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.storage.checkpoint.row_record import rows_to_json, to_json
from heyx_bulk.upload.staging import revalidate
from tests.support import runs


@pytest.mark.slow
@given(st.lists(st.lists(st.text(st.sampled_from('"],[\\a\ud800é\n')), min_size=1)))
def test_rows_written_at_once_are_written_as_each_alone(rows: list[list[str]]) -> None:
    assert rows_to_json(rows) == [to_json(row) for row in rows]
    assert [json.loads(text) for text in rows_to_json(rows)] == rows


emails = st.sampled_from(["", "a@x.org", "A@x.org", "b@x.org", "c@x.org"])


@pytest.mark.slow
@trying(max_examples=40, deadline=None)
@given(st.lists(st.tuples(emails, emails, st.booleans()), min_size=1, max_size=8))
def test_corrected_rows_follow_those_that_they_would_follow_had_they_been_staged_so(
    rows: list[tuple[str, str, bool]],
) -> None:
    def cells(emails: Sequence[str]) -> list[list[str]]:
        return [[f"44{place}", email] for place, email in enumerate(emails)]

    after = [new if changes else old for old, new, changes in rows]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        began = runs.written(Path(one), ["phone", "email"], cells([old for old, *_ in rows]))
        meant = runs.written(Path(other), ["phone", "email"], cells(after))
        with runs.resumed(runs.checkpoint(began)) as run, runs.resumed(runs.checkpoint(meant)) as fresh:
            changed = [number for number, (*_, changes) in enumerate(rows) if changes]
            corrected = [revalidate(run, number + 2, cells(after)[number], None, ()) for number in changed]
            run.checkpoint.reopening.apply_corrections(corrected)
            query = "SELECT number, field, earlier FROM blocked ORDER BY number, field"
            assert run.checkpoint._db.rows(query) == fresh.checkpoint._db.rows(query)
