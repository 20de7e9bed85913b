"""Dates and times of day: ISO from what people write; the order of a date is stated and never guessed."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import NamedTuple

from heyx_bulk.values.text import plain_signs
from heyx_bulk.values.value_types import ConversionError, DateOrder, ValueType

_NO_TIME = "not a valid time"

_CLOCK = re.compile(
    r"(?P<front>上午|下午|오전|오후|午前|午後)?\s*(?P<hour>\d{1,2})"
    r"(?:(?::|\s?h\s?|\.(?=\d\d\s*[apصم]))(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>[.,]\d{1,9})?)?)?"
    r"\s*(?P<half>a\.?\s?m\.?|p\.?\s?m\.?|ص|م|صباحًا|صباحا|مساءً|مساء)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
_MORNING = ("a", "ص", "上午", "오전", "午前")
_FURTHEST_ZONE_HOURS = 14
_LONGEST_TIME = 60
"""Characters of the longest time worth reading; a pattern would be slow on a cell full of blanks."""

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR_IN_FRONT = re.compile(r"(\d{4})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{1,2})\.?")
_EAST_ASIAN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号號]")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_NUMBERS = re.compile(r"(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})")
_WITH_TIME = re.compile(
    r"(?P<date>\S.*?)(?:(?<=\d)T(?=\d)|,?\s+(?:at\s+|um\s+|à\s+)?)"
    r"(?P<time>(?:\d{1,2}(?::|\s?h\s?)\d\d|\d{1,2}(?:\.\d\d)?\s*[apصم]|上午|下午|午前|午後|오전|오후).*)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|\S")
_PUNCTUATION = frozenset(".,/-\u2013\u060c")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_FIRST_SERIAL_DAY = date(1899, 12, 30)
"""Day 0 of spreadsheets, for every date after February 1900."""

_LONGEST = 100
"""Characters of the longest date worth reading; a pattern would be slow on a cell full of blanks."""

_LAST_OF_2000 = 29
_FIRST_OF_1900 = 69


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


class _Day(NamedTuple):
    """A date as one order reads it: the year has two or four digits."""

    year: str
    month: int
    day: int

    def whole_year(self) -> str | None:
        """The year in four digits; None if its two digits do not tell the century."""
        if len(self.year) == 4:
            return self.year
        if _LAST_OF_2000 < int(self.year) < _FIRST_OF_1900:
            return None
        return ("20" if int(self.year) <= _LAST_OF_2000 else "19") + self.year

    def iso(self) -> str:
        """`YYYY-MM-DD`, or `YY-MM-DD` if the century is not known."""
        return f"{self.whole_year() or self.year}-{self.month:02}-{self.day:02}"

    def exists(self) -> bool:
        """Whether the calendar has it; a year of two digits has the same days in both centuries."""
        return _exists(f"{self.whole_year() or '20' + self.year}-{self.month:02}-{self.day:02}")


_Forms = Mapping[DateOrder | None, _Day]
"""A date as each order that fits its form reads it; under None if its month is named and no order is needed."""


class _Reading(NamedTuple):
    forms: _Forms
    clock: Clock | None

    def possible(self) -> dict[DateOrder | None, _Day]:
        """The forms that the calendar has."""
        return {order: day for order, day in self.forms.items() if day.exists()}


def convert_date(value_type: ValueType, text: str) -> str:
    """`text` as `YYYY-MM-DD`. A time is rejected unless it is midnight, which is how programs write a date alone.

    Three numbers are read in the order of `value_type`; without one, only if a single order makes a date of them.
    A year of two digits is taken where everything that reads dates agrees (POSIX, spreadsheets old and new): 00-29
    are 2000-2029 and 69-99 are 1969-1999. 30-68 are rejected: they may be a birthday or a day to come.
    """
    if _ISO.fullmatch(text) and _exists(text):
        return text
    reading = _read(text)
    if reading.clock is not None and not reading.clock.is_midnight:
        raise ConversionError(
            "a date with a time",
            "it has a time of day, which a date cannot hold: remove the time, or make the column a datetime",
        )
    return _day(reading, value_type.date_order)


def convert_datetime(value_type: ValueType, text: str) -> str:
    """`text` as `YYYY-MM-DDTHH:MM:SS`, with a fraction and an offset from UTC if it has one; a date alone is the
    midnight it begins with. The date is read as `convert_date` reads one.
    """
    reading = _read(text)
    clock = reading.clock or Clock("00", "00")
    return f"{_day(reading, value_type.date_order)}T{clock.iso(seconds=True)}"


def proven_order(text: str) -> DateOrder | None:
    """The order that a date, with a time or without, proves: `14/03/1988` can only begin with the day.

    None if it proves none (`03/04/1988`, or a month by name) or is not a valid date.
    """
    reading = _read_or_none(plain_signs(text))
    possible = list(reading.possible()) if reading is not None else []
    return possible[0] if len(possible) == 1 else None


def possible_orders(text: str) -> tuple[frozenset[DateOrder], bool] | None:
    """The orders in which `text` is a date, and whether it has a time of day; None if it is not a valid date."""
    reading = None if text.isdigit() else _read_or_none(plain_signs(text))
    if reading is None or not (possible := reading.possible()):
        return None
    any_order = None in possible or [*possible] == [DateOrder.YEAR_FIRST]
    orders = frozenset(DateOrder) if any_order else frozenset(order for order in possible if order is not None)
    return orders, reading.clock is not None and not reading.clock.is_midnight


def _exists(iso: str) -> bool:
    try:
        date.fromisoformat(iso)
    except ValueError:
        return False
    return True


def _read(text: str) -> _Reading:
    """Read a date, with a time or without; raise `ConversionError` if `text` is none."""
    plain = plain_signs(text)
    reading = _read_or_none(plain)
    if reading is not None:
        return reading
    if _SERIAL.fullmatch(text):
        day = _FIRST_SERIAL_DAY + timedelta(days=int(text[:5]))
        raise ConversionError(
            "a date that is a bare number",
            f"it is a number; a spreadsheet shows it as {day} if the column is formatted as Date: do that, and "
            "save the sheet again",
        )
    found = _WITH_TIME.fullmatch(plain) if len(text) <= _LONGEST else None
    if found and _forms(found["date"]):
        raise ConversionError(
            _NO_TIME,
            "its time of day cannot be understood: write it as 1988-03-14T14:30, or with +05:00 at the end",
        )
    raise ConversionError("not a valid date", "it is not a date that can be read: write one such as 1988-03-14")


def _read_or_none(text: str) -> _Reading | None:
    if len(text) > _LONGEST:
        return None
    if ":" not in text and (forms := _forms(text)):
        return _Reading(forms, None)
    found = _WITH_TIME.fullmatch(text)
    if found is None:
        return None
    forms, clock = _forms(found["date"]), parse_time(found["time"])
    return _Reading(forms, clock) if forms and clock else None


def _forms(text: str) -> _Forms:
    if found := _NUMBERS.fullmatch(text):
        first, second, last = found[1], found[3], found[4]
        forms: dict[DateOrder | None, _Day] = {
            DateOrder.DAY_FIRST: _Day(last, int(second), int(first)),
            DateOrder.MONTH_FIRST: _Day(last, int(first), int(second)),
        }
        if len(last) == len(first) == 2:
            forms[DateOrder.YEAR_FIRST] = _Day(first, int(second), int(last))
        return forms
    if found := _YEAR_IN_FRONT.fullmatch(text):
        return {DateOrder.YEAR_FIRST: _Day(found[1], int(found[3]), int(found[4]))}
    if found := _EAST_ASIAN.fullmatch(text) or _COMPACT.fullmatch(text):
        return {DateOrder.YEAR_FIRST: _Day(found[1], int(found[2]), int(found[3]))}
    return _named_forms(text)


def _named_forms(text: str) -> _Forms:
    """The forms of a date whose month is a word: a year of four digits is known by them, else the last number is
    the year, unless the column's order puts it in front.
    """
    if text.isdigit() or (found := _parse_named_date(text)) is None:
        return {}
    first, month, last = found
    if len(first) == 4 and len(last) <= 2:
        return {None: _Day(first, month, int(last))}
    if len(first) > 2 or len(last) not in (2, 4):
        return {}
    forms: dict[DateOrder | None, _Day] = {None: _Day(last, month, int(first))}
    if len(first) == len(last) == 2:
        forms[DateOrder.YEAR_FIRST] = _Day(first, month, int(last))
    return forms


def _parse_named_date(text: str) -> tuple[str, int, str] | None:
    """The number before (or, in `March 14, 1988`, behind) the month, the month, the last number; None if there is
    no named month among two numbers. `text` has its digits as ASCII.
    """
    if any(sign.isdigit() and not sign.isdecimal() for sign in text):
        return None
    months, fillers = _month_names()
    numbers: list[str] = []
    words: list[str] = []
    month_at = 0
    for token in _TOKEN.findall(_unaccented(text)):
        if token.isdigit():
            numbers.append(token)
        elif token.isalpha() and token not in fillers:
            if words and month_at != len(numbers):
                return None
            words.append(token)
            month_at = len(numbers)
        elif token not in fillers and token not in _PUNCTUATION:
            return None
    month = months.get("".join(words))
    if month is None or len(numbers) != 2 or month_at == 2:
        return None
    return numbers[0], month, numbers[1]


def _unaccented(text: str) -> str:
    """`text` without accents and case."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


@cache
def _month_names() -> tuple[dict[str, int], frozenset[str]]:
    """The number of a month by its name without accents, case and blanks; words that a date may hold besides."""
    data = tomllib.loads((resources.files("heyx_bulk.values") / "month_names.toml").read_text("utf-8"))
    months = {
        "".join(_unaccented(name).split()): number
        for language in data["months"].values()
        for number, names in enumerate(language, 1)
        for name in names
    }
    return months, frozenset(data["fillers"])


def _day(reading: _Reading, order: DateOrder | None) -> str:
    """The one date that `reading` means in a column of this order, as `YYYY-MM-DD`."""
    possible = reading.possible()
    if not possible:
        raise ConversionError("a date that does not exist", "the calendar has no such day: check it")
    if order not in reading.forms:
        order = None
    if order in possible:
        day = possible[order]
    elif order in reading.forms:
        raise ConversionError(
            "a date in another order than its column",
            f"read {order or 'with the day in front'} it is no date: write it as {_shown(possible.values())}",
        )
    elif len(set(possible.values())) > 1:
        raise ConversionError(
            "a date that can be read in two orders",
            f"it may be {_shown(possible.values())}: choose the order with --date-order day-first, or "
            "with `order` in the mapping file",
        )
    else:
        day = next(iter(possible.values()))
    if day.whole_year() is None:
        may = f"19{day.year} or 20{day.year}"
        raise ConversionError("a year of two digits", f"its year may be {may}: write it with four digits")
    return day.iso()


def _shown(days: Iterable[_Day]) -> str:
    return " or ".join(sorted({day.iso() for day in days}))


def parse_time(text: str) -> Clock | None:
    """The time of day that `text` (in plain signs) is; None if it is none."""
    found = _CLOCK.fullmatch(text) if len(text) <= _LONGEST_TIME else None
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
        raise ConversionError(_NO_TIME, "it is not a time of day: write one such as 14:30 or 2:30 pm")
    return clock.iso()
