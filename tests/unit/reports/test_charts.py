"""Charts as HTML."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from heyx_bulk.reports.charts import MOST_BARS, Part, bar_table, grouped, stacked_bar, time_chart
from heyx_bulk.storage.checkpoint.call_statistics import MinuteOfCalls

HOUR = 60


def minutes(start: int, count: int, counted: int = 200, throttled: int = 0) -> list[MinuteOfCalls]:
    return [MinuteOfCalls(start + number, counted, throttled) for number in range(count)]


def heights(chart: str, kind: str) -> list[float]:
    """The heights of the bars of one kind."""
    path = re.search(rf'<path class="{kind}" d="([^"]*)"', chart)
    return [float(height) for height in re.findall(r"v-([0-9.]+)h", path[1])] if path else []


def lefts(chart: str) -> list[float]:
    """Where the bars begin."""
    return [float(left) for left in re.findall(r"M([0-9.]+) [0-9.]+v-", chart)]


def elements(chart: str, tag: str) -> list[ElementTree.Element]:
    """The elements of a chart, which must be whole."""
    return [*ElementTree.fromstring(chart).iter(tag)]  # noqa: S314  our own


def texts(chart: str) -> list[str]:
    return [text.text or "" for text in elements(chart, "text")]


def test_the_longest_bar_fills_its_place_and_the_others_are_in_proportion() -> None:
    table = bar_table("Calls", [("find", 200), ("create", 50), ("update", 0)])
    assert re.findall(r"width:([0-9.]+)%", table) == ["100.0", "25.0"]
    assert re.findall(r"<td>([0-9,]+)</td>", table) == ["200", "50", "0"]


def test_a_label_cannot_bring_markup_into_the_page() -> None:
    table = bar_table('"><script>', [("<b>bold</b> & co", 1)])
    assert "<script>" not in table
    assert "<b>" not in table
    assert [cell.text for cell in elements(table, "th")] == ["<b>bold</b> & co"]


def test_a_stacked_bar_leaves_out_what_there_is_none_of() -> None:
    bar = stacked_bar([Part("created", 8312, "created"), Part("failed", 0, "failed"), Part("to do", 1, "open")])
    assert re.findall(r"flex-grow:(\d+);background:var\(--(\w+)\)", bar) == [("8312", "created"), ("1", "open")]
    assert "<b>8,312</b> created" in bar
    assert "failed" not in bar


@pytest.mark.parametrize(("count", "length"), [(1, 1), (MOST_BARS, 1), (MOST_BARS + 1, 2), (10 * MOST_BARS, 10)])
def test_many_minutes_are_grouped_and_no_call_is_lost(count: int, length: int) -> None:
    found, groups = grouped(minutes(1_000_000, count, 7, 1))
    assert found == length
    assert len(groups) <= MOST_BARS + 1
    assert sum(group.counted for group in groups) == 7 * count
    assert sum(group.throttled for group in groups) == count


def test_a_bar_that_uses_the_limit_reaches_its_line_and_refusals_stand_on_it() -> None:
    chart = time_chart("Calls", [*minutes(600, 1), *minutes(601, 1, 100, 20)], 200)
    full, half = heights(chart, "calls")
    limit = re.search(r'<path class="limit" d="M\d+ ([0-9.]+)H', chart)
    assert limit is not None
    assert float(limit[1]) + full == pytest.approx(198, abs=0.2)  # the ground line
    assert half == pytest.approx(full / 2, abs=0.2)
    assert heights(chart, "refused") == [pytest.approx(full / 10, abs=0.2)]
    assert f" {198 - half:.1f}v-{heights(chart, 'refused')[0]}h" in chart
    assert "HeyX’s limit, 200" in texts(chart)


def test_calls_above_the_limit_stay_in_the_picture() -> None:
    chart = time_chart("Calls", minutes(600, 1, 500), 200)
    assert heights(chart, "calls")[0] <= 180


def test_a_pause_of_hours_is_cut_short_and_named() -> None:
    chart = time_chart("Calls", [*minutes(0, 30), *minutes(30 + 14 * HOUR, 30)], 200)
    assert {"no calls for", "14 h"} <= {*texts(chart)}
    places = lefts(chart)
    assert len(places) == 60
    assert places[30] - places[29] == pytest.approx(11 * (places[1] - places[0]), abs=0.5)


def test_a_short_pause_is_drawn_as_it_was() -> None:
    chart = time_chart("Calls", [*minutes(0, 30), *minutes(35, 30)], 200)
    assert "no calls for" not in texts(chart)
    places = lefts(chart)
    assert places[30] - places[29] == pytest.approx(6 * (places[1] - places[0]), abs=0.5)


def test_times_stand_under_the_bars_and_the_day_where_there_are_several() -> None:
    one_day = texts(time_chart("Calls", minutes(28_000_000, 90), 200))
    assert sum(re.fullmatch(r"\d\d:\d\d", text) is not None for text in one_day) >= 3
    days = texts(time_chart("Calls", [*minutes(28_000_000, 30), *minutes(28_002_880, 30)], 200))
    assert len({text.split(",")[0] for text in days if re.fullmatch(r"\w+ \d+, \d\d:\d\d", text)}) == 2
