"""The table in a worksheet: where its header stands, how wide it is, and whether its rows agree with that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.batch import Batch
from heyx_bulk.sheets.chunk import CellError
from heyx_bulk.sheets.row_store import RowStore
from heyx_bulk.values.text import BLANKS

_LONG_ROWS_IN_A_HUNDRED = 5
_LINES_NAMED = 5
_Measured = tuple[Batch, list[int]]


@dataclass(frozen=True, slots=True)
class Table:
    """What one pass over all rows has found.

    `row_store` holds the rows below the header, without the blank ones; `blank` are the positions of columns that
    have no value in any of them.
    """

    header: tuple[str, ...]
    header_row: int
    row_count: int
    uniform: bool
    notes: tuple[str, ...]
    blank: frozenset[int]
    row_store: RowStore


@dataclass(slots=True)
class _Count:
    """The rows below the header, counted. `filled` are the positions of columns that have a value."""

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
    filled: set[int] = field(default_factory=set)

    def add(self, batch: Batch, widths: Sequence[int]) -> None:
        """Count rows, none of them blank."""
        self.rows += len(widths)
        self.hidden += len(batch.hidden)
        self.with_several += len(widths) - widths.count(1)
        widest = max(widths)
        if widest > self.widest:
            self.widest, self.widest_row = widest, batch.numbers[widths.index(widest)]
        if self.fields is not None:
            self._measure(batch, widths, self.fields)
            widest = max((width for width in widths if width <= self.fields), default=0)
        self.width = max(self.width, widest)

    def _measure(self, batch: Batch, widths: Sequence[int], fields: int) -> None:
        lengths = [*map(len, batch.rows)]
        if min(lengths) == max(lengths) == fields:
            return
        for number, length, width in zip(batch.numbers, lengths, widths, strict=True):
            if width > fields:
                self.long.append(number)
            elif length > fields:
                self.cut += 1
            elif length < fields:
                self.short.append(number)

    def look(self, columns: Sequence[Sequence[str]], errors: Iterable[CellError]) -> None:
        """See which columns have a value; one that has no true text counts."""
        self.filled.update(error.position for error in errors)
        for position, texts in enumerate(columns):
            if position not in self.filled and "".join(texts).strip(BLANKS):
                self.filled.add(position)

    def notes(self) -> Iterator[str]:
        if self.short:
            rows = _rows(len(self.short))
            yield f"{rows} shorter than the header, filled with blanks ({_lines(self.short)})"
        if self.cut:
            yield f"{_rows(self.cut)} longer than the header by blanks only, which were left off"
        if self.hidden:
            yield f"{_rows(self.hidden)} hidden in the worksheet, and read like the others"


def detect_table(batches: Iterable[Batch], place: str, header_row: int | None, *, delimited: bool) -> Table:
    """The table in `batches`; raises `SheetError` where there is none or its rows do not fit its header.

    In a delimited file the header says how many values a row may have; in a workbook the widest row does.
    """
    header, width, below = _header(_filled(batches), place, header_row)
    names = header.rows[0]
    count = _Count(len(names) if delimited else None, width)
    row_store = RowStore()
    for batch, widths in below:
        count.add(batch, widths)
        columns, errors = batch.columns(count.fields), [*batch.errors, *_beyond(batch, widths, count.fields)]
        count.look(columns, batch.errors)
        row_store.add(batch.numbers, columns, errors, batch.warnings)
    if header_row is None:
        _refuse_title(header, width, count, place)
    _refuse_long(count, place)
    cells = [*names, *[""] * count.width][: count.width]
    uniform = not (count.short or count.long or count.cut)
    blank = frozenset(range(count.width)) - count.filled
    return Table(tuple(cells), header.numbers[0], count.rows, uniform, tuple(count.notes()), blank, row_store)


def _filled(batches: Iterable[Batch]) -> Iterator[_Measured]:
    """The rows that are not blank."""
    for batch in batches:
        widths = batch.widths()
        if 0 not in widths:
            yield batch, widths
        elif places := [place for place, width in enumerate(widths) if width]:
            yield batch.select(places), [widths[place] for place in places]


def _beyond(batch: Batch, widths: Sequence[int], fields: int | None) -> Iterator[CellError]:
    """A value beyond the last column is a fault of its row, never shifted."""
    if fields is None or max(widths) <= fields:
        return
    for number, cells, width in zip(batch.numbers, batch.rows, widths, strict=True):
        if width > fields:
            values = len(cells) - next(blanks for blanks, cell in enumerate(reversed(cells)) if cell)
            what = f"has {values} values where the header has {fields} columns"
            remedy = "put quotes around a value that holds the separator, or delete what is too much"
            yield CellError(number, fields, what, remedy)


def _header(filled: Iterator[_Measured], place: str, row: int | None) -> tuple[Batch, int, Iterator[_Measured]]:
    """The header alone, its width, and what stands below it."""
    above: list[int] = []
    for batch, widths in filled:
        for at, number in enumerate(batch.numbers):
            if row is None or number == row:
                header = batch.select([at])
                _refuse_faults(header, place)
                rest = range(at + 1, len(widths))
                below = [(batch.select(rest), widths[at + 1 :])] if rest else []
                return header, widths[at], chain(below, filled)
            above.append(number)
        if row is not None and above[-1] > row:
            break
    if row is None or not above:
        raise SheetError(f"{place} is empty", "Give a sheet with a header row and a row for each contact.")
    shown = [number for number in above if number < row]
    shown += [number for number in above if number > row][:1]
    known = ", ".join(map(str, shown[:_LINES_NAMED]))
    what = f"{place}: row {row} is blank or does not exist; there are values in row {known}"
    raise SheetError(f"{what}{' …' if len(shown) > _LINES_NAMED else ''}", "Name the row that holds the header.")


def _refuse_faults(header: Batch, place: str) -> None:
    for error in header.errors:
        what = f"{place}, row {error.row}, column {error.position + 1}: the header cell {error.what}"
        raise SheetError(what, error.remedy)


def _refuse_title(header: Batch, width: int, count: _Count, place: str) -> None:
    """Refuse a lone cell above a wider table.

    In a delimited file a few wide rows below a one-column header are rows that are too long instead.
    """
    alone = sum(1 for cell in header.rows[0] if cell.strip()) == 1
    wider = count.widest > width and (count.fields is None or count.with_several * 2 > count.rows)
    if alone and wider:
        raise SheetError(
            f"{place}: row {header.numbers[0]} has one filled cell and row {count.widest_row} has {count.widest} "
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
