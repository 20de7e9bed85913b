"""A run that the library began is shown, carried on, rerun and reported by the program as one of its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import heyx_bulk as hb
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.program import TOKEN, heyx, results, sheet

PEOPLE = tuple((f"+92300{number}", f"Ann {number}", "41") for number in range(9))


@pytest.fixture
def refusing() -> Iterator[SandboxServer]:
    """A HeyX that refuses the first two creates."""
    with SandboxServer(Sandbox(Faults(refuse_creates=2), tokens=(TOKEN,), limit=10_000)) as server:
        yield server


def begun(server: SandboxServer, calls: int | None) -> hb.RunResult:
    """A run of the library's in the folder one stands in, stopped after so many calls."""
    sheet(Path(), *PEOPLE, header=("phone", "First Name", "Shoe"))
    return hb.upload(
        "contacts.csv",
        token=TOKEN,
        url=server.url,
        custom_fields=True,
        add_tags="spring fair",
        rate="70/3s",
        workers=1,
        max_calls=calls,
    )


def words(folder: Path, server: SandboxServer, calls: int | None) -> list[str]:
    """The same run begun by the program; its command."""
    folder.mkdir()
    sheet(folder, *PEOPLE, header=("phone", "First Name", "Shoe"))
    options = ["--custom-fields", "--add-tag", "spring fair", "--rate", "70/3s", "--workers", "1"]
    command = ["upload", "contacts.csv", *options]
    heyx(folder, *command, *(() if calls is None else ("--max-calls", str(calls))), server=server)
    return command


def steady(text: str) -> str:
    """What is said, without times of day and durations."""
    return re.sub(r"in (under a second|\d+ s)|\d{4}-\d\d-\d\d \d\d:\d\d", "…", text)


def test_a_run_of_the_library_is_carried_on_by_the_command_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusing: SandboxServer
) -> None:
    monkeypatch.chdir(tmp_path)
    result = begun(refusing, calls=12)
    assert result.totals["to do"] > 0
    command = "upload contacts.csv --custom-fields --add-tag 'spring fair' --rate 70/3s --workers 1 --max-calls 12"
    status = heyx(tmp_path, "status", "contacts.csv", server=refusing)
    assert f"heyx-bulk {command}" in status.err
    done = heyx(tmp_path, *shlex.split(command)[:-2], server=refusing)
    assert done.out == "9 rows: 7 created, 2 failed\n"
    assert "at 70 calls every 3 s" in done.err
    assert len(refusing.sandbox.contacts) == 7
    assert {frozenset(contact.tags) for contact in refusing.sandbox.contacts} == {frozenset({"spring fair"})}


def test_a_run_of_the_library_is_rerun_at_its_own_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusing: SandboxServer
) -> None:
    monkeypatch.chdir(tmp_path)
    begun(refusing, calls=None)
    again = heyx(tmp_path, "rerun", "contacts.csv.checkpoint", server=refusing)
    assert (again.code, again.out) == (0, "9 rows: 9 created\n")
    assert "at 70 calls every 3 s" in again.err
    assert "None" not in again.err
    assert len(refusing.sandbox.contacts) == 9
    totals = begun(refusing, calls=None).totals
    assert {word: rows for word, rows in totals.items() if rows} == {"created": 9}


@pytest.mark.parametrize("calls", [None, 12], ids=["finished", "stopped"])
@pytest.mark.parametrize("command", ["status", "report", "rerun"])
def test_the_program_says_of_a_run_of_the_library_what_it_says_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, calls: int | None
) -> None:
    ours, theirs = tmp_path / "program", tmp_path / "library"
    theirs.mkdir()
    said = {}
    for folder in (ours, theirs):
        refusals = Faults(refuse_creates=2)
        with (
            SandboxServer(Sandbox(refusals, tokens=(TOKEN,), limit=10_000)) as server,
            monkeypatch.context() as patch,
        ):
            if folder == ours:
                words(folder, server, calls)
            else:
                patch.chdir(folder)
                begun(server, calls)
            ended = heyx(folder, command, "contacts.csv", server=server)
            rows = results(folder / "contacts.results.csv")
            said[folder] = ended.code, ended.out, steady(ended.err), [row["heyx status"] for row in rows]
    assert said[ours] == said[theirs]
