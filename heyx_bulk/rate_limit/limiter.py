"""The face of the pace: turns for the calls of one process, and what their answers teach."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyrate_limiter import Limiter, SingleBucketFactory

from heyx_bulk.errors import Stopped
from heyx_bulk.rate_limit.bucket import Budget
from heyx_bulk.rate_limit.concurrency import Crew
from heyx_bulk.rate_limit.learned_limit import Lesson, Refusal, Told
from heyx_bulk.rate_limit.memory_bucket import Lease
from heyx_bulk.rate_limit.redis_bucket import FleetBudget
from heyx_bulk.rate_limit.sqlite_bucket import MachineBudget, lesson_in
from heyx_bulk.settings import Rate, Settings, state_folder

GRACE_SECONDS = 1.0
"""Waited longer than `Retry-After` says: it is in whole seconds, cut off."""

GRACE_PART = 1 / 60
"""Of the window, waited longer than the window where there is no `Retry-After`."""


class Pace:
    """Turns for one channel, granted in order; times are seconds.

    Without a `budget` it is this process's own, kept in memory. `most` calls are in flight at once, fewer where
    answers come soon. Only `turn` raises: a budget that can no longer be used is told there, not where an
    answer has just come.
    """

    def __init__(
        self, rate: Rate, share: float = 1.0, *, most: int | None = None, budget: Budget | None = None
    ) -> None:
        self.rate = rate
        self._budget = budget or Lease(rate, share)
        self._limiter = Limiter(SingleBucketFactory(self._budget, schedule_leak=False), buffer_ms=0)
        self._crew = Crew(rate, most)
        self._prefix = getattr(self._budget, "owner", "")
        self._numbers = itertools.count(1)
        self._granted: dict[str, tuple[int, float]] = {}
        self._latest_heard = 0
        self._broken: Stopped | None = None

    @property
    def lesson(self) -> Lesson:
        """What was learned so far."""
        return self._budget.lesson

    async def turn(self) -> str:
        """Wait for the permission to send one call; the turn's name is given back to `settle` or `forget`."""
        await self._crew.enter()
        number, granted = next(self._numbers), False
        name = f"{self._prefix}{number}"
        try:
            if self._broken is not None:
                raise self._broken
            await self._limiter.try_acquire_async(name)
            granted = True
        except Stopped as reason:
            self._broken = reason
            raise
        finally:
            if not granted:
                self._crew.leave()
        self._granted[name] = number, asyncio.get_running_loop().time()
        return name

    def settle(self, turn: str, *, margin_seconds: float = 0.0, headers: Mapping[str, str] | None = None) -> None:
        """The call of `turn` was answered, with `headers`; or lost: it may be counted `margin_seconds` later."""
        number, granted_at = self._granted.pop(turn)
        self._crew.measured(asyncio.get_running_loop().time() - granted_at)
        self._crew.leave()
        told = Told.of(headers or {})
        newest = number > self._latest_heard and told != Told()
        used = self._used(told) if newest else None
        self._do(lambda: self._budget.settle(turn, round(margin_seconds * 1000), used))
        if newest:
            self._latest_heard = number
        self._learn(lambda lesson, now: lesson.named(told.limit if newest else None, self.rate, now))

    def forget(self, turn: str) -> None:
        """The call of `turn` was not counted by HeyX: it never left, or was refused as one too many."""
        del self._granted[turn]
        self._crew.leave()
        self._do(lambda: self._budget.forget(turn))

    def refused(self, wait_seconds: float | None) -> None:
        """HeyX refused a call as one too many, and told to wait so long: silence for all, and a lesson."""
        self._do(lambda: self._refused(wait_seconds))

    def hold(self, seconds: float) -> None:
        """Silence for all, for `seconds` from now."""
        self._do(lambda: self._budget.hold(round(seconds * 1000)))

    def wait_seconds(self) -> float:
        """How long a call that asks now will wait, at least."""
        if self._broken is not None:
            return 0.0
        try:
            return self._budget.wait_ms() / 1000
        except Stopped as reason:
            self._broken = reason
            return 0.0

    def close(self) -> None:
        """Let go of the budget."""
        self._budget.close()

    def _used(self, told: Told) -> int | None:
        """Calls that HeyX counts, as many as count against our rate where HeyX allows more."""
        if told.used is None or told.limit is None:
            return None
        return max(0, told.used - max(0, told.limit - self.rate.calls))

    def _refused(self, wait_seconds: float | None) -> None:
        view = self._budget.view()
        window = self.rate.window_seconds
        wait = GRACE_SECONDS + wait_seconds if wait_seconds is not None else self._rest_of_window()
        refusal = Refusal(self._budget.wall(), view.held, wait_seconds, again=view.held_until > view.now)
        self._budget.hold(round(max(wait, GRACE_PART * window) * 1000))
        self._budget.learn(lambda lesson: lesson.refused(refusal, self.rate))

    def _rest_of_window(self) -> float:
        """Until the window that HeyX is in must have ended; a whole one where that was waited for in vain."""
        view, window = self._budget.view(), self.rate.window_seconds
        grace = GRACE_PART * window + self._crew.latency_seconds
        again = view.held_until > view.now
        lately = not again and self._budget.wall() - self.lesson.refused_at < window + 2 * grace
        rest = (view.window_from - view.now) / 1000 + window
        return grace + (window if lately or not 0 < rest <= window else rest)

    def _learn(self, change: Callable[[Lesson, float], Lesson]) -> None:
        """Change the lesson where there is something to change."""

        def changed(lesson: Lesson) -> Lesson:
            now = self._budget.wall()
            return change(lesson, now).later(self.rate, now)

        if changed(self.lesson) != self.lesson:
            self._do(lambda: self._budget.learn(changed))

    def _do(self, step: Callable[[], None]) -> None:
        if self._broken is not None:
            return
        try:
            step()
        except Stopped as reason:
            self._broken = reason


@contextmanager
def open_pace(settings: Settings) -> Iterator[Pace]:
    """The pace of a channel, its limit shared with every other run on this machine, or in the fleet.

    Raises `Unwritable` or `Stopped` where what is shared cannot be used.
    """
    pace = Pace(settings.rate, settings.rate_share, most=settings.workers, budget=_shared(settings))
    try:
        yield pace
    finally:
        pace.close()


def lesson_of(settings: Settings) -> Lesson:
    """What earlier runs learned of a channel's limit."""
    if settings.pace is None:
        return lesson_in(_file(settings))
    budget = _shared(settings)
    try:
        return budget.lesson
    finally:
        budget.close()


def _shared(settings: Settings) -> Budget:
    rate, share = settings.rate, settings.rate_share
    if settings.pace is None:
        return MachineBudget(_file(settings), rate, share, timeout_seconds=settings.timeout)
    url = settings.pace.get_secret_value()
    return FleetBudget(url, settings.budget, rate, share, timeout_seconds=settings.timeout)


def _file(settings: Settings) -> Path:
    return state_folder() / "pace" / f"{settings.budget}.sqlite"
