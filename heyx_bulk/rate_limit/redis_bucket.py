"""The bucket of one token for several machines: the same rule in Redis, by Redis' own clock.

Every step is one atomic script, which may be run twice. Every key expires. A call in flight for longer than its
time-out is lost: its process died, or could not report it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heyx_bulk.errors import SettingsError, Unreachable
from heyx_bulk.rate_limit.bucket import Bucket
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import POLL_MS, BucketState
from heyx_bulk.settings.rate import Rate

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

REDIS_SECONDS = 5.0
"""How long Redis may take to answer before the run stops."""

LEARNED_LIMIT_MS = 30 * 86_400_000
IN_FLIGHT_SLACK_MS = 1000

SCRIPT = """
local calls, state, learned = KEYS[1], KEYS[2], KEYS[3]
local verb, name, number, used = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local known, params = ARGV[5], cjson.decode(ARGV[6])
local held_ms, timeout_ms = params.held_ms, params.timeout_ms

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local kept_ms = math.max(held_ms + 2 * timeout_ms, 120000)

local function read(field) return tonumber(redis.call('HGET', state, field)) or 0 end
local function write(field, value) redis.call('HSET', state, field, string.format('%.14g', value)) end

-- A clock that was set back: as if no time had passed.
local by = now - math.max(read('now'), now)
if by < 0 then
    for _, member in ipairs(redis.call('ZRANGE', calls, 0, -1)) do redis.call('ZINCRBY', calls, by, member) end
    for _, field in ipairs({'paused_until', 'spaced_at', 'external_at', 'window_start'}) do
        write(field, read(field) + by)
    end
end
write('now', now)

-- The score of a call is the moment when it was answered. While it is in flight, that is the moment when it would
-- count as answered if it were lost: after the longest time it can take, and a time-out later.
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - kept_ms)

-- The rule, as in rule.py.
local after = '(' .. string.format('%.0f', now - held_ms)
local function held() return redis.call('ZCOUNT', calls, after, '+inf') end
local function external_usage()
    if read('external_at') + held_ms <= now then return 0 end
    return math.max(0, read('external_calls') - params.reserved)
end
local function gap_ms()
    if external_usage() > 0 then return params.external_gap_ms end
    return params.gap_ms
end
local function freed_at(count)
    if count <= 0 then return now end
    local found = redis.call('ZRANGEBYSCORE', calls, after, '+inf', 'WITHSCORES', 'LIMIT', count - 1, 1)
    local answered_at = tonumber(found[2] or now + timeout_ms + 1)
    if answered_at > now + timeout_ms then return now + params.poll_ms end
    return answered_at + held_ms
end
local function next_free_at()
    local external = external_usage()
    local needed = held() + external - params.calls + 1
    local freed = freed_at(needed)
    if external > 0 and needed > 0 then
        freed = math.min(freed, math.max(read('external_at') + held_ms, freed_at(needed - external)))
    end
    local spaced_at = now
    if gap_ms() > 0 then spaced_at = math.ceil(read('spaced_at')) end
    return math.max(read('paused_until'), spaced_at, freed)
end

local function current() return redis.call('GET', learned) or '' end
local function expire()
    for _, key in ipairs({calls, state}) do redis.call('PEXPIRE', key, kept_ms + 3600000) end
end
local function reply()
    expire()
    local fields = {now = now, held = held()}
    for _, field in ipairs({'paused_until', 'spaced_at', 'external_calls', 'external_at', 'window_start'}) do
        fields[field] = read(field)
    end
    return {next_free_at() - now, current(), cjson.encode(fields)}
end

if verb == 'acquire' then
    if redis.call('ZSCORE', calls, name) then return {0, known} end
    if current() ~= known or next_free_at() > now then return reply() end
    local gap = gap_ms()
    write('spaced_at', math.max(read('spaced_at'), now - gap) + gap)
    if now >= read('window_start') + params.window_ms then write('window_start', now) end
    redis.call('ZADD', calls, now + timeout_ms + number + timeout_ms, name)
    expire()
    return {0, known}
elseif verb == 'complete' then
    redis.call('ZADD', calls, now + number, name)
    if used >= 0 then
        write('external_calls', math.max(0, used - held()))
        write('external_at', now)
    end
elseif verb == 'refund' then
    redis.call('ZREM', calls, name)
elseif verb == 'pause' then
    write('paused_until', math.max(read('paused_until'), now + number))
elseif verb == 'learn' and current() == known then
    redis.call('SET', learned, name, 'PX', params.learned_ms)
    write('spaced_at', math.min(read('spaced_at'), now + number))
end
return reply()
"""


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
        self._learned_text = ""
        self._state = BucketState(0)
        self._redis, self._script = _connect(url, self._place)
        self.state()

    def close(self) -> None:
        self._redis.close()

    def wall_time(self) -> float:
        """Epoch seconds by Redis' clock, as it was last read."""
        return self._state.now / 1000

    def acquire(self, name: str) -> int:
        while True:
            known = self._learned_text
            wait = self._run("acquire", name, IN_FLIGHT_SLACK_MS)
            if self._learned_text == known:
                return wait

    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        self._run("complete", name, margin_ms, -1 if used is None else used)

    def refund(self, name: str) -> None:
        self._run("refund", name)

    def pause(self, milliseconds: int) -> None:
        self._run("pause", "", milliseconds)

    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        while True:
            known, learned = self._learned_text, change(self.learned)
            text = str(learned)
            self._run("learn", text, learned.params(self.rate, self.share).gap_ms)
            if text in (known, self._learned_text):
                return

    def state(self) -> BucketState:
        self._run("state")
        return self._state

    def wait_ms(self) -> int:
        return self._run("state")

    def _run(self, verb: str, name: str = "", number: float = 0, used: int = -1) -> int:
        """Run the script, take over what it replies, and return how many ms the next call has to wait."""
        params = asdict(self.params) | {
            "held_ms": self.params.held_ms,
            "timeout_ms": self._timeout_ms,
            "learned_ms": LEARNED_LIMIT_MS,
            "poll_ms": POLL_MS,
        }
        from redis.exceptions import RedisError  # noqa: PLC0415  an extra: loaded where it is used

        try:
            reply = self._script(self._keys, [verb, name, number, used, self._learned_text, json.dumps(params)])
        except (RedisError, OSError) as error:
            raise Unreachable(
                f"The Redis at {self._place} (HEYX_RATE_LIMIT_REDIS) counts all machines' calls and is lost: "
                f"{type(error).__name__}.",
                "No call goes without its count. See to Redis, and give the same command again.",
            ) from None
        wait: int = reply[0]
        learned = reply[1].decode()
        if len(reply) > 2:
            self._state = BucketState(**json.loads(reply[2]))
        if learned != self._learned_text:
            self._learned_text = learned
            self.adopt(LearnedLimit.parse(learned))
        return max(0, wait)


def _connect(url: str, place: str) -> tuple[Redis, Script]:
    try:
        # An extra: loaded where it is used.
        from redis import Redis  # noqa: PLC0415
        from redis.backoff import ConstantBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "HEYX_RATE_LIMIT_REDIS names a Redis, and the Python package redis is not installed.",
            "Install heyx-bulk with the extra redis: python -m pip install 'heyx-bulk[redis]'.",
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
