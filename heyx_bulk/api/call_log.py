"""A log of calls for engineers: one line of JSON for each call, with ids hashed and without values."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NotRequired, Self, TypedDict

from heyx_bulk.api.call_log_options import CallLogOptions
from heyx_bulk.errors import DISK_FULL_ERRNOS, DiskFull, SettingsError, WriteError
from heyx_bulk.models.call_records import FIND, CallAttempt, CallOutcome, CallResult


class CallLogLine(TypedDict):
    """A line of the call log (`--log`): one attempt of one call."""

    time: Annotated[str, "When the call was sent: UTC, as ISO 8601."]
    run: Annotated[str, "The first characters of the run's name; `export` for an export."]
    session: Annotated[int, "The number of the session of the run."]
    row: Annotated[int | None, "The row of the sheet. Null if the call belongs to no single row."]
    call: Annotated[str, "The kind of call: `find`, `read`, `create`, `update`, `add tags` or `remove tags`."]
    contact: Annotated[
        str | None,
        "The id of the contact, as a hash that is the same throughout the run; with `--log-values`, the id.",
    ]
    items: Annotated[int, "How many fields or tags it carries."]
    attempt: Annotated[int, "Which attempt it was."]
    waited: Annotated[float, "How long it waited before it was sent, in seconds."]
    seconds: Annotated[float, "How long HeyX took, in seconds."]
    status: Annotated[int | None, "The HTTP status. Null without a response."]
    outcome: Annotated[CallOutcome, "Its outcome."]
    field: NotRequired[Annotated[str, "The field that a `find` searches."]]
    request: NotRequired[
        Annotated[Sequence[Sequence[str]], "With `--log-values`: names and values that it carries."]
    ]
    message: NotRequired[Annotated[str, "With `--log-values`: the message of the response."]]


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
        line: CallLogLine = {
            "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "run": self._run[:8],
            "session": session,
            "row": attempt.row,
            "call": call.kind,
            "contact": self._id(call.contact_id),
            "items": len(call.items),
            "attempt": attempt.number,
            "waited": round(attempt.waited_seconds, 3),
            "seconds": round(result.seconds, 3),
            "status": result.status,
            "outcome": result.outcome,
        }
        if call.kind == FIND:
            line["field"] = call.items[0][0]
        if self._values:
            line |= {"request": call.items, "message": result.message}
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
