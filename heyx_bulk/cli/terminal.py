"""What a terminal can show: color, symbols, a width; and a stream that keeps to it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TextIO

NARROWEST, WIDEST = 60, 120
"""Help is wrapped between these widths, in characters."""

_PLAIN = str.maketrans(
    {"→": "->", "…": "...", "×": "x", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'", "✓": "+", "✗": "!"}
)


class Style(StrEnum):
    """What a text is for; the value is the ANSI code that shows it."""

    HEADING = "1"
    COMMAND = "36"
    SUCCESS = "32"
    WARNING = "33"
    ERROR = "31"


MARKS = {0: ("✓", Style.SUCCESS), 3: ("!", Style.WARNING)}
"""The mark of an exit code, in front of the totals; of every other code it is `_FAILED`."""

_FAILED = ("✗", Style.ERROR)


def has_color(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that shows color: not with `NO_COLOR`, on a dumb terminal, or in a pipe."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return os.name != "nt" or bool({"WT_SESSION", "ANSICON", "TERM"} & os.environ.keys())


def paint(text: str, style: Style, *, color: bool) -> str:
    """`text` in its color, or as it is without `color`."""
    return f"\x1b[{style}m{text}\x1b[0m" if color and text else text


def help_width() -> int:
    """How many characters a line of help may have here."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def printable(text: str, encoding: str | None) -> str:
    """`text` as `encoding` can show it: `->` for an arrow that it does not have, `?` where nothing comes close."""
    if text.isascii():
        return text
    name = encoding or "utf-8"
    try:
        text.encode(name)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(name, "replace").decode(name)
    return text


class OutputStream:
    """A standard stream. It prints what its encoding can show, and ignores what is written once nobody reads it
    any more: `| head`, a closed terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.color = has_color(stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._ignore_when_gone():
            self._stream.write(printable(text, self._stream.encoding))
        return len(text)

    def flush(self) -> None:
        with self._ignore_when_gone():
            self._stream.flush()

    def paint(self, text: str, style: Style) -> str:
        """`text` in the color of `style`, where this stream shows color."""
        return paint(text, style, color=self.color)

    def can_print(self, text: str) -> bool:
        """Whether the encoding of this stream has all characters of `text`."""
        return printable(text, self._stream.encoding) == text

    def marked(self, text: str, exit_code: int) -> str:
        """`text` with the mark of an exit code in front, where this stream is a terminal that can show it."""
        mark, style = MARKS.get(exit_code, _FAILED)
        if not self._stream.isatty() or os.environ.get("TERM") == "dumb" or not self.can_print(mark):
            return text
        return f"{self.paint(mark, style)} {text}"

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
