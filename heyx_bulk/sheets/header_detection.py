"""Find the table in a worksheet: where its header stands, how wide it is, and whether its rows fit the header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import itemgetter
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.detect_format import Format
from heyx_bulk.sheets.record import CellError, Record, width_of
from heyx_bulk.sheets.sheet import RowStore, Sheet
from heyx_bulk.values.text import BLANKS

_MOST_LONG_ROWS_PERCENT = 5
_MOST_LINES_NAMED = 5
_MOST_CELLS = 20_000
"""The most cells in a group, counted as if each row were as long as its longest."""

_Measured = tuple[Record, int]
"""A row that is not blank, and its width."""


@dataclass(slots=True)
class _Statistics:
    """Statistics of the rows below the header.

    `limit` is how many values a row should have, None for any number. `short` and `long` are the numbers of rows
    that have fewer or more; `cut` counts those that are too long by blanks only. `filled` are the positions of
    columns that have a value.
    """

    limit: int | None
    width: int
    rows: int = 0
    rows_of_several: int = 0
    widest: int = 0
    widest_row: int = 0
    hidden: int = 0
    cut: int = 0
    short: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    filled: set[int] = field(default_factory=set)

    def add(
        self,
        records: Sequence[Record],
        widths: Sequence[int],
        columns: Sequence[Sequence[str]],
        errors: Iterable[CellError],
    ) -> None:
        """Count these rows, whose texts are `columns`; a cell with an error counts as a value of its column."""
        self.filled.update(error.position for error in errors)
        for position, texts in enumerate(columns):
            if position not in self.filled and "".join(texts).strip(BLANKS):
                self.filled.add(position)
        self.rows += len(records)
        self.hidden += sum(record.hidden for record in records)
        self.rows_of_several += len(widths) - widths.count(1)
        widest = max(widths)
        if widest > self.widest:
            self.widest, self.widest_row = widest, records[widths.index(widest)].row
        if self.limit is not None:
            self._compare(records, widths, self.limit)
            widest = max((width for width in widths if width <= self.limit), default=0)
        self.width = max(self.width, widest)

    def _compare(self, records: Sequence[Record], widths: Sequence[int], limit: int) -> None:
        lengths = [len(record.cells) for record in records]
        if min(lengths) == max(lengths) == limit:
            return
        for record, length, width in zip(records, lengths, widths, strict=True):
            if width > limit:
                self.long.append(record.row)
            elif length > limit:
                self.cut += 1
            elif length < limit:
                self.short.append(record.row)

    def notes(self) -> Iterator[str]:
        if self.short:
            rows = _rows_are(len(self.short))
            yield f"{rows} shorter than the header, filled with blanks ({_lines(self.short)})"
        if self.cut:
            yield f"{_rows_are(self.cut)} longer than the header by blanks only, which were left off"
        if self.hidden:
            yield f"{_rows_are(self.hidden)} hidden in the worksheet, and read like the others"


def read_sheet(
    records: Iterable[Record], path: Path, form: Format, worksheet: str | None, header_row: int | None
) -> Sheet:
    """Find the table in `records`; raises `SheetError` where there is none or its rows do not fit its header.

    In a CSV file the header decides how many values a row may have; in a workbook the widest row does.
    """
    place = path.name if worksheet is None else f"{path.name}, worksheet {worksheet!r}"
    measured = filter(itemgetter(1), ((record, width_of(record)) for record in records))
    header, width = _find_header(measured, place, header_row)
    for error in header.errors:
        what = f"{place}, row {error.row}, column {error.position + 1}: the header cell {error.what}"
        raise SheetError(what, error.remedy)
    statistics = _Statistics(len(header.cells) if form is Format.CSV else None, width)
    row_store = RowStore()
    for group in _groups(measured):
        below, widths = [record for record, _ in group], [width for _, width in group]
        errors = [error for record in below for error in record.errors]
        warnings = [warning for record in below for warning in record.warnings]
        columns = [*zip_longest(*(record.cells[: statistics.limit] for record in below), fillvalue="")]
        statistics.add(below, widths, columns, errors)
        errors += _values_beyond(group, statistics.limit)
        row_store.add([record.row for record in below], columns, errors, warnings)
    if header_row is None:
        _refuse_title(header, width, statistics, place)
    _refuse_long_rows(statistics, place)
    return Sheet(
        path=path,
        name=path.name,
        format=str(form),
        worksheet=worksheet,
        header=tuple([*header.cells, *[""] * statistics.width][: statistics.width]),
        header_row=header.row,
        row_count=statistics.rows,
        uniform=not (statistics.short or statistics.long or statistics.cut),
        notes=tuple(statistics.notes()),
        blank=frozenset(range(statistics.width)) - statistics.filled,
        _row_store=row_store,
    )


def _find_header(measured: Iterator[_Measured], place: str, header_row: int | None) -> _Measured:
    """Take the header and the rows above it from `measured`."""
    others: list[int] = []
    for record, width in measured:
        if header_row is None or record.row == header_row:
            return record, width
        others.append(record.row)
        if record.row > header_row:
            break
    if not others:
        raise SheetError(f"{place} is empty", "Give a sheet with a header row and a row for each contact.")
    what = f"{place}: row {header_row} is blank or does not exist; there are values in row {_listed(others)}"
    raise SheetError(what, "Name the row that holds the header.")


def _groups(measured: Iterable[_Measured]) -> Iterator[list[_Measured]]:
    """Group rows, so that each check runs once for many."""
    group: list[_Measured] = []
    widest = cells = 0
    for row in measured:
        width = len(row[0].cells) or 1
        if width > widest:
            cells, widest = width * len(group), width
        if cells >= _MOST_CELLS:
            yield group
            group, cells, widest = [], 0, width
        group.append(row)
        cells += widest
    if group:
        yield group


def _values_beyond(rows: Iterable[_Measured], limit: int | None) -> Iterator[CellError]:
    """A value beyond the last column is an error of its row; it never shifts the others."""
    for record, width in rows:
        if limit is not None and width > limit:
            values = len(record.cells) - next(blanks for blanks, cell in enumerate(reversed(record.cells)) if cell)
            what = f"has {values} values where the header has {limit} columns"
            remedy = "put quotes around a value that holds the separator, or delete what is too much"
            yield CellError(record.row, limit, what, remedy)


def _refuse_title(header: Record, width: int, statistics: _Statistics, place: str) -> None:
    """Refuse a lone cell above a wider table.

    In a delimited file a few wide rows below a one-column header are rows that are too long instead.
    """
    alone = sum(1 for cell in header.cells if cell.strip()) == 1
    mostly_wide = statistics.limit is None or statistics.rows_of_several * 2 > statistics.rows
    if alone and statistics.widest > width and mostly_wide:
        row = statistics.widest_row
        raise SheetError(
            f"{place}: row {header.row} has one filled cell and row {row} has {statistics.widest} columns, "
            f"so row {row} looks like the header",
            f"Say --header-row {row}, or delete the lines above it.",
        )


def _refuse_long_rows(statistics: _Statistics, place: str) -> None:
    long, short = statistics.long, statistics.short
    if len(long) * 100 <= statistics.rows * _MOST_LONG_ROWS_PERCENT:
        return
    rows = f"{statistics.rows:,} {'row' if statistics.rows == 1 else 'rows'}"
    shorter = f"; {_rows_are(len(short))} shorter ({_lines(short)})" if short else ""
    raise SheetError(
        f"{place}: {len(long)} of {rows} have more values than the header's {statistics.limit} "
        f"({_lines(long)}){shorter}",
        "Either the separator is another one, or values that hold the separator need quotes around them.",
    )


def _rows_are(number: int) -> str:
    return "1 row is" if number == 1 else f"{number:,} rows are"


def _lines(rows: Sequence[int]) -> str:
    return f"{'line' if len(rows) == 1 else 'lines'} {_listed(rows)}"


def _listed(rows: Sequence[int]) -> str:
    named = ", ".join(map(str, rows[:_MOST_LINES_NAMED]))
    return f"{named} …" if len(rows) > _MOST_LINES_NAMED else named
