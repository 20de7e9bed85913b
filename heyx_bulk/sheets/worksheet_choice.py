"""Choose the worksheet to read: the one that is named, else the only visible one that has data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.cell_reference import Area
from heyx_bulk.sheets.record import Record

RUN_WORKSHEET = "heyx run"
"""The worksheet of a results file that describes its run; it is read only where it is named."""

_NAME_ONE = "Name the one to read with --worksheet NAME."


@dataclass(frozen=True, slots=True)
class WorksheetInfo:
    """A worksheet's name, whether Excel shows it, and its part or number in the file."""

    name: str
    visible: bool
    part: str


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The rows of a worksheet that have cells; `merged` are its merged areas, complete once the rows are read."""

    records: Iterator[Record]
    merged: Sequence[Area]


class Book(Protocol):
    """A workbook of any format; `notes` are shown to the user."""

    path: Path
    worksheets: tuple[WorksheetInfo, ...]
    notes: tuple[str, ...]

    def has_data(self, info: WorksheetInfo) -> bool: ...

    def worksheet(self, info: WorksheetInfo) -> Worksheet: ...


def choose_worksheet(book: Book, name: str | None) -> WorksheetInfo:
    """The worksheet called `name`, in any case, or the only visible one with data; raises `SheetError`."""
    if name is not None:
        exact = [info for info in book.worksheets if info.name == name]
        folded = [info for info in book.worksheets if info.name.casefold() == name.strip().casefold()]
        if exact or folded:
            return (exact or folded)[0]
        what = f"{book.path.name} has no worksheet {name!r}; it has {_listed(book.worksheets)}"
        raise SheetError(what, "Name one of them with --worksheet NAME.")
    visible = (info for info in book.worksheets if info.visible and info.name != RUN_WORKSHEET)
    filled = [info for info in visible if book.has_data(info)]
    if len(filled) == 1:
        return filled[0]
    if filled:
        raise SheetError(f"{book.path.name} has several worksheets with data: {_listed(filled)}", _NAME_ONE)
    hidden = [info for info in book.worksheets if not info.visible]
    if hidden:
        raise SheetError(f"{book.path.name} is empty but for the hidden worksheets {_listed(hidden)}", _NAME_ONE)
    raise SheetError(f"{book.path.name} is empty", "Give a sheet with a header row and a row for each contact.")


def _listed(worksheets: Sequence[WorksheetInfo]) -> str:
    return ", ".join(repr(info.name) for info in worksheets)
