"""The rooms of the package and their levels: what stands above what."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "heyx_bulk"

LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"models"}),
    frozenset({"settings", "values", "database"}),
    frozenset({"sheets", "rate_limit"}),
    frozenset({"mapping", "api"}),
    frozenset({"planning"}),
    frozenset({"storage"}),
    frozenset({"reports"}),
    frozenset({"upload", "export"}),
    frozenset({"cli", "library"}),
    frozenset({"__init__", "__main__"}),
)
"""A room (a module or package directly in `heyx_bulk`) imports only from levels before its own."""


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    place = path.relative_to(PACKAGE)
    return place.parts[0] if len(place.parts) > 1 else place.stem


def level(name: str) -> int:
    return next(number for number, rooms in enumerate(LEVELS) if name in rooms)
