"""The table in a worksheet: where its header stands, how wide it is, and whether its rows agree with that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.sheet import Record
from heyx_bulk.sheets.spool import Spool
from heyx_bulk.values import BLANKS

_LONG_ROWS_IN_A_HUNDRED = 5
_LINES_NAMED = 5


@dataclass(frozen=True, slots=True)
class Table:
    """What one pass over all rows has found. `fields` is how many values a row of a CSV file may have.

    `spool` holds the rows below the header, without the blank ones; `blank` are the positions of columns that have
    no value in any of them.
    """

    header: tuple[str, ...]
    header_row: int
    fields: int | None
    row_count: int
    uniform: bool
    notes: tuple[str, ...]
    blank: frozenset[int]
    spool: Spool


@dataclass(slots=True)
class _Count:
    """The rows below the header, counted."""

    fields: int | None
    width: int
    rows: int = 0
    with_several: int = 0
    widest: int = 0
    widest_row: int = 0
    hidden: int = 0
    cut: int = 0
    short: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    reach: int = 0

    def add(self, record: Record, width: int) -> None:
        self.rows += 1
        self.hidden += record.hidden
        self.with_several += width > 1
        self._look(record, width)
        if width > self.widest:
            self.widest, self.widest_row = width, record.row
        if self.fields is not None and width > self.fields:
            self.long.append(record.row)
            return
        self.width = max(self.width, width)
        if self.fields is not None:
            self.cut += len(record.cells) > self.fields
            if len(record.cells) < self.fields:
                self.short.append(record.row)

    def _look(self, record: Record, width: int) -> None:
        """Which columns have had no value so far: those seen as blank, and all beyond `reach`."""
        if width > self.reach:
            self.blank += range(self.reach, width)
            self.reach = width
        if self.blank:
            filled = {fault.position for fault in record.faults}
            cells, there = record.cells, len(record.cells)
            self.blank = [
                at for at in self.blank if not (at in filled or (at < there and cells[at].strip(BLANKS)))
            ]

    def notes(self) -> Iterator[str]:
        if self.short:
            rows = _rows(len(self.short))
            yield f"{rows} shorter than the header, filled with blanks ({_lines(self.short)})"
        if self.cut:
            yield f"{_rows(self.cut)} longer than the header by blanks only, which were left off"
        if self.hidden:
            yield f"{_rows(self.hidden)} hidden in the worksheet, and read like the others"


def survey(records: Iterable[Record], place: str, header_row: int | None, *, delimited: bool) -> Table:
    """The table in `records`; raises `SheetError` where there is none or its rows do not fit its header.

    In a delimited file the header says how many values a row may have; in a workbook the widest row does.
    """
    filled = _filled(records)
    header, width = _header(filled, place, header_row)
    count = _Count(len(header.cells) if delimited else None, width)
    spool = Spool()
    for record, reach in filled:
        count.add(record, reach)
        spool.add(record)
    spool.finish()
    if header_row is None:
        _refuse_title(header, width, count, place)
    _refuse_long(count, place)
    cells = [*header.cells, *[""] * count.width][: count.width]
    uniform = not (count.short or count.long or count.cut)
    blank = frozenset((*count.blank, *range(count.reach, count.width)))
    return Table(tuple(cells), header.row, count.fields, count.rows, uniform, tuple(count.notes()), blank, spool)


def _filled(records: Iterable[Record]) -> Iterator[tuple[Record, int]]:
    for record in records:
        width = record.width()
        if width:
            yield record, width


def _header(filled: Iterator[tuple[Record, int]], place: str, row: int | None) -> tuple[Record, int]:
    above: list[int] = []
    for record, width in filled:
        if row is not None and record.row != row:
            above.append(record.row)
            if record.row < row:
                continue
            break
        for fault in record.faults:
            what = f"{place}, row {record.row}, column {fault.position + 1}: the header cell {fault.what}"
            raise SheetError(what, fault.remedy)
        return record, width
    if row is None or not above:
        raise SheetError(f"{place} is empty", "Give a sheet with a header row and a row for each contact.")
    known = ", ".join(map(str, above[:_LINES_NAMED]))
    what = f"{place}: row {row} is blank or does not exist; there are values in row {known}"
    raise SheetError(f"{what}{' …' if len(above) > _LINES_NAMED else ''}", "Name the row that holds the header.")


def _refuse_title(header: Record, width: int, count: _Count, place: str) -> None:
    """Refuse a lone cell above a wider table.

    In a delimited file a few wide rows below a one-column header are rows that are too long instead.
    """
    alone = sum(1 for cell in header.cells if cell.strip()) == 1
    wider = count.widest > width and (count.fields is None or count.with_several * 2 > count.rows)
    if alone and wider:
        raise SheetError(
            f"{place}: row {header.row} has one filled cell and row {count.widest_row} has {count.widest} "
            f"columns, so row {count.widest_row} looks like the header",
            f"Say --header-row {count.widest_row}, or delete the lines above it.",
        )


def _refuse_long(count: _Count, place: str) -> None:
    if len(count.long) * 100 <= count.rows * _LONG_ROWS_IN_A_HUNDRED:
        return
    too_short = f"; {_rows(len(count.short))} shorter ({_lines(count.short)})" if count.short else ""
    raise SheetError(
        f"{place}: {len(count.long)} of {_rows(count.rows, verb=False)} have more values than the header's "
        f"{count.fields} ({_lines(count.long)}){too_short}",
        "Either the separator is another one, or values that hold the separator need quotes around them.",
    )


def _rows(number: int, *, verb: bool = True) -> str:
    noun = "row" if number == 1 else "rows"
    return f"{number:,} {noun} {'is' if number == 1 else 'are'}" if verb else f"{number:,} {noun}"


def _lines(rows: list[int]) -> str:
    named = ", ".join(str(row) for row in rows[:_LINES_NAMED])
    return f"line {named}" if len(rows) == 1 else f"lines {named}{' …' if len(rows) > _LINES_NAMED else ''}"
