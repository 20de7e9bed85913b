"""A log of calls for engineers: one line of JSON for each call, with ids hashed and without values."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from heyx_bulk.errors import DISK_FULL_ERRNOS, DiskFull, SettingsError, WriteError
from heyx_bulk.models.call_records import FIND, CallAttempt, CallResult
from heyx_bulk.models.option import option


@dataclass(frozen=True, slots=True)
class CallLogOptions:
    """Where every call is logged, if anywhere, and whether with `values`."""

    path: Path | None = option(
        "--log", metavar="FILE", help="Append a line of JSON for each call; ids hashed, no values."
    )
    values: bool = option("--log-values", default=False, help="With --log: ids and values as they are.")


class CallLog:
    """Appends to a file that its owner alone can read.

    Contact ids are hashed under the name of the `run`, of which the log tells only the beginning, so that nobody
    can try out ids. With values they stand as they are, beside the values sent and HeyX's own words. Use in a
    `with` block. Raises `WriteError` where the file cannot be written at the start, `DiskFull` later.
    """

    def __init__(self, path: Path, *, run: str, values: bool = False) -> None:
        self._path = path
        self._values = values
        self._run = run

    def __enter__(self) -> Self:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise WriteError(
                f"The log {self._path} cannot be written: {error.strerror}.", "Name another file: --log FILE."
            ) from None
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, session: int, at: float, attempt: CallAttempt, result: CallResult) -> None:
        """Write one attempt: what was asked, and what came of it."""
        call = attempt.call
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "run": self._run[:8],
            "start": session,
            "row": attempt.row,
            "call": call.kind,
            "contact": self._id(call.contact_id),
            "items": len(call.items),
            "attempt": attempt.number,
            "waited": round(attempt.waited_seconds, 3),
            "seconds": round(result.seconds, 3),
            "status": result.status,
            "happened": result.outcome,
        }
        if call.kind == FIND:
            line["field"] = call.items[0][0]
        if self._values:
            line |= {"asked": [list(item) for item in call.items], "said": result.message}
        try:
            self._file.write(f"{json.dumps(line, ensure_ascii=False)}\n")
        except OSError as error:
            is_full = error.errno in DISK_FULL_ERRNOS
            what = "The disk is full" if is_full else f"It cannot be written: {error.strerror}"
            raise DiskFull(
                f"The log {self._path} takes no more. {what}.",
                "Nothing is lost; make room, or leave out --log, and give the same command again.",
            ) from None

    def _id(self, contact_id: str | None) -> str | None:
        if contact_id is None or self._values:
            return contact_id
        return hashlib.blake2b(contact_id.encode(), key=self._run.encode()[:64], digest_size=8).hexdigest()


@contextmanager
def open_call_log(options: CallLogOptions, run: str) -> Iterator[CallLog | None]:
    """The log of a run's calls, open; None where there is to be none. Raises `SettingsError`."""
    if options.path is None:
        if options.values:
            raise SettingsError("--log-values says how to log, and there is no --log.", "Add --log FILE.")
        yield None
        return
    with CallLog(options.path, run=run, values=options.values) as log:
        yield log


class LogFilter(logging.Filter):
    """Keeps the HTTP library's own log lines, which hold addresses with phones in them, from being written.

    Only lines about calls made by `tasks` are kept back; another user of the library in this process is not.
    """

    def __init__(self, tasks: set[asyncio.Task[object]]) -> None:
        super().__init__()
        self._tasks = tasks

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  whatever it says
        """Whether a line may be written."""
        try:
            task = asyncio.current_task()
        except RuntimeError:
            return True
        return task not in self._tasks
