"""Find the table in a worksheet: where its header stands, how wide it is, and whether its rows fit the header."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from heyx_bulk.errors import HeaderRowMissing, HeaderRowNeeded, SheetError
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.detect_format import Format
from heyx_bulk.sheets.record import CellError, Page, Record, gather
from heyx_bulk.sheets.sheet import RowStore, Sheet
from heyx_bulk.values.text import BLANKS, replace_surrogates

_MOST_LONG_ROWS_PERCENT = 5
_MOST_ROWS_NAMED = 5
_ROWS_TO_CHOOSE = 6


@dataclass(slots=True)
class _Statistics:
    """Statistics of the rows below the header.

    `limit` is how many values a row should have, None for any number. `lone_header` is whether only one cell of
    the header has a text: then the widths of all rows count. `short` and `long` are the numbers of rows that have
    fewer or more; `cut` counts those that are too long by blanks only. `filled` are the positions of columns that
    have a value. `first_rows` are the cells of the first rows and of the widest one.
    """

    limit: int | None
    lone_header: bool
    width: int
    rows: int = 0
    rows_of_several: int = 0
    widest: int = 0
    widest_row: int = 0
    first_rows: dict[int, tuple[str, ...]] = field(default_factory=dict)
    hidden: int = 0
    cut: int = 0
    short: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    filled: set[int] = field(default_factory=set)

    def add(self, page: Page) -> Iterator[CellError]:
        """Count the rows of a page; yield an error for each row with values beyond the last column."""
        self.rows += len(page.numbers)
        self.hidden += len(page.hidden)
        self.filled.update(error.position for error in page.errors)
        for position, texts in enumerate(page.columns[: self.limit]):
            if position not in self.filled and "".join(texts).strip(BLANKS):
                self.filled.add(position)
        if self.lone_header:
            self._find_widest(page)
        if self.limit is None or len(page.columns) <= self.limit:
            self.width = page.wider_than(self.width)
            if self.limit and (page.lengths or len(page.columns) < self.limit):
                self.short += [number for number, length in _lengths(page) if length < self.limit]
        else:
            yield from self._compare(page, self.limit)

    def _find_widest(self, page: Page) -> None:
        widths = page.widths()
        self.rows_of_several += len(widths) - widths.count(1)
        widest = max(widths)
        shown = [*range(min(len(widths), _ROWS_TO_CHOOSE - 1 - len(self.first_rows)))]
        if widest > self.widest:
            self.widest, self.widest_row = widest, page.numbers[widths.index(widest)]
            shown.append(widths.index(widest))
        for index in shown:
            self.first_rows[page.numbers[index]] = tuple(page.record(index).cells)

    def _compare(self, page: Page, limit: int) -> Iterator[CellError]:
        """Compare rows with the header, of which some are longer.

        A value beyond the last column is an error of its row; it never shifts the others.
        """
        for index, ((number, length), width) in enumerate(zip(_lengths(page), page.widths(), strict=True)):
            if width <= limit:
                self.width = max(self.width, width)
            if width > limit:
                self.long.append(number)
                cells = page.record(index).cells
                values = len(cells) - next(blanks for blanks, cell in enumerate(reversed(cells)) if cell)
                what = f"has {values} values where the header has {limit} columns"
                remedy = "put quotes around values that contain the separator, or delete the extra values"
                yield CellError(number, limit, what, remedy)
            elif length > limit:
                self.cut += 1
            elif length < limit:
                self.short.append(number)

    def notes(self) -> Iterator[str]:
        if self.short:
            rows = _rows_are(len(self.short))
            yield f"{rows} shorter than the header; the missing values are blank ({_rows(self.short)})"
        if self.cut:
            yield f"{_rows_are(self.cut)} longer than the header by blank values, which are ignored"
        if self.hidden:
            yield f"{_rows_are(self.hidden)} hidden in the worksheet and read like the others"


def read_sheet(
    pages: Iterable[Page], path: Path, form: Format, worksheet: str | None, header_row: int | None
) -> Sheet:
    """Find the table in `pages`; raises `SheetError` where there is none or its rows do not fit its header.

    In a CSV file the header decides how many values a row may have; in a workbook the widest row does.
    """
    place = path.name if worksheet is None else f"{path.name}, worksheet {worksheet!r}"
    header, below = _find_header(map(Page.filled, pages), place, header_row)
    for error in header.errors:
        what = f"{place}: the header cell {column_letter(error.position)}{error.row} {error.what}"
        raise SheetError(what, f"{error.remedy[:1].upper()}{error.remedy[1:]}.")
    width = max(position for position, cell in enumerate(header.cells, 1) if cell.strip())
    limit = len(header.cells) if form is Format.CSV else None
    statistics = _Statistics(limit, sum(1 for cell in header.cells if cell.strip()) == 1, width)
    row_store = RowStore()
    for page in gather(below):
        if page.numbers:
            errors = [*page.errors, *statistics.add(page)]
            row_store.add(page.numbers, page.columns[:limit], errors, page.warnings)
    if header_row is None:
        _refuse_title(header, width, statistics, place)
    _refuse_long_rows(statistics, place)
    return Sheet(
        path=path,
        name=path.name,
        format=str(form),
        worksheet=worksheet,
        header=tuple(map(replace_surrogates, [*header.cells, *[""] * statistics.width][: statistics.width])),
        header_row=header.row,
        row_count=statistics.rows,
        uneven=len(statistics.short) + len(statistics.long) + statistics.cut,
        notes=tuple(statistics.notes()),
        blank=frozenset(range(statistics.width)) - statistics.filled,
        row_store=row_store,
    )


def _find_header(pages: Iterator[Page], place: str, header_row: int | None) -> tuple[Record, Iterator[Page]]:
    """Find the header in pages without blank rows; the rows below it are the second value."""
    others: list[int] = []
    for page in pages:
        numbers = page.numbers
        end = len(numbers) if header_row is None else bisect_right(numbers, header_row)
        at = 0 if header_row is None else end - 1
        if 0 <= at < len(numbers) and header_row in (None, numbers[at]):
            below = page.rows([index > at for index in range(len(numbers))])
            return page.record(at), chain([below], pages)
        others += numbers[: end + 1]
        if end < len(numbers):
            break
    if not others:
        raise SheetError(f"{place} is empty", "Give a sheet with a header row and a row for each contact.")
    what = f"{place}: row {header_row} is blank or does not exist; there are values in row {_listed(others)}"
    raise HeaderRowMissing(what, "Give the number of the row with the headers.")


def _lengths(page: Page) -> Iterator[tuple[int, int]]:
    """The number and length of each row."""
    lengths = [len(page.columns)] * len(page.numbers) if page.lengths is None else page.lengths
    return zip(page.numbers, lengths, strict=True)


def _refuse_title(header: Record, width: int, statistics: _Statistics, place: str) -> None:
    """Refuse a lone cell above a wider table.

    In a delimited file a few wide rows below a one-column header are rows that are too long instead.
    """
    mostly_wide = statistics.limit is None or statistics.rows_of_several * 2 > statistics.rows
    if statistics.lone_header and statistics.widest > width and mostly_wide:
        row = statistics.widest_row
        rows = ((header.row, tuple(header.cells)), *sorted(statistics.first_rows.items()))
        raise HeaderRowNeeded(
            f"{place}: row {header.row} has one filled cell and row {row} has {statistics.widest} columns, "
            f"so row {row} looks like the header",
            f"Use --header-row {row}, or delete the rows above it.",
            row,
            rows,
            is_plain=_is_plain(rows, statistics),
        )


def _is_plain(rows: Sequence[tuple[int, tuple[str, ...]]], statistics: _Statistics) -> bool:
    """Whether the second row has the headers and the first is their title, without any doubt.

    Every row but the first has several values and none has more than the second one, which has only names: a
    different one in each column, and in one of them other than the values below, which have digits or an @.
    """
    number, cells = rows[1]
    below = [[*map(_is_marked, other)] for _, other in rows[2:]]
    is_other = any(
        not _is_marked(name) and below and all(row[position : position + 1] == [True] for row in below)
        for position, name in enumerate(cells)
    )
    names = cells[: statistics.widest]
    different = {name.strip().casefold() for name in names}
    return (
        is_other
        and number == statistics.widest_row
        and 1 < statistics.rows == statistics.rows_of_several
        and len(different) == len(names)
        and all("@" not in name and any(map(str.isalpha, name)) for name in different)
    )


def _is_marked(text: str) -> bool:
    """Whether a text has what names of columns seldom have, and phones, dates and addresses always."""
    return "@" in text or any(map(str.isdecimal, text))


def _refuse_long_rows(statistics: _Statistics, place: str) -> None:
    long, short = statistics.long, statistics.short
    if len(long) * 100 <= statistics.rows * _MOST_LONG_ROWS_PERCENT:
        return
    rows = f"{statistics.rows:,} {'row' if statistics.rows == 1 else 'rows'}"
    shorter = f"; {_rows_are(len(short))} shorter ({_rows(short)})" if short else ""
    raise SheetError(
        f"{place}: {len(long):,} of {rows} {'has' if len(long) == 1 else 'have'} more values than the header's "
        f"{statistics.limit} ({_rows(long)}){shorter}",
        "Name the right separator with --separator, or put quotes around values that contain it.",
    )


def _rows_are(number: int) -> str:
    return "1 row is" if number == 1 else f"{number:,} rows are"


def _rows(rows: Sequence[int]) -> str:
    return f"{'row' if len(rows) == 1 else 'rows'} {_listed(rows)}"


def _listed(rows: Sequence[int]) -> str:
    named = ", ".join(map(str, rows[:_MOST_ROWS_NAMED]))
    return f"{named} …" if len(rows) > _MOST_ROWS_NAMED else named
