"""What a column of dates may mean."""

from __future__ import annotations

from heyx_bulk.values.convert import convert
from heyx_bulk.values.value_types import DateOrder, ValueKind, ValueType

DAY, MONTH, YEAR = DateOrder


def as_date(text: str, order: DateOrder | None = None) -> str:
    return convert(ValueType(ValueKind.DATE, date_order=order), text)


def as_datetime(text: str, order: DateOrder | None = None) -> str:
    return convert(ValueType(ValueKind.DATETIME, date_order=order), text)


def as_time(text: str) -> str:
    return convert(ValueType(ValueKind.TIME), text)
