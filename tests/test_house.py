"""The house as it is drawn in DESIGN.md: floors, doors, sizes."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "heyx_bulk"
MOST_LINES = 400

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "model", "clock", "attempt"}),
    frozenset({"api", "values", "settings", "stops", "pages", "database"}),
    frozenset(
        {
            "columns",
            "plan",
            "merging",
            "retry",
            "sheets",
            "journal",
            "pace",
            "places",
            "memory",
            "progress",
            "log",
            "watch",
            "asking",
            "edits",
        },
    ),
    frozenset({"account", "client", "damage", "doubt", "line", "run", "intent", "bill", "mapping", "selection"}),
    frozenset({"results", "stage", "books", "explain", "listing", "speaking", "since"}),
    frozenset({"upload", "export", "mended", "inspection", "status", "verify"}),
    frozenset({"canary"}),
    frozenset({"rehearsal", "starts"}),
    frozenset({"cli"}),
    frozenset({"__init__", "__main__"}),
)

DOORS = {
    "sqlite3": {"database", "journal"},
    "httpx": {"client", "sandbox"},
    "tqdm": {"progress"},
    "pyrate_limiter": {"pace"},
    "redis": {"pace"},
    "pydantic": {"settings"},
    "platformdirs": {"settings"},
    "typer": {"cli"},
    "pandas": {"sheets", "columns"},
    "xlsxwriter": {"sheets"},
    "xlrd": {"sheets"},
    "pyarrow": {"sheets"},
    "python_calamine": {"sheets"},
    "filelock": {"journal", "pace", "places"},
    "psutil": {"places"},
    "phonenumbers": {"values"},
    "rapidfuzz": {"columns"},
    "tomlkit": {"columns"},
}

BANNED = {"utils", "helpers", "base", "core", "common", "manager"}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The module or package of the house that a file belongs to."""
    place = path.relative_to(PACKAGE)
    return place.parts[0] if len(place.parts) > 1 else place.stem


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (name.name for name in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
                if module == "heyx_bulk":
                    yield from (f"heyx_bulk.{name.name}" for name in node.names)
            case ast.ImportFrom():
                pytest.fail(f"{path} imports relatively")


def floor(name: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if name in floor)


def test_every_room_has_a_floor() -> None:
    assert {room(path) for path in files()} == {"sandbox", *(name for floor in FLOORS for name in floor)}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_lower_floors(path: Path) -> None:
    here = room(path)
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("heyx_bulk.")} - {here}
    if here == "sandbox":
        assert rooms == set()
    else:
        upward = {name for name in rooms - {"sandbox"} if floor(name) >= floor(here)}
        assert upward == set()


def test_only_the_rehearsal_and_the_command_line_know_the_sandbox() -> None:
    knowing = {
        room(path) for path in files() if any(name.startswith("heyx_bulk.sandbox") for name in imported(path))
    }
    assert knowing - {"sandbox"} == {"rehearsal", "cli"}


@pytest.mark.parametrize(("library", "rooms"), DOORS.items())
def test_a_library_comes_in_by_its_door_alone(library: str, rooms: set[str]) -> None:
    using = {room(path) for path in files() if any(name.split(".")[0] == library for name in imported(path))}
    assert using <= rooms


def test_only_the_command_line_prints() -> None:
    printing = {
        room(path)
        for path in files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing <= {"cli"}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_has_one_purpose_and_a_noun_for_a_name(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert path.stem not in BANNED


def test_nobody_catches_everything() -> None:
    bare = re.compile(r"except\s*(Exception|BaseException)?\s*(as \w+)?:")
    assert [path.name for path in files() if bare.search(path.read_text(encoding="utf-8"))] == []


def test_help_does_not_pay_for_pandas() -> None:
    script = "import sys; import heyx_bulk.cli; print('pandas' in sys.modules, 'openpyxl' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout == "False False\n"
