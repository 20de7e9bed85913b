"""Rows of a CSV file, by the standard `csv` module alone.

pandas' reader renames headers and shifts a row that is too long; this one changes nothing. A row's number is
the line of the file in which it begins, as a text editor counts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.guard import unguard
from heyx_bulk.sheets.sheet import Fault, Record

if TYPE_CHECKING:
    from _csv import Reader

_FIELD_LIMIT = 2**31 - 1  # the most `csv` takes where a C long has 32 bits
_CUT_NUMBER = re.compile(r"\d([.,]\d+)?E\+\d+")


@dataclass(frozen=True, slots=True)
class Delimited:
    """A CSV file and how to read it: lines to skip at its top, whether blanks follow its separators."""

    path: Path
    codec: str
    separator: str
    skipped_lines: int = 0
    skip_blanks: bool = False

    def lines(self) -> Iterator[str]:
        """The file's lines with their ends, as they stand."""
        with self.path.open(encoding=self.codec, newline="") as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    what = f"{self.path.name}, line {number}: holds a NUL byte, which no text has"
                    raise SheetError(what, "Save the sheet again as 'CSV UTF-8' from the program it came from.")
                yield line

    def records(self) -> Iterator[Record]:
        """The file's rows, exactly; raises `SheetError` for a quote that is not closed."""
        csv.field_size_limit(_FIELD_LIMIT)
        reader = self._reader(islice(self.lines(), self.skipped_lines, None))
        row = self.skipped_lines + 1
        try:
            for cells in reader:
                yield _record(row, cells)
                row = self.skipped_lines + reader.line_num + 1
        except csv.Error as error:
            raise self._misquoted(row, self.skipped_lines + reader.line_num, str(error)) from None

    def _reader(self, lines: Iterable[str]) -> Reader:
        return csv.reader(lines, delimiter=self.separator, skipinitialspace=self.skip_blanks, strict=True)

    def _misquoted(self, first: int, last: int, error: str) -> SheetError:
        opened = self._quote_opened(first)
        name = self.path.name
        if "unexpected end" in error:
            what = f"{name}: the quote opened in line {opened} is never closed"
            return SheetError(what, 'Close it, or write a quote that belongs to the text twice ("").')
        what = f"{name}, line {last}: text follows the closing quote of the value opened in line {opened}"
        return SheetError(what, 'Write a quote that belongs to the text twice ("").')

    def _quote_opened(self, first: int) -> int:
        """The line with the opening quote at which the row that begins in line `first` goes wrong."""
        fresh, quoted, closing, opened = True, False, False, first
        for number, line in enumerate(islice(self.lines(), first - 1, None), first):
            for sign in line:
                if quoted:
                    quoted, closing = sign != '"', sign == '"'
                elif closing and sign == '"':
                    quoted, closing = True, False
                elif closing and sign not in (self.separator, "\r", "\n"):
                    return opened
                elif fresh and sign == '"':
                    quoted, opened = True, number
                else:
                    closing = False
                    fresh = sign == self.separator or (fresh and self.skip_blanks and sign == " ")
        return opened


def _record(row: int, cells: list[str]) -> Record:
    for position, cell in enumerate(cells):
        if cell[:1] == "'":
            cells[position] = unguard(cell)
    whole = "\n".join(cells)
    return Record(row, cells, (), _cut_numbers(row, cells) if "E+" in whole else ())


def _cut_numbers(row: int, cells: list[str]) -> tuple[Fault, ...]:
    remedy = "format the column as Text in Excel, paste the values again and save"
    return tuple(
        Fault(row, position, f"reads {cell}: the exponent is what Excel made of a long number", remedy)
        for position, cell in enumerate(cells)
        if _CUT_NUMBER.fullmatch(cell)
    )
