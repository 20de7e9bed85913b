"""What the program says: totals to standard output, everything else to standard error."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import typer

from heyx_bulk.errors import HeyxBulkError, Interrupted
from heyx_bulk.models.option import command_line, option
from heyx_bulk.reports.progress import Bar, Lines, Progress, RowLogger


@dataclass
class Console:
    """How much is said, and how: `quiet` leaves out all but errors and totals, `verbose` names every row."""

    quiet: bool = option("--quiet", "-q", default=False, help="Say only errors and totals.")
    verbose: bool = option("--verbose", "-v", default=False, help="Name every row as it ends.")
    as_json: bool = option("--json", default=False, help="Totals as one JSON document.")

    def __post_init__(self) -> None:
        self._out = cast("TextIO", BrokenPipeSafe(sys.stdout))
        self._err = cast("TextIO", BrokenPipeSafe(sys.stderr))

    def say(self, text: str = "") -> None:
        """A line for a person, on standard error."""
        if not self.quiet:
            self.error(text)

    def error(self, text: str) -> None:
        """A line that even a quiet program says, on standard error."""
        self._err.write(f"{text}\n")
        self._err.flush()

    def result(self, text: str, document: Mapping[str, object]) -> None:
        """The totals, on standard output: as a line, or as one JSON document."""
        self._out.write((json.dumps(document, ensure_ascii=False) if self.as_json else text) + "\n")
        self._out.flush()

    def progress(self, total: int, done: int = 0) -> Progress:
        """What a person watches: a bar on a terminal, lines elsewhere, nothing when quiet."""
        shown = self._progress(total, done, unit="row")
        return RowLogger(shown, self._err) if self.verbose and not self.quiet else shown

    def reading(self) -> Progress:
        """What a person watches while contacts are read."""
        return self._progress(0, 0, unit="call")

    def _progress(self, total: int, done: int, *, unit: str) -> Progress:
        if self.quiet:
            return Progress()
        return (Bar if self._err.isatty() else Lines)(self._err, total, done, unit=unit)

    @property
    def can_ask(self) -> bool:
        """Whether there is a person at a terminal to answer."""
        return sys.stdin.isatty() and sys.stderr.isatty()


class BrokenPipeSafe:
    """A stream that ignores what is written once nobody reads it any more: `| head`, a closed terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._ignore_when_gone():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._ignore_when_gone():
            self._stream.flush()

    @contextmanager
    def _ignore_when_gone(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def report_errors() -> Iterator[None]:
    """Say an error that a person can understand in its two halves, and end with its exit code."""
    try:
        yield
    except (HeyxBulkError, KeyboardInterrupt) as reason:
        error = reason if isinstance(reason, HeyxBulkError) else Interrupted(signal.SIGINT)
        Console().error(error_text(error))
        raise typer.Exit(error.exit_code) from None


def error_text(error: HeyxBulkError) -> str:
    """An error's two halves, each a sentence on lines of its own."""
    return "\n".join(sentence(half) for half in (error.what, error.remedy) if half)


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def same_command(arguments: Sequence[str], without: Sequence[str] = ()) -> str:
    """The command that was given, ready to copy, but for the options in `without`."""
    return command_line(*(argument for argument in arguments if argument not in without))


def short_path(path: Path) -> str:
    """A path as short as it can be typed from here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
