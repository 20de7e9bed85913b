"""Whatever a workbook holds, its copy is read as the same texts, or is not made."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.summary_page import SUMMARY_HEADING, SummaryCell, SummaryPage
from heyx_bulk.sheets.xlsx.workbook_copy import AddedColumns, CopyRefused, copy_workbook
from tests.support.sheet_files import errors_of, rows_of, warnings_of

PIECES = [
    "_x000D_",
    "<r>",
    "&",
    "=1",
    "'",
    "\r",
    "\n",
    " ",
    "é",
    "😀",
    "0",
    "12",
    "\ufffe",
    "\x01",
    "#N/A",
    "_",
    "x",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
VALUES = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(-1e12, 1e12),
    st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1)),
)
ROWS = st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1, max_size=6)
HEADER = ["phone", "a", "b"]
OURS = ("heyx status", "heyx contact id", "heyx message", "heyx row")


def write(path: Path, rows: Sequence[Sequence[object]]) -> None:
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    day, moment = (book.add_format({"num_format": code}) for code in ("dd/mm/yyyy", "yyyy-mm-dd hh:mm:ss"))
    page = book.add_worksheet("People")
    page.write_row(0, 0, HEADER)
    for number, row in enumerate(rows, 1):
        for position, value in enumerate(row):
            match value:
                case str():
                    page.write_string(number, position, value)
                case bool():
                    page.write_boolean(number, position, value)
                case datetime():
                    page.write_datetime(number, position, value, moment)
                case date():
                    page.write_datetime(number, position, value, day)
                case _:
                    page.write_number(number, position, value)
        page.write_formula(number, 3, f'=B{number + 1}&"x"', None, _cached(row[1]))
    book.close()


def _cached(value: object) -> str:
    """The cached text of a formula, which XlsxWriter writes as it is: characters of XML alone."""
    return re.sub("[\x00-\x1f\ufffe]", "", str(value)[:9]).strip() or "none"


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(ROWS, st.lists(TEXTS, min_size=4, max_size=4))
def test_a_copy_has_every_text_of_theirs_and_of_ours(rows: list[list[object]], texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "people.xlsx"), Path(folder, "copy.xlsx")
        write(source, rows)
        before = open_sheet(source, SheetOptions(header_row=1))
        ours = {number: texts for cells, _ in before.frames() for number in cells.index.tolist()}
        page = SummaryPage([[SummaryCell(SUMMARY_HEADING)], [SummaryCell(texts[0])]])
        added = AddedColumns("People", 1, 4, OURS, {}, ours, (9, 9, 9, 9), 3)
        try:
            copy_workbook(source, target, added, lambda _: page)
        except CopyRefused as refusal:
            assert "would change" in str(refusal) or "_x005F_" in str(refusal)  # noqa: PT017 - both may happen
            assert not target.exists()
            return
        after = open_sheet(target)
        assert after.header == (*before.header, *OURS)
        assert rows_of(after) == [[*row, *texts] for row in rows_of(before)]
        assert (errors_of(after), warnings_of(after)) == (errors_of(before), warnings_of(before))
