"""The stored values of formulas, put back into a workbook that openpyxl has saved without them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.xlsx.cell_text import encode_escapes
from heyx_bulk.sheets.xlsx.package import Package, local
from heyx_bulk.sheets.xlsx.shared_strings import SharedStrings
from heyx_bulk.sheets.xlsx.workbook import Workbook

_FORMULA = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f\b(?:[^>]*/>|.*?</f>))<v ?/></c>', re.DOTALL)
_HAS_FORMULA = re.compile(rb"<f[ />]")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?")
_KIND = re.compile(r' t="[^"]*"')


class FormulaLost(Exception):
    """A formula of the workbook is not in what was saved; the text names it, as a clause."""


class StoredValue(NamedTuple):
    """What a workbook stores of a formula: the type of its value (None: a number), and the value in the XML."""

    kind: str | None
    raw: str | None


def restore_formula_values(
    source: Path,
    saved: BytesIO,
    target: Path,
    parts: Mapping[str, str],
    replaced: Mapping[str, Mapping[tuple[int, int], str | None]],
) -> None:
    """Write what openpyxl `saved` to `target`, with the values of formulas that the workbook at `source` stores.

    `parts` are the parts of the saved worksheets by name; `replaced` are other values, by row and position; None
    for a cell that is a formula no more. Raises `FormulaLost`.
    """
    workbook = Workbook(source)
    worksheets = {parts[info.name]: info for info in workbook.worksheets if info.name in parts}
    with ZipFile(saved) as archive, ZipFile(target, "w", ZIP_DEFLATED) as written:
        for part in archive.infolist():
            content = archive.read(part)
            info = worksheets.get(part.filename)
            if info is not None and _HAS_FORMULA.search(content):
                values = _stored_values(workbook.package, info.part, workbook.texts)
                _replace(values, replaced.get(info.name, {}))
                content = _with_values(content.decode(), values).encode()
            written.writestr(part.filename, content)


def _replace(values: dict[str, StoredValue], replaced: Mapping[tuple[int, int], str | None]) -> None:
    for (row, position), text in replaced.items():
        reference = f"{column_letter(position)}{row}"
        if (value := values.pop(reference, None)) is not None and text is not None:
            values[reference] = _changed(value, text)


def _changed(value: StoredValue, text: str) -> StoredValue:
    """The value that is read as `text`, of the same type as before where it can be."""
    if value.kind is None and _NUMBER.fullmatch(text):
        return StoredValue(None, text)
    if value.kind == "b" and text in ("true", "false"):
        return StoredValue("b", str(int(text == "true")))
    return StoredValue("str", encode_escapes(text))


def _with_values(xml: str, values: dict[str, StoredValue]) -> str:
    left = dict(values)

    def restored(found: re.Match[str]) -> str:
        reference, attributes, formula = found.groups()
        if (value := left.pop(reference, None)) is None or value.raw is None:
            return found[0]
        kind = f' t="{value.kind}"' if value.kind else ""
        return f'<c r="{reference}"{_KIND.sub("", attributes)}{kind}>{formula}<v>{escape(value.raw)}</v></c>'

    restored_xml = _FORMULA.sub(restored, xml)
    if left:
        raise FormulaLost(f"the formula in cell {next(iter(left))} would be lost")
    return restored_xml


class _FormulaReader:
    """Gathers the values of a worksheet's formulas as the parser meets them."""

    def __init__(self, texts: SharedStrings) -> None:
        self.values: dict[str, StoredValue] = {}
        self._texts = texts
        self._reference = self._kind = ""
        self._has_formula = self._in_value = False
        self._pieces: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match local(tag):
            case "c":
                self._reference, self._kind = attributes.get("r", ""), attributes.get("t", "")
                self._has_formula, self._pieces = False, None
            case "f":
                self._has_formula = True
            case "v":
                self._in_value, self._pieces = True, []

    def end(self, tag: str) -> None:
        match local(tag):
            case "v":
                self._in_value = False
            case "c" if self._has_formula:
                raw = None if self._pieces is None else "".join(self._pieces)
                self.values[self._reference] = _value(self._kind, raw, self._texts)

    def characters(self, text: str) -> None:
        if self._in_value and self._pieces is not None:
            self._pieces.append(text)


def _stored_values(package: Package, part: str, texts: SharedStrings) -> dict[str, StoredValue]:
    """The values of all formulas of a worksheet, by cell."""
    reader = _FormulaReader(texts)
    for _ in package.parse(part, reader.start, reader.end, reader.characters):
        pass
    return reader.values


def _value(kind: str, raw: str | None, texts: SharedStrings) -> StoredValue:
    if kind == "s" and raw and raw.isdecimal() and int(raw) < len(texts):
        return StoredValue("str", encode_escapes(texts[int(raw)]))
    return StoredValue(kind if kind not in ("", "n") else None, raw)
