"""Rows waiting to be worked on: one line, shared by all workers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_record import RowRecord


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
        """The next row that can be worked on; None when there is none left that this line can free."""
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
