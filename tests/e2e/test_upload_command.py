"""The program as a person runs it: a real process, its exit code, what it says and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.program import (
    PROGRAM,
    ROWS,
    TOKEN,
    environment,
    heyx,
    left,
    results,
    sheet,
    wait_for,
)

# What goes right


def test_an_upload_creates_everybody_and_says_so(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (done.code, done.out) == (0, "3 rows: 3 created\n")
    assert [line["heyx status"] for line in results(tmp_path / "contacts.results.csv")] == ["created"] * 3
    assert {contact.fields["firstName"] for contact in server.sandbox.contacts} == {"Ana", "Boris", "Chen"}


def test_the_same_command_again_sends_nothing(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    before = server.sandbox.calls["accepted"]
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (done.code, done.out, server.sandbox.calls["accepted"]) == (0, "3 rows: 3 created\n", before)
    assert "finished" in done.err
    assert "--restart" in done.err


def test_again_starts_anew_and_keeps_the_files_of_before(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    done = heyx(tmp_path, "upload", "contacts.csv", "--restart", server=server)
    assert (done.code, done.out) == (0, "3 rows: 3 unchanged\n")
    names = left(tmp_path)
    assert len([name for name in names if name.endswith(".checkpoint")]) == 2
    assert len([name for name in names if ".results." in name]) == 2


def test_json_is_one_document_on_standard_output(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *ROWS, ("", "Nobody", ""))
    done = heyx(tmp_path, "upload", "contacts.csv", "--json", server=server)
    document = done.document
    assert done.code == 3
    assert (document["rows"], done.totals) == (4, {"created": 3, "invalid": 1})
    assert document["calls"] == server.sandbox.calls["accepted"]
    assert document["results"] == str(tmp_path / "contacts.results.csv")


def test_json_says_also_why_nothing_was_sent(tmp_path: Path) -> None:
    done = heyx(tmp_path, "upload", "contact.csv", "--json")
    assert (done.code, done.document["status"]) == (2, "refused")
    assert done.document["reason"] == "contact.csv does not exist."
    assert done.document["remedy"] == "Check the name and the folder."
    sheet(tmp_path, header=("phone", "Mood", "tags"))
    done = heyx(tmp_path, "upload", "contacts.csv", "--json", "--simulate")
    assert (done.code, done.document["exit"]) == (2, 2)
    assert done.document["reason"].startswith("1 column was not recognized:")


def test_a_rehearsal_needs_no_token_and_leaves_nothing_behind(tmp_path: Path) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", "--simulate")
    assert (done.code, done.out) == (0, "3 rows: 3 created\n")
    assert "A real run takes about" in done.err
    assert left(tmp_path) == {"contacts.csv"}


def test_a_dry_run_shows_old_and_new_and_writes_nothing(tmp_path: Path, server: SandboxServer) -> None:
    server.sandbox.add({"phone": "923001", "firstName": "Anna"}, ("Old",))
    sheet(tmp_path, ("+923001", "Ana", "VIP"), ("+923002", "Boris", ""))
    done = heyx(tmp_path, "upload", "contacts.csv", "--dry-run", "--remove-tag", "Old", server=server)
    assert (done.code, done.out) == (0, "Dry run of 2 rows: 1 created, 1 updated\n")
    for line in ("firstName: Anna → Ana", "+ tag VIP", "- tag Old", "+ create"):
        assert line in done.err
    lookups = server.sandbox.calls["find"]
    total = "4 writes: 3 fields written, 1 tag added and 1 removed."
    assert f"This dry run sent {lookups} look-ups; a real run sends them again, and {total}" in done.err
    assert {call for call, count in server.sandbox.calls.items() if count} == {"accepted", "find"}
    assert left(tmp_path) == {"contacts.csv"}


def test_a_dry_run_says_how_many_rows_it_does_not_show(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", "--dry-run", "--first", "1", server=server)
    assert "… and 2 more rows, not shown." in done.err
    all_shown = heyx(tmp_path, "upload", "contacts.csv", "--dry-run", "--first", "3", server=server)
    assert "not shown" not in all_shown.err


def test_a_dry_run_says_why_rows_would_fail(tmp_path: Path, server: SandboxServer) -> None:
    for name in ("Ann", "Anna"):
        server.sandbox.add({"phone": "+923001", "firstName": name}, ())
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", "--dry-run", "--json", server=server)
    assert (done.code, done.totals) == (3, {"created": 2, "failed": 1})
    assert "  1 × failed: 2 contacts have the phone +923001: " in done.err
    assert "(row 2)" in done.err
    assert '"rows": 1, "first": [2]' in done.out


def test_a_rerun_with_nothing_to_send_says_so(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    again = heyx(tmp_path, "rerun", "contacts.csv", server=server)
    assert (again.code, again.out) == (0, "3 rows: 3 created\n")
    assert again.err.startswith("Nothing to send again.\n")


def test_failed_rows_succeed_in_a_rerun_and_no_other_row_is_touched(tmp_path: Path) -> None:
    sheet(tmp_path)
    with SandboxServer(Sandbox(Faults(refuse_creates=2), tokens=(TOKEN,))) as server:
        first = heyx(tmp_path, "upload", "contacts.csv", "--workers", "1", server=server)
        assert (first.code, first.out) == (3, "3 rows: 1 created, 2 failed\n")
        cause = "2 × failed: HeyX answered 403: The contact could not be created. (rows 2, 3)"
        assert cause in first.err
        assert cause in heyx(tmp_path, "report", "contacts.csv").err
        assert "heyx-bulk rerun contacts.csv.checkpoint" in first.err
        again = heyx(tmp_path, "rerun", "contacts.csv.checkpoint", server=server)
        assert (again.code, again.out) == (0, "3 rows: 3 created\n")
        assert server.sandbox.calls["create"] == 5
        assert len(server.sandbox.contacts) == 3


def test_a_report_is_written_at_any_time(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    (tmp_path / "contacts.results.csv").unlink()
    done = heyx(tmp_path, "report", "contacts.csv.checkpoint")
    assert (done.code, done.out) == (0, "3 rows: 3 created\n")
    assert len(results(tmp_path / "contacts.results.csv")) == 3


def test_a_results_file_that_a_person_changed_is_never_replaced(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    (tmp_path / "contacts.results.csv").write_text("my notes")
    done = heyx(tmp_path, "report", "contacts.csv.checkpoint")
    assert "contacts.results-2.csv" in done.err
    assert (tmp_path / "contacts.results.csv").read_text() == "my notes"


def test_another_token_of_the_same_channel_carries_on(tmp_path: Path) -> None:
    sheet(tmp_path)
    sandbox = Sandbox(Faults(revoke_after=7), tokens=(TOKEN, "another"))
    with SandboxServer(sandbox) as server:
        first = heyx(tmp_path, "upload", "contacts.csv", "--workers", "1", server=server)
        assert (first.code, first.out) == (4, "3 rows: 1 created, 2 to do\n")
        assert "HEYX_TOKEN" in first.err
        second = heyx(tmp_path, "upload", "contacts.csv", server=server, HEYX_TOKEN="another")
        assert (second.code, second.out) == (0, "3 rows: 3 created\n")
        assert len(sandbox.contacts) == 3


def test_a_token_of_another_channel_does_not_carry_on(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    with SandboxServer(Sandbox(tokens=("another",))) as elsewhere:
        done = heyx(tmp_path, "upload", "contacts.csv", server=elsewhere, HEYX_TOKEN="another")
    assert done.code == 2
    assert "another channel" in done.err
    assert "--restart" in done.err


def test_a_sheet_can_be_read_as_a_person_says(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_bytes("Our people\nphone|firstName\n+923001|Jos\xe9\n".encode("latin-1"))
    said = ("--header-row", "2", "--encoding", "latin-1", "--separator", "|")
    done = heyx(tmp_path, "upload", "odd.csv", *said, "--simulate")
    assert (done.code, done.out) == (0, "1 row: 1 created\n")


# What a person can get wrong: one message, its remedy, the right exit code


def test_a_sheet_that_is_not_there(tmp_path: Path) -> None:
    done = heyx(tmp_path, "upload", "nowhere.csv", "--simulate")
    assert done.code == 2
    assert "nowhere.csv" in done.err


def test_an_empty_sheet(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    done = heyx(tmp_path, "upload", "empty.csv", "--simulate")
    assert done.code == 2
    assert "empty.csv is empty" in done.err


def test_no_column_says_who_is_meant(tmp_path: Path) -> None:
    sheet(tmp_path, ("Ana",), header=("firstName",))
    done = heyx(tmp_path, "upload", "contacts.csv", "--simulate")
    assert done.code == 2
    for word in ("no phone", "--map", "--key", "--no-match"):
        assert word in done.err


def test_two_columns_for_one_field(tmp_path: Path) -> None:
    sheet(tmp_path, ("1", "2"), header=("Phone", "phone"))
    done = heyx(tmp_path, "upload", "contacts.csv", "--simulate")
    assert done.code == 2
    assert "Two columns for the field phone: A “Phone” and B “phone”" in done.err


def test_unknown_columns_are_told_all_at_once(tmp_path: Path) -> None:
    sheet(tmp_path, ("1", "2", "3"), header=("Phone", "Mood", "Id"))
    done = heyx(tmp_path, "upload", "contacts.csv", "--simulate")
    assert done.code == 2
    for word in ("B “Mood”", "C “Id”", "--map", "--ignore", "--custom-fields"):
        assert word in done.err
    assert left(tmp_path) == {"contacts.csv"}


def test_no_token(tmp_path: Path) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv")
    assert done.code == 2
    for word in ("HEYX_TOKEN", "HEYX_TOKEN_FILE", "--simulate"):
        assert word in done.err
    assert left(tmp_path) == {"contacts.csv"}


def test_a_token_in_clear_over_the_network(tmp_path: Path) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", HEYX_TOKEN=TOKEN, HEYX_URL="http://app.heyx.io/api")
    assert done.code == 2
    assert "https" in done.err


def test_a_token_that_heyx_refuses_stops_the_run_and_a_new_one_carries_on(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", server=server, HEYX_TOKEN="wrong")
    assert (done.code, done.out) == (4, "3 rows: 3 to do\n")
    assert "API Token is invalid" in done.err
    assert heyx(tmp_path, "upload", "contacts.csv", server=server).out == "3 rows: 3 created\n"
    assert "contacts.results-2.csv" not in left(tmp_path)


def test_a_heyx_that_cannot_be_reached(tmp_path: Path) -> None:
    sheet(tmp_path)
    with SandboxServer(Sandbox()) as gone:
        url = gone.url
    done = heyx(tmp_path, "upload", "contacts.csv", HEYX_TOKEN=TOKEN, HEYX_URL=url)
    assert (done.code, done.out) == (4, "3 rows: 3 to do\n")
    assert "cannot be reached" in done.err
    assert "heyx-bulk upload contacts.csv" in done.err


def test_a_sheet_that_changed_since_its_run_began(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    sheet(tmp_path, *ROWS[:2])
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert done.code == 2
    for word in ("it had 3 rows and has 2", "--restart"):
        assert word in done.err
    assert server.sandbox.calls["create"] == 3


def test_options_that_changed_since_the_run_began_are_named(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    done = heyx(tmp_path, "upload", "contacts.csv", "--add-tag", "New", server=server)
    assert done.code == 2
    assert "--add-tag was not given, now New" in done.err


def test_a_checkpoint_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.checkpoint").write_text("hello")
    done = heyx(tmp_path, "report", "x.checkpoint")
    assert done.code == 2
    assert "x.checkpoint is not a checkpoint that this version can read" in done.err


def test_a_second_run_of_the_same_sheet_at_the_same_time(tmp_path: Path) -> None:
    sheet(tmp_path)
    with SandboxServer(Sandbox(tokens=(TOKEN,)), latency=0.5) as server:
        first = subprocess.Popen(
            [*PROGRAM, "upload", "contacts.csv", "--quiet"],
            cwd=tmp_path,
            env=environment(server),
            stdout=subprocess.DEVNULL,
        )
        wait_for(lambda: server.sandbox.calls["accepted"] > 0)
        done = heyx(tmp_path, "upload", "contacts.csv", server=server)
        shown = heyx(tmp_path, "report", "contacts.csv.checkpoint", "--json")
        assert first.wait(30) == 0
    assert done.code == 4
    assert "Another run is working on" in done.err
    assert shown.document["rows"] == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_stops_the_run_before_it_starts_and_with_room_it_goes_on(
    tmp_path: Path, server: SandboxServer
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine cannot mount a small disk")
    try:
        sheet(disk, *((f"+92300{number:04}", "x" * 50, "") for number in range(900)))
        done = heyx(disk, "upload", "contacts.csv", server=server)
        assert done.code == 4
        assert "full" in done.err
        assert server.sandbox.calls["accepted"] == 0
        assert left(disk) == {"contacts.csv"}
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_cannot_be_written(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    (tmp_path / "file").touch()
    done = heyx(tmp_path, "upload", "contacts.csv", "--out", "file/inside", server=server)
    assert done.code == 2
    assert "file/inside" in done.err
    assert server.sandbox.calls["accepted"] == 0


def test_strict_sends_nothing_if_a_row_is_invalid(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *ROWS, ("", "Nobody", ""))
    done = heyx(tmp_path, "upload", "contacts.csv", "--strict", server=server)
    assert done.code == 2
    assert "no phone" in done.err
    assert server.sandbox.calls["accepted"] == 0
    assert left(tmp_path) == {"contacts.csv"}


def test_all_that_is_wrong_with_the_settings_is_told(tmp_path: Path) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", "--workers", "0", "--timeout", "0", "--simulate")
    assert done.code == 2
    assert "--workers" in done.err
    assert "--timeout" in done.err


# Ctrl-C


def _interrupted(tmp_path: Path, server: SandboxServer, *, times: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [*PROGRAM, "upload", "contacts.csv", "--workers", "4", "--reconcile-delay", "0.5"],
        cwd=tmp_path,
        env=environment(server),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: server.sandbox.calls["create"] >= 4)
    for _ in range(times):
        child.send_signal(signal.SIGINT)
        time.sleep(0.1)
    return child


def test_ctrl_c_lets_calls_in_flight_end_and_says_how_to_carry_on(tmp_path: Path) -> None:
    sheet(tmp_path, *((f"+92300{number:03}", f"Name {number}", "A") for number in range(40)))
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000), latency=0.2) as server:
        out, err = (child := _interrupted(tmp_path, server, times=1)).communicate(timeout=30)
        assert child.returncode == 130
        assert "unconfirmed" not in out
        assert "heyx-bulk upload contacts.csv --workers 4 --reconcile-delay 0.5" in err
        assert len(results(tmp_path / "contacts.results.csv")) == 40
        done = heyx(tmp_path, "upload", "contacts.csv", server=server)
        assert done.out == "40 rows: 40 created\n"
        assert len(server.sandbox.contacts) == server.sandbox.calls["create"] == 40


def test_ctrl_c_twice_ends_at_once_and_the_next_start_is_still_right(tmp_path: Path) -> None:
    sheet(tmp_path, *((f"+92300{number:03}", f"Name {number}", "A") for number in range(40)))
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000), latency=1.0) as server:
        child = _interrupted(tmp_path, server, times=2)
        child.communicate(timeout=5)
        assert child.returncode == 130
    sandbox = server.sandbox
    with SandboxServer(sandbox, port=server.port) as server:
        done = heyx(tmp_path, "upload", "contacts.csv", "--reconcile-delay", "0.5", server=server)
    assert done.out == "40 rows: 40 created\n"
    assert len(sandbox.contacts) == 40


def test_sigterm_stops_as_ctrl_c_does(tmp_path: Path) -> None:
    sheet(tmp_path, *((f"+92300{number:03}", f"Name {number}", "A") for number in range(40)))
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000), latency=0.1) as server:
        child = _interrupted(tmp_path, server, times=0)
        child.terminate()
        child.communicate(timeout=30)
        assert child.returncode == 143


# The sandbox


def test_the_sandbox_prints_the_two_lines_that_point_here(tmp_path: Path) -> None:
    child = subprocess.Popen([*PROGRAM, "sandbox"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert child.stdout is not None
        lines = [child.stdout.readline().strip() for _ in range(2)]
        told = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        sheet(tmp_path)
        words = ("upload", "contacts.csv")
        done = heyx(tmp_path, *words, HEYX_URL=told["HEYX_URL"], HEYX_TOKEN=told["HEYX_TOKEN"])
        assert done.out == "3 rows: 3 created\n"
    finally:
        child.terminate()
        child.communicate(timeout=10)
