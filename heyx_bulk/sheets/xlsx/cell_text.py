"""The text of a cell of a workbook; a number becomes what a user would type: no `.0`, no exponent, ISO dates.

It works on the number as it stands in the file, since a float has lost digits of a long id already.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import NamedTuple

from heyx_bulk.sheets.record import PASTE_AS_TEXT
from heyx_bulk.sheets.xlsx.code_pattern import ELAPSED, MOST_CHARACTERS_OF_CODE, Part, code_pattern, shown

CORRECT_CELL = "correct or clear it in Excel"

PLAIN_NUMBER = re.compile("[1-9][0-9]{0,14}|0")
"""A number that is its own text in the format `General`."""

_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST_CHARACTERS = 400
_EXACT = 2**53
_FALSE_LEAP_DAY = 60  # 1900-02-29, which Excel has and the calendar does not
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKETS = re.compile(r"\[[^\]]*\]")
_AM_PM = re.compile(r"am/pm|a/p|上午/下午", re.IGNORECASE)
_FRACTION_OF_SECOND = re.compile(r"s\.(0+)", re.IGNORECASE)
_LIBREOFFICE_BOOLEAN = '"TRUE";"TRUE";"FALSE"'
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")


class NumberKind(Enum):
    """The kind of value a number stands for."""

    NUMBER = auto()
    CODE = auto()
    BOOLEAN = auto()
    DATE = auto()
    DATETIME = auto()
    TIME = auto()
    DURATION = auto()


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The kind of a number; `digits` are the decimal places of its seconds, `pattern` is how a code is shown."""

    kind: NumberKind
    digits: int = 0
    pattern: tuple[Part, ...] = ()


GENERAL = NumberFormat(NumberKind.NUMBER)
BUILTIN_FORMATS = {
    **dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 36), NumberFormat(NumberKind.DATE)),
    **dict.fromkeys((50, 51, 52, 53, 54, 57, 58), NumberFormat(NumberKind.DATE)),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 55, 56), NumberFormat(NumberKind.TIME)),
    22: NumberFormat(NumberKind.DATETIME),
    46: NumberFormat(NumberKind.DURATION),
    47: NumberFormat(NumberKind.TIME, 1),
}
"""The formats that a workbook names only by number (ECMA-376 part 1, 18.8.30)."""


def parse_number_format(code: str) -> NumberFormat:
    """The format that is written `yyyy-mm-dd` or `00000`, for example."""
    if code.upper().startswith(_LIBREOFFICE_BOOLEAN):
        return NumberFormat(NumberKind.BOOLEAN)
    if pattern := code_pattern(code):
        return NumberFormat(NumberKind.CODE, pattern=pattern)
    visible = _NOT_SHOWN.sub("", code).partition(";")[0]
    elapsed = ELAPSED.search(visible) is not None
    bare = _AM_PM.sub("h", _BRACKETS.sub("", visible)).strip().lower()
    if 1 < len(bare) <= MOST_CHARACTERS_OF_CODE and not bare.strip("0") and not elapsed:
        return NumberFormat(NumberKind.CODE, pattern=(Part("0", is_digit=True),) * len(bare))
    if "general" in bare or "standard" in bare:
        return GENERAL
    fraction = _FRACTION_OF_SECOND.search(bare)
    kind = NumberKind.DURATION if elapsed else _moment_kind(bare)
    return NumberFormat(kind, min(len(fraction.group(1)), 3) if fraction and kind != NumberKind.NUMBER else 0)


def _moment_kind(bare: str) -> NumberKind:
    """Minutes and months share a letter: with hours or seconds beside it, it is minutes."""
    time = "h" in bare or "s" in bare
    date = "y" in bare or "d" in bare or ("m" in bare and not time)
    match date, time:
        case True, True:
            return NumberKind.DATETIME
        case True, False:
            return NumberKind.DATE
        case False, True:
            return NumberKind.TIME
    return NumberKind.NUMBER


class CellText(NamedTuple):
    """A cell's text. With an `error` it has none; with a `warning` it may be wrong; `remedy` is for either."""

    text: str
    error: str = ""
    warning: str = ""
    remedy: str = PASTE_AS_TEXT


def number_text(raw: str, number_format: NumberFormat, *, from_1904: bool) -> CellText:
    """The text of the number that is written `raw` in the workbook."""
    if len(raw) > _LONGEST_CHARACTERS or not _NUMBER.fullmatch(raw) or math.isinf(float(raw)):
        return CellText("", error=f"holds {raw[:40]!r}, which is not a number")
    match number_format.kind:
        case NumberKind.NUMBER:
            return _plain(raw)
        case NumberKind.CODE:
            plain = _plain(raw)
            return plain._replace(text=shown(number_format.pattern, plain.text)) if plain.text.isdigit() else plain
        case NumberKind.BOOLEAN:
            return CellText("true" if float(raw) else "false")
        case NumberKind.DURATION:
            return CellText(_clock(float(raw), number_format.digits))
        case NumberKind.TIME if 0 <= float(raw) < 1:
            return CellText(_clock(float(raw), number_format.digits))
    moment = _moment(float(raw), number_format, from_1904=from_1904)
    if moment is None:
        return _plain(raw)._replace(warning=f"is formatted as a date but holds {raw}, which is not a date")
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


def decode_escapes(text: str) -> str:
    """The text that a workbook wrote as `text`, with `_xHHHH_` for each character that XML cannot hold."""
    if "_x" not in text:
        return text
    decoded = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)
    # The two halves of a surrogate pair are escaped one by one.
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def stored_length(text: str) -> int:
    """How many characters Excel counts in a text: UTF-16 units, two for an emoji."""
    return len(text.encode("utf-16-le")) // 2


def encode_escapes(text: str) -> str:
    """`text` as a workbook writes it: `decode_escapes(encode_escapes(text)) == text`."""
    protected = _LOOKS_ESCAPED.sub("_x005F_", text)
    return _NOT_IN_XML.sub(lambda found: f"_x{ord(found.group()):04X}_", protected)
