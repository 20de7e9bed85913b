"""Work in a thread of its own, where no event loop is running: from scripts, notebooks, threads and coroutines.

All of the work happens in that thread, so that SQLite files are used by the thread that opened them. Whoever waits
for it can stop it: calls in flight end, and the checkpoint is closed before the waiting ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from itertools import islice
from signal import SIGINT
from threading import Lock
from typing import TypeVar

from heyx_bulk.api.client import Client
from heyx_bulk.errors import Interrupted, Stopped

T = TypeVar("T")

NOTE = "Calls in flight have ended."
NOTE_RESUMES = f"{NOTE} Nothing is lost: make the same call to resume."

WAIT_SECONDS = 1.0
"""The longest wait at a time: Windows delivers Ctrl-C only between two waits."""

ITEMS_AT_A_TIME = 500
"""How many items of an iterator are fetched from its thread together."""


class StopSwitch:
    """Stops the client that works in another thread, now or as soon as there is one.

    What goes wrong in a `with` block of it stops the work, too, and is raised when that has ended.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._lock = Lock()
        self._reason: Stopped | None = None
        self._client: Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, Exception):
            self.error = error
            self.stop(Interrupted(SIGINT, f"Stopped by the progress function: {error!r}."))
        return self.error is error

    def attach(self, client: Client) -> None:
        """Let `client` be stopped; called in its event loop."""
        with self._lock:
            self._client, self._loop = client, asyncio.get_running_loop()
            if self._reason is not None:
                client.stop(self._reason)

    def stop(self, reason: Stopped) -> None:
        """Stop the work; called in any thread."""
        with self._lock:
            self._reason = reason
            if self._client is not None and self._loop is not None:
                with suppress(RuntimeError):  # the loop has ended, and its client with it
                    self._loop.call_soon_threadsafe(self._client.stop, reason)

    def check(self) -> None:
        """Raise the reason if the work is to stop."""
        if self._reason is not None:
            raise self._reason


def _do(work: Callable[[StopSwitch], T], switch: StopSwitch) -> T:
    try:
        return work(switch)
    finally:
        if switch.error is not None:
            raise switch.error


def wait_for(work: Callable[[StopSwitch], T], *, resumes: bool) -> T:
    """Do `work`, which another call `resumes` or not, in a thread, and wait for it.

    Ctrl-C stops it, waits until it has stopped (however often it is pressed), and is raised.
    """
    switch, executor = StopSwitch(), ThreadPoolExecutor(1, "heyx-bulk")
    future = executor.submit(copy_context().run, _do, work, switch)
    executor.shutdown(wait=False)
    pressed: list[KeyboardInterrupt] = []
    while True:
        try:
            if pressed:
                switch.stop(Interrupted(SIGINT))
            while not wait([future], timeout=WAIT_SECONDS).done:
                continue
            break
        except KeyboardInterrupt as interrupt:
            pressed.append(interrupt)
    if pressed:
        pressed[0].add_note(NOTE_RESUMES if resumes else NOTE)
        raise pressed[0]
    return future.result()


async def wait_for_async(work: Callable[[StopSwitch], T]) -> T:
    """Do `work` in a thread, while the event loop goes on.

    Cancelling stops it, waits until it has stopped (however often it is cancelled), and is raised.
    """
    switch, executor = StopSwitch(), ThreadPoolExecutor(1, "heyx-bulk")
    future = asyncio.get_running_loop().run_in_executor(executor, copy_context().run, _do, work, switch)
    executor.shutdown(wait=False)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        switch.stop(Interrupted(SIGINT, "Cancelled."))
        while not future.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # what it came to is of no interest any more
        raise


async def iterate_async(work: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """The items of an iterator that a thread of its own goes through, while the event loop goes on."""

    def items() -> Generator[T, None, None]:
        yield from work()

    loop, executor, found = asyncio.get_running_loop(), ThreadPoolExecutor(1, "heyx-bulk"), items()
    try:
        while some := await loop.run_in_executor(executor, lambda: [*islice(found, ITEMS_AT_A_TIME)]):
            for item in some:
                yield item
    finally:
        await loop.run_in_executor(executor, found.close)
        executor.shutdown(wait=False)
