"""The rule: when a call may go. Pure.

A call holds a part of the limit from the moment it is granted until a window after its *answer*. Counting answers
instead of sendings makes no assumption about the network. Proof: take the call of one of HeyX's windows that was
sent last, at time s. Every other call of that window was answered after s - window or is in flight, so fewer than
the limit were. A call whose answer is lost may be counted later than its loss is noticed: it is recorded as
answered a time-out later.

Moments are whole milliseconds of the bucket's own clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from heyx_bulk.settings.rate import Rate

POLL_MS = 20
"""How often a call looks again when all of the limit is in flight."""

DRIFT = 50e-6
"""How far two clocks may drift apart: seconds in a second."""


def margin_ms(window_ms: int) -> int:
    """Added to the window, since clocks have grains and drift: 5 ms to a minute."""
    return 2 + math.ceil(window_ms * DRIFT)


@dataclass(frozen=True, slots=True)
class LimitParams:
    """The part of a limit that a process may use.

    `calls` may be held at once; `reserved` more are left to other programs, whose calls count against ours only
    beyond that. Between two calls lie `gap_ms`, or `external_gap_ms` while other programs use the limit.
    """

    calls: int
    window_ms: int
    reserved: int = 0
    gap_ms: float = 0.0
    external_gap_ms: float = 0.0

    @classmethod
    def of(cls, rate: Rate, share: float = 1.0, spaced: float | None = None) -> LimitParams:
        """Parameters for a `share` of `rate`; `spaced`: calls are spaced evenly, at this part of it.

        A share less than the whole is spaced too, so that the program with the rest never meets an empty window.
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
    """A bucket at the moment `now`.

    `held` calls are in flight or were answered within the window. HeyX counted `external_calls` that are not
    ours at `external_at`. Nothing goes before `paused_until`, an evenly spaced call not before `spaced_at`. The
    window that HeyX may be in began with our call at `window_start`.
    """

    now: int
    held: int = 0
    paused_until: int = 0
    spaced_at: float = 0.0
    external_calls: int = 0
    external_at: int = 0
    window_start: int = 0

    def external_usage(self, params: LimitParams) -> int:
        """How many calls of other programs count against our share now."""
        is_over = self.external_at + params.held_ms <= self.now
        return 0 if is_over else max(0, self.external_calls - params.reserved)

    def gap_ms(self, params: LimitParams) -> float:
        """The time between two calls now."""
        return params.external_gap_ms if self.external_usage(params) else params.gap_ms

    def spaced_after(self, params: LimitParams) -> float:
        """When an evenly spaced call is due after one that goes now; one that is late by a gap catches up."""
        gap = self.gap_ms(params)
        return max(self.spaced_at, self.now - gap) + gap

    def after_grant(self, params: LimitParams) -> BucketState:
        """The state after a call was granted now, but for the count of calls."""
        is_new_window = self.now >= self.window_start + params.window_ms
        window_start = self.now if is_new_window else self.window_start
        return replace(self, spaced_at=self.spaced_after(params), window_start=window_start)


def next_free_at(state: BucketState, params: LimitParams, answered_at: Callable[[int], int | None]) -> int:
    """The moment when the next call may go; now or earlier means that it may.

    `answered_at(k)` is when the k-th oldest of the held calls was answered (k from 0); None: in flight.
    """
    external = state.external_usage(params)
    needed = state.held + external - params.calls + 1

    def freed_at(number: int) -> int:
        """When `number` of our held calls are free."""
        if number <= 0:
            return state.now
        answered = answered_at(number - 1)
        return state.now + POLL_MS if answered is None else answered + params.held_ms

    # Enough of our calls are free, or those of other programs are and then enough of ours.
    freed = freed_at(needed)
    if external and needed > 0:
        freed = min(freed, max(state.external_at + params.held_ms, freed_at(needed - external)))
    spaced_at = math.ceil(state.spaced_at) if state.gap_ms(params) else state.now
    return max(state.paused_until, spaced_at, freed)
