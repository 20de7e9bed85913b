"""With `--json`, a command prints one document on standard output, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from heyx_bulk.cli.documents import failure_keys, problem_keys
from heyx_bulk.models.contacts import Status
from heyx_bulk.reports.failure_causes import FailureCause
from heyx_bulk.reports.progress import ProgressLine
from heyx_bulk.sandbox import Sandbox, SandboxServer
from heyx_bulk.settings.environment import from_environment
from heyx_bulk.storage.checkpoint.row_record import InvalidCause
from tests.support.json_schema import published_schema, read_document, read_line
from tests.support.program import PROGRAM, ROWS, TOKEN, environment, heyx, sheet, wait_for
from tests.support.reference_pages import every_command

MANY = tuple((f"+92300{number:04}", f"Name {number}", "A") for number in range(60))
FAST = ("--rate", "100000/min")
MORE_THAN_A_PIPE_HOLDS = 100_000


def started(folder: Path, words: Sequence[str], server: SandboxServer | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *words, "--json"],
        cwd=folder,
        env=environment(server),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_document_names_the_command_its_channel_its_status_and_its_times(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, *ROWS, ("", "Nobody", ""))
    document = heyx(tmp_path, "upload", "contacts.csv", "--json", server=server).document
    channel = from_environment({"HEYX_URL": server.url, "HEYX_TOKEN": TOKEN}).channel
    assert (document["command"], document["channel"], document["schema"]) == ("upload", channel, 1)
    assert (document["status"], document["exit"], document["reason"]) == ("incomplete", 3, None)
    assert document["started_at"] < document["ended_at"]
    assert sum(document["calls_by_kind"].values()) == document["calls"]
    assert document["problem_causes"] == 1
    assert document["problems"][0] | {"example": ""} == {
        "cause": "no phone",
        "rows": 1,
        "first": [5],
        "example": "",
    }
    told = heyx(tmp_path, "status", "--json").document
    assert (told["channel"], told["totals"]) == (channel, document["totals"])
    assert (told["problems"], told["calls_by_kind"]) == (document["problems"], document["calls_by_kind"])
    assert document["started_at"] < told["run_started_at"] < told["run_ended_at"] < document["ended_at"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("upload", "contacts.csv", "--bar", "--json"), "--bar is not an option of heyx-bulk upload."),
        (("upload", "--json"), "Missing argument 'SHEET'."),
        (("upload", "--json", "a.csv", "--workers", "many"), "Invalid value for '--workers'"),
        (("cache", "show", "--json", "x"), "Got unexpected extra argument(s) (x)"),
        (("upload", "a.csv", "--rate", "fast", "--until", "never", "--json"), "fast"),
    ],
)
def test_a_mistake_in_the_command_line_is_a_document_too(
    tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    done = heyx(tmp_path, *words)
    assert (done.code, done.document["status"]) == (2, "refused")
    assert done.document["command"] == " ".join(words[: 2 if words[0] == "cache" else 1])
    assert reason in done.document["reason"]
    assert reason.split(" (", maxsplit=1)[0] in done.err


def test_a_value_that_looks_like_the_option_is_a_value(tmp_path: Path) -> None:
    assert heyx(tmp_path, "upload", "--", "--json").out == ""
    assert heyx(tmp_path, "upload", "--workers", "many", "--", "--json").out == ""


def test_help_is_no_document(tmp_path: Path) -> None:
    assert heyx(tmp_path, "upload", "--help").out.startswith("Usage:")
    done = subprocess.run(
        [*PROGRAM, "upload", "--json", "--help"], env=environment(None), capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage:")
    assert '"schema"' not in done.stdout


BUG = """
from heyx_bulk.cli import run_view
def fail(*_):
    raise KeyError("+923001")
run_view.show_status = fail
import sys
sys.argv = ["heyx-bulk", "status", "--json"]
from heyx_bulk.cli.app import main
main()
"""


def test_a_bug_is_a_document_without_values_and_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BUG],
        cwd=tmp_path,
        env=environment(None),
        capture_output=True,
        text=True,
        check=False,
    )
    document = read_document(done.stdout)
    assert (done.returncode, document["exit"], document["status"]) == (1, 1, "failed")
    assert document["reason"] == "A bug in heyx-bulk: KeyError."
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_run_that_a_signal_stops_says_how_far_it_came(tmp_path: Path, number: signal.Signals, code: int) -> None:
    sheet(tmp_path, *MANY)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000), latency=0.1) as server:
        child = started(tmp_path, ["upload", "contacts.csv", *FAST], server)
        wait_for(lambda: server.sandbox.calls["create"] >= 10)
        child.send_signal(number)
        out, _ = child.communicate(timeout=30)
    document = read_document(out)
    assert (child.returncode, document["exit"], document["status"]) == (code, code, "interrupted")
    assert document["reason"] == "Interrupted."
    assert document["totals"]["created"] > 0
    assert document["totals"]["to do"] > 0


def test_a_run_that_is_stopped_immediately_prints_a_document(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000), latency=5) as server:
        child = started(tmp_path, ["upload", "contacts.csv", *FAST], server)
        wait_for(lambda: server.sandbox.calls["accepted"] >= 1)
        assert child.stderr is not None
        child.send_signal(signal.SIGINT)
        while "calls in flight" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=30)
    document = read_document(out)
    assert (child.returncode, document["exit"], document["status"]) == (143, 143, "interrupted")
    assert document["reason"] == "Stopped immediately."


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_without_calls_that_a_signal_ends_prints_a_document(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    child = started(tmp_path, ["inspect", "-"])
    assert child.stdin is not None
    child.stdin.write("phone\n" * MORE_THAN_A_PIPE_HOLDS)  # the program reads
    child.send_signal(number)
    out, _ = child.communicate(timeout=30)
    document = read_document(out)
    assert (child.returncode, document["exit"], document["status"]) == (code, code, "interrupted")


def test_an_export_that_is_stopped_says_why_and_what_it_read(tmp_path: Path) -> None:
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000)) as server:
        for number in range(60):
            server.sandbox.add({"phone": f"+92300{number:04}", "isLead": True}, ())
        done = heyx(
            tmp_path, "export", "a.csv", "--where", "isLead=true", "--max-calls", "2", "--json", server=server
        )
    assert (done.code, done.document["status"], done.document["contacts"]) == (4, "stopped", None)
    assert 0 < done.document["read"] < 60
    assert [one["complete"] for one in done.document["where"]] == [False]
    assert "2 calls" in done.document["reason"]


def test_a_dry_run_of_an_export_prints_a_document(tmp_path: Path, server: SandboxServer) -> None:
    done = heyx(tmp_path, "export", "a.csv", "--where", "isLead=true", "--dry-run", "--json", server=server)
    assert (done.code, done.document["out"]) == (0, None)


def test_contacts_and_a_document_do_not_share_standard_output(tmp_path: Path, server: SandboxServer) -> None:
    done = heyx(tmp_path, "export", "-", "--where", "isLead=true", "--json", server=server)
    assert (done.code, done.document["status"]) == (2, "refused")


def test_a_rejected_token_is_the_reason_why_a_run_stopped(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", "--json", server=server, HEYX_TOKEN="wrong")
    assert (done.code, done.document["status"]) == (4, "stopped")
    assert "token" in done.document["reason"]
    assert done.document["totals"]["to do"] == 3


def test_a_document_lists_thirty_causes_and_counts_all() -> None:
    causes = [FailureCause(Status.FAILED, f"cause {number}", 1, [number]) for number in range(40)]
    keys = failure_keys(causes)
    assert (len(keys["failures"]), keys["failure_causes"]) == (30, 40)
    invalid = problem_keys(InvalidCause(f"cause {number}", 1, [number], "") for number in range(40))
    assert (len(invalid["problems"]), invalid["problem_causes"]) == (30, 40)
    assert invalid["problems"][1] == {"cause": "cause 1", "rows": 1, "first": [1], "example": ""}


def test_a_pipe_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    sheet(tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, "inspect", "contacts.csv", "--json"],
        cwd=tmp_path,
        env=environment(None),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, "Traceback" in done.stderr, "Broken pipe" in done.stderr) == (0, False, False)


def test_every_command_with_the_option_has_its_documents_in_the_schema() -> None:
    commands = published_schema()["$defs"]["ErrorDocument"]["properties"]["command"]["enum"]
    with_json = [
        title for title, command, _ in every_command() if any("--json" in one.opts for one in command.params)
    ]
    assert sorted(commands) == sorted(with_json)


def test_every_key_is_explained() -> None:
    silent = [
        f"{name}.{key}"
        for name, definition in published_schema()["$defs"].items()
        for key, one in definition["properties"].items()
        if not one.get("description")
    ]
    assert silent == []


def progress_of(folder: Path, *words: str) -> list[str]:
    """What an upload prints on standard error, with one row whose calls take more than a second."""
    sheet(folder, *ROWS[:1])
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000), latency=0.6) as server:
        done = heyx(folder, "upload", "contacts.csv", *words, "--json", server=server)
    assert (done.code, done.totals) == (0, {"created": 1})
    return done.err.splitlines()


def test_progress_as_json_is_all_that_a_quiet_upload_prints_on_standard_error(tmp_path: Path) -> None:
    lines = [read_line(line, ProgressLine) for line in progress_of(tmp_path, "--quiet", "--progress", "json")]
    assert len(lines) > 1
    assert (lines[0]["done"], lines[-1]["done"], lines[-1]["total"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("--quiet",), False),
        (("--progress", "none"), False),
        (("--quiet", "--progress", "bar"), True),
        ((), False),
    ],
)
def test_progress_is_shown_as_asked_for_even_by_a_quiet_program(
    tmp_path: Path, words: tuple[str, ...], shown: bool
) -> None:
    text = "\n".join(progress_of(tmp_path, *words))
    assert ("1 of 1 rows" in text) is shown
    assert "{" not in text
