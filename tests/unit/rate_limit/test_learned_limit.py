from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from heyx_bulk.rate_limit.learned_limit import (
    DEEPEST_DROP,
    JUST_UNDER,
    LOWEST_SHARE,
    QUIET_WINDOWS,
    RECENT_WINDOWS,
    RETRY_WINDOWS,
    LearnedLimit,
    RateLimitHeaders,
)
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.rate_limit.rule import LimitParams
from heyx_bulk.sandbox.rate_limits import FixedWindow
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.rate import Rate

RATE = Rate(200, 60.0)
SPACED = LearnedLimit(spaced_share=JUST_UNDER, learned_at=10.0, refused_at=10.0)

Refusal = Callable[[LearnedLimit], LearnedLimit]


def refusal(now: float, *, used: int = 30, wait: float | None = 40.0, paused: bool = False) -> Refusal:
    return lambda learned: learned.after_refusal(now, RATE, used=used, wait_seconds=wait, paused=paused)


def after(*refusals: Refusal, learned: LearnedLimit | None = None) -> LearnedLimit:
    learned = learned or LearnedLimit()
    for refused in refusals:
        learned = refused(learned)
    return learned


def answered(learned: LearnedLimit, now: float, *, is_probe: bool = False) -> LearnedLimit:
    return learned.after_answer(now, RATE, is_probe=is_probe)


# Spacing


def test_one_burst_of_refusals_changes_nothing() -> None:
    assert after(refusal(1), *[refusal(1.1, paused=True)] * 9).spaced_share is None


def test_two_bursts_within_twenty_windows_space_the_calls_just_under_the_limit() -> None:
    learned = after(refusal(100), refusal(200))
    assert (learned.spaced_share, learned.learned_at) == (JUST_UNDER, 200)
    assert answered(learned, 201, is_probe=True).params(RATE).gap_ms == pytest.approx(60_000 / 200 / 0.99)


def test_two_bursts_that_lie_far_apart_change_nothing() -> None:
    assert after(refusal(100), refusal(101 + RECENT_WINDOWS * 60)).spaced_share is None


def test_three_refusals_with_a_short_wait_though_the_limit_is_not_used_up_space_the_calls() -> None:
    short = [refusal(1 + number / 10, wait=1.0, paused=number > 0) for number in range(3)]
    assert after(*short[:2]).spaced_share is None
    assert after(*short).spaced_share == JUST_UNDER


def test_refusals_with_a_short_wait_and_the_limit_used_up_are_no_small_bucket() -> None:
    assert after(*[refusal(1, used=199, wait=0.0, paused=True)] * 9).spaced_share is None


@pytest.mark.parametrize(
    ("used", "share"),
    [(120, 0.99 * 120 / 200), (10, DEEPEST_DROP * JUST_UNDER), (199, 0.95 * JUST_UNDER)],
    ids=["what was accepted", "no less than a quarter", "a step at least"],
)
def test_still_refused_the_pace_goes_down_to_what_was_accepted(used: int, share: float) -> None:
    assert after(refusal(100, used=used), learned=SPACED).spaced_share == pytest.approx(share)


def test_the_pace_never_goes_below_the_lowest() -> None:
    lowered = replace(SPACED, spaced_share=LOWEST_SHARE)
    assert after(refusal(100, used=0), learned=lowered).spaced_share == LOWEST_SHARE


def test_the_rest_of_a_burst_lowers_nothing() -> None:
    assert after(refusal(100, paused=True), learned=SPACED).spaced_share == JUST_UNDER


# Probes


def test_a_time_to_wait_is_trusted_at_first() -> None:
    assert not after(refusal(1), *[refusal(1.1, paused=True)] * 9).probing
    assert after(refusal(100), refusal(200)).probing


def test_after_a_refusal_that_names_no_time_one_probe_a_window_goes() -> None:
    learned = after(refusal(1, wait=None))
    assert learned.probing
    assert learned.params(RATE).gap_ms == 60_000
    assert answered(learned, 2).probing
    assert answered(learned, 2, is_probe=True).params(RATE).gap_ms == 0


def test_refused_probes_lower_nothing() -> None:
    learned = after(refusal(100, wait=None), learned=SPACED)
    assert after(*[refusal(100 + 61 * number, used=1, wait=None) for number in range(31)], learned=learned) == (
        replace(learned, refused_at=100 + 61 * 30)
    )


def test_a_probe_that_is_accepted_long_after_the_last_refusal_ends_the_probing_too() -> None:
    learned = after(refusal(100, wait=None), learned=SPACED)
    assert not answered(learned, 100 + RETRY_WINDOWS * 60, is_probe=True).probing


@pytest.mark.parametrize(("margin_seconds", "probing"), [(0.0, False), (30.0, True)])
def test_a_probe_without_an_answer_does_not_end_the_probing(margin_seconds: float, probing: bool) -> None:
    async def working() -> bool:
        limiter = RateLimiter(RATE)
        limiter.throttled(None)
        limiter.complete(await limiter.acquire(), margin_seconds=margin_seconds)
        return limiter.learned.probing

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(working()) is probing


# Full speed again


def test_four_windows_after_the_last_refusal_calls_go_just_under_the_limit_again() -> None:
    learned = after(refusal(100), learned=SPACED)
    assert answered(learned, 100 + RETRY_WINDOWS * 60 - 1).spaced_share == learned.spaced_share
    again = answered(learned, 100 + RETRY_WINDOWS * 60)
    assert (again.spaced_share, again.learned_at) == (JUST_UNDER, 100 + RETRY_WINDOWS * 60)


def waits_until_full_speed(tries: int) -> list[float]:
    """After how many windows full speed is tried again, each time that it was refused a minute later."""
    learned, now, waits = SPACED, 100.0, []
    for _ in range(tries):
        learned = answered(after(refusal(now), learned=learned), now + 1, is_probe=True)
        refused_at = now
        while learned.spaced_share != JUST_UNDER:
            now += 30
            learned = answered(learned, now)
        waits.append((now - refused_at) / 60)
        now += 60
    return waits


def test_full_speed_is_tried_more_rarely_once_it_was_refused_three_times() -> None:
    assert waits_until_full_speed(6) == [4, 4, 8, 16, 16, 16]


def test_refusals_at_full_speed_that_lie_far_apart_are_not_counted_together() -> None:
    learned = replace(SPACED, full_speed_refusals=5)
    assert after(refusal(11 + RECENT_WINDOWS * 60), learned=learned).full_speed_refusals == 1


def test_after_a_day_without_a_refusal_what_was_learned_is_forgotten() -> None:
    learned = replace(SPACED, limit=150)
    assert answered(learned, 10 + QUIET_WINDOWS * 60 - 1).spaced_share == JUST_UNDER
    assert answered(learned, 10 + QUIET_WINDOWS * 60) == LearnedLimit(limit=150, learned_at=10)


def test_thresholds_go_with_the_window() -> None:
    scaled = Rate(200, 6.0)
    learned = LearnedLimit()
    for number in range(3):
        learned = learned.after_refusal(number / 10, scaled, used=30, wait_seconds=0.15, paused=number > 0)
    assert learned.spaced_share == JUST_UNDER
    assert learned.after_answer(QUIET_WINDOWS * 6 + 1, scaled, is_probe=False).spaced_share is None


# What HeyX names


def test_a_limit_that_is_no_longer_named_lower_is_forgotten() -> None:
    learned = LearnedLimit().after_header(120, RATE, 5.0)
    assert (learned.limit, learned.learned_at, learned.rate(RATE)) == (120, 5.0, Rate(120, 60.0))
    assert learned.after_header(None, RATE, 6.0) == learned
    assert learned.after_header(200, RATE, 7.0).limit is None


@pytest.mark.parametrize(
    "learned", [LearnedLimit(), SPACED, LearnedLimit(limit=3, bursts=1, short=2, probing=True)]
)
def test_what_was_learned_is_kept_as_text(learned: LearnedLimit) -> None:
    assert LearnedLimit.parse(str(learned)) == learned


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, RateLimitHeaders()),
        ({"x-ratelimit-limit": "200", "x-ratelimit-remaining": "199"}, RateLimitHeaders(200, 199)),
        ({"x-ratelimit-limit": " 120 "}, RateLimitHeaders(120)),
        ({"x-ratelimit-limit": "0", "x-ratelimit-remaining": "-1"}, RateLimitHeaders()),
        ({"x-ratelimit-limit": "200, 200;w=60", "x-ratelimit-remaining": "²"}, RateLimitHeaders()),
    ],
)
def test_headers_that_are_no_numbers_tell_nothing(headers: dict[str, str], expected: RateLimitHeaders) -> None:
    assert RateLimitHeaders.of(headers) == expected


def test_a_share_of_a_limit_that_heyx_named_is_a_share_of_that() -> None:
    assert LearnedLimit(limit=120).params(RATE, 0.5) == LimitParams.of(Rate(120, 60.0), 0.5)
    assert LimitParams.of(Rate(120, 60.0), 0.5).calls == 60
    assert LimitParams.of(Rate(120, 60.0), 0.5).reserved == 60


# Storms

WORKERS = 20
STORM_AT = 180.0
MINUTES = 40


class StormyServer:
    """A fixed window that refuses calls from `STORM_AT` on: the first `refusals`, or all until `ends_at`.

    Or it has a `limit` of that many from then on.
    """

    def __init__(
        self, *, refusals: int = 0, seconds: float = 0.0, limit: int = 200, wait: str | None = None
    ) -> None:
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self.ends_at = STORM_AT + seconds
        self._refusals = refusals
        self._windows = FixedWindow(200, 60.0), FixedWindow(limit, 60.0)
        self._wait = wait

    def take(self, now: float) -> tuple[bool, float | None]:
        """Whether a call is accepted, and the time to wait that a refusal names."""
        stormy = now >= STORM_AT and (now < self.ends_at or len(self.refused) < self._refusals)
        decision = self._windows[now >= STORM_AT].take(now)
        if stormy and self._refusals:
            self.ends_at = now
        granted = decision.granted and not stormy
        (self.accepted if granted else self.refused).append(now)
        return granted, None if self._wait is None else float(self._wait or int(decision.wait_seconds))

    def full_speed_at(self) -> float:
        """When, after the storm, the first window began in which the limit was used."""
        calls = [moment for moment in self.accepted if moment >= self.ends_at]
        return next(moment for moment in calls if sum(moment <= call < moment + 60 for call in calls) >= 195)


def sent_through(server: StormyServer) -> None:
    chance = Random(1)  # noqa: S311  traffic is no secret

    async def worker(limiter: RateLimiter) -> None:
        time = asyncio.get_running_loop().time
        while time() < MINUTES * 60:
            name = await limiter.acquire()
            await asyncio.sleep(chance.uniform(0.02, 0.4))
            granted, wait = server.take(time())
            await asyncio.sleep(chance.uniform(0.02, 0.4))
            if granted:
                limiter.complete(name)
            else:
                limiter.refund(name)
                limiter.throttled(wait)

    async def working() -> None:
        limiter = RateLimiter(RATE, max_concurrent=WORKERS)
        await asyncio.gather(*(worker(limiter) for _ in range(WORKERS)))

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(working())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refusals", "seconds", "wait", "rounds"),
    [(31, 0, None, 1), (0, 600, None, 1), (0, 600, "1", 2), (0, 600, "30", 2)],
    ids=["31 refusals", "ten minutes", "ten minutes, a second named", "ten minutes, 30 seconds named"],
)
def test_in_a_storm_two_calls_a_window_are_sent_and_full_speed_is_back_soon_after(
    refusals: int, seconds: float, wait: str | None, rounds: int
) -> None:
    """A time to wait that a refusal names is trusted once: all calls go after it."""
    server = StormyServer(refusals=refusals, seconds=seconds, wait=wait)
    sent_through(server)
    windows = (server.ends_at - STORM_AT) / 60
    assert len(server.refused) <= rounds * WORKERS + 2 * windows
    probes = [moment for moment in server.refused if moment >= server.refused[0] + 62]
    assert max(sum(probe <= other < probe + 60 for other in probes) for probe in probes) <= 2
    assert server.full_speed_at() <= server.ends_at + 5 * 60


@pytest.mark.slow
@pytest.mark.parametrize("wait", [None, ""], ids=["no header", "Retry-After"])
def test_a_limit_cut_to_a_third_is_learned_with_few_refusals(wait: str | None) -> None:
    server = StormyServer(limit=66, wait=wait)
    sent_through(server)
    assert len(server.refused) <= 45
    assert sum(moment >= (MINUTES - 10) * 60 for moment in server.refused) <= 5
    assert sum(moment >= (MINUTES - 10) * 60 for moment in server.accepted) >= 0.9 * 66 * 10
