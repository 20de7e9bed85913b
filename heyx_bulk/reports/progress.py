"""The progress of a run or an export: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import NoReturn, TextIO

from tqdm import TqdmWarning, tqdm

from heyx_bulk.models.contacts import Outcome, Status

LINE_EVERY_SECONDS = 30.0
WORTH_SHOWING_SECONDS = 2.0
"""The shortest wait for the limit that is shown."""


class Progress:
    """The progress of a run (counted in rows) or an export (counted in calls). Subclasses show it."""

    def __init__(self, total: int = 0, done: int = 0) -> None:
        self._total, self._done = total, done
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

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """A second has passed: the next call waits for `wait_seconds`; `trouble` is why calls are repeated."""
        self._wait_seconds, self._trouble = wait_seconds, trouble
        self._show()

    def close(self) -> None:
        """The run or export has ended."""

    def _show(self) -> None:
        """Show what is known; here nothing."""

    def _notes(self, *statuses: str) -> list[str]:
        notes = [f"{self._statuses[status]:,} {status}" for status in statuses if self._statuses[status]]
        if self._contacts is not None:
            notes.append(f"{self._contacts:,} contacts")
        if self._wait_seconds >= WORTH_SHOWING_SECONDS:
            notes.append(f"next call in {self._wait_seconds:.0f} s")
        if self._trouble:
            notes.append(f"trying again: {self._trouble}")
        return notes


class Bar(Progress):
    """A tqdm bar, and behind it the rows that need attention and the wait for HeyX's limit.

    Without a `file`, tqdm chooses where it is shown: a notebook draws it.
    """

    def __init__(self, file: TextIO | None, total: int = 0, done: int = 0, *, unit: str = "row") -> None:
        super().__init__(total, done)
        self._bar: tqdm[NoReturn] = (tqdm if file is not None else _automatic_tqdm())(
            total=total, initial=done, file=file, unit=unit, dynamic_ncols=True, smoothing=0.05
        )

    def advance(self, done: int, calls: int, contacts: int) -> None:
        if not self._bar.n:
            # Calls of earlier sessions are no part of this one's speed.
            self._bar.initial = done - 1
        self._bar.total = calls
        super().advance(done, calls, contacts)

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        super().tick(wait_seconds, trouble)
        self._bar.refresh()

    def close(self) -> None:
        super().tick(0.0)
        self._bar.close()

    def _show(self) -> None:
        self._bar.set_postfix_str(", ".join(self._notes(Status.FAILED, Status.UNCERTAIN)), refresh=False)
        self._bar.update(self._done - self._bar.n)


def _automatic_tqdm() -> type[tqdm[NoReturn]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)  # without ipywidgets the bar is text, which is fine
        from tqdm.auto import tqdm as chosen  # noqa: PLC0415 - it loads asyncio, and IPython in a notebook

    return chosen  # type: ignore[return-value]  # it is a tqdm of any kind


class Lines(Progress):
    """A line every 30 seconds, and one as soon as calls have to be repeated; for logs and pipes."""

    def __init__(
        self,
        file: TextIO,
        total: int = 0,
        done: int = 0,
        *,
        unit: str = "row",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(total, done)
        self._file = file
        self._unit = unit
        self._clock = clock
        self._shown_at = clock()

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        if trouble and not self._trouble:
            self._shown_at -= LINE_EVERY_SECONDS
        super().tick(wait_seconds, trouble)

    def _show(self) -> None:
        now = self._clock()
        if now - self._shown_at < LINE_EVERY_SECONDS:
            return
        self._shown_at = now
        parts = [f"{self._done:,} of {self._total:,} {self._unit}s", *self._notes(*self._statuses)]
        self._file.write(", ".join(parts) + "\n")
        self._file.flush()


class RowLogger(Progress):
    """Writes a line for every row as it ends, above what else is shown."""

    def __init__(self, shown: Progress, file: TextIO) -> None:
        self._shown = shown
        self._file = file

    def report(self, outcome: Outcome) -> None:
        parts = [f"row {outcome.number}: {outcome.status}", outcome.contact_id or "", outcome.message]
        tqdm.write(" ".join(part for part in parts if part), file=self._file)
        self._shown.report(outcome)

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        self._shown.tick(wait_seconds, trouble)

    def close(self) -> None:
        self._shown.close()
