"""Damage that only a whole column shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from heyx_bulk.mapping.data_quality import DataQualityChecks
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.text_checks import repair_mojibake
from heyx_bulk.sheets.frames import SheetFrame, issue_frame, text_frame
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.upload.inspection import inspect_sheet
from heyx_bulk.upload.options import UploadOptions
from tests.support.cell_rows import recognize
from tests.support.sheet_files import workbook

PLUS = [f"+9230012{number:05}" for number in range(9)]


def checked(header: Sequence[str], rows: Sequence[Sequence[str]], region: str | None = None) -> DataQualityChecks:
    checks = DataQualityChecks(recognize(header, MappingOptions(custom_fields=True, region=region)))
    for number, cells in enumerate(rows, 2):
        texts = [[text] for text in cells]
        checks.see(SheetFrame(text_frame(dict(enumerate(texts)), [number]), issue_frame(())), texts)
    return checks


def findings(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, int, tuple[int, ...]]]:
    found = checked(header, rows).warnings()
    return [(finding.what.partition(":")[0], finding.rows, finding.first) for finding in found]


def said(header: Sequence[str], *rows: Sequence[str], region: str | None = None) -> list[str]:
    """What is said of a sheet, each with its rows; the columns are left out."""
    found = checked(header, rows, region).warnings()
    return [f"{one.what.partition(': ')[2]} {one.first}" for one in found]


def countries(*phones: str, region: str | None = None) -> list[tuple[str, int]]:
    found = checked(["phone"], [[phone] for phone in phones], region).phones()
    return [(one.country, one.rows) for one in found]


def of_phones(*phones: str) -> list[tuple[str, int, tuple[int, ...]]]:
    return findings(["phone"], [[phone] for phone in phones])


@pytest.mark.parametrize("text", ["José", "Zoë", "Müller", "‘quoted’", "Łódź", "علي", "Ñandú", "日本"])
def test_letters_read_in_the_wrong_encoding_are_found_and_the_right_ones_are_not(text: str) -> None:
    garbled = text.encode().decode("cp1252", errors="replace")
    if "\ufffd" not in garbled:
        assert repair_mojibake(garbled) == text
        assert findings(["phone", "Name"], [["1", garbled]]) == [("column B “Name”", 1, (2,))]
    assert findings(["phone", "Name"], [["1", text]]) == []


def test_a_phone_without_the_plus_of_its_column_is_found() -> None:
    assert of_phones(*PLUS, "923001200077") == [("column A “phone”", 1, (11,))]


def test_a_column_with_both_spellings_has_no_pattern() -> None:
    assert of_phones(*PLUS[:4], *(phone[1:] for phone in PLUS[4:8])) == []


def test_a_phone_that_lost_its_zero_is_found() -> None:
    zeros = [f"030012345{number:02}" for number in range(9)]
    assert of_phones(*zeros, "3001234577") == [("column A “phone”", 1, (11,))]
    assert of_phones(*zeros, "30012345") == []


def test_dates_in_both_orders_are_found_and_one_order_is_not() -> None:
    dates = ["13/02/2024", "14/02/2024", "02/15/2024", "01/02/2024"]
    assert findings(["phone", "Birthday"], [["1", date] for date in dates]) == [("column B “Birthday”", 1, (4,))]
    assert findings(["phone", "Birthday"], [["1", date] for date in dates[:2]]) == []


def test_a_column_of_ids_that_all_end_in_zero_is_found_and_one_exact_id_clears_it() -> None:
    ids = ["1776025372480910", "1776025372480920", "1776025372480930"]
    assert findings(["heyx contact id"], [[one] for one in ids]) == [("column A “heyx contact id”", 3, (2, 3, 4))]
    assert findings(["heyx contact id"], [[one] for one in (*ids, "1776025372480911")]) == []


def test_a_long_number_that_a_spreadsheet_may_have_rounded_is_found_where_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("phone,Order,Phone note\n+923001234567,1.78E+15,\n+923001234568,12,\n")
    seen = inspect_sheet(
        open_sheet(tmp_path / "people.csv"), UploadOptions(mapping=MappingOptions(custom_fields=True))
    )
    assert [(found.what.partition(":")[0], found.first) for found in seen.warnings] == [("column B “Order”", (2,))]


def test_a_number_formatted_as_a_date_that_is_no_date_is_reported_as_that(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["phone", "Born"], ["+923001234567", 0], ["+923001234568", 40000]], B2="yyyy-mm-dd")
    seen = inspect_sheet(open_sheet(path), UploadOptions(mapping=MappingOptions(custom_fields=True)))
    what = "column B “Born”: formatted as a date, but holds a number that is not a date, such as 0"
    assert [(found.what, found.first) for found in seen.warnings] == [(what, (2,))]


@pytest.mark.parametrize(
    "pattern", ["03{:09}", "(03{:02}) 1234567", "\u0660\u0663{:09}", "+92 3{:02} 1234567", "(+92) 3{:02} 1234567"]
)
def test_a_column_of_one_spelling_is_not_reported(pattern: str) -> None:
    assert of_phones(*(pattern.format(number) for number in range(10, 19))) == []


def test_a_phone_that_lost_its_zero_is_found_between_any_signs() -> None:
    zeros = [f"(03{number}) 123-4567" for number in range(10, 19)]
    assert of_phones(*zeros, "321 123 4567") == [("column A “phone”", 1, (11,))]


def test_phones_are_counted_by_country_with_the_first_rows() -> None:
    mixed = ["+923001234567", "+92 300 1234568", "+447700900123", "00447700900124", "0300 1234567", "", "0"]
    assert countries(*mixed) == [("+44 (GB)", 2), ("+92 (PK)", 2), ("", 1)]
    assert countries(*mixed, region="PK") == [("+92 (PK)", 3), ("+44 (GB)", 2)]
    assert countries("+12025550123", "+77012345678", "+16135550114") == [
        ("+1 (US, CA and others)", 2),
        ("+7 (RU, KZ)", 1),
    ]
    assert checked(["phone"], [["0300 1234567"]]).phones()[0].first == (2,)


def test_long_phones_without_plus_have_a_country_code_where_nearly_all_begin_alike() -> None:
    pakistani = [f"9230012345{number:02}" for number in range(9)]
    assert countries(*pakistani) == [("+92 (PK)", 9)]
    assert countries(*(f"202555{number:04}" for number in range(9))) == [("", 9)]
    assert countries("923001234567", "447700900123", "4915112345678") == [("", 3)]


def test_prefixes_and_the_zero_in_parentheses_are_reported_unless_they_are_understood() -> None:
    rows = [["00447700900123"], ["011 44 7700 900124"], ["+44 (0) 7700 900125"], ["+447700900126"]]
    prefixes, zeros = said(["phone"], *rows)
    assert (prefixes[:18], prefixes[-6:]) == ("00 or 011 in front", "(2, 3)")
    assert (zeros[:27], zeros[-4:]) == ("(0) behind the country code", "(4,)")
    assert said(["phone"], *rows, region="PK") == []


@pytest.mark.parametrize("phone", ["1234567890", "5555555", "9999999999", "0123456789"])
def test_a_phone_that_may_be_a_placeholder_is_reported(phone: str) -> None:
    assert [text.partition(",")[0] for text in said(["phone"], [phone])] == ["the same digit throughout"]


@pytest.mark.parametrize("phone", ["+447777777777", "0300 1234567", "2025550123", "4002"])
def test_another_phone_is_none(phone: str) -> None:
    assert said(["phone"], [phone]) == []


@pytest.mark.parametrize("phone", ["+92300123", "+4477009001234", "+44 20 7946"])
def test_a_phone_with_too_few_or_many_digits_for_its_country_is_reported(phone: str) -> None:
    assert [text.partition(" than")[0] for text in said(["phone"], [phone])] == ["more or fewer digits"]


@pytest.mark.parametrize("phone", ["+5215512345678", "+52 1 55 1234 5678", "+554181234567"])
def test_the_old_form_of_a_phone_is_reported_and_the_new_one_is_not(phone: str) -> None:
    assert [text.partition(" (")[0] for text in said(["phone"], [phone])] == ["an old form of a phone"]
    assert said(["phone"], ["+525512345678"], ["+5541981234567"], ["+554132345678"], ["+5491123456789"]) == []


def test_invisible_marks_that_are_not_sent_are_reported_once_for_a_column() -> None:
    rows = [
        ["\u202a+447700900123\u202c", "ann\u00ad@x.org", "Ann\u200b", "VIP\u200e, new"],
        ["+447700\u200b900124", "bob@x.org", "نیم\u200cفاصله", "👩\u200d🚀"],
        ["+447700900125", "\u00a0eve@x.org ", " രാജന്\u200d ", "می\u200cخواهم"],
    ]
    assert said(["phone", "email", "first name", "tags"], *rows) == [
        "invisible characters, which are not sent: direction marks, zero-width spaces (2, 3)",
        "invisible characters, which are not sent: soft hyphens (2,)",
        "invisible characters, which are not sent: zero-width spaces (2,)",
        "invisible characters, which are not sent: direction marks (2,)",
    ]


def test_a_column_that_is_sent_as_two_fields_is_reported_once() -> None:
    columns = recognize(["phone", "Name"], MappingOptions(map=("Name=firstName",)))
    name = columns.columns[1]
    checks = DataQualityChecks(replace(columns, more=(replace(name, field="lastName"),)))
    cells = [["+923001234567"], ["\u200bAnn Lee"]]
    checks.see(SheetFrame(text_frame(dict(enumerate(cells)), [2]), issue_frame(())), cells)
    marks = "column B “Name”: invisible characters, which are not sent: zero-width spaces"
    assert [found.what for found in checks.warnings()] == [marks]


def test_values_of_another_kind_are_reported_where_only_one_kind_makes_sense() -> None:
    rows = [
        ["ann@x.org", "+44 7700 900123", "+447700900124", "1988-03-14", "+44 7700 900123"],
        ["1988-03-14", "0300 1234567", "bob@x.org", "14.03.1988", "ann@x.org"],
        ["+447700900125", "eve@x.org", "Ann-Marie 2", "de", "12/03/2020"],
    ]
    assert said(["phone", "email", "first name", "language", "note"], *rows) == [
        "emails in this column: are two columns mixed up? (2,)",
        "dates in this column: are two columns mixed up? (3,)",
        "phones in this column: are two columns mixed up? (2, 3)",
        "phones in this column: are two columns mixed up? (2,)",
        "emails in this column: are two columns mixed up? (3,)",
        "dates in this column: are two columns mixed up? (2, 3)",
    ]


def test_words_of_programs_are_reported_once_for_a_column() -> None:
    rows = [
        ["+447700900123", "NULL", "undefined", "VIP, nan", "None"],
        ["+447700900124", "[object Object]", "Nancy", "null", "None"],
        ["+447700900125", "None", "nan", "None of these", "Peanuts"],
    ]
    assert said(["phone", "first name", "city", "tags", "allergies"], *rows) == [
        "“NULL”, “None”, “[object Object]”: did a program write it for a missing value? (2, 3, 4)",
        "“nan”, “undefined”: did a program write it for a missing value? (2, 4)",
        "“nan”, “null”: did a program write it for a missing value? (2, 3)",
    ]


@pytest.mark.parametrize("text", ["Null", "Nan", "none", "Annulled", "N/A", "Undefined behavior", "nanny", "-"])
def test_other_words_are_not(text: str) -> None:
    assert said(["phone", "first name", "city"], ["+447700900123", text, text]) == []


def test_an_email_in_two_alphabets_is_reported_and_one_in_one_is_not() -> None:
    rows = [["mona@exаmple.com"], ["почта@домен.рф"], ["почта@example.com"], ["josé@example.org"]]
    assert [text.partition(",")[0] for text in said(["email"], *rows)] == ["letters of two alphabets in one word"]
