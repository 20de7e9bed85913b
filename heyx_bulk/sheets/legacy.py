"""Workbooks of other formats (.xls, .xlsb, .ods), read in a child process with limits of memory and time.

A file can make the libraries that read them take gigabytes or abort, which no `except` catches. xlrd reads .xls
with its errors, formats and hidden rows; calamine reads the others, and shows an error cell as a blank.

The child is this module, run as a program. It writes lines of JSON: the worksheets as `[name, visible]`; then for
the number of each worksheet that its parent sends, the merged areas and hidden columns, the rows as records, and
`null`. A negative number asks only whether there is data.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from itertools import starmap
from pathlib import Path
from threading import Timer
from typing import IO, Any

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.cell_reference import Area
from heyx_bulk.sheets.detect_format import Format, protected
from heyx_bulk.sheets.limits import MOST_CHARACTERS, MOST_COLUMNS, MOST_MERGED, MOST_ROWS
from heyx_bulk.sheets.open_document import merged_areas
from heyx_bulk.sheets.record import CellError, Record, Worksheet, WorksheetInfo, pages
from heyx_bulk.sheets.xlsx.cell_text import CORRECT_CELL, GENERAL, CellText, number_text, parse_number_format

_MOST_BYTES = 1536 << 20
_MOST_SECONDS = 60
_SECONDS_TO_START = 8.0
_SECONDS_PER_MEGABYTE = 10.0
_NOTES = {
    Format.OLD_EXCEL: (),
    Format.BINARY_EXCEL: (
        "in this format, error cells such as #N/A are read as blank and merged cells are not noticed: "
        "save the file as .xlsx to have them found",
    ),
    Format.OPEN_DOCUMENT: (
        "in this format, error cells such as #N/A are read as blank: save the file as .xlsx to have them found",
    ),
}
_SAVE_AS_XLSX = "Open it in Excel or LibreOffice, save it as .xlsx and try again."
_DURATION = re.compile(r"PT([0-9]+)H([0-9]+)M([0-9]+)([.,]0*)?S")
_DAY_ZERO = ("1899-12-30", "1899-12-30T00:00:00")
_MIDNIGHT = "00:00:00"
"""What calamine makes of a 0 that is formatted as a time, and as a date."""
_HOURS = parse_number_format("[h]:mm:ss")
Row = tuple[int, list[CellText], bool]
"""A row's number, its cells, and whether it is hidden."""


@contextmanager
def open_legacy_book(path: Path, form: Format, *, seconds: float | None = None) -> Iterator[LegacyBook]:
    """Open the workbook at `path`; its child process ends with the block, and after `seconds` at the latest.

    By default a small file has 8 seconds, a big one a minute.
    """
    merged: Mapping[str, Sequence[Area]] = {}
    if form is Format.OPEN_DOCUMENT:
        merged = merged_areas(path)  # reads all of it first, since calamine never ends where broken XML does
    if seconds is None:
        seconds = min(_SECONDS_TO_START + path.stat().st_size / 1e6 * _SECONDS_PER_MEGABYTE, _MOST_SECONDS)
    command = [sys.executable, "-P", "-m", __spec__.name, form.name, str(path.absolute())]
    with (
        tempfile.TemporaryFile() as stderr,
        subprocess.Popen(  # noqa: S603 - our own module
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="ascii",
        ) as child,
    ):
        book = LegacyBook(path, form, child, stderr, seconds, merged)
        timer = Timer(seconds, child.kill)
        timer.daemon = True
        timer.start()
        try:
            book.list_worksheets()
            yield book
        finally:
            timer.cancel()
            child.kill()
            child.communicate()


class LegacyBook:
    """A workbook of another format, as its child process reads it, which is killed after `seconds`.

    `merged` are the merged areas of worksheets where the child does not know them.
    """

    worksheets: tuple[WorksheetInfo, ...] = ()

    def __init__(
        self,
        path: Path,
        form: Format,
        child: subprocess.Popen[str],
        stderr: IO[bytes],
        seconds: float,
        merged: Mapping[str, Sequence[Area]],
    ) -> None:
        self.path = path
        self.notes: tuple[str, ...] = _NOTES[form]
        self._child = child
        self._stderr = stderr
        self._seconds = seconds
        self._merged = merged
        self._unread: Iterator[Record] = iter(())
        self._deadline = time.monotonic() + seconds

    def list_worksheets(self) -> None:
        self.worksheets = tuple(
            WorksheetInfo(name, visible, str(number)) for number, (name, visible) in enumerate(self._receive())
        )
        if not self.worksheets:
            raise SheetError(f"{self.path.name} has no worksheet", _SAVE_AS_XLSX)

    def has_data(self, info: WorksheetInfo) -> bool:
        self._send(-int(info.part) - 1)
        return self._receive() is True

    def worksheet(self, info: WorksheetInfo) -> Worksheet:
        self._send(int(info.part))
        areas, hidden = self._receive()
        merged = [Area(*area) for area in areas] or self._merged.get(info.name, ())
        self._unread = self._records()
        return Worksheet(pages(self._unread), merged, [range(position, position + 1) for position in hidden])

    def _records(self) -> Iterator[Record]:
        while (found := self._receive()) is not None:
            row, cells, errors, warnings, hidden = found
            errors, warnings = starmap(CellError, errors), starmap(CellError, warnings)
            yield Record(row, cells, [*errors], [*warnings], hidden)

    def _send(self, number: int) -> None:
        """Ask the child for a worksheet, after the last rows of the one before."""
        deque(self._unread, maxlen=0)
        assert self._child.stdin is not None  # noqa: S101 - it is a pipe
        try:
            self._child.stdin.write(f"{number}\n")
            self._child.stdin.flush()
        except OSError:
            raise self._died() from None

    def _receive(self) -> Any:
        assert self._child.stdout is not None  # noqa: S101 - it is a pipe
        line = self._child.stdout.readline()
        if not line.endswith("\n"):
            raise self._died()
        return json.loads(line)

    def _died(self) -> SheetError:
        code = self._child.wait()
        self._stderr.seek(max(0, self._stderr.seek(0, 2) - 2000))
        last = self._stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
        name = self.path.name
        if time.monotonic() >= self._deadline:
            return SheetError(f"{name} takes over {self._seconds:g} seconds to read", _SAVE_AS_XLSX)
        if "ncrypted" in last or "assword" in last:
            return protected(self.path)
        if code < 0 or "MemoryError" in last or "memory allocation" in last:
            return SheetError(f"{name} is damaged, or takes over 1.5 GB of memory to read", _SAVE_AS_XLSX)
        if "ModuleNotFoundError" in last:
            return SheetError(f"{name} needs a library that is missing ({last})", "Install heyx-bulk again.")
        return SheetError(f"{name} is damaged and cannot be read ({last})", _SAVE_AS_XLSX)


class XlrdBook:
    """An .xls, read by xlrd, which knows errors, formats and hidden rows."""

    def __init__(self, path: str) -> None:
        import xlrd  # noqa: PLC0415 - one of two

        self._book: Any = xlrd.open_workbook(path, formatting_info=True, logfile=sys.stderr)
        self._errors: dict[int, str] = xlrd.error_text_from_code
        self._from_1904 = self._book.datemode == 1

    def worksheets(self) -> list[tuple[str, bool]]:
        return [(sheet.name, not sheet.visibility) for sheet in self._book.sheets()]

    def rows(self, number: int) -> Iterator[Row]:
        sheet = self._book.sheet_by_index(number)
        for row in range(sheet.nrows):
            cells = [self._cell(sheet, row, column, kind) for column, kind in enumerate(sheet.row_types(row))]
            info = sheet.rowinfo_map.get(row)
            yield row + 1, cells, bool(info and info.hidden)

    def _cell(self, sheet: Any, row: int, column: int, kind: int) -> CellText:
        value = sheet.cell_value(row, column)
        match kind:
            case 1:
                return CellText(value)
            case 2 | 3:
                style = self._book.xf_list[sheet.cell_xf_index(row, column)]
                number_format = parse_number_format(self._book.format_map[style.format_key].format_str)
                return number_text(repr(value).removesuffix(".0"), number_format, from_1904=self._from_1904)
            case 4:
                return CellText("true" if value else "false")
            case 5:
                return CellText("", error=f"shows the error {self._errors.get(value, '#ERROR')}")
        return CellText("")

    def merged(self, number: int) -> list[Area]:
        areas = self._book.sheet_by_index(number).merged_cells
        return [Area(top + 1, bottom, left, right - 1) for top, bottom, left, right in areas]

    def hidden_columns(self, number: int) -> list[int]:
        columns = self._book.sheet_by_index(number).colinfo_map
        return [position for position, info in columns.items() if info.hidden and position < MOST_COLUMNS]


class CalamineBook:
    """An .xlsb or .ods, read by calamine."""

    def __init__(self, path: str) -> None:
        import python_calamine  # noqa: PLC0415 - one of two

        self._book = python_calamine.CalamineWorkbook.from_path(path)
        worksheet = python_calamine.SheetTypeEnum.WorkSheet
        self._sheets = [sheet for sheet in self._book.sheets_metadata if sheet.typ == worksheet]

    def worksheets(self) -> list[tuple[str, bool]]:
        return [(sheet.name, "Hidden" not in str(sheet.visible)) for sheet in self._sheets]

    def rows(self, number: int) -> Iterator[Row]:
        sheet = self._book.get_sheet_by_name(self._sheets[number].name)
        if sheet.start is None:
            return
        first, column = sheet.start
        for row, cells in enumerate(sheet.to_python(skip_empty_area=True), first + 1):
            yield row, [CellText("")] * column + [_cell_text(cell) for cell in cells], False

    def merged(self, number: int) -> list[Area]:
        areas = self._book.get_sheet_by_name(self._sheets[number].name).merged_cell_ranges or []
        return [Area(first[0] + 1, last[0] + 1, first[1], last[1]) for first, last in areas]

    def hidden_columns(self, number: int) -> list[int]:
        """Calamine does not know them."""
        del number
        return []


def _cell_text(cell: object) -> CellText:
    match cell:
        case str() if found := _DURATION.fullmatch(cell):  # how calamine hands over a duration of an .ods
            return CellText(":".join(part.zfill(2) for part in found.groups()[:3]))
        case bool():
            return CellText("true" if cell else "false")
        case int() | float():
            return number_text(repr(cell), GENERAL, from_1904=False)
        case datetime() | date() if cell.isoformat() in _DAY_ZERO:
            return CellText("0", warning="is formatted as a date but holds 0, which is not a date")
        case clock_time() if cell.isoformat() == _MIDNIGHT:
            return CellText(_MIDNIGHT, warning="holds 0, which is midnight or not a valid date")
        case datetime() if cell.microsecond:
            return CellText(cell.isoformat(timespec="milliseconds"))
        case datetime() | date() | clock_time():
            return CellText(cell.isoformat())
        case timedelta():
            return number_text(repr(cell / timedelta(days=1)), _HOURS, from_1904=False)
    return CellText(str(cell))


def _records(rows: Iterator[Row]) -> Iterator[Record]:
    """The rows that are not blank; ends the process where they are more than a worksheet holds."""
    for row, cells, hidden in rows:
        record = Record(
            row,
            [cell.text for cell in cells],
            [CellError(row, at, cell.error, CORRECT_CELL) for at, cell in enumerate(cells) if cell.error],
            [CellError(row, at, cell.warning, cell.remedy) for at, cell in enumerate(cells) if cell.warning],
            hidden,
        )
        width = _width(record)
        if not width:
            continue
        if row > MOST_ROWS or width > MOST_COLUMNS:
            sys.exit("more rows or columns than a worksheet has")
        if max(map(len, record.cells)) > MOST_CHARACTERS:
            sys.exit(f"row {row} holds over 1 MB in one cell")
        yield record


def _width(record: Record) -> int:
    """How many columns reach to the last cell that is not blank or has an error; 0 for a blank row."""
    width = max((at for at, cell in enumerate(record.cells, 1) if cell.strip()), default=0)
    return max(width, *(error.position + 1 for error in record.errors)) if record.errors else width


def _limit_resources() -> None:
    # A system without such limits has only the parent's clock.
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _send(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    if not isinstance(value, Record):
        sys.stdout.flush()


def main(form: str, path: str) -> None:
    """Answer the parent until it has no more questions."""
    _limit_resources()
    book = XlrdBook(path) if form == Format.OLD_EXCEL.name else CalamineBook(path)
    _send(book.worksheets())
    for line in sys.stdin:
        number = int(line)
        if number < 0:
            _send(any(_records(book.rows(-number - 1))))
            continue
        _send((book.merged(number)[:MOST_MERGED], book.hidden_columns(number)))
        for record in _records(book.rows(number)):
            _send(record)
        _send(None)


if __name__ == "__main__":
    main(*sys.argv[1:3])
