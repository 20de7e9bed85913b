from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.models.phrases import did_you_mean, did_you_mean_file, duration


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("Leeds", ["Leads", "Lookup"], " Did you mean Leads?"),
        ("LEADS ", ["Leads"], " Did you mean Leads?"),
        ("Leads", [], ""),
        ("Orders", ["Leads"], ""),
    ],
)
def test_a_name_is_answered_with_the_most_similar_one(name: str, names: list[str], expected: str) -> None:
    assert did_you_mean(name, names) == expected


def test_a_file_that_is_not_there_is_answered_with_its_neighbor(tmp_path: Path) -> None:
    (tmp_path / "leads.xlsx").touch()
    assert did_you_mean_file(tmp_path / "lead.xlsx") == f" Did you mean {tmp_path / 'leads.xlsx'}?"
    assert did_you_mean_file(tmp_path / "orders.csv") == ""
    (tmp_path / "x.csv").touch()
    assert did_you_mean_file(tmp_path / "nope.csv") == ""
    assert did_you_mean_file(tmp_path / "leads.csv") == f" Did you mean {tmp_path / 'leads.xlsx'}?"
    assert did_you_mean_file(tmp_path / "nowhere" / "leads.xlsx") == ""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.2, "under a second"), (48, "48 s"), (200, "3 min 20 s"), (720, "12 min"), (7500, "2 h 5 min")],
)
def test_a_time_is_written_as_people_write_it(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected
