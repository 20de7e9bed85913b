"""What ends a session early: failed rows, calls, a time of day, a duration; and the monitor that sees to it.

Time is measured by two clocks. A wall clock goes on while a laptop sleeps, but may be set; the loop's clock is
never set, but may sleep. A duration is over when either says so; a time of day is the wall clock's.
"""

from __future__ import annotations

import math
import re
import time
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from heyx_bulk.errors import LimitReached, SettingsError, Stopped, TooManyFailures
from heyx_bulk.models.call_records import CREATE
from heyx_bulk.models.contacts import Outcome, Status, common_cause
from heyx_bulk.models.option import Panel, option
from heyx_bulk.models.phrases import count

SAME_ERROR_ROWS = 20
"""By default a session ends when so many rows, one after another in the sheet, failed alike."""

FIRST_ROWS = 100
"""By default a session ends when more than half of its first so many rows failed; shares count from there on."""


_DURATION = re.compile(
    "".join(rf"(?:(\d{{1,6}}(?:\.\d+)?)(?:{unit}))?" for unit in ("d", "h", "min|m", "s")), re.ASCII
)


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """How many rows may fail: a number, or a share of the rows that ended (from the hundredth on)."""

    number: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> FailureLimit:
        """`50` or `5%`; raises `SettingsError`."""
        found = re.fullmatch(r"(\d{1,9})|(\d{1,3}(?:\.\d+)?)\s*%", text.strip(), re.ASCII)
        if found is None or float(found[2] or 0) > 100:
            raise SettingsError(
                f"--max-failures {text} is not a number or a percentage of rows.",
                "For example: --max-failures 50 or --max-failures 5%.",
            )
        return cls(number=int(found[1])) if found[1] else cls(share=float(found[2]) / 100)

    def is_exceeded(self, failed: int, ended: int) -> bool:
        """Whether `failed` of `ended` rows are too many."""
        if self.number is not None:
            return failed > self.number
        return self.share is not None and ended >= FIRST_ROWS and failed > self.share * ended

    def __str__(self) -> str:
        return str(self.number) if self.share is None else f"{self.share * 100:g}%"


def parse_time_of_day(text: str, now: datetime) -> float:
    """The next time that it is `text` (`06:00`, or `2026-11-25 06:00`) after `now`, in epoch seconds.

    Raises `SettingsError` for what is no time, and for a moment that is over.
    """
    text = text.strip()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", text, re.ASCII):
            hour, minute = map(int, text.split(":"))
            then = now.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
            if then.astimezone() <= now.astimezone():
                then += timedelta(days=1)
        else:
            then = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"--until {text} is not a time.", 'For example: --until 06:00 or --until "2026-11-25 06:00".'
        ) from None
    if then.astimezone() <= now.astimezone():
        raise SettingsError(f"--until {text} is in the past.", "Choose a later time, such as --until 06:00.")
    return then.astimezone().timestamp()


def parse_duration(text: str, option: str = "--max-duration") -> float:
    """A duration: `2d`, `2h`, `90min`, `1h30m`, `45s`; raises `SettingsError`."""
    found = _DURATION.fullmatch(text.strip().casefold().replace(" ", ""))
    parts = zip(found.groups("0"), (86_400, 3600, 60, 1), strict=True) if found else ()
    total = sum(float(number) * seconds for number, seconds in parts)
    if total <= 0:
        raise SettingsError(f"{option} {text} is not a duration.", f"For example: {option} 2h, 90min or 1h30m.")
    return total


def write_moment(moment: float) -> str:
    """A moment in epoch seconds as `parse_time_of_day` reads it."""
    try:
        return datetime.fromtimestamp(moment).astimezone().isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        return str(moment)


def write_duration(seconds: float) -> str:
    """Seconds as `parse_duration` reads them: `1h30min`."""
    if not 0 < seconds < math.inf:
        return f"{seconds:g}s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number)


@dataclass(frozen=True, slots=True)
class StopConditions:
    """What ends a session early. None is no such end.

    `same_error` is the rule for sheets that are wrong as a whole; it holds where `max_failures` is not said.
    `until` is a moment in epoch seconds, by this machine's clock. Numbers and durations count anew in each
    session.
    """

    panel: ClassVar = Panel.LIMITS

    max_failures: FailureLimit | None = option(
        "--max-failures",
        metavar="N|N%",
        help="Stop when more than N rows, or N% of the rows, have failed [default: 20 rows in succession with the "
        "same error, or half of the first 100].",
        parse=FailureLimit.parse,
    )
    same_error: bool = True
    max_calls: int | None = option("--max-calls", metavar="N", least=1, help="Stop after N calls.")
    max_creates: int | None = option(
        "--max-creates", metavar="N", least=0, help="Stop after N contacts were created."
    )
    until: float | None = option(
        "--until",
        metavar="TIME",
        help="Stop at this time of day, such as 06:00, by the clock of this machine.",
        parse=lambda text: parse_time_of_day(text, datetime.now()),
        word=write_moment,
    )
    max_seconds: float | None = option(
        "--max-duration",
        metavar="TIME",
        help="Stop after this time, such as 2h, 90min or 45s.",
        parse=parse_duration,
        word=write_duration,
        argument="max_duration",
    )


NO_CONDITIONS = StopConditions(same_error=False)
"""Nothing ends the session but its rows."""


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
