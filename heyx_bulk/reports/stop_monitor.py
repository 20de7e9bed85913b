"""Sees to it that a start ends where it was told to: so many failures or calls, a time of day, a duration.

Time is looked at by two clocks. A wall clock goes on while a laptop sleeps, but may be set; the loop's clock is
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
from heyx_bulk.reports.stop_conditions import (
    FIRST_ROWS,
    NO_CONDITIONS,
    SAME_ERROR_ROWS,
    FailureLimit,
    StopConditions,
)
from heyx_bulk.values.phrases import count

RESUME_HINT = "Nothing is lost: the same command carries on where it stopped."


class StopMonitor:
    """One start under watch. `begin` is given what stops it; then it is told of calls, of outcomes, and to look.

    `open_between(first, last)` says whether a row between these numbers has no outcome yet; `clock` tells epoch
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
        """The start begins; `stop` ends it, `loop_time` is its loop's clock in seconds."""
        self._stop, self._loop_time = stop, loop_time
        self._began = (self._clock(), loop_time())

    def before_send(self, kind: str) -> None:
        """A call of this kind is about to leave; raises `LimitReached` where it must not."""
        self._check_time()
        stops = self.conditions
        if stops.max_calls is not None and self._sent.total() >= stops.max_calls:
            what = f"Stopped after {count(stops.max_calls, 'call')}, as --max-calls says."
            raise LimitReached(what, RESUME_HINT)
        if kind == CREATE and stops.max_creates is not None and self._sent[CREATE] >= stops.max_creates:
            what = f"Stopped after {count(stops.max_creates, 'create')}, as --max-creates says."
            raise LimitReached(what, RESUME_HINT)

    def on_send(self, kind: str) -> None:
        """A call of this kind has left."""
        self._sent[kind] += 1

    def on_undelivered(self, kind: str) -> None:
        """A call of this kind had not left after all."""
        self._sent[kind] -= 1

    def check_time(self) -> None:
        """Stop the start if its time is over."""
        try:
            self._check_time()
        except LimitReached as reason:
            self._stop(reason)

    def observing(self, report: Callable[[Outcome], None]) -> Callable[[Outcome], None]:
        """`report`, and then `ended`."""

        def both(outcome: Outcome) -> None:
            report(outcome)
            self.on_outcome(outcome)

        return both

    def on_outcome(self, outcome: Outcome) -> None:
        """A row has its outcome; stop the start if too many failed."""
        insort(self._ended, outcome.number)
        if outcome.status is not Status.FAILED:
            return
        self._causes[outcome.number] = common_cause(outcome.message)
        if self.conditions.max_failures is not None:
            self._check(self.conditions.max_failures)
        elif self.conditions.same_error:
            self._check_half()
            self._check_same_error(outcome)

    def _check_time(self) -> None:
        stops = self.conditions
        if stops.until is not None and self._clock() >= stops.until:
            told = datetime.fromtimestamp(stops.until).strftime("%H:%M")
            raise LimitReached(f"It is {told}: stopped, as --until says.", RESUME_HINT)
        if stops.max_seconds is not None:
            wall, loop = self._clock() - self._began[0], self._loop_time() - self._began[1]
            if max(wall, loop) >= stops.max_seconds:
                minutes = stops.max_seconds / 60
                told = f"{minutes:,.0f} minutes" if minutes >= 2 else f"{stops.max_seconds:g} seconds"
                raise LimitReached(f"Stopped after {told}, as --max-duration says.", RESUME_HINT)

    def _check(self, allowed: FailureLimit) -> None:
        failed, ended = len(self._causes), len(self._ended)
        if allowed.number is not None and failed > allowed.number:
            self._stop(_too_many(f"{failed:,} rows failed, more than --max-failures {allowed}"))
        elif allowed.share is not None and ended >= FIRST_ROWS and failed > allowed.share * ended:
            self._stop(_too_many(f"{failed:,} of {ended:,} rows failed, more than --max-failures {allowed}"))

    def _check_half(self) -> None:
        failed, ended = len(self._causes), len(self._ended)
        if ended <= FIRST_ROWS and failed > FIRST_ROWS / 2:
            self._stop(_too_many(f"{failed} of the first {ended} rows failed"))

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
            words = outcome.message.rstrip(".")
            self._stop(
                _too_many(
                    f"{last - first + 1} rows one after another ({rows[0]} to {rows[1]}) failed alike: {words}"
                )
            )


def _too_many(what: str) -> TooManyFailures:
    return TooManyFailures(
        f"Stopped: {what}.",
        "Nothing is lost, and the other rows wait. See to the cause; then the same command carries on with them, "
        "and a rerun sends the failed ones again. To go on whatever fails, add --max-failures 100%.",
    )
