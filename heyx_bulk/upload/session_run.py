"""A start: a client for a run, its rows sent, and what that came to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from heyx_bulk.api.client import Transport
from heyx_bulk.api.session import speaking, ticking
from heyx_bulk.errors import CallFailed, Refused, Stopped, Unreachable
from heyx_bulk.models.calls import ReadContact
from heyx_bulk.rate_limit.limiter import Pace
from heyx_bulk.reports.audit import Books
from heyx_bulk.reports.progress import Progress
from heyx_bulk.settings import Settings
from heyx_bulk.storage.cache.channel_cache import Memory
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.sender import Planned, Upload


@dataclass(frozen=True, slots=True)
class Sent:
    """What one start sent: calls, those of them HeyX refused as too many, seconds, and what ended it early."""

    calls: int
    refused: int
    seconds: float
    stopped: Stopped | None


async def upload(  # noqa: PLR0913 - each replaces or accompanies one part of a start
    run: Run,
    settings: Settings,
    *,
    progress: Progress,
    transport: Transport | None = None,
    planned: Planned | None = None,
    memory: Memory | None = None,
    books: Books | None = None,
    pace: Pace | None = None,
    work: Callable[[Upload], Awaitable[None]] = Upload.run,
) -> Sent:
    """Send what a run still has to send, and say what was sent.

    `memory` knows what other runs create, `books` hear of every call and may end the work, `transport` replaces
    the network, `pace` the limit that all runs of this machine share; `work` is what the upload is asked to do.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    stopped: Stopped | None = None
    books = books or Books()
    async with speaking(settings, transport, books, pace) as client:
        try:
            with books.kept(client), ticking(client, progress, books.watch.look):
                await work(
                    Upload(
                        run,
                        client,
                        workers=settings.workers,
                        settle_seconds=settings.settle,
                        ready_seconds=settings.ready,
                        report=books.watch.after(progress.report),
                        planned=planned,
                        memory=memory,
                    )
                )
        except Stopped as reason:
            stopped = reason
        finally:
            progress.close()
    return Sent(client.calls, client.refused_for_pace, loop.time() - began, stopped)


async def has_contact(settings: Settings, contact_id: str) -> bool:
    """Whether the channel of `settings` has the contact; raises `Stopped` where that cannot be found out."""
    async with speaking(settings) as client:
        try:
            await client.send(ReadContact(contact_id))
        except Refused:
            return False
        except CallFailed as failure:
            raise Unreachable(f"{failure.what}.", "Give the same command again later.") from None
        return True
