"""Calls go down: what an upload calls on a higher level than the caller's are its reports and its questions."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest
from typer.testing import CliRunner

from heyx_bulk.cli.app import app
from heyx_bulk.sandbox import SandboxServer
from tests.support.levels import PACKAGE, level, room
from tests.support.program import TOKEN, sheet

GENERATOR = 0x20
MAKING = {"<module>", "__post_init__"}
"""Importing a module and making an object of a class that was handed down are no calls to its level."""
REPORTS = {("api", "reports"), ("api", "upload"), ("reports", "cli"), ("upload", "cli")}
"""The client tells the recorder of every call and the row's worker of every create; the view hears the rest."""


def room_of(frame: FrameType) -> str | None:
    path = Path(frame.f_code.co_filename)
    return room(path) if PACKAGE in path.parents else None


def caller(frame: FrameType) -> str | None:
    """The room that called, through whatever libraries."""
    before = frame.f_back
    while before is not None and room_of(before) is None:
        before = before.f_back
    return None if before is None else room_of(before)


def test_an_upload_calls_a_higher_level_only_to_report_and_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: SandboxServer
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEYX_URL", server.url)
    monkeypatch.setenv("HEYX_TOKEN", TOKEN)
    sheet(tmp_path)
    calls: set[tuple[str, str]] = set()

    def see(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_code.co_flags & GENERATOR or frame.f_code.co_name in MAKING:
            return
        here = room_of(frame)
        if here is not None and (above := caller(frame)) is not None:
            calls.add((above, here))

    sys.setprofile(see)
    try:
        done = CliRunner().invoke(app, ["upload", "contacts.csv"])
    finally:
        sys.setprofile(None)
    assert done.exit_code == 0, done.output
    between = {pair for pair in calls if pair[0] != pair[1] and "sandbox" not in pair}
    assert {("cli", "upload"), ("upload", "api"), ("api", "rate_limit")} <= between
    assert {pair for pair in between if level(pair[1]) > level(pair[0])} == REPORTS
