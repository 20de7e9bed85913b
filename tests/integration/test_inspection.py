"""A sheet looked at as an upload would read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.mapping.tag_counts import TagCount
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.upload.inspection import inspect_sheet
from heyx_bulk.upload.options import UploadOptions
from tests.support.program import heyx, left

TEXT = "Phone,First Name,Mood\n+923001,Ana,good\n+923002,Ana,\n923001,Boris,bad\n"


def test_every_column_is_shown_with_its_meaning_and_some_different_values(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(TEXT)
    seen = inspect_sheet(open_sheet(tmp_path / "people.csv"), UploadOptions())
    assert [column.field for column in seen.columns] == ["phone", "firstName", ""]
    assert seen.samples == (("+923001", "+923002", "923001"), ("Ana", "Boris"), ("good", "bad"))


def test_all_problems_are_found_though_a_column_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(TEXT)
    seen = inspect_sheet(open_sheet(tmp_path / "people.csv"), UploadOptions())
    assert "C “Mood”" in seen.mistakes[0]
    again = "same phone as row 2: leave one out, or upload with --duplicates merge or last"
    assert seen.causes == (("same phone as an earlier row", 1, [4], again),)
    assert seen.totals == {"to do": 2, "invalid": 1}


@pytest.mark.parametrize("duplicates", [Duplicates.ERROR, Duplicates.LAST])
def test_tags_of_rows_that_are_not_sent_do_not_count(duplicates: Duplicates, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Phone,Tags\n+923001,VIP\n+923001,VIP\n+923002,VIP;Lead\n0,Lead\n")
    seen = inspect_sheet(open_sheet(tmp_path / "people.csv"), UploadOptions(duplicates=duplicates))
    assert seen.tags == (TagCount("VIP", 2, 0), TagCount("Lead", 1, 0))


@pytest.mark.slow
def test_the_command_tells_it_sends_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(TEXT)
    done = heyx(tmp_path, "inspect", "people.csv")
    assert (done.code, done.out) == (2, "3 rows: 2 can be sent, 1 invalid\n")
    assert "A  Phone" in done.err
    assert heyx(tmp_path, "inspect", "people.csv", "--ignore", "Mood").code == 3
    assert left(tmp_path) == {"people.csv"}


@pytest.mark.slow
def test_json_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(TEXT)
    document = heyx(tmp_path, "inspect", "people.csv", "--json").document
    assert document["format"] == "CSV"
    again = "same phone as row 2: leave one out, or upload with --duplicates merge or last"
    cause = {"cause": "same phone as an earlier row", "rows": 1, "first": [4], "example": again}
    assert document["problems"] == [cause]


def test_a_sheet_that_names_nobody_is_looked_at_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("First Name\nAna\n")
    seen = inspect_sheet(open_sheet(tmp_path / "people.csv"), UploadOptions())
    assert [cause[:3] for cause in seen.causes] == [("no phone or email", 1, [2])]
    assert "No column identifies a row's contact" in seen.mistakes[0]
