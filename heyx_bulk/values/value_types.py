"""Value types: how a column's texts are understood, and the error for a text that does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ValueKind(StrEnum):
    """The kind of a column's values: its `type` in a mapping file. `LIST` is one of some allowed values."""

    TEXT = "text"
    PHONE = "phone"
    BOOLEAN = "boolean"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    EMAIL = "email"
    URL = "url"
    LIST = "list"


class PhoneFormat(StrEnum):
    """How a phone is written: `+` and country code, the same without `+`, or as the sheet has it."""

    E164 = "e164"
    DIGITS = "digits"
    AS_TYPED = "as-typed"


class DateOrder(StrEnum):
    """Which of its three numbers a date begins with."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    YEAR_FIRST = "year-first"


@dataclass(frozen=True, slots=True)
class ValueType:
    """How a column's texts are understood.

    `region` (ISO 3166, two capitals, one that `is_region` knows) is where phones without country code are dialled.
    `date_order` is the order of the column's dates; without it only dates that can be read in one way are taken.
    `allowed` are the values of a `LIST`, spelled as they are sent.
    """

    kind: ValueKind = ValueKind.TEXT
    region: str | None = None
    phone_format: PhoneFormat = PhoneFormat.AS_TYPED
    date_order: DateOrder | None = None
    allowed: tuple[str, ...] = ()


class ConversionError(Exception):
    """A text that is not of its column's type.

    `cause` is the same for all rows that need the same correction; `reason` says what is wrong with this text and
    how to correct it, as the end of a sentence that names the column and the text.
    """

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(f"{cause}: {reason}")
        self.cause = cause
        self.reason = reason
