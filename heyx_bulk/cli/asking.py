"""Questions on a terminal: asked again until the answer is understood, and kept in a mapping file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import typer

from heyx_bulk.cli.console import Console
from heyx_bulk.errors import MappingError, WriteError
from heyx_bulk.mapping.mapping_file import read_mapping, rewrite_mapping
from heyx_bulk.mapping.template import with_setting
from heyx_bulk.storage.paths import short_path
from heyx_bulk.values.text import trim

HELP = "?"
STOP = "Ctrl-C stops: nothing is sent, and earlier answers are kept."

T = TypeVar("T")


def ask(
    console: Console, question: str, understand: Callable[[str], T | None], about: str, default: str = ""
) -> T:
    """What the user answers, as `understand` reads it; None if it does not, having said why.

    `about` is shown where the user enters `?`. Ctrl-C raises `KeyboardInterrupt`.
    """
    try:
        while True:
            text = trim(typer.prompt(question, default=default or None, err=True))
            if text == HELP:
                console.show(f"{about}\n{STOP}")
            elif (answer := understand(text)) is not None:
                return answer
    except typer.Abort:
        raise KeyboardInterrupt from None


def confirm(question: str) -> bool:
    """Whether the user agrees; not by default."""
    return typer.confirm(question, default=False, err=True)


def keep(console: Console, save: Callable[[], Path]) -> Path | None:
    """The mapping file that `save` wrote answers to; None if they hold this time only, which is said."""
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
