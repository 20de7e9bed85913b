"""How a worksheet of a copy is shown: widths of our columns, the filter, and what is in sight when it opens."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING

from heyx_bulk.sheets.cell_reference import column_letter

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.cell_range import CellRange
    from openpyxl.worksheet.worksheet import Worksheet

_SCREEN_CHARACTERS = 180
"""What a screen shows beside the row numbers, in the unit of column widths."""

_USUAL_WIDTH = 8.43
_READABLE_CHARACTERS = 30
"""How much of the last column has to be in sight."""

_MOST_FROZEN_ROWS = 10


def area(reference: str) -> CellRange:
    """The cells written as `A1:C2`."""
    from openpyxl.worksheet.cell_range import CellRange  # noqa: PLC0415 - only a copy pays for it

    return CellRange(reference.replace("$", ""))


def set_width(page: Worksheet, position: int, width: float) -> None:
    """Give a column of ours its width, also where the person's widths or hidden columns reach over it."""
    number = position + 1
    for letter, other in [*page.column_dimensions.items()]:
        first, last = other.min or 0, other.max or 0
        if not first <= number <= last:
            continue
        if last > number:
            after = copy(other)
            after.index, after.min, after.max = column_letter(number), number + 1, last
            page.column_dimensions[after.index] = after
        if first < number:
            other.max = number - 1
        else:
            del page.column_dimensions[letter]
    ours = page.column_dimensions[column_letter(position)]
    ours.min = ours.max = number
    ours.width = width


def filter_rows(
    page: Worksheet,
    *,
    positions: Sequence[int],
    width: int,
    rows: range,
    shown: frozenset[int] | None,
    words: Sequence[str],
) -> None:
    """Let the filter reach over our columns, at `positions`; with `shown`, hide all other `rows` by it.

    The filter of a person's own stays and is widened, its conditions too. Only where rows are to be shown by ours
    do they make way. A table has a filter of its own, so that beside one ours reaches over our columns alone.
    """
    top, bottom = rows.start - 1, max(rows.stop - 1, rows.start - 1)
    first, last = min(positions) + 1, max(positions) + 1
    tables = [area(table.ref) for table in page.tables.values()]
    beside_table = any(table.min_row <= bottom and table.max_row >= top for table in tables)
    left, last = (first, last) if beside_table else (1, max(last, width))
    own = page.auto_filter.ref
    if own and (before := area(own)).min_row == top and not beside_table:
        left, bottom = min(left, before.min_col), max(bottom, before.max_row)
        last = max(last, before.max_col)
        moved = before.min_col - left
        for column in page.auto_filter.filterColumn:
            column.colId += moved
    elif own and shown is None:
        return
    page.auto_filter.ref = f"{column_letter(left - 1)}{top}:{column_letter(last - 1)}{bottom}"
    if shown is not None:
        page.auto_filter.filterColumn = []
        page.auto_filter.sortState = None
        page.auto_filter.add_filter_column(positions[0] + 1 - left, [*words])
        for row in rows:
            page.row_dimensions[row].hidden = row not in shown


def show(page: Worksheet, positions: Sequence[int], header_row: int) -> None:
    """Let the worksheet open with its columns at `positions` in sight, without moving a cell.

    Panes that the person froze stay frozen. Where none are, a header near the top is, and on a sheet wider than a
    screen its first column too. What can be scrolled is scrolled to the right as far as these columns need.
    """
    page.sheet_state = "visible"
    last = max(positions) + 1
    widths = [_width(page, column) for column in range(1, last + 1)]
    widths[-1] = min(widths[-1], _READABLE_CHARACTERS)
    view = page.sheet_view
    is_wide = sum(widths) > _SCREEN_CHARACTERS
    if view.pane is None and header_row <= _MOST_FROZEN_ROWS:
        page.freeze_panes = f"{'B' if is_wide else 'A'}{header_row + 1}"
    pane = view.pane
    if not is_wide or (pane is not None and pane.state not in ("frozen", "frozenSplit")):
        return
    frozen = int(pane.xSplit or 0) if pane is not None else 0
    room = _SCREEN_CHARACTERS - sum(widths[:frozen])
    start = min(positions) + 1
    while start > frozen + 1 and sum(widths[start - 2 :]) <= room:
        start -= 1
    letter = column_letter(max(start, frozen + 1) - 1)
    if not frozen:
        view.topLeftCell = f"{letter}{area(view.topLeftCell or 'A1').min_row}"
    if pane is not None:
        pane.topLeftCell = f"{letter}{area(pane.topLeftCell or f'A{header_row + 1}').min_row}"


def _width(page: Worksheet, column: int) -> float:
    """The width of a column in characters; 0 if it is hidden."""
    for dimension in page.column_dimensions.values():
        if (dimension.min or 0) <= column <= (dimension.max or 0):
            return 0.0 if dimension.hidden else float(dimension.width)
    return float(page.sheet_format.defaultColWidth or _USUAL_WIDTH)


def open_with(workbook: Workbook, page: Worksheet) -> None:
    """Let the workbook open with this worksheet, and no other one selected: an edit would reach both."""
    workbook.active = workbook.index(page)
    for other in workbook.worksheets:
        other.sheet_view.tabSelected = other is page
    for view in workbook.views:
        view.firstSheet = 0
