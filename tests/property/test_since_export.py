"""Whatever is edited in an export, exactly that is changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heyx_bulk.sandbox import SandboxServer
from tests.support.edited_exports import (
    PEOPLE,
    exported,
    held,
    line,
    people_server,
    saved,
    sent_back,
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SandboxServer]:
    with people_server(monkeypatch, tmp_path) as server:
        yield server


CELLS = st.sampled_from(["", "Ann", "=1+1", "-5", "Łódź", "00427", "a;b, c", "true", "9.50", "'x", "1988-03-14"])


TAGS = st.lists(st.sampled_from(["VIP", "a;b", "c, d", '"q"', "=tag", "Churned"]), unique=True, max_size=3)


EDIT = st.fixed_dictionaries(
    {}, optional={"firstName": CELLS, "City": CELLS, "Score": CELLS, "Zip": CELLS, "tags": TAGS}
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.fixed_dictionaries(dict.fromkeys(PEOPLE, EDIT)))
def test_whatever_cells_are_edited_exactly_these_are_otherwise_afterwards(
    server: SandboxServer, edits: Mapping[str, Mapping[str, str | list[str]]]
) -> None:
    name = f"all{len(list(Path().glob('all*.csv')))}.csv"
    lines, before = exported(name), {contact.id: contact for contact in server.sandbox.contacts}
    for contact_id, cells in edits.items():
        for name, value in cells.items():
            text = io.StringIO()
            csv.writer(text, delimiter=";", lineterminator="").writerow(value)
            line(lines, contact_id)[name] = text.getvalue() if name == "tags" else str(value)
    saved(lines)
    sent_back("--restart", "--export-number", str(len(list(Path().glob("all*.csv")))))
    for contact_id, cells in edits.items():
        fields = {name: text or None for name, text in cells.items() if name != "tags"}
        was, now = before[contact_id], held(server, contact_id)
        wanted = {name: value for name, value in {**was.fields, **fields}.items() if value is not None}
        assert {name: value for name, value in now.fields.items() if value is not None} == wanted
        assert now.tags == set(cells.get("tags", was.tags))
