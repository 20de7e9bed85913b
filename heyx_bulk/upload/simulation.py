"""A whole run against a sandbox inside the process: no token, no waiting, nothing left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from heyx_bulk.api.call_log import open_call_log
from heyx_bulk.api.session import SessionSummary
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.results import count_open
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults, Sandbox, SandboxTransport
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.options import RunOptions
from heyx_bulk.upload.upload_session import rows_to_send, send_rows

ANSWER_SECONDS = 0.3
"""How long HeyX takes to answer, in the simulation's time."""

TOKEN = "simulation"  # noqa: S105  opens only the sandbox
"""The token of the sandbox."""


def simulate(
    run: Run, settings: Settings, run_options: RunOptions, events: UploadEvents, *, dry_run: bool = False
) -> SessionSummary:
    """Send a run to a sandbox in virtual time; its checkpoint is one that is thrown away.

    The sandbox has a contact for each id in the sheet; the settings' token must be `TOKEN`. A time of day that
    ends it is that of a run that begins now.
    """
    totals = run.checkpoint.queries.totals()
    with (
        open_call_log(run_options.log, run.checkpoint.info.run_id) as log,
        asyncio.Runner(loop_factory=VirtualTime) as runner,
    ):
        clock = runner.get_loop().time
        began = time.time() - clock()
        wall = lambda: began + clock()  # noqa: E731  one clock for both
        watch = StopMonitor(run_options.stops, open_between=run.checkpoint.queries.open_between, clock=wall)
        sent = runner.run(
            send_rows(
                run,
                settings,
                progress=events.progress(count_open(totals), 0),
                transport=_heyx(run, settings, clock),
                on_planned=events.on_row_plan if dry_run else None,
                recorder=CallRecorder(watch, log=log, clock=wall),
                work=rows_to_send(run, run_options, events),
            )
        )
    events.on_sent(sent)
    return sent


def _heyx(run: Run, settings: Settings, clock: Callable[[], float]) -> SandboxTransport:
    rate = settings.rate
    behaves = Faults(viber=settings.viber)
    sandbox = Sandbox(behaves, tokens=(TOKEN,), limit=rate.calls, window_seconds=rate.window_seconds, clock=clock)
    for row in run.open_rows():
        if row.id is not None:
            sandbox.add({}, (), id=row.id)
    return SandboxTransport(sandbox, latency=ANSWER_SECONDS)
