"""What all worksheets of an Excel file share: their names, its texts, its number formats, its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets import escapes, number_format
from heyx_bulk.sheets.number_format import NumberFormat
from heyx_bulk.sheets.package import Package, local

_ON = ("1", "true")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A worksheet's name, whether a person sees it, and the part that holds it."""

    name: str
    visible: bool
    part: str


@dataclass(frozen=True, slots=True)
class Workbook:
    """An Excel file with its worksheets in their order; `texts` are the strings its cells refer to."""

    package: Package
    leaves: tuple[Leaf, ...]
    texts: tuple[str, ...]
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
    leaves, from_1904 = _leaves(package, part, parts)
    if not leaves:
        raise SheetError(f"{path.name} has no worksheet", "Save the sheet as .xlsx from Excel and try again.")
    named = dict(parts.values())
    texts = _texts(package, named.get("sharedStrings", "xl/sharedstrings.xml"))
    formats = _formats(package, named.get("styles", "xl/styles.xml"))
    return Workbook(package, leaves, texts, formats, from_1904)


def _leaves(package: Package, part: str, parts: dict[str, tuple[str, str]]) -> tuple[tuple[Leaf, ...], bool]:
    leaves: list[Leaf] = []
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
                leaves.append(Leaf(attributes.get("name", ""), visible, target))

    package.elements(part, start)
    return tuple(leaves), from_1904


def _formats(package: Package, part: str) -> tuple[NumberFormat, ...]:
    """The number format of each style a cell may name."""
    own: dict[int, NumberFormat] = {}
    styles: list[NumberFormat] = []
    in_cell_styles = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal in_cell_styles
        if tag == "numFmt":
            code = attributes.get("formatCode", "")
            own[int(attributes.get("numFmtId", "0"))] = number_format.understand(code)
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs", "dxfs"):
            in_cell_styles = tag == "cellXfs"
        elif tag == "xf" and in_cell_styles:
            format_id = int(attributes.get("numFmtId", "0"))
            styles.append(own.get(format_id) or number_format.builtin(format_id))

    package.elements(part, start)
    return tuple(styles)


def _texts(package: Package, part: str) -> tuple[str, ...]:
    """The shared strings: the pieces of a rich text joined, without the readings of East Asian signs."""
    texts: list[str] = []
    pieces: list[str] = []
    state = {"t": False, "rPh": False}

    def start(tag: str, _: dict[str, str]) -> None:
        tag = local(tag)
        if tag == "si":
            pieces.clear()
        elif tag in state:
            state[tag] = True

    def end(tag: str) -> None:
        tag = local(tag)
        if tag == "si":
            texts.append(escapes.decode("".join(pieces)))
        elif tag in state:
            state[tag] = False

    def characters(text: str) -> None:
        if state["t"] and not state["rPh"]:
            pieces.append(text)

    parser = package.parser()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    package.feed(part, parser)
    return tuple(texts)
