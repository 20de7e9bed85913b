"""The bucket of one token for several machines: the same rule in Redis, by Redis' own clock.

Every step is one transaction, done again where another process wrote meanwhile. Every key expires. A call in
flight for longer than its time-out is lost: its process died, or could not report it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from heyx_bulk.errors import SettingsError, Unreachable
from heyx_bulk.rate_limit.bucket import Bucket, T
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState
from heyx_bulk.settings.rate import Rate

if TYPE_CHECKING:
    from redis import Redis

REDIS_SECONDS = 5.0
"""How long Redis may take to answer before the run stops."""

LEARNED_LIMIT_MS = 30 * 86_400_000
IN_FLIGHT_SLACK_MS = 1000
KEPT_MS = 120_000
"""Calls are kept at least this long, since another process may count by a longer window than ours."""

EXPIRE_MS = 3_600_000
"""The keys of calls and moments expire this long after the last call does."""

_MOMENTS = ("paused_until", "spaced_at", "external_at", "window_start")


class RedisBucket(Bucket):
    """The bucket `name` in the Redis at `url`, shared by all who name both.

    Raises `Unreachable` where Redis cannot be reached, at the start or later, and `SettingsError` where the
    package or the url does not serve. The url may hold a password: it is in no message.
    """

    def __init__(
        self, url: str, name: str, rate: Rate, share: float = 1.0, *, timeout_seconds: float = 30.0
    ) -> None:
        super().__init__(rate, share)
        self._place = urlsplit(url).netloc.rpartition("@")[2] or "this machine"
        self._timeout_ms = round(timeout_seconds * 1000)
        self._keys = [f"heyx-bulk:{{{name}}}:{key}" for key in ("calls", "state", "learned")]
        self._state = BucketState(0)
        self._calls: dict[str, int] = {}
        self._scores: list[int] = []
        self._redis = _connect(url, self._place)
        self.state()

    def close(self) -> None:
        self._redis.close()

    def wall_time(self) -> float:
        """Epoch seconds by Redis' clock, as it was last read."""
        return self._state.now / 1000

    def _step(self, step: Callable[[BucketState], T]) -> T:
        from redis.exceptions import RedisError  # noqa: PLC0415  an extra: loaded where it is used

        try:
            attempt: Any = partial(self._try, step)
            done: Any = self._redis.transaction(attempt, *self._keys, value_from_callable=True)
        except (RedisError, OSError) as error:
            raise Unreachable(
                f"The Redis at {self._place} (HEYX_RATE_LIMIT_REDIS) counts the calls of all machines, but cannot "
                f"be used: {type(error).__name__}.",
                "No call is sent without being counted. Check Redis, then run the same command again.",
            ) from None
        return cast("T", done)

    def _try(self, step: Callable[[BucketState], T], pipe: Any) -> T:
        """Read the bucket and queue what `step` writes; Redis refuses that if another process wrote meanwhile."""
        calls_key, state_key, learned_key = self._keys
        calls = pipe.zrange(calls_key, 0, -1, withscores=True)
        stored = pipe.hgetall(state_key)
        learned = pipe.get(learned_key) or ""
        seconds, microseconds = pipe.time()
        pipe.multi()
        self._pipe = pipe
        now = seconds * 1000 + microseconds // 1000
        self.adopt(LearnedLimit.parse(learned))
        # A clock that was set back: as if no time had passed.
        by = min(0, now - int(stored.get("now", 0)))
        self._calls = {name: int(score) + by for name, score in calls}
        state = BucketState(**json.loads(stored.get("state", '{"now": 0}')))
        if by:
            state = replace(state, **{name: getattr(state, name) + by for name in _MOMENTS})
            if calls:
                pipe.zadd(calls_key, self._calls)
        kept_ms = max(self.params.held_ms + 2 * self._timeout_ms, KEPT_MS)
        pipe.zremrangebyscore(calls_key, "-inf", now - kept_ms)
        self._scores = sorted(score for score in self._calls.values() if score > now - self.params.held_ms)
        self._state = replace(state, now=now, held=len(self._scores))
        done = step(self._state)
        pipe.hset(state_key, mapping={"now": now, "state": json.dumps(asdict(self._state))})
        for key in (calls_key, state_key):
            pipe.pexpire(key, kept_ms + EXPIRE_MS)
        return done

    def _answered_at(self, number: int) -> int | None:
        """The score of a call in flight is the moment when it would count as answered if it were lost: after the
        longest time it can take, and a time-out later.
        """
        scores = self._scores[number : number + 1]
        return scores[0] if scores and scores[0] <= self._state.now + self._timeout_ms else None

    def _is_held(self, name: str) -> bool:
        return name in self._calls

    def _grant(self, name: str) -> None:
        self._answer(name, self._state.now + 2 * self._timeout_ms + IN_FLIGHT_SLACK_MS)

    def _answer(self, name: str, at: int) -> None:
        self._pipe.zadd(self._keys[0], {name: at})

    def _forget(self, name: str) -> None:
        self._pipe.zrem(self._keys[0], name)

    def _store(self, state: BucketState) -> None:
        self._state = state

    def _store_learned(self, text: str) -> None:
        self._pipe.set(self._keys[2], text, px=LEARNED_LIMIT_MS)


def _connect(url: str, place: str) -> Redis:
    try:
        # An extra: loaded where it is used.
        from redis import Redis  # noqa: PLC0415
        from redis.backoff import ConstantBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "HEYX_RATE_LIMIT_REDIS is set, but the Python package redis is not installed.",
            "Install heyx-bulk with the extra redis:\n  python -m pip install 'heyx-bulk[redis]'",
        ) from None
    try:
        return Redis.from_url(
            url,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            decode_responses=True,
            # Every step may be made twice: a connection that lay idle may be closed.
            retry=Retry(ConstantBackoff(0.1), 1),
        )
    except ValueError:
        raise SettingsError(
            f"HEYX_RATE_LIMIT_REDIS, {place}, is not the address of a Redis.",
            "For example: redis://:password@host:6379/0.",
        ) from None
