"""Tables of a TOML document, read with the lines of all mistakes, which the standard library does not give."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

Path = tuple[str, ...]
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


_NAME = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[\w-]+)"""
_NAMES = rf"({_NAME}(?:[ \t]*\.[ \t]*{_NAME})*)"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*{_NAMES}[ \t]*\]\]?[ \t]*(?:#.*)?$", re.ASCII)
_KEY = re.compile(rf"[ \t]*{_NAMES}[ \t]*=", re.ASCII)


class TomlLines:
    """The lines of the tables and keys of a TOML text, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[Path, int | None], int] = {}
        table: Path = ()
        seen: Counter[Path] = Counter()
        for number, line in enumerate(text.splitlines(), 1):
            if found := _HEADER.match(line):
                table = path = _names(found[1])
                seen[table] += 1
            elif found := _KEY.match(line):
                path = table + _names(found[1])
            else:
                continue
            for index in (max(0, seen[table] - 1), None):
                self._lines.setdefault((path, index), number)

    def line_of(self, path: Path, index: int = 0) -> int:
        """The first line of the table or key at `path`, or of what contains it; 1 if nothing of it is there.

        `index` says which of several tables with the same name, as lists of tables have, is meant.
        """
        while path:
            if line := self._lines.get((path, index)) or self._lines.get((path, None)):
                return line
            path = path[:-1]
        return 1


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table of a document. A value of the wrong type counts as missing and is added to `mistakes` with its line.

    `index` is its place among the tables with the same `path`.
    """

    values: Mapping[str, Any]
    lines: TomlLines
    path: Path = ()
    index: int = 0
    mistakes: set[tuple[int, str]] = field(default_factory=set)

    def subtable(self, key: str, values: Mapping[str, Any], index: int = 0) -> TomlTable:
        """The table with these values under `key`; mistakes in it are collected here."""
        return TomlTable(values, self.lines, (*self.path, key), index, self.mistakes)

    def add_mistake(self, what: str, *key: str) -> None:
        """Add a mistake at a key, or at the table itself."""
        self.mistakes.add((self.lines.line_of((*self.path, *key), self.index), what))

    def check_keys(self, known: frozenset[str]) -> None:
        """Add a mistake for each key that is not one of `known`."""
        for key in self.values:
            if key not in known:
                self.add_mistake(f"unknown key {key!r}; the keys are {', '.join(sorted(known))}", key)

    def text(self, key: str) -> str:
        """The text of `key`, blank if missing."""
        return self._value(key, '"in quotes"', default="")

    def flag(self, key: str) -> bool:
        """Whether `key` is true."""
        return self._value(key, "true or false", default=False)

    def row_number(self, key: str) -> int | None:
        """The whole number of `key`, counted from 1; None if missing."""
        value = self.values.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        self.add_mistake(f"{key} must be the number of a row, such as 3, not {value!r}", key)
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of `key`; a single text counts as a list."""
        value = self.values.get(key, [])
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            return tuple(texts)
        self.add_mistake(f'{key} must be a list of texts, such as ["a", "b"]', key)
        return ()

    def one_of(self, words: type[E], key: str) -> E | None:
        """The one of `words` that the text of `key` is; None if missing."""
        text = self.text(key)
        try:
            return words(text) if text else None
        except ValueError:
            there = ", ".join(f'"{word}"' for word in words)
            self.add_mistake(f"{key} must be one of {there}, not {text!r}", key)
            return None

    def _value(self, key: str, shape: str, *, default: T) -> T:
        value = self.values.get(key, default)
        if isinstance(value, type(default)):
            return value
        self.add_mistake(f"{key} must be {shape}, not {value!r}", key)
        return default


def _names(dotted: str) -> Path:
    """The names of a dotted key; none if an escape in it is invalid."""
    names: list[str] = []
    with suppress(tomllib.TOMLDecodeError):
        found: Any = tomllib.loads(f"{dotted} = 0")
        while isinstance(found, dict):
            name, found = next(iter(found.items()))
            names.append(name)
    return tuple(names)
