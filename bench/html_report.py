"""The report of a large run: its size, and the time to make it. `python bench/html_report.py [ROWS] [FOLDER]`

The run is made with the sandbox in simulated time: three sessions with hours between them, calls refused as too
many (another program has the token), rows that fail, are invalid or uncertain. With FOLDER the report stays there.
"""

from __future__ import annotations

import asyncio
import csv
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from random import Random

from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import NO_FIELDS
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.html_report import write_report
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.results import write_failed
from heyx_bulk.reports.run_totals import totals_line
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults, Sandbox, SandboxTransport
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.environment import validate_settings
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import run_paths
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import map_sheet, stage
from heyx_bulk.upload.upload_session import send_rows

TOKEN = "sandbox"  # noqa: S105  opens only the sandbox
HEADER = ("Phone", "Email", "First Name", "Last Name", "City", "Birthday", "Tags")
CITIES = ("Lahore", "Karachi", "Köln", "São Paulo", "New York")
TAGS = ("Spring fair", "Newsletter", "VIP", "Lead", "Webinar May", "Platform updates", "Churned")
BEGAN = datetime(2026, 11, 24, 9, 4).timestamp()
SESSIONS = ((0.0, 0.45), (14 * 3600.0, 0.2), (3600.0, 1.0))
"""Hours of pause before a session, and the part of the expected calls that it ends after."""


def write_contacts(path: Path, rows: int) -> None:
    chance = Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row in range(rows):
            phone, email = f"+9230{row:08}", f"person{row}@example.com"
            if row % 83 == 1:
                email = "no address"
            if row % 131 == 1:
                phone = "1.78E+11"
            if row % 701 == 1:
                phone = email = ""
            if row % 211 == 1:
                phone = f"+9230{row - 1:08}"
            tags = ";".join(chance.sample(TAGS, chance.choice((0, 1, 1, 2, 3))))
            born = f"{chance.randint(1950, 2005)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"
            writer.writerow(
                [phone, email, f"Name {row}", f"Family {row % 977}", chance.choice(CITIES), born, tags]
            )


def make_run(folder: Path, rows: int) -> Path:
    """The checkpoint of the run."""
    sheet_path = folder / "contacts.csv"
    write_contacts(sheet_path, rows)
    sheet, options = open_sheet(sheet_path), UploadOptions(mapping=MappingOptions(custom_fields=True))
    paths = run_paths(sheet_path, None, None, excel=False)
    settings = validate_settings(token=TOKEN, workers=20)
    columns = map_sheet(sheet, options, NO_FIELDS)
    stage(
        sheet, options, paths.checkpoint, columns=columns, channel="", started_at="2026-11-24 09:04", durable=False
    )
    chance = Random(2)
    with (
        asyncio.Runner(loop_factory=VirtualTime) as runner,
        Checkpoint.open(paths.checkpoint, durable=False) as opened,
    ):
        loop = runner.get_loop()
        start = loop.time()
        opened.facts.command = 'heyx-bulk upload contacts.csv --custom-fields --add-tag "Spring fair"'
        opened.facts.files = {"results": str(paths.results), "failed": str(paths.failed)}
        faults = Faults(seed=3, errors_before=0.002, lose_create_answers=0.001, refuse_every=97)
        sandbox = Sandbox(faults, tokens=(TOKEN,), limit_headers=False, clock=loop.time)
        for row in range(0, rows, 4):
            sandbox.add({"phone": f"+9230{row:08}", "firstName": f"Name {row}", "City": "Lahore"})
        run = Run.from_checkpoint(opened)
        limiter = RateLimiter(settings.rate, max_concurrent=settings.workers)
        transport = SandboxTransport(sandbox, latency=lambda: 0.15 + chance.expovariate(6))

        def clock() -> float:
            return BEGAN + loop.time() - start

        async def other_program() -> None:
            for _ in range(3):
                await asyncio.sleep(1300)
                for _ in range(120):
                    sandbox.handle("GET", "/api/v1/contact/7", TOKEN, b"")

        async def session(pause: float, part: float) -> None:
            await asyncio.sleep(pause)
            other = asyncio.create_task(other_program())
            conditions = StopConditions(same_error=False, max_calls=max(10, round(3 * rows * part)))
            recorder = CallRecorder(StopMonitor(conditions, clock=clock), checkpoint=opened, clock=clock)
            await send_rows(
                run, settings, progress=Progress(), transport=transport, recorder=recorder, limiter=limiter
            )
            other.cancel()

        for pause, part in SESSIONS:
            runner.run(session(pause, part))
        write_failed(run, paths.failed)
        return paths.checkpoint


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 12_480
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]).absolute() if len(sys.argv) > 2 else Path(temporary)
        folder.mkdir(exist_ok=True)
        began = time.perf_counter()
        path = make_run(folder, rows)
        made = time.perf_counter() - began
        paths = run_paths(folder / "contacts.csv", None, None, excel=False)
        with Checkpoint.open(path) as checkpoint:
            run = Run.from_checkpoint(checkpoint)
            calls = sum(checkpoint.calls.counts().values())
            began = time.perf_counter()
            report = write_report(run, paths, failed=paths.failed)
            seconds = time.perf_counter() - began
            print(totals_line(checkpoint.queries.totals()), f"({calls:,} calls, simulated in {made:.0f} s)")
        print(f"  {report.name}: {report.stat().st_size / 1000:.1f} kB, made in {seconds:.2f} s")


if __name__ == "__main__":
    main()
