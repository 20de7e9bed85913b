"""Merged cells of an OpenDocument sheet, which the library that reads its rows does not know."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from heyx_bulk.sheets.cell_reference import Area
from heyx_bulk.sheets.limits import MOST_MERGED
from heyx_bulk.sheets.xlsx.package import Package, local

_MOST_REPEATED = 1 << 24


def merged_areas(path: Path) -> dict[str, list[Area]]:
    """The merged areas of each worksheet by its name; raises `SheetError` where the XML is broken."""
    found: dict[str, list[Area]] = defaultdict(list)
    name, row, next_row, column = "", 0, 1, 0
    total = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal name, row, next_row, column, total
        if tag not in ("table", "table-row", "table-cell", "covered-table-cell"):
            return
        known = {local(key): value for key, value in attributes.items()}
        if tag == "table":
            name, row, next_row = known.get("name", ""), 0, 1
        elif tag == "table-row":
            row, column = next_row, 0
            next_row += _number(known, "number-rows-repeated")
        else:
            rows, columns = _number(known, "number-rows-spanned"), _number(known, "number-columns-spanned")
            if max(rows, columns) > 1 and total < MOST_MERGED:
                total += 1
                found[name].append(Area(row, row + rows - 1, column, column + columns - 1))
            column += _number(known, "number-columns-repeated")

    Package(path).elements("content.xml", start)
    return found


def _number(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return min(int(text), _MOST_REPEATED) if len(text) < 10 and text.isdecimal() else 1
