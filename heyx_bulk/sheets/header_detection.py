"""Find the table in a worksheet: where its header stands, how wide it is, and whether its rows fit the header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.batch import Batch
from heyx_bulk.sheets.chunk import CellError
from heyx_bulk.sheets.row_store import RowStore
from heyx_bulk.values.text import BLANKS

_MOST_LONG_ROWS_PERCENT = 5
_MOST_LINES_NAMED = 5
_Measured = tuple[Batch, list[int]]
"""Rows, none of them blank, and the width of each."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, found in one pass over all rows.

    `row_store` holds the rows below the header, without blank ones; `blank` are the positions of the columns that
    have no value in any of them. `uniform`: each row is as long as the header.
    """

    header: tuple[str, ...]
    header_row: int
    row_count: int
    uniform: bool
    notes: tuple[str, ...]
    blank: frozenset[int]
    row_store: RowStore


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

    def add(self, batch: Batch, widths: Sequence[int]) -> None:
        self.rows += len(widths)
        self.hidden += len(batch.hidden)
        self.rows_of_several += len(widths) - widths.count(1)
        widest = max(widths)
        if widest > self.widest:
            self.widest, self.widest_row = widest, batch.numbers[widths.index(widest)]
        if self.limit is not None:
            self._compare(batch, widths, self.limit)
            widest = max((width for width in widths if width <= self.limit), default=0)
        self.width = max(self.width, widest)

    def _compare(self, batch: Batch, widths: Sequence[int], limit: int) -> None:
        lengths = [*map(len, batch.rows)]
        if min(lengths) == max(lengths) == limit:
            return
        for number, length, width in zip(batch.numbers, lengths, widths, strict=True):
            if width > limit:
                self.long.append(number)
            elif length > limit:
                self.cut += 1
            elif length < limit:
                self.short.append(number)

    def add_columns(self, columns: Sequence[Sequence[str]], errors: Iterable[CellError]) -> None:
        """Note which columns have a value; a cell with an error counts as one."""
        self.filled.update(error.position for error in errors)
        for position, texts in enumerate(columns):
            if position not in self.filled and "".join(texts).strip(BLANKS):
                self.filled.add(position)

    def notes(self) -> Iterator[str]:
        if self.short:
            rows = _rows_are(len(self.short))
            yield f"{rows} shorter than the header, filled with blanks ({_lines(self.short)})"
        if self.cut:
            yield f"{_rows_are(self.cut)} longer than the header by blanks only, which were left off"
        if self.hidden:
            yield f"{_rows_are(self.hidden)} hidden in the worksheet, and read like the others"


def detect_table(batches: Iterable[Batch], place: str, header_row: int | None, *, delimited: bool) -> Table:
    """Find the table in `batches`; raises `SheetError` where there is none or its rows do not fit its header.

    In a delimited file the header decides how many values a row may have; in a workbook the widest row does.
    """
    header, width, below = _split_header(_measured(batches), place, header_row)
    for error in header.errors:
        what = f"{place}, row {error.row}, column {error.position + 1}: the header cell {error.what}"
        raise SheetError(what, error.remedy)
    names = header.rows[0]
    statistics = _Statistics(len(names) if delimited else None, width)
    row_store = RowStore()
    for batch, widths in below:
        statistics.add(batch, widths)
        columns = batch.columns(statistics.limit)
        statistics.add_columns(columns, batch.errors)
        errors = [*batch.errors, *_values_beyond(batch, widths, statistics.limit)]
        row_store.add(batch.numbers, columns, errors, batch.warnings)
    if header_row is None:
        _refuse_title(header, width, statistics, place)
    _refuse_long_rows(statistics, place)
    return Table(
        header=tuple([*names, *[""] * statistics.width][: statistics.width]),
        header_row=header.numbers[0],
        row_count=statistics.rows,
        uniform=not (statistics.short or statistics.long or statistics.cut),
        notes=tuple(statistics.notes()),
        blank=frozenset(range(statistics.width)) - statistics.filled,
        row_store=row_store,
    )


def _measured(batches: Iterable[Batch]) -> Iterator[_Measured]:
    for batch in batches:
        widths = batch.widths()
        if 0 not in widths:
            yield batch, widths
        elif places := [place for place, width in enumerate(widths) if width]:
            yield batch.select(places), [widths[place] for place in places]


def _split_header(
    measured: Iterator[_Measured], place: str, header_row: int | None
) -> tuple[Batch, int, Iterator[_Measured]]:
    """The header alone, its width, and the rows below it."""
    above: list[int] = []
    for batch, widths in measured:
        for at, number in enumerate(batch.numbers):
            if header_row is None or number == header_row:
                rest = range(at + 1, len(widths))
                below = [(batch.select(rest), widths[at + 1 :])] if rest else []
                return batch.select([at]), widths[at], chain(below, measured)
            above.append(number)
        if header_row is not None and above[-1] > header_row:
            break
    if header_row is None or not above:
        raise SheetError(f"{place} is empty", "Give a sheet with a header row and a row for each contact.")
    shown = [number for number in above if number < header_row]
    shown += [number for number in above if number > header_row][:1]
    what = f"{place}: row {header_row} is blank or does not exist; there are values in row {_listed(shown)}"
    raise SheetError(what, "Name the row that holds the header.")


def _values_beyond(batch: Batch, widths: Sequence[int], limit: int | None) -> Iterator[CellError]:
    """A value beyond the last column is an error of its row; it never shifts the others."""
    if limit is None or max(widths) <= limit:
        return
    for number, cells, width in zip(batch.numbers, batch.rows, widths, strict=True):
        if width > limit:
            values = len(cells) - next(blanks for blanks, cell in enumerate(reversed(cells)) if cell)
            what = f"has {values} values where the header has {limit} columns"
            remedy = "put quotes around a value that holds the separator, or delete what is too much"
            yield CellError(number, limit, what, remedy)


def _refuse_title(header: Batch, width: int, statistics: _Statistics, place: str) -> None:
    """Refuse a lone cell above a wider table.

    In a delimited file a few wide rows below a one-column header are rows that are too long instead.
    """
    alone = sum(1 for cell in header.rows[0] if cell.strip()) == 1
    mostly_wide = statistics.limit is None or statistics.rows_of_several * 2 > statistics.rows
    if alone and statistics.widest > width and mostly_wide:
        row = statistics.widest_row
        raise SheetError(
            f"{place}: row {header.numbers[0]} has one filled cell and row {row} has {statistics.widest} columns, "
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
