"""One session with HeyX: a client that shares the limit, and what it sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from heyx_bulk.api.client import Client, Transport
from heyx_bulk.errors import Stopped
from heyx_bulk.models.call_records import CallObserver
from heyx_bulk.rate_limit.limiter import RateLimiter, open_rate_limiter
from heyx_bulk.settings.environment import Settings


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What one session sent: calls, those of them HeyX refused as too many, seconds, and what ended it early."""

    calls: int
    throttled: int
    seconds: float
    stopped: Stopped | None = None


@asynccontextmanager
async def open_session(
    settings: Settings,
    transport: Transport | None = None,
    observer: CallObserver | None = None,
    limiter: RateLimiter | None = None,
) -> AsyncIterator[Client]:
    """A client that shares the limit with all other runs; over a `transport` it has its own."""
    if limiter is None and transport is not None:
        limiter = RateLimiter(settings.rate, settings.rate_share, max_concurrent=settings.workers)
    with open_rate_limiter(settings) if limiter is None else nullcontext(limiter) as shared:
        async with Client(settings, shared, transport=transport, observer=observer) as client:
            yield client
