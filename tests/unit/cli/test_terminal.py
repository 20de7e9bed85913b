from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from heyx_bulk.cli.terminal import OutputStream, help_width, printable
from heyx_bulk.sandbox import SandboxServer
from tests.support.json_schema import read_document
from tests.support.program import TOKEN, sheet
from tests.support.terminal import has_terminals, on_a_terminal

ESCAPE = "\x1b["


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("City → Łódź…", "utf-8", "City → Łódź…"),
        ("2 × “Łódź” → …", "cp437", '2 x "??dz" -> ...'.replace("?dz", "ód?")),
        ("✓ 2 × a", "ascii", "+ 2 x a"),
        ("“Zoë”", "latin-1", '"Zoë"'),
        ("→", None, "→"),
    ],
)
def test_what_an_encoding_cannot_show_has_a_stand_in(text: str, encoding: str | None, expected: str) -> None:
    assert printable(text, encoding) == expected


def test_a_stream_that_cannot_show_a_sign_is_written_to_all_the_same() -> None:
    raw = io.BytesIO()
    stream = OutputStream(io.TextIOWrapper(raw, encoding="ascii"))
    stream.write("a → b\n")
    stream.flush()
    assert raw.getvalue().splitlines() == [b"a -> b"]
    assert (stream.color, stream.marked("3 rows", 0)) == (False, "3 rows")


@pytest.mark.parametrize(("columns", "width"), [("20", 60), ("100", 100), ("300", 120)])
def test_help_is_between_60_and_120_wide(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert help_width() == width


def test_totals_as_json_keep_every_sign_whatever_the_code_page(tmp_path: Path) -> None:
    path = sheet(tmp_path, ("+923001234567", "ł"), header=("phone", "Łódź"), name="Łódź.csv")
    done = subprocess.run(
        [sys.executable, "-m", "heyx_bulk", "inspect", str(path), "--custom-fields", "--json"],
        env={**os.environ, "PYTHONIOENCODING": "cp437"},
        capture_output=True,
        check=False,
    )
    assert read_document(done.stdout.decode("ascii").replace(os.linesep, "\n"))["sheet"] == "Łódź.csv"
    assert b"Traceback" not in done.stderr


@has_terminals
@pytest.mark.parametrize(
    ("more", "mark"),
    [
        ({}, f"{ESCAPE}33m!{ESCAPE}0m 4 rows: 3 can be sent, 1 invalid"),
        ({"NO_COLOR": "1"}, "! 4 rows: 3 can be sent, 1 invalid"),
        ({"TERM": "dumb"}, "4 rows: 3 can be sent, 1 invalid"),
        ({"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}, "! 4 rows: 3 can be sent, 1 invalid"),
    ],
)
def test_a_terminal_shows_how_it_ended(tmp_path: Path, more: dict[str, str], mark: str) -> None:
    rows = [(f"+92300123456{number}", "A", "") for number in range(3)]
    sheet(tmp_path, *rows, ("", "B", ""))
    shown = on_a_terminal(["inspect", "contacts.csv"], tmp_path, **more)
    assert shown.splitlines()[-1] == mark
    assert (ESCAPE in shown) is (not more)


@has_terminals
def test_a_bar_and_the_lines_around_it_do_not_run_into_each_other(tmp_path: Path, server: SandboxServer) -> None:
    for number in range(30):
        server.sandbox.add({"phone": f"+9230012340{number:02}", "isLead": True}, ())
    there = {"HEYX_URL": server.url, "HEYX_TOKEN": TOKEN, "NO_COLOR": "1"}
    shown = on_a_terminal(["export", "all.csv", "--where", "isLead=true"], tmp_path, **there)
    lines = [line.rpartition("\r")[2] for line in shown.splitlines()]
    said = [line for line in lines if line and "calls [" not in line]
    assert said[0] == "HeyX has 30 contacts with isLead=true."
    assert re.fullmatch(r"3 calls, 2 of them left, at 200 calls/min: within 1 min\.", said[1])
    assert [line for line in lines if "%|" in line and "contacts with" in line] == []
