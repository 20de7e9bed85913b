"""An event loop for simulations, whose time passes only while all tasks wait.

Rate limiter, backoff and delays wait by the running loop's clock alone. Under this loop a run of a night takes as
long as its computations, and `loop.time()` says how long the night would have been.
"""

from __future__ import annotations

import asyncio
import selectors


class _SkippingSelector(selectors.DefaultSelector):
    """A selector that moves its clock instead of waiting for it."""

    def __init__(self, grace_seconds: float) -> None:
        super().__init__()
        self.now = 0.0
        self._grace_seconds = grace_seconds

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(None if timeout is None else min(timeout, self._grace_seconds))
        if not ready and timeout is not None and timeout > 0:
            self.now += timeout
        return ready


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop in virtual time, for `asyncio.Runner(loop_factory=VirtualTime)`.

    Real sockets get `grace_seconds` of real time before the clock is moved.
    """

    def __init__(self, grace_seconds: float = 0.0) -> None:
        self._skipping = _SkippingSelector(grace_seconds)
        super().__init__(self._skipping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._skipping.now
