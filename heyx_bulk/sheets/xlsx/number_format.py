"""Number formats of cells: whether a number is a date, a duration, a code with leading zeros, or a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")
_AM_PM = re.compile(r"am/pm|a/p|上午/下午", re.IGNORECASE)
_FRACTION_OF_SECOND = re.compile(r"s\.(0+)", re.IGNORECASE)
_LIBREOFFICE_BOOLEAN = '"TRUE";"TRUE";"FALSE"'


class NumberKind(Enum):
    """The kind of value a number stands for."""

    NUMBER = auto()
    PADDED = auto()
    BOOLEAN = auto()
    DATE = auto()
    DATETIME = auto()
    TIME = auto()
    DURATION = auto()


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The kind of a number; `digits` is the width of a padded code, or the decimal places of its seconds."""

    kind: NumberKind
    digits: int = 0


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
    """The format of a code such as `yyyy-mm-dd` or `00000`."""
    if code.upper().startswith(_LIBREOFFICE_BOOLEAN):
        return NumberFormat(NumberKind.BOOLEAN)
    shown = _NOT_SHOWN.sub("", code).partition(";")[0]
    elapsed = _ELAPSED.search(shown) is not None
    bare = _AM_PM.sub("h", _BRACKETS.sub("", shown)).strip().lower()
    if len(bare) > 1 and not bare.strip("0") and not elapsed:
        return NumberFormat(NumberKind.PADDED, len(bare))
    if "general" in bare or "standard" in bare:
        return GENERAL
    fraction = _FRACTION_OF_SECOND.search(bare)
    kind = NumberKind.DURATION if elapsed else _moment(bare)
    return NumberFormat(kind, min(len(fraction.group(1)), 3) if fraction and kind != NumberKind.NUMBER else 0)


def _moment(bare: str) -> NumberKind:
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
