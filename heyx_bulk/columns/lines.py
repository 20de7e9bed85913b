"""In which line of a TOML text a table or a key stands: the reader of the standard library does not say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

Path = tuple[str, ...]


class Lines:
    """The lines of the tables and keys of a TOML text, counted from 1."""

    def __init__(self, text: str) -> None:
        self._places = [*_places(text)]

    def of(self, path: Path) -> int:
        """The first line of the table or key at `path`, or of what it stands in; 1 if nothing of it is there."""
        while path:
            if found := next((line for line, place in self._places if place == path), 0):
                return found
            path = path[:-1]
        return 1

    def after(self, path: Path, number: int) -> Lines:
        """The lines from the table at `path` on, the one after `number` others of the same name."""
        lines = Lines("")
        starts = [index for index, (_, place) in enumerate(self._places) if place == path]
        lines._places = self._places[starts[number] :] if number < len(starts) else self._places
        return lines


def _places(text: str) -> Iterator[tuple[int, Path]]:
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            table = _path(line) or table
            yield number, table
        elif "=" in line and (key := _path(f"{line.partition('=')[0]} = 0")):
            yield number, table + key


def _path(line: str) -> Path:
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
