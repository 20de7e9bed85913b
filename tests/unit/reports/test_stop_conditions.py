from __future__ import annotations

from datetime import datetime

import pytest

from heyx_bulk.errors import SettingsError
from heyx_bulk.reports.stop_conditions import (
    FailureLimit,
    parse_duration,
    parse_time_of_day,
    write_duration,
    write_moment,
)

NOW = datetime(2026, 11, 25, 22, 15).astimezone()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("50", FailureLimit(number=50)),
        ("0", FailureLimit(number=0)),
        ("5%", FailureLimit(share=0.05)),
        ("100 %", FailureLimit(share=1)),
    ],
)
def test_failures_are_a_number_or_a_share(text: str, meant: FailureLimit) -> None:
    assert FailureLimit.parse(text) == meant


@pytest.mark.parametrize("text", ["", "-1", "5.5", "101%", "many", "٥"])
def test_anything_else_is_told_with_two_examples(text: str) -> None:
    with pytest.raises(SettingsError, match="--max-failures") as told:
        FailureLimit.parse(text)
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
    assert parse_time_of_day(text, NOW) == meant.timestamp()


@pytest.mark.parametrize("text", ["6", "25:00", "06:61", "tonight", "2026-11-25 06:00"])
def test_no_time_and_a_time_that_is_over_are_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--until"):
        parse_time_of_day(text, NOW)


@pytest.mark.parametrize(
    ("text", "meant"), [("2h", 7200), ("90min", 5400), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1.5h", 5400)]
)
def test_a_duration_is_told_in_hours_minutes_seconds(text: str, meant: float) -> None:
    assert parse_duration(text) == meant


@pytest.mark.parametrize("text", ["", "2", "0s", "h", "2 days"])
def test_what_is_no_duration_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--max-duration"):
        parse_duration(text)


@pytest.mark.parametrize("seconds", [0.5, 45, 5400, 7200.25, 3_000_001])
def test_a_duration_is_written_as_it_is_read(seconds: float) -> None:
    assert parse_duration(write_duration(seconds)) == seconds


def test_a_moment_is_written_as_it_is_read() -> None:
    later = NOW.timestamp() + 3600
    assert parse_time_of_day(write_moment(later), NOW) == later
