"""The books of a run: every call that left is counted and recorded, every row has one status, and all adds up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from heyx_bulk.api.call_log import CallLog
from heyx_bulk.api.client import Client
from heyx_bulk.errors import Stopped
from heyx_bulk.models.call_records import CallAttempt, CallDescription, CallOutcome, CallResult
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_conditions import StopMonitor
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint

TICK_SECONDS = 1.0


class CallRecorder:
    """Hears of every sending of one start: lets it leave, and writes it down, in the checkpoint and the log.

    Without `checkpoint` nothing is written down (a rehearsal's checkpoint is thrown away). `started` is given the
    client, whose `stop` ends the work; `clock` tells epoch seconds.
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
        self._start = 0
        self._short = False

    @contextmanager
    def session(self, client: Client, progress: Progress) -> Iterator[None]:
        """Record one session of `client` from its beginning to its end; `progress` hears of waits every second."""
        loop = asyncio.get_running_loop()
        self.monitor.begin(client.stop, loop.time)
        if self._calls is not None:
            self._start = self._calls.start_session(self._clock())
        self._started(client)
        ticking = loop.create_task(self._tick(client, progress))
        try:
            yield
        except Stopped:
            self._end(client)
            raise
        finally:
            ticking.cancel()
        self._end(client)

    async def _tick(self, client: Client, progress: Progress) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.monitor.check_time()
            progress.tick(client.limiter.wait_seconds(), client.retry_reason)

    def before_send(self, asked: CallDescription) -> None:
        """A call is about to leave; raises the `Stopped` that keeps it."""
        self.monitor.before_send(asked.kind)

    def on_send(self, attempt: CallAttempt) -> int:
        """It leaves now."""
        number = self._calls.record_send(self._start, attempt, self._clock()) if self._calls is not None else 0
        self.monitor.on_send(attempt.call.kind)
        return number

    def on_response(self, number: int, attempt: CallAttempt, came: CallResult) -> None:
        """What came of it; raises `Stopped` where it cannot be written down."""
        if came.outcome is CallOutcome.UNDELIVERED:
            self.monitor.on_undelivered(attempt.call.kind)
        if self._calls is not None:
            try:
                self._calls.record_result(number, came)
            except Stopped:
                self._short = True
                raise
        if self._log is not None:
            self._log.write(self._start, self._clock() - came.seconds, attempt, came)

    def _end(self, client: Client) -> None:
        """Close the start's account; one that the disk kept short stays open, as if cut off."""
        if self._calls is not None and not self._short:
            why = client.stopped.what if client.stopped is not None else ""
            self._calls.end_session(self._start, self._clock(), client.calls, why)


def audit_errors(checkpoint: Checkpoint) -> list[str]:
    """What does not add up in the books of a run, each a sentence; none where they balance.

    Each row of the sheet must be in exactly one status, and every start that ended must have recorded as many
    calls as it counted, each with what came of it. What a killed start had on its way is unknown, and no fault.
    """
    rows = sum(checkpoint.queries.totals().values())
    wrong = []
    if rows != checkpoint.info.rows:
        wrong.append(f"the sheet has {checkpoint.info.rows} rows, the checkpoint {rows}")
    if misfits := checkpoint.queries.inconsistent_rows():
        wrong.append(f"rows without exactly one status: {', '.join(map(str, misfits))}")
    counts = checkpoint.calls.counts()
    for start in checkpoint.calls.sessions():
        if start.ended_at is None:
            continue
        came = dict.fromkeys(CallOutcome, 0)
        for (number, _, what), count in counts.items():
            if number == start.number:
                came[what] += count
        recorded = sum(came.values()) - came[CallOutcome.UNDELIVERED]
        if recorded != start.calls:
            wrong.append(f"start {start.number} counted {start.calls:,} calls and recorded {recorded:,}")
        if came[CallOutcome.UNKNOWN]:
            wrong.append(
                f"start {start.number} ended, and {came[CallOutcome.UNKNOWN]:,} of its calls have no answer"
            )
    return wrong
