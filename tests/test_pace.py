from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Protocol, TypeVar

import pytest

from heyx_bulk.clock import VirtualTime
from heyx_bulk.pace import MARGIN_MS, Pace
from heyx_bulk.sandbox.window import FixedWindow
from heyx_bulk.settings import Rate

T = TypeVar("T")

LIMIT = 200
WINDOW_SECONDS = 60.0
WORKERS = 10
MINUTES = 20


class Server(Protocol):
    """One that counts calls and says of each whether it passes."""

    def passes(self, now: float) -> bool: ...


class Windowed:
    """The server HeyX probably is: a fixed window from its first call."""

    def __init__(self) -> None:
        self._window = FixedWindow(LIMIT, WINDOW_SECONDS)

    def passes(self, now: float) -> bool:
        return self._window.take(now).granted


class SlidingLog:
    """The strictest server with this limit: never more than it in any window whatever."""

    def __init__(self) -> None:
        self._taken: list[float] = []

    def passes(self, now: float) -> bool:
        recent = len(self._taken) - bisect_right(self._taken, now - WINDOW_SECONDS)
        if recent >= LIMIT:
            return False
        self._taken.append(now)
        return True


def even(chance: Random) -> float:
    return chance.uniform(0.05, 0.8)


def heavy_tail(chance: Random) -> float:
    return even(chance) if chance.random() > 0.02 else chance.uniform(2, 25)


def timed(work: Callable[[Pace], Coroutine[Any, Any, T]], rate: Rate | None = None) -> T:
    async def working() -> T:
        return await work(Pace(rate or Rate(LIMIT, WINDOW_SECONDS)))

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(working())


def now() -> float:
    return asyncio.get_running_loop().time()


class Traffic:
    """Workers that send one call after another for some minutes, at the pace they are granted."""

    def __init__(self, server: Server, latency: Callable[[Random], float], seed: int, workers: int) -> None:
        self.refused = 0
        self.spans: list[tuple[float, float]] = []
        self._server = server
        self._latency = latency
        self._chance = Random(seed)  # noqa: S311  traffic is no secret
        self._workers = workers

    async def flow(self, pace: Pace) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._worker(pace))

    async def _worker(self, pace: Pace) -> None:
        while now() < MINUTES * 60:
            turn = await pace.turn()
            granted = now()
            seconds, share = self._latency(self._chance), self._chance.random()
            await asyncio.sleep(seconds * share)
            self.refused += not self._server.passes(now())
            await asyncio.sleep(seconds * (1 - share))
            pace.settle(turn)
            self.spans.append((granted, now()))

    def use(self) -> float:
        """The share of the limit that was used after the first window."""
        used = sum(1 for granted, _ in self.spans if WINDOW_SECONDS <= granted < MINUTES * 60)
        return used / (LIMIT * (MINUTES - 1))

    def most_use(self) -> float:
        """What a lease can use at most: a part of the limit is held for the answer's time and the window."""
        mean = sum(answered - granted for granted, answered in self.spans) / len(self.spans)
        return WINDOW_SECONDS / (WINDOW_SECONDS + mean)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("latency", "workers"), [(even, WORKERS), (heavy_tail, 4 * WORKERS)])
@pytest.mark.parametrize("server", [Windowed, SlidingLog])
def test_no_call_is_refused_and_hardly_any_of_the_limit_is_wasted(
    server: Callable[[], Server], latency: Callable[[Random], float], workers: int, seed: int
) -> None:
    traffic = Traffic(server(), latency, seed, workers)
    timed(traffic.flow)
    assert traffic.refused == 0
    assert traffic.use() >= 0.99 * traffic.most_use()


def test_never_more_than_the_limit_are_in_flight_or_were_answered_within_the_window() -> None:
    traffic = Traffic(SlidingLog(), heavy_tail, 3, 4 * WORKERS)
    timed(traffic.flow)
    spans = sorted(traffic.spans)
    answers = sorted(answered for _, answered in spans)
    grants = [granted for granted, _ in spans]
    held = [number + 1 - bisect_right(answers, granted - WINDOW_SECONDS) for number, granted in enumerate(grants)]
    assert max(held) <= LIMIT


def test_the_first_200_calls_go_at_once_and_the_next_when_the_window_is_over() -> None:
    async def burst(pace: Pace) -> list[float]:
        async def one() -> float:
            turn = await pace.turn()
            granted = now()
            await asyncio.sleep(0.5)
            pace.settle(turn)
            return granted

        return sorted(await asyncio.gather(*(one() for _ in range(LIMIT + 1))))

    granted = timed(burst)
    assert granted[:LIMIT] == [0.0] * LIMIT
    assert granted[LIMIT] == pytest.approx(0.5 + WINDOW_SECONDS + MARGIN_MS / 1000, abs=0.021)


def test_a_call_still_in_flight_holds_its_part_of_the_limit_however_long_it_takes() -> None:
    async def work(pace: Pace) -> float:
        turn = await pace.turn()
        asyncio.get_running_loop().call_later(500, pace.settle, turn)
        await pace.turn()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(560, abs=0.05)


def test_turns_are_granted_in_the_order_they_were_asked_for() -> None:
    async def work(pace: Pace) -> list[int]:
        order: list[int] = []

        async def one(number: int) -> None:
            turn = await pace.turn()
            order.append(number)
            await asyncio.sleep(0.1)
            pace.settle(turn)

        await asyncio.gather(*(one(number) for number in range(25)))
        return order

    assert timed(work, Rate(3, 10)) == list(range(25))


def test_a_lost_call_counts_as_answered_a_margin_later() -> None:
    async def work(pace: Pace) -> float:
        pace.settle(await pace.turn(), margin_seconds=30)
        await pace.turn()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(90, abs=0.05)


def test_answers_after_a_lost_call_are_kept_in_the_order_of_their_times() -> None:
    async def work(pace: Pace) -> list[float]:
        lost, answered = await pace.turn(), await pace.turn()
        pace.settle(lost, margin_seconds=30)
        pace.settle(answered)
        granted = []
        for _ in range(2):
            await pace.turn()
            granted.append(now())
        return granted

    assert timed(work, Rate(2, 60)) == [pytest.approx(60, abs=0.05), pytest.approx(90, abs=0.05)]


def test_a_forgotten_call_gives_its_part_of_the_limit_back() -> None:
    async def work(pace: Pace) -> float:
        pace.forget(await pace.turn())
        await pace.turn()
        return now()

    assert timed(work, Rate(1, 60)) == 0.0


def test_a_part_that_is_given_back_is_soon_taken_though_all_the_others_are_in_flight() -> None:
    async def work(pace: Pace) -> float:
        asyncio.get_running_loop().call_later(0.5, pace.forget, await pace.turn())
        await pace.turn()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(0.5, abs=0.05)


def test_a_hold_silences_all_though_there_is_budget() -> None:
    async def work(pace: Pace) -> list[float]:
        pace.hold(17)

        async def one() -> float:
            await pace.turn()
            return now()

        return await asyncio.gather(*(one() for _ in range(5)))

    assert timed(work) == [pytest.approx(17, abs=0.05)] * 5


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    async def work(pace: Pace) -> float:
        pace.hold(61)
        pace.hold(1)
        await pace.turn()
        return now()

    assert timed(work) == pytest.approx(61, abs=0.05)


def test_a_hold_reaches_those_who_wait_already() -> None:
    async def work(pace: Pace) -> float:
        pace.settle(await pace.turn())
        asyncio.get_running_loop().call_later(5, pace.hold, 100)
        await pace.turn()
        return now()

    assert timed(work, Rate(1, 10)) == pytest.approx(105, abs=0.05)


def test_it_tells_how_long_the_next_call_waits() -> None:
    async def work(pace: Pace) -> tuple[float, float, float]:
        free = pace.wait_seconds()
        pace.settle(await pace.turn())
        await asyncio.sleep(10)
        full = pace.wait_seconds()
        pace.hold(300)
        return free, full, pace.wait_seconds()

    assert list(timed(work, Rate(1, 60))) == pytest.approx([0, 50, 300], abs=0.01)


def test_a_waiting_call_that_is_given_up_takes_nothing_from_the_others() -> None:
    async def work(pace: Pace) -> float:
        pace.settle(await pace.turn())
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await pace.turn()
        return now()

    assert timed(work, Rate(1, 60)) == pytest.approx(60, abs=0.05)


@pytest.mark.parametrize(("rate", "calls", "seconds"), [(Rate(200, 3.0), 1000, 12), (Rate(100, 60.0), 300, 120)])
def test_any_rate_is_kept_to(rate: Rate, calls: int, seconds: float) -> None:
    async def work(pace: Pace) -> float:
        for _ in range(calls):
            pace.settle(await pace.turn())
        return now()

    assert timed(work, rate) == pytest.approx(seconds, rel=0.01)
