"""What a spreadsheet does to a text by itself when a file is opened and saved. Pure.

It takes texts for numbers, dates and truth values, and writes them its own way. Excel keeps 15 digits of a number
and shows six of a long one; `+` and zeros in front are lost (`+447700900123` becomes `4.47701E+11`). A date is
written as in the user's country, or as the number of its day.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from functools import cache
from importlib import resources
from typing import NamedTuple

from heyx_bulk.values.text import plain_signs, trim

KEPT_DIGITS = 15
"""The digits that Excel keeps of a number; others become zeros."""

SHOWN_DIGITS = 9
"""With fewer digits than this, no spreadsheet shows a number that has decimals and is not written as `1.5E+10`."""

_LONGEST_NUMBER = 400
_EXACT = Context(prec=2 * _LONGEST_NUMBER)
_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+))(?:[eE]([+-]?[0-9]{1,3}))?")
_AS_SHOWN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:[.,][0-9]+)?|-?[1-9](?:[.,][0-9]+)?[eE][+-]?[0-9]{1,3}")
"""A number as spreadsheets write it: without `+` and zeros in front."""

_DATE = re.compile(r"([0-9]{1,4})([./-]) ?([0-9]{1,2})\2 ?([0-9]{1,4})\.?")
_TIME = re.compile(r"(?:[T ,]*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]0+)?)? ?([AaPp][Mm])?)?")
_LARGEST = Decimal("1E300")
_EPOCHS = (date(1899, 12, 30), date(1904, 1, 1))
"""The day 0 of Excel's two ways to number days."""

_DAY_SECONDS = 86_400
_MOST_DAYS = 2_958_466
"""The day after 9999-12-31, the last that Excel knows."""


class _Moment(NamedTuple):
    """The three numbers of a date in the order of its text, none for a time alone, and the second of the day."""

    day: tuple[int, ...]
    second: int
    year_first: bool = True


def is_spreadsheet_change(before: str, after: str) -> bool:
    """Whether a spreadsheet alone may have turned the text `before` into `after`.

    False where they are the same, and where `after` has another digit than a spreadsheet would write.
    """
    before, after = trim(before), trim(after)
    if before == after or not before or not after:
        return False
    before = plain_signs(before)
    return _is_same_number(before, after) or _is_same_moment(before, after) or _is_same_truth(before, after)


def _is_same_number(before: str, after: str) -> bool:
    was, now = _number(before), _number(after) if _AS_SHOWN.fullmatch(after) else None
    if was is None or now is None:
        return False
    if was == now:
        return True
    if "e" in after.casefold():
        return _is_rounding(was, now)
    if now == now.to_integral_value(context=_EXACT):
        return now in _rounded(was)
    return len(now.as_tuple().digits) >= SHOWN_DIGITS and _is_rounding(was, now)


def _number(text: str) -> Decimal | None:
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    if found is None:
        return None
    return Decimal(f"{found[1].replace(',', '.')}E{found[2] or 0}")


def _is_rounding(was: Decimal, now: Decimal) -> bool:
    """Whether `now` is `was` with as many digits as `now` has."""
    exponent = now.as_tuple().exponent
    unit = Decimal((0, (1,), exponent if isinstance(exponent, int) else 0))
    return abs(_EXACT.subtract(was, now)) * 2 <= unit


def _rounded(was: Decimal) -> Iterator[Decimal]:
    """The whole numbers that a spreadsheet may keep of a number."""
    for rounding in (ROUND_DOWN, ROUND_HALF_UP):
        yield Context(prec=KEPT_DIGITS, rounding=rounding).plus(was)
    if was == was.to_integral_value(context=_EXACT) and abs(was) < _LARGEST:
        yield Decimal(int(float(was)))


def _is_same_moment(before: str, after: str) -> bool:
    was, now, number = _moment(before), _moment(after), _number(after)
    if was is None:
        return False
    if now is not None:
        return _is_same_day(was, now) and now.second in (was.second, was.second - was.second % 60)
    return number is not None and any(
        _is_same_day(was, other) and was.second == other.second for other in _numbered_moments(number)
    )


def _moment(text: str) -> _Moment | None:
    """The date and time of a text, or its time alone, as it is written."""
    day = _DATE.match(text)
    time = _TIME.fullmatch(text, day.end() if day else 0)
    if time is None:
        return None
    if day is None:
        return _Moment((), _second_of_day(time))
    return _Moment(tuple(int(day[place]) for place in (1, 3, 4)), _second_of_day(time), len(day[1]) > len("31"))


def _is_same_day(was: _Moment, now: _Moment) -> bool:
    """Whether two dates may be one. Both with the year at the end have day and month in the same order."""
    if was.year_first == now.year_first or not (was.day and now.day):
        return was.day == now.day or (
            not was.year_first and _without_century(was.day) == _without_century(now.day)
        )
    first, last = (was.day, now.day) if was.year_first else (now.day, was.day)
    year, month, day = first
    return last[2] in (year, year % 100) and last[:2] in ((month, day), (day, month))


def _without_century(day: tuple[int, ...]) -> tuple[int, ...]:
    return (*day[:2], *(year % 100 for year in day[2:]))


def _second_of_day(time: re.Match[str]) -> int:
    hour, minute, second = (int(time[place] or 0) for place in (1, 2, 3))
    if half := (time[4] or "").casefold():
        hour = hour % 12 + (12 if half == "pm" else 0)
    return (hour * 60 + minute) * 60 + second


def _numbered_moments(number: Decimal) -> Iterator[_Moment]:
    """What the number of a day means, by either of Excel's calendars."""
    if not 0 <= number < _MOST_DAYS:
        return
    days, second = divmod(round(number * _DAY_SECONDS), _DAY_SECONDS)
    for epoch in _EPOCHS:
        if days <= (date.max - epoch).days:
            day = epoch + timedelta(days=days)
            yield _Moment((day.year, day.month, day.day), second)


def _is_same_truth(before: str, after: str) -> bool:
    was = _truths().get(before.casefold())
    return was is not None and was == _truths().get(after.casefold())


@cache
def _truths() -> dict[str, bool]:
    data = tomllib.loads((resources.files("heyx_bulk.values") / "spreadsheet_words.toml").read_text("utf-8"))
    return {word.casefold(): name == "true" for name, words in data.items() for word in words}
