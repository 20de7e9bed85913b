from __future__ import annotations

from collections.abc import Sequence

import pytest

from heyx_bulk.sandbox import Response, Sandbox, WindowKind
from heyx_bulk.sandbox.rate_limits import new_window


def granted(kind: WindowKind, moments: Sequence[float], limit: int = 20, seconds: float = 60.0) -> list[bool]:
    """Which of the calls at these moments pass."""
    window = new_window(kind, limit, seconds)
    return [window.take(moment).granted for moment in moments]


@pytest.mark.parametrize(
    ("kind", "at_once", "after_a_window"),
    [("fixed", 20, 20), ("redis", 20, 20), ("sliding", 20, 20), ("bucket", 20, 20), ("small-bucket", 2, 2)],
)
def test_so_many_calls_pass_at_once(kind: WindowKind, at_once: int, after_a_window: int) -> None:
    passed = granted(kind, [100.5] * 30 + [161.0] * 30)
    assert (sum(passed[:30]), sum(passed[30:])) == (at_once, after_a_window)


def test_a_window_on_redis_began_with_the_second_and_tells_0_in_its_last_one() -> None:
    window = new_window("redis", 1, 60.0)
    assert window.take(100.75).granted
    late = window.take(159.5)
    assert (late.granted, late.headers(159.5)["Retry-After"]) == (False, "0")
    assert window.take(160.0).granted


def test_a_sliding_log_lets_a_call_pass_when_one_has_left_the_window() -> None:
    moments = [float(moment) for moment in range(20)]
    assert granted("sliding", [*moments, 30.0, 60.0, 60.5, 61.0]) == [True] * 20 + [False, True, False, True]


@pytest.mark.parametrize(("kind", "size"), [("bucket", 20), ("small-bucket", 2)])
def test_a_bucket_fills_a_token_at_a_time(kind: WindowKind, size: int) -> None:
    assert granted(kind, [0.0] * (size + 1) + [3.0, 3.0, 4.0, 6.0]) == [True] * size + [
        False,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("kind", ["fixed", "redis", "sliding", "bucket", "small-bucket"])
def test_a_clock_that_was_set_back_locks_nobody_out_of_any_limit(kind: WindowKind) -> None:
    passed = granted(kind, [7200.0] * 20 + [3600.0 + moment for moment in range(61)])
    assert any(passed[20:])


def test_a_sandbox_keeps_the_limit_it_was_given() -> None:
    sandbox = Sandbox(limit=20, window="small-bucket", clock=lambda: 0.0)
    answers = [sandbox.handle("GET", "/v1/contact/7", "sandbox", b"") for _ in range(4)]
    assert [answer.status for answer in answers if isinstance(answer, Response)] == [403, 403, 429, 429]
