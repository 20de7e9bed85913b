from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from heyx_bulk.errors import CheckpointBusy, CheckpointDamaged, CheckpointMismatch, DiskFull, WriteError
from heyx_bulk.mapping.mapped_frame import RowProblem
from heyx_bulk.models.call_records import CallAttempt, CallDescription, CallOutcome, CallResult
from heyx_bulk.models.contacts import ContactRow, Field, Outcome, Problem, Status
from heyx_bulk.planning.matching import DEFAULT_MATCHING, Match, Matching
from heyx_bulk.sheets.frames import Frame, line_frame, numbers_of, text_frame
from heyx_bulk.storage.checkpoint.builder import CheckpointBuilder
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import is_locked, lock
from heyx_bulk.storage.checkpoint.recovery import RecoveredRows, recover
from heyx_bulk.storage.checkpoint.row_record import CorrectedRow, RowRecord, RowState, to_json
from heyx_bulk.storage.checkpoint.run_info import RunInfo
from tests.support import runs

HOUSE = Path(__file__).parents[3]
PHONE = "phone"
INFO = RunInfo(
    run_id="0123456789abcdef",
    sheet="people.csv",
    path="/people.csv",
    header=("name",),
    rows=3,
    digest="",
    columns={},
    matching={},
    options={"--key": ["phone"]},
    sheet_options={},
    duplicates="error",
    warnings=(("a column looks rounded", 2, (3, 4)),),
    phones=(("+44 (GB)", 1, (2,)),),
    tags=(("VIP", 2, 0),),
    started_at="2026-01-02 03:04",
)
SENT = (Field(PHONE, "+441234567"), Field("firstName", "Zoë"))

Keys = tuple[int, int, str, str]


def fill(
    draft: CheckpointBuilder, rows: Sequence[int], keys: Sequence[Keys] = (), texts: Sequence[str] | None = None
) -> None:
    """Add rows, each with its number as its only cell if not with another text, and these key values."""
    found = {(number, field): value for number, _, field, value in keys}
    ranks: dict[str, int] = {}
    for _, rank, field, _ in keys:
        ranks[field] = max(rank, ranks.get(field, 0))

    def keys_of(cells: Frame) -> Frame:
        numbers = numbers_of(cells)
        fields = sorted(ranks, key=lambda field: ranks[field])
        return text_frame({field: [found.get((one, field), "") for one in numbers] for field in fields}, numbers)

    cells = [*(texts or map(str, rows))]
    draft.add_rows(rows, [cells], line_frame(RowProblem, []), keys_of(text_frame({0: cells}, rows)))
    draft.relate_rows(keys_of)


def filled(
    folder: Path, keys: Iterable[Keys] = (), *, rows: Sequence[int] = (2, 3, 4), invalid: Sequence[int] = ()
) -> Checkpoint:
    """A checkpoint with these rows and key values."""
    path = folder / "people.csv.checkpoint"
    with CheckpointBuilder(path) as draft:
        fill(draft, rows, [*keys])
        for number in invalid:
            draft.mark_invalid(number, (Problem("no phone", f"row {number} has no phone"),))
        draft.link_rows()
        draft.save(replace(INFO, rows=len(rows)), channel="a channel")
    return Checkpoint.open(path)


def again(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint as somebody else finds it."""
    return Checkpoint.open(checkpoint.path)


# Staging


def test_a_checkpoint_holds_every_row_and_every_fact_that_was_staged(tmp_path: Path) -> None:
    with filled(tmp_path, invalid=[3]) as checkpoint:
        problems = (Problem("no phone", "row 3 has no phone"),)
        assert list(checkpoint.queue.rows()) == [
            RowRecord(2, ("2",), RowState.READY),
            RowRecord(3, ("3",), RowState.DONE, Status.INVALID, message="row 3 has no phone", problems=problems),
            RowRecord(4, ("4",), RowState.READY),
        ]
        assert (checkpoint.info, checkpoint.facts.channel, checkpoint.facts.canary) == (INFO, "a channel", None)


def test_an_exception_in_the_middle_of_staging_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.checkpoint"

    def cut(_: Frame) -> Frame:
        raise runs.PowerCut

    def interrupted() -> None:
        with lock(path), CheckpointBuilder(path) as draft:
            fill(draft, [2, 3], [(2, 0, PHONE, "1"), (3, 0, PHONE, "1")])
            draft.relate_rows(cut)

    with pytest.raises(runs.PowerCut):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_draft_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with CheckpointBuilder(tmp_path / "people.csv.checkpoint") as draft:
        fill(draft, [2])
    assert list(tmp_path.iterdir()) == []


def test_the_remains_of_a_draft_that_a_power_cut_left_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".people.csv.checkpoint.draft").write_bytes(b"half of it")
    filled(tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv.checkpoint"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_nobody_else_may_read_a_checkpoint_or_what_lies_beside_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with filled(tmp_path) as checkpoint, lock(checkpoint.path):
            checkpoint.facts.command = "a"
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    name = "people.csv.checkpoint"
    assert modes == {name: 0o600, f"{name}-wal": 0o600, f"{name}-shm": 0o600, f"{name}.lock": 0o600}


def test_a_checkpoint_is_one_file_once_it_is_closed(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint:
        checkpoint.queue.finish(Outcome(2, Status.CREATED, "7"))
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv.checkpoint"]


def test_writes_wait_for_the_disk(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint:
        pragmas = [
            checkpoint._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    assert pragmas == ["wal", 2]


# Its lock


def test_a_second_run_is_told_that_the_checkpoint_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "my people.csv.checkpoint"
    with lock(path):
        with pytest.raises(CheckpointBusy) as caught, lock(path):
            pass
        assert str(path) in caught.value.what
        assert f"heyx-bulk report '{path}'" in caught.value.remedy
    with lock(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_in_another_process_keeps_the_checkpoint_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.checkpoint"
    code = (
        "import sys, time; from pathlib import Path; from heyx_bulk.storage.checkpoint.locking import lock\n"
        "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=HOUSE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"held"
        with pytest.raises(CheckpointBusy), lock(path):
            pass
        child.kill()
    with lock(path):
        pass


def test_a_lock_in_a_folder_that_is_not_there_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError) as caught, lock(tmp_path / "file" / "people.csv.checkpoint"):
        pass
    assert "--out" in caught.value.remedy


def test_a_locked_checkpoint_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint, lock(checkpoint.path):
        with again(checkpoint) as reader:
            stream = reader.queue.rows()
            assert next(stream).number == 2
            checkpoint.queue.finish(Outcome(4, Status.CREATED, "7"))
            assert reader.queries.totals() == {"created": 1, "to do": 2}
        checkpoint._db.execute("BEGIN IMMEDIATE")
        with again(checkpoint) as reader:
            assert reader.queries.totals() == {"created": 1, "to do": 2}
        checkpoint._db.execute("ROLLBACK")


# What happens to a row


def test_every_step_is_seen_by_others_at_once_and_survives_reopening(tmp_path: Path) -> None:
    checkpoint = filled(tmp_path)
    other = again(checkpoint)
    checkpoint.queue.mark_create_pending(2, SENT, 1_700_000_000.5)
    creating = RowRecord(2, ("2",), RowState.CREATE_PENDING, create_payload=SENT, sent_at=1_700_000_000.5)
    assert other.queue.row(2) == creating
    checkpoint.queue.mark_created(2, "cus_7")
    created = RowRecord(
        2,
        ("2",),
        RowState.CREATED,
        contact_id="cus_7",
        create_payload=SENT,
        sent_at=1_700_000_000.5,
        created_by_run=True,
    )
    assert other.queue.row(2) == created
    checkpoint.queue.mark_updated(3, "8")
    assert other.queue.row(3) == RowRecord(3, ("3",), RowState.READY, contact_id="8", updated_by_run=True)
    checkpoint.queue.mark_create_pending(4, SENT, None)
    checkpoint.queue.clear_pending(4)
    assert other.queue.row(4) == RowRecord(4, ("4",), RowState.READY, create_payload=SENT)
    checkpoint.queue.finish(Outcome(3, Status.FAILED, "8", "no"))
    done = RowRecord(3, ("3",), RowState.DONE, Status.FAILED, "8", "no", updated_by_run=True)
    assert other.queue.row(3) == done
    checkpoint.close()
    other.close()
    with Checkpoint.open(checkpoint.path) as reopened:
        assert [reopened.queue.row(2), reopened.queue.row(3)] == [created, done]


@pytest.mark.skipif(os.name != "posix", reason="a process is killed by a signal")
def test_a_step_outlives_the_process_that_was_killed_right_after_it(tmp_path: Path) -> None:
    path = filled(tmp_path).path
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint\n"
        "from heyx_bulk.models.contacts import Field\n"
        "checkpoint = Checkpoint.open(Path(sys.argv[1]))\n"
        "checkpoint.queue.mark_create_pending(2, (Field('phone', '1'),), None)\n"
        "checkpoint.queue.mark_created(3, '7'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)], cwd=HOUSE, check=False)
    assert ended.returncode == -signal.SIGKILL
    with Checkpoint.open(path) as checkpoint:
        assert [record.number for record in checkpoint.queue.unconfirmed_creates()] == [2]
        assert [(record.number, record.contact_id) for record in checkpoint.queue.open_rows()] == [
            (3, "7"),
            (4, None),
        ]


def test_what_is_remembered_replaces_what_was(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint, again(checkpoint) as other:
        checkpoint.facts.written_files = {"a": "1"}
        checkpoint.facts.written_files = {"b": "2", "c": ""}
        assert other.facts.written_files == {"b": "2", "c": ""}


# What is to do


def test_ready_rows_are_those_neither_done_nor_in_doubt_in_the_sheets_order(tmp_path: Path) -> None:
    with filled(tmp_path, rows=[9, 4, 7, 12], invalid=[4]) as checkpoint:
        checkpoint.queue.mark_create_pending(7, SENT, None)
        checkpoint.queue.mark_created(12, "1")
        assert [record.number for record in checkpoint.queue.open_rows()] == [9, 12]
        assert [record.number for record in checkpoint.queue.unconfirmed_creates()] == [7]
        assert [record.number for record in checkpoint.queue.rows()] == [4, 7, 9, 12]


def test_ready_is_a_stream_over_any_number_of_rows_that_may_be_finished_meanwhile(tmp_path: Path) -> None:
    numbers = list(range(2, 1800))
    with filled(tmp_path, rows=numbers) as checkpoint:
        seen = []
        for record in checkpoint.queue.open_rows():
            seen.append(record.number)
            if record.number % 100 == 0:
                checkpoint.queue.finish(Outcome(record.number, Status.CREATED, "1"))
    assert seen == numbers


def test_a_row_awaits_the_nearest_earlier_row_with_one_of_its_key_values(tmp_path: Path) -> None:
    keys = [
        *[(2, 0, PHONE, "1"), (2, 1, "email", "a@x.org")],
        *[(3, 0, PHONE, "2"), (3, 1, "email", "a@x.org")],
        *[(4, 0, PHONE, "3"), (4, 1, "email", "a@x.org")],
        (5, 0, PHONE, "9"),
        (6, 0, "email", "9"),
    ]
    with filled(tmp_path, keys, rows=range(2, 7)) as checkpoint:
        assert [checkpoint.queue.blocked_by(number) for number in range(2, 7)] == [None, 2, 3, None, None]
        checkpoint.queue.finish(Outcome(2, Status.CREATED, "7"))
        assert [checkpoint.queue.blocked_by(number) for number in (3, 4)] == [None, 3]
        checkpoint.queue.mark_create_pending(3, SENT, None)
        assert checkpoint.queue.blocked_by(4) == 3


def test_nobody_awaits_an_invalid_row_but_the_one_before_it(tmp_path: Path) -> None:
    keys = [(number, 0, PHONE, "1") for number in (2, 3, 4)]
    with filled(tmp_path, keys, invalid=[3]) as checkpoint:
        assert [checkpoint.queue.blocked_by(number) for number in (2, 4)] == [None, 2]


def test_the_keys_of_rows_that_share_a_value_are_given_in_full(tmp_path: Path) -> None:
    with CheckpointBuilder(tmp_path / "x.checkpoint") as draft:
        related = [(2, 0, PHONE, "1"), (2, 1, "email", "x"), (4, 0, PHONE, "2"), (4, 1, "email", "x")]
        fill(draft, range(2, 7), [*related, (3, 0, PHONE, "3"), (3, 1, "email", "1"), (5, 1, "email", "y")])
        assert [[*part] for part in draft.keys_of_related_rows()] == [related]


def row(number: int, key: str | None) -> ContactRow:
    return ContactRow(number, keys=() if key is None else (Field("email", key),))


def test_a_rows_contact_is_the_one_that_earlier_rows_with_its_key_value_were(tmp_path: Path) -> None:
    keys = [
        *[(2, 0, PHONE, "1"), (2, 1, "email", "a@x.org")],
        *[(3, 0, "email", "a@x.org"), (3, 1, "city", "Oslo")],
        *[(4, 0, "city", "Oslo")],
    ]
    with filled(tmp_path, keys) as checkpoint:
        assert checkpoint.queue.contact_of_earlier_row(row(3, "a@x.org"), DEFAULT_MATCHING) is None
        checkpoint.queue.mark_created(2, "7")
        assert checkpoint.queue.contact_of_earlier_row(row(3, "a@x.org"), DEFAULT_MATCHING) == "7"
        assert checkpoint.queue.contact_of_earlier_row(row(2, "a@x.org"), DEFAULT_MATCHING) is None
        assert checkpoint.queue.contact_of_earlier_row(row(3, None), DEFAULT_MATCHING) is None
        checkpoint.queue.finish(Outcome(2, Status.FAILED, "7", "no"))
        assert checkpoint.queue.contact_of_earlier_row(row(3, "a@x.org"), DEFAULT_MATCHING) == "7"


def test_a_second_key_says_who_a_rows_contact_is_where_it_is_asked_and_a_later_row_never_does(
    tmp_path: Path,
) -> None:
    keys = [
        (2, 0, "email", "a@x.org"),
        *[(3, 0, PHONE, "1"), (3, 1, "email", "a@x.org")],
        *[(4, 0, PHONE, "2"), (4, 1, "email", "a@x.org")],
    ]
    with filled(tmp_path, keys) as checkpoint:
        checkpoint.queue.mark_created(3, "7")
        assert checkpoint.queue.contact_of_earlier_row(row(2, "a@x.org"), DEFAULT_MATCHING) is None
        fourth = ContactRow(4, keys=(Field(PHONE, "2"), Field("email", "a@x.org")))
        assert checkpoint.queue.contact_of_earlier_row(fourth, DEFAULT_MATCHING) == "7"
        assert checkpoint.queue.contact_of_earlier_row(fourth, Matching(match=Match.FIRST)) is None


def test_earlier_rows_that_were_several_contacts_name_none(tmp_path: Path) -> None:
    keys = [
        *[(2, 0, PHONE, "1"), (2, 1, "email", "a@x.org")],
        *[(3, 0, PHONE, "2"), (3, 1, "email", "a@x.org")],
        (4, 0, "email", "a@x.org"),
    ]
    with filled(tmp_path, keys) as checkpoint:
        checkpoint.queue.mark_created(2, "7")
        checkpoint.queue.mark_created(3, "8")
        assert checkpoint.queue.contact_of_earlier_row(row(4, "a@x.org"), DEFAULT_MATCHING) is None
        checkpoint.queue.mark_updated(3, "7")
        assert checkpoint.queue.contact_of_earlier_row(row(4, "a@x.org"), DEFAULT_MATCHING) == "7"


# Again


def test_reopening_opens_failed_and_uncertain_rows_each_where_it_stands(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 10), invalid=[9]) as checkpoint:
        checkpoint.queue.finish(Outcome(2, Status.FAILED, None, "no"))
        checkpoint.queue.mark_create_pending(3, SENT, 5.0)
        checkpoint.queue.mark_created(3, "7")
        checkpoint.queue.finish(Outcome(3, Status.FAILED, "7", "no"))
        checkpoint.queue.mark_updated(4, "8")
        checkpoint.queue.finish(Outcome(4, Status.FAILED, "8", "no"))
        checkpoint.queue.mark_create_pending(5, SENT, 5.0)
        checkpoint.queue.finish(Outcome(5, Status.UNCERTAIN, None, "who knows"))
        for number, status in ((6, Status.CREATED), (7, Status.UPDATED), (8, Status.UNCHANGED)):
            checkpoint.queue.finish(Outcome(number, status, "9"))
        kept = [checkpoint.queue.row(number) for number in range(6, 10)]
        assert checkpoint.reopening.reopen_failed() == 4
        assert [checkpoint.queue.row(number) for number in range(2, 6)] == [
            RowRecord(2, ("2",), RowState.READY),
            RowRecord(
                3, ("3",), RowState.CREATED, contact_id="7", create_payload=SENT, sent_at=5.0, created_by_run=True
            ),
            RowRecord(4, ("4",), RowState.READY, contact_id="8", updated_by_run=True),
            RowRecord(5, ("5",), RowState.CREATE_PENDING, create_payload=SENT, sent_at=5.0),
        ]
        assert [checkpoint.queue.row(number) for number in range(6, 10)] == kept
        assert checkpoint.reopening.reopen_failed() == 0


# What it tells


def test_totals_count_every_row_once(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 9), invalid=[8]) as checkpoint:
        checkpoint.queue.mark_create_pending(2, SENT, None)
        checkpoint.queue.mark_created(3, "7")
        checkpoint.queue.finish(Outcome(4, Status.CREATED, "8"))
        checkpoint.queue.finish(Outcome(5, Status.CREATED, "9"))
        checkpoint.queue.finish(Outcome(6, Status.UNCERTAIN))
        assert checkpoint.queries.totals() == {
            "unconfirmed": 1,
            "to do": 2,
            "created": 2,
            "uncertain": 1,
            "invalid": 1,
        }


def test_causes_are_told_most_frequent_first_with_the_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.checkpoint"
    rounded, missing = Problem("rounded", "B holds 1E+15"), Problem("no phone", "none")
    with CheckpointBuilder(path) as draft:
        fill(draft, range(2, 12))
        draft.mark_invalid(2, (rounded, rounded))
        for number in range(3, 10):
            draft.mark_invalid(number, (missing,))
        draft.mark_invalid(10, (missing, rounded))
        draft.save(INFO, channel="")
    with Checkpoint.open(path) as checkpoint:
        assert checkpoint.queries.invalid_causes() == [
            ("no phone", 8, [3, 4, 5, 6, 7], "none"),
            ("rounded", 2, [2, 10], "B holds 1E+15"),
        ]
        assert checkpoint.queue.row(10).message == "none; B holds 1E+15"


def test_a_run_is_untouched_until_something_was_sent_or_found_for_a_row(tmp_path: Path) -> None:
    steps: dict[str, Callable[[Checkpoint], object]] = {
        "create_pending": lambda checkpoint: checkpoint.queue.mark_create_pending(3, SENT, None),
        "created": lambda checkpoint: checkpoint.queue.mark_created(3, "7"),
        "wrote": lambda checkpoint: checkpoint.queue.mark_updated(3, "7"),
        "unchanged": lambda checkpoint: checkpoint.queue.finish(Outcome(3, Status.UNCHANGED, "7")),
        "failed": lambda checkpoint: checkpoint.queue.finish(Outcome(3, Status.FAILED)),
    }
    for name, step in steps.items():
        folder = tmp_path / name
        folder.mkdir()
        with filled(folder, invalid=[2]) as checkpoint:
            assert checkpoint.queries.nothing_sent()
            step(checkpoint)
            assert not checkpoint.queries.nothing_sent()


def test_a_create_that_was_called_back_leaves_its_mark(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint:
        checkpoint.queue.mark_create_pending(3, SENT, None)
        checkpoint.queue.clear_pending(3)
        assert not checkpoint.queries.nothing_sent()


def test_a_written_contact_is_one_this_run_created_or_changed(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint:
        checkpoint.queue.finish(Outcome(2, Status.UNCHANGED, "1"))
        assert checkpoint.queries.any_written_contact() is None
        checkpoint.queue.mark_updated(3, "7")
        assert checkpoint.queries.any_written_contact() == "7"


def test_a_discarded_checkpoint_is_gone(tmp_path: Path) -> None:
    filled(tmp_path).delete()
    assert list(tmp_path.iterdir()) == []


# Disks and files that fail


def full(checkpoint: Checkpoint) -> None:
    """Let the disk take no more, as far as this checkpoint goes."""
    (pages,) = checkpoint._db.execute("PRAGMA page_count").fetchone()
    checkpoint._db.execute(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_is_told_with_a_remedy_and_loses_nothing(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint:
        full(checkpoint)
        with pytest.raises(DiskFull) as caught:
            checkpoint.queue.finish(Outcome(2, Status.FAILED, None, "no" * 10_000))
        assert (caught.value.exit_code, "Free some space" in caught.value.remedy) == (4, True)
        assert checkpoint.queue.row(2) == RowRecord(2, ("2",), RowState.READY)
        with pytest.raises(DiskFull):
            checkpoint.queue.mark_create_pending(2, [Field("note", "x" * 10_000)], None)
        assert checkpoint.queue.unconfirmed_creates() == []


def test_a_disk_that_is_full_at_any_point_of_staging_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.checkpoint"
    failed = 0
    for pages in range(5, 100):
        try:
            with CheckpointBuilder(path) as draft:
                draft.db.execute(f"PRAGMA max_page_count={pages}")
                numbers = range(2, 300)
                keys = [(number, 0, PHONE, f"{number // 2:09}") for number in numbers]
                fill(draft, numbers, keys, ["x" * 160] * len(numbers))
                draft.mark_invalid(7, (Problem("same phone", "same phone as row 6" * 200),))
                draft.link_rows()
                draft.save(replace(INFO, digest="x" * 30_000), channel="")
        except DiskFull:
            failed += 1
            assert list(tmp_path.iterdir()) == []
        else:
            break
    assert failed > 20
    Checkpoint.open(path).close()


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
        "CREATE TABLE info (name TEXT, value TEXT)",
        "CREATE TABLE info (name TEXT, value TEXT); INSERT INTO info VALUES ('format', '9')",
        "CREATE TABLE info (name TEXT, value TEXT); INSERT INTO info VALUES ('format', 'none')",
    ],
)
def test_a_foreign_or_damaged_file_is_no_checkpoint(tmp_path: Path, how: str) -> None:
    path = filled(tmp_path, rows=range(2, 2000)).path
    broken(path, how)
    with pytest.raises(CheckpointMismatch) as caught:
        Checkpoint.open(path).close()
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
        Checkpoint.open(path).close()
    assert f"heyx-bulk report --recover {path}" in caught.value.remedy
    assert "--restart" in caught.value.remedy


def test_a_checkpoint_that_is_damaged_while_it_is_used_stops_the_run(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 2000)) as checkpoint:
        checkpoint._db.execute("PRAGMA cache_size=1")
        damage(checkpoint.path, "middle")
        with pytest.raises(DiskFull) as caught:
            list(checkpoint.queue.rows())
        assert "damaged on disk" in caught.value.what
        assert "--recover" in caught.value.remedy


def test_a_value_that_the_disk_changed_is_noticed_and_a_mended_one_is_not_taken_for_it(tmp_path: Path) -> None:
    with runs.staged(tmp_path, "phone,first name\n+4411234,Ann\n+4421234,Bob\n") as run:
        run.checkpoint.verify_contents()
        run.checkpoint.reopening.apply_corrections(
            [CorrectedRow(2, ("+4431234", "Ann"), None, (), ((PHONE, "4431234"),))]
        )
        run.checkpoint.verify_contents()
        run.checkpoint._db.execute("UPDATE row SET cells = replace(cells, 'Bob', 'Rob')")
        with pytest.raises(CheckpointDamaged, match="not those that were stored"):
            run.checkpoint.verify_contents()


def saved(path: Path) -> tuple[RecoveredRows, set[int]]:
    found = recover(path)
    return found, {record.number for record in found.rows}


def test_all_of_a_whole_checkpoint_can_be_saved(tmp_path: Path) -> None:
    with filled(tmp_path, rows=range(2, 2000), invalid=[7]) as checkpoint:
        checkpoint.queue.finish(Outcome(9, Status.CREATED, "77"))
        rows = list(checkpoint.queue.rows())
        facts = checkpoint.facts.command, checkpoint.info.path
        assert recover(checkpoint.path) == RecoveredRows(("name",), rows, 0, *facts)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "most_lost"), [("cut", 1500), ("middle", 1000), ("leaf", 100)])
def test_what_can_be_read_of_a_damaged_checkpoint_is_saved_and_the_file_left_as_it_is(
    tmp_path: Path, how: str, most_lost: int
) -> None:
    with filled(tmp_path, rows=range(2, 2000)) as checkpoint:
        checkpoint._db.execute(
            "UPDATE row SET state = 'done', status = 'created', contact_id = 'c' || number, cells = ?",
            (to_json(["x" * 60]),),
        )
        path = checkpoint.path
    damage(path, how)
    before = path.read_bytes()
    found, numbers = saved(path)
    assert len(numbers) + found.lost == 1998
    assert 0 < found.lost <= most_lost
    assert all(record.contact_id == f"c{record.number}" for record in found.rows)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


@pytest.mark.parametrize("how", ["0", "2"])
def test_of_a_file_without_a_beginning_nothing_can_be_saved(tmp_path: Path, how: str) -> None:
    path = filled(tmp_path, rows=range(2, 2000)).path
    damage(path, how)
    with pytest.raises(CheckpointMismatch):
        recover(path)


def test_a_file_that_is_no_checkpoint_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "holiday.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE photos (id INTEGER)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(CheckpointMismatch):
        Checkpoint.open(path).close()
    assert (path.read_bytes(), [path]) == (before, list(tmp_path.iterdir()))


def test_a_folder_that_cannot_be_written_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught, CheckpointBuilder(tmp_path / "nowhere" / "x.checkpoint"):
        pass
    assert "--out" in caught.value.remedy


def test_a_checkpoint_that_another_program_keeps_locked_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    with filled(tmp_path) as checkpoint:
        checkpoint._db.execute("PRAGMA busy_timeout=20")
        rude = sqlite3.connect(checkpoint.path, isolation_level=None)
        rude.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(DiskFull) as caught:
            checkpoint.queue.finish(Outcome(2, Status.CREATED, "7"))
        rude.close()
        assert ("locked" in caught.value.what, time.monotonic() - began < 5) == (True, True)
        assert checkpoint.queue.row(2).state is RowState.READY


def test_a_token_is_in_no_file_of_a_run(tmp_path: Path) -> None:
    token = "tok_sekret_9f8e7d"
    with runs.Channel() as channel, runs.staged(tmp_path, "phone,tags\n+4412345678,a\n") as run:
        channel.sandbox.tokens = (token,)
        channel.send(run, runs.settings(token=token))
        assert runs.statuses(run) == {2: "created"}
        run.checkpoint.facts.channel = runs.settings(token=token).channel
        texts = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.encode() not in texts
    assert b"+4412345678" in texts


# Checkpoints of other versions


def _altered(path: Path, script: str) -> None:
    db = sqlite3.connect(path)
    db.executescript(script)
    db.close()


@pytest.mark.parametrize(
    ("table", "found", "says", "remedy"),
    [
        ("meta", "1", "written by an older heyx-bulk", "resume with the older version"),
        ("meta", "2", "written by an older heyx-bulk", "resume with the older version"),
        ("info", "3", "written by an older heyx-bulk", "resume with the older version"),
        ("info", "99", "written by a newer heyx-bulk", "run the same command with the newer version"),
    ],
)
def test_a_checkpoint_of_another_version_is_told_apart_and_left_alone(
    tmp_path: Path, table: str, found: str, says: str, remedy: str
) -> None:
    checkpoint = filled(tmp_path)
    checkpoint.close()
    _altered(checkpoint.path, "UPDATE info SET value = 'x' WHERE name = 'format'".replace("x", found))
    if table != "info":
        _altered(checkpoint.path, f"ALTER TABLE info RENAME TO {table}")
    before = checkpoint.path.read_bytes()
    with pytest.raises(CheckpointMismatch, match=says) as told:
        Checkpoint.open(checkpoint.path)
    assert "Nothing is lost" in told.value.remedy
    assert remedy in told.value.remedy
    assert checkpoint.path.read_bytes() == before


# Calls


def test_a_call_takes_little_room_whatever_it_carries_and_keeps_no_value_written(tmp_path: Path) -> None:
    items = tuple(
        (f"a field with quite a long name, number {number}" * 3, f"secret {number}") for number in range(30)
    )
    with filled(tmp_path) as checkpoint:
        start = checkpoint.calls.start_session(1.0)
        for row in range(1000):
            number = checkpoint.calls.record_send(
                start, CallAttempt(CallDescription("update", "7", items), row, 1, 0.0), 2.0
            )
            checkpoint.calls.record_result(number, CallResult(CallOutcome.REJECTED, 422, 0.25, "no " * 10_000))
        (kept,) = checkpoint.calls.of_row(7)
        assert kept.attempt.call.items[-1] == ("and 22 more", "")
        path = checkpoint.path
    data = path.read_bytes()
    assert len(data) < 1000 * 1200
    assert b"secret" not in data


def test_whether_a_run_goes_on_is_seen_without_standing_in_its_way(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    assert not is_locked(path)
    with lock(path):
        assert is_locked(path)
    assert not is_locked(path)
    Path(f"{path}.lock").touch()
    assert not is_locked(path)
    with lock(path):
        assert is_locked(path)
