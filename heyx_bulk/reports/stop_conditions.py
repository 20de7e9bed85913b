"""What ends a start before its rows do, as a person says it: failures, calls, a time of day, a duration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import option

SAME_ERROR_ROWS = 20
"""By default a start ends when so many rows, one after another in the sheet, failed alike."""

FIRST_ROWS = 100
"""By default a start ends when more than half of its first so many rows failed; shares count from there on."""


_DURATION = re.compile(
    r"(?:(\d{1,4}(?:\.\d+)?)h)?(?:(\d{1,5}(?:\.\d+)?)(?:min|m))?(?:(\d{1,6}(?:\.\d+)?)s)?", re.ASCII
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
                f"--max-failures {text} is neither a number of rows nor a share of them.",
                "Write it like --max-failures 50 or --max-failures 5%.",
            )
        return cls(number=int(found[1])) if found[1] else cls(share=float(found[2]) / 100)

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
            then = datetime.combine(now.date(), time(hour, minute))
            if then.astimezone() <= now.astimezone():
                then += timedelta(days=1)
        else:
            then = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"--until {text} is no time of day.", 'Write it like --until 06:00 or --until "2026-11-25 06:00".'
        ) from None
    if then.astimezone() <= now.astimezone():
        raise SettingsError(f"--until {text} is over.", "Name a time to come, such as --until 06:00.")
    return then.astimezone().timestamp()


def parse_duration(text: str) -> float:
    """A duration: `2h`, `90min`, `1h30m`, `45s`; raises `SettingsError`."""
    found = _DURATION.fullmatch(text.strip().casefold().replace(" ", ""))
    hours, minutes, rest = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    total = hours * 3600 + minutes * 60 + rest
    if total <= 0:
        raise SettingsError(
            f"--max-duration {text} is no duration.", "Write it like --max-duration 2h, 90min or 1h30m."
        )
    return total


def _time_of_day(text: str) -> float:
    return parse_time_of_day(text, datetime.now())


@dataclass(frozen=True, slots=True)
class StopConditions:
    """What ends a session early. None is no such end.

    `same_error` is the rule for sheets that are wrong as a whole; it holds where `max_failures` is not said.
    `until` is a moment in epoch seconds, by this machine's clock. Numbers and durations count anew in each
    session.
    """

    max_failures: FailureLimit | None = option(
        "--max-failures",
        metavar="N|N%",
        help="Stop when more rows failed [default: 20 in a row that fail alike, or half of the first 100].",
        parse=FailureLimit.parse,
    )
    same_error: bool = True
    max_calls: int | None = option("--max-calls", metavar="N", least=1, help="Stop after so many calls.")
    max_creates: int | None = option(
        "--max-creates", metavar="N", least=0, help="Stop before one more contact is created."
    )
    until: float | None = option(
        "--until",
        metavar="TIME",
        help="Stop at this time of day, such as 06:00, by this machine's clock.",
        parse=_time_of_day,
    )
    max_seconds: float | None = option(
        "--max-duration", metavar="TIME", help="Stop after 2h, 90min or 45s.", parse=parse_duration
    )


NO_CONDITIONS = StopConditions(same_error=False)
"""Nothing ends the start but its rows."""
