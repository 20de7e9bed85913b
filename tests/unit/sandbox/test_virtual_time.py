from __future__ import annotations

import asyncio
import socket
import time
from threading import Thread

import pytest

from heyx_bulk.sandbox.virtual_time import VirtualTime

HOUR = 3600.0


def test_a_new_loop_begins_at_zero() -> None:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.get_loop().time() == 0.0


def test_a_night_of_sleep_takes_no_time_and_the_clock_tells_its_length() -> None:
    async def night() -> float:
        await asyncio.sleep(10 * HOUR)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(night()) == pytest.approx(10 * HOUR)
    assert time.monotonic() - began < HOUR


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    woken: list[tuple[float, str]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((round(asyncio.get_running_loop().time(), 6), name))

    async def all_of_them() -> None:
        await asyncio.gather(sleeper("late", 30), sleeper("early", 0.25), sleeper("middle", 7))

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(all_of_them())
    assert woken == [(0.25, "early"), (7, "middle"), (30, "late")]


def test_time_stands_still_while_somebody_works() -> None:
    async def work() -> float:
        for _ in range(100):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(work()) == 0.0


def test_a_timeout_runs_out_by_the_virtual_clock() -> None:
    async def wait() -> None:
        async with asyncio.timeout(HOUR):
            await asyncio.get_running_loop().create_future()

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        with pytest.raises(TimeoutError):
            runner.run(wait())
        assert runner.get_loop().time() == pytest.approx(HOUR)


def test_a_day_of_small_sleeps_adds_up() -> None:
    async def day() -> float:
        for _ in range(10_000):
            await asyncio.sleep(0.1)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(day()) == pytest.approx(1000, abs=1e-3)


def test_an_answer_from_a_socket_is_waited_for_when_no_timer_is() -> None:
    async def talk() -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            thread = Thread(target=theirs.sendall, args=(b"hello",))
            thread.start()
            heard = await loop.sock_recv(ours, 5)
            thread.join()
        return heard

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(talk()) == b"hello"


def test_time_does_not_pass_for_what_is_there_already() -> None:
    async def talk() -> float:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(b"hello")
            timer, there = loop.call_later(100, theirs.close), asyncio.Event()
            loop.add_reader(ours, there.set)
            await there.wait()
            loop.remove_reader(ours)
            timer.cancel()
        return loop.time()

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(talk()) == 0.0


def test_the_clock_goes_on_from_one_run_of_the_loop_to_the_next() -> None:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(asyncio.sleep(5))
        runner.run(asyncio.sleep(5))
        assert runner.get_loop().time() == pytest.approx(10)
