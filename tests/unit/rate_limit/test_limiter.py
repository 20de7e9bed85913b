from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Coroutine
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

import pytest

from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.rate_limit.rule import margin_ms
from heyx_bulk.sandbox.rate_limits import WindowKind, new_window
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.rate import Rate

T = TypeVar("T")

LIMIT = 200
WINDOW_SECONDS = 60.0
WORKERS = 10
MINUTES = 10


def even(chance: Random) -> float:
    return chance.uniform(0.05, 0.8)


def heavy_tail(chance: Random) -> float:
    return even(chance) if chance.random() > 0.02 else chance.uniform(2, 25)


def timed(work: Callable[[RateLimiter], Coroutine[Any, Any, T]], rate: Rate | None = None) -> T:
    async def working() -> T:
        return await work(RateLimiter(rate or Rate(LIMIT, WINDOW_SECONDS)))

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(working())


def now() -> float:
    return asyncio.get_running_loop().time()


class Traffic:
    """Workers that send one call after another for some minutes, as fast as they are granted."""

    def __init__(
        self,
        kind: WindowKind,
        latency: Callable[[Random], float],
        seed: int,
        workers: int,
        *,
        headers: bool = False,
    ) -> None:
        self.refused: list[float] = []
        self.spans: list[tuple[float, float]] = []
        self._window = new_window(kind, LIMIT, WINDOW_SECONDS)
        self._latency = latency
        self._chance = Random(seed)  # noqa: S311  traffic is no secret
        self._workers = workers
        self._headers = headers

    async def flow(self, limiter: RateLimiter) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._worker(limiter))

    async def _worker(self, limiter: RateLimiter) -> None:
        while now() < MINUTES * 60:
            name = await limiter.acquire()
            granted = now()
            seconds, share = self._latency(self._chance), self._chance.random()
            await asyncio.sleep(seconds * share)
            said = self._window.take(now())
            headers = {header.lower(): text for header, text in said.headers(now()).items()}
            await asyncio.sleep(seconds * (1 - share))
            if said.granted:
                limiter.complete(name, headers=headers if self._headers else None)
                self.spans.append((granted, now()))
            else:
                limiter.refund(name)
                limiter.throttled(float(headers["retry-after"]))
                self.refused.append(now())

    def use(self) -> float:
        """The share of the limit that was used after the first window."""
        used = sum(1 for granted, _ in self.spans if WINDOW_SECONDS <= granted < MINUTES * 60)
        return used / (LIMIT * (MINUTES - 1))

    def most_use(self) -> float:
        """The most that can be used: a call holds its part of the limit for its latency and the window."""
        mean = sum(answered - granted for granted, answered in self.spans) / len(self.spans)
        return WINDOW_SECONDS / (WINDOW_SECONDS + mean)


@pytest.mark.slow
@pytest.mark.parametrize("headers", [False, True], ids=["no headers", "headers"])
@pytest.mark.parametrize(("latency", "workers"), [(even, WORKERS), (heavy_tail, 4 * WORKERS)])
@pytest.mark.parametrize("kind", ["fixed", "redis", "sliding", "bucket"])
def test_no_call_is_refused_and_hardly_any_of_the_limit_is_wasted(
    kind: WindowKind, latency: Callable[[Random], float], workers: int, headers: bool
) -> None:
    traffic = Traffic(kind, latency, len(kind), workers, headers=headers)
    timed(traffic.flow)
    assert traffic.refused == []
    assert traffic.use() >= 0.99 * traffic.most_use()


@pytest.mark.slow
@pytest.mark.parametrize("headers", [False, True], ids=["no headers", "headers"])
def test_a_small_bucket_is_learned_within_a_minute_and_then_used(headers: bool) -> None:
    traffic = Traffic("small-bucket", even, 1, 2 * WORKERS, headers=headers)
    timed(traffic.flow)
    assert [moment for moment in traffic.refused if moment > WINDOW_SECONDS] == []
    assert len(traffic.refused) <= (0 if headers else 20)
    assert traffic.use() >= 0.97


@pytest.mark.slow
def test_never_more_than_the_limit_are_in_flight_or_were_answered_within_the_window() -> None:
    traffic = Traffic("sliding", heavy_tail, 3, 4 * WORKERS, headers=False)
    timed(traffic.flow)
    spans = sorted(traffic.spans)
    answers = sorted(answered for _, answered in spans)
    grants = [granted for granted, _ in spans]
    held = [number + 1 - bisect_right(answers, granted - WINDOW_SECONDS) for number, granted in enumerate(grants)]
    assert max(held) <= LIMIT


def test_the_first_200_calls_go_at_once_and_the_next_when_the_window_is_over() -> None:
    async def burst(limiter: RateLimiter) -> list[float]:
        async def one() -> float:
            name = await limiter.acquire()
            granted = now()
            await asyncio.sleep(0.5)
            limiter.complete(name)
            return granted

        return sorted(await asyncio.gather(*(one() for _ in range(LIMIT + 1))))

    granted = timed(burst)
    assert granted[:LIMIT] == [0.0] * LIMIT
    assert granted[LIMIT] == pytest.approx(0.5 + WINDOW_SECONDS + margin_ms(60_000) / 1000, abs=0.021)


@pytest.mark.slow
def test_a_call_still_in_flight_holds_its_part_of_the_limit_however_long_it_takes() -> None:
    async def work(limiter: RateLimiter) -> float:
        name = await limiter.acquire()
        asyncio.get_running_loop().call_later(500, limiter.complete, name)
        await limiter.acquire()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(560, abs=0.05)


def test_calls_are_granted_in_the_order_they_were_asked_for() -> None:
    async def work(limiter: RateLimiter) -> list[int]:
        order: list[int] = []

        async def one(number: int) -> None:
            name = await limiter.acquire()
            order.append(number)
            await asyncio.sleep(0.1)
            limiter.complete(name)

        await asyncio.gather(*(one(number) for number in range(25)))
        return order

    assert timed(work, Rate(3, 10)) == list(range(25))


def test_a_lost_call_counts_as_answered_a_margin_later() -> None:
    async def work(limiter: RateLimiter) -> float:
        limiter.complete(await limiter.acquire(), margin_seconds=30)
        await limiter.acquire()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(90, abs=0.05)


def test_answers_after_a_lost_call_are_kept_in_the_order_of_their_times() -> None:
    async def work(limiter: RateLimiter) -> list[float]:
        lost, answered = await limiter.acquire(), await limiter.acquire()
        limiter.complete(lost, margin_seconds=30)
        limiter.complete(answered)
        granted = []
        for _ in range(2):
            await limiter.acquire()
            granted.append(now())
        return granted

    assert timed(work, Rate(2, 60)) == [pytest.approx(60, abs=0.05), pytest.approx(90, abs=0.05)]


def test_a_refunded_call_gives_its_part_of_the_limit_back() -> None:
    async def work(limiter: RateLimiter) -> float:
        limiter.refund(await limiter.acquire())
        await limiter.acquire()
        return now()

    assert timed(work, Rate(1, 60)) == 0.0


def test_a_part_that_is_given_back_is_soon_taken_though_all_the_others_are_in_flight() -> None:
    async def work(limiter: RateLimiter) -> float:
        asyncio.get_running_loop().call_later(0.5, limiter.refund, await limiter.acquire())
        await limiter.acquire()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(0.5, abs=0.05)


def test_a_pause_stops_all_though_the_limit_is_not_used_up() -> None:
    async def work(limiter: RateLimiter) -> list[float]:
        limiter.pause(17)

        async def one() -> float:
            await limiter.acquire()
            return now()

        return await asyncio.gather(*(one() for _ in range(5)))

    assert timed(work) == [pytest.approx(17, abs=0.05)] * 5


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    async def work(limiter: RateLimiter) -> float:
        limiter.pause(61)
        limiter.pause(1)
        await limiter.acquire()
        return now()

    assert timed(work) == pytest.approx(61, abs=0.05)


def test_a_pause_reaches_those_who_wait_already() -> None:
    async def work(limiter: RateLimiter) -> float:
        limiter.complete(await limiter.acquire())
        asyncio.get_running_loop().call_later(5, limiter.pause, 100)
        await limiter.acquire()
        return now()

    assert timed(work, Rate(1, 10)) == pytest.approx(105, abs=0.05)


def test_it_tells_how_long_the_next_call_waits() -> None:
    async def work(limiter: RateLimiter) -> tuple[float, float, float]:
        free = limiter.wait_seconds()
        limiter.complete(await limiter.acquire())
        await asyncio.sleep(10)
        full = limiter.wait_seconds()
        limiter.pause(300)
        return free, full, limiter.wait_seconds()

    assert list(timed(work, Rate(1, 60))) == pytest.approx([0, 50, 300], abs=0.01)


def test_a_waiting_call_that_is_given_up_takes_nothing_from_the_others() -> None:
    async def work(limiter: RateLimiter) -> float:
        limiter.complete(await limiter.acquire())
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await limiter.acquire()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(60, abs=0.05)


@pytest.mark.parametrize(("rate", "calls", "seconds"), [(Rate(200, 3.0), 1000, 12), (Rate(100, 60.0), 300, 120)])
def test_any_rate_is_kept_to(rate: Rate, calls: int, seconds: float) -> None:
    async def work(limiter: RateLimiter) -> float:
        for _ in range(calls):
            limiter.complete(await limiter.acquire())
        return now()

    assert timed(work, rate) == pytest.approx(seconds, rel=0.01)


# A part of the limit


def test_a_share_is_spaced_evenly_and_leaves_the_rest() -> None:
    async def work() -> list[float]:
        limiter, granted = RateLimiter(Rate(200, 60.0), 0.5), []
        for _ in range(150):
            name = await limiter.acquire()
            granted.append(now())
            await asyncio.sleep(0.1)
            limiter.complete(name)
        return granted

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        granted = runner.run(work())
    gaps = [later - earlier for earlier, later in pairwise(granted)]
    assert max(gaps[1:]) <= 0.75
    assert sum(moment < 60 for moment in granted) == pytest.approx(100, abs=1)
    assert granted[-1] == pytest.approx(149 * 0.6, abs=1)


# What answers tell


def limit_headers(limit: int, remaining: int) -> dict[str, str]:
    return {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(remaining)}


def test_a_lower_limit_that_heyx_names_is_believed_at_once() -> None:
    async def work(limiter: RateLimiter) -> tuple[int | None, float]:
        for number in range(6):
            limiter.complete(await limiter.acquire(), headers=limit_headers(5, 4 - number))
        return limiter.learned.limit, now()

    limit, moment = timed(work)
    assert limit == 5
    assert moment == pytest.approx(60, abs=0.1)


def test_a_higher_limit_than_ours_is_not_used() -> None:
    async def work(limiter: RateLimiter) -> tuple[int | None, float]:
        for number in range(4):
            limiter.complete(await limiter.acquire(), headers=limit_headers(500, 499 - number))
        return limiter.learned.limit, now()

    limit, moment = timed(work, Rate(3, 60))
    assert limit is None
    assert moment == pytest.approx(60, abs=0.1)


def test_what_others_use_of_the_limit_is_left_to_them() -> None:
    async def work(limiter: RateLimiter) -> float:
        limiter.complete(await limiter.acquire(), headers=limit_headers(10, 2))
        for remaining in (1, 0):
            limiter.complete(await limiter.acquire(), headers=limit_headers(10, remaining))
        await limiter.acquire()
        return now()

    assert timed(work, Rate(10, 60)) >= 60


def test_where_heyx_allows_more_than_our_rate_the_difference_is_not_taken_from_us() -> None:
    async def work(limiter: RateLimiter) -> float:
        for _ in range(3):
            limiter.complete(await limiter.acquire(), headers=limit_headers(10, 4))
        return now()

    assert timed(work, Rate(5, 60)) == 0


def test_an_answer_to_an_older_call_does_not_bring_back_what_a_newer_one_took() -> None:
    async def work(limiter: RateLimiter) -> float:
        older, newer = await limiter.acquire(), await limiter.acquire()
        limiter.complete(newer, headers=limit_headers(10, 0))
        limiter.complete(older, headers=limit_headers(10, 9))
        await limiter.acquire()
        return now()

    assert timed(work, Rate(10, 60)) >= 60


# In flight


def in_flight(seconds: float, most: int = 20, calls: int = 300) -> tuple[int, int]:
    """How many calls were in flight at once, at most: at first, and when answers took `seconds` for a while."""

    async def work() -> tuple[int, int]:
        limiter, busy, seen = RateLimiter(Rate(LIMIT, WINDOW_SECONDS), max_concurrent=most), 0, []

        async def one() -> None:
            nonlocal busy
            name = await limiter.acquire()
            busy += 1
            seen.append(busy)
            await asyncio.sleep(seconds)
            busy -= 1
            limiter.complete(name)

        await asyncio.gather(*(one() for _ in range(calls)))
        return max(seen[:4]), max(seen[-100:])

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(work())


@pytest.mark.parametrize(("seconds", "number"), [(0.05, 2), (0.43, 15), (3, 20)])
def test_the_number_in_flight_follows_the_latency(seconds: float, number: int) -> None:
    assert in_flight(seconds) == (4, number)


def test_there_are_never_more_in_flight_than_was_asked_for() -> None:
    assert in_flight(3, most=3) == (3, 3)


@pytest.mark.parametrize("after_it_was_given", [False, True])
def test_a_place_in_flight_that_is_given_up_while_waiting_is_free_for_others(after_it_was_given: bool) -> None:
    async def work() -> float:
        limiter = RateLimiter(Rate(LIMIT, WINDOW_SECONDS), max_concurrent=1)
        name = await limiter.acquire()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(2)]
        await asyncio.sleep(1)
        if after_it_was_given:
            limiter.complete(name)
            waiting[0].cancel()
        else:
            waiting[0].cancel()
            limiter.complete(name)
        await asyncio.wait_for(waiting[1], 10)
        return now()

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(work()) == pytest.approx(1)
