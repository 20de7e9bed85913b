"""Rows and texts of a workbook, split from its XML by patterns where it is plain.

Nearly all cells of real workbooks are written in a few ways, which one pattern recognizes. A piece of XML is plain
if nothing but row tags stands between such cells. Any other piece is `Odd`, whatever is unusual about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import compress, pairwise
from operator import lt
from typing import NamedTuple, Protocol, cast

from heyx_bulk.sheets.cell_reference import column_position
from heyx_bulk.sheets.limits import MOST_CHARACTERS, MOST_COLUMNS, MOST_ROWS, WIDEST_GAP
from heyx_bulk.sheets.record import CellError, Page
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
from heyx_bulk.sheets.xlsx.plain_pieces import Odd

_MOST_CELLS = 1 << 21
_ATTRIBUTES = r'(?: [A-Za-z][A-Za-z0-9:._-]*="[^"<&\x00-\x1f\ufffe\uffff]*")*'
_BLANKS = r"[ \t\r\n]*"
_FORMULA = (
    r'<f(?: t="(?:shared|array)")?(?: aca="(?:false|0)")?(?: ref="[A-Z0-9:]{1,30}")?(?: ca="(?:true|1)")?'
    r'(?: si="[0-9]{1,9}")?'
    r"(?:/>|>(?:[^<&\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&(?:amp|lt|gt|quot|apos);)*</f>)"
)
_CELL = re.compile(
    rf'<c r="([A-Z]{{1,3}})[0-9]{{1,7}}"({_ATTRIBUTES}) ?'
    rf"(?:/>|>(?:(?:{_FORMULA})?<v>([^<]+)</v>"
    r'|<is><t(?: xml:space="preserve")?>([^<]+)</t></is>'
    r"|<v ?/>|<v></v>|<is><t ?/></is>|<is><t></t></is>)?</c>)"
)
"""A cell: the letters of its column, its other attributes, its value, its own text."""

_ROWS = re.compile(
    rf"{_BLANKS}(</row>)?{_BLANKS}((?:<row{_ATTRIBUTES} ?(?:/>|></row>){_BLANKS})*)"
    rf'(?:<row r="([0-9]{{1,7}})"({_ATTRIBUTES})>{_BLANKS})?'
)
"""What stands between the cells of two rows: an end, rows without cells, the start of a row."""

_BLANK_ROW = re.compile(rf'<row r="([0-9]{{1,7}})"({_ATTRIBUTES})')
_ATTRIBUTE = re.compile(r' ([^=]+)="([^"]*)"')
_TEXT = re.compile(r'<si><t(?: xml:space="preserve")?(?: ?/>|>([^<]*)</t>)</si>')
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITY = re.compile("&(amp|lt|gt|quot|apos);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_SIGNS = re.compile(r"[0-9.eE+-]+")
_ERROR = re.compile(r"#[A-Z0-9/!?_]{1,39}")


class Texts(Protocol):
    """The texts that cells refer to by number."""

    def __len__(self) -> int: ...

    def many(self, numbers: Sequence[int]) -> Iterator[str]: ...


def split_texts(piece: str) -> Sequence[str]:
    """The shared texts in a piece of XML; raises `Odd`."""
    parts = _TEXT.split(piece)
    if "".join(parts[0::2]).strip(" \t\r\n"):
        raise Odd
    return _read_texts([text or "" for text in parts[1::2]])


def _read_texts(texts: Values) -> Values:
    """Texts as they are meant where XML has them as `texts`; raises `Odd`."""
    whole = "\n".join(texts)
    if "]]>" in whole or (not whole.isprintable() and _NOT_XML.search(whole)):
        raise Odd
    if len(whole) > MOST_CHARACTERS and max(map(len, texts)) > MOST_CHARACTERS:
        raise Odd
    if "\r" in whole:
        texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    if "&" in whole:
        if len(_ENTITY.findall(whole)) != whole.count("&"):
            raise Odd
        texts = [_ENTITY.sub(lambda found: _ENTITIES[found[1]], text) if "&" in text else text for text in texts]
    return [*map(decode_escapes, texts)] if "_x" in whole else texts


def _kind(attributes: str) -> str:
    return _parse_attributes(attributes).get("t", "n")


@lru_cache(1000)
def _parse_attributes(text: str) -> dict[str, str]:
    """The attributes of an element as they stand in the XML; raises `Odd` for one that comes twice."""
    found = _ATTRIBUTE.findall(text)
    attributes = dict(found)
    if len(attributes) < len(found) or "r" in attributes:
        raise Odd
    return attributes


Values = Sequence[str]
CellTexts = list[str | CellText]
ReadValues = Callable[[Values], CellTexts]
"""Reads values as they stand in the XML, none of them blank; raises `Odd`."""


class ValueReader:
    """Reads the values of plain cells; `texts` are the shared ones, `formats` the number formats by style."""

    def __init__(self, texts: Texts, formats: Sequence[NumberFormat], *, from_1904: bool) -> None:
        self._texts = texts
        self._formats = formats
        self._from_1904 = from_1904
        self._known: dict[str, ReadValues] = {}

    def read(self, cells: PlainCells) -> CellTexts:
        """The text of each cell; raises `Odd`."""
        if any(cells.own):
            values: Sequence[str | None] = [
                own or value for own, value in zip(cells.own, cells.values, strict=True)
            ]
            if any(
                own and _kind(attributes) != "inlineStr"
                for attributes, own in zip(cells.attributes, cells.own, strict=True)
            ):
                raise Odd
        else:
            values = cells.values
        if len({*cells.attributes}) == 1 and all(values):
            return self._reader(cells.attributes[0])(cast("Values", values))
        places: dict[str, list[int]] = {}
        for place, attributes in enumerate(cells.attributes):
            if values[place]:
                places.setdefault(attributes, []).append(place)
        texts: list[str | CellText] = [""] * len(values)
        for attributes, found in places.items():
            read = self._reader(attributes)([values[place] or "" for place in found])
            for place, text in zip(found, read, strict=True):
                texts[place] = text
        return texts

    def _reader(self, attributes: str) -> ReadValues:
        if attributes not in self._known:
            found = _parse_attributes(attributes)
            match found.get("t", "n"):
                case "s":
                    reader: ReadValues = self._shared_texts
                case "n":
                    reader = partial(self._numbers, self._format(found.get("s", "0")))
                case "str" | "inlineStr":
                    reader = _texts
                case "b":
                    reader = _booleans
                case "e":
                    reader = _errors
                case _:
                    raise Odd
            self._known[attributes] = reader
        return self._known[attributes]

    def _format(self, style: str) -> NumberFormat:
        if not (style.isdecimal() and len(style) < 10):
            raise Odd
        return self._formats[int(style)] if int(style) < len(self._formats) else GENERAL

    def _shared_texts(self, values: Values) -> CellTexts:
        digits = "".join(values)
        if not (digits.isascii() and digits.isdecimal()) or max(map(len, values)) > 9:
            raise Odd
        numbers = [*map(int, values)]
        if max(numbers) >= len(self._texts):
            raise Odd
        return [*self._texts.many(numbers)]

    def _numbers(self, number_format: NumberFormat, values: Values) -> CellTexts:
        plain = number_format.kind is NumberKind.NUMBER
        known = {
            raw: raw if plain and PLAIN_NUMBER.fullmatch(raw) else self._number(raw, number_format)
            for raw in {*values}
        }
        return [*map(known.__getitem__, values)]

    def _number(self, raw: str, number_format: NumberFormat) -> str | CellText:
        if not _SIGNS.fullmatch(raw):
            raise Odd
        cell = number_text(raw, number_format, from_1904=self._from_1904)
        return cell if cell.error or cell.warning else cell.text


def _texts(values: Values) -> CellTexts:
    return [*_read_texts(values)]


def _booleans(values: Values) -> CellTexts:
    if not {"0", "1"}.issuperset(values):
        raise Odd
    return ["true" if value == "1" else "false" for value in values]


def _errors(values: Values) -> CellTexts:
    if not all(map(_ERROR.fullmatch, values)):
        raise Odd
    return [CellText("", error=f"shows the error {value}", remedy=CORRECT_CELL) for value in values]


class PlainCells(NamedTuple):
    """The cells of a piece: the letters of their columns, other attributes, values, and texts of their own."""

    letters: Sequence[str]
    attributes: Sequence[str]
    values: Sequence[str | None]
    own: Sequence[str | None]


class PlainRows(NamedTuple):
    """The rows of a piece that have cells: where each begins among the cells, its number; and the last row."""

    starts: list[int]
    numbers: list[int]
    hidden: frozenset[int]
    last: int


def split_rows(piece: str, values: ValueReader, last: int, widest: int) -> tuple[Page, int]:
    """The rows in a piece of XML, and the number of the last one; raises `Odd`.

    `last` is the row before, and `widest` the width of the widest row so far.
    """
    parts = _CELL.split(piece)
    rows = _split_row_tags(parts[0::5], last)
    cells = PlainCells(parts[1::5], parts[2::5], parts[3::5], parts[4::5])
    positions = {letters: column_position(letters) for letters in {*cells.letters}}
    width = max(positions.values(), default=-1) + 1
    if width > min(MOST_COLUMNS, widest + WIDEST_GAP) or width * len(rows.numbers) > _MOST_CELLS or "]]>" in piece:
        raise Odd
    places = [*map(positions.__getitem__, cells.letters)]
    columns = _columns(cells, places, rows.starts, width, values)
    errors, warnings = _issues(columns, rows.numbers)
    found = cast("list[list[str]]", columns)
    return Page(rows.numbers, found, None, errors, warnings, rows.hidden), rows.last


def _split_row_tags(between: Sequence[str], last: int) -> PlainRows:
    """The rows, from what stands before, between and after the cells."""
    starts: list[int] = []
    numbers: list[int] = []
    hidden: set[int] = set()
    is_open = False
    for at in compress(range(len(between)), between):
        found = _ROWS.fullmatch(between[at])
        if not found or bool(found[1]) != is_open:
            raise Odd
        if found[2]:
            last = _skip_blank_rows(found[2], last)
        is_open = found[3] is not None
        if is_open:
            last = _next_row(last, found[3])
            starts.append(at)
            numbers.append(last)
            if _parse_row(found[4]):
                hidden.add(last)
    if is_open or (len(between) > 1 and starts[:1] != [0]):
        raise Odd
    return PlainRows(starts, numbers, frozenset(hidden), last)


def _skip_blank_rows(tags: str, last: int) -> int:
    blanks = _BLANK_ROW.findall(tags)
    if len(blanks) != tags.count("<row"):
        raise Odd
    for number, attributes in blanks:
        last = _next_row(last, number)
        _parse_row(attributes)
    return last


def _next_row(last: int, raw: str) -> int:
    if not last < int(raw) <= MOST_ROWS:
        raise Odd
    return int(raw)


@lru_cache(1000)
def _parse_row(attributes: str) -> bool:
    """Whether a row with these attributes, its number apart, is hidden; raises `Odd`."""
    return _parse_attributes(attributes).get("hidden") in ("1", "true")


def _columns(
    cells: PlainCells, places: list[int], starts: list[int], width: int, values: ValueReader
) -> list[list[str | CellText]]:
    """The texts of each column of rows that begin at `starts` among the cells; raises `Odd`."""
    size, rows = len(places), len(starts)
    columns: list[list[str | CellText]] = [[""] * rows for _ in range(width)]
    if not rows:
        return columns
    step = size // rows
    row = places[:step]
    if starts == [*range(0, size, step)] and places == row * rows and all(map(lt, row, row[1:])):
        for at, place in enumerate(row):
            columns[place] = values.read(PlainCells._make(part[at::step] for part in cells))
        return columns
    if not {at for at, (one, other) in enumerate(pairwise(places), 1) if other <= one}.issubset(starts):
        raise Odd
    texts = values.read(cells)
    for index, (start, end) in enumerate(pairwise([*starts, size])):
        for place, text in zip(places[start:end], texts[start:end], strict=True):
            columns[place][index] = text
    return columns


def _issues(
    columns: Sequence[list[str | CellText]], numbers: Sequence[int]
) -> tuple[list[CellError], list[CellError]]:
    """The errors and warnings of cells, which become texts."""
    errors: list[CellError] = []
    warnings: list[CellError] = []
    for position, texts in enumerate(columns):
        if _are_texts(texts):
            continue
        for index in [index for index, text in enumerate(texts) if text.__class__ is not str]:
            cell = texts[index]
            assert isinstance(cell, CellText)  # noqa: S101 - it is no text
            issues = errors if cell.error else warnings
            issues.append(CellError(numbers[index], position, cell.error or cell.warning, cell.remedy))
            texts[index] = cell.text
    return sorted(errors), sorted(warnings)


def _are_texts(cells: CellTexts) -> bool:
    """Whether none has an issue. Joining them, which takes texts alone, is by far the quickest way to know."""
    try:
        "".join(cast("list[str]", cells))
    except TypeError:
        return False
    return True
