from __future__ import annotations

from dataclasses import replace

import pytest

from heyx_bulk.rate_limit.learned_limit import (
    BURSTS_WITHIN_WINDOWS,
    JUST_UNDER,
    PROBE_WINDOWS,
    QUIET_WINDOWS,
    Lesson,
    Refusal,
    Told,
)
from heyx_bulk.rate_limit.rule import Terms
from heyx_bulk.settings import Rate

RATE = Rate(200, 60.0)
SPACED = Lesson(pace=JUST_UNDER, learned_at=10.0, refused_at=10.0)


def refusal(now: float, *, used: int = 30, wait: float | None = 40.0, again: bool = False) -> Refusal:
    return Refusal(now, used, wait, again)


def after(*refusals: Refusal, lesson: Lesson | None = None) -> Lesson:
    lesson = lesson or Lesson()
    for one in refusals:
        lesson = lesson.refused(one, RATE)
    return lesson


def test_one_burst_of_refusals_changes_nothing() -> None:
    assert after(refusal(1), *[refusal(1.1, again=True)] * 9).pace is None


def test_two_bursts_within_ten_windows_space_the_calls_just_under_the_limit() -> None:
    lesson = after(refusal(100), refusal(200))
    assert (lesson.pace, lesson.learned_at) == (JUST_UNDER, 200)
    assert lesson.terms(RATE).gap_ms == pytest.approx(60_000 / 200 / 0.99)


def test_two_bursts_that_lie_far_apart_change_nothing() -> None:
    assert after(refusal(100), refusal(101 + BURSTS_WITHIN_WINDOWS * 60)).pace is None


def test_three_refusals_for_a_moment_though_there_is_budget_space_the_calls() -> None:
    short = [refusal(1 + number / 10, wait=1.0, again=number > 0) for number in range(3)]
    assert after(*short[:2]).pace is None
    assert after(*short).pace == JUST_UNDER


def test_refusals_for_a_moment_with_the_limit_used_up_are_no_small_bucket() -> None:
    assert after(*[refusal(1, used=199, wait=0.0, again=True)] * 9).pace is None


@pytest.mark.parametrize(
    ("used", "pace"),
    [(120, 0.99 * 120 / 200), (10, JUST_UNDER / 2), (199, 0.95 * JUST_UNDER)],
    ids=["what went well", "no less than half", "a step at least"],
)
def test_still_refused_the_pace_goes_down_to_what_went_well(used: int, pace: float) -> None:
    assert after(refusal(100, used=used), lesson=SPACED).pace == pytest.approx(pace)


def test_the_rest_of_a_burst_lowers_nothing() -> None:
    assert after(refusal(100, again=True), lesson=SPACED).pace == JUST_UNDER


def test_a_lowered_pace_probes_its_way_up_and_ends_just_under_the_limit() -> None:
    lesson = after(refusal(0, used=160), lesson=SPACED)
    moment, probes = 0.0, [lesson.pace]
    while moment < 100 * 60:
        moment += 1
        lesson = lesson.later(RATE, moment)
        if lesson.pace != probes[-1]:
            probes.append(lesson.pace)
    assert probes == sorted(probes, key=lambda pace: pace or 0)
    assert probes[:2] == [pytest.approx(0.792), pytest.approx(0.792 * 1.03)]
    assert probes[-1] == JUST_UNDER


def test_it_probes_more_rarely_where_that_is_refused() -> None:
    lesson, waits = after(refusal(0), lesson=SPACED), []
    for _ in range(6):
        waits.append(lesson.probe_windows)
        lesson = after(refusal(lesson.probe_at + 1), lesson=lesson)
    assert waits[0] == 2 * PROBE_WINDOWS
    assert waits == sorted(waits)
    assert waits[-1] == 60


def test_after_a_day_without_a_refusal_the_lesson_is_forgotten() -> None:
    lesson = replace(SPACED, limit=150)
    assert lesson.later(RATE, 10 + QUIET_WINDOWS * 60 - 1).pace == JUST_UNDER
    assert lesson.later(RATE, 10 + QUIET_WINDOWS * 60) == Lesson(limit=150, learned_at=10)


def test_thresholds_go_with_the_window() -> None:
    scaled = Rate(200, 6.0)
    lesson = Lesson()
    for number in range(3):
        lesson = lesson.refused(Refusal(number / 10, 30, 0.15, again=number > 0), scaled)
    assert lesson.pace == JUST_UNDER
    assert lesson.later(scaled, QUIET_WINDOWS * 6 + 1).pace is None


def test_a_limit_that_is_no_longer_named_lower_is_forgotten() -> None:
    lesson = Lesson().named(120, RATE, 5.0)
    assert (lesson.limit, lesson.learned_at, lesson.rate(RATE)) == (120, 5.0, Rate(120, 60.0))
    assert lesson.named(None, RATE, 6.0) == lesson
    assert lesson.named(200, RATE, 7.0).limit is None


@pytest.mark.parametrize("lesson", [Lesson(), SPACED, Lesson(limit=3, bursts=1, short=2)])
def test_a_lesson_is_kept_as_text(lesson: Lesson) -> None:
    assert Lesson.parse(str(lesson)) == lesson


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, Told()),
        ({"x-ratelimit-limit": "200", "x-ratelimit-remaining": "199"}, Told(200, 199)),
        ({"x-ratelimit-limit": " 120 "}, Told(120)),
        ({"x-ratelimit-limit": "0", "x-ratelimit-remaining": "-1"}, Told()),
        ({"x-ratelimit-limit": "200, 200;w=60", "x-ratelimit-remaining": "²"}, Told()),
    ],
)
def test_headers_that_are_no_numbers_tell_nothing(headers: dict[str, str], told: Told) -> None:
    assert Told.of(headers) == told


def test_a_share_of_a_limit_that_heyx_named_is_a_share_of_that() -> None:
    assert Lesson(limit=120).terms(RATE, 0.5) == Terms.of(Rate(120, 60.0), 0.5)
    assert Terms.of(Rate(120, 60.0), 0.5).calls == 60
    assert Terms.of(Rate(120, 60.0), 0.5).left == 60
