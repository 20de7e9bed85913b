"""Dataclasses read back from their plain data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from heyx_bulk.models.documents import restore


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    color: Color
    arguments: tuple[str | int, ...] = ()
    other: Color | None = None


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    first: Part
    is_read: bool | None = None
    size: int = 7
    names: tuple[str, ...] = field(default=("a",))
    example: tuple[str, int, tuple[int, ...]] = ("a", 1, ())


def test_a_dataclass_is_restored_from_its_plain_data_with_the_types_of_its_fields() -> None:
    parts = (Part(Color.RED, ("x", 1)), Part(Color.BLUE, (), Color.RED))
    whole = Whole(parts, Part(Color.BLUE), True, 3, (), ("b", 2, (3, 4)))
    assert restore(Whole, json.loads(json.dumps(asdict(whole)))) == whole


def test_a_field_that_is_not_in_the_data_has_its_default() -> None:
    found = restore(Whole, {"parts": [], "first": {"color": "red"}})
    assert found == Whole((), Part(Color.RED))
    assert isinstance(found.first.color, Color)
