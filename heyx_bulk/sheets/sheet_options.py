"""How a sheet is to be read where its content does not say so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """How a sheet is to be read; what is None is detected from its content.

    `worksheet` is matched whatever its case; `header_row` counts from 1, as Excel does. `encoding` and `separator`
    are for CSV files only. With `raw_csv`, apostrophes that protect CSV values from being run as formulas stay a
    part of them.
    """

    worksheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    separator: str | None = None
    raw_csv: bool = False
