"""How a run stands and what became of a row, as a person at another terminal sees it; and stops from outside."""

from __future__ import annotations

import os
import pty
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heyx_bulk.api.call_log import CallLogLine
from heyx_bulk.cli.app import app
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.json_schema import read_line
from tests.support.program import PROGRAM, TOKEN, Ended, environment, results, sheet, wait_for

FAST = ("--rate", "100000/min")
MANY = tuple((f"+92300{number:04}", f"Name {number}", "A") for number in range(60))


@contextmanager
def running(folder: Path, server: SandboxServer, *words: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [*PROGRAM, "upload", "contacts.csv", *FAST, *words],
        cwd=folder,
        env=environment(server),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: server.sandbox.calls["create"] >= 10)
        yield child
    finally:
        child.kill()
        child.communicate()


def heyx(folder: Path, *words: str, server: SandboxServer | None = None) -> Ended:
    """The program, run inside this process: a start of its own would cost a second."""
    there = {} if server is None else {"HEYX_URL": server.url, "HEYX_TOKEN": TOKEN}
    with chdir(folder):
        done = CliRunner().invoke(app, words, env=there)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert TOKEN not in done.output
    return Ended(done.exit_code, done.stdout, done.stderr)


def status(folder: Path, *words: str) -> Ended:
    return heyx(folder, "status", *words)


def held(server: SandboxServer) -> list[str]:
    return sorted(str((dict(contact.fields), sorted(contact.tags))) for contact in server.sandbox.contacts)


def slow() -> SandboxServer:
    return SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000), latency=0.1)


def test_status_tells_of_a_run_that_goes_on_and_keeps_nobody_from_it(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with slow() as server, running(tmp_path, server, "--workers", "4", "--quiet") as child:
        for _ in range(3):
            told = status(tmp_path, "contacts.csv.checkpoint", "--json").document
        said = status(tmp_path)
        out, _ = child.communicate(timeout=60)
        assert (child.returncode, out) == (0, "60 rows: 60 created\n")
    assert (told["is_running"], told["rows"], sum(told["totals"].values()), told["audit_errors"]) == (
        True,
        60,
        60,
        [],
    )
    assert 0 < told["totals"]["created"] < 60
    assert told["calls_left_max"] > 0
    assert 100 < told["calls_a_minute"] < 100_000
    assert 0 < told["calls_left"] <= told["calls_left_max"]
    assert told["seconds_left"] == pytest.approx(told["calls_left"] / told["calls_a_minute"] * 60, abs=1, rel=0.05)
    for part in ("Running now.", "Left: ", "calls/min", "until"):
        assert part in said.err
    after = status(tmp_path)
    assert (after.code, after.out) == (0, "60 rows: 60 created\n")
    assert "Finished." in after.err


def test_status_after_a_kill_says_that_nothing_is_lost_and_what_to_type(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with slow() as server:
        with running(tmp_path, server, "--quiet") as child:
            child.kill()
            child.wait()
        said = status(tmp_path)
        assert said.code == 3
        for part in ("Killed", "Nothing is lost", "To resume:\n  heyx-bulk upload contacts.csv"):
            assert part in said.err
        told = status(tmp_path, "--json").document
        assert (told["is_running"], told["killed_sessions"], told["audit_errors"]) == (False, 1, [])
        assert 0 < told["calls_by_answer"]["unknown"] <= 20
        done = heyx(tmp_path, "upload", "contacts.csv", *FAST, "--reconcile-delay", "1", server=server)
        assert (done.code, done.out) == (0, "60 rows: 60 created\n")
        told = status(tmp_path, "--json").document
        assert abs(told["calls"] - server.sandbox.calls["accepted"]) <= told["calls_by_answer"]["unknown"] <= 20


def test_status_finds_every_run_in_this_folder_and_in_the_state_folder(tmp_path: Path) -> None:
    nothing = status(tmp_path)
    assert (nothing.code, nothing.out) == (2, "")
    assert "no run in this folder" in nothing.err
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        for name in ("one.csv", "two.csv"):
            sheet(tmp_path, name=name)
            heyx(tmp_path, "upload", name, server=server)
    (tmp_path / "three.checkpoint").write_text("no checkpoint")
    told = status(tmp_path, "--json")
    document = told.document
    assert [Path(run["checkpoint"]).name for run in document["runs"]] == [
        "one.csv.checkpoint",
        "three.checkpoint",
        "two.csv.checkpoint",
    ]
    assert [run.get("state") for run in document["runs"]] == ["finished", None, "finished"]
    assert document["exit"] == told.code


def test_what_failed_is_told_by_cause_with_the_first_rows(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with SandboxServer(Sandbox(Faults(refuse_every=5), tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "contacts.csv", "--workers", "1", *FAST, server=server)
    said = status(tmp_path)
    assert (
        "12 × failed: HeyX answered 403: The contact could not be created. (rows 6, 11, 16, 21, 26, …)" in said.err
    )
    assert "heyx-bulk rerun contacts.csv.checkpoint" in said.err


def test_a_failed_audit_is_told_and_the_program_exits_with_1(tmp_path: Path) -> None:
    sheet(tmp_path)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "contacts.csv", server=server)
        db = sqlite3.connect(tmp_path / "contacts.csv.checkpoint")
        db.execute("DELETE FROM call WHERE number = 2")
        db.commit()
        db.close()
        for words in (("upload", "contacts.csv"), ("report", "contacts.csv"), ("status", "contacts.csv")):
            told = heyx(tmp_path, *words, server=server)
            assert told.code == 1
            assert "Audit failed: session 1 counted" in told.err


def test_explain_tells_a_row_s_story_and_no_other_row_s(tmp_path: Path) -> None:
    sheet(tmp_path, ("+923001", "Ana", "VIP"), ("+923002", "Boris", "VIP;Blog"))
    with SandboxServer(Sandbox(Faults(refuse_creates=1), tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "contacts.csv", "--workers", "1", server=server)
        heyx(tmp_path, "rerun", "contacts.csv.checkpoint", server=server)
        contact = next(c.id for c in server.sandbox.contacts if c.fields["firstName"] == "Ana")
    told = heyx(tmp_path, "explain", "contacts.csv.checkpoint", "2")
    assert (told.code, told.out) == (0, f"row 2: created, contact {contact}\n")
    wanted = [
        "B  firstName  Ana",
        "firstName  Ana",
        "add tags: VIP",
        "find (phone +923001)",
        "no contact found",
        "create (phone, firstName)",
        "403 rejected: HeyX answered 403: The contact could not be created.",
        "in a later session:",
        f"200 done: contact {contact}",
        f"add tags {contact} (VIP)",
    ]
    at = 0
    for part in wanted:
        assert part in told.err[at:], f"{part} is not in its place:\n{told.err}"
        at += told.err[at:].index(part)
    assert "Boris" not in told.err
    assert "923002" not in told.err
    nobody = heyx(tmp_path, "explain", "contacts.csv", "9")
    assert (nobody.code, nobody.out) == (2, "")
    assert "has no row 9; its rows are 2 to 3" in nobody.err


def test_explain_says_once_why_a_row_is_invalid(tmp_path: Path) -> None:
    sheet(tmp_path, ("0", "Ana", "VIP"))
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "contacts.csv", server=server)
    told = heyx(tmp_path, "explain", "contacts.csv", "2")
    assert "Values, not sent because the row is invalid:" in told.err
    assert (told.out + told.err).count("holds '0'") == 1


def test_explain_shows_cleared_fields_and_tags_with_a_comma_and_names_a_blank_row(tmp_path: Path) -> None:
    sheet(tmp_path, ("+923001", "<clear>", '"Doe, Jane";VIP'), ("", "", ""), ("+923002", "Boris", ""))
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "contacts.csv", server=server)
    told = heyx(tmp_path, "explain", "contacts.csv", "2")
    assert "  firstName  (cleared)\n" in told.err
    assert 'add tags: "Doe, Jane", VIP' in told.err
    assert '("Doe, Jane", VIP)' in told.err
    blank = heyx(tmp_path, "explain", "contacts.csv", "3")
    assert (blank.code, blank.out) == (2, "")
    assert "Row 3 of contacts.csv is blank" in blank.err


# Stops from outside


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["int", "term", "hup"],
)
def test_a_run_stopped_by_a_signal_and_started_again_ends_as_if_it_had_never_stopped(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    sheet(tmp_path, *MANY)
    with slow() as server:
        with running(tmp_path, server) as child:
            child.send_signal(number)
            out, err = child.communicate(timeout=30)
        assert child.returncode == code
        assert "to do" in out
        assert "Nothing is lost: run the same command to resume." in err
        done = heyx(tmp_path, "upload", "contacts.csv", *FAST, server=server)
        assert (done.code, done.out) == (0, "60 rows: 60 created\n")
        assert len(held(server)) == len(set(held(server))) == 60
        assert server.sandbox.calls["create"] == 60
        told = status(tmp_path, "--json").document
        assert (told["audit_errors"], told["killed_sessions"], told["calls"]) == (
            [],
            0,
            server.sandbox.calls["accepted"],
        )


def test_a_terminal_that_is_closed_stops_the_run_whole_and_the_same_command_carries_on(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with slow() as server:
        terminal, inside = pty.openpty()
        child = subprocess.Popen(
            [*PROGRAM, "upload", "contacts.csv", *FAST],
            cwd=tmp_path,
            env=environment(server),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        os.set_blocking(terminal, False)
        wait_for(lambda: server.sandbox.calls["create"] >= 10)
        os.close(terminal)
        child.send_signal(signal.SIGHUP)
        child.send_signal(signal.SIGHUP)
        assert child.wait(30) == 129
        told = status(tmp_path, "--json").document
        assert (told["killed_sessions"], told["audit_errors"], told["calls"]) == (
            0,
            [],
            server.sandbox.calls["accepted"],
        )
        assert (tmp_path / "contacts.results.csv").exists()
        done = heyx(tmp_path, "upload", "contacts.csv", *FAST, server=server)
        assert (done.code, done.out, server.sandbox.calls["create"]) == (0, "60 rows: 60 created\n", 60)


def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with slow() as server:
        child = subprocess.Popen(
            ["nohup", *PROGRAM, "upload", "contacts.csv", "-q", *FAST],
            cwd=tmp_path,
            env=environment(server),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for(lambda: server.sandbox.calls["create"] >= 10)
        child.send_signal(signal.SIGHUP)
        out, _ = child.communicate(timeout=60)
    assert (child.returncode, out) == (0, "60 rows: 60 created\n")


def test_a_laptop_that_slept_through_every_time_out_ends_as_if_it_had_been_awake(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with slow() as server, running(tmp_path, server, "--timeout", "1", "--reconcile-delay", "1", "-q") as child:
        child.send_signal(signal.SIGSTOP)
        time.sleep(2.0)
        child.send_signal(signal.SIGCONT)
        out, _ = child.communicate(timeout=60)
        assert (child.returncode, out) == (0, "60 rows: 60 created\n")
        assert len(held(server)) == len(set(held(server))) == 60


def test_the_log_and_the_canary_are_there_on_the_command_line(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with SandboxServer(Sandbox(Faults(clean_tags=True), tokens=(TOKEN,), limit=10_000)) as server:
        words = ("upload", "contacts.csv", "--add-tag", "A+", "--canary", "2", "--log", "calls.jsonl", *FAST)
        done = heyx(tmp_path, *words, server=server)
        assert (done.code, done.out) == (4, "60 rows: 60 to do\n")
        assert "tag: sent “A+”, HeyX has “A”" in done.err
        lines = (tmp_path / "calls.jsonl").read_text().splitlines()
        assert len([read_line(line, CallLogLine) for line in lines]) == server.sandbox.calls["accepted"]
        assert len(server.sandbox.contacts) == 2
        verified = heyx(tmp_path, "verify", "contacts.csv", server=server)
        assert (verified.code, verified.out) == (2, "")
        heyx(tmp_path, "upload", "contacts.csv", "--add-tag", "A+", *FAST, server=server)
        verified = heyx(tmp_path, "verify", "contacts.csv", *FAST, server=server)
        assert (verified.code, verified.out) == (3, "60 rows read back: 0 as sent, 60 different\n")
        assert results(tmp_path / "contacts.results.csv")[0]["heyx status"] == "created"
