"""A copy of a person's own Excel workbook with our columns added, made with openpyxl.

Nothing of theirs is moved: our columns stand right of the last one that is used. The copy is kept only if our own
reader reads every text of theirs in it as it was.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.atomic_file import atomic_write
from heyx_bulk.sheets.cell_reference import column_letter, quote_worksheet
from heyx_bulk.sheets.limits import LONGEST_TEXT, MOST_COLUMNS
from heyx_bulk.sheets.summary_page import SUMMARY_HEADING, SUMMARY_TITLE, SUMMARY_WIDTHS, SummaryPage
from heyx_bulk.sheets.typed_cell import NUMBER_FORMATS, typed_value
from heyx_bulk.sheets.xlsx import worksheet_view
from heyx_bulk.sheets.xlsx.cell_text import encode_escapes, stored_length
from heyx_bulk.sheets.xlsx.copy_check import ExpectedChanges, find_change
from heyx_bulk.sheets.xlsx.copy_limits import find_obstacle
from heyx_bulk.sheets.xlsx.formula_values import FormulaLost, restore_formula_values
from heyx_bulk.values.text import replace_surrogates
from heyx_bulk.values.value_types import ValueKind

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.styles import PatternFill
    from openpyxl.worksheet.worksheet import Worksheet

_NOT_LOADED = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError),
    *(SyntaxError, BadZipFile, zlib.error),  # the first is that of damaged XML
)
"""What openpyxl raises for a workbook that it cannot read or write."""


class CopyRefused(Exception):
    """The workbook is not copied; the text says why, as a clause."""


class CorrectedCell(NamedTuple):
    """A text that takes the place of a cell's own, and the kind of its column if it is known."""

    text: str
    kind: ValueKind | None = None


@dataclass(frozen=True, slots=True)
class AddedColumns:
    """What a copy has beside the person's own cells.

    `header` are the titles of our columns, `rows` the texts of them by row; `positions` says where those stand
    that the sheet has already. `corrected` are cells with another text than the person's, by row and position.
    The cells of the first column of ours have a background color (`#RRGGBB`) by their text. With `shown`, the
    filter hides all other rows, by these words in the first column. The first `in_sight` columns are in sight when
    the workbook opens.
    """

    worksheet: str
    header_row: int
    width: int
    header: Sequence[str]
    positions: Mapping[str, int]
    rows: Mapping[int, Sequence[str]]
    widths: Sequence[int]
    in_sight: int
    colors: Mapping[str, str] = field(default_factory=dict)
    corrected: Mapping[tuple[int, int], CorrectedCell] = field(default_factory=dict)
    shown: frozenset[int] | None = None
    shown_words: Sequence[str] = ()


def copy_workbook(
    source: Path, target: Path, added: AddedColumns, summarize: Callable[[Callable[[int], str]], SummaryPage]
) -> None:
    """Write a copy of the workbook at `source`, with `added` and a summary in front, to `target`.

    `summarize` is given what says where a row stands. Raises `CopyRefused` where something of the person's would
    be lost or changed, `WriteError` where the folder does not take the file; a full disk stays an `OSError`.
    """
    if obstacle := find_obstacle(source):
        raise CopyRefused(obstacle)
    workbook, earlier = _load(source)
    page = workbook[added.worksheet]
    positions = _place(page, added)
    _fill(page, added, positions)
    calculated = _correct_cells(page, added.corrected)
    worksheet_view.show(page, [*positions.values()][: added.in_sight], added.header_row)
    worksheet_view.filter_rows(
        page,
        positions=[*positions.values()],
        width=added.width,
        rows=range(added.header_row + 1, max(added.rows, default=added.header_row) + 1),
        shown=added.shown,
        words=added.shown_words,
    )
    status = column_letter(positions[added.header[0]])
    summary = summarize(lambda row: f"{quote_worksheet(page.title)}!{status}{row}")
    front = _add_summary(workbook, summary)
    worksheet_view.open_with(workbook, front if summary.opens else page)
    try:
        with warnings.catch_warnings(action="ignore"):
            saved = BytesIO()
            workbook.save(saved)
    except _NOT_LOADED as error:
        raise CopyRefused("the workbook cannot be copied") from error
    own = {sheet.title: f"xl/worksheets/sheet{at}.xml" for at, sheet in enumerate(workbook.worksheets, 1)}
    values = {place: calculated.get(place) for place in added.corrected}
    with atomic_write(target) as place:
        try:
            restore_formula_values(source, saved, place, own, {added.worksheet: values})
        except FormulaLost as error:
            raise CopyRefused(str(error)) from error
        except SheetError as error:
            raise CopyRefused("the workbook cannot be copied") from error
        if change := find_change(source, place, _expected_changes(added, positions), earlier):
            raise CopyRefused(change)


def _expected_changes(added: AddedColumns, positions: Mapping[str, int]) -> ExpectedChanges:
    corrected: dict[int, dict[int, str]] = {}
    for (row, position), cell in added.corrected.items():
        corrected.setdefault(row, {})[position] = replace_surrogates(cell.text)
    return ExpectedChanges(added.worksheet, frozenset(positions.values()), corrected)


def _load(source: Path) -> tuple[Workbook, str | None]:
    """The workbook without the summary of an earlier run, and that one's title."""
    from openpyxl import load_workbook  # noqa: PLC0415 - only a copy pays for it

    try:
        with warnings.catch_warnings(action="ignore"), source.open("rb") as file:
            workbook = load_workbook(file, rich_text=True)
    except (*_NOT_LOADED, OSError) as error:  # it raises one for a package without a workbook
        raise CopyRefused("the workbook cannot be copied") from error
    for page in workbook.worksheets:
        if page.title.startswith(SUMMARY_TITLE) and str(page["A1"].value) == SUMMARY_HEADING:
            workbook.remove(page)
            return workbook, page.title
    return workbook, None


def _place(page: Worksheet, added: AddedColumns) -> dict[str, int]:
    """The positions of our columns: where the sheet has them, else right of all that is used."""
    last = added.width
    cells = page._cells.values()  # noqa: SLF001 - the public ways make a cell of every place up to the last one
    used = (cell for cell in cells if cell.value is not None or cell.comment or cell.hyperlink)
    tables = [worksheet_view.area(table.ref) for table in page.tables.values()]
    for name, position in added.positions.items():
        if any(table.min_col <= position + 1 <= table.max_col for table in tables):
            raise CopyRefused(f"the column {name} is part of a table")
    areas = (area.max_col for area in (*page.merged_cells.ranges, *tables))
    fresh = iter(range(max([last, *(cell.column for cell in used), *areas]), MOST_COLUMNS))
    try:
        return {name: added.positions.get(name, -1) for name in added.header} | {
            name: next(fresh) for name in added.header if name not in added.positions
        }
    except StopIteration:
        raise CopyRefused("the worksheet has no room for more columns") from None


def _fill(page: Worksheet, added: AddedColumns, positions: Mapping[str, int]) -> None:
    header = page.cell(added.header_row, max(1, added.width))
    _clear_columns(page, {position for name, position in positions.items() if name not in added.positions})
    for at, (name, position) in enumerate(positions.items()):
        if name not in added.positions:
            title = _cell(page, added.header_row, position)
            _write_text(title, name)
            for look in ("font", "fill", "border", "alignment", "protection"):
                setattr(title, look, copy(getattr(header, look)))
            worksheet_view.set_width(page, position, added.widths[at])
    fills = {text: _fill_of(color) for text, color in added.colors.items()}
    for row, texts in added.rows.items():
        for at, (text, (name, position)) in enumerate(zip(texts, positions.items(), strict=True)):
            cell = _cell(page, row, position)
            if name in added.positions and str(cell.value or "") == text:
                continue
            _write_text(cell, text)
            cell.number_format = "@"
            if at == 0 and (fill := fills.get(text)):
                cell.fill = fill


def _correct_cells(
    page: Worksheet, corrected: Mapping[tuple[int, int], CorrectedCell]
) -> dict[tuple[int, int], str]:
    """Write corrected cells; returns the new values of formulas that stay.

    A formula's value that changed together with a plain cell of its row was calculated from it; one that changed
    alone was typed over.
    """
    cells = {place: _cell(page, *place) for place in corrected}
    typed = {row for (row, _), cell in cells.items() if cell.data_type != "f"}
    calculated: dict[tuple[int, int], str] = {}
    for (row, position), cell in cells.items():
        if cell.data_type == "f" and row in typed:
            calculated[row, position] = corrected[row, position].text
        else:
            _correct(cell, corrected[row, position])
    return calculated


def _clear_columns(page: Worksheet, positions: Set[int]) -> None:
    """Forget the styles of cells that are blank, which may stand right of the table."""
    cells = page._cells  # noqa: SLF001 - the public way goes through all rows up to the last one
    for place in [(row, column) for row, column in cells if column - 1 in positions]:
        del cells[place]


def _cell(page: Worksheet, row: int, position: int) -> Cell:
    from openpyxl.cell import MergedCell  # noqa: PLC0415 - only a copy pays for it

    cell = page.cell(row, position + 1)
    if isinstance(cell, MergedCell):
        raise CopyRefused(f"cell {cell.coordinate}, which is to be filled in, is part of a merged cell")
    return cell


def _correct(cell: Cell, corrected: CorrectedCell) -> None:
    """Write another text, as a value of the same kind as before where it is one."""
    before = _kind_of(cell, corrected.text)
    kind = corrected.kind or before
    value = typed_value(corrected.text, kind)
    if value is None or kind is None:
        _write_text(cell, corrected.text)
        cell.number_format = "@"
        return
    number_format = cell.number_format if kind is before else NUMBER_FORMATS.get(kind, "General")
    cell.value = value
    cell.number_format = number_format


def _kind_of(cell: Cell, text: str) -> ValueKind | None:
    """The kind of value that a cell of the person's has; of a date and a moment, that of the new `text`."""
    if cell.value is None:
        return None
    match cell.data_type:
        case "b":
            return ValueKind.BOOLEAN
        case "d":
            return ValueKind.DATETIME if "T" in text else ValueKind.DATE
        case "n":
            return ValueKind.NUMBER
    return None


def _write_text(cell: Cell | MergedCell, text: str) -> None:
    """Write a text as it is: never as a formula, a number or an escape."""
    escaped = encode_escapes(replace_surrogates(text))
    if stored_length(escaped) > LONGEST_TEXT:
        raise CopyRefused(f"cell {cell.coordinate} would have more than {LONGEST_TEXT:,} characters")
    cell.value = escaped or None
    cell.data_type = "s" if text else "n"


def _fill_of(color: str) -> PatternFill:
    from openpyxl.styles import PatternFill  # noqa: PLC0415 - only a copy pays for it

    return PatternFill("solid", start_color=color.lstrip("#"), end_color=color.lstrip("#"))


def _add_summary(workbook: Workbook, summary: SummaryPage) -> Worksheet:
    from openpyxl.styles import Font  # noqa: PLC0415 - only a copy pays for it
    from openpyxl.worksheet.hyperlink import Hyperlink  # noqa: PLC0415 - likewise

    page: Worksheet = workbook.create_sheet(SUMMARY_TITLE, 0)
    bold, linked = Font(bold=True), Font(color="0563C1", underline="single")
    for position, width in enumerate(SUMMARY_WIDTHS):
        page.column_dimensions[column_letter(position)].width = width
    for number, row in enumerate(summary.rows, 1):
        for position, one in enumerate(row):
            cell = page.cell(number, position + 1)
            if isinstance(one.text, int):
                cell.value = one.text
            else:
                _write_text(cell, one.text[:LONGEST_TEXT])
                cell.number_format = "@"
            if one.color:
                cell.fill = _fill_of(one.color)
            if one.bold:
                cell.font = bold
            if one.link:
                cell.hyperlink = Hyperlink(ref=cell.coordinate, location=one.link)
                cell.font = linked
    return page
