"""The face of the pace: turns for the calls of one process, and what their answers teach."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyrate_limiter import Limiter, SingleBucketFactory

from heyx_bulk.errors import Stopped
from heyx_bulk.rate_limit.bucket import Bucket
from heyx_bulk.rate_limit.concurrency import ConcurrencyLimiter
from heyx_bulk.rate_limit.learned_limit import LearnedLimit, RateLimitHeaders, Throttle
from heyx_bulk.rate_limit.memory_bucket import InMemoryBucket
from heyx_bulk.rate_limit.redis_bucket import RedisBucket
from heyx_bulk.rate_limit.sqlite_bucket import SQLiteBucket, learned_limit_in
from heyx_bulk.settings import Rate, Settings, state_folder

GRACE_SECONDS = 1.0
"""Waited longer than `Retry-After` says: it is in whole seconds, cut off."""

GRACE_PART = 1 / 60
"""Of the window, waited longer than the window where there is no `Retry-After`."""


class RateLimiter:
    """Turns for one channel, granted in order; times are seconds.

    Without a `bucket` it is this process's own, kept in memory. `most` calls are in flight at once, fewer where
    answers come soon. Only `turn` raises: a budget that can no longer be used is told there, not where an
    answer has just come.
    """

    def __init__(
        self, rate: Rate, share: float = 1.0, *, max_concurrent: int | None = None, bucket: Bucket | None = None
    ) -> None:
        self.rate = rate
        self._bucket = bucket or InMemoryBucket(rate, share)
        self._limiter = Limiter(SingleBucketFactory(self._bucket, schedule_leak=False), buffer_ms=0)
        self._concurrency = ConcurrencyLimiter(rate, max_concurrent)
        self._numbers = itertools.count(1)
        self._granted: dict[str, tuple[int, float]] = {}
        self._latest_heard = 0
        self._broken: Stopped | None = None

    @property
    def learned(self) -> LearnedLimit:
        """What was learned so far."""
        return self._bucket.learned

    async def acquire(self) -> str:
        """Wait for the permission to send one call; the turn's name is given back to `settle` or `forget`."""
        await self._concurrency.acquire()
        number, granted = next(self._numbers), False
        name = f"{self._bucket.owner}-{number}"
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
                self._concurrency.release()
        self._granted[name] = number, asyncio.get_running_loop().time()
        return name

    def complete(
        self, name: str, *, margin_seconds: float = 0.0, headers: Mapping[str, str] | None = None
    ) -> None:
        """The call of `turn` was answered, with `headers`; or lost: it may be counted `margin_seconds` later."""
        number, granted_at = self._granted.pop(name)
        self._concurrency.record_latency(asyncio.get_running_loop().time() - granted_at)
        self._concurrency.release()
        told = RateLimitHeaders.of(headers or {})
        newest = number > self._latest_heard and told != RateLimitHeaders()
        used = self._used(told) if newest else None
        self._do(lambda: self._bucket.complete(name, round(margin_seconds * 1000), used))
        if newest:
            self._latest_heard = number
        self._learn(lambda learned, now: learned.after_header(told.limit if newest else None, self.rate, now))

    def refund(self, name: str) -> None:
        """The call of `turn` was not counted by HeyX: it never left, or was refused as one too many."""
        del self._granted[name]
        self._concurrency.release()
        self._do(lambda: self._bucket.refund(name))

    def throttled(self, wait_seconds: float | None) -> None:
        """HeyX refused a call as one too many, and told to wait so long: silence for all, and a lesson."""
        self._do(lambda: self._throttled(wait_seconds))

    def pause(self, seconds: float) -> None:
        """Silence for all, for `seconds` from now."""
        self._do(lambda: self._bucket.pause(round(seconds * 1000)))

    def wait_seconds(self) -> float:
        """How long a call that asks now will wait, at least."""
        if self._broken is not None:
            return 0.0
        try:
            return self._bucket.wait_ms() / 1000
        except Stopped as reason:
            self._broken = reason
            return 0.0

    def close(self) -> None:
        """Let go of the budget."""
        self._bucket.close()

    def _used(self, told: RateLimitHeaders) -> int | None:
        """Calls that HeyX counts, as many as count against our rate where HeyX allows more."""
        if told.used is None or told.limit is None:
            return None
        return max(0, told.used - max(0, told.limit - self.rate.calls))

    def _throttled(self, wait_seconds: float | None) -> None:
        view = self._bucket.state()
        window = self.rate.window_seconds
        wait = GRACE_SECONDS + wait_seconds if wait_seconds is not None else self._rest_of_window()
        refusal = Throttle(self._bucket.wall_time(), view.held, wait_seconds, again=view.paused_until > view.now)
        self._bucket.pause(round(max(wait, GRACE_PART * window) * 1000))
        self._bucket.learn(lambda learned: learned.after_throttle(refusal, self.rate))

    def _rest_of_window(self) -> float:
        """Until the window that HeyX is in must have ended; a whole one where that was waited for in vain."""
        view, window = self._bucket.state(), self.rate.window_seconds
        grace = GRACE_PART * window + self._concurrency.latency_seconds
        again = view.paused_until > view.now
        lately = not again and self._bucket.wall_time() - self.learned.refused_at < window + 2 * grace
        rest = (view.window_start - view.now) / 1000 + window
        return grace + (window if lately or not 0 < rest <= window else rest)

    def _learn(self, change: Callable[[LearnedLimit, float], LearnedLimit]) -> None:
        """Change the lesson where there is something to change."""

        def changed(learned: LearnedLimit) -> LearnedLimit:
            now = self._bucket.wall_time()
            return change(learned, now).after_time(self.rate, now)

        if changed(self.learned) != self.learned:
            self._do(lambda: self._bucket.learn(changed))

    def _do(self, step: Callable[[], None]) -> None:
        if self._broken is not None:
            return
        try:
            step()
        except Stopped as reason:
            self._broken = reason


@contextmanager
def open_rate_limiter(settings: Settings) -> Iterator[RateLimiter]:
    """The pace of a channel, its limit shared with every other run on this machine, or in the fleet.

    Raises `WriteError` or `Stopped` where what is shared cannot be used.
    """
    limiter = RateLimiter(
        settings.rate, settings.rate_share, max_concurrent=settings.workers, bucket=_shared_bucket(settings)
    )
    try:
        yield limiter
    finally:
        limiter.close()


def learned_limit_of(settings: Settings) -> LearnedLimit:
    """What earlier runs learned of a channel's limit."""
    if settings.rate_limit_redis is None:
        return learned_limit_in(_bucket_path(settings))
    bucket = _shared_bucket(settings)
    try:
        return bucket.learned
    finally:
        bucket.close()


def _shared_bucket(settings: Settings) -> Bucket:
    rate, share = settings.rate, settings.rate_share
    if settings.rate_limit_redis is None:
        return SQLiteBucket(_bucket_path(settings), rate, share, timeout_seconds=settings.timeout)
    url = settings.rate_limit_redis.get_secret_value()
    return RedisBucket(url, settings.rate_limit_key, rate, share, timeout_seconds=settings.timeout)


def _bucket_path(settings: Settings) -> Path:
    return state_folder() / "rate_limit" / f"{settings.rate_limit_key}.sqlite"
