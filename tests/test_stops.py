from __future__ import annotations

from datetime import datetime

import pytest

from heyx_bulk.errors import SettingsError
from heyx_bulk.reports.stop_conditions import Failures, moment, seconds

NOW = datetime(2026, 11, 25, 22, 15).astimezone()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("50", Failures(number=50)),
        ("0", Failures(number=0)),
        ("5%", Failures(share=0.05)),
        ("100 %", Failures(share=1)),
    ],
)
def test_failures_are_a_number_or_a_share(text: str, meant: Failures) -> None:
    assert Failures.parse(text) == meant


@pytest.mark.parametrize("text", ["", "-1", "5.5", "101%", "many", "٥"])
def test_anything_else_is_told_with_two_examples(text: str) -> None:
    with pytest.raises(SettingsError, match="--max-failures") as told:
        Failures.parse(text)
    assert "--max-failures 50" in told.value.remedy


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("23:00", datetime(2026, 11, 25, 23, 0)),
        ("06:00", datetime(2026, 11, 26, 6, 0)),
        ("22:15", datetime(2026, 11, 26, 22, 15)),
        ("2026-11-27 06:00", datetime(2026, 11, 27, 6, 0)),
    ],
)
def test_a_time_of_day_is_the_next_one(text: str, meant: datetime) -> None:
    assert moment(text, NOW) == meant.timestamp()


@pytest.mark.parametrize("text", ["6", "25:00", "06:61", "tonight", "2026-11-25 06:00"])
def test_no_time_and_a_time_that_is_over_are_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--until"):
        moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "meant"), [("2h", 7200), ("90min", 5400), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1.5h", 5400)]
)
def test_a_duration_is_told_in_hours_minutes_seconds(text: str, meant: float) -> None:
    assert seconds(text) == meant


@pytest.mark.parametrize("text", ["", "2", "0s", "h", "2 days"])
def test_what_is_no_duration_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--max-duration"):
        seconds(text)
