"""The rate limiter: permission for the calls of one process, and learning from their answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from pyrate_limiter import Limiter, SingleBucketFactory

from heyx_bulk.errors import Stopped
from heyx_bulk.rate_limit.bucket import Bucket
from heyx_bulk.rate_limit.concurrency import ConcurrencyLimiter
from heyx_bulk.rate_limit.learned_limit import LearnedLimit, RateLimitHeaders
from heyx_bulk.rate_limit.memory_bucket import InMemoryBucket
from heyx_bulk.rate_limit.redis_bucket import RedisBucket
from heyx_bulk.rate_limit.sqlite_bucket import SQLiteBucket
from heyx_bulk.settings.environment import Settings
from heyx_bulk.settings.folders import state_folder
from heyx_bulk.settings.rate import Rate

T = TypeVar("T")

GRACE_SECONDS = 1.0
"""Waited longer than `Retry-After` says, since it is in whole seconds, cut off."""

GRACE_PART = 1 / 60
"""The part of the window that is waited longer than the window where there is no `Retry-After`."""


class RateLimiter:
    """Permission to send calls to one channel, granted in order; times are seconds.

    Without a `bucket` calls are counted in memory, for this process alone. At most `max_concurrent` calls are in
    flight at once, fewer where answers come soon. Only `acquire` raises: a bucket that can no longer be used must
    not lose an answer that has just come.
    """

    def __init__(
        self, rate: Rate, share: float = 1.0, *, max_concurrent: int | None = None, bucket: Bucket | None = None
    ) -> None:
        self.rate = rate
        self._bucket = bucket or InMemoryBucket(rate, share)
        self._limiter = Limiter(SingleBucketFactory(self._bucket, schedule_leak=False), buffer_ms=0)
        self._concurrency = ConcurrencyLimiter(rate, max_concurrent)
        self._numbers = itertools.count(1)
        self._granted: dict[str, tuple[int, float, bool]] = {}
        self._newest_answered = 0
        self._broken: Stopped | None = None

    @property
    def learned(self) -> LearnedLimit:
        """What is known of the limit so far."""
        return self._bucket.learned

    async def acquire(self) -> str:
        """Wait for permission to send one call; return its name, for `complete` or `refund`."""
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
        self._granted[name] = number, asyncio.get_running_loop().time(), self.learned.probing
        return name

    def complete(
        self, name: str, *, margin_seconds: float = 0.0, headers: Mapping[str, str] | None = None
    ) -> None:
        """Record that a call was answered, with `headers`; or lost, and may be counted `margin_seconds` later."""
        number, granted_at, is_probe = self._granted.pop(name)
        self._concurrency.record_latency(asyncio.get_running_loop().time() - granted_at)
        self._concurrency.release()
        shown = RateLimitHeaders.of(headers or {})
        # An older call's answer must not bring back a part of the limit that a newer one took.
        if number <= self._newest_answered:
            shown = RateLimitHeaders()
        elif shown != RateLimitHeaders():
            self._newest_answered = number
        self._do(lambda: self._bucket.complete(name, round(margin_seconds * 1000), shown.used(self.rate)))

        def learn(learned: LearnedLimit) -> LearnedLimit:
            now = self._bucket.wall_time()
            learned = learned.after_header(shown.limit, self.rate, now)
            return learned.after_answer(now, self.rate, is_probe=is_probe and not margin_seconds)

        if learn(self.learned) != self.learned:
            self._do(lambda: self._bucket.learn(learn))

    def refund(self, name: str) -> None:
        """Give back the permission of a call that HeyX did not count: it never left, or was throttled."""
        del self._granted[name]
        self._concurrency.release()
        self._do(lambda: self._bucket.refund(name))

    def throttled(self, wait_seconds: float | None) -> None:
        """Pause all calls and learn, since HeyX refused one as one too many, with this `Retry-After` or none."""
        self._do(lambda: self._throttled(wait_seconds))

    def pause(self, seconds: float) -> None:
        """Pause all calls for `seconds` from now."""
        self._do(lambda: self._bucket.pause(round(seconds * 1000)))

    def wait_seconds(self) -> float:
        """How long a call that asks now will wait, at least."""
        return (self._do(self._bucket.wait_ms) or 0) / 1000

    def _throttled(self, wait_seconds: float | None) -> None:
        state, window = self._bucket.state(), self.rate.window_seconds
        now, paused = self._bucket.wall_time(), state.paused_until > state.now
        if wait_seconds is None:
            # Until the window that our calls began must have ended.
            rest = (state.window_start - state.now) / 1000 + window
            wait = rest if 0 < rest <= window else window
            wait += GRACE_PART * window + self._concurrency.latency_seconds
        else:
            wait = wait_seconds + GRACE_SECONDS
        self._bucket.pause(round(max(wait, GRACE_PART * window) * 1000))
        self._bucket.learn(
            lambda learned: learned.after_refusal(
                now, self.rate, used=state.held, wait_seconds=wait_seconds, paused=paused
            )
        )

    def _do(self, step: Callable[[], T]) -> T | None:
        if self._broken is None:
            try:
                return step()
            except Stopped as reason:
                self._broken = reason
        return None


@contextmanager
def open_rate_limiter(settings: Settings) -> Iterator[RateLimiter]:
    """Open the rate limiter of a channel, shared with every other run on this machine, or on all machines.

    Raises `WriteError` or `Stopped` where the shared bucket cannot be used.
    """
    with closing(_shared_bucket(settings)) as bucket:
        yield RateLimiter(settings.rate, settings.rate_share, max_concurrent=settings.workers, bucket=bucket)


def learned_limit_of(settings: Settings) -> LearnedLimit:
    """The limit of a channel that earlier runs learned."""
    if settings.rate_limit_redis is None and not _bucket_path(settings).exists():
        return LearnedLimit()
    with closing(_shared_bucket(settings)) as bucket:
        return bucket.learned


def _shared_bucket(settings: Settings) -> Bucket:
    rate, share = settings.rate, settings.rate_share
    if settings.rate_limit_redis is None:
        return SQLiteBucket(_bucket_path(settings), rate, share, timeout_seconds=settings.timeout)
    url = settings.rate_limit_redis.get_secret_value()
    return RedisBucket(url, settings.rate_limit_key, rate, share, timeout_seconds=settings.timeout)


def _bucket_path(settings: Settings) -> Path:
    return state_folder() / "rate_limit" / f"{settings.rate_limit_key}.sqlite"
