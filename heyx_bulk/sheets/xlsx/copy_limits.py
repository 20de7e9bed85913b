"""What an Excel workbook holds that a copy made with openpyxl would lose, said in plain words.

openpyxl reads a workbook into its own model and writes that: whatever the model lacks is gone without a word. So a
workbook is copied only if every part of it, and every element around its cells, is known to be kept. Part names
and elements are those of ECMA-376.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from heyx_bulk.sheets.cell_reference import areas
from heyx_bulk.sheets.xlsx.package import local, normalize_part_name

MOST_CELLS = 110_000
"""5,000 rows of 20 columns and what stands around them; above it a streamed workbook is written instead."""

_MOST_BYTES = 64 << 20
_LARGE = f"the workbook has more than {MOST_CELLS:,} cells"
_UNREADABLE = "the workbook is written in an unusual way"

_LOST_PARTS = (
    (r"_xmlsignatures/", "a digital signature"),
    (r"xl/vbaproject", "macros"),
    (r"xl/(media/|drawings/.*\.emf|worksheets/.*\.(png|jpe?g|gif))", "pictures"),
    (r"xl/(ctrlprops|activex)/", "buttons or other controls"),
    (r"xl/embeddings/", "embedded objects"),
    (r"xl/(threadedcomments|persons)/", "threaded comments"),
    (r"xl/pivot(tables|cache)/", "pivot tables"),
    (r"xl/(slicers|slicercaches|timelines|timelinecaches)/", "slicers"),
    (r"xl/(richdata/|metadata\.xml)", "data types or formulas that spill"),
    (r"xl/(querytables/|connections\.xml|model/)", "data connections"),
    (r"xl/externallinks/", "links to other workbooks"),
    (r"xl/(dialogsheets|macrosheets)/", "macro sheets"),
    (r"xl/(diagrams|ink)/", "drawings"),
)
_KEPT_PARTS = re.compile(
    r"\[content_types\]\.xml|_rels/\.rels|docprops/.*|customxml/.*|docmetadata/.*"
    r"|xl/(workbook|sharedstrings|styles|calcchain)\.xml|xl/theme/.*|xl/printersettings/.*"
    r"|xl/(worksheets|chartsheets|charts|drawings|tables)/[^/]*\.(xml|vml)|xl/comments[^/]*\.xml|xl/comments/[^/]*\.xml"
    r"|(xl/)?([^/]+/)?_rels/[^/]*\.rels"
)
"""Parts that openpyxl keeps, and parts whose loss changes nothing that a person sees in the workbook."""

_KEPT_ELEMENTS = frozenset(
    (
        *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetCalcPr", "sheetProtection"),
        *("autoFilter", "sortState", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations"),
        *("hyperlinks", "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks"),
        *("ignoredErrors", "drawing", "legacyDrawing", "tableParts", "extLst", "sheetData", "scenarios"),
    )
)
_LOST_ELEMENTS = {
    "legacyDrawingHF": "pictures in headers or footers",
    "picture": "a background picture",
    "oleObjects": "embedded objects",
    "controls": "buttons or other controls",
    "AlternateContent": "buttons or other controls",
    "protectedRanges": "ranges that may be edited although the worksheet is protected",
    "customSheetViews": "custom views",
}
_HARMLESS_EXTENSIONS = frozenset(
    (
        *("slicerStyles", "timelineStyles"),  # how slicers would look that are made later
        *("workbookPr", "calcFeatures", "extCalcPr", "PLV", "ArchID"),  # options of the program that saved it
    )
)
_EXTENSIONS = {
    "sparklineGroups": "sparklines",
    "conditionalFormattings": "conditional formats of a newer kind",
    "id": "conditional formats of a newer kind",
    "dataValidations": "validations that refer to another worksheet",
    "slicerList": "slicers",
    "timelineRefs": "timelines",
}
"""Extensions by the element within them."""

_DAMAGE = (
    *(BadZipFile, zlib.error, ElementTree.ParseError, EOFError),
    *(LookupError, ValueError, NotImplementedError, RuntimeError),
)
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_OF_DATA_TYPE = re.compile(rb"<(?:\w+:)?c\s[^>]*\b[cv]m=")
_SHEET_DATA = re.compile(rb"<(?:\w+:)?sheetData\b[^>]*?(/?)>")
_SHEET_DATA_END = re.compile(rb"</(?:\w+:)?sheetData\s*>")
_SHAPES = frozenset(("pic", "sp", "cxnSp", "grpSp"))
_NOT_READ = ("docprops/", "customxml/", "docmetadata/", "xl/theme/", "xl/calcchain")
_MODELLED = ("xl/drawings/", "xl/charts/", "xl/chartsheets/")
_NOTE = re.compile(rb'ObjectType\s*=\s*["\']')
_PLAIN_NOTE = re.compile(rb'ObjectType\s*=\s*["\']Note["\']')


def find_obstacle(path: Path) -> str:
    """Why the Excel workbook at `path` is not copied, as a clause; blank if a copy keeps everything."""
    try:
        with ZipFile(path) as archive:
            return next(_obstacles(archive), "")
    except _DAMAGE:
        return _UNREADABLE


def _obstacles(archive: ZipFile) -> Iterator[str]:
    parts = {normalize_part_name(info.filename): info for info in archive.infolist() if not info.is_dir()}
    yield from _lost_parts(parts)
    if sum(info.file_size for info in parts.values()) > _MOST_BYTES:
        yield _LARGE
    cells = 0
    for name, info in parts.items():
        if name.endswith((".xml", ".vml")) and not name.startswith(_NOT_READ):
            content = archive.read(info)
            cells += len(_CELL.findall(content)) if name.startswith("xl/worksheets/") else 0
            if cells > MOST_CELLS:
                yield _LARGE
            yield from _obstacles_of_part(name, content)


def _lost_parts(names: Iterable[str]) -> Iterator[str]:
    for pattern, what in _LOST_PARTS:
        if any(re.match(pattern, name) for name in names):
            yield _holds(what)
    for name in names:
        if not _KEPT_PARTS.fullmatch(name):
            yield f"the workbook holds a part that heyx-bulk does not know ({name})"


def _obstacles_of_part(name: str, content: bytes) -> Iterator[str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"<!DOCTYPE" in content:
        yield _UNREADABLE
    elif b"_x005f_" in content.lower():
        yield "the workbook holds texts that look like escaped signs (_x005F_)"
    elif name.endswith(".vml"):
        if len(_NOTE.findall(content)) > len(_PLAIN_NOTE.findall(content)) or b"imagedata" in content:
            yield _holds("buttons or pictures")
    elif name.startswith("xl/worksheets/"):
        if _OF_DATA_TYPE.search(content):
            yield _holds("data types or formulas that spill")
        yield from _around_cells(content)
    elif name.startswith(_MODELLED) or name in ("xl/workbook.xml", "xl/styles.xml"):
        yield from _elements(ElementTree.fromstring(content))  # noqa: S314 - small, and without DOCTYPE


def _around_cells(content: bytes) -> Iterator[str]:
    """What a worksheet holds beside its rows that would be lost."""
    start = _SHEET_DATA.search(content)
    if start is None:
        yield _UNREADABLE
        return
    skeleton = content
    if not start[1]:
        ends = [*_SHEET_DATA_END.finditer(content)]
        if not ends:
            yield _UNREADABLE
            return
        skeleton = content[: start.end()] + content[ends[-1].start() :]
    root = ElementTree.fromstring(skeleton)  # noqa: S314 - small, and without DOCTYPE
    covered = 0
    for element in root:
        name = _local(element)
        if name not in _KEPT_ELEMENTS:
            yield _holds(_LOST_ELEMENTS.get(name, f"a part of a worksheet that heyx-bulk does not know ({name})"))
        if name in ("mergeCells", "hyperlinks"):
            for area in (area for child in element for area in areas(child.get("ref", ""))):
                covered += (area.bottom - area.top + 1) * (area.right - area.left + 1)
    if covered > MOST_CELLS:
        yield _LARGE
    yield from _elements(root)


def _elements(root: ElementTree.Element) -> Iterator[str]:
    """Extensions, pictures and shapes among the elements of a part."""
    for element in root.iter():
        name = _local(element)
        if name == "ext" and element.get("uri"):
            inside = _local(element[0]) if len(element) else ""
            if inside and inside not in _HARMLESS_EXTENSIONS:
                yield _holds(_EXTENSIONS.get(inside, f"features of a newer Excel ({inside})"))
        elif "spreadsheetDrawing" in element.tag and name in _SHAPES:
            yield _holds("pictures" if name == "pic" else "shapes")
        elif name == "AlternateContent" and _local(root) != "workbook":  # there it only remembers a folder
            yield _holds("shapes or charts of a newer Excel")


def _local(element: ElementTree.Element) -> str:
    return local(element.tag.rpartition("}")[2])


def _holds(what: str) -> str:
    return f"the workbook holds {what}, which a copy would lose"
