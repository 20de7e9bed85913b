"""Workbooks of other formats (.xls, .xlsb, .ods), read in a child process that may not take all memory or time.

The libraries that read them can be made to take gigabytes or to abort, which no `except` catches. xlrd reads
.xls with its errors, formats and hidden rows; calamine reads the others, and shows an error cell as a blank.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import IO

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.batch import Record
from heyx_bulk.sheets.cell_reference import Area
from heyx_bulk.sheets.chunk import CellError
from heyx_bulk.sheets.detect_format import Format
from heyx_bulk.sheets.xlsx.cell_number import CellText, number_text
from heyx_bulk.sheets.xlsx.number_format import parse_number_format
from heyx_bulk.sheets.xlsx.package import Package
from heyx_bulk.sheets.xlsx.workbook import WorksheetInfo

_CHILD = Path(__file__).with_name("legacy_worker.py")
_MOST_SECONDS = 60.0
_SECONDS_TO_BEGIN = 8.0
_SECONDS_A_MEGABYTE = 10.0
_ERRORS_AS_BLANKS = "error cells such as #N/A come as blanks from this format: save it as .xlsx to have them found"
_SAVE_AS_XLSX = "Open it in Excel or LibreOffice, save it as .xlsx and try again."
_MEND = "mend or clear it in Excel"
_PASTE_AGAIN = "format the column as Text in Excel, paste the values again and save"


@contextmanager
def open_legacy_book(path: Path, form: Format, *, seconds: float | None = None) -> Iterator[LegacyBook]:
    """The workbook at `path`; its child process lives no longer than the block, and `seconds` at most.

    By default a small file has 8 seconds, a big one a minute.
    """
    if form is Format.OPEN_DOCUMENT:
        Package(path).elements("content.xml", lambda *_: None)  # calamine never ends where broken XML does
    allowed = _SECONDS_TO_BEGIN + path.stat().st_size / 1e6 * _SECONDS_A_MEGABYTE
    book = LegacyBook(path, form, min(allowed, _MOST_SECONDS) if seconds is None else seconds)
    try:
        book.begin()
        yield book
    finally:
        book.end()


class LegacyBook:
    """A workbook of another format, as its child process tells of it."""

    worksheets: tuple[WorksheetInfo, ...] = ()

    def __init__(self, path: Path, form: Format, seconds: float) -> None:
        self.path = path
        self.notes = () if form is Format.OLD_EXCEL else (_ERRORS_AS_BLANKS,)
        kind = "xls" if form is Format.OLD_EXCEL else "other"
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the block
        self._child = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-P", str(_CHILD), kind, str(path.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="ascii",
        )
        self._late = False
        self._seconds = seconds
        self._timer = Timer(seconds, self._stop)
        self._timer.daemon = True

    def begin(self) -> None:
        """Starts the clock and learns which worksheets there are."""
        self._timer.start()
        found = self._answer()
        listed = found if isinstance(found, list) else []
        self.worksheets = tuple(
            WorksheetInfo(str(name), bool(visible), str(n)) for n, (name, visible) in enumerate(listed)
        )
        if not listed:
            raise SheetError(f"{self.path.name} has no worksheet", _SAVE_AS_XLSX)

    def end(self) -> None:
        """Ends the child process."""
        self._timer.cancel()
        self._child.kill()
        self._child.communicate()
        self._complaints.close()

    def _stop(self) -> None:
        self._late = True
        self._child.kill()

    def filled(self, info: WorksheetInfo) -> bool:
        """Whether the worksheet holds any data."""
        self._ask(-int(info.part) - 1)
        return self._answer() is True

    def worksheet(self, info: WorksheetInfo) -> LegacySheet:
        """The rows of a worksheet."""
        return LegacySheet(self, info)

    def rows(self, info: WorksheetInfo) -> Iterator[object]:
        """What the child tells of a worksheet: facts, then rows."""
        self._ask(int(info.part))
        while (told := self._answer()) is not None:
            yield told

    def _ask(self, number: int) -> None:
        assert self._child.stdin is not None  # noqa: S101 - it is a pipe
        try:
            self._child.stdin.write(f"{number}\n")
            self._child.stdin.flush()
        except OSError:
            raise self._died() from None

    def _answer(self) -> object:
        assert self._child.stdout is not None  # noqa: S101 - it is a pipe
        line = self._child.stdout.readline()
        if not line.endswith("\n"):
            raise self._died()
        return json.loads(line)

    def _died(self) -> SheetError:
        code = self._child.wait()
        self._complaints.seek(max(0, self._complaints.seek(0, 2) - 2000))
        last = self._complaints.read().decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
        name = self.path.name
        if self._late:
            return SheetError(f"{name} takes over {self._seconds:g} seconds to read", _SAVE_AS_XLSX)
        if "ncrypted" in last or "assword" in last:
            remedy = "Open it in Excel, save it without a password and try again."
            return SheetError(f"{name} is protected by a password", remedy)
        if code < 0 or "MemoryError" in last or "memory allocation" in last:
            return SheetError(f"{name} is damaged, or takes over 1.5 GB of memory to read", _SAVE_AS_XLSX)
        if "ModuleNotFoundError" in last:
            return SheetError(f"{name} needs a library that is missing ({last})", "Install heyx-bulk again.")
        return SheetError(f"{name} is damaged and cannot be read ({last})", _SAVE_AS_XLSX)


@dataclass(slots=True)
class LegacySheet:
    """A worksheet; after `records` has ended, `merged` holds its merged areas."""

    book: LegacyBook
    info: WorksheetInfo
    merged: list[Area] = field(default_factory=list)

    def records(self) -> Iterator[Record]:
        """The rows that have cells."""
        told = self.book.rows(self.info)
        facts = next(told)
        assert isinstance(facts, dict)  # noqa: S101 - our own child
        self.merged[:] = [Area(*area) for area in facts["merged"]]
        for found in told:
            assert isinstance(found, list)  # noqa: S101 - our own child
            row, cells, hidden = found
            yield _record(row, cells, hidden=hidden, from_1904=facts["1904"])


def _record(row: int, cells: list[object], *, hidden: bool, from_1904: bool) -> Record:
    texts: list[str] = []
    errors: list[CellError] = []
    warnings: list[CellError] = []
    for position, cell in enumerate(cells):
        text, error, warning = _text(cell, from_1904=from_1904)
        texts.append(text)
        if error:
            errors.append(CellError(row, position, error, _MEND))
        elif warning:
            warnings.append(CellError(row, position, warning, _PASTE_AGAIN))
    return Record(row, texts, errors, warnings, hidden)


def _text(cell: object, *, from_1904: bool) -> CellText:
    match cell:
        case None:
            return CellText("")
        case str():
            return CellText(cell)
        case bool():
            return CellText("true" if cell else "false")
        case ["n", str(number), str(code)]:
            return number_text(number, parse_number_format(code), from_1904=from_1904)
        case ["m", str(moment)]:
            return CellText(moment)
        case ["e", str(error)]:
            return CellText("", error=f"shows the error {error}")
    return CellText("", error="holds what cannot be read")
