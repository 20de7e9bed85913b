"""What all worksheets of an Excel file share: their names, its texts, its number formats, its calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.limits import MOST_CHARACTERS, cell_too_long
from heyx_bulk.sheets.xlsx import escapes, number_format
from heyx_bulk.sheets.xlsx.number_format import NumberFormat
from heyx_bulk.sheets.xlsx.package import Package, local
from heyx_bulk.sheets.xlsx.shared_strings import SharedStrings

_ON = ("1", "true")
_MOST_TEXT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class WorksheetInfo:
    """A worksheet's name, whether a person sees it, and the part that holds it."""

    name: str
    visible: bool
    part: str


@dataclass(frozen=True, slots=True)
class Workbook:
    """An Excel file with its worksheets in their order; `texts` are the strings its cells refer to."""

    package: Package
    worksheets: tuple[WorksheetInfo, ...]
    texts: SharedStrings
    formats: tuple[NumberFormat, ...]
    from_1904: bool

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.package.path


def open_workbook(path: Path) -> Workbook:
    """The workbook at `path`; `SheetError` if it is damaged."""
    package = Package(path)
    start = [part for kind, part in package.related("").values() if kind == "officeDocument"]
    part = start[0] if start else "xl/workbook.xml"
    parts = package.related(part)
    worksheets, from_1904 = _leaves(package, part, parts)
    if not worksheets:
        raise SheetError(f"{path.name} has no worksheet", "Save the sheet as .xlsx from Excel and try again.")
    named = dict(parts.values())
    texts = _texts(package, named.get("sharedStrings", "xl/sharedstrings.xml"))
    formats = _formats(package, named.get("styles", "xl/styles.xml"))
    return Workbook(package, worksheets, texts, formats, from_1904)


def _leaves(
    package: Package, part: str, parts: dict[str, tuple[str, str]]
) -> tuple[tuple[WorksheetInfo, ...], bool]:
    worksheets: list[WorksheetInfo] = []
    from_1904 = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in _ON
        elif tag == "sheet":
            relation = next((value for key, value in attributes.items() if local(key) == "id" and ":" in key), "")
            kind, target = parts.get(relation, ("", ""))
            if kind == "worksheet":
                visible = attributes.get("state", "visible") == "visible"
                worksheets.append(WorksheetInfo(attributes.get("name", ""), visible, target))

    package.elements(part, start)
    return tuple(worksheets), from_1904


def _formats(package: Package, part: str) -> tuple[NumberFormat, ...]:
    """The number format of each style a cell may name."""
    own: dict[int, NumberFormat] = {}
    styles: list[NumberFormat] = []
    in_cell_styles = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal in_cell_styles
        if tag == "numFmt":
            code = attributes.get("formatCode", "")
            own[int(attributes.get("numFmtId", "0"))] = number_format.parse_number_format(code)
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs", "dxfs"):
            in_cell_styles = tag == "cellXfs"
        elif tag == "xf" and in_cell_styles:
            format_id = int(attributes.get("numFmtId", "0"))
            styles.append(own.get(format_id) or number_format.builtin_number_format(format_id))

    package.elements(part, start)
    return tuple(styles)


def _texts(package: Package, part: str) -> SharedStrings:
    """The shared strings: the pieces of a rich text joined, without the readings of East Asian signs."""
    reader = _Reader(package)
    parser = package.parser()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.characters
    for _ in package.parse(part, parser):
        if reader.texts.size > _MOST_TEXT_BYTES:
            what = f"{package.path.name} holds over 1 GB of texts"
            raise SheetError(what, "Cut the sheet into several ones.")
    return reader.texts


@dataclass(slots=True)
class _Reader:
    """The shared strings as the parser meets them."""

    package: Package
    texts: SharedStrings = field(default_factory=SharedStrings)
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    depth: int = 0
    listening: bool = False
    reading: bool = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > 10:
            self.package.deeper(self.depth)
        tag = local(tag) if ":" in tag else tag
        if tag == "si":
            if self.pieces:
                self.pieces = []
            self.length = 0
        elif tag == "t":
            self.listening = not self.reading
        elif tag == "rPh":
            self.reading = True

    def end(self, tag: str) -> None:
        self.depth -= 1
        tag = local(tag) if ":" in tag else tag
        if tag == "si":
            self.texts.append(escapes.decode("".join(self.pieces)))
        elif tag == "t":
            self.listening = False
        elif tag == "rPh":
            self.reading = False

    def characters(self, text: str) -> None:
        if self.listening:
            self.pieces.append(text)
            self.length += len(text)
            if self.length > MOST_CHARACTERS:
                raise cell_too_long(f"{self.package.path.name}, shared text {len(self.texts) + 1:,}")
