"""The program as a person runs it: a real process, what it says and what it leaves behind."""

from __future__ import annotations

import atexit
import csv
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from heyx_bulk.sandbox import SandboxServer
from tests.support.json_schema import read_document
from tests.support.program_starter import Starter

TOKEN = "sandbox-token"
PROGRAM = [sys.executable, "-m", "heyx_bulk"]
HEADER = ("phone", "firstName", "tags")
ROWS = (("+923001", "Ana", "VIP"), ("+923002", "Boris", "VIP;Blog"), ("+923003", "Chen", ""))


@dataclass(frozen=True)
class Ended:
    """How a process ended. A document that it printed is as the published schema says, and has its exit code."""

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        if self.out.startswith("{"):
            assert self.document["exit"] == self.code

    @property
    def document(self) -> dict[str, Any]:
        return read_document(self.out)

    @property
    def totals(self) -> dict[str, int]:
        """The rows of the document by status, without those that no row has."""
        return nonzero(self.document["totals"])


def nonzero(totals: dict[str, int]) -> dict[str, int]:
    """The statuses that rows have."""
    return {status: rows for status, rows in totals.items() if rows}


def environment(server: SandboxServer | None, **more: str) -> dict[str, str]:
    there = {} if server is None else {"HEYX_URL": server.url, "HEYX_TOKEN": TOKEN}
    return {**os.environ, **there, **more, "COLUMNS": "100"}


@cache
def starter() -> Starter:
    """The process that starts this test process's programs."""
    started = Starter()
    atexit.register(started.close)
    return started


def heyx(folder: Path, *words: str, server: SandboxServer | None = None, **more: str) -> Ended:
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said) / "out", Path(said) / "err"
        code = starter().run(words, folder, environment(server, **more), out=out, err=err)
        ended = Ended(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))
    assert "Traceback" not in ended.err, ended.err
    assert TOKEN not in ended.out + ended.err
    assert ended.out.startswith("{") or "--json" not in words or "--" in words
    return ended


def sheet(
    folder: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER, name: str = "contacts.csv"
) -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(rows or ROWS)])
    return path


def results(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def wait_for(condition: object) -> None:
    assert callable(condition)
    ends_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends_at, "it never came to that"
        time.sleep(0.01)
