"""What a run is about to do and what it costs, before it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from heyx_bulk.models.calls import FindContacts, ReadContact
from heyx_bulk.models.contacts import ContactRow, Field
from heyx_bulk.planning.contact_lookup import Lookup, initial_state
from heyx_bulk.planning.matching import Matching
from heyx_bulk.planning.planner import max_calls
from heyx_bulk.settings.rate import Rate
from heyx_bulk.values.equality import PhoneLookup, spellings

ENOUGH_ROWS = 20
"""How many finished rows tell what the others will take."""

SHORT_WAIT = 1 / 30
"""A wait of up to this part of the window is the gap between evenly spaced calls, not the end of a window."""


@dataclass(slots=True)
class CostEstimate:
    """What is about to happen: rows by kind, and calls at most.

    `savings` are the calls that other phone look-ups would save, `lesser_key_calls` those for keys after a row's
    first, where that finds nobody.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    contacts_written: int = 0
    savings: Counter[PhoneLookup] = field(default_factory=Counter)
    lesser_key_calls: int = 0


def estimate(rows: Iterator[ContactRow], matching: Matching, *, blocked: int = 0) -> CostEstimate:
    """The estimate for `rows`, none of them invalid: if every call is sent once and a search has one page.

    `blocked` of them wait for an earlier one that shares a key value: its contact is read once more.
    """
    total = CostEstimate(calls=blocked)
    cache: dict[tuple[object, ...], int] = {}
    for row in rows:
        total.kinds[match_kind(row, matching)] += 1
        total.contacts_written += bool(row.fields or row.add_tags or row.remove_tags or row.tag_sets)
        total.calls += _calls(row, matching, cache)
        if row.id is None and isinstance(known := initial_state(row, matching), Lookup):
            total.lesser_key_calls += sum(not _finds_by(call, known.keys[0]) for call in known.calls)
            for other in PhoneLookup:
                fewer = sum(len(spellings(key.name, key.value, other)) for key in known.keys)
                total.savings[other] += len(known.calls) - fewer
    return total


@dataclass(frozen=True, slots=True)
class CallBudget:
    """At most so many `calls`, at this `rate`."""

    calls: int
    rate: Rate

    def seconds(self, calls: int, wait_seconds: float) -> float:
        """How long `calls` take, the first of them in `wait_seconds` at the earliest.

        After a wait as many calls as the limit allows go at once, and then none for a window.
        """
        window, limit = self.rate.window_seconds, self.rate.calls
        if wait_seconds > SHORT_WAIT * window:
            return wait_seconds + max(0, calls - 1) // limit * window
        return calls / limit * window


def expected_calls(at_most: int, sent: int, finished: int, left: int) -> int:
    """How many calls `left` rows will take, by the calls that were `sent` for the `finished` ones.

    `at_most`, until enough rows are finished to tell.
    """
    return min(at_most, round(sent / finished * left)) if finished >= ENOUGH_ROWS else at_most


def match_kind(row: ContactRow, matching: Matching) -> str:
    """How a row's contact is found, in the words of the estimate."""
    if row.id is not None:
        return "by contact id"
    if matching.no_match or row.key is None:
        return "created without a search"
    return f"by {row.key.name}"


def _finds_by(call: FindContacts | ReadContact, key: Field) -> bool:
    return isinstance(call, FindContacts) and call.field == key.name


def _calls(row: ContactRow, matching: Matching, cache: dict[tuple[object, ...], int]) -> int:
    known = initial_state(row, matching)
    reads = len(known.calls) if isinstance(known, Lookup) else 0
    shape = (
        reads,
        row.id is None,
        frozenset(Counter((field.policy, bool(field.value)) for field in row.fields).items()),
        len(row.add_tags),
        len(row.remove_tags),
        len(row.tag_sets),
    )
    if shape not in cache:
        cache[shape] = max_calls(row, matching)
    return cache[shape]
