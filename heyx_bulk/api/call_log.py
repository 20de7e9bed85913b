"""A log of calls for engineers: one line of JSON for each call, with ids hashed and without values."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from heyx_bulk.api.call_log_options import CallLogOptions
from heyx_bulk.errors import DISK_FULL_ERRNOS, DiskFull, SettingsError, WriteError
from heyx_bulk.models.call_records import FIND, CallAttempt, CallResult


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
                f"The log {self._path} cannot be written: {error.strerror}.", "Choose another file: --log FILE."
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
            what = "The disk is full" if is_full else error.strerror
            raise DiskFull(
                f"The log {self._path} cannot be written any more. {what}.",
                "Nothing is lost. Free some space, or leave out --log, and run the same command again.",
            ) from None

    def _id(self, contact_id: str | None) -> str | None:
        if contact_id is None or self._values:
            return contact_id
        return hashlib.blake2b(contact_id.encode(), key=self._run.encode()[:64], digest_size=8).hexdigest()


def open_call_log(options: CallLogOptions, run: str) -> AbstractContextManager[CallLog | None]:
    """The log of a run's calls, for a `with` block; None without `--log`. Raises `SettingsError`."""
    if options.path is not None:
        return CallLog(options.path, run=run, values=options.values)
    if options.values:
        raise SettingsError("--log-values needs --log.", "Add --log FILE.")
    return nullcontext()
