from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.errors import CheckpointBusy, CheckpointDamaged, CheckpointMismatch, DiskFull, Unwritable
from heyx_bulk.models.call_records import Asked, Attempt, Came, Happened
from heyx_bulk.models.contacts import ContactRow, Field, Outcome, Problem, Status
from heyx_bulk.storage.checkpoint.builder import Draft
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.locking import hold, is_held
from heyx_bulk.storage.checkpoint.recovery import Salvaged, salvage
from heyx_bulk.storage.checkpoint.row_record import Entry, Mended, State, text_of, texts_of
from tests import scene

HOUSE = Path(__file__).parent.parent
PHONE = "phone"
SENT = (Field(PHONE, "+441234567"), Field("firstName", "Zoë"))

Keys = tuple[int, int, str, str]


def filled(
    folder: Path, keys: Iterable[Keys] = (), *, rows: Sequence[int] = (2, 3, 4), invalid: Sequence[int] = ()
) -> Journal:
    """A checkpoint with these rows, each with its number as its only cell, and these key values."""
    path = folder / "people.csv.checkpoint"
    with Draft(path) as draft:
        draft.add(rows, texts_of([[str(number)] for number in rows]), {})
        draft.keys(keys)
        draft.doubles()
        for number in invalid:
            draft.invalid(number, (Problem("no phone", f"row {number} has no phone"),))
        draft.link()
        draft.keep({"header": ["name"], "rows": len(rows)})
    return Journal.open(path)


def again(journal: Journal) -> Journal:
    """The same checkpoint as somebody else finds it."""
    return Journal.open(journal.path)


# Staging


@given(st.lists(st.lists(st.text(st.sampled_from('"],[\\a\ud800é\n')), min_size=1)))
def test_rows_written_at_once_are_written_as_each_alone(rows: list[list[str]]) -> None:
    assert texts_of(rows) == [text_of(row) for row in rows]
    assert [json.loads(text) for text in texts_of(rows)] == rows


def test_a_checkpoint_holds_every_row_and_every_fact_that_was_staged(tmp_path: Path) -> None:
    with filled(tmp_path, invalid=[3]) as journal:
        problems = (Problem("no phone", "row 3 has no phone"),)
        assert list(journal.rows()) == [
            Entry(2, ("2",), State.READY),
            Entry(3, ("3",), State.DONE, Status.INVALID, message="row 3 has no phone", problems=problems),
            Entry(4, ("4",), State.READY),
        ]
        assert (journal.header(), journal.meta("rows"), journal.meta("unheard of")) == (("name",), 3, None)


def test_an_exception_in_the_middle_of_staging_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.checkpoint"

    def keys() -> Iterable[Keys]:
        yield 2, 0, PHONE, "1"
        raise scene.PowerCut

    def fill() -> None:
        with hold(path), Draft(path) as draft:
            draft.add([2], [text_of(["a"])], {})
            draft.keys(keys())

    with pytest.raises(scene.PowerCut):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_a_draft_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with Draft(tmp_path / "people.csv.checkpoint") as draft:
        draft.add([2], [text_of(["a"])], {})
    assert list(tmp_path.iterdir()) == []


def test_the_remains_of_a_draft_that_a_power_cut_left_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".people.csv.checkpoint.draft").write_bytes(b"half of it")
    filled(tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv.checkpoint"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_nobody_else_may_read_a_checkpoint_or_what_lies_beside_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with filled(tmp_path) as journal, hold(journal.path):
            journal.remember("a", 1)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    name = "people.csv.checkpoint"
    assert modes == {name: 0o600, f"{name}-wal": 0o600, f"{name}-shm": 0o600, f"{name}.lock": 0o600}


def test_a_checkpoint_is_one_file_once_it_is_closed(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        journal.finish(Outcome(2, Status.CREATED, "7"))
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv.checkpoint"]


def test_writes_wait_for_the_disk(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        pragmas = [journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]


# Its lock


def test_a_second_run_is_told_that_the_checkpoint_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "my people.csv.checkpoint"
    with hold(path):
        with pytest.raises(CheckpointBusy) as caught, hold(path):
            pass
        assert str(path) in caught.value.what
        assert f"heyx-bulk report '{path}'" in caught.value.remedy
    with hold(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_in_another_process_keeps_the_checkpoint_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.checkpoint"
    code = (
        "import sys, time; from pathlib import Path; from heyx_bulk.storage.checkpoint.locking import hold\n"
        "with hold(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=HOUSE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"held"
        with pytest.raises(CheckpointBusy), hold(path):
            pass
        child.kill()
    with hold(path):
        pass


def test_a_lock_in_a_folder_that_is_not_there_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable) as caught, hold(tmp_path / "file" / "people.csv.checkpoint"):
        pass
    assert "--out" in caught.value.remedy


def test_a_locked_checkpoint_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    with filled(tmp_path) as journal, hold(journal.path):
        with again(journal) as reader:
            stream = reader.rows()
            assert next(stream).number == 2
            journal.finish(Outcome(4, Status.CREATED, "7"))
            assert reader.totals() == {"created": 1, "to do": 2}
        journal._db.execute("BEGIN IMMEDIATE")
        with again(journal) as reader:
            assert reader.totals() == {"created": 1, "to do": 2}
        journal._db.execute("ROLLBACK")


# What happens to a row


def test_every_step_is_seen_by_others_at_once_and_survives_reopening(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    other = again(journal)
    journal.creating(2, SENT, 1_700_000_000.5)
    creating = Entry(2, ("2",), State.CREATING, sent=SENT, sent_at=1_700_000_000.5)
    assert other.entry(2) == creating
    journal.created(2, "cus_7")
    created = Entry(2, ("2",), State.CREATED, contact_id="cus_7", sent=SENT, sent_at=1_700_000_000.5, made=True)
    assert other.entry(2) == created
    journal.wrote(3, "8")
    assert other.entry(3) == Entry(3, ("3",), State.READY, contact_id="8", wrote=True)
    journal.creating(4, SENT, None)
    journal.unsent(4)
    assert other.entry(4) == Entry(4, ("4",), State.READY, sent=SENT)
    journal.finish(Outcome(3, Status.FAILED, "8", "no"))
    done = Entry(3, ("3",), State.DONE, Status.FAILED, "8", "no", wrote=True)
    assert other.entry(3) == done
    journal.close()
    other.close()
    with Journal.open(journal.path) as reopened:
        assert [reopened.entry(2), reopened.entry(3)] == [created, done]


@pytest.mark.skipif(os.name != "posix", reason="a process is killed by a signal")
def test_a_step_outlives_the_process_that_was_killed_right_after_it(tmp_path: Path) -> None:
    path = filled(tmp_path).path
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from heyx_bulk.storage.checkpoint.checkpoint import Journal\n"
        "from heyx_bulk.models.contacts import Field\n"
        "journal = Journal.open(Path(sys.argv[1])); journal.creating(2, (Field('phone', '1'),), None)\n"
        "journal.created(3, '7'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)], cwd=HOUSE, check=False)
    assert ended.returncode == -signal.SIGKILL
    with Journal.open(path) as journal:
        assert [entry.number for entry in journal.doubts()] == [2]
        assert [(entry.number, entry.contact_id) for entry in journal.ready()] == [(3, "7"), (4, None)]


def test_what_is_remembered_replaces_what_was(tmp_path: Path) -> None:
    with filled(tmp_path) as journal, again(journal) as other:
        journal.remember("written", {"a": 1})
        journal.remember("written", {"b": [None, True]})
        assert other.meta("written") == {"b": [None, True]}


# What is to do


def test_ready_rows_are_those_neither_done_nor_in_doubt_in_the_sheets_order(tmp_path: Path) -> None:
    with filled(tmp_path, rows=[9, 4, 7, 12], invalid=[4]) as journal:
        journal.creating(7, SENT, None)
        journal.created(12, "1")
        assert [entry.number for entry in journal.ready()] == [9, 12]
        assert [entry.number for entry in journal.doubts()] == [7]
        assert [entry.number for entry in journal.rows()] == [4, 7, 9, 12]


def test_ready_is_a_stream_over_any_number_of_rows_that_may_be_finished_meanwhile(tmp_path: Path) -> None:
    numbers = list(range(2, 1800))
    with filled(tmp_path, rows=numbers) as journal:
        seen = []
        for entry in journal.ready():
            seen.append(entry.number)
            if entry.number % 100 == 0:
                journal.finish(Outcome(entry.number, Status.CREATED, "1"))
    assert seen == numbers


def test_a_row_awaits_the_nearest_earlier_row_with_one_of_its_key_values(tmp_path: Path) -> None:
    keys = [
        *[(2, 0, PHONE, "1"), (2, 1, "email", "a@x.org")],
        *[(3, 0, PHONE, "2"), (3, 1, "email", "a@x.org")],
        *[(4, 0, PHONE, "3"), (4, 1, "email", "a@x.org")],
        (5, 0, PHONE, "9"),
        (6, 0, "email", "9"),
    ]
    with filled(tmp_path, keys, rows=range(2, 7)) as journal:
        assert [journal.awaits(number) for number in range(2, 7)] == [None, 2, 3, None, None]
        journal.finish(Outcome(2, Status.CREATED, "7"))
        assert [journal.awaits(number) for number in (3, 4)] == [None, 3]
        journal.creating(3, SENT, None)
        assert journal.awaits(4) == 3


def test_nobody_awaits_an_invalid_row_but_the_one_before_it(tmp_path: Path) -> None:
    keys = [(number, 0, PHONE, "1") for number in (2, 3, 4)]
    with filled(tmp_path, keys, invalid=[3]) as journal:
        assert [journal.awaits(number) for number in (2, 4)] == [None, 2]


def test_the_doubles_are_rows_whose_own_key_an_earlier_row_has(tmp_path: Path) -> None:
    with Draft(tmp_path / "x.checkpoint") as draft:
        draft.add(range(2, 7), ["[]"] * 5, {})
        draft.keys([(2, 0, PHONE, "1"), (3, 0, PHONE, "2"), (4, 0, PHONE, "1"), (5, 0, "email", "1")])
        draft.keys([(5, 1, PHONE, "1"), (6, 0, PHONE, "1")])
        assert draft.doubles() == [(4, 2, PHONE), (6, 2, PHONE)]


def row(number: int, key: str | None) -> ContactRow:
    return ContactRow(number, keys=() if key is None else (Field("email", key),))


def test_a_rows_contact_is_the_one_that_earlier_rows_with_its_key_value_were(tmp_path: Path) -> None:
    keys = [
        *[(2, 0, PHONE, "1"), (2, 1, "email", "a@x.org")],
        *[(3, 0, "email", "a@x.org"), (3, 1, "city", "Oslo")],
        *[(4, 0, "city", "Oslo")],
    ]
    with filled(tmp_path, keys) as journal:
        assert journal.contact_of_key(row(3, "a@x.org")) is None
        journal.created(2, "7")
        assert journal.contact_of_key(row(3, "a@x.org")) == "7"
        assert journal.contact_of_key(row(2, "a@x.org")) is None
        assert journal.contact_of_key(row(3, None)) is None
        journal.finish(Outcome(2, Status.FAILED, "7", "no"))
        assert journal.contact_of_key(row(3, "a@x.org")) == "7"


def test_neither_a_later_row_nor_a_second_key_says_who_a_rows_contact_is(tmp_path: Path) -> None:
    keys = [
        (2, 0, "email", "a@x.org"),
        *[(3, 0, PHONE, "1"), (3, 1, "email", "a@x.org")],
        *[(4, 0, PHONE, "2"), (4, 1, "email", "a@x.org")],
    ]
    with filled(tmp_path, keys) as journal:
        journal.created(3, "7")
        assert journal.contact_of_key(row(2, "a@x.org")) is None
        assert journal.contact_of_key(row(4, "2")) is None


def test_earlier_rows_that_were_several_contacts_name_none(tmp_path: Path) -> None:
    keys = [
        *[(2, 0, PHONE, "1"), (2, 1, "email", "a@x.org")],
        *[(3, 0, PHONE, "2"), (3, 1, "email", "a@x.org")],
        (4, 0, "email", "a@x.org"),
    ]
    with filled(tmp_path, keys) as journal:
        journal.created(2, "7")
        journal.created(3, "8")
        assert journal.contact_of_key(row(4, "a@x.org")) is None
        journal.wrote(3, "7")
        assert journal.contact_of_key(row(4, "a@x.org")) == "7"


# Again


def test_reopening_opens_failed_and_uncertain_rows_each_where_it_stands(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 10), invalid=[9]) as journal:
        journal.finish(Outcome(2, Status.FAILED, None, "no"))
        journal.creating(3, SENT, 5.0)
        journal.created(3, "7")
        journal.finish(Outcome(3, Status.FAILED, "7", "no"))
        journal.wrote(4, "8")
        journal.finish(Outcome(4, Status.FAILED, "8", "no"))
        journal.creating(5, SENT, 5.0)
        journal.finish(Outcome(5, Status.UNCERTAIN, None, "who knows"))
        for number, status in ((6, Status.CREATED), (7, Status.UPDATED), (8, Status.UNCHANGED)):
            journal.finish(Outcome(number, status, "9"))
        kept = [journal.entry(number) for number in range(6, 10)]
        assert journal.reopen() == 4
        assert [journal.entry(number) for number in range(2, 6)] == [
            Entry(2, ("2",), State.READY),
            Entry(3, ("3",), State.CREATED, contact_id="7", sent=SENT, sent_at=5.0, made=True),
            Entry(4, ("4",), State.READY, contact_id="8", wrote=True),
            Entry(5, ("5",), State.CREATING, sent=SENT, sent_at=5.0),
        ]
        assert [journal.entry(number) for number in range(6, 10)] == kept
        assert journal.reopen() == 0


# What it tells


def test_totals_count_every_row_once(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 9), invalid=[8]) as journal:
        journal.creating(2, SENT, None)
        journal.created(3, "7")
        journal.finish(Outcome(4, Status.CREATED, "8"))
        journal.finish(Outcome(5, Status.CREATED, "9"))
        journal.finish(Outcome(6, Status.UNCERTAIN))
        assert journal.totals() == {"in doubt": 1, "to do": 2, "created": 2, "uncertain": 1, "invalid": 1}


def test_causes_are_told_most_frequent_first_with_the_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.checkpoint"
    rounded, missing = Problem("rounded", "B holds 1E+15"), Problem("no phone", "none")
    with Draft(path) as draft:
        draft.add(range(2, 12), ["[]"] * 10, {})
        draft.invalid(2, (rounded, rounded))
        for number in range(3, 10):
            draft.invalid(number, (missing,))
        draft.invalid(10, (missing, rounded))
        draft.keep({})
    with Journal.open(path) as journal:
        assert journal.causes() == [
            ("no phone", 8, [3, 4, 5, 6, 7], "none"),
            ("rounded", 2, [2, 10], "B holds 1E+15"),
        ]
        assert journal.entry(10).message == "none; B holds 1E+15"


def test_a_run_is_untouched_until_something_was_sent_or_found_for_a_row(tmp_path: Path) -> None:
    steps: dict[str, Callable[[Journal], object]] = {
        "creating": lambda journal: journal.creating(3, SENT, None),
        "created": lambda journal: journal.created(3, "7"),
        "wrote": lambda journal: journal.wrote(3, "7"),
        "unchanged": lambda journal: journal.finish(Outcome(3, Status.UNCHANGED, "7")),
        "failed": lambda journal: journal.finish(Outcome(3, Status.FAILED)),
    }
    for name, step in steps.items():
        folder = tmp_path / name
        folder.mkdir()
        with filled(folder, invalid=[2]) as journal:
            assert journal.untouched()
            step(journal)
            assert not journal.untouched()


def test_a_create_that_was_called_back_leaves_its_mark(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        journal.creating(3, SENT, None)
        journal.unsent(3)
        assert not journal.untouched()


def test_a_written_contact_is_one_this_run_created_or_changed(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        journal.finish(Outcome(2, Status.UNCHANGED, "1"))
        assert journal.written_contact() is None
        journal.wrote(3, "7")
        assert journal.written_contact() == "7"


def test_a_discarded_checkpoint_is_gone(tmp_path: Path) -> None:
    filled(tmp_path).discard()
    assert list(tmp_path.iterdir()) == []


# Disks and files that fail


def full(journal: Journal) -> None:
    """Let the disk take no more, as far as this checkpoint goes."""
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_is_told_with_a_remedy_and_loses_nothing(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        full(journal)
        with pytest.raises(DiskFull) as caught:
            journal.finish(Outcome(2, Status.FAILED, None, "no" * 10_000))
        assert (caught.value.exit_code, "make room" in caught.value.remedy) == (4, True)
        assert journal.entry(2) == Entry(2, ("2",), State.READY)
        with pytest.raises(DiskFull):
            journal.creating(2, [Field("note", "x" * 10_000)], None)
        assert journal.doubts() == []


def test_a_disk_that_is_full_at_any_point_of_staging_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.checkpoint"
    failed = 0
    for pages in range(5, 100):
        try:
            with Draft(path) as draft:
                assert draft._db is not None
                draft._db.execute(f"PRAGMA max_page_count={pages}")
                draft.add(range(2, 300), [text_of(["x" * 50] * 3)] * 298, {})
                draft.keys((number, 0, PHONE, f"{number:09}") for number in range(2, 300))
                draft.doubles()
                draft.invalid(7, (Problem("same phone", "same phone as row 6" * 200),))
                draft.link()
                draft.keep({"digest": "x" * 30_000})
        except DiskFull:
            failed += 1
            assert list(tmp_path.iterdir()) == []
        else:
            break
    assert failed > 20
    Journal.open(path).close()


def broken(path: Path, how: str) -> None:
    match how:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("phone,name\n" * 500)
        case "cut":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "zeros":
            path.write_bytes(b"\0" * path.stat().st_size)
        case "header only":
            path.write_bytes(path.read_bytes()[:100])
        case "folder":
            path.unlink()
            path.mkdir()
        case "missing":
            path.unlink()
        case _:
            path.unlink()
            with sqlite3.connect(path) as db:
                db.executescript(how)
            db.close()


@pytest.mark.parametrize(
    "how",
    [
        *["empty", "text", "zeros", "header only", "folder", "missing"],
        "CREATE TABLE contacts (id INTEGER)",
        "CREATE TABLE meta (key TEXT, data TEXT)",
        "CREATE TABLE meta (name TEXT, value TEXT)",
        "CREATE TABLE meta (name TEXT, value TEXT); INSERT INTO meta VALUES ('format', '9')",
        "CREATE TABLE meta (name TEXT, value TEXT); INSERT INTO meta VALUES ('format', 'none')",
    ],
)
def test_a_foreign_or_damaged_file_is_no_checkpoint(tmp_path: Path, how: str) -> None:
    path = filled(tmp_path, rows=range(2, 2000)).path
    broken(path, how)
    with pytest.raises(CheckpointMismatch) as caught:
        Journal.open(path).close()
    assert str(path) in caught.value.what
    assert caught.value.remedy


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    pages = len(content) // PAGE
    match how:
        case "cut":
            path.write_bytes(content[: pages // 2 * PAGE])
        case "middle":
            third = pages // 3 * PAGE
            path.write_bytes(content[:third] + b"\xaa" * third + content[2 * third :])
        case _:
            lost = (leaf(content) if how == "leaf" else int(how)) * PAGE
            path.write_bytes(content[:lost] + b"\0" * PAGE + content[lost + PAGE :])


def leaf(content: bytes) -> int:
    """A page that holds rows with long cells and nothing else."""
    pages = [content[at : at + PAGE] for at in range(0, len(content), PAGE)]
    return next(number for number, page in enumerate(pages) if page[:1] == b"\x0d" and page.count(b"x" * 60) > 9)


PAGE = 4096


@pytest.mark.parametrize("how", ["cut", "middle", "2", "5"])
def test_a_checkpoint_damaged_on_disk_is_told_as_damaged_with_what_to_do(tmp_path: Path, how: str) -> None:
    path = filled(tmp_path, rows=range(2, 2000)).path
    damage(path, how)
    with pytest.raises(CheckpointDamaged) as caught:
        Journal.open(path).close()
    assert f"heyx-bulk report --salvage {path}" in caught.value.remedy
    assert "--again" in caught.value.remedy


def test_a_checkpoint_that_is_damaged_while_it_is_used_stops_the_run(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 2000)) as journal:
        journal._db.execute("PRAGMA cache_size=1")
        damage(journal.path, "middle")
        with pytest.raises(DiskFull) as caught:
            list(journal.rows())
        assert "damaged on disk" in caught.value.what
        assert "--salvage" in caught.value.remedy


def test_a_value_that_the_disk_changed_is_noticed_and_a_mended_one_is_not_taken_for_it(tmp_path: Path) -> None:
    with scene.staged(tmp_path, "phone,first name\n+441,Ann\n+442,Bob\n") as run:
        run.journal.verify()
        run.journal.mend([Mended(2, ("+443", "Ann"), None, (), ((PHONE, "443"),))])
        run.journal.verify()
        run.journal._db.execute("UPDATE row SET cells = replace(cells, 'Bob', 'Rob')")
        with pytest.raises(CheckpointDamaged, match="not those that were stored"):
            run.journal.verify()


def saved(path: Path) -> tuple[Salvaged, set[int]]:
    found = salvage(path)
    return found, {entry.number for entry in found.rows}


def test_all_of_a_whole_checkpoint_can_be_saved(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 2000), invalid=[7]) as journal:
        journal.finish(Outcome(9, Status.CREATED, "77"))
        rows = list(journal.rows())
        assert salvage(journal.path) == Salvaged(("name",), rows, 0, journal.meta("command"))


@pytest.mark.parametrize(("how", "most_lost"), [("cut", 1500), ("middle", 1000), ("leaf", 100)])
def test_what_can_be_read_of_a_damaged_checkpoint_is_saved_and_the_file_left_as_it_is(
    tmp_path: Path, how: str, most_lost: int
) -> None:
    with filled(tmp_path, rows=range(2, 2000)) as journal:
        journal._db.execute(
            "UPDATE row SET state = 'done', status = 'created', contact_id = 'c' || number, cells = ?",
            (text_of(["x" * 60]),),
        )
        path = journal.path
    damage(path, how)
    before = path.read_bytes()
    found, numbers = saved(path)
    assert len(numbers) + found.lost == 1998
    assert 0 < found.lost <= most_lost
    assert all(entry.contact_id == f"c{entry.number}" for entry in found.rows)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


@pytest.mark.parametrize("how", ["0", "2"])
def test_of_a_file_without_a_beginning_nothing_can_be_saved(tmp_path: Path, how: str) -> None:
    path = filled(tmp_path, rows=range(2, 2000)).path
    damage(path, how)
    with pytest.raises(CheckpointMismatch):
        salvage(path)


def test_a_file_that_is_no_checkpoint_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "holiday.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE photos (id INTEGER)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(CheckpointMismatch):
        Journal.open(path).close()
    assert (path.read_bytes(), [path]) == (before, list(tmp_path.iterdir()))


def test_a_folder_that_cannot_be_written_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(Unwritable) as caught, Draft(tmp_path / "nowhere" / "x.checkpoint"):
        pass
    assert "--out" in caught.value.remedy


def test_a_checkpoint_that_another_program_keeps_locked_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        journal._db.execute("PRAGMA busy_timeout=20")
        rude = sqlite3.connect(journal.path, isolation_level=None)
        rude.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(DiskFull) as caught:
            journal.finish(Outcome(2, Status.CREATED, "7"))
        rude.close()
        assert ("locked" in caught.value.what, time.monotonic() - began < 5) == (True, True)
        assert journal.entry(2).state is State.READY


def test_a_token_is_in_no_file_of_a_run(tmp_path: Path) -> None:
    token = "tok_sekret_9f8e7d"
    with scene.World() as world, scene.staged(tmp_path, "phone,tags\n+4412345678,a\n") as run:
        world.sandbox.tokens = (token,)
        world.send(run, scene.settings(token=token))
        assert scene.statuses(run) == {2: "created"}
        run.journal.remember("channel", scene.settings(token=token).channel)
        texts = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.encode() not in texts
    assert b"+4412345678" in texts


# Checkpoints of other versions


def _altered(path: Path, script: str) -> None:
    db = sqlite3.connect(path)
    db.executescript(script)
    db.close()


@pytest.mark.parametrize(
    ("found", "says", "remedy"),
    [
        ("1", "written by an older heyx-bulk", "carry on with the older one"),
        ("99", "written by a newer heyx-bulk", "give the same command with the newer one"),
    ],
)
def test_a_checkpoint_of_another_version_is_told_apart_and_left_alone(
    tmp_path: Path, found: str, says: str, remedy: str
) -> None:
    journal = filled(tmp_path)
    journal.close()
    _altered(journal.path, "UPDATE meta SET value = 'x' WHERE name = 'format'".replace("x", found))
    before = journal.path.read_bytes()
    with pytest.raises(CheckpointMismatch, match=says) as told:
        Journal.open(journal.path)
    assert "Nothing is lost" in told.value.remedy
    assert remedy in told.value.remedy
    assert journal.path.read_bytes() == before


# Calls


def test_a_call_takes_little_room_whatever_it_carries_and_keeps_no_value_written(tmp_path: Path) -> None:
    items = tuple(
        (f"a field with quite a long name, number {number}" * 3, f"secret {number}") for number in range(30)
    )
    with filled(tmp_path) as journal:
        start = journal.calls.begin(1.0)
        for row in range(1000):
            number = journal.calls.leaving(start, Attempt(Asked("update", "7", items), row, 1, 0.0), 2.0)
            journal.calls.came(number, Came(Happened.REFUSED, 422, 0.25, "no " * 10_000))
        (kept,) = journal.calls.of_row(7)
        assert kept.attempt.asked.items[-1] == ("and 22 more", "")
        path = journal.path
    data = path.read_bytes()
    assert len(data) < 1000 * 1200
    assert b"secret" not in data


def test_whether_a_run_goes_on_is_seen_without_standing_in_its_way(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    assert not is_held(path)
    with hold(path):
        assert is_held(path)
    assert not is_held(path)
    Path(f"{path}.lock").touch()
    assert not is_held(path)
    with hold(path):
        assert is_held(path)
