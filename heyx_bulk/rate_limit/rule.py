"""The rule: when a call may go. Pure.

A call holds a part of the limit from its turn until a window after its *answer*. Counting answers instead of
sendings makes no assumption about the network: take the call of one of HeyX's windows that was sent last, at
time s. Every other call of that window was answered after s - window or is in flight, so fewer than the limit
were. A call whose answer is lost may be counted later than its loss is noticed: it is stamped a time-out later.

Moments are whole milliseconds of the budget's own clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from heyx_bulk.settings import Rate

POLL_MS = 20
"""How often a call looks again when all of the limit is in flight."""

DRIFT = 50e-6
"""How far two clocks may part: seconds in a second."""


def margin_ms(window_ms: int) -> int:
    """Added to the window, since clocks have grains and drift: 5 ms to a minute."""
    return 2 + math.ceil(window_ms * DRIFT)


@dataclass(frozen=True, slots=True)
class LimitParams:
    """What a process may use of a budget.

    `calls` may be held at once, `left` more are others' (so that others are seen only beyond that). Between two
    calls lie `gap_ms`, or `crowded_gap_ms` while others use the budget.
    """

    calls: int
    window_ms: int
    reserved: int = 0
    gap_ms: float = 0.0
    crowded_gap_ms: float = 0.0

    @classmethod
    def of(cls, rate: Rate, share: float = 1.0, spaced: float | None = None) -> LimitParams:
        """Terms for a `share` of `rate`; `spaced`: calls lie evenly, at this part of it.

        A share less than the whole is spaced too, so that whoever has the rest never meets an empty window.
        """
        window_ms = max(1, round(rate.window_seconds * 1000))
        calls = max(1, math.floor(rate.calls * share + 1e-9))
        even = window_ms / calls
        gap = even / spaced if spaced is not None else even if share < 1 else 0.0
        return cls(calls, window_ms, rate.calls - calls, gap, max(gap, even))

    @property
    def held_ms(self) -> int:
        """How long an answered call still holds its part of the limit."""
        return self.window_ms + margin_ms(self.window_ms)


@dataclass(frozen=True, slots=True)
class BucketState:
    """A budget at the moment `now`.

    `held` calls are in flight or were answered within the window, `foreign` ones were somebody else's when
    HeyX told, at `foreign_at`. Nothing goes before `held_until`, an evenly spaced call not before `even_at`.
    The window HeyX may be in began with our call at `window_from`.
    """

    now: int
    held: int = 0
    paused_until: int = 0
    spaced_at: float = 0.0
    external_calls: int = 0
    external_at: int = 0
    window_start: int = 0

    def external_usage(self, terms: LimitParams) -> int:
        """How many calls of others count against our share now."""
        gone = self.external_at + terms.held_ms <= self.now
        return 0 if gone else max(0, self.external_calls - terms.reserved)

    def gap_ms(self, terms: LimitParams) -> float:
        """What lies between two calls now."""
        return terms.crowded_gap_ms if self.external_usage(terms) else terms.gap_ms

    def spaced_after(self, terms: LimitParams) -> float:
        """When an evenly spaced call is due after one that goes now; one that is late by a gap catches up."""
        gap = self.gap_ms(terms)
        return max(self.spaced_at, self.now - gap) + gap

    def window_after(self, terms: LimitParams) -> int:
        """Where the window began, HeyX may be in after a call that goes now."""
        return self.now if self.now >= self.window_start + terms.window_ms else self.window_start


def next_free_at(view: BucketState, terms: LimitParams, stamp: Callable[[int], int | None]) -> int:
    """When the next call may go; now or earlier means that it may.

    `stamp(k)` tells when the k-th oldest of the calls that are held was answered (k from 0); None: in flight.
    """
    even_at = math.ceil(view.spaced_at) if view.gap_ms(terms) else view.now
    return max(view.paused_until, even_at, _freed_at(view, terms, stamp))


def _freed_at(view: BucketState, terms: LimitParams, stamp: Callable[[int], int | None]) -> int:
    """When fewer than the limit are held: enough of ours are free, or others' are and then enough of ours."""
    crowd = view.external_usage(terms)
    needed = view.held + crowd - terms.calls + 1

    def ours(number: int) -> int:
        if number <= 0:
            return view.now
        answered = stamp(number - 1)
        return view.now + POLL_MS if answered is None else answered + terms.held_ms

    freed = ours(needed)
    if crowd and needed > 0:
        freed = min(freed, max(view.external_at + terms.held_ms, ours(needed - crowd)))
    return freed
