"""A whole run against a sandbox inside the process: no token, no waiting, nothing left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from heyx_bulk.api.call_log import Log
from heyx_bulk.reports.audit import Books
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_conditions import NONE, Stops
from heyx_bulk.reports.stop_monitor import Watch
from heyx_bulk.sandbox import Misbehaviour, Sandbox, SandboxTransport
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings import Settings
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.sender import Upload
from heyx_bulk.upload.session_run import Sent, upload

ANSWER_SECONDS = 0.3
"""How long HeyX takes to answer, in the rehearsal's time."""

TOKEN = "rehearsal"  # noqa: S105  opens only the sandbox
"""The token of the sandbox."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal came to: totals by status, and what was sent in how many of HeyX's seconds."""

    totals: dict[str, int]
    sent: Sent


def rehearse(
    run: Run,
    settings: Settings,
    progress: Progress,
    *,
    stops: Stops = NONE,
    log: Log | None = None,
    work: Callable[[Upload], Awaitable[None]] = Upload.run,
) -> Rehearsed:
    """Send a run, staged into a checkpoint that is thrown away, to a sandbox in virtual time.

    The sandbox has a contact for each id in the sheet; the settings' token must be `TOKEN`. A time of day that
    ends it is that of a run that begins now; `work` is what the upload is asked to do.
    """
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        clock = runner.get_loop().time
        began = time.time() - clock()
        wall = lambda: began + clock()  # noqa: E731  one clock for both
        watch = Watch(stops, open_between=run.journal.account.open_between, clock=wall)
        books = Books(watch, log=log, clock=wall)
        heyx = _heyx(run, settings, clock)
        sent = runner.run(upload(run, settings, progress=progress, transport=heyx, books=books, work=work))
    return Rehearsed(run.journal.totals(), sent)


def _heyx(run: Run, settings: Settings, clock: Callable[[], float]) -> SandboxTransport:
    rate = settings.rate
    behaves = Misbehaviour(viber=settings.viber)
    sandbox = Sandbox(behaves, tokens=(TOKEN,), limit=rate.calls, window_seconds=rate.window_seconds, clock=clock)
    for row in run.open_rows():
        if row.id is not None:
            sandbox.add({}, (), id=row.id)
    return SandboxTransport(sandbox, latency=ANSWER_SECONDS)
