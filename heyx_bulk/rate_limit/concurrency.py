"""How many calls of a process are in flight at once: as many as the measured latency asks for, and no more."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from heyx_bulk.settings import Rate

FEWEST = 2
AT_FIRST = 4
"""In flight before a latency was measured."""

BURST_PART = 10
"""A whole budget that is free leaves within this part of the window."""

WEIGHT = 0.1
"""Of the newest latency in the mean."""


class ConcurrencyLimiter:
    """Places for calls in flight, given in the order they are asked for; `most` at once, None: any number."""

    def __init__(self, rate: Rate, most: int | None) -> None:
        self._a_second = rate.calls / rate.window_seconds
        self._max = most
        self._busy = 0
        self._mean_seconds: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def latency_seconds(self) -> float:
        """The mean of the last answers' times; 0 before the first."""
        return self._mean_seconds or 0.0

    @property
    def limit(self) -> float:
        """How many may be in flight: by Little's law, what lets a whole budget leave in time."""
        if self._max is None:
            return math.inf
        if self._mean_seconds is None:
            return min(AT_FIRST, self._max)
        needed = math.ceil(BURST_PART * self._a_second * self._mean_seconds)
        return min(max(FEWEST, needed), self._max)

    def record_latency(self, seconds: float) -> None:
        """An answer took so long."""
        mean = self._mean_seconds
        self._mean_seconds = seconds if mean is None else mean + WEIGHT * (seconds - mean)

    async def acquire(self) -> None:
        """Wait for a place."""
        if not self._waiting and self._busy < self.limit:
            self._busy += 1
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
        """Give a place back."""
        self._busy -= 1
        while self._waiting and self._busy < self.limit:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._busy += 1
                waiter.set_result(None)
