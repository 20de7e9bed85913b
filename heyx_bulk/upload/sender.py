"""The rows of a run, sent by workers side by side until every row has its outcome."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from heyx_bulk.api.client import Client
from heyx_bulk.errors import Stopped, UnconfirmedCreate
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.planning.reconcile import manual_check
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.channel_cache import Cache
from heyx_bulk.storage.cache.contact_index import ContactIndex
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.row_worker import OnPlanned, RowWorker

ROUNDS = 5
"""How often in one session a row's create may go unanswered before the row is left uncertain."""


class RowQueue:
    """Rows in their order; one that shares a key value with an earlier row waits until that is done."""

    def __init__(self, checkpoint: Checkpoint, records: Iterable[RowRecord]) -> None:
        self._checkpoint = checkpoint
        self._records: Iterator[RowRecord] = iter(records)
        self._behind: dict[int, list[int]] = {}
        self._released: deque[int] = deque()
        self._busy = 0
        self._changed = asyncio.Event()

    async def next(self) -> RowRecord | None:
        """The next row that can be worked on; None when there is none left that this queue can free."""
        while (record := self._take()) is None:
            if not (self._behind and self._busy):
                return None
            self._changed.clear()
            await self._changed.wait()
        self._busy += 1
        return record

    def release(self, number: int) -> None:
        """The row `number` is out of a worker's hands, done or not."""
        self._busy -= 1
        self._released += self._behind.pop(number, ())
        self._changed.set()

    def _take(self) -> RowRecord | None:
        released = (self._checkpoint.queue.row(self._released.popleft()) for _ in range(len(self._released)))
        for record in chain(released, self._records):
            earlier = self._checkpoint.queue.blocked_by(record.number)
            if earlier is None:
                return record
            self._behind.setdefault(earlier, []).append(record.number)
        return None


class RowSender:
    """Sends a run's rows through a client.

    Every outcome is in the checkpoint before it is reported. A create that went unanswered is looked for after the
    settings' `reconcile_delay` at the earliest. With `on_planned`, nothing is written to HeyX: the contact of each
    row is looked up, `on_planned` is given its writes, and the outcome is what they would make of it.
    """

    def __init__(
        self,
        run: Run,
        client: Client,
        settings: Settings,
        *,
        report: Callable[[Outcome], None],
        on_planned: OnPlanned | None = None,
        cache: Cache | None = None,
        index: ContactIndex | None = None,
    ) -> None:
        self._run = run
        self._queue = run.checkpoint.queue
        self._settings = settings
        self._report = report
        self._worker = RowWorker(
            run, client, settings.ready_seconds, on_planned=on_planned, cache=cache, index=index
        )
        self._unconfirmed_at: dict[int, float] = {}
        self.client = client

    async def run(self, among: frozenset[int] | None = None) -> None:
        """Work until every row, or every row `among` these numbers, has its outcome.

        Raises the `Stopped` that ended the work before that.
        """

        def these(records: Iterable[RowRecord]) -> Iterable[RowRecord]:
            return records if among is None else (record for record in records if record.number in among)

        started_at = asyncio.get_running_loop().time()
        await self._drain(these(self._queue.open_rows()))
        for _ in range(ROUNDS):
            unconfirmed = list(these(self._queue.unconfirmed_creates()))
            if not unconfirmed or self.client.stopped:
                break
            await self._look_for(unconfirmed, started_at, then=these(self._queue.open_rows()))
        if self.client.stopped:
            raise self.client.stopped
        for record in these(self._queue.unconfirmed_creates()):
            self._leave_uncertain(record, f"{ROUNDS} creates went unanswered")
        await self._drain(these(self._queue.open_rows()))
        if self.client.stopped:
            raise self.client.stopped

    async def reconcile(self) -> None:
        """Only look for the contacts whose creates went unanswered: each is `created`, or `failed` if not there.

        For a run that is archived; needs `on_planned`, so that nothing is written.
        """
        if unconfirmed := self._queue.unconfirmed_creates():
            await self._look_for(unconfirmed, asyncio.get_running_loop().time(), then=())
        if self.client.stopped:
            raise self.client.stopped

    async def _look_for(self, unconfirmed: list[RowRecord], started_at: float, then: Iterable[RowRecord]) -> None:
        """Look for the contacts whose creates went unanswered, when they had time to appear."""
        for record in [record for record in unconfirmed if not self._run.can_be_looked_for(record)]:
            unconfirmed.remove(record)
            self._leave_uncertain(record, "its create went unanswered, and it has no key to look for it by")
        if not unconfirmed:
            return
        now = asyncio.get_running_loop().time()
        last = max(self._unconfirmed_at.get(record.number, started_at) for record in unconfirmed)
        with suppress(Stopped):
            await self.client.interruptible(asyncio.sleep(last + self._settings.reconcile_delay - now))
            numbers = {record.number for record in unconfirmed}
            await self._drain(chain(unconfirmed, (record for record in then if record.number not in numbers)))

    def _leave_uncertain(self, record: RowRecord, why: str) -> None:
        message = f"{why}. {manual_check(record.create_payload or ())}"
        self._finish(Outcome(record.number, Status.UNCERTAIN, None, message))

    async def _drain(self, records: Iterable[RowRecord]) -> None:
        queue = RowQueue(self._run.checkpoint, records)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._settings.workers):
                group.create_task(self._work(queue))

    async def _work(self, queue: RowQueue) -> None:
        while self.client.stopped is None and (record := await queue.next()) is not None:
            try:
                self._finish(await self._worker.work_on(record))
            except Stopped as reason:
                self.client.stop(reason)
            except UnconfirmedCreate:
                self._unconfirmed_at[record.number] = asyncio.get_running_loop().time()
            finally:
                queue.release(record.number)

    def _finish(self, outcome: Outcome) -> None:
        for number in self._queue.finish(outcome):
            self._report(replace(outcome, number=number))
