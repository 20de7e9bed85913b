"""A number whose format is one of codes is the text that a person sees; any other format leaves it a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.xlsx.cell_text import number_text, parse_number_format
from tests.support.sheet_files import raw_workbook, rows_of, workbook


def text_of(value: object, code: str) -> str:
    return number_text(repr(value), parse_number_format(code), from_1904=False).text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (61234567, "0# ## ## ##", "61 23 45 67"),
        (6123456, "0# ## ## ##", "06 12 34 56"),
        (612345678, '0#" "##" "##" "##" "##', "06 12 34 56 78"),
        (5, "0# ##", "00 05"),
        (7700900240, '"+44 "0', "+44 7700900240"),
        (7700900240, "+44 0", "+44 7700900240"),
        (7700900240, r"\+\4\4\ 0", "+44 7700900240"),
        (447700900240, '"+"0', "+447700900240"),
        (447700900240, "+0", "+447700900240"),
        (7700900242, "00000000000", "07700900242"),
        (612345678, '"0"0', "0612345678"),
        (447700900249, "+00 0000 000000", "+44 7700 900249"),
        (2025550123, "(000) 000-0000", "(202) 555-0123"),
        (442025550123, "(000) 000-0000", "(44202) 555-0123"),
        (2025550123, r"###\-###\-####", "202-555-0123"),
        (12345678, "000-00-0000", "012-34-5678"),
        (42, '"INV-"00000', "INV-00042"),
        (42, "[$-409]00000;@", "00042"),
        (42, "[Red]00000", "00042"),
        (42, "00000;-00000", "00042"),
        (0, "00000", "00000"),
        (412345678, "0000 000 000", "0412 345 678"),
        (5, "0 000", "0 005"),
        (5, '00" kg"', "05 kg"),
    ],
)
def test_signs_and_zeros_of_a_code_come_with_it(value: int, code: str, text: str) -> None:
    assert text_of(value, code) == text


@pytest.mark.parametrize(
    "code",
    [
        *("0", "#", "General", "@", "#,##0", "0.00", "0%", "0.00E+00", "# ?/?", "0,", "?0"),
        *(r"#\ ##0", '#" "###" "##0" €"', '0" kg"', '"tel "0', '"€"0', '0"."', '"x"', "_-* 0_-", "-0", "(0)"),
        *("+0;-0", "[<=9999999]###-####;(###) ###-####", "# ### ##0", "0" * 256, f'"{"x" * 256}"00'),
    ],
)
def test_a_quantity_stays_the_number_that_it_is(code: str) -> None:
    assert text_of(1234567, code) == "1234567"


@pytest.mark.parametrize("value", ["-42", "4.5", "0.5"])
def test_what_is_no_whole_number_stays_as_it_is(value: str) -> None:
    assert number_text(value, parse_number_format('"+"00000'), from_1904=False).text == value


def test_no_text_reads_as_a_negative_number_or_loses_all_digits() -> None:
    assert [text_of(123, r"###\-####"), text_of(0, '"+"#'), text_of(0, "### ####")] == ["123", "0", "0"]


def test_plain_and_odd_rows_show_codes_alike(tmp_path: Path) -> None:
    plain = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2" s="1"><v>612345678</v></c></row>'
    odd = '<row r="3"><!-- --><c r="A3" s="1"><v>612345678</v></c></row>'
    sheet = open_sheet(raw_workbook(tmp_path, plain + odd, codes=("&quot;+&quot;0",)))
    assert rows_of(sheet) == [["+612345678"], ["+612345678"]]


def test_a_phone_is_read_as_it_is_seen(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["phone"], [7700900240], [612345678]], A2='"+44 "0', A3="0000000000")
    assert rows_of(open_sheet(path)) == [["+44 7700900240"], ["0612345678"]]
