"""Questions on a terminal: asked again until the answer is understood, and kept in a mapping file.

prompt_toolkit edits the line and offers choices while the user types. It is imported when something is asked.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from heyx_bulk.cli.console import Console
from heyx_bulk.errors import Interrupted, MappingError, UsageError, WriteError
from heyx_bulk.mapping.mapping_file import read_mapping, rewrite_mapping
from heyx_bulk.mapping.template import with_setting
from heyx_bulk.storage.paths import short_path
from heyx_bulk.values.text import trim

HELP, BACK = "?", "<"
STOP = "Ctrl-C stops: nothing is sent, and earlier answers are kept."

_AGREES = {"y": True, "yes": True, "n": False, "no": False}

T = TypeVar("T")


class Choice(NamedTuple):
    """An answer that is offered, and what is shown beside it."""

    text: str
    about: str = ""


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
) -> T:
    """What the user answers, as `understand` reads it, which shows why if it does not and returns None.

    Behind the question stands the `default`, or what is `shown` in its place. `about`, and what Ctrl-C does
    (`stop`), are shown where the user enters `?`. `choices` are searched and offered while the user types. Raises
    `GoBack` where the user enters `<` and there is a question before, and `KeyboardInterrupt` at Ctrl-C.
    """
    usual = shown or default
    while True:
        text = _read_line(f"{question} [{usual}]: " if usual else f"{question}: ", choices) or default
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
    console: Console, question: str, about: str, *, nothing: str, remedy: str = "", stop: str = STOP
) -> None:
    """Ask whether to go on; a no raises `UsageError`, Ctrl-C `Interrupted`, and both say `nothing` happened."""
    try:
        agrees = confirm(console, question, about, stop=stop)
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, nothing, "") from None
    if not agrees:
        raise UsageError(f"You answered no. {nothing}", remedy)


def _read_line(question: str, choices: Sequence[Choice]) -> str:
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
    )
    try:
        return trim(session.prompt())
    except EOFError:
        raise KeyboardInterrupt from None


def keep(console: Console, save: Callable[[], Path]) -> Path | None:
    """The mapping file that `save` wrote answers to; None, with a message, if it could not."""
    try:
        path = save()
        read_mapping(path)
    except (WriteError, MappingError) as error:
        console.show(f"Your answers are used this time only: {error.what}")
        return None
    console.say(f"Your answers are saved in {short_path(path)}; edit them there.")
    return path


def set_in_mapping(path: Path, key: str, value: str | int) -> None:
    """Write a setting for the whole sheet into a mapping file."""
    rewrite_mapping(path, with_setting(path.read_bytes().decode("utf-8-sig"), key, value))
