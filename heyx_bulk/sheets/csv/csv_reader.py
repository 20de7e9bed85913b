"""Rows of a CSV file, read by the standard `csv` module.

pandas renames headers and shifts the values of a row that is too long; here nothing changes. A row's number is the
line of the file in which it begins, as a text editor counts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.csv.injection import unguard
from heyx_bulk.sheets.limits import MOST_CHARACTERS, MOST_COLUMNS, cell_too_long
from heyx_bulk.sheets.record import PASTE_AS_TEXT, CellError, Record

_BLOCK_CHARACTERS = 1 << 20
_LONGEST_ROW = 1 << 24
_ROW_TOO_LONG = "a row is too long"
_EXPONENT = re.compile(r"\d([.,]\d+)?E\+\d+")


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file and how to read it.

    `skipped_lines` are left out at its top. With `skip_blanks`, blanks after a separator are not a part of a
    value; with `raw`, apostrophes that protect values from being run as formulas are.
    """

    path: Path
    codec: str
    separator: str
    skipped_lines: int = 0
    skip_blanks: bool = False
    raw: bool = False

    def lines(self) -> Iterator[str]:
        """The lines of the file with their ends."""
        return chain.from_iterable(map(_lines, self._blocks()))

    def _blocks(self) -> Iterator[str]:
        """The text of the file, whole lines at a time."""
        begun, line = "", 1
        with self.path.open(encoding=self.codec, newline="") as file:
            while text := file.read(_BLOCK_CHARACTERS):
                text = begun + text
                end = text.rfind("\n") + 1 or text.rfind("\r", 0, -1) + 1
                whole, begun = text[:end], text[end:]
                self._refuse_nul(whole, line)
                line += whole.count("\n") + whole.count("\r") - whole.count("\r\n")
                if len(begun) >= _LONGEST_ROW:
                    raise cell_too_long(f"{self.path.name}, line {line}")
                yield whole
        self._refuse_nul(begun, line)
        yield begun

    def _refuse_nul(self, text: str, first: int) -> None:
        if "\0" in text:
            line = next(number for number, line in enumerate(_lines(text), first) if "\0" in line)
            what = f"{self.path.name}, line {line}: holds a NUL byte, which no text has"
            raise SheetError(what, "Save the sheet again as 'CSV UTF-8' from the program it came from.")

    def records(self) -> Iterator[Record]:
        """The rows, exactly as they stand; raises `SheetError` for wrong quotes."""
        characters = 0  # since the row began, so that an endless one is noticed
        apostrophes = exponents = False  # whether any text so far may be guarded, or a number with an exponent

        def lines(block: str) -> Iterator[str]:
            nonlocal characters, apostrophes, exponents
            if characters > _LONGEST_ROW:
                raise csv.Error(_ROW_TOO_LONG)
            characters += len(block)
            apostrophes = apostrophes or "'" in block
            exponents = exponents or "E+" in block
            return _lines(block)

        csv.field_size_limit(MOST_CHARACTERS)
        source = islice(chain.from_iterable(map(lines, self._blocks())), self.skipped_lines, None)
        reader = csv.reader(source, delimiter=self.separator, skipinitialspace=self.skip_blanks, strict=True)
        row = self.skipped_lines + 1
        try:
            for cells in reader:
                if len(cells) > MOST_COLUMNS:
                    values = f"has {len(cells):,} values, and no worksheet has over {MOST_COLUMNS:,}"
                    remedy = "Name the separator with --separator if it is another one."
                    raise SheetError(f"{self.path.name}, line {row}: {values}", remedy)
                exact = _unguarded(cells) if apostrophes and not self.raw else cells
                warnings = [*_exponents(row, exact)] if exponents else ()
                yield Record(row, exact, (), warnings)
                characters = 0
                row = self.skipped_lines + reader.line_num + 1
        except csv.Error as error:
            raise self._translated(str(error), row, self.skipped_lines + reader.line_num) from None

    def _translated(self, error: str, first: int, last: int) -> SheetError:
        """Translate an error of the `csv` module in the row of lines `first` to `last`."""
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


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends: line feed, carriage return or both, and no other character."""
    return io.StringIO(text, newline="")


def _unguarded(cells: list[str]) -> list[str]:
    return [unguard(cell) if cell[:1] == "'" else cell for cell in cells] if "'" in "".join(cells) else cells


def _exponents(row: int, cells: list[str]) -> Iterator[CellError]:
    for position, cell in enumerate(cells if "E+" in "\n".join(cells) else ()):
        if _EXPONENT.fullmatch(cell):
            what = f"reads {cell}: the exponent is what Excel made of a long number"
            yield CellError(row, position, what, PASTE_AS_TEXT)
