"""A process that takes turns of a shared budget: `python -m tests.pace_child PLACE CALLS WINDOW SECONDS LOG`.

`PLACE` is a budget's file, or a Redis' address. Each call takes 10 to 30 ms; a line of the log holds when it was
granted and when it was answered, by the machine's own clock. It can be killed at any time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from random import Random

from heyx_bulk.rate_limit.bucket import Budget
from heyx_bulk.rate_limit.limiter import Pace
from heyx_bulk.rate_limit.redis_bucket import FleetBudget
from heyx_bulk.rate_limit.sqlite_bucket import MachineBudget
from heyx_bulk.settings import Rate

WORKERS = 4
TIMEOUT_SECONDS = 0.2


def budget(place: str, rate: Rate) -> Budget:
    """The budget that is kept in a place."""
    if place.startswith("redis:"):
        return FleetBudget(place, "channel", rate, timeout_seconds=TIMEOUT_SECONDS)
    return MachineBudget(Path(place), rate, timeout_seconds=TIMEOUT_SECONDS)


async def work(pace: Pace, until: float, log: Path) -> None:
    """Take turns until a moment."""
    chance = Random()  # noqa: S311  traffic is no secret
    with log.open("a", encoding="ascii") as file:

        async def worker() -> None:
            while time.monotonic() < until:
                turn = await pace.turn()
                granted = time.monotonic()
                await asyncio.sleep(chance.uniform(0.01, 0.03))
                file.write(f"{granted} {time.monotonic()}\n")
                file.flush()
                pace.settle(turn)

        await asyncio.gather(*(worker() for _ in range(WORKERS)))


def main() -> None:
    place, calls, window, seconds, log = sys.argv[1:]
    rate = Rate(int(calls), float(window))
    shared = budget(place, rate)
    try:
        asyncio.run(work(Pace(rate, budget=shared), time.monotonic() + float(seconds), Path(log)))
    finally:
        shared.close()


if __name__ == "__main__":
    main()
