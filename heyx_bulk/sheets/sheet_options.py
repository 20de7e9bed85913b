"""How a sheet is to be read where its content does not say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from heyx_bulk.models.option import Panel, option


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """How a sheet is to be read; what is None is detected from its content.

    `worksheet` is matched whatever its case; `header_row` counts from 1, as Excel does. `encoding` and `separator`
    are for CSV files only. With `fill_merged`, each row gets the value of a cell that is merged over several
    rows. With `raw_csv`, the apostrophe that keeps a spreadsheet from running a value as a formula is not removed
    when a CSV file is read, and not added when one is written.
    """

    panel: ClassVar = Panel.SHEET

    worksheet: str | None = option(
        "--worksheet", panel=Panel.USUAL, metavar="WORKSHEET", help="The worksheet to read."
    )
    header_row: int | None = option(
        "--header-row", metavar="ROW", least=1, help="The row with the headers, if it is not the first."
    )
    encoding: str | None = option(
        "--encoding", metavar="NAME", help="The encoding of a CSV file, such as cp1252 or utf-16."
    )
    separator: str | None = option(
        "--separator", metavar="CHARACTER", help="What separates the columns of a CSV file, such as ; or tab."
    )
    fill_merged: bool = option(
        "--fill-merged", default=False, help="Give each row the value of a cell that is merged over several rows."
    )
    raw_csv: bool = option(
        "--raw-csv",
        default=False,
        help="Turn off protection against CSV formula injection: a leading apostrophe is part of the value.",
    )

    @classmethod
    def given_back(cls, stored: Mapping[str, Any], worksheet: str | None = None) -> SheetOptions:
        """How a file of a run's rows is read where the run's sheet was read with the options `stored`."""
        fill_merged = stored.get("fill_merged", False)
        return cls(worksheet=worksheet, fill_merged=fill_merged, raw_csv=stored["raw_csv"])


DETECT_ALL = SheetOptions()


@dataclass(frozen=True, slots=True)
class SheetPreset:
    """What a mapping file says of how a sheet is read; options win over it.

    `worksheet_place` and `header_row_place` say where it stands: `contacts.toml, line 3`.
    """

    worksheet: str | None = None
    header_row: int | None = None
    worksheet_place: str = ""
    header_row_place: str = ""

    def complete(self, options: SheetOptions, *, is_workbook: bool) -> SheetOptions:
        """The options, completed by the preset; its row of headers is not for another worksheet than its own."""
        worksheet = self.worksheet if is_workbook else None
        if options.worksheet is not None:
            is_other = worksheet is not None and not same_worksheet(worksheet, options.worksheet)
            header_row, worksheet = None if is_other else self.header_row, options.worksheet
        else:
            header_row = self.header_row
        return replace(options, worksheet=worksheet, header_row=options.header_row or header_row)


NO_PRESET = SheetPreset()


def same_worksheet(one: str, other: str) -> bool:
    """Whether two names are of the same worksheet, in any case."""
    return one.strip().casefold() == other.strip().casefold()
