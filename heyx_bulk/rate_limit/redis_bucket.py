"""The budget of one token for several machines: the same rule in Redis, by Redis' own clock.

Every step is one atomic script. No key outlives what it is good for. A call in flight longer than it can be
is lost: its process died, or could not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heyx_bulk.errors import SettingsError, Unreachable
from heyx_bulk.rate_limit.bucket import LONGEST_WAIT_MS, Bucket
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import POLL_MS, BucketState
from heyx_bulk.settings import Rate

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

REDIS_SECONDS = 5.0
"""How long Redis may take to answer before the run stops."""

LEARNED_LIMIT_MS = 30 * 86_400_000
IN_FLIGHT_SLACK_MS = 1000

SCRIPT = """
local flight, answered, state, lesson = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local verb, name, number, used = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local calls, held_ms, window, left = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local gap, crowded_gap, timeout = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local known, poll = ARGV[12], tonumber(ARGV[13])

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local kept_ms = math.max(held_ms + 2 * timeout, 120000)

local function read(field, default) return tonumber(redis.call('HGET', state, field)) or default end

-- A clock that was set back: as if no time had passed.
local seen = read('seen', now)
if now < seen then
    local by = now - seen
    for _, key in ipairs({flight, answered}) do
        for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, by, member) end
    end
    for _, field in ipairs({'held_until', 'even_at', 'foreign_at', 'window_from'}) do
        redis.call('HINCRBYFLOAT', state, field, by)
    end
end
redis.call('HSET', state, 'seen', now)

-- The score of a call in flight is the moment after which it is lost; it may be counted a time-out later.
for _, lost in ipairs(redis.call('ZRANGEBYSCORE', flight, '-inf', now)) do
    redis.call('ZADD', answered, redis.call('ZSCORE', flight, lost) + timeout, lost)
    redis.call('ZREM', flight, lost)
end
redis.call('ZREMRANGEBYSCORE', answered, '-inf', now - kept_ms)

local after = '(' .. string.format('%.0f', now - held_ms)
local function held() return redis.call('ZCARD', flight) + redis.call('ZCOUNT', answered, after, '+inf') end
local function crowd()
    if read('foreign_at', 0) + held_ms <= now then return 0 end
    return math.max(0, read('foreign', 0) - left)
end
local function ours(nth)
    if nth <= 0 then return now end
    local found = redis.call('ZRANGEBYSCORE', answered, after, '+inf', 'WITHSCORES', 'LIMIT', nth - 1, 1)
    if found[2] then return tonumber(found[2]) + held_ms end
    return now + poll
end
local function opens()
    local others = crowd()
    local needed = held() + others - calls + 1
    local freed = ours(needed)
    if others > 0 and needed > 0 then
        freed = math.min(freed, math.max(read('foreign_at', 0) + held_ms, ours(needed - others)))
    end
    local between = gap
    if others > 0 then between = crowded_gap end
    local even_at = now
    if between > 0 then even_at = math.ceil(read('even_at', 0)) end
    return math.max(read('held_until', 0), even_at, freed), between
end

local function expire()
    for _, key in ipairs({flight, answered, state}) do redis.call('PEXPIRE', key, kept_ms + 3600000) end
end

local function last()
    expire()
    local doc = redis.call('GET', lesson) or ''
    local opened = opens()
    return {string.format('%.0f', opened - now), doc, string.format('%.0f', now), held(),
            string.format('%.0f', read('held_until', 0)), string.format('%.3f', read('even_at', 0)),
            read('foreign', 0), string.format('%.0f', read('foreign_at', 0)),
            string.format('%.0f', read('window_from', 0))}
end

if verb == 'take' then
    if (redis.call('GET', lesson) or '') ~= known then return last() end
    if redis.call('ZSCORE', flight, name) then return {'0', known} end
    local opened, between = opens()
    if opened > now then return last() end
    redis.call('ZADD', flight, now + timeout + number, name)
    local due = math.max(read('even_at', 0), now - between) + between
    redis.call('HSET', state, 'even_at', string.format('%.3f', due))
    if now >= read('window_from', 0) + window then redis.call('HSET', state, 'window_from', now) end
    expire()
    return {'0', known}
elseif verb == 'settle' then
    redis.call('ZREM', flight, name)
    redis.call('ZADD', answered, now + number, name)
    if used >= 0 then
        redis.call('HSET', state, 'foreign', math.max(0, used - held()), 'foreign_at', now)
    end
elseif verb == 'forget' then
    redis.call('ZREM', flight, name)
    redis.call('ZREM', answered, name)
elseif verb == 'hold' then
    redis.call('HSET', state, 'held_until', math.max(read('held_until', 0), now + number))
elseif verb == 'learn' then
    if (redis.call('GET', lesson) or '') == known then redis.call('SET', lesson, name, 'PX', number) end
elseif verb == 'flush' then
    redis.call('DEL', flight, answered)
end
return last()
"""


class RedisBucket(Bucket):
    """The budget `name` in the Redis at `url`, shared by all who name both.

    Raises `Unreachable` where Redis cannot be reached, at the start or later, and `SettingsError` where it
    cannot be spoken to. The url may hold a password: it is in no message.
    """

    def __init__(
        self, url: str, name: str, rate: Rate, share: float = 1.0, *, timeout_seconds: float = 30.0
    ) -> None:
        super().__init__(rate, share)
        self.owner = token_hex(8)
        self._place = _place(url)
        self._timeout_ms = round(timeout_seconds * 1000)
        self._keys = [f"heyx-bulk:{{{name}}}:{key}" for key in ("flight", "answered", "state", "lesson")]
        self._text = ""
        self._latest: list[bytes] = []
        self._redis, self._step = _connected(url, self._place)
        self._do("view")

    def close(self) -> None:
        """Hang up."""
        self._redis.close()

    def wall_time(self) -> float:
        """Epoch seconds by Redis' clock, as it was last heard."""
        return int(self._latest[2]) / 1000

    def acquire(self, name: str) -> int:
        """Grant a turn to the call `name`, if the rule allows one now: 0; else how many ms to wait."""
        while True:
            known = self._text
            wait = int(self._do("take", name, IN_FLIGHT_SLACK_MS)[0])
            if self._text == known:
                return max(0, min(wait, LONGEST_WAIT_MS))

    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        """The call `name` was answered now, or was lost."""
        self._do("settle", name, margin_ms, -1 if used is None else used)

    def refund(self, name: str) -> None:
        """The call `name` was not counted by HeyX."""
        self._do("forget", name)

    def pause(self, milliseconds: int) -> None:
        """Grant nothing for so long from now."""
        self._do("hold", "", milliseconds)

    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        """Put in place of what is known what `change` makes of it, at once for all who share the budget."""
        while True:
            wanted = change(self.learned)
            known, text = self._text, str(wanted)
            self._do("learn", text, LEARNED_LIMIT_MS)
            if text in (known, self._text):
                return

    def state(self) -> BucketState:
        """The budget as it is now."""
        _, _, now, held, held_until, even_at, foreign, foreign_at, window_from = self._do("view")
        return BucketState(
            now=int(now),
            held=int(held),
            paused_until=int(held_until),
            spaced_at=float(even_at),
            external_calls=int(foreign),
            external_at=int(foreign_at),
            window_start=int(window_from),
        )

    def wait_ms(self) -> int:
        """How long a call that asks now will wait, at least."""
        return max(0, int(self._do("view")[0]))

    def answered_at(self, number: int) -> int | None:
        """When the call that was answered first, second, … of those held was; None: in flight."""
        after = f"({self.state().now - self.params.held_ms}"
        with self._translate_errors():
            found = self._redis.zrangebyscore(self._keys[1], after, "+inf", number, 1, withscores=True)
        return int(found[0][1]) if found else None

    def flush(self) -> None:
        """Forget every call."""
        self.failing_rate = None
        self._do("flush")

    def _do(self, verb: str, name: str = "", number: int = 0, used: int = -1) -> list[bytes]:
        terms = self.params
        said: list[str | float] = [
            verb,
            name,
            number,
            used,
            terms.calls,
            terms.held_ms,
            terms.window_ms,
            terms.reserved,
            terms.gap_ms,
        ]
        said += [terms.crowded_gap_ms, self._timeout_ms, self._text, POLL_MS]
        with self._translate_errors():
            told: list[bytes] = self._step(self._keys, said)
        if len(told) > 2:
            self._latest = told
        text = told[1].decode()
        if text != self._text:
            self._text = text
            self.adopt(LearnedLimit.parse(text))
        return told

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        from redis.exceptions import RedisError  # noqa: PLC0415  an extra: loaded where it is used

        try:
            yield
        except (RedisError, OSError) as error:
            raise Unreachable(
                f"The Redis at {self._place} (HEYX_RATE_LIMIT_REDIS) counts all machines' calls and is lost: "
                f"{type(error).__name__}.",
                "No call goes without its count. See to Redis, and give the same command again.",
            ) from None


def _connected(url: str, place: str) -> tuple[Redis, Script]:
    try:
        # An extra: loaded where it is used.
        from redis import Redis  # noqa: PLC0415
        from redis.backoff import ConstantBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "HEYX_RATE_LIMIT_REDIS names a Redis, and the Python package redis is not installed.",
            "Install heyx-bulk with the extra fleet: python -m pip install 'heyx-bulk[fleet]'.",
        ) from None
    try:
        redis = Redis.from_url(
            url,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            # Every step may be made twice: a connection that lay idle may be closed.
            retry=Retry(ConstantBackoff(0.1), 1),
        )
    except ValueError:
        raise SettingsError(
            f"HEYX_RATE_LIMIT_REDIS, {place}, is no address of a Redis.",
            "Write it like redis://:password@host:6379/0.",
        ) from None
    return redis, redis.register_script(SCRIPT)


def _place(url: str) -> str:
    """Host and port of an address, without user and password."""
    return urlsplit(url).netloc.rpartition("@")[2] or "this machine"
