"""A workbook as people keep them, and everything of theirs in a copy compared with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

PEOPLE = "Ann's people"
NOTES = "Notes"
HEADER = ("phone", "first name", "Score", "Joined", "VIP", "Twice", "Code")
ROWS = (
    ("+4412345001", "Ann", 7, date(2020, 2, 29), True, "0042"),
    ("no phone", "Bob", 0.25, date(2021, 1, 1), False, "=1+1"),
    ("+4412345003", "Zoë", -3, date(1999, 12, 31), True, "1776025372480910"),
    ("+4412345004", "Dan", 12345678, date(2024, 6, 1), False, "_x"),
    ("+4412345005", "Eve", 5, date(2022, 2, 2), True, "line\nbreak"),
)


def write_workbook(path: Path, rows: Sequence[Sequence[Any]] = ROWS, *, first_row: int = 1, wide: int = 0) -> Path:
    """A workbook with formats, formulas and their values, a filter, frozen panes, a validation, hidden columns.

    The header stands in row `first_row`; `wide` columns more stand right of the table.
    """
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet(PEOPLE)
    top = first_row - 1
    head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
    day = book.add_format({"num_format": "dd.mm.yyyy", "font_color": "#C00000"})
    money = book.add_format({"num_format": "#,##0.00 €"})
    for position, title in enumerate([*HEADER, *(f"More {number}" for number in range(wide))]):
        page.write_string(top, position, title, head)
    for number, (phone, name, score, joined, vip, code) in enumerate(rows, first_row):
        page.write_string(number, 0, phone)
        page.write_rich_string(number, 1, book.add_format({"italic": True}), name[:1], name[1:])
        page.write_number(number, 2, score, money)
        page.write_datetime(number, 3, joined, day)
        page.write_boolean(number, 4, vip)
        page.write_formula(number, 5, f"=C{number + 1}*2", money, score * 2)
        page.write_string(number, 6, code)
        for position in range(wide):
            page.write_string(number, len(HEADER) + position, f"more {number}")
    last = first_row + len(rows)
    page.freeze_panes(first_row, 1)
    page.autofilter(top, 0, last - 1, len(HEADER) + wide - 1)
    page.data_validation(first_row, 4, last, 4, {"validate": "list", "source": ["TRUE", "FALSE"]})
    page.conditional_format(first_row, 2, last, 2, {"type": "3_color_scale"})
    page.set_column(0, 0, 31.5)
    page.set_column(2, 2, 9, None, {"hidden": True})
    page.set_column(20 + wide, 40 + wide, 3, None, {"hidden": True})
    page.set_row(first_row, 33)
    page.write_comment(first_row, 1, "Ann asked twice.")
    page.set_landscape()
    page.repeat_rows(0, top)
    notes = book.add_worksheet(NOTES)
    notes.write_string(0, 0, "see the people")
    notes.write_formula(1, 0, f"=COUNTA('{PEOPLE.replace(chr(39), chr(39) * 2)}'!A:A)-1", None, len(rows))
    notes.write_formula(2, 0, '="x"&"<y>"', None, "x<y>")
    notes.write_url(3, 0, "https://example.com/", string="a page")
    notes.merge_range(5, 0, 6, 2, "merged")
    hidden = book.add_worksheet("Hidden")
    hidden.write_string(0, 0, "kept out of sight")
    hidden.hide()
    book.define_name("Scores", f"='{PEOPLE.replace(chr(39), chr(39) * 2)}'!$C$1:$C$9")
    book.close()
    return path


def differences(source: Path, copy: Path, *, changed: Sequence[str] = (), filtered: bool = False) -> list[str]:
    """What of the person's is not the same in the copy; `changed` are cells of their people that may differ.

    With `filtered`, rows of their people may be hidden.
    """
    found: list[str] = []
    for values in (False, True):
        before = openpyxl.load_workbook(source, rich_text=True, data_only=values)
        after = openpyxl.load_workbook(copy, rich_text=True, data_only=values)
        kept = [name for name in after.sheetnames if name in before.sheetnames]
        if kept != before.sheetnames:
            found.append(f"worksheets {after.sheetnames}")
            continue
        names = {name: one.value for name, one in before.defined_names.items()}
        if names != {name: one.value for name, one in after.defined_names.items()}:
            found.append("names")
        for name in before.sheetnames:
            page, other = before[name], after[name]
            may_differ = changed if name == PEOPLE else ()
            found += [f"{name} {what}" for what in _cells(page, other, may_differ)]
            found += [f"{name} {what}" for what in _sheet(page, other, filtered=filtered and name == PEOPLE)]
    return found


def _cells(page: Any, other: Any, changed: Sequence[str]) -> Iterator[str]:
    for row in page.iter_rows():
        for cell in row:
            copied = other[cell.coordinate]
            if cell.coordinate in changed:
                continue
            if _value(cell) != _value(copied):
                yield f"{cell.coordinate}: {_value(cell)} became {_value(copied)}"
            for look in ("font", "fill", "border", "alignment", "number_format", "protection"):
                if repr(getattr(cell, look)) != repr(getattr(copied, look)):
                    yield f"{cell.coordinate}: {look}"
            if (cell.comment and cell.comment.text) != (copied.comment and copied.comment.text):
                yield f"{cell.coordinate}: comment"
            if (cell.hyperlink and cell.hyperlink.target) != (copied.hyperlink and copied.hyperlink.target):
                yield f"{cell.coordinate}: hyperlink"


def _value(cell: Any) -> object:
    """The value of a cell; a formula of an area is an object that is equal to no other."""
    area = getattr(cell.value, "ref", None)
    return (cell.value.text, area) if area else (cell.value, cell.data_type)


def _sheet(page: Any, other: Any, *, filtered: bool) -> Iterator[str]:
    looks: dict[str, Callable[[Any], object]] = {
        "state": lambda one: one.sheet_state,
        "merged": lambda one: sorted(map(str, one.merged_cells.ranges)),
        "validations": lambda one: [
            (str(rule.sqref), rule.type, rule.formula1) for rule in one.data_validations.dataValidation
        ],
        "conditional formats": lambda one: [
            (str(area.sqref), [rule.type for rule in area.rules]) for area in one.conditional_formatting
        ],
        "widths": lambda one: {
            letter: (width.min, width.width, width.hidden)
            for letter, width in one.column_dimensions.items()
            if letter in page.column_dimensions
        },
        "heights": lambda one: {number: row.height for number, row in one.row_dimensions.items() if row.height},
        "print": lambda one: (one.page_setup.orientation, one.print_title_rows, one.print_area),
        "protection": lambda one: one.protection.sheet,
        "tables": lambda one: dict(one.tables.items()),
    }
    for what, of in looks.items():
        if of(page) != of(other):
            yield f"{what}: {of(page)} became {of(other)}"
    pane, copied = page.sheet_view.pane, other.sheet_view.pane
    if pane is not None and (pane.xSplit, pane.ySplit) != (copied.xSplit, copied.ySplit):
        yield "panes"
    if not filtered and [n for n, row in page.row_dimensions.items() if row.hidden] != [
        n for n, row in other.row_dimensions.items() if row.hidden
    ]:
        yield "hidden rows"
    if page.auto_filter.ref and not str(other.auto_filter.ref).startswith(page.auto_filter.ref.partition(":")[0]):
        yield f"filter: {other.auto_filter.ref}"
