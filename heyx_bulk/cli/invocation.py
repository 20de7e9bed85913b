"""One call of the program: what it is, how it ends and, with `--json`, its one document."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypedDict

from heyx_bulk.cli.terminal import OutputStream
from heyx_bulk.errors import HeyxBulkError

SCHEMA_VERSION: Final = 1
"""The version of the documents. A key that is removed or changes its meaning raises it; a new key does not."""

EndStatus = Literal["finished", "incomplete", "stopped", "interrupted", "refused", "failed"]

_STATUS_OF_EXIT: Mapping[int, EndStatus] = {
    0: "finished",
    1: "failed",
    2: "refused",
    3: "incomplete",
    4: "stopped",
}


class Envelope(TypedDict):
    """The keys of every document."""

    schema: Annotated[int, "The version of the document's format."]
    version: Annotated[str, "The version of heyx-bulk."]
    command: Annotated[str, "The name of the command, such as `upload` or `cache show`."]
    channel: Annotated[
        str | None,
        "An identifier of the channel: a hash that does not reveal the token. Null if no channel is used.",
    ]
    status: Annotated[EndStatus, "How the command ended, in one word. It follows from the exit code."]
    exit: Annotated[int, "The exit code."]
    reason: Annotated[
        str | None, "What went wrong. Null with exit code 0, and with 3, where the causes are listed by row."
    ]
    remedy: Annotated[str | None, "What to do about it."]
    started_at: Annotated[str, "When the command started: UTC, as ISO 8601."]
    ended_at: Annotated[str, "When the command ended."]


class Invocation:
    """One call of the program.

    `as_json` is whether it ends with a document on standard output; it is written once, at the very end, when the
    exit code is certain.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.command = ""
        self.as_json = False
        self.is_running = False
        """Whether the command line is understood: only then has a call that went well a document."""
        self.channel: str | None = None
        self.document: Mapping[str, object] = {}
        self._clock, self._started_at = clock, clock()
        self._reason: tuple[str, str] | None = None

    def blame(self, error: HeyxBulkError) -> None:
        """Keep why the command does not end as it should."""
        self._reason = error.what, error.remedy

    def write(self, code: int) -> None:
        """Write the document, if one is wanted, with the exit code."""
        if self.as_json:
            out, document = OutputStream(sys.stdout), {**self.envelope(code), **self.document}
            line = json.dumps(plain(document), ensure_ascii=False)
            out.write(f"{line if out.can_print(line) else json.dumps(plain(document))}\n")
            out.flush()

    def envelope(self, code: int) -> Envelope:
        """The keys that every document has."""
        from importlib.metadata import version

        what, remedy = self._reason or ("", "")
        return {
            "schema": SCHEMA_VERSION,
            "version": version("heyx-bulk"),
            "command": self.command,
            "channel": self.channel,
            "status": _STATUS_OF_EXIT.get(code, "interrupted"),
            "exit": code,
            "reason": what or None,
            "remedy": remedy or None,
            "started_at": moment(self._started_at),
            "ended_at": moment(self._clock()),
        }


def moment(at: float) -> str:
    """A moment in epoch seconds, as documents have it: UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def plain(value: Any) -> Any:
    """A document as JSON has it: dataclasses and named tuples as objects, paths as texts."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value
