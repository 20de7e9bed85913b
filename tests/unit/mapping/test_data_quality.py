"""Damage that only a whole column shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from heyx_bulk.mapping.data_quality import DataQualityChecks, repair_mojibake
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.sheets.frames import SheetFrame, issue_frame, text_frame
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.upload.inspection import inspect_sheet
from heyx_bulk.upload.options import UploadOptions
from tests.support.cell_rows import recognize
from tests.support.sheet_files import workbook

PLUS = [f"+92300{number:04}" for number in range(9)]


def findings(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, int, tuple[int, ...]]]:
    watch = DataQualityChecks(recognize(header, MappingOptions(custom_fields=True)))
    for number, cells in enumerate(rows, 2):
        texts = {position: [text] for position, text in enumerate(cells)}
        watch.see(SheetFrame(text_frame(texts, [number]), issue_frame(())))
    return [(finding.what.partition(":")[0], finding.rows, finding.first) for finding in watch.warnings()]


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
    assert of_phones(*PLUS, "923001234") == [("column A “phone”", 1, (11,))]


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
    (tmp_path / "people.csv").write_text("phone,Order,Phone note\n+923001,1.78E+15,\n+923002,12,\n")
    seen = inspect_sheet(
        open_sheet(tmp_path / "people.csv"), UploadOptions(mapping=MappingOptions(custom_fields=True))
    )
    assert [(found.what.partition(":")[0], found.first) for found in seen.warnings] == [("column B “Order”", (2,))]


def test_a_number_formatted_as_a_date_that_is_no_date_is_reported_as_that(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["phone", "Born"], ["+923001", 0], ["+923002", 40000]], B2="yyyy-mm-dd")
    seen = inspect_sheet(open_sheet(path), UploadOptions(mapping=MappingOptions(custom_fields=True)))
    what = "column B “Born”: formatted as a date, but holds a number that is no date, such as 0"
    assert [(found.what, found.first) for found in seen.warnings] == [(what, (2,))]
