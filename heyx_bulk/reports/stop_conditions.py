"""What ends a session early: failed rows, calls, a time of day, a duration."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import Panel, option

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
    def parse(cls, text: str, option: str = "--max-failures") -> FailureLimit:
        """`50` or `5%`; raises `SettingsError`."""
        found = re.fullmatch(r"(\d{1,9})|(\d{1,3}(?:\.\d+)?)\s*%", text.strip(), re.ASCII)
        if found is None or float(found[2] or 0) > 100:
            raise SettingsError(
                f"{option} {text} is not a number or a percentage of rows.",
                f"For example: {option} 50 or {option} 5%.",
            )
        return cls(number=int(found[1])) if found[1] else cls(share=float(found[2]) / 100)

    def is_exceeded(self, failed: int, ended: int) -> bool:
        """Whether `failed` of `ended` rows are too many."""
        if self.number is not None:
            return failed > self.number
        return self.share is not None and ended >= FIRST_ROWS and failed > self.share * ended

    def of(self, rows: int) -> float:
        """How many of `rows` it allows."""
        return self.number if self.number is not None else (self.share or 0) * rows

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
