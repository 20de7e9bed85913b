"""The progress of a run or an export: lines now and then, for logs and pipes; for terminals see `progress_bar`."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated, TextIO, TypedDict

from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.models.phrases import duration
from heyx_bulk.planning.estimate import CallBudget, expected_calls

LINE_EVERY_SECONDS = 30.0
JSON_LINE_EVERY_SECONDS = 1.0
WORTH_SHOWING_SECONDS = 2.0
"""The shortest wait for the rate limit that is shown, and the shortest time left."""


class Progress:
    """The progress of a run (counted in rows) or an export (counted in calls). Subclasses show it.

    With a `budget`, what the open rows cost at most and the rate, it shows the time left.
    """

    def __init__(
        self, total: int = 0, done: int = 0, *, unit: str = "row", budget: CallBudget | None = None
    ) -> None:
        self._total, self._done, self._unit = total, done, unit
        self._done_before, self._done_then, self._calls = done, 0, 0
        self._budget = budget
        self._contacts: int | None = None
        self._statuses: Counter[str] = Counter()
        self._wait_seconds, self._trouble = 0.0, ""

    def report(self, outcome: Outcome) -> None:
        """Count a row that has its outcome."""
        self._done += 1
        self._statuses[outcome.status] += 1
        self._show()

    def advance(self, done: int, calls: int, contacts: int) -> None:
        """Set how many of the `calls` that an export is known to need are done, and how many contacts it found."""
        self._done, self._total, self._contacts = done, calls, contacts
        self._show()

    def tick(self, wait_seconds: float, trouble: str = "", calls: int = 0) -> None:
        """A second has passed.

        The next call waits for `wait_seconds`, `trouble` is why calls are repeated, `calls` were sent so far.
        """
        self._wait_seconds, self._trouble, self._calls = wait_seconds, trouble, calls
        self._done_then = self._done - self._done_before
        self._show()

    def aside(self) -> AbstractContextManager[None]:
        """Other text may be written in this context; what is shown comes back below it."""
        return nullcontext()

    def close(self) -> None:
        """The run or export has ended."""

    def calls_left(self) -> int | None:
        """The calls that are left, as estimated from finished rows; None where it is not known."""
        if self._budget is None or self._total <= self._done:
            return None
        left, rows = self._total - self._done, self._total - self._done_before
        if self._unit == "call":
            return left
        at_most = round(self._budget.calls * left / rows)
        return expected_calls(at_most, self._calls, self._done_then, left, self._budget.in_flight)

    def seconds_left(self) -> float | None:
        """The time for the calls that are left, at the rate limit; None where it is not known."""
        calls = self.calls_left()
        if self._budget is None or calls is None:
            return None
        return self._budget.seconds(calls, self._wait_seconds)

    def _show(self) -> None:
        """Show what is known; here nothing."""

    def _notes(self, *statuses: str) -> list[str]:
        notes = [f"{self._statuses[status]:,} {status}" for status in statuses if self._statuses[status]]
        if self._contacts is not None:
            notes.append(f"{self._contacts:,} contacts")
        if (seconds := self.seconds_left()) is not None and seconds >= WORTH_SHOWING_SECONDS:
            notes.append(f"about {duration(seconds)} left")
        if self._wait_seconds >= WORTH_SHOWING_SECONDS:
            notes.append(f"next call in {self._wait_seconds:.0f} s")
        if self._trouble:
            notes.append(f"retrying: {self._trouble}")
        return notes


class Lines(Progress):
    """A line every 30 seconds, and one as soon as calls have to be repeated."""

    def __init__(
        self,
        file: TextIO,
        total: int = 0,
        done: int = 0,
        *,
        unit: str = "row",
        budget: CallBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(total, done, unit=unit, budget=budget)
        self._file = file
        self._clock = clock
        self._shown_at = clock()

    def tick(self, wait_seconds: float, trouble: str = "", calls: int = 0) -> None:
        if trouble and not self._trouble:
            self._shown_at -= LINE_EVERY_SECONDS
        super().tick(wait_seconds, trouble, calls)

    def _show(self) -> None:
        now = self._clock()
        if now - self._shown_at < LINE_EVERY_SECONDS:
            return
        self._shown_at = now
        counted = f"{self._done:,} of {self._total:,} {self._unit}s" if self._total else "Waiting for HeyX"
        parts = [counted, *self._notes(*self._statuses)]
        self._file.write(", ".join(parts) + "\n")
        self._file.flush()


class ProgressLine(TypedDict):
    """A line of `--progress json`: one a second, and one at the end, on standard error."""

    unit: Annotated[str, "What is counted: `row`, or `call` where contacts are read."]
    done: Annotated[int, "How many rows or calls are done."]
    total: Annotated[int, "How many there are. 0 while that is not known."]
    statuses: Annotated[dict[Status, int], "The rows that this command finished, by status."]
    contacts: Annotated[int | None, "The contacts that an export found so far."]
    calls: Annotated[int, "The calls that were sent, as of the last second."]
    calls_left: Annotated[int | None, "The calls left, as estimated from finished rows. Null if not known."]
    seconds_left: Annotated[float | None, "The estimated time left, in seconds. Null if not known."]
    wait_seconds: Annotated[float, "How long the next call waits for the rate limit, in seconds."]
    trouble: Annotated[str | None, "Why calls are repeated."]


class JsonLines(Progress):
    """A line of JSON a second, for programs, and one at the end."""

    def __init__(
        self,
        file: TextIO,
        total: int = 0,
        done: int = 0,
        *,
        unit: str = "row",
        budget: CallBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(total, done, unit=unit, budget=budget)
        self._file = file
        self._clock = clock
        self._written_at = clock()

    def close(self) -> None:
        self._wait_seconds, self._trouble = 0.0, ""
        self._write()

    def _show(self) -> None:
        now = self._clock()
        if now - self._written_at >= JSON_LINE_EVERY_SECONDS:
            self._written_at = now
            self._write()

    def _write(self) -> None:
        seconds = self.seconds_left()
        line: ProgressLine = {
            "unit": self._unit,
            "done": self._done,
            "total": self._total,
            "statuses": {status: self._statuses[status] for status in Status},
            "contacts": self._contacts,
            "calls": self._calls,
            "calls_left": self.calls_left(),
            "seconds_left": None if seconds is None else round(seconds, 1),
            "wait_seconds": round(self._wait_seconds, 1),
            "trouble": self._trouble or None,
        }
        self._file.write(f"{json.dumps(line)}\n")
        self._file.flush()


class RowLogger(Progress):
    """Writes a line for every row as it ends, above what else is shown."""

    def __init__(self, shown: Progress, file: TextIO) -> None:
        self._shown = shown
        self._file = file

    def report(self, outcome: Outcome) -> None:
        parts = [f"row {outcome.number}: {outcome.status}", outcome.contact_id or "", outcome.message]
        with self.aside():
            self._file.write(" ".join(part for part in parts if part) + "\n")
            self._file.flush()
        self._shown.report(outcome)

    def tick(self, wait_seconds: float, trouble: str = "", calls: int = 0) -> None:
        self._shown.tick(wait_seconds, trouble, calls)

    @contextmanager
    def aside(self) -> Iterator[None]:
        with self._shown.aside():
            yield

    def close(self) -> None:
        self._shown.close()
