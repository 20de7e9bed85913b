"""Calls a second without a limit, and memory over 100,000 calls: against a bare `httpx.AsyncClient` loop.

Both read the same contact from a sandbox on loopback, in a process of its own, with the same number in flight; the
client with its shared count of calls in SQLite, its reading of answers and its care. They take turns, so that what
else the machine does falls on both. Memory is measured against a sandbox in the process, without the wire.
`python bench/client.py [CALLS]`
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from statistics import median

import httpx
import psutil
from rate_limit import TOKEN, Course, served

from heyx_bulk.api.client import Client, Transport
from heyx_bulk.models.calls import ReadContact
from heyx_bulk.rate_limit.limiter import open_rate_limiter
from heyx_bulk.sandbox import Sandbox, SandboxTransport
from heyx_bulk.settings.environment import Settings, validate_settings
from heyx_bulk.settings.rate import Rate

IN_FLIGHT = 10
ROUNDS = 5
ROUND_CALLS = 2_000
NO_LIMIT = Rate(1_000_000, 1.0)


async def ours(settings: Settings, calls: int, transport: Transport | None = None) -> tuple[float, list[float]]:
    """Calls a second, and the process's MB after each tenth of them."""
    left = iter(range(calls))
    megabytes = []
    process = psutil.Process()
    with open_rate_limiter(settings) as limiter:
        async with Client(settings, limiter, transport=transport) as client:

            async def worker() -> None:
                for number in left:
                    await client.send(ReadContact("7"))
                    if number % (calls // 10) == 0:
                        megabytes.append(process.memory_info().rss / 1e6)

            began = time.perf_counter()
            await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
            return calls / (time.perf_counter() - began), megabytes


async def bare(settings: Settings, calls: int) -> float:
    """Calls a second."""
    left = iter(range(calls))
    headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
    async with httpx.AsyncClient(headers=headers) as http:

        async def worker() -> None:
            for _ in left:
                (await http.get(f"{settings.url}/v1/contact/7")).json()

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return calls / (time.perf_counter() - began)


def here() -> Sandbox:
    """A sandbox in this process that refuses nothing."""
    sandbox = Sandbox(limit=1_000_000_000)
    sandbox.add({"firstName": "Mahin"}, id="7")
    return sandbox


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, served([Course.unlimited()]) as (url,):
        os.environ["HEYX_BULK_STATE"] = folder
        settings = validate_settings(url=url, token=TOKEN, rate=NO_LIMIT, workers=IN_FLIGHT)
        pairs = [
            (asyncio.run(ours(settings, ROUND_CALLS))[0], asyncio.run(bare(settings, ROUND_CALLS)))
            for _ in range(ROUNDS)
        ]
        print(f"{IN_FLIGHT} in flight, {ROUNDS} rounds of {ROUND_CALLS:,} calls: median calls a second")
        print(f"  client     {median(pair[0] for pair in pairs):7.0f}")
        print(f"  bare loop  {median(pair[1] for pair in pairs):7.0f}")
        print(f"  ratio      {median(pair[0] / pair[1] for pair in pairs):7.2f}")
        _, megabytes = asyncio.run(ours(settings, calls, SandboxTransport(here())))
        print(f"memory over {calls:,} calls, MB after each tenth: {', '.join(f'{mb:.0f}' for mb in megabytes)}")


if __name__ == "__main__":
    main()
