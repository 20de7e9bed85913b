"""A budget in memory: for one process alone, by the running loop's clock, virtual or not."""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import replace

from heyx_bulk.rate_limit.bucket import Bucket
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState, next_free_at
from heyx_bulk.settings import Rate


class InMemoryBucket(Bucket):
    """Calls in flight, and stamps of those answered within the window."""

    def __init__(self, rate: Rate, share: float = 1.0) -> None:
        super().__init__(rate, share)
        self._in_flight: set[str] = set()
        self._answered: list[int] = []
        self._state = BucketState(0, window_start=-self.params.window_ms)

    def now(self) -> int:
        """The running loop's clock, in milliseconds."""
        return int(asyncio.get_running_loop().time() * 1000)

    def wall_time(self) -> float:
        """The running loop's clock."""
        return asyncio.get_running_loop().time()

    def state(self) -> BucketState:
        """The budget as it is now."""
        now = self.now()
        del self._answered[: bisect_right(self._answered, now - self.params.held_ms)]
        return replace(self._state, now=now, held=len(self._in_flight) + len(self._answered))

    def answered_at(self, number: int) -> int | None:
        """When the call that was answered first, second, … was; None: in flight."""
        return self._answered[number] if number < len(self._answered) else None

    def acquire(self, name: str) -> int:
        """Grant a turn to the call `name`, if the rule allows one now: 0; else how many ms to wait."""
        view = self.state()
        opens = next_free_at(view, self.params, self.answered_at)
        if opens > view.now:
            return opens - view.now
        self._in_flight.add(name)
        self._state = replace(
            view, spaced_at=view.spaced_after(self.params), window_start=view.window_after(self.params)
        )
        return 0

    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        """The call `name` was answered now, or was lost."""
        self._in_flight.discard(name)
        insort(self._answered, self.now() + margin_ms)
        if used is not None:
            view = self.state()
            self._state = replace(self._state, external_calls=max(0, used - view.held), external_at=view.now)

    def refund(self, name: str) -> None:
        """The call `name` was not counted by HeyX."""
        self._in_flight.discard(name)

    def pause(self, milliseconds: int) -> None:
        """Grant nothing for so long from now."""
        until = max(self._state.paused_until, self.now() + milliseconds)
        self._state = replace(self._state, paused_until=until)

    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        """Put in place of what is known what `change` makes of it."""
        self.adopt(change(self._learned))

    def flush(self) -> None:
        """Forget every call."""
        self.failing_rate = None
        self._in_flight.clear()
        self._answered.clear()
