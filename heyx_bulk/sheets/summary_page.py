"""The worksheet *Summary* that stands first in a workbook of results, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

SUMMARY_TITLE = "Summary"
SUMMARY_HEADING = "heyx-bulk: results of an upload"
"""The text of the first cell of a summary; by it the summary of an earlier run is recognized."""

MOST_LINKS = 60_000
"""Excel keeps 65,530 links on a worksheet."""


class SummaryCell(NamedTuple):
    """A cell: its text or number, its background (`#RRGGBB`), and where a click leads (`'People'!A12`)."""

    text: str | int = ""
    color: str = ""
    link: str = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """The rows of a summary. `opens`: the workbook opens with it, not with the table."""

    rows: Sequence[Sequence[SummaryCell]]
    opens: bool = True


SUMMARY_WIDTHS = (24, 14, 22, 90)
"""The widths of the columns, in characters."""
