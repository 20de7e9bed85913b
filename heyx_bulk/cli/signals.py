"""Ctrl-C once: calls in flight finish. Twice: the program stops immediately."""

from __future__ import annotations

import asyncio
import os
import signal
from types import FrameType
from typing import Self

from heyx_bulk.api.client import Client
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.ending import HEARD
from heyx_bulk.errors import Interrupted

_HANG_UP = getattr(signal, "SIGHUP", None)


class Signals:
    """While this context lasts, Ctrl-C, a SIGTERM and a closed terminal stop the client that was attached.

    A second signal is like a power cut, which a run survives as well; but a closed terminal sends its signal more
    than once. Under `nohup` the program outlives its terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._times = 0
        self._client: Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        ignored = {number for number in HEARD if signal.getsignal(number) is signal.SIG_IGN}
        self._before = {number: signal.signal(number, self._heard) for number in HEARD if number not in ignored}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def attach(self, client: Client) -> None:
        """Let signals stop `client`; called inside its event loop."""
        self._times = 0
        self._client = client
        self._loop = asyncio.get_running_loop()

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self._client is None or self._loop is None or self._loop.is_closed():
            raise Interrupted(number)
        if self._times and number == _HANG_UP:
            return
        self._times += 1
        if self._times > 1:
            stopped = Interrupted(number, "Stopped immediately.")
            self._tell(" ".join((stopped.what, stopped.remedy)))
            self._console.invocation.blame(stopped)
            self._console.invocation.write(stopped.exit_code)
            os._exit(stopped.exit_code)
        self._tell("Stopping after the calls in flight. Press Ctrl-C again to stop immediately.")
        if self._client.stopped is None:
            self._client.stopped = Interrupted(number)
        self._loop.call_soon_threadsafe(self._client.wake)

    def _tell(self, text: str) -> None:
        self._console.error(f"\n{text}")
