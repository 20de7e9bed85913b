"""A start: a client for a run, its rows sent, and what that came to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from heyx_bulk.api.client import Transport
from heyx_bulk.api.session import heartbeat, open_session
from heyx_bulk.errors import CallFailed, Rejected, Stopped, Unreachable
from heyx_bulk.models.calls import ReadContact
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.settings import Settings
from heyx_bulk.storage.cache.channel_cache import Cache
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.row_worker import OnPlanned
from heyx_bulk.upload.sender import RowSender


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What one start sent: calls, those of them HeyX refused as too many, seconds, and what ended it early."""

    calls: int
    throttled: int
    seconds: float
    stopped: Stopped | None


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
            with recorder.session(client), heartbeat(client, progress, recorder.monitor.check_time):
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
