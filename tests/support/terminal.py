"""The program on a terminal of the test's own."""

from __future__ import annotations

import codecs
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from heyx_bulk.sandbox import SandboxServer
from tests.support.program import PROGRAM, environment

CTRL_C = "\x03"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
_END_OF_QUESTION = "\x1b[?2004l"

has_terminals = pytest.mark.skipif(os.name == "nt", reason="a test cannot make a terminal on Windows")


class Keys(str):
    """Keys that are pressed before Enter."""

    __slots__ = ()


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


def at_a_terminal(
    folder: Path, server: SandboxServer | None, *words: str, answers: Sequence[tuple[str, str]]
) -> tuple[int, str]:
    """The exit code of a command on a terminal where each question is answered as it comes, and what it shows.

    `CTRL_C` as the last answer presses that key. `Keys` are pressed without Enter.
    """
    import pty  # noqa: PLC0415  Windows has none
    import termios  # noqa: PLC0415  Windows has none

    main, other = pty.openpty()
    termios.tcsetwinsize(other, (50, 200))  # wide enough that no question is broken into lines
    child = subprocess.Popen(
        [*PROGRAM, *words],
        cwd=folder,
        env=environment(server),
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509  the child needs the terminal for its own, or it hears no Ctrl-C
    )
    os.close(other)
    screen = _Screen(main)
    try:
        for question, answer in answers:
            screen.wait_for(question.rstrip())
            if answer == CTRL_C:
                _interrupt(child, main)
            elif isinstance(answer, Keys):
                os.write(main, answer.encode())
            else:
                os.write(main, f"{answer}\r".encode())
                screen.wait_for_end_of_question()
        screen.read_all()
    finally:
        os.close(main)
    return child.wait(60), _plain(screen.shown)


class _Screen:
    """What a terminal has been sent. A question is drawn repeatedly, and ends with a control sequence."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._after = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.shown = ""

    def wait_for(self, text: str) -> None:
        while text not in _plain(self.shown[self._after :]):
            self._read_more(text)

    def wait_for_end_of_question(self) -> None:
        while (end := self.shown.find(_END_OF_QUESTION, self._after)) < 0:
            self._read_more("the end of the question")
        self._after = end + len(_END_OF_QUESTION)

    def read_all(self) -> None:
        while part := _read(self._terminal):
            self.shown += self._decoder.decode(part)

    def _read_more(self, text: str) -> None:
        assert select.select([self._terminal], [], [], 30)[0], f"not shown: {text}\n{self.shown}"
        part = _read(self._terminal)
        assert part, f"ended before it showed: {text}\n{self.shown}"
        self.shown += self._decoder.decode(part)


def _plain(shown: str) -> str:
    """What is shown, without colors and movements of the cursor."""
    return _CONTROL.sub("", shown).replace("\r\n", "\n")


def _take_terminal() -> None:
    import fcntl  # noqa: PLC0415  Windows has none
    import termios  # noqa: PLC0415  Windows has none

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _interrupt(child: subprocess.Popen[bytes], terminal: int) -> None:
    """Press Ctrl-C until the child ends: in the instant before it waits for a key, it hears only the next."""
    for _ in range(12):
        while psutil.Process(child.pid).status() == psutil.STATUS_RUNNING:
            time.sleep(0.01)
        os.write(terminal, CTRL_C.encode())
        with suppress(subprocess.TimeoutExpired):
            child.wait(5)
            return


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so of a terminal that nobody holds any more.
        return b""
