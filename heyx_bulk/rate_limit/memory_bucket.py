"""A bucket in memory: for one process alone, by the running loop's clock, virtual or not."""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import replace

from heyx_bulk.rate_limit.bucket import Bucket
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState, next_free_at
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

    def state(self) -> BucketState:
        now = self._now()
        del self._answered[: bisect_right(self._answered, now - self.params.held_ms)]
        return replace(self._state, now=now, held=len(self._in_flight) + len(self._answered))

    def wait_ms(self) -> int:
        return self._wait_ms(self.state())

    def acquire(self, name: str) -> int:
        state = self.state()
        wait = self._wait_ms(state)
        if wait == 0:
            self._in_flight.add(name)
            self._state = state.after_grant(self.params)
        return wait

    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        self._in_flight.discard(name)
        insort(self._answered, self._now() + margin_ms)
        if used is not None:
            state = self.state()
            self._state = replace(state, external_calls=max(0, used - state.held), external_at=state.now)

    def refund(self, name: str) -> None:
        self._in_flight.discard(name)

    def pause(self, milliseconds: int) -> None:
        until = max(self._state.paused_until, self._now() + milliseconds)
        self._state = replace(self._state, paused_until=until)

    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        self.adopt(change(self.learned))
        due = min(self._state.spaced_at, self._now() + self.params.gap_ms)
        self._state = replace(self._state, spaced_at=due)

    def _now(self) -> int:
        return int(self.wall_time() * 1000)

    def _wait_ms(self, state: BucketState) -> int:
        return max(0, next_free_at(state, self.params, self._answered_at) - state.now)

    def _answered_at(self, number: int) -> int | None:
        return self._answered[number] if number < len(self._answered) else None
