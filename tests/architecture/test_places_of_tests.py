"""Where tests stand: units in the folder of their package, properties together, and no test needs another one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "heyx_bulk"
KINDS = {"unit", "property", "integration", "e2e", "docs", "architecture"}
FILES = sorted(TESTS.rglob("test_*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(TESTS))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def uses_hypothesis(path: Path) -> bool:
    return any(name.split(".")[0] == "hypothesis" for name in imported(path))


def test_every_test_has_a_kind() -> None:
    assert {path.relative_to(TESTS).parts[0] for path in FILES} == KINDS


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=name_of)
def test_nothing_is_imported_from_a_test(path: Path) -> None:
    ours = [name for name in imported(path) if name.split(".")[0] == "tests"]
    assert [name for name in ours if name.split(".")[1] != "support"] == []


def test_the_units_are_those_of_the_package() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} | {
        path.stem for path in PACKAGE.glob("*.py")
    }
    unit = TESTS / "unit"
    tested = {path.parent.name for path in unit.glob("*/test_*.py")}
    tested |= {path.stem.removeprefix("test_") for path in unit.glob("test_*.py")}
    assert tested - rooms == set()


def test_examples_are_made_up_in_property_tests_alone() -> None:
    assert {path.parent.name for path in FILES if uses_hypothesis(path)} == {"property"}
