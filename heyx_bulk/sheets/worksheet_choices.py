"""What there is to choose from in a workbook of several worksheets."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.sheets.open_sheet import open_book
from heyx_bulk.sheets.record import Page, Worksheet

MOST_COUNTED = 100_000
"""Rows of a worksheet are counted up to this many: a person waits for it."""


@dataclass(frozen=True, slots=True)
class WorksheetChoice:
    """A worksheet as it looks: `rows` below the `header`, `more` if they were not all counted."""

    name: str
    rows: int
    columns: int
    header: tuple[str, ...]
    more: bool


def worksheet_choices(path: Path, names: Collection[str]) -> Iterator[WorksheetChoice]:
    """The worksheets of a workbook with these names, in its order."""
    with open_book(path) as book:
        for info in book.worksheets:
            if info.name in names:
                yield _choice(info.name, book.worksheet(info))


def _choice(name: str, worksheet: Worksheet) -> WorksheetChoice:
    rows = width = above = 0
    header: tuple[str, ...] = ()
    for page in map(Page.filled, worksheet.pages):
        if page.numbers and not rows:
            above, header = _header(page)
        rows += len(page.numbers)
        width = page.wider_than(width)
        if rows > MOST_COUNTED:
            return WorksheetChoice(name, MOST_COUNTED, width, header, more=True)
    return WorksheetChoice(name, max(0, rows - above - 1), width, header, more=False)


def _header(page: Page) -> tuple[int, tuple[str, ...]]:
    """The index and the cells of the first row with several values, or else of the first row."""
    index = next((index for index, width in enumerate(page.widths()) if width > 1), 0)
    return index, tuple(page.record(index).cells)
