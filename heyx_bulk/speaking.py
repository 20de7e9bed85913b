"""HeyX, spoken to for the length of one start: the client, its share of the limit, and the second hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Protocol

from heyx_bulk.attempt import Witness
from heyx_bulk.client import Client, Transport
from heyx_bulk.pace import Pace, open_pace
from heyx_bulk.settings import Settings
from heyx_bulk.watch import Watch

TICK_SECONDS = 1.0


class Ticked(Protocol):
    """Hears once a second how long the next call waits, and why calls are repeated."""

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """A second has passed."""


@asynccontextmanager
async def speaking(
    settings: Settings,
    transport: Transport | None = None,
    witness: Witness | None = None,
    pace: Pace | None = None,
) -> AsyncIterator[Client]:
    """A client that shares the limit with all other runs; over a `transport` it has its own."""
    if pace is None and transport is not None:
        pace = Pace(settings.rate, settings.rate_share, most=settings.workers)
    with open_pace(settings) if pace is None else nullcontext(pace) as turns:
        async with Client(settings, turns, transport=transport, witness=witness) as client:
            yield client


@contextmanager
def ticking(client: Client, progress: Ticked, watch: Watch) -> Iterator[None]:
    """Let `watch` look at the time and `progress` hear of waits, once a second."""
    task = asyncio.get_running_loop().create_task(_tick(client, progress, watch))
    try:
        yield
    finally:
        task.cancel()


async def _tick(client: Client, progress: Ticked, watch: Watch) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        watch.look()
        progress.tick(client.pace.wait_seconds(), client.trouble)
