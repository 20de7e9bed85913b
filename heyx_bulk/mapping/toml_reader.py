"""Tables of a TOML document, read with every mistake at its line, which the standard library does not tell."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

Path = tuple[str, ...]
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class TomlLines:
    """The lines of the tables and keys of a TOML text, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[Path, int | None], int] = {}
        table: Path = ()
        seen: Counter[Path] = Counter()
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("[") and (names := _names(line)):
                table = path = names
                seen[table] += 1
            elif key := _key(line):
                path = table + key
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
                self.add_mistake(f"there is no {key!r} here; there are {', '.join(sorted(known))}", key)

    def text(self, key: str) -> str:
        """The text of `key`, blank if missing."""
        return self._value(key, '"in quotes"', default="")

    def flag(self, key: str) -> bool:
        """Whether `key` is true."""
        return self._value(key, "true or false", default=False)

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of `key`; a single text counts as a list."""
        value = self.values.get(key, [])
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            return tuple(texts)
        self.add_mistake(f'{key} is a list of texts, such as ["a", "b"]', key)
        return ()

    def one_of(self, words: type[E], key: str) -> E | None:
        """The one of `words` that the text of `key` is; None if missing."""
        text = self.text(key)
        try:
            return words(text) if text else None
        except ValueError:
            there = ", ".join(f'"{word}"' for word in words)
            self.add_mistake(f"{key} is one of {there}, not {text!r}", key)
            return None

    def _value(self, key: str, shape: str, *, default: T) -> T:
        value = self.values.get(key, default)
        if isinstance(value, type(default)):
            return value
        self.add_mistake(f"{key} is written {shape}, not {value!r}", key)
        return default


def _key(line: str) -> Path:
    """The names before a key's sign; a quoted name may contain that sign too."""
    ends = (place for place, sign in enumerate(line) if sign == "=")
    return next((names for end in ends if (names := _names(f"{line[:end]} = 0"))), ())


def _names(line: str) -> Path:
    """The names in a table's header or before a key's sign; none if the line is neither."""
    try:
        found: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    names: list[str] = []
    while isinstance(found, (dict, list)) and found:
        found = found[0] if isinstance(found, list) else found
        if not found:
            break
        name = next(iter(found))
        names.append(name)
        found = found[name]
    return tuple(names)
