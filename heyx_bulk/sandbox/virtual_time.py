"""Time that passes only when everybody waits: the event loop of a rehearsal.

Pace, backoff and settling wait by the running loop's clock alone, so under this loop a night's run takes as
long as its work, and `loop.time()` tells how long the night would have been.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


class _Skipping(selectors.BaseSelector):
    """A selector that never waits for the clock: it moves the clock instead."""

    def __init__(self, grace_seconds: float) -> None:
        self.now = 0.0
        self._grace_seconds = grace_seconds
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(None if timeout is None else min(timeout, self._grace_seconds))
        if not ready and timeout is not None and timeout > 0:
            self.now += timeout
        return ready

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop whose seconds cost nothing; for `asyncio.Runner(loop_factory=VirtualTime)`.

    Where real sockets are spoken to, `grace_seconds` of real time are given to them before the clock is moved.
    """

    def __init__(self, grace_seconds: float = 0.0) -> None:
        self._skipping = _Skipping(grace_seconds)
        super().__init__(self._skipping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._skipping.now
