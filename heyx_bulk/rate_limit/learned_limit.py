"""What answers teach about a channel's limit. Pure.

A lower limit that HeyX names is believed at once. Refusals that keep coming though our count was under the limit
mean a small bucket or somebody else: then calls are spaced evenly just under the limit, which ends them on a
bucket; still refused, the pace goes down to what went well, and probes its way up again, more and more rarely
where that is refused. After a day without a refusal the lesson is forgotten.

Moments are seconds of a wall clock: a lesson outlives the machine's start, and has a date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from heyx_bulk.rate_limit.rule import LimitParams
from heyx_bulk.settings import Rate

JUST_UNDER = 0.99
"""Part of the limit at which evenly spaced calls begin."""

STEP = 1.03
"""By how much a probe goes up."""

FEWEST_SHARE = 0.02
SHORT_PART = 1 / 30
"""A `Retry-After` of up to this part of the window is short: a bucket fills again, no window has to end."""

SHORT_REFUSALS = 3
BURSTS = 2
"""So many short refusals, or bursts of refusals, and calls are spaced."""

BURSTS_WITHIN_WINDOWS = 10
PROBE_WINDOWS = 3
MOST_PROBE_WINDOWS = 60
QUIET_WINDOWS = 1440


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """What an answer's headers tell of the limit; None where they are silent."""

    limit: int | None = None
    remaining: int | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> RateLimitHeaders:
        """`X-RateLimit-Limit` and `X-RateLimit-Remaining`, where they are numbers."""
        limit = _number(headers.get("x-ratelimit-limit"))
        return cls(limit or None, _number(headers.get("x-ratelimit-remaining")))

    def used(self, rate: Rate) -> int | None:
        """How many calls HeyX counts in its present window; where it allows more than `rate`, that much fewer."""
        if self.limit is None or self.remaining is None:
            return None
        return max(0, min(self.limit, rate.calls) - self.remaining)


@dataclass(frozen=True, slots=True)
class Throttle:
    """A call refused at `now`, when `used` of ours were in flight or had been answered within the window.

    `again`: while all were silent for an earlier one, which so began the same burst.
    """

    now: float
    used: int
    wait_seconds: float | None
    again: bool


@dataclass(frozen=True, slots=True)
class LearnedLimit:
    """What a channel's answers taught: a `limit` lower than ours, an even `spaced_share` (part of the limit), or
    neither.

    `learned_at` is its date; the rest is the way there.
    """

    limit: int | None = None
    spaced_share: float | None = None
    learned_at: float = 0.0
    refused_at: float = 0.0
    bursts: int = 0
    short: int = 0
    probe_at: float = 0.0
    probe_windows: float = PROBE_WINDOWS

    @classmethod
    def parse(cls, text: str) -> LearnedLimit:
        """A lesson from what `str` made of it; blank: none yet."""
        return cls(**json.loads(text)) if text else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self)) if self != LearnedLimit() else ""

    def __bool__(self) -> bool:
        """Whether anything was learned that changes the pace."""
        return self.limit is not None or self.spaced_share is not None

    def params(self, rate: Rate, share: float = 1.0) -> LimitParams:
        """What a process that wants a `share` of `rate` may use by this lesson."""
        return LimitParams.of(self.rate(rate), share, self.spaced_share)

    def rate(self, rate: Rate) -> Rate:
        """`rate`, or less if HeyX named a lower limit."""
        return rate if self.limit is None else Rate(min(rate.calls, self.limit), rate.window_seconds)

    def after_header(self, limit: int | None, rate: Rate, now: float) -> LearnedLimit:
        """After HeyX named its `limit`: believed where it is lower than ours."""
        believed = limit if limit is not None and limit < rate.calls else None
        if limit is None or believed == self.limit:
            return self
        return replace(self, limit=believed, learned_at=now)

    def after_throttle(self, refusal: Throttle, rate: Rate) -> LearnedLimit:
        """After a refusal."""
        calls, window = self.rate(rate).calls, rate.window_seconds
        fresh = refusal.now - self.refused_at <= BURSTS_WITHIN_WINDOWS * window
        here = replace(self, refused_at=refusal.now)
        if self.spaced_share is not None:
            return here if refusal.again else _slower(here, self.spaced_share, refusal, rate=self.rate(rate))
        wait = refusal.wait_seconds
        is_short = wait is not None and wait <= SHORT_PART * window and refusal.used < 0.9 * calls
        bursts = (self.bursts if fresh else 0) + (not refusal.again)
        short = (self.short if fresh else 0) + is_short
        if short >= SHORT_REFUSALS or bursts >= BURSTS:
            return replace(here, spaced_share=JUST_UNDER, bursts=0, short=0, learned_at=refusal.now)
        return replace(here, bursts=bursts, short=short)

    def after_time(self, rate: Rate, now: float) -> LearnedLimit:
        """As time goes by: probe upward, or forget after a long quiet."""
        window = rate.window_seconds
        if self.spaced_share is None:
            return self
        if now - self.refused_at >= QUIET_WINDOWS * window:
            return LearnedLimit(limit=self.limit, learned_at=self.learned_at)
        if self.spaced_share >= JUST_UNDER or now < self.probe_at:
            return self
        oftener = max(PROBE_WINDOWS, self.probe_windows / 2)
        return replace(
            self,
            spaced_share=min(JUST_UNDER, STEP * self.spaced_share),
            learned_at=now,
            probe_at=now + oftener * window,
            probe_windows=oftener,
        )


def _slower(learned: LearnedLimit, share: float, refusal: Throttle, *, rate: Rate) -> LearnedLimit:
    """Down to what went well in the last window, by a step of 5 % to a half."""
    went_well = JUST_UNDER * refusal.used / rate.calls
    lower = max(FEWEST_SHARE, min(0.95 * share, max(0.5 * share, went_well)))
    rarer = min(MOST_PROBE_WINDOWS, 2 * learned.probe_windows)
    probe_at = refusal.now + rarer * rate.window_seconds
    return replace(learned, spaced_share=lower, learned_at=refusal.now, probe_at=probe_at, probe_windows=rarer)


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
