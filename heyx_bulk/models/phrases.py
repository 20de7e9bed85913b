"""Phrases that messages share: counts, lists and texts cut short, moments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

LONGEST_EXAMPLE = 24


def count(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def first_of(total: int, first: Collection[object]) -> str:
    """The `first` of so many, with a mark where there are more: `2, 3, 5, …`."""
    return ", ".join(map(str, first)) + (", …" if total > len(first) else "")


def rows_named(total: int, first: Collection[int]) -> str:
    """Rows by the numbers of the `first` of them: `row 2`, `rows 2, 3, 5, …`."""
    return f"{'row' if total == 1 else 'rows'} {first_of(total, first)}"


def shorten(text: str, longest: int) -> str:
    """`text`, cut off with a mark where it has more than `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def example(text: str) -> str:
    """A value as an example of others: on one line, and cut short."""
    return shorten(" ".join(text.split()), LONGEST_EXAMPLE)


def date_of(moment: float) -> str:
    """The local date of a moment in epoch seconds: `2026-11-23`."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d")


def minute_of(moment: float) -> str:
    """The local date and time of a moment in epoch seconds: `2026-11-23 09:15`."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M")


def clock_of(moment: float) -> str:
    """The local time of a moment in epoch seconds: `09:15`."""
    return datetime.fromtimestamp(moment).strftime("%H:%M")


def duration(seconds: float) -> str:
    """A time as a person says it: `under a second`, `48 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = round(seconds)
    if seconds < 1:
        return "under a second"
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
