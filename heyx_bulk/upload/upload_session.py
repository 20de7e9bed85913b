"""A session of an upload: a client for a run, its rows sent, and what that came to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from heyx_bulk.api.call_log import open_call_log
from heyx_bulk.api.client import Client, Transport
from heyx_bulk.api.session import SessionSummary, open_session
from heyx_bulk.errors import CallFailed, Rejected, Stopped, Unreachable
from heyx_bulk.models.calls import ReadContact
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.results import count_open
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.channel_cache import Cache, ChannelCache
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.canary import Canary
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.options import RunOptions
from heyx_bulk.upload.row_worker import OnPlanned
from heyx_bulk.upload.sender import RowSender


def send(
    run: Run, settings: Settings, run_options: RunOptions, events: UploadEvents, *, dry_run: bool = False
) -> SessionSummary:
    """Send what a run still has to send; `SessionSummary.stopped` says what ended it early.

    In a dry run contacts are looked up, and nothing is written; what ends it early is raised.
    """
    checkpoint = run.checkpoint
    totals = checkpoint.queries.totals()
    rows = sum(totals.values())
    with ExitStack() as stack:
        log = stack.enter_context(open_call_log(run_options.log, checkpoint.info.run_id))
        remembered = ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache)
        monitor = StopMonitor(run_options.stops, open_between=checkpoint.queries.open_between)
        recorder = CallRecorder(
            monitor, checkpoint=None if dry_run else checkpoint, log=log, started=events.on_client
        )
        sent = asyncio.run(
            send_rows(
                run,
                settings,
                progress=events.progress(rows, rows - count_open(totals)),
                on_planned=events.on_row_plan if dry_run else None,
                cache=stack.enter_context(remembered),
                recorder=recorder,
                work=rows_to_send(run, run_options, events),
            )
        )
    if dry_run and sent.stopped is not None:
        raise sent.stopped
    events.on_sent(sent)
    return sent


def rows_to_send(
    run: Run, run_options: RunOptions, events: UploadEvents
) -> Callable[[RowSender], Awaitable[None]]:
    """What the sender is asked to do: all rows, or a few first, as a canary."""
    return Canary(run, run_options.canary, say=events.say) if run_options.canary else RowSender.run


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


async def send_rows(  # noqa: PLR0913 - each replaces or accompanies one part of a start
    run: Run,
    settings: Settings,
    *,
    progress: Progress,
    transport: Transport | None = None,
    on_planned: OnPlanned | None = None,
    cache: Cache | None = None,
    recorder: CallRecorder | None = None,
    limiter: RateLimiter | None = None,
    work: Callable[[RowSender], Awaitable[None]] = RowSender.run,
) -> SessionSummary:
    """Send what a run still has to send, and say what was sent.

    `cache` knows what other runs create, `recorder` hear of every call and may end the work, `transport` replaces
    the network, `limiter` the limit that all runs of this machine share; `work` is what the upload is asked to do.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    stopped: Stopped | None = None
    recorder = recorder or CallRecorder()
    async with open_session(settings, transport, recorder, limiter) as client:
        try:
            with recorder.session(client, progress):
                await work(
                    RowSender(
                        run,
                        client,
                        workers=settings.workers,
                        reconcile_delay=settings.reconcile_delay,
                        ready_seconds=settings.ready_seconds,
                        report=recorder.monitor.observing(progress.report),
                        on_planned=on_planned,
                        cache=cache,
                    )
                )
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
            raise Unreachable(f"{failure.what}.", "Give the same command again later.") from None
        return True
