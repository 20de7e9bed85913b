"""A whole run against a sandbox inside the process: no token, no waiting, nothing left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from heyx_bulk.api.call_log import CallLog
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_conditions import NO_CONDITIONS, StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults, Sandbox, SandboxTransport
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings import Settings
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.sender import RowSender
from heyx_bulk.upload.session_run import SessionSummary, send_rows

ANSWER_SECONDS = 0.3
"""How long HeyX takes to answer, in the rehearsal's time."""

TOKEN = "rehearsal"  # noqa: S105  opens only the sandbox
"""The token of the sandbox."""


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What a rehearsal came to: totals by status, and what was sent in how many of HeyX's seconds."""

    totals: dict[str, int]
    sent: SessionSummary


def simulate(
    run: Run,
    settings: Settings,
    progress: Progress,
    *,
    stops: StopConditions = NO_CONDITIONS,
    log: CallLog | None = None,
    work: Callable[[RowSender], Awaitable[None]] = RowSender.run,
) -> SimulationResult:
    """Send a run, staged into a checkpoint that is thrown away, to a sandbox in virtual time.

    The sandbox has a contact for each id in the sheet; the settings' token must be `TOKEN`. A time of day that
    ends it is that of a run that begins now; `work` is what the upload is asked to do.
    """
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        clock = runner.get_loop().time
        began = time.time() - clock()
        wall = lambda: began + clock()  # noqa: E731  one clock for both
        watch = StopMonitor(stops, open_between=run.checkpoint.queries.open_between, clock=wall)
        recorder = CallRecorder(watch, log=log, clock=wall)
        heyx = _heyx(run, settings, clock)
        sent = runner.run(
            send_rows(run, settings, progress=progress, transport=heyx, recorder=recorder, work=work)
        )
    return SimulationResult(run.checkpoint.queries.totals(), sent)


def _heyx(run: Run, settings: Settings, clock: Callable[[], float]) -> SandboxTransport:
    rate = settings.rate
    behaves = Faults(viber=settings.viber)
    sandbox = Sandbox(behaves, tokens=(TOKEN,), limit=rate.calls, window_seconds=rate.window_seconds, clock=clock)
    for row in run.open_rows():
        if row.id is not None:
            sandbox.add({}, (), id=row.id)
    return SandboxTransport(sandbox, latency=ANSWER_SECONDS)
