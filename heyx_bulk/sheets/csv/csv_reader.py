"""Rows of a CSV file, read by the standard `csv` module.

pandas renames headers and shifts the values of a row that is too long; here nothing changes. Rows are checked by
the page. Rows are counted as a spreadsheet shows them: one of several lines is one row, a blank line is a row.
What is wrong with the file as a text is said with the line, too, as a text editor counts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.csv.injection import unguard
from heyx_bulk.sheets.limits import MOST_CHARACTERS, MOST_COLUMNS, cell_too_long
from heyx_bulk.sheets.record import PASTE_AS_TEXT, ROWS_AT_ONCE, CellError, Page, to_columns

_BLOCK_CHARACTERS = 1 << 20
_LONGEST_ROW = 1 << 24
_ROW_TOO_LONG = "a row is too long"
_LONE_RETURN = re.compile(r"\r(?!\n|\Z)")
_RETURN_WITHIN = "\0"
"""What a carriage return within a value is while rows are read; no text that is read has a NUL."""

_BYTE_ORDER_MARK = "\ufeff"
_END_OF_FILE = "\x1a"
"""Ctrl-Z, with which programs of DOS end a file."""

_EXPONENT = re.compile(r"\d([.,]\d+)?E\+\d+")


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file and how to read it.

    `skipped_lines` are left out at its top. Byte-order marks at its start, however many, and Ctrl-Z at its end are
    no text. With `returns_within`, a carriage return alone is a part of a value, not the end of a row. With
    `skip_blanks`, blanks after a separator are not a part of a value; with `raw`, apostrophes that protect values
    from being run as formulas are.
    """

    path: Path
    codec: str
    separator: str
    skipped_lines: int = 0
    returns_within: bool = False
    skip_blanks: bool = False
    raw: bool = False

    def lines(self) -> Iterator[str]:
        """The lines of the file with their ends."""
        return chain.from_iterable(map(_lines, self._blocks()))

    def _blocks(self) -> Iterator[str]:
        """The text of the file, whole lines at a time."""
        begun, line = "", 1
        for more in self._texts():
            text = begun + more
            end = text.rfind("\n") + 1 or (0 if self.returns_within else text.rfind("\r", 0, -1) + 1)
            whole, begun = text[:end], text[end:]
            self._refuse_nul(whole, line)
            line += _line_ends(whole)
            if len(begun) >= _LONGEST_ROW:
                raise cell_too_long(f"{self.path.name}, line {line}")
            yield self._marked(whole)
        self._refuse_nul(begun, line)
        yield self._marked(begun)

    def _texts(self) -> Iterator[str]:
        """The text of the file, some at a time, without the marks of its start and end."""
        with self.path.open(encoding=self.codec, newline="") as file:
            text = file.read(_BLOCK_CHARACTERS).lstrip(_BYTE_ORDER_MARK)
            while text:
                following = file.read(_BLOCK_CHARACTERS)
                if not following and (end := text.find(_END_OF_FILE, len(text.rstrip("\x1a\r\n")))) >= 0:
                    text = text[:end]
                yield text
                text = following

    def _marked(self, text: str) -> str:
        return _LONE_RETURN.sub(_RETURN_WITHIN, text) if self.returns_within and "\r" in text else text

    def has_lone_returns(self) -> bool:
        """Whether the first line ends in a line feed, and another one in a carriage return alone."""
        lines = self.lines()
        return next(lines, "").endswith("\n") and any(line.endswith("\r") for line in lines)

    def _refuse_nul(self, text: str, first: int) -> None:
        if "\0" in text:
            line = next(number for number, line in enumerate(_lines(text), first) if "\0" in line)
            what = f"{self.path.name}, line {line}: contains a NUL byte, which no text file has"
            raise SheetError(what, "Save the sheet again as 'CSV UTF-8' from the program it came from.")

    def pages(self) -> Iterator[Page]:
        """The rows, exactly as they stand; raises `SheetError` for wrong quotes, after the rows before them."""
        rows: list[list[str]] = []
        earlier = begun = characters = 0  # rows of earlier pages; rows begun; characters since the last one began
        apostrophes = exponents = False  # whether any text so far may be guarded, or a number with an exponent

        def lines(block: str) -> Iterator[str]:
            nonlocal begun, characters, apostrophes, exponents
            if begun < earlier + len(rows):
                begun, characters = earlier + len(rows), 0
            if characters > _LONGEST_ROW:
                raise csv.Error(_ROW_TOO_LONG)
            characters += len(block)
            apostrophes = apostrophes or "'" in block
            exponents = exponents or "E+" in block
            return _lines(block)

        csv.field_size_limit(MOST_CHARACTERS)
        source = islice(chain.from_iterable(map(lines, self._blocks())), self.skipped_lines, None)
        reader = csv.reader(source, delimiter=self.separator, skipinitialspace=self.skip_blanks, strict=True)
        failure: csv.Error | SheetError | None = None
        while failure is None:
            rows, lines_before = [], self.skipped_lines + reader.line_num
            failure = _read_rows(reader, rows)
            if not rows and failure is None:
                return
            first = self.skipped_lines + earlier + 1
            if (index := _too_wide(rows)) < len(rows):
                failure = self._width_refusal(first + index, len(rows[index]))
                del rows[index:]
            if self.returns_within:
                rows = [[cell.replace(_RETURN_WITHIN, "\r") for cell in row] for row in rows]
            if rows:
                guarded, suspect = apostrophes and not self.raw, exponents
                yield _page(range(first, first + len(rows)), rows, guarded=guarded, suspect=suspect)
            earlier += len(rows)
        if isinstance(failure, SheetError):
            raise failure
        begun_in = lines_before + sum(1 + _line_ends("\0".join(row)) for row in rows) + 1
        place = f"{self.path.name}, row {self.skipped_lines + earlier + 1}"
        raise self._translated(str(failure), place, begun_in, self.skipped_lines + reader.line_num)

    def _width_refusal(self, row: int, values: int) -> SheetError:
        what = (
            f"{self.path.name}, row {row}: has {values:,} values, and a worksheet at most {MOST_COLUMNS:,} columns"
        )
        return SheetError(what, "Check the separator, and name the right one with --separator.")

    def _translated(self, error: str, place: str, first: int, last: int) -> SheetError:
        """Translate an error of the `csv` module in the row at `place`, which are the lines `first` to `last`."""
        if error == _ROW_TOO_LONG:
            what = f"{place}: the row that begins in line {first} holds over 16 MB"
            return SheetError(what, "Look for a quote that is never closed, correct it and try again.")
        opened = self._quote_opened(first, last)
        if "limit" in error:
            quote = ", or its quote is never closed" if last > first else ""
            what = f"{place}: the cell in line {opened} holds over 1 MB{quote}"
            return SheetError(what, "Shorten or correct it, save the sheet and try again.")
        if "unexpected end" in error:
            what = f"{place}: the quote opened in line {opened} is never closed"
            return SheetError(what, 'Close it, or write a quote that is part of the text twice ("").')
        what = f"{place}: in line {last}, text follows the closing quote of the value opened in line {opened}"
        return SheetError(what, 'If the quote is part of the text, write it twice ("").')

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


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _read_rows(reader: Iterator[list[str]], rows: list[list[str]]) -> csv.Error | SheetError | None:
    """Read some more `rows`; those before a mistake stay."""
    try:
        for cells in islice(reader, ROWS_AT_ONCE):
            rows.append(cells)  # noqa: PERF402 - one by one, as they are counted meanwhile
    except (csv.Error, SheetError) as error:
        return error
    return None


def _page(numbers: Sequence[int], rows: Sequence[Sequence[str]], *, guarded: bool, suspect: bool) -> Page:
    """A page of these rows, of which texts may be `guarded`, or numbers `suspect` of having lost digits."""
    columns, lengths = to_columns(rows)
    if guarded:
        columns = [*map(_unguarded, columns)]
    return Page(numbers, columns, lengths, (), _exponents(numbers, columns) if suspect else ())


def _too_wide(rows: Sequence[Sequence[str]]) -> int:
    """The index of the first row that is wider than any worksheet, or the number of rows."""
    if max(map(len, rows), default=0) <= MOST_COLUMNS:
        return len(rows)
    return next(index for index, row in enumerate(rows) if len(row) > MOST_COLUMNS)


def _unguarded(texts: Sequence[str]) -> Sequence[str]:
    return [*map(unguard, texts)] if "'" in "".join(texts) else texts


def _exponents(numbers: Sequence[int], columns: Sequence[Sequence[str]]) -> list[CellError]:
    return sorted(
        CellError(number, position, f"reads {text}, a long number that Excel has shortened", PASTE_AS_TEXT)
        for position, texts in enumerate(columns)
        if "E+" in "".join(texts)
        for number, text in zip(numbers, texts, strict=True)
        if _EXPONENT.fullmatch(text)
    )
