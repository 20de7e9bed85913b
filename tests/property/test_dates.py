"""Dates and times are read in the order that is said, and ISO dates stay."""

from __future__ import annotations

from datetime import date, datetime, time

from hypothesis import given
from hypothesis import strategies as st

from heyx_bulk.values.dates import proven_order
from heyx_bulk.values.value_types import DateOrder
from tests.support.date_meanings import DAY, MONTH, YEAR, as_date, as_datetime, as_time

whole_days = st.dates(date(1000, 1, 1))


@given(whole_days, st.sampled_from("/.-"), st.sampled_from(["{0:02}", "{0}"]), st.sampled_from(DateOrder))
def test_a_date_written_in_an_order_is_read_in_it(day: date, sign: str, form: str, order: DateOrder) -> None:
    parts = {"y": f"{day.year:04}", "m": form.format(day.month), "d": form.format(day.day)}
    text = sign.join(parts[part] for part in {DAY: "dmy", MONTH: "mdy", YEAR: "ymd"}[order])
    assert as_date(text, order) == day.isoformat()
    assert proven_order(text) in (order, None)


@given(whole_days, st.sampled_from([None, *DateOrder]))
def test_an_iso_date_stays_as_it_is_whatever_the_order(day: date, order: DateOrder | None) -> None:
    assert as_date(day.isoformat(), order) == day.isoformat()


@given(st.datetimes(datetime(1000, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))
def test_an_iso_date_with_a_time_stays_as_it_is(moment: datetime) -> None:
    assert as_datetime(moment.isoformat()) == moment.isoformat()


@given(st.times().map(lambda clock: clock.replace(microsecond=0)))
def test_a_time_is_the_same_on_a_clock_of_twelve_hours(clock: time) -> None:
    assert (
        as_time(f"{clock.hour % 12 or 12}:{clock:%M:%S} {'pm' if clock.hour > 11 else 'am'}") == clock.isoformat()
    )
