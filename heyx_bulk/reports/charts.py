"""Charts as HTML, without a script or a library: one stacked bar, bars in a table, calls over time as SVG.

Horizontal bars are tables, so that the letters keep their size on a phone and the picture is its own description.
The page includes `STYLE`, and defines the colors that it names (`--ink`, `--dim`, `--line`, `--bar`, `--bad`, and
one for each tone of a stacked bar).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from heyx_bulk.models.phrases import duration
from heyx_bulk.storage.checkpoint.call_statistics import MinuteOfCalls

STYLE = Markup("""
.stack{display:flex;height:2.4rem;gap:2px}.stack i{flex:0 1 0;min-width:3px;border-radius:2px}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.7rem 0 0;padding:0;list-style:none}
.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
.bars{width:100%;border-collapse:collapse}.bars th,.bars td{padding:.12rem .4rem;font-weight:400;border:0}
.bars th{text-align:right;color:var(--dim);width:1%;white-space:nowrap}
.bars td{text-align:right;width:1%;white-space:nowrap;font-variant-numeric:tabular-nums}
.bars td:last-child{width:98%;text-align:left}
.bars i{display:block;height:.95em;min-width:2px;border-radius:2px;background:var(--bar)}
.wide{overflow-x:auto}.wide svg{display:block;width:100%;min-width:36rem;height:auto}
svg text{font-size:11px;fill:var(--dim)}svg .grid{stroke:var(--line);fill:none}
svg .calls{fill:var(--bar)}svg .refused{fill:var(--bad)}svg .limit{stroke:var(--bad);stroke-dasharray:5 3}
svg .limit-name{fill:var(--bad)}svg .pause{fill:var(--line)}
""")

_WIDTH, _LEFT, _RIGHT, _TOP, _HEIGHT, _BOTTOM = 800, 40, 8, 18, 180, 24
MOST_BARS = 240
_MOST_LABELS = 8
_LEAST_PAUSE = 10
"""A time without calls of more bars than this is drawn as a pause of so many."""

_PAUSE_WIDTH = 64
"""The width that the words about a pause need."""

_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
_STEPS = (1, 2, 5)


class Part(NamedTuple):
    """A part of a stacked bar; `tone` is the name of its color's variable."""

    label: str
    number: int
    tone: str


def stacked_bar(parts: Sequence[Part]) -> Markup:
    """One bar of all parts side by side, and a key with their numbers; parts of 0 are left out."""
    shown = [part for part in parts if part.number]
    bar = Markup("").join(
        Markup('<i style="flex-grow:{};background:var(--{})"></i>').format(part.number, part.tone)
        for part in shown
    )
    key = Markup("").join(
        Markup('<li><i style="background:var(--{})"></i><b>{:,}</b> {}</li>').format(
            part.tone, part.number, part.label
        )
        for part in shown
    )
    return Markup('<div class="stack" aria-hidden="true">{}</div><ul class="key">{}</ul>').format(bar, key)


def bar_table(name: str, bars: Sequence[tuple[str, int]]) -> Markup:
    """A table of labels, numbers and bars, the longest as long as there is room; `name` describes it."""
    longest = max((number for _, number in bars), default=0)
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td>{:,}</td><td>{}</td></tr>').format(
            label, number, _bar(100 * number / longest if number else 0)
        )
        for label, number in bars
    )
    return Markup('<table class="bars" aria-label="{}"><tbody>{}</tbody></table>').format(name, rows)


def _bar(percent: float) -> Markup:
    return Markup('<i style="width:{:.1f}%"></i>').format(percent) if percent else Markup("")


class _Slot(NamedTuple):
    """A bar's place: it begins `minute` (epoch minutes). In a pause `idle` minutes pass from there."""

    minute: int
    counted: float = 0
    throttled: float = 0
    idle: int = 0


def grouped(minutes: Sequence[MinuteOfCalls], most: int = MOST_BARS) -> tuple[int, list[MinuteOfCalls]]:
    """The minutes, some of them together where they are more than `most`: how many are together, and the sums.

    The last length of `_MINUTES` is taken if even that gives more.
    """
    groups: dict[int, MinuteOfCalls] = {}
    for length in _MINUTES:
        groups = {}
        for minute, counted, throttled in minutes:
            start = minute - minute % length
            before = groups.get(start, MinuteOfCalls(start, 0, 0))
            groups[start] = MinuteOfCalls(start, before.counted + counted, before.throttled + throttled)
        if len(groups) <= most:
            break
    return length, list(groups.values())


def time_chart(name: str, minutes: Sequence[MinuteOfCalls], limit: float) -> Markup:
    """Calls a minute over the local time, against the `limit` (calls a minute), long pauses cut short."""
    length, groups = grouped(minutes)
    slots = list(_slots(groups, length))
    top = _nice_top(max([limit, *(slot.counted + slot.throttled for slot in slots)]))
    width = (_WIDTH - _LEFT - _RIGHT) / max(1, len(slots))
    scale = _HEIGHT / top
    base = _TOP + _HEIGHT
    counted, refused, marks = [], [], []
    for place, slot in enumerate(slots):
        left = _LEFT + place * width
        if slot.counted:
            counted.append(_column(left, base, width, slot.counted * scale))
        if slot.throttled:
            refused.append(_column(left, base - slot.counted * scale, width, slot.throttled * scale))
    for start, end, idle in _pauses(slots):
        left, right = _LEFT + start * width, _LEFT + end * width
        marks.append(
            Markup('<rect class="pause" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
                left, base - 6, right - left, 6
            )
        )
        words = ("no calls for", duration(60 * idle)) if right - left >= _PAUSE_WIDTH else ("…",)
        marks += (
            _text((left + right) / 2, base - 12 - 14 * line, text, "middle")
            for line, text in enumerate(reversed(words))
        )
    parts = [
        *(_grid_line(base - value * scale, value) for value in _grid(top)),
        Markup('<path class="calls" d="{}"/>').format("".join(counted)),
        Markup('<path class="refused" d="{}"/>').format("".join(refused)) if refused else "",
        *marks,
        Markup('<path class="limit" d="M{} {:.1f}H{}"/>').format(_LEFT, base - limit * scale, _WIDTH - _RIGHT),
        _text(_WIDTH - _RIGHT, base - limit * scale - 5, f"HeyX’s limit, {limit:,.0f}", "end", "limit-name"),
        *(_text(_LEFT + (place + 0.5) * width, base + 16, label, "middle") for place, label in _labels(slots)),
    ]
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="{0}"><svg viewBox="0 0 {1} {2}" role="img">'
        "<title>{0}</title>{3}</svg></div>"
    ).format(name, _WIDTH, base + _BOTTOM, Markup("").join(parts))


def _slots(groups: Sequence[MinuteOfCalls], length: int) -> Iterator[_Slot]:
    """A slot for each bar and for the empty time between; a long pause has `_LEAST_PAUSE` slots."""
    longest = max(_LEAST_PAUSE, len(groups) // 6)
    end = groups[0].minute if groups else 0
    for start, counted, throttled in groups:
        missing = (start - end) // length
        idle = start - end if missing > longest else 0
        for place in range(min(missing, longest)):
            yield _Slot(end + place * length, idle=idle)
        yield _Slot(start, counted / length, throttled / length)
        end = start + length


def _pauses(slots: Sequence[_Slot]) -> Iterator[tuple[int, int, int]]:
    """The pauses that are cut short: first place, place after the last, minutes."""
    start = 0
    for place, slot in enumerate(slots):
        if slot.idle and (not place or not slots[place - 1].idle):
            start = place
        if slot.idle and not slots[place + 1].idle:
            yield start, place + 1, slot.idle


def _labels(slots: Sequence[_Slot]) -> Iterator[tuple[int, str]]:
    """The times under some of the slots, and their date where it is a new one."""
    for step in (*_MINUTES, _MINUTES[-1] * len(slots)):
        places = [place for place, slot in enumerate(slots) if not slot.idle and _local(slot) % step == 0]
        if len(places) <= _MOST_LABELS:
            break
    day = ""
    for place in places or [0] * bool(slots):
        moment = datetime.fromtimestamp(60 * slots[place].minute)
        today = f"{moment:%b} {moment.day}"
        yield place, f"{moment:%H:%M}" if day == today or not _several_days(slots) else f"{today}, {moment:%H:%M}"
        day = today


def _several_days(slots: Sequence[_Slot]) -> bool:
    first, last = (datetime.fromtimestamp(60 * slot.minute).date() for slot in (slots[0], slots[-1]))
    return first != last


def _local(slot: _Slot) -> int:
    """The minutes since the epoch by the local clock."""
    moment = datetime.fromtimestamp(60 * slot.minute).astimezone()
    offset = moment.utcoffset()
    return slot.minute + (round(offset.total_seconds() / 60) if offset else 0)


def _nice_top(highest: float) -> float:
    return highest * 1.02 if highest else 1


def _grid(top: float) -> list[float]:
    """Round numbers from 0 to `top`, five at most."""
    size = 1.0
    while True:
        for step in _STEPS:
            if top / (step * size) < 5:
                return [number * step * size for number in range(int(top / (step * size)) + 1)]
        size *= 10


def _grid_line(height: float, value: float) -> Markup:
    line = Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(_LEFT, height, _WIDTH - _RIGHT)
    return line + _text(_LEFT - 6, height + 4, f"{value:,.0f}", "end")


def _column(left: float, base: float, width: float, height: float) -> str:
    bar = max(0.6, width - min(1.0, width * 0.2))
    return f"M{left:.1f} {base:.1f}v{-height:.1f}h{bar:.1f}v{height:.1f}z"


def _text(left: float, top: float, text: str, anchor: str, kind: str = "") -> Markup:
    name = Markup(' class="{}"').format(kind) if kind else Markup("")
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>').format(left, top, anchor, name, text)
