"""Options of commands, each declared once: beside the value that it sets, with the words of its help.

A dataclass of options is what a command line gives, what the library takes, what a run stores to be known again,
and what the command that begins it anew is written from.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple, cast, get_type_hints

_KEY = "option"


class LazyModule:
    """A module that is imported when something in it is first used.

    Options are declared without the modules that parse and hold their values, so that help and completion do not
    wait for them.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


class Panel(StrEnum):
    """The parts of a command's help, in their order. An option is in one of them.

    A dataclass of options says with a class variable `panel` where those go that name none.
    """

    USUAL = "Usual options"
    SHEET = "Reading the sheet"
    COLUMNS = "Columns"
    VALUES = "Values"
    CONTACT = "Which contact"
    WRITE = "What to write"
    SOURCES = "Which contacts to read"
    FILTERS = "Which contacts to keep"
    TRIAL = "Trying it out"
    FAULTS = "Faults to play"
    LIMITS = "Limits and stops"
    OUTPUT = "Output"


@dataclass(frozen=True, slots=True)
class Option:
    """How a value is given on a command line.

    `flags` are as `--workers` or `--read-first/--blind`; a second one is short. `panel` is the part of the help
    that shows it. `parse` makes the value of a text, and raises a `UsageError`; `show` makes a text that tells the
    value from every other, `word` one that `parse` reads. Where a text lists several values, `item` makes one of
    them of its text. `argument` is its name in Python, if not the field's.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str | None = None
    parse: Callable[[str], Any] | None = None
    item: Callable[[str], Any] | None = None
    show: Callable[[Any], Any] | None = None
    word: Callable[[Any], str] = str
    least: float | None = None
    most: float | None = None
    show_default: bool = True
    argument: str = ""
    panel: Panel | None = None

    @property
    def name(self) -> str:
        """The flag that says it."""
        return self.flags[0].partition("/")[0]


def option(*flags: str, help: str, default: Any = None, **more: Any) -> Any:  # noqa: A002  what everybody calls it
    """A field of a dataclass that an option sets; `more` are the other fields of `Option`."""
    return field(default=default, metadata={_KEY: Option(flags, help, **more)})


class Declared(NamedTuple):
    """An option as the dataclass `owner` declares it: where its value stands, through the classes; its default."""

    path: tuple[str, ...]
    owner: type
    default: Any
    option: Option

    @property
    def type(self) -> Any:
        """The type of its value, whose module is imported now if it is lazy."""
        return _type_of(self.owner, self.path[-1])

    @property
    def argument(self) -> str:
        """The name of the option in Python."""
        return self.option.argument or self.path[-1]


def declared(options: type) -> Iterator[Declared]:
    """The options of a dataclass, those of the dataclasses that it is made of among them."""
    for one in fields(options):
        if _KEY in one.metadata:
            found: Option = one.metadata[_KEY]
            panel = found.panel or getattr(options, "panel", None)
            yield Declared((one.name,), options, one.default, replace(found, panel=panel))
        elif is_dataclass(kind := _type_of(options, one.name)):
            for inner in declared(cast("type", kind)):
                yield inner._replace(path=(one.name, *inner.path))


def _type_of(options: type, name: str) -> Any:
    """The type of one field; the others' need not be imported for it."""
    alone = SimpleNamespace(__annotations__={name: options.__annotations__[name]})
    return get_type_hints(alone, vars(sys.modules[options.__module__]))[name]


def assemble(options: type, values: Mapping[tuple[str, ...], Any]) -> Any:
    """The dataclass with `values`, and in it the dataclasses that it is made of; the rest is as by default."""
    inner = {path[0] for path in values if len(path) > 1}
    below = {name: {path[1:]: value for path, value in values.items() if path[0] == name} for name in inner}
    nested = {name: assemble(_type_of(options, name), its_values) for name, its_values in below.items()}
    return options(**nested, **{path[0]: value for path, value in values.items() if len(path) == 1})


def value_at(options: object, path: tuple[str, ...]) -> Any:
    """The value of an option, where `declared` says it stands."""
    for name in path:
        options = getattr(options, name)
    return options


def document(options: object) -> dict[str, Any]:
    """The values of all options as plain data, under their names on the command line."""
    return {
        found.option.name: _plain(value_at(options, found.path), found.option) for found in declared(type(options))
    }


def words(options: object) -> Iterator[str]:
    """The command line that says these options: what is as by default is left out."""
    for found in declared(type(options)):
        value = value_at(options, found.path)
        if value == found.default:
            continue
        if value is True:
            yield found.option.name
        elif value is False:
            yield found.option.flags[0].partition("/")[2]
        elif isinstance(value, tuple) and found.option.parse is None:
            for item in value:
                yield from (found.option.name, found.option.word(item))
        else:
            yield from (found.option.name, found.option.word(value))


def command_line(*arguments: str) -> str:
    """A command of this program, ready to copy into a shell of this system."""
    return f"heyx-bulk {subprocess.list2cmdline(arguments) if os.name == 'nt' else shlex.join(arguments)}"


def split_command(command: str) -> list[str]:
    """The words of a command line of this system."""
    if os.name != "nt":
        return shlex.split(command)
    return [word.strip('"') for word in shlex.split(command, posix=False)]


def in_folder(folder: str, command: str) -> str:
    """A command line that goes to `folder` first; on Windows also to another drive."""
    if os.name == "nt":
        return f"pushd {subprocess.list2cmdline([folder])} && {command}"
    return f"cd {shlex.quote(folder)} && {command}"


def _plain(value: Any, declaration: Option) -> Any:
    shown = value if declaration.show is None or value is None else declaration.show(value)
    return json.loads(json.dumps(shown))
