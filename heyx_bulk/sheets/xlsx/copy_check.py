"""Whether a copy of a workbook has every text of the original as it was, by our own reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.record import CellError, Record, WorksheetInfo
from heyx_bulk.sheets.xlsx.workbook import Workbook

_Cells = dict[int, tuple[object, ...]]


class Changes(Protocol):
    """What may differ in one worksheet: the columns at the positions `ours`, and cells that were corrected."""

    worksheet: str
    ours: frozenset[int]

    def corrected(self, row: int) -> Mapping[int, str]: ...


def find_change(source: Path, copy: Path, changes: Changes, left_out: str | None) -> str:
    """What of the workbook at `source` is not the same in `copy`, as a clause; blank if all is.

    The worksheet called `left_out` does not count.
    """
    try:
        before, after = Workbook(source), Workbook(copy)
        there = {info.name: info for info in after.worksheets}
        for info in before.worksheets:
            if info.name == left_out:
                continue
            if info.name not in there:
                return f"the worksheet {info.name!r} would be lost"
            changed = changes if info.name == changes.worksheet else None
            if place := _first_change(before, info, after, there[info.name], changed):
                return f"cell {place} of the worksheet {info.name!r} would change"
    except SheetError as error:
        return f"the copy cannot be read ({error.what})"
    return ""


def _first_change(
    before: Workbook, info: WorksheetInfo, after: Workbook, copied: WorksheetInfo, changes: Changes | None
) -> str:
    ours = changes.ours if changes else frozenset[int]()
    wanted = (
        (record.row, _cells(record, ours, changes.corrected(record.row) if changes else {}))
        for record in before.worksheet(info).records
    )
    found = ((record.row, _cells(record, ours, {})) for record in after.worksheet(copied).records)
    for (row, cells), (other, others) in zip_longest(_filled(wanted), _filled(found), fillvalue=(0, {})):
        if row != other:
            return f"A{row or other}"
        if cells != others:
            position = min(at for at in cells.keys() | others.keys() if cells.get(at) != others.get(at))
            return f"{column_letter(position)}{row}"
    return ""


def _filled(rows: Iterator[tuple[int, _Cells]]) -> Iterator[tuple[int, _Cells]]:
    return (row for row in rows if row[1])


def _cells(record: Record, ours: frozenset[int], corrected: Mapping[int, str]) -> _Cells:
    """The cells of a row that are not blank and not ours, with what the reader says of each."""
    cells: _Cells = {at: (text,) for at, text in enumerate(record.cells) if text and at not in ours}
    for error in _of_others(record.errors, ours):
        cells[error.position] = (error.what,)
    for warning in _of_others(record.warnings, ours):
        cells[warning.position] = (*cells.get(warning.position, ()), warning.what)
    for at, text in corrected.items():
        cells.pop(at, None)
        if text:
            cells[at] = (text,)
    return cells


def _of_others(errors: Sequence[CellError], ours: frozenset[int]) -> Iterator[CellError]:
    return (error for error in errors if error.position not in ours)
