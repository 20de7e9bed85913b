"""What a run is about to do and what it costs, before it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from heyx_bulk.models.contacts import ContactRow
from heyx_bulk.planning.planner import Matching, NotAsked, calls_at_most, start
from heyx_bulk.values.equality import PhoneLookup, spellings


@dataclass(slots=True)
class Bill:
    """What is about to happen: rows by kind, calls at most, and what other phone look-ups would save."""

    kinds: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    writes_to: int = 0
    saved_by: Counter[PhoneLookup] = field(default_factory=Counter)


def bill(rows: Iterator[ContactRow], matching: Matching, *, following: int = 0) -> Bill:
    """The bill for `rows`, none of them invalid: if every call is sent once and a search has one page.

    So many of them are `following` an earlier one that shares a key value: its contact is read once more.
    """
    total = Bill(calls=following)
    cache: dict[tuple[object, ...], int] = {}
    for row in rows:
        total.kinds[kind(row, matching)] += 1
        total.writes_to += bool(row.fields or row.add_tags or row.remove_tags or row.tag_sets)
        total.calls += _calls(row, matching, cache)
        if row.key is not None and isinstance(known := start(row, matching), NotAsked):
            for other in PhoneLookup:
                saved = len(known.questions) - len(spellings(row.key.name, row.key.value, other))
                total.saved_by[other] += saved if row.id is None else 0
    return total


def kind(row: ContactRow, matching: Matching) -> str:
    """How a row's contact is found, in the words of the bill."""
    if row.id is not None:
        return "by contact id"
    if matching.no_match or row.key is None:
        return "created without looking"
    return f"by {row.key.name}"


def _calls(row: ContactRow, matching: Matching, cache: dict[tuple[object, ...], int]) -> int:
    known = start(row, matching)
    reads = len(known.questions) if isinstance(known, NotAsked) else 0
    shape = (
        reads,
        row.id is None,
        frozenset(Counter((field.policy, bool(field.value)) for field in row.fields).items()),
        len(row.add_tags),
        len(row.remove_tags),
        len(row.tag_sets),
    )
    if shape not in cache:
        cache[shape] = calls_at_most(row, matching)
    return cache[shape]
