"""A session of an upload: a client for a run, its rows sent, and what that came to; with HeyX or a sandbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from heyx_bulk.api.call_log import open_call_log
from heyx_bulk.api.client import Client, SessionSummary, Transport, open_session
from heyx_bulk.errors import CallFailed, Rejected, Stopped, Unreachable
from heyx_bulk.models.calls import FindContacts, ReadContact
from heyx_bulk.models.contacts import Outcome
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults, Sandbox, SandboxTransport
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.channel_cache import Cache, ChannelCache
from heyx_bulk.storage.cache.contact_index import ContactIndex
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.canary import Canary
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.options import RunOptions
from heyx_bulk.upload.row_worker import OnPlanned
from heyx_bulk.upload.sender import RowSender

ANSWER_SECONDS = 0.3
"""How long HeyX takes to answer, in the simulation's time."""

TOKEN = "simulation"  # noqa: S105  opens only the sandbox
"""The token of the sandbox."""


def send(
    run: Run,
    settings: Settings,
    run_options: RunOptions,
    events: UploadEvents,
    *,
    on_planned: OnPlanned | None = None,
    simulated: bool = False,
    index: ContactIndex | None = None,
) -> SessionSummary:
    """Send what a run still has to send; `SessionSummary.stopped` says what ended it early.

    With `on_planned`, contacts are looked up, and nothing is written; what ends that early is raised. A simulated
    run goes to a sandbox in virtual time, which has a contact for each id in the sheet: its checkpoint is thrown
    away, and the settings' token must be `TOKEN`. A time of day that ends it is that of a run that begins now.
    Look-ups that `index` answers are not sent.
    """
    checkpoint = run.checkpoint
    totals = checkpoint.queries.totals()
    rows, still_open = sum(totals.values()), count_open(totals)
    with ExitStack() as stack:
        log = stack.enter_context(open_call_log(run_options.log, checkpoint.info.run_id))
        runner = stack.enter_context(asyncio.Runner(loop_factory=VirtualTime if simulated else None))
        clock, cache, transport = time.time, None, None
        if simulated:
            loop_time = runner.get_loop().time
            began = time.time() - loop_time()
            clock = lambda: began + loop_time()  # noqa: E731  one clock for both
            transport = _sandbox(run, settings, loop_time)
            progress = events.progress(still_open, 0)
        else:
            cache = stack.enter_context(ChannelCache.of(settings))
            progress = events.progress(rows, rows - still_open)
        monitor = StopMonitor(run_options.stops, open_between=checkpoint.queries.open_between, clock=clock)
        recorder = CallRecorder(
            monitor,
            checkpoint=None if on_planned or simulated else checkpoint,
            log=log,
            started=(lambda _: None) if simulated else events.on_client,
            clock=clock,
        )
        sent = runner.run(
            send_rows(
                run,
                settings,
                progress=progress,
                transport=transport,
                on_planned=on_planned,
                cache=cache,
                index=index,
                recorder=recorder,
                work=Canary(run, run_options.canary, say=events.say) if run_options.canary else RowSender.run,
            )
        )
    if on_planned and sent.stopped is not None:
        raise sent.stopped
    events.on_sent(sent)
    return sent


def reconcile_run(run: Run, settings: Settings, progress: Progress, on_client: Callable[[Client], None]) -> None:
    """Only look for the contacts of a run whose creates went unanswered. Raises the `Stopped` that ended it."""
    recorder = CallRecorder(checkpoint=run.checkpoint, started=on_client)
    work = send_rows(
        run,
        settings,
        progress=progress,
        on_planned=lambda *_: None,
        recorder=recorder,
        work=RowSender.reconcile,
    )
    if (sent := asyncio.run(work)).stopped is not None:
        raise sent.stopped


async def send_rows(  # noqa: PLR0913 - each replaces or accompanies one part of a session
    run: Run,
    settings: Settings,
    *,
    progress: Progress,
    transport: Transport | None = None,
    on_planned: OnPlanned | None = None,
    cache: Cache | None = None,
    index: ContactIndex | None = None,
    recorder: CallRecorder | None = None,
    limiter: RateLimiter | None = None,
    work: Callable[[RowSender], Awaitable[None]] = RowSender.run,
) -> SessionSummary:
    """Send what a run still has to send.

    `cache` knows what other runs create, `index` answers look-ups, `recorder` hears of every call and may end the
    work, `transport` replaces the network, `limiter` the limit that all runs of this machine share; `work` is what
    the sender does.
    """
    loop = asyncio.get_running_loop()
    began, stopped = loop.time(), None
    recorder = recorder or CallRecorder()

    def report(outcome: Outcome) -> None:
        progress.report(outcome)
        recorder.monitor.on_outcome(outcome)

    async with open_session(settings, transport, recorder, limiter) as client:
        try:
            with recorder.session(client, progress):
                sender = RowSender(
                    run, client, settings, report=report, on_planned=on_planned, cache=cache, index=index
                )
                await work(sender)
        except Stopped as reason:
            stopped = reason
        finally:
            progress.close()
    return SessionSummary(client.calls, client.throttled_calls, loop.time() - began, stopped)


async def has_contact(settings: Settings, contact_id: str) -> bool:
    """Whether the channel of `settings` has the contact; raises `Stopped` where that cannot be found out."""
    async with open_session(settings) as client:
        try:
            await client.send(ReadContact(contact_id))
        except Rejected:
            return False
        except CallFailed as failure:
            raise Unreachable(f"{failure.what}.", "Run the same command again later.") from None
        return True


async def try_channel(settings: Settings, started: Callable[[Client], None]) -> None:
    """Make one call that changes nothing, to see whether HeyX accepts the token; raises `Stopped` if not."""
    async with open_session(settings) as client:
        started(client)
        try:
            await client.send(FindContacts("email", "heyx-bulk@example.com"))
        except Rejected:
            return
        except CallFailed as failure:
            raise Unreachable(f"{failure.what}.", "Run the same command again later.") from None


def _sandbox(run: Run, settings: Settings, clock: Callable[[], float]) -> SandboxTransport:
    rate = settings.rate
    faults = Faults(viber=settings.viber)
    sandbox = Sandbox(faults, tokens=(TOKEN,), limit=rate.calls, window_seconds=rate.window_seconds, clock=clock)
    for row in run.open_rows():
        if row.id is not None:
            sandbox.add({}, (), id=row.id)
    return SandboxTransport(sandbox, latency=ANSWER_SECONDS)
