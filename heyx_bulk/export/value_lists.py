"""Lists of values and ids: out of a sheet's column, or as Python has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.errors import SettingsError, SheetError
from heyx_bulk.mapping.columns import ID_COLUMN, normalize_name
from heyx_bulk.mapping.rules import positions
from heyx_bulk.mapping.tag_lists import join_list
from heyx_bulk.models.phrases import did_you_mean
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.frames import ERROR, CellIssue, issues_of
from heyx_bulk.sheets.from_frame import sheet_from_frame
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.writer import to_frame
from heyx_bulk.values.text import trim

MOST_TOLD = 10
"""Cells that cannot be taken are told one by one up to here."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet, as `SHEET:COLUMN` names it; `column` blank: the one that can be meant."""

    path: Path
    column: str = ""

    @classmethod
    def parse(cls, text: str) -> SheetColumn:
        """`contacts.xlsx:Mobile`, or a sheet alone; a file whose name holds a colon is found, too."""
        if Path(text).exists() or ":" not in text:
            return cls(Path(text))
        sheet, _, column = text.rpartition(":")
        return cls(Path(sheet), trim(column))


def column_values(listing: SheetColumn, option: str, *, ids: bool = False) -> Iterator[str]:
    """The texts of a column, each once, blank cells aside.

    Of `ids`, a number that Excel may have rounded is a mistake. Raises `SheetError` where the sheet cannot be
    read or a cell cannot be taken, with all such cells, and `SettingsError` where it has no such column.
    """
    sheet = open_sheet(listing.path)
    position = _position(sheet, listing.column, option, ids=ids)
    wrong: list[CellIssue] = []
    seen: dict[str, None] = {}
    for cells, issues in sheet.frames():
        wrong += [
            issue for issue in issues_of(issues) if issue.column == position and (ids or issue.severity == ERROR)
        ]
        for cell in cells[position].tolist():
            if text := trim(cell):
                seen[text] = None
    if wrong:
        raise _wrong(sheet, position, wrong)
    if not seen:
        raise SheetError(
            f"{sheet.name} has no value in column {_called(sheet, position)}.", "Name another column."
        )
    yield from seen


def listed_texts(values: object, argument: str) -> list[str]:
    """The texts of Python values, each once, missing ones aside; None are none. Raises `SettingsError`."""
    if values is None:
        return []
    if not isinstance(values, Iterable):
        raise SettingsError(f"{argument} must be texts, not {values!r}.", "Pass a list, or a frame's column.")
    listed = [values] if isinstance(values, str) else values
    sheet = sheet_from_frame(to_frame((argument,), [(one,) for one in listed]), join_list)
    return list(dict.fromkeys(filter(None, (trim(text) for (text,) in sheet.cells([0])))))


def _position(sheet: Sheet, column: str, option: str, *, ids: bool) -> int:
    if column:
        found = positions(sheet.header, column)
    elif len(sheet.header) == 1:
        found = [0]
    else:
        meant = (normalize_name(ID_COLUMN), "contactid", "id") if ids else ()
        found = [position for position, text in enumerate(sheet.header) if normalize_name(text) in meant][:1]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"“{trim(text)}”" for text in sheet.header if trim(text))
    if found:
        places = " and ".join(column_letter(position) for position in found)
        raise SettingsError(
            f"{option}: {sheet.name} has the column “{column}” more than once, {places}.",
            f"Name it by its letter: {sheet.name}:column {column_letter(found[0])}.",
        )
    near = did_you_mean(column, map(trim, sheet.header)) if column else ""
    missing = f"no column “{column}”" if column else "several columns, and none of them is named"
    raise SettingsError(
        f"{option}: {sheet.name} has {missing}.{near}", f"Write SHEET:COLUMN, with one of {there}."
    )


def _called(sheet: Sheet, position: int) -> str:
    return f"{column_letter(position)} “{trim(sheet.header[position])}”"


def _wrong(sheet: Sheet, position: int, wrong: list[CellIssue]) -> SheetError:
    lines = [f"  row {issue.row}: {issue.cause}; {issue.detail}" for issue in wrong[:MOST_TOLD]]
    more = [f"  and {len(wrong) - MOST_TOLD:,} more"] if len(wrong) > MOST_TOLD else []
    told = "\n".join((f"{sheet.name}, column {_called(sheet, position)}:", *lines, *more))
    return SheetError(told, "Nothing was sent. Correct these cells, or name another column.")
