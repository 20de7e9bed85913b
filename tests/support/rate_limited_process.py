"""A process that sends calls under a shared limit.

`python -m tests.support.rate_limited_process PLACE CALLS WINDOW SECONDS LOG`

`PLACE` is a bucket's file, or a Redis' address. Each call takes 10 to 30 ms; a line of the log holds when it was
granted and when it was answered, by the machine's own clock. It can be killed at any time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from random import Random

from heyx_bulk.rate_limit.bucket import Bucket
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.rate_limit.redis_bucket import RedisBucket
from heyx_bulk.rate_limit.sqlite_bucket import SQLiteBucket
from heyx_bulk.settings.rate import Rate

WORKERS = 4
TIMEOUT_SECONDS = 0.2


def bucket(place: str, rate: Rate) -> Bucket:
    """The bucket that is kept in a place."""
    if place.startswith("redis:"):
        return RedisBucket(place, "channel", rate, timeout_seconds=TIMEOUT_SECONDS)
    return SQLiteBucket(Path(place), rate, timeout_seconds=TIMEOUT_SECONDS)


async def work(limiter: RateLimiter, until: float, log: Path) -> None:
    """Send calls until a moment."""
    chance = Random()  # noqa: S311  traffic is no secret
    with log.open("a", encoding="ascii") as file:

        async def worker() -> None:
            while time.monotonic() < until:
                name = await limiter.acquire()
                granted = time.monotonic()
                await asyncio.sleep(chance.uniform(0.01, 0.03))
                file.write(f"{granted} {time.monotonic()}\n")
                file.flush()
                limiter.complete(name)

        await asyncio.gather(*(worker() for _ in range(WORKERS)))


def main() -> None:
    place, calls, window, seconds, log = sys.argv[1:]
    rate = Rate(int(calls), float(window))
    shared = bucket(place, rate)
    try:
        asyncio.run(work(RateLimiter(rate, bucket=shared), time.monotonic() + float(seconds), Path(log)))
    finally:
        shared.close()


if __name__ == "__main__":
    main()
