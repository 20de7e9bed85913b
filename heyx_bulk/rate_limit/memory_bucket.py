"""A bucket in memory: for one process alone, by the running loop's clock, virtual or not."""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import replace

from heyx_bulk.rate_limit.bucket import Bucket, T
from heyx_bulk.rate_limit.rule import BucketState
from heyx_bulk.settings.rate import Rate


class InMemoryBucket(Bucket):
    """A bucket that keeps the names of calls in flight, and when others were answered within the window."""

    def __init__(self, rate: Rate, share: float = 1.0) -> None:
        super().__init__(rate, share)
        self._in_flight: set[str] = set()
        self._answered: list[int] = []
        self._state = BucketState(0, window_start=-self.params.window_ms)

    def wall_time(self) -> float:
        return asyncio.get_running_loop().time()

    def _step(self, step: Callable[[BucketState], T]) -> T:
        now = int(self.wall_time() * 1000)
        del self._answered[: bisect_right(self._answered, now - self.params.held_ms)]
        return step(replace(self._state, now=now, held=len(self._in_flight) + len(self._answered)))

    def _answered_at(self, number: int) -> int | None:
        return self._answered[number] if number < len(self._answered) else None

    def _grant(self, name: str) -> None:
        self._in_flight.add(name)

    def _answer(self, name: str, at: int) -> None:
        self._in_flight.discard(name)
        insort(self._answered, at)

    def _forget(self, name: str) -> None:
        self._in_flight.discard(name)

    def _store(self, state: BucketState) -> None:
        self._state = state

    def _store_learned(self, text: str) -> None:
        """Nothing to do: `learned` is all there is."""
