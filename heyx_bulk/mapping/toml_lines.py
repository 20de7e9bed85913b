"""In which line of a TOML text a table or a key stands: the reader of the standard library does not say."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

Path = tuple[str, ...]


class TomlLines:
    """The lines of the tables and keys of a TOML text, counted from 1."""

    def __init__(self, text: str) -> None:
        self._places = [*_places(text)]

    def line_of(self, path: Path, table: int = 0) -> int:
        """The first line of the table or key at `path`, or of what it stands in; 1 if nothing of it is there.

        Of several tables with the same name, as lists of tables have, the one after `table` others is meant.
        """
        while path:
            found = [place for place in self._places if place.path == path]
            inside = [place for place in found if place.table == table]
            if inside or found:
                return (inside or found)[0].line
            path = path[:-1]
        return 1


class _Place(NamedTuple):
    """A table's header or a key: where it stands, its names, and how many tables of its table's name are above."""

    line: int
    path: Path
    table: int


def _places(text: str) -> Iterator[_Place]:
    table: Path = ()
    seen: Counter[Path] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("[") and (names := _names(line)):
            table = names
            seen[table] += 1
            yield _Place(number, table, seen[table] - 1)
        elif key := _key(line):
            yield _Place(number, table + key, max(0, seen[table] - 1))


def _key(line: str) -> Path:
    """The names before a key's sign; a quoted name may hold that sign too."""
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
