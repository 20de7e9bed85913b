"""The child process that reads workbooks of other formats; `legacy_reader` runs it as a script.

Its memory is limited, because a file can make the libraries take all there is, and abort. It writes lines of JSON:
the worksheets as `[name, visible]`; then for the number of each worksheet that its parent sends, the facts (merged
areas as `[first row, last row, first column, last column]`, and whether dates count from 1904), the rows as
`[row, cells, hidden]`, and `null`. A negative number asks only whether there is data. A cell is null, a text, a
boolean, or `["n", number, format]`, `["m", ISO text]`, `["e", error]`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

_MOST_BYTES = 1536 << 20
_MOST_SECONDS = 60  # of work: should the parent be killed, nothing else would end an endless loop
_MOST_ROWS = 1_048_576  # this and the next two as in `limits`: a script imports nothing of the package
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 1 << 20
_MOST_MERGED = 100_000
_DURATION = re.compile(r"PT([0-9]+)H([0-9]+)M([0-9]+)([.,]0*)?S")
Row = tuple[int, list[object], bool]


class XlrdBook:
    """An .xls, read by xlrd, which knows errors, formats and hidden rows."""

    def __init__(self, path: str) -> None:
        import xlrd  # noqa: PLC0415 - one of two

        self._book: Any = xlrd.open_workbook(path, formatting_info=True, logfile=sys.stderr)
        self._errors: dict[int, str] = xlrd.error_text_from_code

    def worksheets(self) -> list[tuple[str, bool]]:
        return [(sheet.name, not sheet.visibility) for sheet in self._book.sheets()]

    def rows(self, number: int) -> Iterator[Row]:
        sheet = self._book.sheet_by_index(number)
        for row in range(sheet.nrows):
            cells = [self._cell(sheet, row, column, kind) for column, kind in enumerate(sheet.row_types(row))]
            info = sheet.rowinfo_map.get(row)
            yield row + 1, cells, bool(info and info.hidden)

    def _cell(self, sheet: Any, row: int, column: int, kind: int) -> object:
        value = sheet.cell_value(row, column)
        match kind:
            case 1:
                return value
            case 2 | 3:
                style = self._book.xf_list[sheet.cell_xf_index(row, column)]
                return ["n", repr(value), self._book.format_map[style.format_key].format_str]
            case 4:
                return bool(value)
            case 5:
                return ["e", self._errors.get(value, "#ERROR")]
        return None

    def facts(self, number: int) -> dict[str, object]:
        merged = self._book.sheet_by_index(number).merged_cells
        areas = [(top + 1, bottom, left, right - 1) for top, bottom, left, right in merged]
        return {"merged": areas[:_MOST_MERGED], "1904": self._book.datemode == 1}


class CalamineBook:
    """An .xlsb or .ods, read by calamine."""

    def __init__(self, path: str) -> None:
        import python_calamine  # noqa: PLC0415 - one of two

        self._book = python_calamine.CalamineWorkbook.from_path(path)

    def worksheets(self) -> list[tuple[str, bool]]:
        return [(sheet.name, "Hidden" not in str(sheet.visible)) for sheet in self._book.sheets_metadata]

    def rows(self, number: int) -> Iterator[Row]:
        sheet = self._book.get_sheet_by_index(number)
        if sheet.start is None:
            return
        first, column = sheet.start
        for row, cells in enumerate(sheet.to_python(skip_empty_area=True), first + 1):
            yield row, [None] * column + [_as_json(cell) for cell in cells], False

    def facts(self, number: int) -> dict[str, object]:
        merged = self._book.get_sheet_by_index(number).merged_cell_ranges or []
        areas = [(first[0] + 1, last[0] + 1, first[1], last[1]) for first, last in merged]
        return {"merged": areas[:_MOST_MERGED], "1904": False}


def _as_json(cell: object) -> object:
    match cell:
        case "":
            return None
        case str() if found := _DURATION.fullmatch(cell):  # how calamine hands over a duration of an .ods
            return ["m", ":".join(part.zfill(2) for part in found.groups()[:3])]
        case bool() | str():
            return cell
        case int() | float():
            return ["n", repr(cell), "General"]
        case datetime() if cell.microsecond:
            return ["m", cell.isoformat(timespec="milliseconds")]
        case datetime() | date() | time():
            return ["m", cell.isoformat()]
        case timedelta():
            return ["n", repr(cell / timedelta(days=1)), "[h]:mm:ss"]
    return str(cell)


def _checked(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows that have cells; ends the process where they are more than a worksheet holds."""
    for row, cells, hidden in rows:
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        if row > _MOST_ROWS or len(cells) > _MOST_COLUMNS:
            sys.exit("more rows or columns than a worksheet has")
        if any(isinstance(cell, str) and len(cell) > _MOST_CHARACTERS for cell in cells):
            sys.exit(f"row {row} holds over 1 MB in one cell")
        yield row, cells, hidden


def _limit_resources() -> None:
    # A system without such limits has only the parent's clock.
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _send(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    if not isinstance(value, tuple):
        sys.stdout.flush()


def main(kind: str, path: str) -> None:
    """Answer the parent until it has no more questions."""
    _limit_resources()
    book: XlrdBook | CalamineBook = XlrdBook(path) if kind == "xls" else CalamineBook(path)
    _send(book.worksheets())
    for line in sys.stdin:
        number = int(line)
        if number < 0:
            _send(next(_checked(book.rows(-number - 1)), None) is not None)
            continue
        _send(book.facts(number))
        for row in _checked(book.rows(number)):
            _send(row)
        _send(None)


if __name__ == "__main__":
    main(*sys.argv[1:3])
