"""The audit of a run: calls are recorded as they leave, and the totals of calls and rows must agree."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from heyx_bulk.api.call_log import CallLog
from heyx_bulk.api.client import Client
from heyx_bulk.errors import Stopped
from heyx_bulk.models.call_records import CallAttempt, CallDescription, CallObserver, CallOutcome, CallResult
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint

TICK_SECONDS = 1.0


class CallRecorder(CallObserver):
    """Records the calls of one session in the checkpoint and the log, as far as these are given.

    `started` is called with the client, whose `stop` ends the work; `clock` gives epoch seconds.
    """

    def __init__(
        self,
        monitor: StopMonitor | None = None,
        *,
        checkpoint: Checkpoint | None = None,
        log: CallLog | None = None,
        started: Callable[[Client], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.monitor = monitor or StopMonitor()
        self._calls = checkpoint.calls if checkpoint is not None else None
        self._log = log
        self._started = started
        self._clock = clock
        self._session = 0
        self._is_incomplete = False

    @contextmanager
    def session(self, client: Client, progress: Progress) -> Iterator[None]:
        """Record one session of `client`; tell `progress` of waits every second.

        If a result could not be recorded, the session stays open like a killed one.
        """
        loop = asyncio.get_running_loop()
        self.monitor.begin(client.stop, loop.time)
        if self._calls is not None:
            self._session = self._calls.start_session(self._clock())
        self._started(client)
        ticking = loop.create_task(self._tick(client, progress))
        stopped = None
        try:
            yield
        except Stopped as reason:
            stopped = reason
        finally:
            ticking.cancel()
        if self._calls is not None and not self._is_incomplete:
            why = client.stopped.what if client.stopped is not None else ""
            self._calls.end_session(self._session, self._clock(), client.calls, why)
        if stopped is not None:
            raise stopped

    async def _tick(self, client: Client, progress: Progress) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                self.monitor.check_time()
            except Stopped as reason:
                client.stop(reason)
            progress.tick(client.limiter.wait_seconds(), client.retry_reason, client.calls)

    def before_send(self, asked: CallDescription) -> None:
        """Raise the `Stopped` that keeps a call from being sent, if there is one."""
        self.monitor.before_send(asked.kind)

    def on_send(self, attempt: CallAttempt) -> int:
        """Record a call that leaves now; returns its number."""
        number = self._calls.record_send(self._session, attempt, self._clock()) if self._calls is not None else 0
        self.monitor.on_send(attempt.call.kind)
        return number

    def on_response(self, number: int, attempt: CallAttempt, came: CallResult) -> None:
        """Record the result of a call; raises `Stopped` if that is not possible."""
        if came.outcome is CallOutcome.UNDELIVERED:
            self.monitor.on_undelivered(attempt.call.kind)
        if self._calls is not None:
            try:
                self._calls.record_result(number, came)
            except Stopped:
                self._is_incomplete = True
                raise
        if self._log is not None:
            self._log.write(self._session, self._clock() - came.seconds, attempt, came)


def audit_errors(checkpoint: Checkpoint) -> list[str]:
    """Describe every discrepancy in the record of a run, one sentence each.

    Each row of the sheet must be in exactly one status. Every session that ended must have recorded as many calls
    as it counted, each with its result; of a killed session some results are unknown, which is no error.
    """
    rows = sum(checkpoint.queries.totals().values())
    wrong = []
    if rows != checkpoint.info.rows:
        wrong.append(f"the sheet has {checkpoint.info.rows} rows, the checkpoint {rows}")
    if misfits := checkpoint.queries.inconsistent_rows():
        wrong.append(f"rows without exactly one status: {', '.join(map(str, misfits))}")
    recorded: Counter[int] = Counter()
    unknown: Counter[int] = Counter()
    for (session, _, outcome), number in checkpoint.calls.counts().items():
        recorded[session] += number if outcome is not CallOutcome.UNDELIVERED else 0
        unknown[session] += number if outcome is CallOutcome.UNKNOWN else 0
    for one in checkpoint.calls.sessions():
        name, calls = f"session {one.number}", recorded[one.number]
        if one.ended_at is not None and calls != one.calls:
            wrong.append(f"{name} counted {one.calls:,} calls and recorded {calls:,}")
        if one.ended_at is not None and unknown[one.number]:
            wrong.append(f"{name} ended, and {unknown[one.number]:,} of its calls have no answer")
    return wrong
