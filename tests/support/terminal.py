"""The program on a terminal of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

has_terminals = pytest.mark.skipif(os.name == "nt", reason="a test cannot make a terminal on Windows")


def on_a_terminal(words: Sequence[str], folder: Path | None = None, /, *, answer: str = "", **more: str) -> str:
    """What a command prints on a terminal of 80 columns, where somebody types `answer`."""
    import pty  # noqa: PLC0415  Windows has none

    shown, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    parts = []
    with subprocess.Popen(
        [sys.executable, "-m", "heyx_bulk", *words],
        cwd=folder,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "80", **more},
        stdin=terminal if answer else subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    ):
        os.close(terminal)
        os.write(shown, answer.encode())
        while part := _read(shown):
            parts.append(part)
    os.close(shown)
    return b"".join(parts).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so of a terminal that nobody holds any more.
        return b""
