"""The rate limit: how many calls pass, and what an answer says of it.

Documented: 200 calls a minute. Read in the source of the framework HeyX appears to run on: a fixed window
that starts at its first call, whose whole budget comes back at once, and in which refused calls are not
counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Turn:
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
    """One budget of calls. Other kinds (a sliding log, a bucket of tokens) have the same face."""

    def take(self, now: float) -> Turn:
        """Count a call at `now` (seconds of any steady clock) if it passes."""
        ...


class FixedWindow:
    """`limit` calls in `seconds` from the first of them; then the whole budget at once."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._started: float | None = None
        self._taken = 0

    def take(self, now: float) -> Turn:
        """Count a call at `now` if it passes; a clock that was set back opens a new window."""
        if self._started is None or not 0 <= now - self._started < self._seconds:
            self._started, self._taken = now, 0
        wait = self._started + self._seconds - now
        granted = self._taken < self._limit
        self._taken += granted
        return Turn(granted, self._limit, self._limit - self._taken, wait)
