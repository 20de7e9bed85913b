"""How every command ends: its errors as messages, its exit code, and its document."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

import typer

from heyx_bulk.cli.console import Console
from heyx_bulk.cli.invocation import Invocation
from heyx_bulk.errors import HeyxBulkError, Interrupted

USAGE_MISTAKE: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises where it does not understand a command line."""

HEARD = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
"""The signals that end a command, all with exit code 128 and their number."""


class Ending:
    """Everything that a command does is done in this context.

    An error of ours is printed in its two halves, a mistake in the command line as typer prints it. A bug goes on
    to the interpreter, which prints its traceback. In each case, and if all went well, the document is written.
    Signals raise `Interrupted` here, unless the command handles them itself (see `signals`).
    """

    def __enter__(self) -> Self:
        Console.invocation = Invocation()
        self._hearing = _hearing(_interrupt, *HEARD[1:])  # Ctrl-C raises KeyboardInterrupt, which prompts catch.
        self._hearing.__enter__()
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _hearing(signal.SIG_IGN, *HEARD):
            code = self._conclude(error)
        self._hearing.__exit__(None, None, None)
        if code is not None:
            raise typer.Exit(code) from None

    def _conclude(self, error: BaseException | None) -> int | None:
        """Print how the command ended; the exit code, or None for an error that is not for us to handle."""
        invocation = Console.invocation
        match error:
            case None:
                return None
            case typer.Exit():
                if invocation.is_running:
                    invocation.write(error.exit_code)
                return error.exit_code
            case HeyxBulkError() | KeyboardInterrupt():
                known = error if isinstance(error, HeyxBulkError) else Interrupted(signal.SIGINT)
                Console().fail(known)
                invocation.write(known.exit_code)
                return known.exit_code
            case _ if isinstance(error, USAGE_MISTAKE):
                return _refuse(invocation, error)
        bug = HeyxBulkError(
            f"A bug in heyx-bulk: {type(error).__name__}.",
            "Please report it, with the traceback on standard error.",
        )
        invocation.blame(bug)
        invocation.write(bug.exit_code)
        return None


def _refuse(invocation: Invocation, mistake: Any) -> int:
    mistake.show()
    path = f"heyx-bulk {invocation.command}".strip()
    invocation.blame(HeyxBulkError(mistake.format_message(), f"For the options of the command:\n  {path} --help"))
    invocation.write(mistake.exit_code)
    code: int = mistake.exit_code
    return code


def _interrupt(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)


@contextmanager
def _hearing(handler: Any, *numbers: signal.Signals) -> Iterator[None]:
    """Handle signals so while this context lasts, but for those that the program was started to ignore."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: old for number, old in before.items() if old is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
