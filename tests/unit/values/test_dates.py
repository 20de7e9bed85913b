from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import heyx_bulk.values
from heyx_bulk.values.convert import convert
from heyx_bulk.values.dates import proven_order
from heyx_bulk.values.value_types import ConversionError, DateOrder, ValueKind, ValueType
from tests.support.date_meanings import DAY, MONTH, YEAR, as_date, as_datetime, as_time

MONTHS = tomllib.loads((Path(heyx_bulk.values.__file__).parent / "month_names.toml").read_text("utf-8"))["months"]


def cause(kind: ValueKind, text: str, order: DateOrder | None = None) -> str:
    with pytest.raises(ConversionError) as unfit:
        convert(ValueType(kind, date_order=order), text)
    return unfit.value.cause


@pytest.mark.parametrize("order", [None, *DateOrder])
@pytest.mark.parametrize(
    "text",
    [
        *("1988-03-14", "1988/03/14", "1988.3.14", "1988. 3. 14.", "19880314", "1988年3月14日", "1988년 3월 14일"),
        *("1988-3-14", "14 March 1988", "March 14, 1988", "14-Mar-1988", "14 mar. 1988"),
        *("14th of March, 1988", "1988 March 14", "14 de marzo de 1988", "14 mars 1988", "14. März 1988"),
        *("14 de março de 1988", "14 Maret 1988", "14 Mac 1988", "14 marzo 1988", "14 maart 1988", "١٤ مارس ١٩٨٨"),
        *("۱۴ مارچ ۱۹۸۸", "14 آذار 1988", "１９８８/０３/１４", "1988-03-14 00:00:00", "1988-03-14T00:00:00.000Z"),
        *("14 March 1988 12:00 AM", "14\u00a0March\u00a01988"),
    ],
)
def test_a_date_that_can_be_read_in_one_way_needs_no_order(text: str, order: DateOrder | None) -> None:
    assert as_date(text, order) == "1988-03-14"


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("03/04/1988", DAY, "1988-04-03"),
        ("03/04/1988", MONTH, "1988-03-04"),
        ("3.4.88", DAY, "1988-04-03"),
        ("03-04-05", YEAR, "2003-04-05"),
        ("03-04-05", DAY, "2005-04-03"),
        ("٠٣/٠٤/١٩٨٨", DAY, "1988-04-03"),
        ("14/03/1988", None, "1988-03-14"),
        ("03/14/1988", None, "1988-03-14"),
        ("03/03/1988", None, "1988-03-03"),
        ("14/03/88", None, "1988-03-14"),
        ("14/03/1988", YEAR, "1988-03-14"),
        ("12-Mar-14", None, "2014-03-12"),
        ("12-Mar-14", DAY, "2014-03-12"),
        ("12-Mar-14", YEAR, "2012-03-14"),
        ("1º de maio de 2001", None, "2001-05-01"),
        ("1er août 2001", None, "2001-08-01"),
        ("5 كانون الثاني 2001", None, "2001-01-05"),
    ],
)
def test_three_numbers_are_read_in_the_order_of_their_column(text: str, order: DateOrder | None, iso: str) -> None:
    assert as_date(text, order) == iso


@pytest.mark.parametrize(("year", "whole"), [("00", "2000"), ("29", "2029"), ("69", "1969"), ("99", "1999")])
def test_two_digits_are_a_year_where_everybody_reads_them_alike(year: str, whole: str) -> None:
    assert as_date(f"14/03/{year}", DAY) == as_date(f"14 March {year}") == f"{whole}-03-14"


@pytest.mark.parametrize("year", ["30", "45", "68"])
def test_two_digits_that_may_be_a_birthday_or_a_day_to_come_are_refused(year: str) -> None:
    with pytest.raises(ConversionError, match=f"19{year} or 20{year}"):
        as_date(f"14/03/{year}", DAY)


@pytest.mark.parametrize(
    ("text", "order", "why"),
    [
        ("03/04/1988", None, "a date that can be read in two orders"),
        ("03/04/1988", YEAR, "a date that can be read in two orders"),
        ("14/03/25", None, "a date that can be read in two orders"),
        ("03/14/1988", DAY, "a date in another order than its column"),
        ("14/03/1988", MONTH, "a date in another order than its column"),
        ("31/02/2023", DAY, "a date that does not exist"),
        ("31/02/2023", None, "a date that does not exist"),
        ("2023-02-29", None, "a date that does not exist"),
        ("29/02/99", DAY, "a date that does not exist"),
        ("31 April 2023", None, "a date that does not exist"),
        ("0000-01-01", None, "a date that does not exist"),
        ("44927", None, "a date that is a bare number"),
        ("44927.5", None, "a date that is a bare number"),
        ("1988-03-14T10:00", None, "a date with a time"),
        ("1988-03-14 12:00 pm", None, "a date with a time"),
        ("1988-03-14 25:00", None, "not a valid time"),
        ("1710410400", None, "not a valid date"),
        ("March 1988", None, "not a valid date"),
        ("14 March", None, "not a valid date"),
        ("3/14", None, "not a valid date"),
        ("1/2/3", None, "not a valid date"),
        ("14/03-1988", None, "not a valid date"),
        ("14 Octo 1988", None, "not a valid date"),
        ("1² mars 1988", None, "not a valid date"),
        ("14 15 March", None, "not a valid date"),
        ("yesterday", None, "not a valid date"),
        ("1" + " " * 40_000 + "x", None, "not a valid date"),
    ],
)
def test_a_date_that_is_none_or_more_than_one_is_refused(text: str, order: DateOrder | None, why: str) -> None:
    assert cause(ValueKind.DATE, text, order) == why


def test_the_message_of_two_orders_names_both_days_and_the_option() -> None:
    with pytest.raises(ConversionError, match=r"1988-03-04 or 1988-04-03.*--date-order"):
        as_date("03/04/1988")


def test_the_message_of_a_bare_number_says_which_day_a_spreadsheet_makes_of_it() -> None:
    with pytest.raises(ConversionError, match="2023-01-01"):
        as_date("44927")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("14/03/1988 2:30 PM", "1988-03-14T14:30:00"),
        ("14/03/1988", "1988-03-14T00:00:00"),
        ("1988-03-14T10:15:00.000Z", "1988-03-14T10:15:00.000Z"),
        ("1988-03-14 10:15:00 +0530", "1988-03-14T10:15:00+05:30"),
        ("1988-03-14 10:15 UTC", "1988-03-14T10:15:00Z"),
        ("March 14, 1988 at 2:30pm", "1988-03-14T14:30:00"),
        ("Mar 14 1988  2:30PM", "1988-03-14T14:30:00"),
        ("14.03.1988, 14:30", "1988-03-14T14:30:00"),
        ("14 mars 1988 à 14h30", "1988-03-14T14:30:00"),
        ("1988/3/14 下午2:30", "1988-03-14T14:30:00"),
        ("14/03/1988 9:05", "1988-03-14T09:05:00"),
    ],
)
def test_a_date_with_a_time_is_written_as_iso_has_it(text: str, iso: str) -> None:
    assert as_datetime(text, DAY) == iso


@pytest.mark.parametrize("text", ["1988-03-14 10:15 PST", "1988-03-14T24:00", "1988-03-14 10:75"])
def test_a_date_with_a_time_that_is_none_is_refused(text: str) -> None:
    assert cause(ValueKind.DATETIME, text) == "not a valid time"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        *(("14:30", "14:30"), ("9:05", "09:05"), ("14:30:00", "14:30:00"), ("14:30:15.250", "14:30:15.250")),
        *(
            ("2:30 PM", "14:30"),
            ("2 pm", "14:00"),
            ("12 AM", "00:00"),
            ("12:30 p. m.", "12:30"),
            ("2.30pm", "14:30"),
        ),
        *(
            ("14h30", "14:30"),
            ("14 h 30", "14:30"),
            ("٢:٣٠ م", "14:30"),
            ("٩:٠٥ ص", "09:05"),
            ("下午2:30", "14:30"),
        ),
        *(
            ("14:30+02", "14:30+02:00"),
            ("14:30 -0330", "14:30-03:30"),
            ("14:30Z", "14:30Z"),
            ("14:30 GMT", "14:30Z"),
        ),
    ],
)
def test_a_time_is_written_as_iso_has_it_with_as_much_as_it_says(text: str, iso: str) -> None:
    assert as_time(text) == iso


@pytest.mark.parametrize(
    "text",
    [
        *(
            "25:00",
            "24:00",
            "14:60",
            "14:30:60",
            "13:30 pm",
            "0:30 am",
            "9:5",
            "14",
            "2.30",
            "0.6041",
            "14:30 PST",
        ),
        *("14:30+15:00", "下午2:30 pm", "noon", "1988-03-14T14:30", "12" + " " * 40_000 + "x"),
    ],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    assert cause(ValueKind.TIME, text) == "not a valid time"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        *(("14/03/1988", DAY), ("03/14/1988", MONTH), ("1988-03-14", YEAR), ("1988/03/04", YEAR)),
        *(("14/03/88", DAY), ("88/03/14", YEAR), ("١٤/٠٣/١٩٨٨", DAY), ("14.03.1988 10:00", DAY)),
        *(
            ("03/04/1988", None),
            ("03/03/1988", None),
            ("14/03/25", None),
            ("14 March 1988", None),
            ("Mar 3, 88", None),
        ),
        *(("14/14/1988", None), ("31/02/1988", None), ("2023-02-30", None), ("44927", None), ("Lahore", None)),
    ],
)
def test_a_date_shows_the_order_that_it_proves_and_no_other(text: str, order: DateOrder | None) -> None:
    assert proven_order(text) is order


@pytest.mark.parametrize("language", MONTHS)
def test_every_name_of_a_month_is_known_and_means_one_month_in_all_languages(language: str) -> None:
    assert len(MONTHS[language]) == 12
    for number, names in enumerate(MONTHS[language], 1):
        assert {as_date(f"14 {name} 1988") for name in names} == {f"1988-{number:02}-14"}
