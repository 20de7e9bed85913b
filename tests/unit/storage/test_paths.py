from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from heyx_bulk.storage.paths import dated_name, run_paths, unsafe_reason

MOMENT = datetime(2026, 11, 23, 9, 15)


def test_a_runs_files_lie_beside_its_sheet(tmp_path: Path) -> None:
    where = run_paths(tmp_path / "contacts.xlsx", None, None, excel=True)
    assert (where.checkpoint, where.results, where.note) == (
        tmp_path / "contacts.xlsx.checkpoint",
        tmp_path / "contacts.results.xlsx",
        "",
    )
    where = run_paths(tmp_path / "contacts.csv", None, None, excel=False)
    assert (where.checkpoint, where.results) == (
        tmp_path / "contacts.csv.checkpoint",
        tmp_path / "contacts.results.csv",
    )


def test_a_chosen_worksheet_is_in_their_names_without_signs_that_no_name_takes(tmp_path: Path) -> None:
    where = run_paths(tmp_path / "contacts.xlsx", "May/June: é (2)", None, excel=True)
    assert (where.checkpoint.name, where.results.name) == (
        "contacts.xlsx.May_June_ é (2).checkpoint",
        "contacts.May_June_ é (2).results.xlsx",
    )


@pytest.mark.parametrize("letter", ["x", "é", "好"])
def test_a_sheet_with_the_longest_name_there_is_has_files_that_can_be_made(tmp_path: Path, letter: str) -> None:
    sheet = tmp_path / (letter * (250 // len(letter.encode())) + ".csv")
    sheet.touch()
    where = run_paths(sheet, None, None, excel=False)
    other = run_paths(sheet.with_name(f"{letter}{sheet.name}"), None, None, excel=False)
    for path in (where.checkpoint, where.results, where.failed):
        for name in (path, dated_name(path, MOMENT), path.with_name(f".{path.name}.new.draft-wal")):
            name.touch()
        assert path not in (other.checkpoint, other.results, other.failed)


def test_they_lie_in_a_folder_that_was_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    where = run_paths(tmp_path / "contacts.csv", None, out, excel=False)
    assert {where.checkpoint.parent, where.results.parent} == {out}


def test_a_relative_sheet_has_its_files_beside_it_whatever_folder_one_goes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        run_paths(Path("contacts.csv"), None, None, excel=False).checkpoint == tmp_path / "contacts.csv.checkpoint"
    )


def test_looking_whether_a_folder_can_lock_leaves_nothing_in_it(tmp_path: Path) -> None:
    assert unsafe_reason(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder where no file can be made")
def test_a_folder_that_cannot_be_written_is_not_for_that_reason_one_that_cannot_lock() -> None:
    assert unsafe_reason(Path("/proc/self")) == ""


def test_a_dated_name_keeps_the_suffix_and_tells_the_minute(tmp_path: Path) -> None:
    path = tmp_path / "contacts.results.xlsx"
    assert dated_name(path, MOMENT) == tmp_path / "contacts.results.2026-11-23-0915.xlsx"
    assert (
        dated_name(tmp_path / "contacts.xlsx.checkpoint", MOMENT).name
        == "contacts.xlsx.2026-11-23-0915.checkpoint"
    )


def test_a_dated_name_is_free(tmp_path: Path) -> None:
    path = tmp_path / "contacts.results.xlsx"
    for expected in ("0915", "0915-2", "0915-3"):
        name = dated_name(path, MOMENT)
        assert name.name == f"contacts.results.2026-11-23-{expected}.xlsx"
        name.touch()


def test_no_free_dated_name_is_an_error_and_nothing_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for number in range(1, 1000):
        (tmp_path / f"x.2026-11-23-0915{f'-{number}' if number > 1 else ''}.csv").touch()
    with pytest.raises(FileExistsError):
        dated_name(path, MOMENT)


def test_two_sheets_of_one_name_in_two_folders_have_files_of_their_own(tmp_path: Path) -> None:
    found = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        found.add(run_paths(tmp_path / name / "contacts.csv", None, None, excel=False).checkpoint)
    assert len(found) == 2
    assert os.path.commonpath(found) == str(tmp_path)
