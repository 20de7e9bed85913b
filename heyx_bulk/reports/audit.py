"""The books of a run: every call that left is counted and recorded, every row has one status, and all adds up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from heyx_bulk.api.call_log import Log
from heyx_bulk.api.client import Client
from heyx_bulk.errors import Stopped
from heyx_bulk.models.call_records import Asked, Attempt, Came, Happened
from heyx_bulk.reports.stop_monitor import Watch
from heyx_bulk.storage.checkpoint.checkpoint import Journal


class Books:
    """Hears of every sending of one start: lets it leave, and writes it down, in the checkpoint and the log.

    Without `journal` nothing is written down (a rehearsal's checkpoint is thrown away). `started` is given the
    client, whose `stop` ends the work; `clock` tells epoch seconds.
    """

    def __init__(
        self,
        watch: Watch | None = None,
        *,
        journal: Journal | None = None,
        log: Log | None = None,
        started: Callable[[Client], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.watch = watch or Watch()
        self._calls = journal.calls if journal is not None else None
        self._log = log
        self._started = started
        self._clock = clock
        self._start = 0
        self._short = False

    @contextmanager
    def kept(self, client: Client) -> Iterator[None]:
        """Keep the books of one start, which `client` speaks for, from its beginning to its end."""
        self.watch.begin(client.stop, asyncio.get_running_loop().time)
        if self._calls is not None:
            self._start = self._calls.begin(self._clock())
        self._started(client)
        try:
            yield
        except Stopped:
            self._end(client)
            raise
        self._end(client)

    def permit(self, asked: Asked) -> None:
        """A call is about to leave; raises the `Stopped` that keeps it."""
        self.watch.permit(asked.kind)

    def leaving(self, attempt: Attempt) -> int:
        """It leaves now."""
        number = self._calls.leaving(self._start, attempt, self._clock()) if self._calls is not None else 0
        self.watch.sent(attempt.asked.kind)
        return number

    def came(self, number: int, attempt: Attempt, came: Came) -> None:
        """What came of it; raises `Stopped` where it cannot be written down."""
        if came.happened is Happened.UNDELIVERED:
            self.watch.returned(attempt.asked.kind)
        if self._calls is not None:
            try:
                self._calls.came(number, came)
            except Stopped:
                self._short = True
                raise
        if self._log is not None:
            self._log.write(self._start, self._clock() - came.seconds, attempt, came)

    def _end(self, client: Client) -> None:
        """Close the start's account; one that the disk kept short stays open, as if cut off."""
        if self._calls is not None and not self._short:
            why = client.stopped.what if client.stopped is not None else ""
            self._calls.end(self._start, self._clock(), client.calls, why)


def out_of_balance(journal: Journal) -> list[str]:
    """What does not add up in the books of a run, each a sentence; none where they balance.

    Each row of the sheet must be in exactly one status, and every start that ended must have recorded as many
    calls as it counted, each with what came of it. What a killed start had on its way is unknown, and no fault.
    """
    rows = sum(journal.totals().values())
    wrong = []
    if rows != journal.meta("rows"):
        wrong.append(f"the sheet has {journal.meta('rows')} rows, the checkpoint {rows}")
    if misfits := journal.account.misfits():
        wrong.append(f"rows without exactly one status: {', '.join(map(str, misfits))}")
    counts = journal.calls.counts()
    for start in journal.calls.starts():
        if start.ended is None:
            continue
        came = dict.fromkeys(Happened, 0)
        for (number, _, what), count in counts.items():
            if number == start.number:
                came[what] += count
        recorded = sum(came.values()) - came[Happened.UNDELIVERED]
        if recorded != start.calls:
            wrong.append(f"start {start.number} counted {start.calls:,} calls and recorded {recorded:,}")
        if came[Happened.UNKNOWN]:
            wrong.append(f"start {start.number} ended, and {came[Happened.UNKNOWN]:,} of its calls have no answer")
    return wrong
