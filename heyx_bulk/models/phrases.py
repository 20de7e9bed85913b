"""Phrases that messages share: counts, lists and texts cut short, moments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

LONGEST_EXAMPLE = 24

LEAST_SIMILARITY = 0.6
"""The least similarity (`difflib` ratio, 0 to 1) of a name that is suggested for another."""


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


def list_item(text: str) -> str:
    """A text as an item of a list: in quotes where it has a comma itself."""
    return f'"{text}"' if "," in text else text


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
    """A time as people write it: `under a second`, `48 s`, `3 min 20 s`, `2 h 5 min`."""
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


def about(seconds: float) -> str:
    """An estimated time: `about 48 s`."""
    text = duration(seconds)
    return text if round(seconds) < 1 else f"about {text}"


def closest(
    name: str,
    names: Iterable[str],
    *,
    key: Callable[[str], str] = str.casefold,
    least: float = LEAST_SIMILARITY,
) -> str | None:
    """The one of `names` whose `key` is most similar to that of `name`; None if none is similar enough."""
    known: dict[str, str] = {}
    for one in names:
        known.setdefault(key(one), one)
    found = get_close_matches(key(name), known, 1, least)
    return known[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """` Did you mean leads.xlsx?`, to stand behind a sentence; blank if no name is similar."""
    near = closest(name, names)
    return f" Did you mean {near}?" if near is not None and near != name else ""


def did_you_mean_file(path: Path) -> str:
    """The same for a file that is not there: the most similar name in its folder, not by its suffix alone."""
    try:
        names = [one.name for one in path.absolute().parent.iterdir() if one.name != path.name]
    except OSError:
        return ""
    near = closest(path.name, (one for one in names if closest(path.stem, [Path(one).stem]) is not None))
    return f" Did you mean {path.with_name(near)}?" if near is not None else ""
