"""What the program prints: totals on standard output, everything else on standard error."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TextIO, cast

from heyx_bulk.cli.invocation import Invocation
from heyx_bulk.cli.terminal import OutputStream, Style
from heyx_bulk.errors import HeyxBulkError
from heyx_bulk.models.option import Panel, command_line, option

_COMMAND = re.compile(r"heyx-bulk \S.*$")

if TYPE_CHECKING:
    from heyx_bulk.planning.estimate import CallBudget
    from heyx_bulk.reports.progress import Progress


class ProgressForm(StrEnum):
    """How progress is shown on standard error."""

    AUTO = "auto"
    """A bar on a terminal, lines elsewhere, nothing if the program is quiet."""
    BAR = "bar"
    LINES = "lines"
    JSON = "json"
    NONE = "none"


@dataclass
class Console:
    """How much is printed: `quiet` leaves out all but errors and totals, `verbose` adds a line for each row."""

    panel: ClassVar = Panel.OUTPUT
    invocation: ClassVar = Invocation()
    """The call of the program that prints; there is one in a process."""

    quiet: bool = option("--quiet", "-q", default=False, help="Print only errors and totals.")
    verbose: bool = option("--verbose", "-v", default=False, help="Print a line for each row when it is done.")
    progress_form: ProgressForm = option(
        "--progress",
        default=ProgressForm.AUTO,
        metavar="FORM",
        help="How progress is shown: bar; lines: one every 30 seconds; json: one a second, for programs; none; "
        "auto: a bar on a terminal, lines elsewhere, none with --quiet.",
    )
    as_json: bool = option("--json", default=False, help="Print one JSON document, however the command ends.")

    def __post_init__(self) -> None:
        self._out, self._err = OutputStream(sys.stdout), OutputStream(sys.stderr)
        self._shown: Progress | None = None

    def say(self, text: str = "", style: Style | None = None) -> None:
        """Print a line on standard error, in a style where that is a terminal."""
        if not self.quiet:
            self._print(text, style)

    def show(self, text: str) -> None:
        """Print a line that belongs to a question, even if the program is quiet."""
        self._print(text, None)

    def warn(self, text: str) -> None:
        """Print a line about something that deserves a look."""
        self.say(text, Style.WARNING)

    def suggest(self, purpose: str, command: str) -> None:
        """Print a command to copy, and what it is for."""
        self.say(f"{purpose}:\n  {self._err.paint(command, Style.COMMAND)}")

    def error(self, text: str) -> None:
        """Print an error on standard error, even if the program is quiet; its first line says what happened."""
        self._print(text, Style.ERROR)

    def fail(self, error: HeyxBulkError) -> None:
        """Print an error that ends the command, and keep it for the document."""
        self.error(error_text(error))
        self.invocation.blame(error)

    def use_channel(self, channel: str) -> None:
        """Name the channel that the command is about, for the document."""
        self.invocation.channel = channel

    def result(self, text: str, document: Mapping[str, object], code: int = 0) -> None:
        """Print the totals on standard output as a line, or keep the `document` until the end.

        On a terminal a mark in front of the line shows the exit `code`.
        """
        if self.as_json:
            self.invocation.document = document
        else:
            self._out.write(f"{self._out.marked(text, code)}\n")
            self._out.flush()

    def _print(self, text: str, style: Style | None) -> None:
        first, end, rest = text.partition("\n")
        line = first if style is None else self._err.paint(first, style)
        with nullcontext() if self._shown is None else self._shown.aside():
            self._err.write(f"{line}{end}{rest}\n")
            self._err.flush()

    def progress(self, total: int, done: int = 0, budget: CallBudget | None = None) -> Progress:
        """The progress of rows."""
        return self._progress(total, done, "row", budget)

    def reading(self, budget: CallBudget) -> Progress:
        """The progress of an export."""
        return self._progress(0, 0, "call", budget)

    def _progress(self, total: int, done: int, unit: str, budget: CallBudget | None) -> Progress:
        from heyx_bulk.reports.progress import JsonLines, Lines, Progress, RowLogger

        file, shown = cast("TextIO", self._err), Progress()
        match self._form():
            case ProgressForm.BAR:
                from heyx_bulk.reports.progress_bar import Bar

                shown = Bar(file, total, done, unit=unit, budget=budget)
            case ProgressForm.LINES:
                shown = Lines(file, total, done, unit=unit, budget=budget)
            case ProgressForm.JSON:
                shown = JsonLines(file, total, done, unit=unit, budget=budget)
        self._shown = RowLogger(shown, file) if self.verbose and not self.quiet else shown
        return self._shown

    def _form(self) -> ProgressForm:
        """How progress is shown; a form that was asked for is shown even if the program is quiet."""
        if self.progress_form is not ProgressForm.AUTO:
            return self.progress_form
        if self.quiet:
            return ProgressForm.NONE
        return ProgressForm.BAR if self._err.isatty() else ProgressForm.LINES

    @property
    def can_ask(self) -> bool:
        """Whether questions can be asked: standard input and standard error are a terminal."""
        return sys.stdin.isatty() and sys.stderr.isatty()


def error_text(error: HeyxBulkError) -> str:
    """An error's two halves, what happened and what to do, each on its own lines."""
    return "\n".join(sentence(half) for half in (error.what, error.remedy) if half)


def sentence(text: str) -> str:
    """`text` with a full stop; without one behind a list, or behind a command, which is to be copied as it is."""
    text = text.strip()
    is_list = text.rpartition("\n")[2].startswith(" ")
    return text if is_list or text.endswith((".", "!", "?")) or _COMMAND.search(text) else f"{text}."


def same_command(arguments: Sequence[str], without: Sequence[str] = ()) -> str:
    """The command that is running, ready to copy, without the options in `without`."""
    return command_line(*(argument for argument in arguments if argument not in without))
