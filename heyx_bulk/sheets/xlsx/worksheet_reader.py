"""Rows of a worksheet of an Excel workbook, read as a stream of XML: plain pieces by patterns, others by expat.

The XML tells apart what libraries mix up: an error from a text, a formula without a value from a blank, the
digits of a long number from the float they make, a text `_x000D_` from an escaped line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.cell_reference import REFERENCE, Area, areas, column_letter, column_position
from heyx_bulk.sheets.limits import (
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_MERGED,
    MOST_ROWS,
    WIDEST_GAP,
    cell_too_long,
)
from heyx_bulk.sheets.record import CellError, Page, Record, pages
from heyx_bulk.sheets.xlsx.cell_text import (
    CORRECT_CELL,
    GENERAL,
    PLAIN_NUMBER,
    CellText,
    NumberFormat,
    NumberKind,
    decode_escapes,
    number_text,
)
from heyx_bulk.sheets.xlsx.package import Package, local
from heyx_bulk.sheets.xlsx.plain_pieces import PlainPieces
from heyx_bulk.sheets.xlsx.shared_strings import SharedStrings
from heyx_bulk.sheets.xlsx.split_reader import ValueReader, split_rows

_MOST_PIECES = 128
_DEPTH_OF_ROWS = 2
_MIDNIGHT = re.compile(r"T00:00(:00(\.0+)?)?Z?$")
_NO_VALUE = CellText(
    "", error="holds a formula without a stored value", remedy="open the sheet in Excel and save it"
)
_NO_TEXT = CellText("", error="refers to a text that the file does not have", remedy=CORRECT_CELL)


@dataclass(slots=True)
class WorksheetReader:
    """A reader of one worksheet, called `place` in messages; it gathers cells into rows as the parser meets them.

    After `pages` has ended, `merged` holds the merged areas, and `hidden_columns` ranges of hidden columns.
    """

    package: Package
    place: str
    texts: SharedStrings
    formats: tuple[NumberFormat, ...]
    from_1904: bool
    values: ValueReader
    merged: list[Area] = field(default_factory=list)
    hidden_columns: list[range] = field(default_factory=list)
    ready: list[Record] = field(default_factory=list)
    split: list[Page] = field(default_factory=list)
    row: int = 0
    cells_in_row: int = 0
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
    in_text: bool = False
    in_phonetic: bool = False
    pieces: list[str] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)

    def pages(self, part: str) -> Iterator[Page]:
        """The rows that have cells, in the file's order; raises `SheetError` for a damaged worksheet."""
        rows = PlainPieces(b"<row ", b"</sheetData>", self._split)
        for _ in self.package.parse(part, self._start, self._end, self._characters, rows):
            yield from pages(iter(self.ready))
            yield from self.split
            self.ready.clear()
            self.split.clear()

    def _split(self, piece: str) -> bool:
        """Take a piece of the worksheet that is plain; False where the parser is within something."""
        if self.in_row or self.in_cell or self.in_text or self.in_phonetic or self.depth != _DEPTH_OF_ROWS:
            return False
        page, self.row = split_rows(piece, self.values, self.row, self.widest)
        self.split.append(page)
        filled = [position for position, texts in enumerate(page.columns, 1) if any(texts)]
        self.widest = max([self.widest, *filled, *(error.position + 1 for error in page.errors)])
        return True

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if ":" in tag:
            tag = local(tag)
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v" or tag == "t":  # noqa: PLR1714 - quicker, and called for each cell
            if self.in_text:
                raise self._misplaced("holds a value within a value")
            self.has_value = self.has_value or tag == "v"
            self.in_text = tag == "v" or not self.in_phonetic
        elif tag == "row":
            self._start_row(attributes)
        else:
            self.depth = self.package.deeper(self.depth)
            if tag == "f":
                self.has_formula = True
            elif tag == "rPh":
                self.in_phonetic = True
            elif tag == "mergeCell" and len(self.merged) < MOST_MERGED:
                self.merged.extend(areas(attributes.get("ref", "")))
            elif tag == "col" and is_set(attributes, "hidden") and len(self.hidden_columns) < MOST_COLUMNS:
                self.hidden_columns.append(_column_range(attributes))

    def _characters(self, text: str) -> None:
        if self.in_text:
            self.pieces.append(text)
            if len(self.pieces) > _MOST_PIECES:
                self.pieces[:] = ["".join(self.pieces)]
                if len(self.pieces[0]) > MOST_CHARACTERS:
                    raise cell_too_long(f"{self.place}, cell {self._reference()}")

    def _end(self, tag: str) -> None:
        if ":" in tag:
            tag = local(tag)
        if tag == "v" or tag == "t":  # noqa: PLR1714 - likewise
            self.in_text = False
        elif tag == "c":
            self.in_cell = False
            if self.pieces or self.has_formula:
                self._end_cell()
        elif tag == "row":
            self.in_row = False
            if self.cells:
                self._end_row()
        else:
            self.depth -= 1
            if tag == "rPh":
                self.in_phonetic = False

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self.row + 1))
        if self.in_row or not self.row < number <= MOST_ROWS:
            why = (
                "is beyond the end of a worksheet"
                if number > MOST_ROWS
                else f"comes after row {self.row:,}, out of order"
            )
            raise self._misplaced(why, f"A{number}")
        self.row, self.in_row = number, True
        self.hidden = is_set(attributes, "hidden")
        self.column = -1
        self.cells_in_row = 0

    def _end_row(self) -> None:
        self.widest = max(self.widest, len(self.cells))
        errors, warnings = tuple(self.errors), tuple(self.warnings)
        self.ready.append(Record(self.row, self.cells, errors, warnings, self.hidden))
        self.cells = []
        self.errors.clear()
        self.warnings.clear()

    def _start_cell(self, attributes: dict[str, str]) -> None:
        get = attributes.get
        reference = get("r")
        if reference is None:
            self.column += 1
        else:
            letters = reference.rstrip("0123456789")
            column = self.columns.get(letters)
            self.column = self._new_column(reference, letters) if column is None else column
        self.cells_in_row += 1
        if self.in_cell or self.cells_in_row > MOST_COLUMNS or self.column >= MOST_COLUMNS:
            raise self._misplaced("is more than its row can hold", reference or f"of row {self.row}")
        self.in_cell = True
        self.kind = get("t")
        self.style = get("s")
        self.has_formula = self.has_value = False
        if self.pieces:
            self.pieces = []

    def _new_column(self, reference: str, letters: str) -> int:
        position = column_position(letters) if REFERENCE.fullmatch(reference) else MOST_COLUMNS
        if position >= MOST_COLUMNS:
            raise self._misplaced("is beyond the end of a worksheet", reference[:40])
        self.columns[letters] = position
        return position

    def _end_cell(self) -> None:
        raw = self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)
        cell = None
        if self.kind == "s" and raw.isdecimal() and (number := int(raw)) < len(self.texts):
            text = self.texts[number]
        elif self.kind is None and PLAIN_NUMBER.fullmatch(raw) and self._format().kind is NumberKind.NUMBER:
            text = raw
        else:
            cell = self._cell_text(raw)
            text = cell.text
        if not text and not (cell and cell.error):
            return
        if self.column == len(self.cells) and self.column <= self.widest:
            self.cells.append(text)
        else:
            self._put(text)
        if cell and cell.error:
            self.errors.append(CellError(self.row, self.column, cell.error, cell.remedy))
        elif cell and cell.warning:
            self.warnings.append(CellError(self.row, self.column, cell.warning, cell.remedy))

    def _cell_text(self, raw: str) -> CellText:
        """The text of a cell with `raw` as its value in the XML, unless it is a shared text."""
        match self.kind:
            case "s":
                return _NO_TEXT if raw else _NO_VALUE
            case "inlineStr":
                return CellText(decode_escapes(raw))
            case "str":
                return CellText(decode_escapes(raw)) if self.has_value else _NO_VALUE
            case "b":
                return _boolean(raw) if raw else _NO_VALUE
            case "e":
                return CellText("", error=f"shows the error {raw[:40]}", remedy=CORRECT_CELL)
            case "d":
                return CellText(_MIDNIGHT.sub("", raw) if self._format().kind is NumberKind.DATE else raw)
        raw = raw.strip()
        if not raw:
            return _NO_VALUE if self.has_formula else CellText("")
        return number_text(raw, self._format(), from_1904=self.from_1904)

    def _format(self) -> NumberFormat:
        style = int(self.style or 0)
        return self.formats[style] if 0 <= style < len(self.formats) else GENERAL

    def _put(self, text: str) -> None:
        """Put a text into its column, further right than the last one or into a gap that was left."""
        gap = self.column - len(self.cells)
        if gap < 0:
            if self.cells[self.column]:
                raise self._misplaced("is there twice")
            self.cells[self.column] = text
            return
        if gap > WIDEST_GAP and self.column > self.widest + WIDEST_GAP:
            raise self._misplaced(f"is over {WIDEST_GAP:,} columns to the right of all before it")
        if gap:
            self.cells.extend([""] * gap)
        self.cells.append(text)

    def _misplaced(self, why: str, reference: str = "") -> SheetError:
        what = f"{self.place}: cell {reference or self._reference()} {why}"
        return SheetError(what, "Clear it in Excel, save the sheet and try again.")

    def _reference(self) -> str:
        return f"{column_letter(self.column)}{self.row}"


def _boolean(raw: str) -> CellText:
    text = {"1": "true", "true": "true", "0": "false", "false": "false"}.get(raw.strip().lower())
    wrong = CellText("", error=f"holds {raw[:40]!r}, which is neither true nor false", remedy=CORRECT_CELL)
    return wrong if text is None else CellText(text)


def is_set(attributes: Mapping[str, str], name: str) -> bool:
    """Whether an element has an attribute that says yes."""
    return attributes.get(name, "0") in ("1", "true")


def _column_range(attributes: Mapping[str, str]) -> range:
    """The positions of the columns that an element `col` is about; none where it does not say."""
    try:
        return range(max(0, int(attributes["min"]) - 1), min(int(attributes["max"]), MOST_COLUMNS))
    except (KeyError, ValueError):
        return range(0)
