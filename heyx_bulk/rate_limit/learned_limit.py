"""The limit of a channel as HeyX's answers teach it. Pure.

- A limit that HeyX names and that is lower than ours is believed at once.
- A refusal pauses all calls. If it named no time to wait, or was not the first burst of refusals lately, only
  probes go after the pause, one a window (two in the first), until one is accepted. Refused probes teach nothing:
  an outage does not lower the pace.
- Two bursts of refusals, or three refusals with a short wait although our own count was under the limit, mean a
  small bucket or another program with our token. Calls are then spaced evenly at 99 % of the limit, which ends the
  refusals of a small bucket.
- If spaced calls are refused, the pace drops to the calls that were accepted in the last window.
- Four windows after the last refusal calls go at 99 % again: full speed is back within five windows after a storm.
  If calls at 99 % are refused for the third time, the limit is really lower, and each further try waits twice as
  long, up to 16 windows.
- "Lately" is within 20 windows. After a day without a refusal all is forgotten but a limit that HeyX named.

Moments are seconds of a wall clock: what is learned outlives a restart of the machine, and has a date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from heyx_bulk.rate_limit.rule import LimitParams
from heyx_bulk.settings.rate import Rate

JUST_UNDER = 0.99
"""The part of the limit at which spaced calls go."""

LOWEST_SHARE = 0.02
DEEPEST_DROP = 0.25
"""The pace drops to this part of itself at most, since the last window may have begun with a pause."""

SHORT_PART = 1 / 30
"""A wait of up to this part of the window is short: a bucket fills again, no window has to end."""

SHORT_REFUSALS = 3
BURSTS = 2
RECENT_WINDOWS = 20
RETRY_WINDOWS = 4
MOST_RETRY_WINDOWS = 16
QUIET_WINDOWS = 1440


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """The limit and the calls that remain of it by an answer's headers; None where they do not say."""

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
class LearnedLimit:
    """A `limit` lower than ours, and an even `spaced_share` (part of the limit), with the date they were learned.

    The rest leads there: the last refusal; how many bursts, short refusals and bursts at full speed there were
    lately; and whether only probes go.
    """

    limit: int | None = None
    spaced_share: float | None = None
    learned_at: float = 0.0
    refused_at: float = 0.0
    bursts: int = 0
    short: int = 0
    full_speed_refusals: int = 0
    probing: bool = False

    @classmethod
    def parse(cls, text: str) -> LearnedLimit:
        """The inverse of `str`; blank: nothing was learned."""
        return cls(**json.loads(text)) if text else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def params(self, rate: Rate, share: float = 1.0) -> LimitParams:
        """The part of the limit that a process with a `share` of `rate` may use."""
        params = LimitParams.of(self.rate(rate), share, self.spaced_share)
        if self.probing:
            return replace(params, gap_ms=params.window_ms, external_gap_ms=params.window_ms)
        return params

    def rate(self, rate: Rate) -> Rate:
        """`rate`, or less if HeyX named a lower limit."""
        return rate if self.limit is None else Rate(min(rate.calls, self.limit), rate.window_seconds)

    def after_header(self, limit: int | None, rate: Rate, now: float) -> LearnedLimit:
        """After HeyX named its `limit`, or None."""
        believed = limit if limit is not None and limit < rate.calls else None
        if limit is None or believed == self.limit:
            return self
        return replace(self, limit=believed, learned_at=now)

    def after_refusal(
        self, now: float, rate: Rate, *, used: int, wait_seconds: float | None, paused: bool
    ) -> LearnedLimit:
        """After a refusal that named `wait_seconds` (None: no time), perhaps during a pause for an earlier one.

        `used` of our calls were in flight or had been answered within the window.
        """
        calls, window = self.rate(rate).calls, rate.window_seconds
        is_recent = now - self.refused_at <= RECENT_WINDOWS * window
        is_short = wait_seconds is not None and wait_seconds <= SHORT_PART * window and used < 0.9 * calls
        is_new = not paused and not self.probing
        is_retry = is_new and self.spaced_share == JUST_UNDER
        bursts = (self.bursts if is_recent else 0) + is_new
        short = (self.short if is_recent else 0) + is_short
        learned = replace(
            self,
            refused_at=now,
            bursts=bursts,
            short=short,
            full_speed_refusals=(self.full_speed_refusals if is_recent else 0) + is_retry,
            probing=self.probing or wait_seconds is None or bursts >= BURSTS,
        )
        if self.spaced_share is not None and is_new:
            accepted = max(DEEPEST_DROP * self.spaced_share, JUST_UNDER * used / calls)
            share = max(LOWEST_SHARE, min(0.95 * self.spaced_share, accepted))
        elif self.spaced_share is None and (bursts >= BURSTS or short >= SHORT_REFUSALS):
            share = JUST_UNDER
        else:
            return learned
        return replace(learned, spaced_share=share, learned_at=now)

    def after_answer(self, now: float, rate: Rate, *, is_probe: bool) -> LearnedLimit:
        """After a call that was not refused."""
        learned = replace(self, probing=self.probing and not is_probe)
        quiet_windows = (now - self.refused_at) / rate.window_seconds
        retry_windows = min(MOST_RETRY_WINDOWS, RETRY_WINDOWS * 2 ** max(0, self.full_speed_refusals - 2))
        if self.spaced_share is not None and quiet_windows >= QUIET_WINDOWS:
            return LearnedLimit(limit=self.limit, learned_at=self.learned_at)
        if self.spaced_share not in (None, JUST_UNDER) and quiet_windows >= retry_windows:
            return replace(learned, spaced_share=JUST_UNDER, learned_at=now)
        return learned


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
