"""The rate limit: how many calls pass, and the headers that say so.

Documented: 200 calls a minute. Read in the source of the framework HeyX appears to run on: a fixed window that
starts at its first call, whose whole budget comes back at its end, and in which refused calls are not counted. The
other kinds are what similar servers have.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

WindowKind: TypeAlias = Literal["fixed", "redis", "sliding", "bucket", "small-bucket"]
"""How a budget comes back. Which kind HeyX has is not known; the first is the likeliest."""


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """Whether a call passes, and the state it leaves behind.

    `remaining` calls of `limit` still pass; the budget comes back in `wait_seconds`, counted from the call.
    """

    granted: bool
    limit: int
    remaining: int
    wait_seconds: float

    def headers(self, now: float) -> dict[str, str]:
        """The headers of a response: two on success; a refusal adds when to come back.

        `Retry-After` is in whole seconds, rounded down, so it is 0 during the window's last second.
        """
        headers = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.remaining)}
        if not self.granted:
            wait = int(self.wait_seconds)
            headers["Retry-After"] = str(wait)
            headers["X-RateLimit-Reset"] = str(int(now) + wait)
        return headers


@dataclass
class FixedWindow:
    """`limit` calls in `seconds` from the first of them; then the whole budget comes back.

    With `grain` (seconds) the start is rounded down to a multiple of it, so the window is up to that much shorter.
    A clock that was set back starts a new window.
    """

    limit: int
    seconds: float
    grain: float = 0.0
    _started: float | None = None
    _taken: int = 0

    def take(self, now: float) -> RateLimitDecision:
        if self._started is None or not 0 <= now - self._started < self.seconds:
            self._started = math.floor(now / self.grain) * self.grain if self.grain else now
            self._taken = 0
        wait = self._started + self.seconds - now
        granted = self._taken < self.limit
        self._taken += granted
        return RateLimitDecision(granted, self.limit, self.limit - self._taken, wait)


@dataclass
class SlidingLog:
    """Never more than `limit` calls in any `seconds`: the strictest kind."""

    limit: int
    seconds: float
    _taken: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> RateLimitDecision:
        while self._taken and not 0 <= now - self._taken[0] < self.seconds:
            self._taken.popleft()
        granted = len(self._taken) < self.limit
        if granted:
            self._taken.append(now)
        wait = self._taken[0] + self.seconds - now
        return RateLimitDecision(granted, self.limit, self.limit - len(self._taken), wait)


@dataclass
class TokenBucket:
    """A burst of `size` calls; `limit` more in `seconds`, one after another."""

    limit: int
    seconds: float
    size: int
    _filled: float | None = None

    def __post_init__(self) -> None:
        self._tokens = float(self.size)

    def take(self, now: float) -> RateLimitDecision:
        each = self.seconds / self.limit
        since = 0.0 if self._filled is None else max(0.0, now - self._filled)
        self._filled = now
        self._tokens = min(self.size, self._tokens + since / each)
        granted = self._tokens >= 1
        self._tokens -= granted
        return RateLimitDecision(granted, self.limit, int(self._tokens), max(0.0, 1 - self._tokens) * each)


Window: TypeAlias = FixedWindow | SlidingLog | TokenBucket
"""One budget of calls: `take` counts a call at `now` (seconds of any steady clock) if it passes."""


def new_window(kind: WindowKind, limit: int, seconds: float) -> Window:
    """A budget of `limit` calls in `seconds`, of a kind."""
    match kind:
        case "fixed":
            return FixedWindow(limit, seconds)
        case "redis":  # counts whole seconds of a minute
            return FixedWindow(limit, seconds, grain=seconds / 60)
        case "sliding":
            return SlidingLog(limit, seconds)
        case "bucket":
            return TokenBucket(limit, seconds, limit)
        case "small-bucket":
            return TokenBucket(limit, seconds, max(1, limit // 10))
