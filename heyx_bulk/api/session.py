"""HeyX, spoken to for the length of one start: the client, its share of the limit, and the second hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Protocol

from heyx_bulk.api.client import Client, Transport
from heyx_bulk.models.call_records import CallObserver
from heyx_bulk.rate_limit.limiter import RateLimiter, open_rate_limiter
from heyx_bulk.settings.environment import Settings

TICK_SECONDS = 1.0


class Ticker(Protocol):
    """Hears once a second how long the next call waits, and why calls are repeated."""

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """A second has passed."""


@asynccontextmanager
async def open_session(
    settings: Settings,
    transport: Transport | None = None,
    observer: CallObserver | None = None,
    limiter: RateLimiter | None = None,
) -> AsyncIterator[Client]:
    """A client that shares the limit with all other runs; over a `transport` it has its own."""
    if limiter is None and transport is not None:
        limiter = RateLimiter(settings.rate, settings.rate_share, max_concurrent=settings.workers)
    with open_rate_limiter(settings) if limiter is None else nullcontext(limiter) as turns:
        async with Client(settings, turns, transport=transport, observer=observer) as client:
            yield client


@contextmanager
def heartbeat(client: Client, progress: Ticker, look: Callable[[], None]) -> Iterator[None]:
    """Call `look`, and let `progress` hear of waits, once a second."""
    task = asyncio.get_running_loop().create_task(_tick(client, progress, look))
    try:
        yield
    finally:
        task.cancel()


async def _tick(client: Client, progress: Ticker, look: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        look()
        progress.tick(client.limiter.wait_seconds(), client.retry_reason)
