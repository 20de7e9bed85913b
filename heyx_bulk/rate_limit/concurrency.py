"""How many calls of a process are in flight at once: as many as the measured latency asks for, and no more."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from heyx_bulk.settings.rate import Rate

FEWEST = 2
AT_FIRST = 4
"""In flight before a latency was measured."""

BURST_PART = 10
"""A whole limit that is free is used up within this part of the window."""

WEIGHT = 0.1
"""The weight of the newest latency in the mean."""


class ConcurrencyLimiter:
    """Slots for calls in flight, given in the order of asking; at most `limit` at once, None: any number."""

    def __init__(self, rate: Rate, limit: int | None) -> None:
        self._calls_per_second = rate.calls / rate.window_seconds
        self._max = limit
        self._in_flight = 0
        self._mean_seconds: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def latency_seconds(self) -> float:
        """The mean latency of late; 0 before the first answer."""
        return self._mean_seconds or 0.0

    @property
    def limit(self) -> float:
        """How many calls may be in flight: by Little's law, enough to use up a whole limit in time."""
        if self._max is None:
            return math.inf
        if self._mean_seconds is None:
            return min(AT_FIRST, self._max)
        needed = math.ceil(BURST_PART * self._calls_per_second * self._mean_seconds)
        return min(max(FEWEST, needed), self._max)

    def record_latency(self, seconds: float) -> None:
        """Count an answer that took `seconds`."""
        mean = self._mean_seconds
        self._mean_seconds = seconds if mean is None else mean + WEIGHT * (seconds - mean)

    async def acquire(self) -> None:
        """Wait for a slot."""
        if not self._waiting and self._in_flight < self.limit:
            self._in_flight += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Give a slot back."""
        self._in_flight -= 1
        while self._waiting and self._in_flight < self.limit:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._in_flight += 1
                waiter.set_result(None)
