"""Rows of a worksheet of an Excel file, straight from its XML as a stream.

The XML tells apart what libraries mix up: an error from a text, a formula without a value from a blank, the
digits of a long number from the float they make, a text `_x000D_` from an escaped line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets import escapes
from heyx_bulk.sheets.number import Text, number_text
from heyx_bulk.sheets.number_format import GENERAL, Kind, NumberFormat
from heyx_bulk.sheets.package import damage_told, local
from heyx_bulk.sheets.sheet import Fault, Record
from heyx_bulk.sheets.workbook import Leaf, Workbook

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
_WIDEST_GAP = 1_000
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MIDNIGHT = re.compile(r"T00:00(:00(\.0+)?)?Z?$")
_PASTE_AGAIN = "format the column as Text in Excel, paste the values again and save"
_NO_VALUE = Text("", fault="holds a formula without a stored value")
_REMEDIES = {"shows": "mend or clear it in Excel", "holds a formula": "open the sheet in Excel and save it"}


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A worksheet; after `records` has ended, `merged` holds its merged ranges, such as `A1:C1`."""

    workbook: Workbook
    leaf: Leaf
    merged: list[str] = field(default_factory=list)

    def records(self) -> Iterator[Record]:
        """The rows that have cells, in the file's order; raises `SheetError` for a damaged worksheet."""
        self.merged.clear()
        cells = _Cells(self, self.workbook.texts, self.workbook.formats)
        package = self.workbook.package
        parser = package.parser()
        parser.StartElementHandler, parser.EndElementHandler = cells.start, cells.end
        parser.CharacterDataHandler = cells.characters
        for block in package.blocks(self.leaf.part):
            with damage_told(package.path):
                parser.Parse(block)
            yield from cells.ready
            cells.ready.clear()
        with damage_told(package.path):
            parser.Parse(b"", True)  # noqa: FBT003 - expat takes no keywords


@dataclass(slots=True)
class _Cells:
    """The cells as the parser meets them, gathered into rows."""

    worksheet: Worksheet
    texts: tuple[str, ...]
    formats: tuple[NumberFormat, ...]
    ready: list[Record] = field(default_factory=list)
    row: int = 0
    hidden: bool = False
    cells: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    suspects: list[Fault] = field(default_factory=list)
    widest: int = 0
    column: int = 0
    kind: str = "n"
    style: int = 0
    has_formula: bool = False
    has_value: bool = False
    listening: bool = False
    reading: bool = False
    pieces: list[str] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match local(tag) if ":" in tag else tag:
            case "c":
                self._start_cell(attributes)
            case "v":
                self.has_value = self.listening = True
            case "t":
                self.listening = not self.reading
            case "f":
                self.has_formula = True
            case "rPh":
                self.reading = True
            case "row":
                self.row = int(attributes.get("r", self.row + 1))
                self.hidden = attributes.get("hidden", "0") in ("1", "true")
                self.column = -1
            case "mergeCell":
                self.worksheet.merged.append(attributes.get("ref", ""))

    def characters(self, text: str) -> None:
        if self.listening:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        match local(tag) if ":" in tag else tag:
            case "v" | "t":
                self.listening = False
            case "c":
                self._end_cell()
            case "rPh":
                self.reading = False
            case "row":
                self._end_row()

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self.column = self.column + 1 if reference is None else self._position(reference)
        self.kind = attributes.get("t", "n")
        self.style = int(attributes.get("s", 0))
        self.has_formula = self.has_value = False
        self.pieces.clear()

    def _end_cell(self) -> None:
        raw = self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)
        if not raw and not self.has_formula:
            return
        text, fault, suspect = self._text(raw)
        if not (text or fault):
            return
        self._place(text)
        if fault:
            remedy = next((words for start, words in _REMEDIES.items() if fault.startswith(start)), _PASTE_AGAIN)
            self.faults.append(Fault(self.row, self.column, fault, remedy))
        elif suspect:
            self.suspects.append(Fault(self.row, self.column, suspect, _PASTE_AGAIN))

    def _text(self, raw: str) -> Text:
        """The text of the cell whose value stands as `raw` in the XML."""
        match self.kind:
            case "s":
                if raw.isdigit() and int(raw) < len(self.texts):
                    return Text(self.texts[int(raw)])
                return Text("", fault="refers to a text the file has not")
            case "inlineStr":
                return Text(escapes.decode(raw))
            case "str":
                return Text(escapes.decode(raw)) if self.has_value else _NO_VALUE
            case "b":
                return Text("true" if raw.strip() in ("1", "true") else "false") if raw else _NO_VALUE
            case "e":
                return Text("", fault=f"shows the error {raw}")
            case "d":
                return Text(_MIDNIGHT.sub("", raw) if self._format().kind is Kind.DATE else raw)
        if not raw.strip():
            return _NO_VALUE if self.has_formula else Text("")
        return number_text(raw.strip(), self._format(), from_1904=self.worksheet.workbook.from_1904)

    def _format(self) -> NumberFormat:
        return self.formats[self.style] if self.style < len(self.formats) else GENERAL

    def _position(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        position = self.columns.get(letters)
        if position is None:
            found = _REFERENCE.fullmatch(reference)
            position = column_position(letters) if found else MOST_COLUMNS
            if position >= MOST_COLUMNS:
                raise self._misplaced(reference, "lies outside of any worksheet")
            self.columns[letters] = position
        return position

    def _place(self, text: str) -> None:
        gap = self.column - len(self.cells)
        if gap < 0:
            self.cells[self.column] = text
            return
        if self.column > self.widest + _WIDEST_GAP:
            reference = f"{column_letters(self.column)}{self.row}"
            raise self._misplaced(reference, f"stands over {_WIDEST_GAP:,} columns right of all before it")
        if gap:
            self.cells.extend([""] * gap)
        self.cells.append(text)

    def _misplaced(self, reference: str, why: str) -> SheetError:
        worksheet = self.worksheet
        what = f"{worksheet.workbook.path.name}, worksheet {worksheet.leaf.name!r}: cell {reference} {why}"
        return SheetError(what, "Clear it in Excel, save the sheet and try again.")

    def _end_row(self) -> None:
        if self.row > MOST_ROWS or self.row < 1:
            raise self._misplaced(f"A{self.row}", "lies outside of any worksheet")
        if not self.cells:
            return
        self.widest = max(self.widest, len(self.cells))
        faults, suspects = tuple(self.faults), tuple(self.suspects)
        self.ready.append(Record(self.row, self.cells, faults, suspects, self.hidden))
        self.cells = []
        self.faults.clear()
        self.suspects.clear()


def column_position(letters: str) -> int:
    """The position of a column, from 0: 'A' is 0, 'XFD' is 16,383."""
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - 64
    return position - 1


def column_letters(position: int) -> str:
    """The letters of the column at `position`, from 0."""
    letters = ""
    rest = position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
