from __future__ import annotations

from dataclasses import replace

import pytest

from heyx_bulk.rate_limit.learned_limit import (
    BURSTS_WITHIN_WINDOWS,
    JUST_UNDER,
    PROBE_WINDOWS,
    QUIET_WINDOWS,
    LearnedLimit,
    RateLimitHeaders,
    Throttle,
)
from heyx_bulk.rate_limit.rule import LimitParams
from heyx_bulk.settings import Rate

RATE = Rate(200, 60.0)
SPACED = LearnedLimit(spaced_share=JUST_UNDER, learned_at=10.0, refused_at=10.0)


def refusal(now: float, *, used: int = 30, wait: float | None = 40.0, again: bool = False) -> Throttle:
    return Throttle(now, used, wait, again)


def after(*refusals: Throttle, learned: LearnedLimit | None = None) -> LearnedLimit:
    learned = learned or LearnedLimit()
    for one in refusals:
        learned = learned.after_throttle(one, RATE)
    return learned


def test_one_burst_of_refusals_changes_nothing() -> None:
    assert after(refusal(1), *[refusal(1.1, again=True)] * 9).spaced_share is None


def test_two_bursts_within_ten_windows_space_the_calls_just_under_the_limit() -> None:
    learned = after(refusal(100), refusal(200))
    assert (learned.spaced_share, learned.learned_at) == (JUST_UNDER, 200)
    assert learned.params(RATE).gap_ms == pytest.approx(60_000 / 200 / 0.99)


def test_two_bursts_that_lie_far_apart_change_nothing() -> None:
    assert after(refusal(100), refusal(101 + BURSTS_WITHIN_WINDOWS * 60)).spaced_share is None


def test_three_refusals_for_a_moment_though_there_is_budget_space_the_calls() -> None:
    short = [refusal(1 + number / 10, wait=1.0, again=number > 0) for number in range(3)]
    assert after(*short[:2]).spaced_share is None
    assert after(*short).spaced_share == JUST_UNDER


def test_refusals_for_a_moment_with_the_limit_used_up_are_no_small_bucket() -> None:
    assert after(*[refusal(1, used=199, wait=0.0, again=True)] * 9).spaced_share is None


@pytest.mark.parametrize(
    ("used", "limiter"),
    [(120, 0.99 * 120 / 200), (10, JUST_UNDER / 2), (199, 0.95 * JUST_UNDER)],
    ids=["what went well", "no less than half", "a step at least"],
)
def test_still_refused_the_pace_goes_down_to_what_went_well(used: int, limiter: float) -> None:
    assert after(refusal(100, used=used), learned=SPACED).spaced_share == pytest.approx(limiter)


def test_the_rest_of_a_burst_lowers_nothing() -> None:
    assert after(refusal(100, again=True), learned=SPACED).spaced_share == JUST_UNDER


def test_a_lowered_pace_probes_its_way_up_and_ends_just_under_the_limit() -> None:
    learned = after(refusal(0, used=160), learned=SPACED)
    moment, probes = 0.0, [learned.spaced_share]
    while moment < 100 * 60:
        moment += 1
        learned = learned.after_time(RATE, moment)
        if learned.spaced_share != probes[-1]:
            probes.append(learned.spaced_share)
    assert probes == sorted(probes, key=lambda limiter: limiter or 0)
    assert probes[:2] == [pytest.approx(0.792), pytest.approx(0.792 * 1.03)]
    assert probes[-1] == JUST_UNDER


def test_it_probes_more_rarely_where_that_is_refused() -> None:
    learned, waits = after(refusal(0), learned=SPACED), []
    for _ in range(6):
        waits.append(learned.probe_windows)
        learned = after(refusal(learned.probe_at + 1), learned=learned)
    assert waits[0] == 2 * PROBE_WINDOWS
    assert waits == sorted(waits)
    assert waits[-1] == 60


def test_after_a_day_without_a_refusal_the_lesson_is_forgotten() -> None:
    learned = replace(SPACED, limit=150)
    assert learned.after_time(RATE, 10 + QUIET_WINDOWS * 60 - 1).spaced_share == JUST_UNDER
    assert learned.after_time(RATE, 10 + QUIET_WINDOWS * 60) == LearnedLimit(limit=150, learned_at=10)


def test_thresholds_go_with_the_window() -> None:
    scaled = Rate(200, 6.0)
    learned = LearnedLimit()
    for number in range(3):
        learned = learned.after_throttle(Throttle(number / 10, 30, 0.15, again=number > 0), scaled)
    assert learned.spaced_share == JUST_UNDER
    assert learned.after_time(scaled, QUIET_WINDOWS * 6 + 1).spaced_share is None


def test_a_limit_that_is_no_longer_named_lower_is_forgotten() -> None:
    learned = LearnedLimit().after_header(120, RATE, 5.0)
    assert (learned.limit, learned.learned_at, learned.rate(RATE)) == (120, 5.0, Rate(120, 60.0))
    assert learned.after_header(None, RATE, 6.0) == learned
    assert learned.after_header(200, RATE, 7.0).limit is None


@pytest.mark.parametrize("learned", [LearnedLimit(), SPACED, LearnedLimit(limit=3, bursts=1, short=2)])
def test_a_lesson_is_kept_as_text(learned: LearnedLimit) -> None:
    assert LearnedLimit.parse(str(learned)) == learned


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, RateLimitHeaders()),
        ({"x-ratelimit-limit": "200", "x-ratelimit-remaining": "199"}, RateLimitHeaders(200, 199)),
        ({"x-ratelimit-limit": " 120 "}, RateLimitHeaders(120)),
        ({"x-ratelimit-limit": "0", "x-ratelimit-remaining": "-1"}, RateLimitHeaders()),
        ({"x-ratelimit-limit": "200, 200;w=60", "x-ratelimit-remaining": "²"}, RateLimitHeaders()),
    ],
)
def test_headers_that_are_no_numbers_tell_nothing(headers: dict[str, str], told: RateLimitHeaders) -> None:
    assert RateLimitHeaders.of(headers) == told


def test_a_share_of_a_limit_that_heyx_named_is_a_share_of_that() -> None:
    assert LearnedLimit(limit=120).params(RATE, 0.5) == LimitParams.of(Rate(120, 60.0), 0.5)
    assert LimitParams.of(Rate(120, 60.0), 0.5).calls == 60
    assert LimitParams.of(Rate(120, 60.0), 0.5).reserved == 60
