"""Texts that stand in a workbook as true numbers, dates and booleans.

A cell is typed only where its column's kind is known, and only if its text is the one that is read back.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from heyx_bulk.values.value_types import ValueKind

TypedValue = float | bool | date | datetime

NUMBER_FORMATS = {ValueKind.DATE: "yyyy-mm-dd", ValueKind.DATETIME: 'yyyy-mm-dd"T"hh:mm:ss'}
"""The number formats of kinds that need one."""

_NUMBER = re.compile(r"(?!-0$)-?(0|[1-9][0-9]{0,9})(\.[0-9]{0,8}[1-9])?")
_MOST_SIGNS = 11
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_FIRST_DAY = date(1900, 3, 1)
"""Before it, Excel's calendar has a day that never was."""

_BOOLEANS = {"true": True, "false": False}


def typed_value(text: str, kind: ValueKind | None) -> TypedValue | None:
    """The value of a cell with this text in a column of this kind; None where it has to stay text."""
    match kind:
        case ValueKind.NUMBER if len(text) <= _MOST_SIGNS and _NUMBER.fullmatch(text):
            return float(text) if "." in text else int(text)
        case ValueKind.DATE if _DATE.fullmatch(text):
            return _moment(text)
        case ValueKind.DATETIME if _DATETIME.fullmatch(text):
            return _moment(text)
        case ValueKind.BOOLEAN:
            return _BOOLEANS.get(text)
    return None


def _moment(text: str) -> date | datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.date() < _FIRST_DAY:
        return None
    return moment if "T" in text else moment.date()
