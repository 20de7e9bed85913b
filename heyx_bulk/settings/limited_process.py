"""Another program's answer, for which nobody waits longer than a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress


def run_limited(
    arguments: Sequence[str], *, seconds: float, text: str = "", interactive: bool = False
) -> tuple[int, str] | None:
    """The exit code and the standard output of a program that reads `text`; None after the time limit.

    It runs without a shell. Unless `interactive`, it has no terminal that it could ask on. What it writes on
    standard error is never shown. Raises `OSError` where it cannot be started.
    """
    with subprocess.Popen(  # noqa: S603  the user's own command, or our own module
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=not interactive,
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            output, _ = child.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if child.poll() is None:
                _end(child, with_children=not interactive)
        return child.returncode, output


def _end(child: subprocess.Popen[str], *, with_children: bool) -> None:
    """End a program, with what it has started, which may hold its output open."""
    with suppress(OSError):
        if with_children and os.name != "nt":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
