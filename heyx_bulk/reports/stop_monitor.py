"""The monitor that ends a session by its stop conditions.

Time is measured by two clocks. A wall clock goes on while a laptop sleeps, but may be set; the loop's clock is
never set, but may sleep. A duration is over when either says so; a time of day is the wall clock's.
"""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from heyx_bulk.errors import LimitReached, Stopped, TooManyFailures
from heyx_bulk.models.call_records import CREATE
from heyx_bulk.models.contacts import Outcome, Status, common_cause
from heyx_bulk.models.phrases import count
from heyx_bulk.reports.stop_conditions import FIRST_ROWS, NO_CONDITIONS, StopConditions

SAME_ERROR_ROWS = 20
"""By default a session ends when so many rows, one after another in the sheet, failed alike."""


class StopMonitor:
    """Ends a session by its stop conditions. Call `begin` first, then report calls and outcomes to it.

    `open_between(first, last)` says whether a row between these numbers has no outcome yet; `clock` gives epoch
    seconds.
    """

    def __init__(
        self,
        conditions: StopConditions = NO_CONDITIONS,
        *,
        open_between: Callable[[int, int], bool] = lambda _first, _last: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.conditions = conditions
        self._open_between = open_between
        self._clock = clock
        self._sent: Counter[str] = Counter()
        self._ended: list[int] = []
        self._causes: dict[int, str] = {}
        self._stop: Callable[[Stopped], None] = lambda _: None
        self._loop_time: Callable[[], float] = lambda: 0.0
        self._began = (0.0, 0.0)

    def begin(self, stop: Callable[[Stopped], None], loop_time: Callable[[], float]) -> None:
        """The session begins; `stop` ends it, `loop_time` is its loop's clock in seconds."""
        self._stop, self._loop_time = stop, loop_time
        self._began = (self._clock(), loop_time())

    def before_send(self, kind: str) -> None:
        """A call of this kind is about to leave; raises `LimitReached` where it must not."""
        self.check_time()
        calls, creates = self.conditions.max_calls, self.conditions.max_creates
        if calls is not None and self._sent.total() >= calls:
            raise _limit(f"Stopped after {count(calls, 'call')} (--max-calls).")
        if kind == CREATE and creates is not None and self._sent[CREATE] >= creates:
            raise _limit(f"Stopped after {count(creates, 'new contact')} (--max-creates).")

    def on_send(self, kind: str) -> None:
        """A call of this kind has left."""
        self._sent[kind] += 1

    def on_undelivered(self, kind: str) -> None:
        """A call of this kind had not left after all."""
        self._sent[kind] -= 1

    def on_outcome(self, outcome: Outcome) -> None:
        """A row has its outcome; stop the session if too many failed."""
        insort(self._ended, outcome.number)
        if outcome.status is not Status.FAILED:
            return
        self._causes[outcome.number] = common_cause(outcome.message)
        failed, ended, allowed = len(self._causes), len(self._ended), self.conditions.max_failures
        if allowed is not None:
            if allowed.is_exceeded(failed, ended):
                rows = f"{failed:,}" if allowed.share is None else f"{failed:,} of {ended:,}"
                self._stop(_too_many(f"{rows} rows failed, more than --max-failures {allowed}"))
        elif self.conditions.same_error:
            if ended <= FIRST_ROWS and failed > FIRST_ROWS / 2:
                self._stop(_too_many(f"{failed} of the first {ended} rows failed"))
            self._check_same_error(outcome)

    def check_time(self) -> None:
        """Raise `LimitReached` if the session's time is over."""
        stops = self.conditions
        if stops.until is not None and self._clock() >= stops.until:
            raise _limit(f"Stopped at {datetime.fromtimestamp(stops.until):%H:%M} (--until).")
        if stops.max_seconds is not None:
            wall, loop = self._clock() - self._began[0], self._loop_time() - self._began[1]
            if max(wall, loop) >= stops.max_seconds:
                minutes = stops.max_seconds / 60
                duration = f"{minutes:,.0f} minutes" if minutes >= 2 else f"{stops.max_seconds:g} seconds"
                raise _limit(f"Stopped after {duration} (--max-duration).")

    def _check_same_error(self, outcome: Outcome) -> None:
        cause = self._causes[outcome.number]
        at = bisect_left(self._ended, outcome.number)
        first = last = at
        while first > 0 and self._causes.get(self._ended[first - 1]) == cause and at - first < SAME_ERROR_ROWS:
            first -= 1
        end = len(self._ended) - 1
        while last < end and self._causes.get(self._ended[last + 1]) == cause and last - at < SAME_ERROR_ROWS:
            last += 1
        rows = self._ended[first], self._ended[last]
        if last - first + 1 >= SAME_ERROR_ROWS and not self._open_between(*rows):
            what = f"{last - first + 1} rows in succession ({rows[0]} to {rows[1]}) failed with the same error"
            self._stop(_too_many(f"{what}: {outcome.message.rstrip('.')}"))


def _limit(what: str) -> LimitReached:
    return LimitReached(what, "Nothing is lost: run the same command to resume.")


def _too_many(what: str) -> TooManyFailures:
    return TooManyFailures(
        f"Stopped: {what}.",
        "Nothing is lost. Correct the cause, then run the same command to send the other rows, and a rerun to "
        "send the failed rows again. To continue in spite of failures, add --max-failures 100%.",
    )
