"""Times of day: ISO from what people write."""

from __future__ import annotations

import re
from dataclasses import dataclass

from heyx_bulk.values.text import plain_signs
from heyx_bulk.values.value_types import ConversionError

NO_TIME = "a time that is none"

_CLOCK = re.compile(
    r"(?P<front>上午|下午|오전|오후|午前|午後)?\s*(?P<hour>\d{1,2})"
    r"(?:(?::|\s?h\s?|\.(?=\d\d\s*[apصم]))(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>[.,]\d{1,9})?)?)?"
    r"\s*(?P<half>a\.?\s?m\.?|p\.?\s?m\.?|ص|م|صباحًا|صباحا|مساءً|مساء)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
_MORNING = ("a", "ص", "上午", "오전", "午前")
_FURTHEST_ZONE_HOURS = 14
_LONGEST = 60
"""Characters of the longest time worth reading; a pattern would be slow on a cell full of blanks."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in digits; `second` may be empty, `fraction` includes its point, `zone` is as in ISO 8601."""

    hour: str
    minute: str
    second: str = ""
    fraction: str = ""
    zone: str = ""

    @property
    def is_midnight(self) -> bool:
        """Whether it is the first moment of a day, in whatever zone."""
        return {*self.hour, *self.minute, *self.second, *self.fraction} <= {"0", "."}

    def iso(self, *, seconds: bool = False) -> str:
        """`HH:MM` or `HH:MM:SS` (with `seconds` always the latter), with its fraction and zone."""
        second = self.second or ("00" if seconds else "")
        return f"{self.hour}:{self.minute}" + (f":{second}{self.fraction}" if second else "") + self.zone


def parse_time(text: str) -> Clock | None:
    """The time of day that `text` (in plain signs) is; None if it is none."""
    found = _CLOCK.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    half = (found["front"] or found["half"] or "").casefold()
    hour = int(found["hour"])
    if not (found["minute"] or half) or (found["front"] and found["half"]):
        return None
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (0 if half.startswith(_MORNING) else 12)
    minute, second = found["minute"] or "00", found["second"] or ""
    zone = _zone(found["zone"] or "")
    if hour > 23 or int(minute) > 59 or int(second or 0) > 59 or zone is None:
        return None
    return Clock(f"{hour:02}", minute, second, (found["fraction"] or "").replace(",", "."), zone)


def _zone(text: str) -> str | None:
    """`text` as in ISO 8601: `Z`, `+02:00` or nothing; None if there is no such zone."""
    if not text:
        return ""
    if text[0].isalpha():
        return "Z"
    hours, minutes = text[1:3], text[3:].lstrip(":") or "00"
    if int(hours) > _FURTHEST_ZONE_HOURS or int(minutes) > 59:
        return None
    return f"{text[0]}{hours}:{minutes}"


def convert_time(text: str) -> str:
    """`text` as `HH:MM`, or `HH:MM:SS` if it has seconds, with its fraction and offset from UTC."""
    clock = parse_time(plain_signs(text))
    if clock is None:
        raise ConversionError(NO_TIME, "it is no time of day: write one such as 14:30 or 2:30 pm")
    return clock.iso()
