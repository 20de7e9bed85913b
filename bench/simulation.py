"""Time and peak memory of a whole rehearsal: 10,000 rows, 45 fields, 12 tags.

The reference, in the same run: the same number of calls through a bare `httpx.AsyncClient` to the same sandbox,
without plan, pace or journal. `python bench/simulation.py [ROWS]`
"""

from __future__ import annotations

import asyncio
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from heyx_bulk.sandbox import Sandbox, SandboxTransport

FIELDS = 45
TAGS = 12


def write_sheet(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["phone", "firstName", *(f"field {number}" for number in range(FIELDS - 2)), "tags"])
        tags = ";".join(f"tag {number}" for number in range(TAGS))
        for row in range(rows):
            fields = (f"value {number} of {row}" for number in range(FIELDS - 2))
            writer.writerow([f"+9232{row:08}", f"Name {row}", *fields, tags])


def rehearse(sheet: Path) -> tuple[float, float, dict[str, object]]:
    """Seconds, peak MB and totals of a rehearsal in a process of its own."""
    command = [sys.executable, "-m", "heyx_bulk", "upload", str(sheet), "--simulate", "--custom-fields", "--json"]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return seconds, peak, json.loads(done.stdout)


async def bare(calls: int) -> float:
    """Seconds for so many look-ups through a bare client, ten at once."""
    sandbox = Sandbox(limit=calls + 1)
    async with httpx.AsyncClient(transport=SandboxTransport(sandbox), base_url="http://sandbox/api") as http:

        async def worker(share: int) -> None:
            for number in range(share):
                await http.get(
                    f"/v1/contact/by_custom_field?name=phone&value={number}",
                    headers={"Authorization": "Bearer sandbox"},
                )

        began = time.perf_counter()
        await asyncio.gather(*(worker(calls // 10) for _ in range(10)))
        return time.perf_counter() - began


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "contacts.csv"
        write_sheet(sheet, rows)
        seconds, peak, told = rehearse(sheet)
    calls = int(str(told["calls"]))
    reference = asyncio.run(bare(calls))
    print(f"{rows:,} rows × {FIELDS} fields × {TAGS} tags: {told['totals']}, {calls:,} calls")
    print(f"  rehearsal       {seconds:7.1f} s   {peak:6.0f} MB at most")
    print(f"  bare client     {reference:7.1f} s")
    print(f"  ratio           {seconds / reference:7.2f}")


if __name__ == "__main__":
    main()
