"""The levels of the package, file by file, its doors to outside libraries, and the sizes it keeps to."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.support.levels import LEVELS, PACKAGE, files, level, room

MOST_LINES = 400
MOST_ROOMS = 19
MOST_ARROWS = 90

DOORS = {
    "sqlite3": {"database", "storage"},
    "httpx": {"api", "sandbox"},
    "tqdm": {"reports"},
    "pyrate_limiter": {"rate_limit"},
    "redis": {"rate_limit"},
    "pydantic": {"settings"},
    "platformdirs": {"settings"},
    "typer": {"cli"},
    "prompt_toolkit": {"cli"},
    "pandas": {"sheets"},
    "numpy": {"storage"},
    "xlsxwriter": {"sheets"},
    "openpyxl": {"sheets"},
    "xlrd": {"sheets"},
    "pyarrow": {"sheets"},
    "python_calamine": {"sheets"},
    "filelock": {"storage", "rate_limit"},
    "psutil": {"storage"},
    "phonenumbers": {"values"},
    "tomlkit": {"mapping", "storage"},
    "keyring": {"settings"},
    "jinja2": {"reports"},
    "markupsafe": {"reports"},
}
"""The rooms through which an outside library comes in."""

BANNED = {"utils", "helpers", "base", "core", "common", "manager"}


def module(path: Path) -> str:
    """The full name of the module in a file."""
    place = path.relative_to(PACKAGE.parent).with_suffix("")
    return ".".join(place.parts[:-1] if place.stem == "__init__" else place.parts)


@cache
def imported(path: Path) -> frozenset[str]:
    """Full names of the modules that a file imports, wherever in it and for whatever purpose."""
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    known = {module(file) for file in files()}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (name.name for name in node.names)
            case ast.ImportFrom(module=str(name), level=0):
                inside = {f"{name}.{alias.name}" for alias in node.names} & known
                yield from inside or {name}
            case ast.ImportFrom():
                pytest.fail(f"{path} imports relatively")


def ours(path: Path) -> set[str]:
    return {name for name in imported(path) if name.split(".")[0] == PACKAGE.name}


def test_every_room_has_a_level() -> None:
    assert {room(path) for path in files()} == {"sandbox", *(name for rooms in LEVELS for name in rooms)}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_lower_levels_than_its_rooms(path: Path) -> None:
    here = room(path)
    rooms = {name.split(".")[1] for name in ours(path) if "." in name} - {here}
    if here == "sandbox":
        assert rooms == set()
    else:
        assert {name for name in rooms - {"sandbox"} if level(name) >= level(here)} == set()


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Modules that import each other in a loop, each loop once (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        path.append(name)
        for other in graph.get(name, ()):
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in path:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            loop = path[path.index(name) :]
            del path[path.index(name) :]
            if len(loop) > 1:
                found.append(sorted(loop))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == [["a", "b", "c"]]
    assert circles({module(path): ours(path) for path in files()}) == []


def test_rooms_and_arrows_between_them_stay_few() -> None:
    rooms = {room(path) for path in files()}
    arrows = {(room(path), name.split(".")[1]) for path in files() for name in ours(path) if "." in name}
    assert len(rooms) <= MOST_ROOMS
    assert len({(one, other) for one, other in arrows if one != other}) <= MOST_ARROWS


def test_no_two_modules_have_the_same_name() -> None:
    names = Counter(path.stem for path in files() if room(path) != "cli" and path.stem != "__init__")
    assert [name for name, times in names.items() if times > 1] == []


def test_only_simulations_and_the_command_line_know_the_sandbox() -> None:
    knowing = {
        room(path) for path in files() if any(name.startswith("heyx_bulk.sandbox") for name in imported(path))
    }
    assert knowing - {"sandbox"} == {"upload", "cli"}


@pytest.mark.parametrize(("library", "rooms"), DOORS.items())
def test_a_library_comes_in_by_its_door_alone(library: str, rooms: set[str]) -> None:
    using = {room(path) for path in files() if any(name.split(".")[0] == library for name in imported(path))}
    assert using == rooms


def test_only_the_command_line_prints() -> None:
    printing = {
        room(path)
        for path in files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing <= {"cli"}


def test_every_question_is_asked_in_one_place() -> None:
    """Where it can be explained, gone back from, and answered by the default."""
    others = re.compile(r"\b(typer\.(confirm|prompt)|prompt_toolkit|input\()")
    asking = [path for path in files() if others.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in asking] == ["asking.py"]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_has_one_purpose_and_a_noun_for_a_name(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert path.stem not in BANNED


def test_nobody_catches_everything() -> None:
    bare = re.compile(r"except\s*(Exception|BaseException)?\s*(as \w+)?:")
    assert [path.name for path in files() if bare.search(path.read_text(encoding="utf-8"))] == []
