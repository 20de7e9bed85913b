"""What the calls of a run show, as charts with a sentence each: calls a minute, answer times, kinds, tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.models.phrases import clock_of, count, duration, minute_of, shorten
from heyx_bulk.reports.charts import bar_table, grouped, time_chart
from heyx_bulk.settings.rate import Rate
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint

TAGS_SHOWN = 15
NUMBERS_SHOWN = 48
LONGEST_NAME = 28
"""How much of a tag is shown: bars stand beside it, also on a phone."""

_ANSWER_BOUNDS = (
    (100, "under 100 ms"),
    (200, "100–200 ms"),
    (300, "200–300 ms"),
    (500, "300–500 ms"),
    (1000, "0.5–1 s"),
    (2000, "1–2 s"),
    (5000, "2–5 s"),
)
_LONGEST_ANSWERS = "over 5 s"
_NO_ANSWER = "no answer"
_KINDS = {"find": "look up", "read": "read by id"}


class Chart(NamedTuple):
    """A chart and the sentence that says what it shows."""

    sentence: str
    bars: Markup


class TimeChart(NamedTuple):
    """Calls over time: sentences, the chart, and its numbers by `unit`: moment, calls counted, calls refused."""

    sentences: list[str]
    chart: Markup
    unit: str
    numbers: list[tuple[str, str, str]]


def calls_by_minute(checkpoint: Checkpoint, rate: Rate) -> TimeChart | None:
    """Calls a minute against the limit `rate`; None before the first call."""
    minutes, sessions = checkpoint.call_statistics.by_minute(), checkpoint.calls.sessions()
    if not minutes:
        return None
    length = grouped(minutes)[0]
    lines, numbers = grouped(minutes, NUMBERS_SHOWN)
    counted, throttled = sum(minute.counted for minute in minutes), sum(minute.throttled for minute in minutes)
    last = checkpoint.calls.last_at() or 0.0
    seconds = sum((one.ended_at or max(last, one.started_at)) - one.started_at for one in sessions)
    sent = f"{count(counted + throttled, 'call')} in {duration(seconds)}"
    sentences = [f"{sent}, in {count(len(sessions), 'session')}."]
    if throttled:
        first = next(minute.minute for minute in minutes if minute.throttled)
        sentences.append(
            f"HeyX refused {count(throttled, 'call')} as too many, first at {clock_of(60 * first)}. The run "
            "paused each time; a call that was refused is sent again."
        )
    if length > 1:
        sentences.append(f"Each bar is the mean of {duration(60 * length)}.")
    return TimeChart(
        sentences,
        time_chart("Calls a minute over time", minutes, rate.calls / rate.window_seconds * 60),
        "Minute" if lines == 1 else f"{duration(60 * lines)} from",
        [(minute_of(60 * one.minute), f"{one.counted:,}", f"{one.throttled:,}") for one in numbers],
    )


def answer_times(checkpoint: Checkpoint) -> Chart:
    """How soon calls were answered."""
    times = checkpoint.call_statistics.answer_times()
    never = sum(
        number
        for (_, _, outcome), number in checkpoint.calls.counts().items()
        if outcome in (CallOutcome.UNANSWERED, CallOutcome.UNKNOWN)
    )
    bars = dict.fromkeys([*(label for _, label in _ANSWER_BOUNDS), _LONGEST_ANSWERS], 0)
    for ms, number in times:
        bars[next((label for bound, label in _ANSWER_BOUNDS if ms < bound), _LONGEST_ANSWERS)] += number
    chart = bar_table("Answer times", [*bars.items(), (_NO_ANSWER, never)])
    if not times:
        return Chart("No call was answered.", chart)
    sentence = (
        f"Half of the answers came within {_seconds(_quantile(times, 0.5))}, 95 of 100 within "
        f"{_seconds(_quantile(times, 0.95))}; the slowest took {_seconds(times[-1][0])}."
    )
    if never:
        sentence += f" {count(never, 'call')} {'was' if never == 1 else 'were'} never answered."
    return Chart(sentence, chart)


def calls_by_kind(checkpoint: Checkpoint, rows: int) -> Chart:
    """How many calls of each kind left, for so many rows that were sent."""
    counts: Counter[str] = Counter()
    for (_, kind, outcome), number in checkpoint.calls.counts().items():
        if outcome is not CallOutcome.UNDELIVERED:
            counts[kind] += number
    sentence = f"{counts.total() / rows:.2f} calls a row." if rows else f"{count(counts.total(), 'call')}."
    bars = [(_KINDS.get(kind, kind), number) for kind, number in counts.most_common()]
    return Chart(sentence, bar_table("Calls by kind", bars))


def tags_set(checkpoint: Checkpoint) -> Chart | None:
    """The tags that were added, most frequent first; None where no tag was added or removed."""
    added, removed = (checkpoint.call_statistics.tags(kind) for kind in ("add tags", "remove tags"))
    if not added and not removed:
        return None
    named = [(shorten(tag, LONGEST_NAME), number) for tag, number in added if tag is not None]
    bars = named[:TAGS_SHOWN]
    total, taken = (sum(number for _, number in tags) for tags in (added, removed))
    if others := total - sum(number for _, number in bars):
        bars.append(("other tags", others))
    also = f" and {count(taken, 'tag')} removed" if taken else ""
    return Chart(f"{count(total, 'tag')} added{also}.", bar_table("Tags added", bars))


def _quantile(times: Sequence[tuple[int, int]], part: float) -> int:
    """The milliseconds within which this part of the calls was answered."""
    wanted, passed = part * sum(number for _, number in times), 0
    for ms, number in times:
        passed += number
        if passed >= wanted:
            return ms
    return times[-1][0]


def _seconds(ms: int) -> str:
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
