"""Time and peak memory of an export of many contacts, from a sandbox in a process of its own.

The reference, in the same run: the same pages read through a bare `httpx.AsyncClient`, as many at once, with
nothing kept and nothing written. `python bench/export.py [CONTACTS [OUT]]`
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from heyx_bulk.sandbox import Sandbox, SandboxServer

AT_ONCE = 20
CHANNEL = "bench"
FIELDS = 10


def serve(contacts: int) -> None:
    """A sandbox with so many contacts, until its standard input ends."""
    sandbox = Sandbox(tokens=(CHANNEL,), limit=10_000_000)
    for number in range(contacts):
        fields = {f"field {place}": f"value {place} of {number}" for place in range(FIELDS)}
        tags = [f"tag {place}" for place in range(number % 5)]
        sandbox.add({"firstName": f"Name {number}", "phone": f"+9230{number:08}", "list": "all", **fields}, tags)
    with SandboxServer(sandbox) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def exported(out: Path, url: str) -> tuple[float, float, dict[str, object]]:
    """Seconds, peak MB and totals of an export in a process of its own."""
    words = ["export", str(out), "--where", "list=all", "--rate", "10000/1s", "--json", "-q"]
    place = {"HEYX_URL": url, "HEYX_TOKEN": CHANNEL, "HEYX_BULK_STATE": str(out.parent / "state")}
    script = (
        "import resource, sys; from heyx_bulk.__main__ import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - began
    return seconds, int(done.stderr.split()[-1]) / 1024, json.loads(done.stdout)


async def bare(url: str, pages: int) -> float:
    """Seconds for so many pages through a bare client."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {CHANNEL}"}) as http:

        async def worker(first: int) -> None:
            for page in range(first, pages + 1, AT_ONCE):
                await http.get(f"{url}/v1/contact/by_custom_field?name=list&value=all&page={page}")

        began = time.perf_counter()
        await asyncio.gather(*(worker(first + 1) for first in range(AT_ONCE)))
        return time.perf_counter() - began


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    kind = sys.argv[2] if len(sys.argv) > 2 else "contacts.xlsx"
    words = [sys.executable, __file__, "serve", str(contacts)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child,
    ):
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        seconds, peak, told = exported(Path(folder) / kind, url)
        reference = asyncio.run(bare(url, -(-contacts // 10)))
        assert child.stdin is not None
        child.stdin.close()
    print(f"{told['contacts']:,} contacts, {told['calls']:,} calls into {kind}: {seconds:.1f} s, {peak:.0f} MB")
    print(f"a bare client reads the pages alone in {reference:.1f} s: ratio {seconds / reference:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        main()
