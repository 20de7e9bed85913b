"""Questions on a terminal: asked again until the answer is understood, and kept in a mapping file.

prompt_toolkit edits the line and offers choices while the user types. It is imported when something is asked.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from heyx_bulk.cli.console import Console
from heyx_bulk.errors import HeyxBulkError, Interrupted, MappingError, UsageError, WriteError
from heyx_bulk.mapping.mapping_file import MappingFile, read_mapping, rewrite_mapping
from heyx_bulk.mapping.template import with_setting
from heyx_bulk.storage.paths import short_path
from heyx_bulk.values.text import trim

HELP, BACK = "?", "<"
STOP = "Ctrl-C stops: nothing is sent, and earlier answers are kept."

_AGREES = {"y": True, "yes": True, "n": False, "no": False}

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Choice(NamedTuple):
    """An answer that is offered, and what is shown beside it."""

    text: str
    about: str = ""


class Question(Protocol[T_co]):
    """Asks, and returns what the answer leads to; raises `GoBack`, if the user can go back."""

    def __call__(self, *, can_go_back: bool) -> T_co: ...


class GoBack(Exception):
    """The user wants to answer the question before."""


def ask(
    console: Console,
    question: str,
    understand: Callable[[str], T | None],
    about: str,
    *,
    default: str = "",
    shown: str = "",
    choices: Sequence[Choice] = (),
    can_go_back: bool = False,
    stop: str = STOP,
    secret: bool = False,
) -> T:
    """What the user answers, as `understand` reads it, which shows why if it does not and returns None.

    Behind the question stands the `default`, or what is `shown` in its place. `about`, and what Ctrl-C does
    (`stop`), are shown where the user enters `?`. `choices` are searched and offered while the user types. Raises
    `GoBack` where the user enters `<` and there is a question before, and `KeyboardInterrupt` at Ctrl-C. A
    `secret` answer is shown as asterisks.
    """
    usual = shown or default
    while True:
        text = (
            _read_line(f"{question} [{usual}]: " if usual else f"{question}: ", choices, secret=secret) or default
        )
        if text == HELP:
            back = f"\nEnter {BACK} to answer the question before again." if can_go_back else ""
            console.show(f"{about}{back}\n{stop}")
        elif text == BACK:
            if can_go_back:
                raise GoBack
            console.show("  There is no question to go back to.")
        elif text and (answer := understand(text)) is not None:
            return answer


def confirm(console: Console, question: str, about: str, *, can_go_back: bool = False, stop: str = STOP) -> bool:
    """Whether the user agrees; not by default. See `ask`."""

    def understand(text: str) -> bool | None:
        agrees = _AGREES.get(text.casefold())
        if agrees is None:
            console.show("  Enter y for yes, or n for no.")
        return agrees

    return ask(console, question, understand, about, default="n", shown="y/N", can_go_back=can_go_back, stop=stop)


def require_yes(
    console: Console,
    question: str,
    about: str,
    *,
    nothing: str,
    remedy: str = "",
    can_go_back: bool = False,
    stop: str = STOP,
) -> None:
    """Ask whether to go on; a no raises `UsageError`, Ctrl-C `Interrupted`, and both say `nothing` happened."""
    try:
        agrees = confirm(console, question, about, can_go_back=can_go_back, stop=stop)
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, nothing, "") from None
    if not agrees:
        raise UsageError(f"You answered no. {nothing}", remedy)


def _read_line(question: str, choices: Sequence[Choice], *, secret: bool) -> str:
    """A line that the user types on the terminal."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.output.defaults import create_output
    from prompt_toolkit.output.vt100 import Vt100_Output

    output = create_output(sys.stderr)
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False  # Not every terminal says where its cursor is when asked.
    offered = WordCompleter(
        [one.text for one in choices],
        meta_dict={one.text: one.about for one in choices},
        ignore_case=True,
        match_middle=True,
        sentence=True,
    )
    session: PromptSession[str] = PromptSession(
        question,
        completer=offered if choices else None,
        complete_while_typing=True,
        reserve_space_for_menu=min(8, len(choices)),
        output=output,
        is_password=secret,
    )
    try:
        return trim(session.prompt())
    except EOFError:
        raise KeyboardInterrupt from None


class SavedAnswers:
    """Saves answers in mapping files as they are given, and takes them out again where the user goes back.

    Without `saves`, none is saved.
    """

    def __init__(self, console: Console, *, saves: bool) -> None:
        self.console = console
        self.saves = saves
        self._before: list[tuple[Path, str | None]] = []

    def save(self, path: Path, write: Callable[[], None]) -> MappingFile | None:
        """The mapping file at `path` that `write` wrote answers to; None if it did not, with a message why."""
        if not self.saves:
            return None
        try:
            before = path.read_bytes().decode() if path.exists() else None
            write()
            file = read_mapping(path)
        except (WriteError, MappingError, UnicodeDecodeError) as error:
            why = error.what if isinstance(error, HeyxBulkError) else f"{short_path(path)} is not UTF-8 text."
            self.console.show(f"Your answers are used this time only: {why}")
            return None
        self._before.append((path, before))
        self.console.say(f"Your answers are saved in {short_path(path)}; edit them there.")
        return file

    @property
    def count(self) -> int:
        """How many times answers were saved and not taken out again."""
        return len(self._before)

    def take_out(self, kept: int) -> None:
        """Take out the answers that were saved after the first `kept` times: the files are as they were then."""
        while self.count > kept:
            path, before = self._before.pop()
            if before is None:
                path.unlink(missing_ok=True)
            else:
                rewrite_mapping(path, before)

    @property
    def stop(self) -> str:
        """What Ctrl-C does, as questions say it."""
        return STOP if self.saves else "Ctrl-C stops: nothing is sent."


def set_in_mapping(path: Path, key: str, value: str | int) -> None:
    """Write a setting for the whole sheet into a mapping file."""
    rewrite_mapping(path, with_setting(path.read_bytes().decode("utf-8-sig"), key, value))
