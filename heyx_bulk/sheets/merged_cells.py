"""Cells that are merged over several rows: a file has their value in the first of these rows only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from heyx_bulk.sheets.cell_reference import Area
from heyx_bulk.sheets.record import CellError
from heyx_bulk.sheets.sheet import Block, RowStore, Sheet

_MOST_NAMED = 5


def treat_merged(sheet: Sheet, areas: Iterable[Area], *, fill: bool) -> Sheet:
    """The sheet with a note about cells that are merged over rows of it; with `fill`, each row has the value.

    Such a cell has its value in the first column of the area, whatever its width. Only blank cells are filled, and
    no row comes back that is blank otherwise.
    """
    columns: dict[int, list[_MergedCell]] = defaultdict(list)
    for area in sorted({*areas}):
        if sheet.header_row < area.top < area.bottom and area.left < len(sheet.header):
            columns[area.left].append(_MergedCell(area))
    if not columns:
        return sheet
    positions = range(len(sheet.header)) if fill else [*columns]
    row_store = RowStore()
    for block in _fill(sheet.row_store.blocks(positions), positions, columns):
        if fill:
            row_store.add(*block)
    affected = sorted(
        (cell.area for cells in columns.values() for cell in cells if cell.blank_below),
        key=attrgetter("top", "left"),
    )
    if not affected:
        return sheet
    notes = (*sheet.notes, _note(affected, filled=fill))
    return replace(sheet, notes=notes, row_store=row_store if fill else sheet.row_store)


@dataclass(slots=True)
class _MergedCell:
    """A merged area, and what its first cell has; `blank_below` is whether a row below lacks it."""

    area: Area
    text: str = ""
    issues: list[tuple[bool, CellError]] = field(default_factory=list)
    blank_below: bool = False


def _fill(
    blocks: Iterable[Block], positions: Sequence[int], columns: dict[int, list[_MergedCell]]
) -> Iterator[Block]:
    """The rows of `blocks` of the columns at `positions`, with the values of merged cells in each row."""
    following = dict.fromkeys(columns, 0)
    for numbers, texts, errors, warnings in blocks:
        found_errors, found_warnings = [*errors], [*warnings]
        texts_of = dict(zip(positions, texts, strict=True))
        for position, cells in columns.items():
            issues = [
                *((True, error) for error in errors if error.position == position),
                *((False, warning) for warning in warnings if warning.position == position),
            ]
            wrong = {issue.row for is_error, issue in issues if is_error}
            next_cell = following[position]
            column = texts_of[position]
            for index, number in enumerate(numbers):
                while next_cell < len(cells) and cells[next_cell].area.bottom < number:
                    next_cell += 1
                if next_cell == len(cells):
                    break
                cell = cells[next_cell]
                if number == cell.area.top:
                    cell.text = column[index]
                    cell.issues = [issue for issue in issues if issue[1].row == number]
                elif number > cell.area.top and not column[index].strip() and number not in wrong:
                    cell.blank_below = cell.blank_below or bool(cell.text.strip() or cell.issues)
                    column[index] = cell.text
                    for is_error, issue in cell.issues:
                        (found_errors if is_error else found_warnings).append(issue._replace(row=number))
            following[position] = next_cell
        yield numbers, texts, sorted(found_errors), sorted(found_warnings)


def _note(areas: Sequence[Area], *, filled: bool) -> str:
    named = ", ".join(area.reference() for area in areas[:_MOST_NAMED])
    if len(areas) > _MOST_NAMED:
        named += f" … ({len(areas):,} areas)"
    if filled:
        return f"cells {named} are merged; every row was given the value"
    only = f"row {areas[0].top} has" if len(areas) == 1 else "the first row of each has"
    return f"cells {named} are merged, and only {only} the value: --fill-merged gives it to every row"
