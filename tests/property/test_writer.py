"""Any table and any text come back from a file as they were."""

from __future__ import annotations

import string
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heyx_bulk.sheets.csv.injection import guard, unguard
from heyx_bulk.sheets.excel_writer import CellStyle
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.typed_cell import typed_value
from heyx_bulk.sheets.writer import write_sheet
from heyx_bulk.values.value_types import ValueKind
from tests.support.sheet_files import errors_of, rows_of, warnings_of

TRICKY = st.text(alphabet=st.one_of(st.sampled_from("'=+-@|%\t\r\n＝＋－＠ 09.,E\u200b\xa0"), st.characters()))


@given(TRICKY)
def test_for_any_text_the_guard_comes_off_again(text: str) -> None:
    assert unguard(guard(text)) == text


@given(TRICKY)
def test_a_guarded_text_never_begins_with_a_formula_sign_unless_it_is_a_plain_number(text: str) -> None:
    guarded = guard(text)
    assert guarded[:1] not in set("=@|%\t\r\n＝＋－＠")


PIECES = st.sampled_from(
    ["_x000D_", "_x005F_", "_x", "0041_", "<r>", "</r>", "'", "=", '"', ",", ";", "\r", "\n", " "]
)


CELLS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.lists(PIECES, max_size=6).map("".join),
)


TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)
)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(TABLES)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_any_table_comes_back(suffix: str, rows: list[list[str]]) -> None:
    header = list(string.ascii_letters[: len(rows[0]) if rows else 2])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"results.{suffix}")
        write_sheet(path, header, rows)
        sheet = open_sheet(path, SheetOptions(separator="," if suffix == "csv" else None, header_row=1))
        assert list(sheet.header) == header
        assert rows_of(sheet) == [row for row in rows if any(cell.strip() for cell in row)]


NUMBERS = st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{0,10})?|[0-9]\.?e[0-9]{1,2}", fullmatch=True)
DAYS = st.from_regex(r"(1[89]|20)\d\d-[01]\d-[0-3]\d(T[0-2]\d(:[0-6]\d){2})?", fullmatch=True)
WORDS = st.sampled_from(["true", "false", "TRUE", "1", "0", "-0", "007", "1900-02-29", "1900-03-01", "1904-01-01"])
MAYBE_TYPED = st.one_of(NUMBERS, DAYS, WORDS, CELLS)
KINDS = (ValueKind.NUMBER, ValueKind.DATE, ValueKind.DATETIME, ValueKind.BOOLEAN, ValueKind.PHONE, None)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.lists(st.lists(MAYBE_TYPED, min_size=len(KINDS), max_size=len(KINDS)), min_size=1, max_size=8))
def test_any_text_comes_back_from_a_column_of_any_kind(rows: list[list[str]]) -> None:
    header = list(string.ascii_letters[: len(KINDS)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "export.xlsx")
        write_sheet(path, header, rows, style=CellStyle(KINDS))
        sheet = open_sheet(path, SheetOptions(header_row=1))
        assert rows_of(sheet) == [row for row in rows if any(cell.strip() for cell in row)]
        assert errors_of(sheet) == warnings_of(sheet) == []


@given(st.one_of(DAYS, NUMBERS))
def test_what_is_no_date_or_number_of_the_kind_stays_text(text: str) -> None:
    assert typed_value(text, ValueKind.TEXT) is None
    assert typed_value(text, ValueKind.PHONE) is None
    assert typed_value(text, None) is None
    if (number := typed_value(text, ValueKind.NUMBER)) is not None:
        assert Decimal(str(number)) == Decimal(text)
