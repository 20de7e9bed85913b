"""Results in a copy of the person's workbook: only if it is still the sheet of the run, whole or not at all."""

from __future__ import annotations

import errno
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest

from heyx_bulk.errors import DiskFull
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.reports import results
from heyx_bulk.reports.results import WrittenFile
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.own_workbooks import PEOPLE, differences, write_workbook
from tests.support.sheet_files import rows_of

MAPPING = MappingOptions(ignore=("Twice",), custom_fields=True)
OPTIONS = UploadOptions(mapping=MAPPING, sheet=SheetOptions(worksheet=PEOPLE))


@contextmanager
def begun(folder: Path) -> Iterator[Run]:
    """A run of the workbook, in which row 2 is created, row 3 invalid and row 4 failed."""
    source = write_workbook(folder / "people.xlsx")
    with runs.resumed(runs.checkpoint(open_sheet(source, OPTIONS.sheet), OPTIONS)) as run:
        run.checkpoint.queue.finish(Outcome(2, Status.CREATED, "1776025372480910"))
        run.checkpoint.queue.finish(Outcome(4, Status.FAILED, None, "HeyX answered 403: no"))
        yield run


def test_the_summary_has_totals_causes_links_and_the_facts_of_the_run(tmp_path: Path) -> None:
    with begun(tmp_path) as run:
        written = results.write_results(run, tmp_path / "people.results.xlsx")
        name = run.checkpoint.info.short_id
    page = openpyxl.load_workbook(written.path)["Summary"]
    rows = [[cell.value for cell in row if cell.value is not None] for row in page.iter_rows()]
    assert ["people.xlsx: 5 rows: 1 created, 1 failed, 1 invalid, 2 to do"] in rows
    assert ["created", 1] in rows
    assert ["failed", 1, "row 4", "HeyX answered 403: no"] in rows
    assert ["run", name] in rows
    links = {cell.value: cell.hyperlink.location for row in page.iter_rows() for cell in row if cell.hyperlink}
    assert links == {"row 3": "'Ann''s people'!H3", "row 4": "'Ann''s people'!H4"}


def test_a_streamed_workbook_has_the_same_summary_with_links_of_its_own(tmp_path: Path) -> None:
    with begun(tmp_path) as run:
        results_file = results.write_results(run, tmp_path / "people.results.xlsx").path
        (tmp_path / "people.xlsx").unlink()
        streamed = results.write_results(run, tmp_path / "streamed.xlsx").path
        failed = results.write_failed(run, tmp_path / "failed.xlsx")
    assert failed is not None
    pages = [openpyxl.load_workbook(path)["Summary"] for path in (results_file, streamed, failed.path)]
    texts = [[[cell.value for cell in row] for row in page.iter_rows()] for page in pages]
    assert texts[0] == texts[1] == texts[2]
    links = [
        {cell.hyperlink.location for row in page.iter_rows() for cell in row if cell.hyperlink} for page in pages
    ]
    assert links[1:] == [{"'Results'!A3", "'Results'!A4"}, {"'Failed'!A2", "'Failed'!A3"}]
    assert open_sheet(streamed).worksheet == "Results"
    assert [row[-1].partition(" of")[0] for row in rows_of(open_sheet(failed.path))] == ["row 3", "row 4"]


@pytest.mark.parametrize("place", [f"{PEOPLE}!A2", "gone", "damaged"])
def test_a_sheet_that_is_not_the_run_s_any_more_is_not_copied_and_the_reason_is_said(
    tmp_path: Path, place: str
) -> None:
    source = tmp_path / "people.xlsx"
    with begun(tmp_path) as run:
        if place == "gone":
            source.unlink()
        elif place == "damaged":
            source.write_bytes(source.read_bytes()[:500])
        else:
            book = openpyxl.load_workbook(source)
            book[PEOPLE]["A2"] = "+4412345009"
            book.save(source)
        written = results.write_results(run, tmp_path / "people.results.xlsx")
    why = {"gone": "is no longer where it was", "damaged": "cannot be read any more"}
    assert written.note == f"people.xlsx {why.get(place, 'has changed since the run began')}"
    sheet = open_sheet(written.path)
    assert (sheet.worksheet, rows_of(sheet)[0][0]) == ("Results", "+4412345001")


def test_a_copy_that_a_person_changed_is_not_replaced_and_ours_is(tmp_path: Path) -> None:
    place = tmp_path / "people.results.xlsx"
    with begun(tmp_path) as run:
        assert results.write_results(run, place) == WrittenFile(place)
        assert results.write_results(run, place) == WrittenFile(place)
        place.write_bytes(changed := place.read_bytes() + b" ")
        assert results.write_results(run, place).path == tmp_path / "people.results-2.xlsx"
    assert place.read_bytes() == changed


def test_a_full_disk_leaves_the_copy_before_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "people.results.xlsx"
    with begun(tmp_path) as run:
        results.write_results(run, place)
        before = place.read_bytes()
        names = {path.name for path in tmp_path.glob("*.xlsx")}
        usual = zipfile.ZipFile.writestr

        def full(archive: zipfile.ZipFile, part: zipfile.ZipInfo | str, content: bytes | str) -> None:
            if archive.filename is not None and "sheet2" in str(part):
                raise OSError(errno.ENOSPC, "No room")
            usual(archive, part, content)

        monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
        with pytest.raises(DiskFull) as caught:
            results.write_results(run, place)
    assert f"heyx-bulk report {run.checkpoint.path}" in caught.value.remedy
    assert place.read_bytes() == before
    assert {path.name for path in tmp_path.glob("*.xlsx")} == names
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_the_workbook_of_failed_rows_is_removed_when_none_is_left(tmp_path: Path) -> None:
    place = tmp_path / "people.failed.xlsx"
    with begun(tmp_path) as run:
        assert results.write_failed(run, place) == WrittenFile(place)
        assert differences(tmp_path / "people.xlsx", place, filtered=True) == []
        for number in (3, 4):
            run.checkpoint.queue.finish(Outcome(number, Status.CREATED, "7"))
        assert results.write_failed(run, place) is None
    assert not place.exists()
