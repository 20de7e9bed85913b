"""Rows waiting to be worked on: one line, shared by all workers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.row_record import Entry


class Line:
    """Rows in their order; one that shares a key value with an earlier row waits until that is done."""

    def __init__(self, journal: Journal, entries: Iterable[Entry]) -> None:
        self._journal = journal
        self._entries: Iterator[Entry] = iter(entries)
        self._behind: dict[int, list[int]] = {}
        self._released: deque[int] = deque()
        self._busy = 0
        self._changed = asyncio.Event()

    async def next(self) -> Entry | None:
        """The next row that can be worked on; None when there is none left that this line can free."""
        while (entry := self._take()) is None:
            if not (self._behind and self._busy):
                return None
            self._changed.clear()
            await self._changed.wait()
        self._busy += 1
        return entry

    def leave(self, number: int) -> None:
        """The row `number` is out of a worker's hands, done or not."""
        self._busy -= 1
        self._released += self._behind.pop(number, ())
        self._changed.set()

    def _take(self) -> Entry | None:
        released = (self._journal.entry(self._released.popleft()) for _ in range(len(self._released)))
        for entry in chain(released, self._entries):
            earlier = self._journal.awaits(entry.number)
            if earlier is None:
                return entry
            self._behind.setdefault(earlier, []).append(entry.number)
        return None
