"""Which worksheet of a workbook is read: the one that is named, else the only one a person sees that has data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.batch import Record
from heyx_bulk.sheets.cell_reference import Area
from heyx_bulk.sheets.xlsx.workbook import WorksheetInfo


class Rows(Protocol):
    """A worksheet's rows; `merged` is filled once they have ended."""

    @property
    def merged(self) -> Sequence[Area]:
        """Its merged areas."""

    def records(self) -> Iterator[Record]:
        """The rows that have cells."""


class Book(Protocol):
    """A workbook, whatever its format."""

    @property
    def path(self) -> Path:
        """Where its content lies, under the name a person knows."""

    @property
    def worksheets(self) -> tuple[WorksheetInfo, ...]:
        """Its worksheets in their order."""

    @property
    def notes(self) -> Sequence[str]:
        """What is worth a line to a person."""

    def filled(self, info: WorksheetInfo) -> bool:
        """Whether a worksheet holds any data."""

    def worksheet(self, info: WorksheetInfo) -> Rows:
        """A worksheet's rows."""


RUN_WORKSHEET = "heyx run"
"""The worksheet in which a results file tells of its run: never taken for a sheet of contacts unasked."""


def worksheet_named(book: Book, name: str) -> WorksheetInfo:
    """The worksheet `name`, whatever its case; `SheetError` lists those there are."""
    exact = [info for info in book.worksheets if info.name == name]
    alike = [info for info in book.worksheets if info.name.casefold() == name.strip().casefold()]
    if exact or alike:
        return (exact or alike)[0]
    what = f"{book.path.name} has no worksheet {name!r}; it has {_listed(book.worksheets)}"
    raise SheetError(what, "Name one of them with --worksheet NAME.")


def only_worksheet(book: Book) -> WorksheetInfo:
    """The only visible worksheet with data; hidden ones are never chosen unasked."""
    others = (info for info in book.worksheets if info.visible and info.name != RUN_WORKSHEET)
    filled = [info for info in others if book.filled(info)]
    if len(filled) == 1:
        return filled[0]
    if filled:
        what = f"{book.path.name} has several worksheets with data: {_listed(filled)}"
        raise SheetError(what, "Name the one to read with --worksheet NAME.")
    hidden = [info for info in book.worksheets if not info.visible]
    if hidden:
        what = f"{book.path.name} is empty but for the hidden worksheets {_listed(hidden)}"
        raise SheetError(what, "Name the one to read with --worksheet NAME.")
    raise SheetError(f"{book.path.name} is empty", "Give a sheet with a header row and a row for each contact.")


def _listed(worksheets: Sequence[WorksheetInfo]) -> str:
    return ", ".join(repr(info.name) for info in worksheets)
