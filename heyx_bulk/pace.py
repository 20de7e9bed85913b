"""Whose turn it is: HeyX's limit used fully and not broken.

The rule is a lease: a call may go when fewer than the limit are in flight or were *answered* within the last
window. Counting answers instead of sendings makes no assumption about the network. For the call of a server
window that was sent last, at time s, every other call of that window was answered after s - window or is in
flight, so there were fewer than the limit of others. pyrate-limiter is the engine; `Lease` is its bucket.
"""

from __future__ import annotations

import asyncio
import itertools
from bisect import bisect_right, insort

from pyrate_limiter import AbstractBucket, Limiter, RateItem, SingleBucketFactory
from pyrate_limiter import Rate as Ratio

from heyx_bulk.settings import Rate

MARGIN_MS = 5
"""Added to the window, since clocks have grains."""

POLL_MS = 20
"""How often a call looks again when all of the limit is in flight."""


class Lease(AbstractBucket):
    """The bucket of the rule: items in flight, and stamps (ms) of those answered within the window."""

    is_async = False

    def __init__(self, rate: Rate) -> None:
        super().__init__()
        self.rates = [Ratio(rate.calls, max(1, round(rate.window_seconds * 1000)))]
        self._in_flight: set[str] = set()
        self._answered: list[int] = []
        self._held_until = 0

    def now(self) -> int:
        """The running loop's clock, in milliseconds."""
        return int(asyncio.get_running_loop().time() * 1000)

    def put(self, item: RateItem) -> bool:
        """Grant a turn to `item`, if the rule allows one now."""
        self.leak(item.timestamp)
        rate = self.rates[0]
        if item.timestamp >= self._held_until and self.count() < rate.limit:
            self.failing_rate = None
            self._in_flight.add(item.name)
            return True
        self.failing_rate = rate
        return False

    def waiting(self, item: RateItem) -> int:
        """Milliseconds until a refused item is worth another try."""
        return max(1, self.free_at() - item.timestamp)

    def free_at(self) -> int:
        """When the next turn may be granted, in milliseconds of the loop's clock."""
        now, surplus = self.now(), self.count() - self.rates[0].limit
        if surplus < 0:
            return max(now, self._held_until)
        if surplus < len(self._answered):
            return max(self._answered[surplus] + self.rates[0].interval + MARGIN_MS, self._held_until)
        return max(now + POLL_MS, self._held_until)

    def settle(self, name: str, margin_ms: int = 0) -> None:
        """The call `name` was answered now; or was lost, and may be counted up to `margin_ms` later."""
        self._in_flight.discard(name)
        insort(self._answered, self.now() + margin_ms)

    def forget(self, name: str) -> None:
        """The call `name` was not counted by HeyX."""
        self._in_flight.discard(name)

    def hold(self, until_ms: int) -> None:
        """Grant nothing before `until_ms`."""
        self._held_until = max(self._held_until, until_ms)

    def leak(self, current_timestamp: int | None = None) -> int:
        """Drop the stamps that left the window; how many they were."""
        now = self.now() if current_timestamp is None else current_timestamp
        gone = bisect_right(self._answered, now - self.rates[0].interval - MARGIN_MS)
        del self._answered[:gone]
        return gone

    def flush(self) -> None:
        """Forget every call."""
        self.failing_rate = None
        self._in_flight.clear()
        self._answered.clear()

    def count(self) -> int:
        """Calls that hold a part of the limit."""
        return len(self._in_flight) + len(self._answered)

    def peek(self, index: int) -> RateItem | None:
        """The stamp `index` places from the newest, as pyrate-limiter's interface asks."""
        if not 0 <= index < len(self._answered):
            return None
        return RateItem("answered", self._answered[-1 - index])


class Pace:
    """Turns for one channel, granted in order; times are seconds of the running loop's clock."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._lease = Lease(rate)
        self._limiter = Limiter(SingleBucketFactory(self._lease, schedule_leak=False), buffer_ms=0)
        self._names = itertools.count(1)

    async def turn(self) -> str:
        """Wait for the permission to send one call; the turn's name is given back to `settle` or `forget`."""
        name = str(next(self._names))
        await self._limiter.try_acquire_async(name)
        return name

    def settle(self, turn: str, *, margin_seconds: float = 0.0) -> None:
        """The call of `turn` was answered; or lost: HeyX may count it up to `margin_seconds` from now."""
        self._lease.settle(turn, round(margin_seconds * 1000))

    def forget(self, turn: str) -> None:
        """The call of `turn` was not counted by HeyX: it never left, or was refused as one too many."""
        self._lease.forget(turn)

    def hold(self, seconds: float) -> None:
        """Silence for all, for `seconds` from now."""
        self._lease.hold(self._lease.now() + round(seconds * 1000))

    def wait_seconds(self) -> float:
        """How long a call that asks now will wait, at least."""
        return max(0.0, (self._lease.free_at() - self._lease.now()) / 1000)
