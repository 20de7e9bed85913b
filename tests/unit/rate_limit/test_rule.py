from __future__ import annotations

from dataclasses import replace

import pytest

from heyx_bulk.rate_limit.rule import POLL_MS, BucketState, LimitParams, margin_ms, next_free_at
from heyx_bulk.settings.rate import Rate

MINUTE = LimitParams.of(Rate(10, 60.0))
HELD_MS = 60_005
NOW = 1_000_000


def opens(state: BucketState, answered: list[int], params: LimitParams = MINUTE) -> int:
    """How long after now the next call may go, where `answered` are those of the calls answered."""
    return (
        next_free_at(state, params, lambda number: answered[number] if number < len(answered) else None)
        - state.now
    )


def test_the_margin_is_5_ms_for_a_minute_and_goes_with_the_window() -> None:
    assert [margin_ms(window) for window in (60_000, 6_000, 1_000)] == [5, 3, 3]


def test_with_all_of_the_limit_in_flight_it_is_looked_again_soon() -> None:
    assert opens(BucketState(NOW, held=10), []) == POLL_MS


def test_what_is_used_by_others_is_free_after_a_window_or_when_enough_of_ours_is() -> None:
    state = BucketState(NOW, held=4, external_calls=6, external_at=NOW - 10_000)
    assert opens(state, [NOW - 50_000] * 4) == HELD_MS - 50_000
    assert opens(state, [NOW - 5_000] * 4) == HELD_MS - 10_000
    assert opens(replace(state, held=10, external_at=NOW - 50_000), [NOW - 40_000] * 10) == HELD_MS - 40_000
    assert opens(replace(state, now=NOW + HELD_MS), [NOW + HELD_MS - 1] * 4) == 0


def test_others_may_use_what_a_share_leaves_them() -> None:
    half = LimitParams.of(Rate(10, 60.0), 0.5)
    assert (half.calls, half.reserved) == (5, 5)
    assert opens(BucketState(NOW, held=4, external_calls=5, external_at=NOW), [], replace(half, gap_ms=0)) == 0
    assert opens(BucketState(NOW, held=4, external_calls=6, external_at=NOW), [], replace(half, gap_ms=0)) > 0


def test_calls_are_spaced_while_others_use_the_limit() -> None:
    assert BucketState(NOW).gap_ms(MINUTE) == 0
    assert BucketState(NOW, external_calls=1, external_at=NOW).gap_ms(MINUTE) == 6_000


@pytest.mark.parametrize("late_ms", [0, 1, 100])
def test_evenly_spaced_calls_that_are_each_a_little_late_lose_nothing(late_ms: int) -> None:
    params = LimitParams.of(Rate(200, 60.0), spaced=0.99)
    state, moments = BucketState(NOW), []
    for _ in range(1000):
        state = replace(state, now=max(state.now, int(state.spaced_at) + 1 + late_ms))
        moments.append(state.now)
        state = replace(state, spaced_at=state.spaced_after(params))
    assert (moments[-1] - moments[1]) / 998 == pytest.approx(params.gap_ms, rel=0.001)


def test_after_a_pause_no_more_than_two_evenly_spaced_calls_go_at_once() -> None:
    params = LimitParams.of(Rate(200, 60.0), spaced=0.99)
    state = BucketState(NOW)
    for _ in range(2):
        assert opens(state, [], params) <= 0
        state = replace(state, spaced_at=state.spaced_after(params))
    assert opens(state, [], params) == pytest.approx(params.gap_ms, abs=1)
