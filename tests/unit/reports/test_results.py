from __future__ import annotations

import errno
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
from openpyxl import load_workbook

from heyx_bulk.errors import DiskFull, WriteError
from heyx_bulk.mapping.columns import OUR_COLUMNS
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Field, Outcome, Status
from heyx_bulk.reports import results
from heyx_bulk.reports.run_totals import WORDS, exit_code, totals_line
from heyx_bulk.sheets.frames import row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.storage.checkpoint.queue import Queue
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.runs import Channel

HEADER = "phone,note,first name\n"
PEOPLE = HEADER + "+4412345678,=1+1,Ann\n,no phone,Bob\n+4412345679,007,Zoë\n\n+4412345670,x,Dan\n"
INTENT = UploadOptions(mapping=MappingOptions(ignore=("note",)))


def table(path: Path) -> list[list[str]]:
    """A sheet's texts, header and all, without blank rows."""
    sheet = open_sheet(path)
    return [list(sheet.header), *(list(row) for cells, _ in sheet.frames() for row in row_texts(cells))]


def write(run: Run, path: Path) -> Path:
    return results.write_results(run, path).path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_every_row_is_there_in_its_order_with_its_own_columns_and_then_ours(tmp_path: Path, suffix: str) -> None:
    place = tmp_path / f"people.results{suffix}"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        run.checkpoint.queue.finish(Outcome(2, Status.CREATED, "1776025372480910"))
        run.checkpoint.queue.finish(Outcome(4, Status.FAILED, None, "HeyX answered 403: no"))
        assert write(run, place) == place
    assert table(place) == [
        ["phone", "note", "first name", *OUR_COLUMNS],
        ["+4412345678", "=1+1", "Ann", "created", "1776025372480910", "", "2"],
        ["", "no phone", "Bob", "invalid", "", "the row has no phone, so the contact cannot be identified", "3"],
        ["+4412345679", "007", "Zoë", "failed", "", "HeyX answered 403: no", "4"],
        ["+4412345670", "x", "Dan", "to do", "", "not sent yet", "6"],
    ]


def test_an_id_and_a_long_number_stay_text_in_a_workbook(tmp_path: Path) -> None:
    place = tmp_path / "people.results.xlsx"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        run.checkpoint.queue.finish(Outcome(2, Status.CREATED, "1776025372480910"))
        write(run, place)
    workbook = openpyxl.load_workbook(place)
    assert workbook.sheetnames == ["Summary", "Results"]
    page = workbook["Results"]
    assert [(cell.value, cell.data_type) for cell in page[2] if cell.value] == [
        *[("+4412345678", "s"), ("=1+1", "s"), ("Ann", "s"), ("created", "s")],
        *[("1776025372480910", "s"), ("2", "s")],
    ]


def test_rows_that_are_not_done_say_how_they_stand(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        run.checkpoint.queue.mark_create_pending(2, (Field("phone", "1"),), None)
        run.checkpoint.queue.mark_created(4, "7")
        run.checkpoint.queue.mark_updated(6, "8")
        write(run, place)
    assert [row[3:6] for row in table(place)[1:]] == [
        ["unconfirmed", "", "its create went unanswered; the next session looks for it"],
        ["invalid", "", "the row has no phone, so the contact cannot be identified"],
        ["to do", "7", "created, but not finished"],
        ["to do", "8", "updated, but not finished"],
    ]


def test_columns_of_ours_in_the_sheet_are_replaced(tmp_path: Path) -> None:
    text = (
        "heyx status,phone,Heyx Contact ID,first name,heyx message,heyx row,heyx row\n"
        "failed,+4412345678,,Ann,HeyX answered 403,17,9\n,,8,Bob,,,\n"
    )
    place = tmp_path / "people.results.csv"
    with Channel() as channel, runs.staged(tmp_path, text) as run:
        channel.sandbox.add({"firstName": "Robert"}, id="8")
        channel.send(run)
        write(run, place)
        ann = channel.contact(firstName="Ann").id
    assert table(place) == [
        ["phone", "first name", *OUR_COLUMNS],
        ["+4412345678", "Ann", "created", ann, "", "2"],
        ["", "Bob", "updated", "8", "", "3"],
    ]


def test_the_id_a_row_came_with_is_told_also_where_it_was_not_sent(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    with runs.staged(tmp_path, "heyx contact id,phone\n8,none\n9,\n") as run:
        write(run, place)
    assert [row[1:3] for row in table(place)[1:]] == [["invalid", "8"], ["to do", "9"]]


def test_results_that_are_uploaded_again_change_nothing(tmp_path: Path) -> None:
    with Channel() as channel:
        with runs.staged(tmp_path, PEOPLE, INTENT) as run:
            channel.send(run)
            place = write(run, tmp_path / "people.results.xlsx")
        channel.transport.seen.clear()
        with runs.resumed(runs.checkpoint(open_sheet(place), INTENT)) as run:
            channel.send(run)
            assert run.checkpoint.queries.totals() == {"unchanged": 3, "invalid": 1}
    assert [seen for seen in channel.transport.seen if seen.writes] == []


def test_every_row_of_a_long_sheet_is_there_once(tmp_path: Path) -> None:
    text = HEADER + "".join(f"+4411234{number:07},,P{number}\n" for number in range(3000))
    with runs.staged(tmp_path, text, INTENT) as run:
        write(run, tmp_path / "people.results.csv")
        assert sum(run.checkpoint.queries.totals().values()) == 3000
    assert [row[-1] for row in table(tmp_path / "people.results.csv")[1:]] == [str(n) for n in range(2, 3002)]


# Where it is written


def test_the_file_that_we_wrote_is_replaced(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        write(run, place)
        run.checkpoint.queue.finish(Outcome(2, Status.CREATED, "7"))
        assert write(run, place) == place
        assert "created" in place.read_text(encoding="utf-8-sig")
    with runs.resumed(tmp_path / "people.csv.checkpoint") as run:
        assert write(run, place) == place


def test_a_file_that_a_person_changed_is_never_replaced(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    second, third = (tmp_path / f"people.results-{number}.csv" for number in (2, 3))
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        write(run, place)
        place.write_text(place.read_text() + "my note\n")
        assert write(run, place) == second
        assert write(run, place) == second
        second.write_text("mine too")
        assert write(run, place) == third
    assert (place.read_text().endswith("my note\n"), second.read_text()) == (True, "mine too")


def test_a_file_that_was_there_before_is_never_replaced(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    place.write_text("precious")
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        assert write(run, place) == tmp_path / "people.results-2.csv"
    assert place.read_text() == "precious"


def test_a_folder_in_the_place_of_the_file_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    place.mkdir()
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        assert write(run, place) == tmp_path / "people.results-2.csv"


def test_a_folder_that_took_the_place_of_our_file_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        write(run, place).unlink()
        place.mkdir()
        assert write(run, place) == tmp_path / "people.results-2.csv"


def test_no_free_name_is_told_with_a_remedy(tmp_path: Path) -> None:
    place = tmp_path / "people.results.csv"
    for name in ("people.results.csv", *(f"people.results-{number}.csv" for number in range(2, 1000))):
        (tmp_path / name).write_text("precious")
    with runs.staged(tmp_path, PEOPLE, INTENT) as run, pytest.raises(WriteError) as caught:
        write(run, place)
    assert "name another" in caught.value.remedy


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with runs.staged(tmp_path, PEOPLE, INTENT) as run, pytest.raises(WriteError):
        write(run, tmp_path / "nowhere" / "people.results.csv")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_results_are_written_whole_or_not_at_all(tmp_path: Path, suffix: str) -> None:
    place = tmp_path / f"people.results{suffix}"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        write(run, place)
        before = place.read_bytes()
        run.checkpoint._db.execute("UPDATE row SET cells = '[1]' WHERE number = 6")
        with pytest.raises(IndexError):
            write(run, place)
    assert place.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.csv", "people.csv.checkpoint", place.name]


@contextmanager
def fills_up(run: Run, code: int) -> Iterator[None]:
    """The disk fills up while the rows of the run's checkpoint are read."""
    first = next(run.checkpoint.queue.rows())

    def rows(_: object) -> Iterator[RowRecord]:
        yield first
        raise OSError(code, "No room")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Queue, "rows", rows)
        yield


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_full_disk_is_told_with_the_command_that_writes_them_later(
    tmp_path: Path, suffix: str, code: int
) -> None:
    place = tmp_path / f"people.results{suffix}"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        write(run, place)
        before = place.read_bytes()

        with fills_up(run, code), pytest.raises(DiskFull) as caught:
            results.write_results(run, place)
        assert f"heyx-bulk report {run.checkpoint.path}" in caught.value.remedy
    assert place.read_bytes() == before


def test_the_command_that_writes_them_later_can_be_copied_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "my people's sheets"
    folder.mkdir()
    with (
        runs.staged(folder, PEOPLE, INTENT) as run,
        fills_up(run, errno.ENOSPC),
        pytest.raises(DiskFull) as caught,
    ):
        results.write_results(run, folder / "x.csv")
    command = shlex.split(caught.value.remedy.partition("then run: ")[2])
    assert command == ["heyx-bulk", "report", str(run.checkpoint.path)]


# The totals


def test_the_totals_are_a_sentence() -> None:
    totals = {"invalid": 1, "created": 1038, "failed": 3, "to do": 0, "unconfirmed": 2}
    assert totals_line(totals) == "1,044 rows: 1,038 created, 3 failed, 1 invalid, 2 unconfirmed"
    assert totals_line({"unchanged": 1}) == "1 row: 1 unchanged"
    assert totals_line({}) == "0 rows"


@pytest.mark.parametrize("word", WORDS)
def test_every_status_has_its_exit_code(word: str) -> None:
    wanted = {"created", "updated", "unchanged", "skipped"}
    assert exit_code({word: 1}) == (0 if word in wanted else 3)
    assert exit_code({"created": 5, word: 1}) == (0 if word in wanted else 3)
    assert exit_code({"created": 5, word: 0}) == 0


def test_a_sheet_without_rows_is_as_wanted() -> None:
    assert exit_code({}) == 0


def test_the_totals_add_up_to_the_rows_of_the_sheet_at_any_moment(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, PEOPLE, INTENT) as run:
        sums: list[int] = []
        channel.transport.before = lambda *_: sums.append(sum(run.checkpoint.queries.totals().values()))
        channel.send(run)
    assert (set(sums), len(sums) > 3) == ({4}, True)


# The workbook


def test_a_workbook_of_results_is_coloured_by_status_and_tells_of_its_run(tmp_path: Path) -> None:
    place = tmp_path / "people.results.xlsx"
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        run.checkpoint.queue.finish(Outcome(2, Status.CREATED, "1776025372480910"))
        write(run, place)
        name = run.checkpoint.info.run_id[:8]
    workbook = load_workbook(place)
    rows = workbook["Results"]
    assert rows.freeze_panes == "A2"
    assert rows.auto_filter.ref is not None
    status = next(cell for cell in rows[1] if cell.value == "heyx status").column
    colours = {rows.cell(row, status).value: rows.cell(row, status).fill.fgColor.rgb for row in (2, 3)}
    assert colours == {"created": "FFE2F0D9", "invalid": "FFFFE699"}
    about = {row[0].value: row[1].value for row in workbook["Summary"].rows}
    assert (about["sheet"], about["run"], about["created"], about["--ignore"]) == ("people.csv", name, 1, "note")


def test_a_workbook_of_results_is_read_again_without_naming_its_worksheet(tmp_path: Path) -> None:
    with runs.staged(tmp_path, PEOPLE, INTENT) as run:
        write(run, tmp_path / "people.results.xlsx")
    assert open_sheet(tmp_path / "people.results.xlsx").worksheet == "Results"
