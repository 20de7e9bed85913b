"""Whether a copy of a workbook has every text of the original as it was, by our own reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.record import CellError, Record, Worksheet, WorksheetInfo
from heyx_bulk.sheets.xlsx.workbook import Workbook

_Cells = dict[int, tuple[object, ...]]


class ExpectedChanges(NamedTuple):
    """What may differ in one worksheet: the columns at the positions `ours`, and the texts of corrected cells.

    `corrected` has these by row and position.
    """

    worksheet: str
    ours: frozenset[int]
    corrected: Mapping[int, Mapping[int, str]]


def find_change(source: Path, copy: Path, changes: ExpectedChanges, left_out: str | None) -> str:
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
    before: Workbook,
    info: WorksheetInfo,
    after: Workbook,
    copied: WorksheetInfo,
    changes: ExpectedChanges | None,
) -> str:
    """The first cell that is not the same, such as `B7`; rows with our cells alone do not count."""
    ours = changes.ours if changes else frozenset[int]()
    wanted = _filled(before.worksheet(info), ours)
    found = _filled(after.worksheet(copied), ours)
    for record, other in zip_longest(wanted, found):
        if record is None or other is None or record.row != other.row:
            return f"A{(record or other).row}"
        corrected = changes.corrected.get(record.row, {}) if changes else {}
        if corrected or not _is_same(record, other, ours):
            cells, others = _cells(record, ours, corrected), _cells(other, ours, {})
            if cells != others:
                position = min(at for at in cells.keys() | others.keys() if cells.get(at) != others.get(at))
                return f"{column_letter(position)}{record.row}"
    return ""


def _filled(worksheet: Worksheet, ours: frozenset[int]) -> Iterator[Record]:
    """The rows with a cell that is not blank and not ours."""
    records = (page.record(index) for page in worksheet.pages for index in range(len(page.numbers)))
    return (record for record in records if record.errors or any(_texts(record, ours)))


def _texts(record: Record, ours: frozenset[int]) -> Iterator[str]:
    return (text for at, text in enumerate(record.cells) if at not in ours)


def _is_same(before: Record, after: Record, ours: frozenset[int]) -> bool:
    """Whether two rows are seen at a glance to be the same: ours stand right of all others."""
    width = len(before.cells)
    if before.errors or before.warnings or after.errors or after.warnings or (ours and min(ours) < width):
        return False
    beyond = (text for at, text in enumerate(after.cells[width:], width) if at not in ours)
    return after.cells[:width] == before.cells and not any(beyond)


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
