"""A budget in memory: for one process alone, by the running loop's clock, virtual or not."""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import replace

from heyx_bulk.rate_limit.bucket import Budget
from heyx_bulk.rate_limit.learned_limit import Lesson
from heyx_bulk.rate_limit.rule import View, opens_at
from heyx_bulk.settings import Rate


class Lease(Budget):
    """Calls in flight, and stamps of those answered within the window."""

    def __init__(self, rate: Rate, share: float = 1.0) -> None:
        super().__init__(rate, share)
        self._in_flight: set[str] = set()
        self._answered: list[int] = []
        self._kept = View(0, window_from=-self.terms.window_ms)

    def now(self) -> int:
        """The running loop's clock, in milliseconds."""
        return int(asyncio.get_running_loop().time() * 1000)

    def wall(self) -> float:
        """The running loop's clock."""
        return asyncio.get_running_loop().time()

    def view(self) -> View:
        """The budget as it is now."""
        now = self.now()
        del self._answered[: bisect_right(self._answered, now - self.terms.held_ms)]
        return replace(self._kept, now=now, held=len(self._in_flight) + len(self._answered))

    def stamp(self, number: int) -> int | None:
        """When the call that was answered first, second, … was; None: in flight."""
        return self._answered[number] if number < len(self._answered) else None

    def take(self, name: str) -> int:
        """Grant a turn to the call `name`, if the rule allows one now: 0; else how many ms to wait."""
        view = self.view()
        opens = opens_at(view, self.terms, self.stamp)
        if opens > view.now:
            return opens - view.now
        self._in_flight.add(name)
        self._kept = replace(view, even_at=view.even_after(self.terms), window_from=view.window_after(self.terms))
        return 0

    def settle(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        """The call `name` was answered now, or was lost."""
        self._in_flight.discard(name)
        insort(self._answered, self.now() + margin_ms)
        if used is not None:
            view = self.view()
            self._kept = replace(self._kept, foreign=max(0, used - view.held), foreign_at=view.now)

    def forget(self, name: str) -> None:
        """The call `name` was not counted by HeyX."""
        self._in_flight.discard(name)

    def hold(self, milliseconds: int) -> None:
        """Grant nothing for so long from now."""
        until = max(self._kept.held_until, self.now() + milliseconds)
        self._kept = replace(self._kept, held_until=until)

    def learn(self, change: Callable[[Lesson], Lesson]) -> None:
        """Put in place of what is known what `change` makes of it."""
        self.learned(change(self._lesson))

    def flush(self) -> None:
        """Forget every call."""
        self.failing_rate = None
        self._in_flight.clear()
        self._answered.clear()
