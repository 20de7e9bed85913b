"""Workbooks of other formats (.xls, .xlsb, .ods), read in a child process with limits of memory and time.

A file can make the libraries that read them take gigabytes or abort, which no `except` catches. xlrd reads .xls
with its errors, formats and hidden rows; calamine reads the others, and shows an error cell as a blank.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path
from threading import Timer
from typing import IO, Any

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.cell_reference import Area
from heyx_bulk.sheets.detect_format import Format, protected
from heyx_bulk.sheets.record import CellError, Record
from heyx_bulk.sheets.worksheet_choice import Worksheet, WorksheetInfo
from heyx_bulk.sheets.xlsx.package import Package

_CHILD = "heyx_bulk.sheets.legacy.legacy_worker"
_MOST_SECONDS = 60.0
_SECONDS_TO_START = 8.0
_SECONDS_PER_MEGABYTE = 10.0
_ERRORS_AS_BLANKS = "error cells such as #N/A come as blanks from this format: save it as .xlsx to have them found"
_SAVE_AS_XLSX = "Open it in Excel or LibreOffice, save it as .xlsx and try again."


@contextmanager
def open_legacy_book(path: Path, form: Format, *, seconds: float | None = None) -> Iterator[LegacyBook]:
    """Open the workbook at `path`; its child process ends with the block, and after `seconds` at the latest.

    By default a small file has 8 seconds, a big one a minute.
    """
    if form is Format.OPEN_DOCUMENT:
        Package(path).elements("content.xml", lambda *_: None)  # calamine never ends where broken XML does
    if seconds is None:
        seconds = min(_SECONDS_TO_START + path.stat().st_size / 1e6 * _SECONDS_PER_MEGABYTE, _MOST_SECONDS)
    book = LegacyBook(path, form, seconds)
    try:
        book.start()
        yield book
    finally:
        book.close()


class LegacyBook:
    """A workbook of another format, as its child process reads it."""

    worksheets: tuple[WorksheetInfo, ...] = ()

    def __init__(self, path: Path, form: Format, seconds: float) -> None:
        self.path = path
        self.notes: tuple[str, ...] = () if form is Format.OLD_EXCEL else (_ERRORS_AS_BLANKS,)
        kind = "xls" if form is Format.OLD_EXCEL else "other"
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the block
        self._child = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-P", "-m", _CHILD, kind, str(path.absolute())],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="ascii",
        )
        self._timed_out = False
        self._seconds = seconds
        self._timer = Timer(seconds, self._time_out)
        self._timer.daemon = True

    def start(self) -> None:
        """Start the clock and list the worksheets."""
        self._timer.start()
        self.worksheets = tuple(
            WorksheetInfo(name, visible, str(number)) for number, (name, visible) in enumerate(self._receive())
        )
        if not self.worksheets:
            raise SheetError(f"{self.path.name} has no worksheet", _SAVE_AS_XLSX)

    def close(self) -> None:
        self._timer.cancel()
        self._child.kill()
        self._child.communicate()
        self._stderr.close()

    def _time_out(self) -> None:
        self._timed_out = True
        self._child.kill()

    def has_data(self, info: WorksheetInfo) -> bool:
        self._send(-int(info.part) - 1)
        return self._receive() is True

    def worksheet(self, info: WorksheetInfo) -> Worksheet:
        self._send(int(info.part))
        return Worksheet(self._records(), [Area(*area) for area in self._receive()])

    def _records(self) -> Iterator[Record]:
        while (found := self._receive()) is not None:
            row, cells, errors, warnings, hidden = found
            errors, warnings = starmap(CellError, errors), starmap(CellError, warnings)
            yield Record(row, cells, [*errors], [*warnings], hidden)

    def _send(self, number: int) -> None:
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
        if self._timed_out:
            return SheetError(f"{name} takes over {self._seconds:g} seconds to read", _SAVE_AS_XLSX)
        if "ncrypted" in last or "assword" in last:
            return protected(self.path)
        if code < 0 or "MemoryError" in last or "memory allocation" in last:
            return SheetError(f"{name} is damaged, or takes over 1.5 GB of memory to read", _SAVE_AS_XLSX)
        if "ModuleNotFoundError" in last:
            return SheetError(f"{name} needs a library that is missing ({last})", "Install heyx-bulk again.")
        return SheetError(f"{name} is damaged and cannot be read ({last})", _SAVE_AS_XLSX)
