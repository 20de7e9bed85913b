"""The child process that reads workbooks of other formats; run by `foreign` as a script, and by nobody else.

It may use so much memory and then ends, for the libraries can be made to take all there is, and abort. It
tells its parent in lines of JSON: the worksheets as `[name, visible]`, then for each number it is sent (a
negative one asks only whether there is data) the rows of that worksheet as `[row, cells, hidden]`, then `null`.
A cell is null, a text, a boolean, or `["n", number, format]`, `["m", ISO text]`, `["e", error]`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Protocol

_MOST_BYTES = 1536 << 20
_MOST_SECONDS = 60  # of work: should the parent be killed, nobody else would end an endless loop
_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 1 << 20
_DURATION = re.compile(r"PT([0-9]+)H([0-9]+)M([0-9]+)([.,]0*)?S")
Row = tuple[int, list[object], bool]


class Book(Protocol):
    """A workbook of whichever library."""

    def worksheets(self) -> list[tuple[str, bool]]:
        """Each worksheet's name, and whether a person sees it."""

    def rows(self, number: int) -> Iterator[Row]:
        """The rows of a worksheet."""

    def facts(self, number: int) -> dict[str, object]:
        """What else is known: `merged` areas as first and last row and column, the calendar of `1904`."""


class OldBook:
    """An .xls, by xlrd, which tells errors, formats and hidden rows."""

    def __init__(self, path: str) -> None:
        import xlrd  # noqa: PLC0415 - one of two

        self._book = xlrd.open_workbook(path, formatting_info=True, logfile=sys.stderr)
        self._errors: dict[int, str] = xlrd.error_text_from_code

    def worksheets(self) -> list[tuple[str, bool]]:
        """Each worksheet's name, and whether a person sees it."""
        return [(sheet.name, not sheet.visibility) for sheet in self._book.sheets()]

    def rows(self, number: int) -> Iterator[Row]:
        """The rows of a worksheet."""
        sheet = self._book.sheet_by_index(number)
        for row in range(sheet.nrows):
            cells = [self._cell(sheet, row, column, kind) for column, kind in enumerate(sheet.row_types(row))]
            info = sheet.rowinfo_map.get(row)
            yield row + 1, cells, bool(info and info.hidden)

    def _cell(self, sheet: object, row: int, column: int, kind: int) -> object:
        value = sheet.cell_value(row, column)  # type: ignore[attr-defined]  # xlrd has no types
        match kind:
            case 1:
                return value
            case 2 | 3:
                style = self._book.xf_list[sheet.cell_xf_index(row, column)]  # type: ignore[attr-defined]  # likewise
                return ["n", repr(value), self._book.format_map[style.format_key].format_str]
            case 4:
                return bool(value)
            case 5:
                return ["e", self._errors.get(value, "#ERROR")]
        return None

    def facts(self, number: int) -> dict[str, object]:
        """What else is known."""
        merged = [
            (top + 1, bottom, left, right - 1)
            for top, bottom, left, right in self._book.sheet_by_index(number).merged_cells
        ]
        return {"merged": merged[:100_000], "1904": self._book.datemode == 1}


class OtherBook:
    """An .xlsb or .ods, by calamine."""

    def __init__(self, path: str) -> None:
        import python_calamine  # noqa: PLC0415 - one of two

        self._book = python_calamine.CalamineWorkbook.from_path(path)

    def worksheets(self) -> list[tuple[str, bool]]:
        """Each worksheet's name, and whether a person sees it."""
        return [(sheet.name, "Hidden" not in str(sheet.visible)) for sheet in self._book.sheets_metadata]

    def rows(self, number: int) -> Iterator[Row]:
        """The rows of a worksheet."""
        sheet = self._book.get_sheet_by_index(number)
        if sheet.start is None:
            return
        row, column = sheet.start
        for number_of, cells in enumerate(sheet.to_python(skip_empty_area=True), row + 1):
            yield number_of, [None] * column + [_told(cell) for cell in cells], False

    def facts(self, number: int) -> dict[str, object]:
        """What else is known."""
        merged = self._book.get_sheet_by_index(number).merged_cell_ranges or []
        areas = [(first[0] + 1, last[0] + 1, first[1], last[1]) for first, last in merged]
        return {"merged": areas[:100_000], "1904": False}


def _told(cell: object) -> object:
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


def _bounded(rows: Iterator[Row]) -> Iterator[Row]:
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


def _limit() -> None:
    with suppress(
        ImportError, ValueError, OSError
    ):  # where a system has no such limits, the parent's clock is the only one
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(kind: str, path: str) -> None:
    """Answers the parent until it has no more questions."""
    _limit()
    book: Book = OldBook(path) if kind == "xls" else OtherBook(path)
    say(book.worksheets())
    for line in sys.stdin:
        number = int(line)
        if number < 0:
            say(next(_bounded(book.rows(-number - 1)), None) is not None)
            continue
        say(book.facts(number))
        for row in _bounded(book.rows(number)):
            say(row)
        say(None)


def say(value: object) -> None:
    """Tells the parent."""
    sys.stdout.write(json.dumps(value) + "\n")
    if not isinstance(value, tuple):
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:3])
