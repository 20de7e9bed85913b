"""What a person sees when the network or the disk fails: a real process, its words, and what it leaves behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from heyx_bulk.models.phrases import count
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.program import HEADER, TOKEN, Ended, heyx, left, results, sheet

LONG = tuple((f"+9230{number:05}", f"Name {number}", "VIP", "x" * 3000) for number in range(30))
UPLOAD = ("upload", "contacts.csv", "--ignore", "Notes")
NAMES = ("firstName", "tags")


def serving(faults: Faults | None = None) -> SandboxServer:
    return SandboxServer(Sandbox(faults or Faults(), tokens=(TOKEN,), limit=10**6))


def damage(path: Path) -> None:
    """Lose a page in the middle of a checkpoint."""
    content = path.read_bytes()
    at = len(content) // 4096 // 3 * 4096
    path.write_bytes(content[:at] + b"\0" * 4096 + content[at + 4096 :])


def sent_then_damaged(folder: Path, server: SandboxServer, *options: str) -> Path:
    sheet(folder, *LONG, header=(*HEADER, "Notes"))
    assert heyx(folder, *UPLOAD, *options, server=server).code == 0
    path = folder / "contacts.csv.checkpoint"
    damage(path)
    return path


def test_a_damaged_checkpoint_is_refused_its_rows_are_saved_and_again_goes_on_with_nobody_twice(
    tmp_path: Path,
) -> None:
    with serving() as server:
        path = sent_then_damaged(tmp_path, server)
        calls = server.sandbox.calls["accepted"]
        refused = heyx(tmp_path, *UPLOAD, server=server)
        assert (refused.code, server.sandbox.calls["accepted"]) == (2, calls)
        assert f"{path.name} is damaged on disk" in refused.err
        assert "heyx-bulk report --recover" in refused.err
        saved = heyx(tmp_path, "report", "--recover", path.name)
        rows = results(tmp_path / "contacts.csv.recovered.csv")
        assert saved.code == 3
        assert f"{len(rows)} rows can be read. {count(30 - len(rows), 'row')} cannot be read." in saved.err
        assert 20 < len(rows) < 30
        assert {(row["heyx status"], row["tags"]) for row in rows} == {("created", "VIP")}
        again = heyx(tmp_path, *UPLOAD, "--restart", server=server)
        assert (again.code, again.out) == (0, "30 rows: 30 unchanged\n")
        assert "Kept from the run before" in again.err
        assert len(server.sandbox.contacts) == 30


def test_a_damaged_checkpoint_of_a_run_that_did_not_look_is_not_begun_anew(tmp_path: Path) -> None:
    with serving() as server:
        sent_then_damaged(tmp_path, server, "--no-match")
        again = heyx(tmp_path, *UPLOAD, "--restart", "--no-match", server=server)
        assert (again.code, len(server.sandbox.contacts)) == (2, 30)
        assert "Not with --no-match" in again.err


def test_the_exit_code_in_the_document_of_a_recovery_is_the_program_s(tmp_path: Path) -> None:
    with serving() as server:
        path = sent_then_damaged(tmp_path, server)
    saved = heyx(tmp_path, "report", "--recover", path.name, "--json")
    assert (saved.code, saved.document["exit"], saved.totals) == (
        3,
        3,
        {"created": saved.document["read"]},
    )


def test_one_damaged_checkpoint_does_not_hide_the_other_runs_of_a_folder(tmp_path: Path) -> None:
    with serving() as server:
        path = sent_then_damaged(tmp_path, server)
        sheet(tmp_path, name="others.csv")
        assert heyx(tmp_path, "upload", "others.csv", server=server).code == 0
    shown = heyx(tmp_path, "status")
    assert (shown.code, shown.out) == (2, "2 runs\n")
    assert f"{path.name} is damaged on disk" in shown.err
    assert "finished; 3 rows: 3 created" in shown.err


def test_what_is_no_checkpoint_cannot_be_recovered(tmp_path: Path) -> None:
    (tmp_path / "x.checkpoint").write_text("hello")
    done = heyx(tmp_path, "report", "--recover", "x.checkpoint")
    assert (done.code, "Nothing can be read of" in done.err) == (2, True)


def test_a_sheet_with_the_longest_name_there_is_can_be_uploaded_and_reported(tmp_path: Path) -> None:
    name = "x" * 251 + ".csv"
    sheet(tmp_path, name=name)
    with serving() as server:
        done = heyx(tmp_path, "upload", name, server=server)
        assert (done.code, done.out) == (0, "3 rows: 3 created\n")
    assert heyx(tmp_path, "report", name).code == 0
    assert len(left(tmp_path)) == 4


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_what_a_run_writes_can_be_read_by_its_user_alone(tmp_path: Path) -> None:
    made = sheet(tmp_path, ("+923001", "Ana", "VIP"), ("", "Boris", ""))
    with serving() as server:
        heyx(tmp_path, "upload", "contacts.csv", server=server)
        heyx(tmp_path, "export", "vip.xlsx", "--where", "firstName=Ana", server=server)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path != made}
    written = ("csv.checkpoint", "results.csv", "failed.csv", "report.html")
    assert modes == dict.fromkeys([*(f"contacts.{name}" for name in written), "vip.xlsx"], 0o600)


def blind(folder: Path, server: SandboxServer, *options: str) -> Ended:
    sheet(folder, *((f"Name {number}", "VIP") for number in range(3)), header=NAMES)
    words = ("upload", "contacts.csv", "--no-match", "--reconcile-delay", "0.2", "--workers", "1", *options)
    return heyx(folder, *words, server=server)


def test_uncertain_rows_are_listed_with_what_to_check_and_sent_only_knowingly(tmp_path: Path) -> None:
    told = Faults(lose_requests=0.5, seed=3)
    with serving(told) as server:
        done = blind(tmp_path, server)
        there = len(server.sandbox.contacts)
        assert (done.code, 0 < there < 3) == (3, True)
        assert "HeyX did not confirm that these contacts were created. Search for them in HeyX:" in done.err
        lost = [row for row in results(tmp_path / "contacts.results.csv") if row["heyx status"] == "uncertain"]
        for row in lost:
            assert f"  row {row['heyx row']}: firstName {row['firstName']}\n" in done.err
        command = "heyx-bulk rerun contacts.csv.checkpoint --uncertain"
        assert command in done.err
        server.sandbox._sampler._faults.clear()
        again = heyx(tmp_path, *command.split()[1:], server=server)
        assert (again.code, again.out) == (0, "3 rows: 3 created\n")
        assert f"{len(lost)} uncertain row" in again.err
        assert len(server.sandbox.contacts) == 3


def test_with_a_mark_no_row_is_uncertain(tmp_path: Path) -> None:
    told = Faults(lose_create_answers=0.9, seed=1)
    with serving(told) as server:
        done = blind(tmp_path, server, "--tracking-field", "import mark")
        assert (done.code, done.out) == (0, "3 rows: 3 created\n")
        assert "gets the run and row in its field import mark" in done.err
        assert server.sandbox.calls["lost_answers"] > 0
        marks = {contact.fields["import mark"] for contact in server.sandbox.contacts}
        assert len(marks) == len(server.sandbox.contacts) == 3
