"""What a run is about to do and what it costs, before it starts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from heyx_bulk.errors import CallFailed
from heyx_bulk.models.calls import (
    AddTags,
    Answer,
    Call,
    CreateContact,
    FindContacts,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Field
from heyx_bulk.models.phrases import about, duration
from heyx_bulk.planning.contact_lookup import Knowledge, Lookup, NotFound, initial_state
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.planning.planner import known_without_calls, max_writes, plan, skip_reason
from heyx_bulk.settings.rate import Rate
from heyx_bulk.values.equality import PhoneLookup, spellings

ENOUGH_ROWS = 20
"""How many finished rows tell what the others will take."""

SHORT_WAIT = 1 / 30
"""A wait of up to this part of the window is the gap between evenly spaced calls, not the end of a window."""

KnownAnswer = Callable[[ContactRow, Call], Answer | None]
"""What HeyX would answer to a look-up of a row; None where it must be asked."""


class CallKind(StrEnum):
    """The kinds of calls, as the estimate names them."""

    LOOKUP = "look-ups"
    CREATE = "creates"
    UPDATE = "updates"
    ADD_TAGS = "tags added"
    REMOVE_TAGS = "tags removed"


class Effect(StrEnum):
    """What a row does to its contact, as the estimate names it."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    SKIP = "skipped"
    FAIL = "failed"


@dataclass(slots=True)
class Bounds:
    """A number that is known only to lie between two others, or that is both."""

    low: int = 0
    high: int = 0

    def add(self, low: int, high: int) -> None:
        """Add a number of which the same is known."""
        self.low += low
        self.high += high

    @property
    def is_exact(self) -> bool:
        """Whether the number is known."""
        return self.low == self.high

    def __str__(self) -> str:
        return f"{self.high:,}" if self.is_exact else f"{self.low:,} to {self.high:,}"


@dataclass(slots=True)
class CostEstimate:
    """What is about to happen: rows by kind, and calls at most.

    At least `calls_low` calls are needed; `calls_by_kind` and `effects` (of rows on contacts) have bounds.
    `savings` are the calls that other phone look-ups would save, `lesser_key_calls` those for keys after a row's
    first, where that finds nobody. So many `known_rows` need no look-up, since their contacts were read before.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    calls_low: int = 0
    calls_by_kind: defaultdict[CallKind, Bounds] = field(default_factory=lambda: defaultdict(Bounds))
    effects: defaultdict[Effect, Bounds] = field(default_factory=lambda: defaultdict(Bounds))
    contacts_written: int = 0
    savings: Counter[PhoneLookup] = field(default_factory=Counter)
    lesser_key_calls: int = 0
    known_rows: int = 0

    def add(self, cost: RowCost) -> None:
        """Add what a row costs and does."""
        self.calls += cost.most
        self.calls_low += cost.least
        for kind, (low, high) in cost.calls.items():
            self.calls_by_kind[kind].add(low, high)
        for effect in cost.effects:
            self.effects[effect].add(len(cost.effects) == 1, 1)
        self.contacts_written += not cost.effects.isdisjoint((Effect.CREATE, Effect.UPDATE))


@dataclass(frozen=True, slots=True)
class RowCost:
    """What a row may cost and do: calls by kind, each with its bounds; calls in all; its possible effects."""

    calls: Mapping[CallKind, tuple[int, int]]
    least: int
    most: int
    effects: frozenset[Effect]


def estimate(
    rows: Iterator[ContactRow], matching: Matching, *, blocked: int = 0, known_answer: KnownAnswer | None = None
) -> CostEstimate:
    """The estimate for `rows`, none of them invalid: if every call is sent once and a search has one page.

    `blocked` of them wait for an earlier one that shares a key value: its contact is read once more. Look-ups that
    have a `known_answer` cost nothing, and make a row's cost exact.
    """
    total = CostEstimate(calls=blocked)
    total.calls_by_kind[CallKind.LOOKUP].add(0, blocked)
    cache: dict[tuple[object, ...], RowCost] = {}
    for row in rows:
        total.kinds[match_kind(row, matching)] += 1
        asked = known = initial_state(row, matching)
        if known_answer is not None:
            try:
                known = known_without_calls(row, asked, known_answer)
            except CallFailed:
                total.add(_FAILS)
                continue
            total.known_rows += isinstance(asked, Lookup) and not isinstance(known, Lookup)
        if known is asked:
            shape = _shape(row, known)
            cost = cache[shape] = cache.get(shape) or _row_cost(row, known, matching)
        else:
            cost = _row_cost(row, known, matching)
        total.add(cost)
        if row.id is None and isinstance(known, Lookup) and not row.planned:
            total.lesser_key_calls += sum(not _finds_by(call, known.keys[0]) for call in known.calls)
            for other in PhoneLookup:
                fewer = sum(len(spellings(key.name, key.value, other)) for key in known.keys)
                total.savings[other] += len(known.calls) - fewer
    return total


@dataclass(frozen=True, slots=True)
class CallBudget:
    """At most so many `calls`, at this `rate`, for rows of which so many are `in_flight` at once."""

    calls: int
    rate: Rate
    in_flight: int = 0

    def seconds(self, calls: int, wait_seconds: float) -> float:
        """How long `calls` take, the first of them in `wait_seconds` at the earliest.

        After a wait as many calls as the limit allows go at once, and then none for a window.
        """
        window, limit = self.rate.window_seconds, self.rate.calls
        if wait_seconds > SHORT_WAIT * window:
            return wait_seconds + max(0, calls - 1) // limit * window
        return calls / limit * window


def time_for(calls: int, rate: Rate) -> str:
    """How long calls take, in words: those of one window may all be sent at its beginning."""
    if calls <= rate.calls:
        return f"within {duration(rate.window_seconds)}"
    return about(calls / rate.calls * rate.window_seconds)


def expected_calls(at_most: int, sent: int, finished: int, left: int, in_flight: int = 0) -> int:
    """How many calls `left` rows will take, by the calls that were `sent` when this many were `finished`.

    For the rows that were `in_flight` then, half of the calls were sent. `at_most`, until enough rows are finished
    to tell.
    """
    if finished < ENOUGH_ROWS:
        return at_most
    half_done = min(in_flight, left) / 2
    return min(at_most, round(sent / (finished + half_done) * (left - half_done)))


def match_kind(row: ContactRow, matching: Matching) -> str:
    """How a row's contact is found, in the words of the estimate."""
    if row.id is not None:
        return "by contact id"
    if matching.no_match or row.key is None:
        return "created without a search"
    return f"by {row.key.name}"


def _finds_by(call: FindContacts | ReadContact, key: Field) -> bool:
    return isinstance(call, FindContacts) and call.field == key.name


_FAILS = RowCost({}, 0, 0, frozenset((Effect.FAIL,)))


def _shape(row: ContactRow, known: Knowledge) -> tuple[object, ...]:
    """What the rows have in common of which nothing is known yet and that cost the same."""
    return (
        type(known),
        len(known.calls) if isinstance(known, Lookup) else 0,
        row.id is None,
        frozenset(Counter((field.policy, bool(field.value)) for field in row.fields).items()),
        len(row.add_tags),
        len(row.remove_tags),
        len(row.tag_sets),
    )


def _row_cost(row: ContactRow, known: Knowledge, matching: Matching) -> RowCost:
    """What a row costs of whose contact this much is `known`."""
    if row.planned:
        return _planned_cost(row, known)
    if isinstance(known, Lookup):
        return _bounded_cost(row, len(known.calls), matching)
    return _exact_cost(row, known, matching)


def _planned_cost(row: ContactRow, known: Knowledge) -> RowCost:
    """The cost of a row whose changes are planned: if its contact is as its plan showed, every look-up is sent."""
    lookups = len(known.calls) if isinstance(known, Lookup) else 0
    counts = _by_kind(plan(row, NotFound() if row.id is None else Contact(row.id)))
    counts[CallKind.LOOKUP] = lookups
    calls = sum(counts.values())
    effect = Effect.CREATE if row.id is None else Effect.UPDATE
    exact = {kind: (number, number) for kind, number in counts.items()}
    return RowCost(exact, calls, calls, frozenset((effect,)))


def _exact_cost(row: ContactRow, known: NotFound | Contact, matching: Matching) -> RowCost:
    """The cost of a row whose contact is known, or will be made; sets of tags of one known in part are bounded."""
    if skip_reason(known, matching.mode):
        return RowCost({}, 0, 0, frozenset((Effect.SKIP,)))
    calls = plan(row, known)
    effect = Effect.CREATE if isinstance(known, NotFound) else Effect.UPDATE if calls else Effect.UNCHANGED
    counts = {kind: (number, number) for kind, number in _by_kind(calls).items()}
    return RowCost(counts, len(calls), len(calls), frozenset((effect,)))


def _bounded_cost(row: ContactRow, lookups: int, matching: Matching) -> RowCost:
    """The cost of a row whose contact must be looked up: the first search may find it as it is wanted."""
    update = _by_kind(() if matching.mode is Mode.CREATE else plan(row, Contact("")))
    update[CallKind.REMOVE_TAGS] += 0 if matching.mode is Mode.CREATE else len(row.tag_sets)
    may_create = matching.mode is not Mode.UPDATE and row.id is None
    create = _by_kind(plan(row, NotFound()) if may_create else ())
    calls = {kind: (0, high) for kind, high in (update | create).items() if high}
    read_again = row.id is None and bool(row.remove_tags or row.tag_sets)
    calls[CallKind.LOOKUP] = (1, lookups + read_again)
    if matching.mode is Mode.CREATE:
        effects = {Effect.CREATE, Effect.SKIP}
    else:
        effects = {Effect.UPDATE, Effect.UNCHANGED}
        effects |= {Effect.CREATE} if may_create else {Effect.SKIP} if row.id is None else set()
    most = lookups + read_again + max_writes(row, matching)
    return RowCost(calls, 1, most, frozenset(effects))


def _by_kind(calls: Iterable[Call]) -> Counter[CallKind]:
    return Counter(_KINDS[type(call)] for call in calls)


_KINDS: Mapping[type, CallKind] = {
    FindContacts: CallKind.LOOKUP,
    ReadContact: CallKind.LOOKUP,
    CreateContact: CallKind.CREATE,
    UpdateContact: CallKind.UPDATE,
    AddTags: CallKind.ADD_TAGS,
    RemoveTags: CallKind.REMOVE_TAGS,
}
