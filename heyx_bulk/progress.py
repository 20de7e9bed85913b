"""What a person watches while a run goes on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import NoReturn, Protocol, TextIO

from tqdm import tqdm

from heyx_bulk.model import Outcome

LINE_EVERY_SECONDS = 30.0
WORTH_SAYING_SECONDS = 2.0


class Progress(Protocol):
    """Hears of every outcome, and now and then how long the next call waits for HeyX's limit."""

    def report(self, outcome: Outcome) -> None:
        """One more row is done."""

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """A second has passed: the next call waits for `wait_seconds`; `trouble` is why calls are repeated."""

    def close(self) -> None:
        """The run has ended."""


class Silent:
    """Shows nothing."""

    def report(self, outcome: Outcome) -> None:
        """One more row is done."""

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """About a second has passed."""

    def close(self) -> None:
        """The run has ended."""


class Bar:
    """A tqdm bar; behind it the rows that need a person, and the wait for HeyX's limit."""

    def __init__(self, total: int, done: int, file: TextIO) -> None:
        self._counts: Counter[str] = Counter()
        self._wait_seconds, self._trouble = 0.0, ""
        self._bar: tqdm[NoReturn] = tqdm(
            total=total, initial=done, file=file, unit="row", dynamic_ncols=True, smoothing=0.05
        )

    def report(self, outcome: Outcome) -> None:
        """One more row is done."""
        self._counts[outcome.status] += 1
        self._say()
        self._bar.update()

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """Say how long the next call waits."""
        self._wait_seconds, self._trouble = wait_seconds, trouble
        self._say()
        self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._wait_seconds, self._trouble = 0.0, ""
        self._say()
        self._bar.close()

    def _say(self) -> None:
        parts = [f"{self._counts[word]} {word}" for word in ("failed", "uncertain") if self._counts[word]]
        if self._wait_seconds >= WORTH_SAYING_SECONDS:
            parts.append(f"next call in {self._wait_seconds:.0f} s")
        if self._trouble:
            parts.append(f"trying again: {self._trouble}")
        self._bar.set_postfix_str(", ".join(parts), refresh=False)


class Lines:
    """A line every 30 seconds, for logs and pipes."""

    def __init__(self, total: int, done: int, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._done = done
        self._file = file
        self._clock = clock
        self._said_at = clock()
        self._trouble = ""
        self._counts: Counter[str] = Counter()

    def report(self, outcome: Outcome) -> None:
        """One more row is done."""
        self._done += 1
        self._counts[outcome.status] += 1
        self._say(0.0, self._trouble)

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """Say where the run is, if it is time."""
        self._say(wait_seconds, trouble)

    def close(self) -> None:
        """Nothing more to say: the totals follow."""

    def _say(self, wait_seconds: float, trouble: str) -> None:
        now = self._clock()
        news = bool(trouble) and not self._trouble
        self._trouble = trouble
        if now - self._said_at < LINE_EVERY_SECONDS and not news:
            return
        self._said_at = now
        parts = [f"{self._done:,} of {self._total:,} rows"]
        parts += [f"{count:,} {word}" for word, count in self._counts.items()]
        if wait_seconds >= WORTH_SAYING_SECONDS:
            parts.append(f"next call in {wait_seconds:.0f} s")
        if trouble:
            parts.append(f"trying again: {trouble}")
        self._file.write(", ".join(parts) + "\n")
        self._file.flush()


class Reading(Protocol):
    """Hears how far a reading is, whose end comes in sight only as it goes on."""

    def heard(self, done: int, calls: int, contacts: int) -> None:
        """So many calls of so many were answered, as far as is known, and so many contacts met."""

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """A second has passed: the next call waits for `wait_seconds`; `trouble` is why calls are repeated."""

    def close(self) -> None:
        """The reading has ended."""


class Unseen:
    """Shows nothing of a reading."""

    def heard(self, done: int, calls: int, contacts: int) -> None:
        """So many calls were answered."""

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """About a second has passed."""

    def close(self) -> None:
        """The reading has ended."""


class ReadingBar:
    """A tqdm bar of calls; behind it the contacts met, and the wait for HeyX's limit."""

    def __init__(self, file: TextIO) -> None:
        self._contacts = 0
        self._bar: tqdm[NoReturn] = tqdm(total=0, file=file, unit="call", dynamic_ncols=True, smoothing=0.05)

    def heard(self, done: int, calls: int, contacts: int) -> None:
        """So many calls were answered; those of starts before are no part of this one's speed."""
        if not self._bar.n:
            self._bar.initial = done - 1
        self._bar.total, self._contacts = calls, contacts
        self._bar.set_postfix_str(_words(contacts, 0.0, ""), refresh=False)
        self._bar.update(done - self._bar.n)

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """Say how long the next call waits."""
        self._bar.set_postfix_str(_words(self._contacts, wait_seconds, trouble), refresh=True)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.set_postfix_str(_words(self._contacts, 0.0, ""), refresh=False)
        self._bar.close()


class ReadingLines:
    """A line every 30 seconds, for logs and pipes."""

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._said_at = clock()
        self._heard = (0, 0, 0)
        self._trouble = ""

    def heard(self, done: int, calls: int, contacts: int) -> None:
        """So many calls were answered."""
        self._heard = done, calls, contacts
        self._say(0.0, self._trouble)

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """Say where the reading is, if it is time."""
        self._say(wait_seconds, trouble)

    def close(self) -> None:
        """Nothing more to say: the totals follow."""

    def _say(self, wait_seconds: float, trouble: str) -> None:
        now = self._clock()
        news = bool(trouble) and not self._trouble
        self._trouble = trouble
        if now - self._said_at < LINE_EVERY_SECONDS and not news:
            return
        self._said_at = now
        done, calls, contacts = self._heard
        self._file.write(f"{done:,} of {calls:,} calls, {_words(contacts, wait_seconds, trouble)}\n")
        self._file.flush()


def _words(contacts: int, wait_seconds: float, trouble: str) -> str:
    parts = [f"{contacts:,} contacts"]
    if wait_seconds >= WORTH_SAYING_SECONDS:
        parts.append(f"next call in {wait_seconds:.0f} s")
    if trouble:
        parts.append(f"trying again: {trouble}")
    return ", ".join(parts)


class Naming:
    """Names every row as it ends, above what is shown else."""

    def __init__(self, shown: Progress, file: TextIO) -> None:
        self._shown = shown
        self._file = file

    def report(self, outcome: Outcome) -> None:
        """Name the row, its outcome, its contact, and what there is to say."""
        parts = [f"row {outcome.number}: {outcome.status}", outcome.contact_id or "", outcome.message]
        tqdm.write(" ".join(part for part in parts if part), file=self._file)
        self._shown.report(outcome)

    def tick(self, wait_seconds: float, trouble: str = "") -> None:
        """About a second has passed."""
        self._shown.tick(wait_seconds, trouble)

    def close(self) -> None:
        """The run has ended."""
        self._shown.close()
