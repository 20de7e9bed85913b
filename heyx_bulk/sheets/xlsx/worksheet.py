"""Rows of a worksheet of an Excel file, straight from its XML as a stream.

The XML tells apart what libraries mix up: an error from a text, a formula without a value from a blank, the
digits of a long number from the float they make, a text `_x000D_` from an escaped line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.batch import Record
from heyx_bulk.sheets.cell_reference import REFERENCE, Area, areas, column_letter, column_position
from heyx_bulk.sheets.chunk import CellError
from heyx_bulk.sheets.limits import MOST_CHARACTERS, MOST_COLUMNS, MOST_ROWS, cell_too_long
from heyx_bulk.sheets.xlsx import escapes
from heyx_bulk.sheets.xlsx.cell_number import CellText, number_text
from heyx_bulk.sheets.xlsx.number_format import GENERAL, NumberFormat, NumberKind
from heyx_bulk.sheets.xlsx.package import local
from heyx_bulk.sheets.xlsx.shared_strings import SharedStrings
from heyx_bulk.sheets.xlsx.workbook import Workbook, WorksheetInfo

_WIDEST_GAP = 1_000
_MOST_MERGED = 100_000
_MANY_PIECES = 128
_PLAIN_NUMBER = re.compile("[1-9][0-9]{0,14}|0")
_MIDNIGHT = re.compile(r"T00:00(:00(\.0+)?)?Z?$")
_PASTE_AGAIN = "format the column as Text in Excel, paste the values again and save"
_NO_VALUE = CellText("", error="holds a formula without a stored value")
_REMEDIES = {"shows": "mend or clear it in Excel", "holds a formula": "open the sheet in Excel and save it"}


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A worksheet; after `records` has ended, `merged` holds its merged areas."""

    workbook: Workbook
    info: WorksheetInfo
    merged: list[Area] = field(default_factory=list)

    def records(self) -> Iterator[Record]:
        """The rows that have cells, in the file's order; raises `SheetError` for a damaged worksheet."""
        self.merged.clear()
        cells = _Cells(self, self.workbook.texts, self.workbook.formats)
        package = self.workbook.package
        parser = package.parser()
        parser.StartElementHandler, parser.EndElementHandler = cells.start, cells.end
        parser.CharacterDataHandler = cells.characters
        for _ in package.parse(self.info.part, parser):
            yield from cells.ready
            cells.ready.clear()


@dataclass(slots=True)
class _Cells:
    """The cells as the parser meets them, gathered into rows."""

    worksheet: Worksheet
    texts: SharedStrings
    formats: tuple[NumberFormat, ...]
    ready: list[Record] = field(default_factory=list)
    row: int = 0
    met: int = 0
    depth: int = 0
    in_row: bool = False
    in_cell: bool = False
    hidden: bool = False
    cells: list[str] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    warnings: list[CellError] = field(default_factory=list)
    widest: int = 0
    column: int = 0
    kind: str | None = None
    style: str | None = None
    has_formula: bool = False
    has_value: bool = False
    listening: bool = False
    reading: bool = False
    pieces: list[str] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v":
            if self.listening:
                raise self._nested()
            self.has_value = self.listening = True
        else:
            self._start_other(local(tag), attributes)

    def _start_other(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "c" | "v":  # with a prefix in the file
                self.start(tag, attributes)
            case "t":
                if self.listening:
                    raise self._nested()
                self.listening = not self.reading
            case "row":
                self._start_row(attributes)
            case _:
                self.depth = self.worksheet.workbook.package.deeper(self.depth)
                if tag == "f":
                    self.has_formula = True
                elif tag == "rPh":
                    self.reading = True
                elif tag == "mergeCell" and len(self.worksheet.merged) < _MOST_MERGED:
                    self.worksheet.merged.extend(areas(attributes.get("ref", "")))

    def characters(self, text: str) -> None:
        if self.listening:
            self.pieces.append(text)
            if len(self.pieces) > _MANY_PIECES:
                self.pieces[:] = ["".join(self.pieces)]
                if len(self.pieces[0]) > MOST_CHARACTERS:
                    raise cell_too_long(f"{self._place_name()}, cell {column_letter(self.column)}{self.row}")

    def end(self, tag: str) -> None:
        if tag == "v":
            self.listening = False
        elif tag == "c":
            self.in_cell = False
            if self.pieces or self.has_formula:
                self._end_cell()
        else:
            self._end_other(local(tag))

    def _end_other(self, tag: str) -> None:
        match tag:
            case "c" | "v":  # with a prefix in the file
                self.end(tag)
            case "t":
                self.listening = False
            case "row":
                self.in_row = False
                self._end_row()
            case _:
                self.depth -= 1
                if tag == "rPh":
                    self.reading = False

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self.row + 1))
        if self.in_row or not self.row < number <= MOST_ROWS:
            why = "lies outside of any worksheet" if number > MOST_ROWS else f"stands below row {self.row}"
            raise self._misplaced(f"A{number}", why)
        self.row, self.in_row = number, True
        self.hidden = attributes.get("hidden", "0") in ("1", "true")
        self.column = -1
        self.met = 0

    def _start_cell(self, attributes: dict[str, str]) -> None:
        get = attributes.get
        reference = get("r")
        if reference is None:
            self.column += 1
        else:
            letters = reference.rstrip("0123456789")
            column = self.columns.get(letters)
            self.column = self._position(reference, letters) if column is None else column
        self.met += 1
        if self.in_cell or self.met > MOST_COLUMNS or self.column >= MOST_COLUMNS:
            raise self._misplaced(reference or f"of row {self.row}", "is one too many in its row")
        self.in_cell = True
        self.kind = get("t")
        self.style = get("s")
        self.has_formula = self.has_value = False
        if self.pieces:
            self.pieces = []

    def _end_cell(self) -> None:
        raw = self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)
        if self.kind == "s" and raw.isdecimal() and (number := int(raw)) < len(self.texts):
            text = self.texts[number]
            error = warning = ""
        elif self.kind is None and self.style is None and _PLAIN_NUMBER.fullmatch(raw):
            text, error, warning = raw, "", ""
        else:
            text, error, warning = self._text(raw)
        if not (text or error):
            return
        if self.column == len(self.cells) and self.column <= self.widest:
            self.cells.append(text)
        else:
            self._place(text)
        if error:
            remedy = next((words for start, words in _REMEDIES.items() if error.startswith(start)), _PASTE_AGAIN)
            self.errors.append(CellError(self.row, self.column, error, remedy))
        elif warning:
            self.warnings.append(CellError(self.row, self.column, warning, _PASTE_AGAIN))

    def _text(self, raw: str) -> CellText:
        """The text of the cell whose value stands as `raw` in the XML; shared texts have been looked up."""
        match self.kind:
            case "s":
                return CellText("", error="refers to a text the file has not") if raw else _NO_VALUE
            case "inlineStr":
                return CellText(escapes.decode(raw))
            case "str":
                return CellText(escapes.decode(raw)) if self.has_value else _NO_VALUE
            case "b":
                return CellText("true" if raw.strip() in ("1", "true") else "false") if raw else _NO_VALUE
            case "e":
                return CellText("", error=f"shows the error {raw[:40]}")
            case "d":
                return CellText(_MIDNIGHT.sub("", raw) if self._format().kind is NumberKind.DATE else raw)
        raw = raw.strip()
        if not raw:
            return _NO_VALUE if self.has_formula else CellText("")
        return number_text(raw, self._format(), from_1904=self.worksheet.workbook.from_1904)

    def _format(self) -> NumberFormat:
        style = int(self.style or 0)
        return self.formats[style] if 0 <= style < len(self.formats) else GENERAL

    def _position(self, reference: str, letters: str) -> int:
        position = column_position(letters) if REFERENCE.fullmatch(reference) else MOST_COLUMNS
        if position >= MOST_COLUMNS:
            raise self._misplaced(reference[:40], "lies outside of any worksheet")
        self.columns[letters] = position
        return position

    def _place(self, text: str) -> None:
        gap = self.column - len(self.cells)
        if gap < 0:
            if self.cells[self.column]:
                raise self._misplaced(f"{column_letter(self.column)}{self.row}", "stands there twice")
            self.cells[self.column] = text
            return
        if gap > _WIDEST_GAP and self.column > self.widest + _WIDEST_GAP:
            reference = f"{column_letter(self.column)}{self.row}"
            raise self._misplaced(reference, f"stands over {_WIDEST_GAP:,} columns right of all before it")
        if gap:
            self.cells.extend([""] * gap)
        self.cells.append(text)

    def _misplaced(self, reference: str, why: str) -> SheetError:
        what = f"{self._place_name()}: cell {reference} {why}"
        return SheetError(what, "Clear it in Excel, save the sheet and try again.")

    def _nested(self) -> SheetError:
        return self._misplaced(f"{column_letter(self.column)}{self.row}", "holds a value within a value")

    def _place_name(self) -> str:
        return f"{self.worksheet.workbook.path.name}, worksheet {self.worksheet.info.name!r}"

    def _end_row(self) -> None:
        if not self.cells:
            return
        self.widest = max(self.widest, len(self.cells))
        errors, warnings = tuple(self.errors), tuple(self.warnings)
        self.ready.append(Record(self.row, self.cells, errors, warnings, self.hidden))
        self.cells = []
        self.errors.clear()
        self.warnings.clear()
