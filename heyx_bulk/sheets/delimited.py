"""Rows of a CSV file, by the standard `csv` module alone.

pandas' reader renames headers and shifts a row that is too long; this one changes nothing. A row's number is
the line of the file in which it begins, as a text editor counts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.bounds import MOST_CHARACTERS, MOST_COLUMNS, too_long
from heyx_bulk.sheets.guard import unguard
from heyx_bulk.sheets.sheet import Fault, Record

if TYPE_CHECKING:
    from _csv import Reader

_LONGEST_LINE = 1 << 24
_LONGEST_ROW = 1 << 24
_ROW_TOO_LONG = "a row is too long"
_CUT_NUMBER = re.compile(r"\d([.,]\d+)?E\+\d+")


@dataclass(frozen=True, slots=True)
class Delimited:
    """A CSV file and how to read it: lines to skip at its top, whether blanks follow its separators."""

    path: Path
    codec: str
    separator: str
    skipped_lines: int = 0
    skip_blanks: bool = False
    raw: bool = False
    """Apostrophes that guard against formulas are a part of the text."""

    def lines(self) -> Iterator[str]:
        """The file's lines with their ends, as they stand."""
        with self.path.open(encoding=self.codec, newline="") as file:
            for number, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), ""), 1):
                if "\0" in line:
                    what = f"{self.path.name}, line {number}: holds a NUL byte, which no text has"
                    raise SheetError(what, "Save the sheet again as 'CSV UTF-8' from the program it came from.")
                if len(line) == _LONGEST_LINE:
                    raise too_long(f"{self.path.name}, line {number}")
                yield line

    def records(self) -> Iterator[Record]:
        """The file's rows, exactly; raises `SheetError` for a quote that is not closed."""
        csv.field_size_limit(MOST_CHARACTERS)
        taken = _Taken(islice(self.lines(), self.skipped_lines, None))
        reader = self._reader(taken)
        row = self.skipped_lines + 1
        try:
            for cells in reader:
                if len(cells) > MOST_COLUMNS:
                    raise self._too_wide(row, len(cells))
                yield _record(row, cells, raw=self.raw)
                taken.characters = 0
                row = self.skipped_lines + reader.line_num + 1
        except csv.Error as error:
            raise self._misquoted(row, self.skipped_lines + reader.line_num, str(error)) from None

    def _too_wide(self, row: int, columns: int) -> SheetError:
        what = f"{self.path.name}, line {row}: has {columns:,} values, and no worksheet has over {MOST_COLUMNS:,}"
        return SheetError(what, "Name the separator with --delimiter if it is another one.")

    def _reader(self, lines: Iterable[str]) -> Reader:
        return csv.reader(lines, delimiter=self.separator, skipinitialspace=self.skip_blanks, strict=True)

    def _misquoted(self, first: int, last: int, error: str) -> SheetError:
        name = self.path.name
        if error == _ROW_TOO_LONG:
            what = f"{name}, line {first}: the row that begins there holds over 16 MB"
            return SheetError(what, "Look for a quote that is never closed, mend it and try again.")
        opened = self._quote_opened(first, last)
        if "limit" in error:
            quote = ", or its quote is never closed" if last > first else ""
            what = f"{name}, line {opened}: holds over 1 MB in one cell{quote}"
            return SheetError(what, "Shorten or mend it, save the sheet and try again.")
        if "unexpected end" in error:
            what = f"{name}: the quote opened in line {opened} is never closed"
            return SheetError(what, 'Close it, or write a quote that belongs to the text twice ("").')
        what = f"{name}, line {last}: text follows the closing quote of the value opened in line {opened}"
        return SheetError(what, 'Write a quote that belongs to the text twice ("").')

    def _quote_opened(self, first: int, last: int) -> int:
        """The line with the opening quote at which the row in lines `first` to `last` goes wrong."""
        quoted, opened = False, first
        for number, line in enumerate(islice(self.lines(), first - 1, last), first):
            at = line.find('"')
            while at >= 0:
                if quoted and line[at + 1 : at + 2] == '"':
                    at += 1
                elif quoted:
                    quoted = False
                    if line[at + 1 : at + 2] not in ("", self.separator, "\r", "\n"):
                        return opened
                elif self._begins_value(line, at):
                    quoted, opened = True, number
                at = line.find('"', at + 1)
        return opened

    def _begins_value(self, line: str, at: int) -> bool:
        while self.skip_blanks and at and line[at - 1] == " ":
            at -= 1
        return at == 0 or line[at - 1] == self.separator


class _Taken:
    """Lines on their way into a reader, so many characters since the last row ended."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.characters += len(line)
            if self.characters > _LONGEST_ROW:
                raise csv.Error(_ROW_TOO_LONG)
            yield line


def _record(row: int, cells: list[str], *, raw: bool) -> Record:
    whole = "\n".join(cells)
    if "'" in whole and not raw:
        cells = [unguard(cell) if cell[:1] == "'" else cell for cell in cells]
    return Record(row, cells, (), _cut_numbers(row, cells) if "E+" in whole else ())


def _cut_numbers(row: int, cells: list[str]) -> tuple[Fault, ...]:
    remedy = "format the column as Text in Excel, paste the values again and save"
    return tuple(
        Fault(row, position, f"reads {cell}: the exponent is what Excel made of a long number", remedy)
        for position, cell in enumerate(cells)
        if _CUT_NUMBER.fullmatch(cell)
    )
