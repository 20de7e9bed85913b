"""The text of a cell of a workbook; a number becomes what a user would type: no `.0`, no exponent, ISO dates.

It works on the number as it stands in the file, since a float has lost digits of a long id already.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from heyx_bulk.sheets.record import PASTE_AS_TEXT
from heyx_bulk.sheets.xlsx.number_format import NumberFormat, NumberKind

CORRECT_CELL = "mend or clear it in Excel"

_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST_CHARACTERS = 400
_EXACT = 2**53
_FALSE_LEAP_DAY = 60  # 1900-02-29, which Excel has and the calendar does not


class CellText(NamedTuple):
    """A cell's text. With an `error` it has none; with a `warning` it may be wrong; `remedy` is for either."""

    text: str
    error: str = ""
    warning: str = ""
    remedy: str = PASTE_AS_TEXT


def number_text(raw: str, number_format: NumberFormat, *, from_1904: bool) -> CellText:
    """The text of the number that is written `raw` in the workbook."""
    if len(raw) > _LONGEST_CHARACTERS or not _NUMBER.fullmatch(raw) or math.isinf(float(raw)):
        return CellText("", error=f"holds {raw[:40]!r}, which is no number")
    match number_format.kind:
        case NumberKind.NUMBER:
            return _plain(raw)
        case NumberKind.PADDED:
            plain = _plain(raw)
            digits = number_format.digits
            return plain._replace(text=plain.text.zfill(digits)) if plain.text.isdigit() else plain
        case NumberKind.BOOLEAN:
            return CellText("true" if float(raw) else "false")
        case NumberKind.DURATION:
            return CellText(_clock(float(raw), number_format.digits))
        case NumberKind.TIME if 0 <= float(raw) < 1:
            return CellText(_clock(float(raw), number_format.digits))
    moment = _moment(float(raw), number_format, from_1904=from_1904)
    if moment is None:
        return _plain(raw)._replace(warning=f"is formatted as a date but holds {raw}, which is no date")
    return CellText(moment)


def _plain(raw: str) -> CellText:
    if _WHOLE.fullmatch(raw):
        return CellText(str(int(raw)))
    exact = Decimal(raw)
    if exact == exact.to_integral_value():
        digits = f"{exact.to_integral_value():f}".lstrip("+")
        return CellText(digits if exact else "0", warning=_rounding_warning(digits))
    short = Decimal(f"{float(raw):.15g}")
    whole = short == short.to_integral_value()
    return CellText(f"{short.to_integral_value() if whole else short.normalize():f}" if short else "0")


def _rounding_warning(digits: str) -> str:
    """Excel keeps 15 digits and writes zeros after them; another 16th digit comes from another program."""
    bare = digits.lstrip("-")
    if len(bare) < 16 or (len(bare) == 16 and bare[-1] != "0" and int(bare) <= _EXACT):
        return ""
    return f"holds the number {digits}; Excel keeps 15 digits of a number, so it may have been rounded"


def _moment(days: float, number_format: NumberFormat, *, from_1904: bool) -> str | None:
    """The moment `days` after the start of the calendar; None for a day that does not exist."""
    if days < (0 if from_1904 else 1) or (not from_1904 and int(days) == _FALSE_LEAP_DAY):
        return None
    if from_1904:
        start = datetime(1904, 1, 1, tzinfo=UTC)
    else:
        start = datetime(1899, 12, 30 if days > _FALSE_LEAP_DAY else 31, tzinfo=UTC)
    scale = 10**number_format.digits
    try:
        steps = round(days * 86_400 * scale)
        moment = start + timedelta(seconds=steps // scale, milliseconds=steps % scale * 1000 // scale)
    except OverflowError:
        return None
    text = f"{moment:%Y-%m-%d}"
    if number_format.kind is NumberKind.DATE and steps % (86_400 * scale) == 0:
        return text
    return f"{text}T{moment:%H:%M:%S}{_fraction(steps, number_format.digits)}"


def _clock(days: float, digits: int) -> str:
    """Hours, minutes and seconds; hours over 24 are kept."""
    scale = 10**digits
    steps = round(abs(days) * 86_400 * scale)
    minutes, seconds = divmod(steps // scale, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if days < 0 and steps else ""
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds:02d}{_fraction(steps, digits)}"


def _fraction(steps: int, digits: int) -> str:
    part = steps % 10**digits if digits else 0
    return f".{part:0{digits}d}" if part else ""
