"""Any table and any text come back from a file as they were."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heyx_bulk.sheets.csv.injection import guard, unguard
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.writer import write_sheet
from tests.support.sheet_files import rows_of

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
