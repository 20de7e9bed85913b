"""The rate limit: how many calls pass, and what an answer says of it.

Documented: 200 calls a minute. Read in the source of the framework HeyX appears to run on: a fixed window
that starts at its first call, whose whole budget comes back at once, and in which refused calls are not
counted. The other kinds are what servers of this sort have elsewhere.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

WindowKind: TypeAlias = Literal["fixed", "redis", "sliding", "bucket", "small-bucket"]
"""How a budget comes back: nobody knows which of these HeyX has. The first is the likeliest."""


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """What the window says to one call: `granted` or not, and the state it leaves behind.

    `remaining` calls of `limit` still pass; the budget comes back in `wait_seconds`, counted from the call.
    """

    granted: bool
    limit: int
    remaining: int
    wait_seconds: float

    def headers(self, now: float) -> dict[str, str]:
        """The headers of an answer: two on success; a refusal says besides when to come back.

        `Retry-After` is in whole seconds cut off, so it is 0 during the window's last second.
        """
        headers = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.remaining)}
        if not self.granted:
            wait = int(self.wait_seconds)
            headers["Retry-After"] = str(wait)
            headers["X-RateLimit-Reset"] = str(int(now) + wait)
        return headers


class Window(Protocol):
    """One budget of calls, of whatever kind."""

    def take(self, now: float) -> RateLimitDecision:
        """Count a call at `now` (seconds of any steady clock) if it passes."""
        ...


class FixedWindow:
    """`limit` calls in `seconds` from the first of them; then the whole budget at once."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._started: float | None = None
        self._taken = 0

    def take(self, now: float) -> RateLimitDecision:
        """Count a call at `now` if it passes; a clock that was set back opens a new window."""
        if self._started is None or not 0 <= now - self._started < self._seconds:
            self._started, self._taken = now, 0
        wait = self._started + self._seconds - now
        granted = self._taken < self._limit
        self._taken += granted
        return RateLimitDecision(granted, self._limit, self._limit - self._taken, wait)


class RedisWindow:
    """A fixed window whose start is cut off to a whole second (a sixtieth of another window than a minute).

    So it is up to that much shorter than it says. Its `Retry-After` is the whole seconds that are left, 0 in the
    last of them.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._ends: float | None = None
        self._taken = 0

    def take(self, now: float) -> RateLimitDecision:
        """Count a call at `now` if it passes; a clock that was set back opens a new window."""
        if self._ends is None or not 0 < self._ends - now <= self._seconds:
            grain = self._seconds / 60
            self._ends, self._taken = math.floor(now / grain) * grain + self._seconds, 0
        granted = self._taken < self._limit
        self._taken += granted
        return RateLimitDecision(granted, self._limit, self._limit - self._taken, max(0.0, self._ends - now))


class SlidingLog:
    """Never more than `limit` calls in any `seconds` whatever: the strictest there is."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._taken: deque[float] = deque()

    def take(self, now: float) -> RateLimitDecision:
        """Count a call at `now` if it passes."""
        while self._taken and not 0 <= now - self._taken[0] < self._seconds:
            self._taken.popleft()
        granted = len(self._taken) < self._limit
        if granted:
            self._taken.append(now)
        return RateLimitDecision(
            granted, self._limit, self._limit - len(self._taken), self._taken[0] + self._seconds - now
        )


class TokenBucket:
    """`size` calls at once; `limit` more in `seconds`, one after another."""

    def __init__(self, limit: int, seconds: float, size: int) -> None:
        self._limit = limit
        self._each = seconds / limit
        self._size = size
        self._tokens = float(size)
        self._filled: float | None = None

    def take(self, now: float) -> RateLimitDecision:
        """Count a call at `now` if it passes."""
        since = 0.0 if self._filled is None else max(0.0, now - self._filled)
        self._filled = now
        self._tokens = min(self._size, self._tokens + since / self._each)
        granted = self._tokens >= 1
        self._tokens -= granted
        return RateLimitDecision(granted, self._limit, int(self._tokens), max(0.0, 1 - self._tokens) * self._each)


SMALL_PART = 10
"""A small bucket holds the limit divided by this."""


def new_window(kind: WindowKind, limit: int, seconds: float) -> Window:
    """A budget of `limit` calls in `seconds`, of a kind."""
    match kind:
        case "fixed":
            return FixedWindow(limit, seconds)
        case "redis":
            return RedisWindow(limit, seconds)
        case "sliding":
            return SlidingLog(limit, seconds)
        case "bucket":
            return TokenBucket(limit, seconds, limit)
        case "small-bucket":
            return TokenBucket(limit, seconds, max(1, limit // SMALL_PART))
