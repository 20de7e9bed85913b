"""Results in a copy of the person's own workbook: what is added to it, and whether it is the sheet of the run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from heyx_bulk.errors import SheetError
from heyx_bulk.mapping.columns import OUR_COLUMNS, Columns, Use, normalize_name
from heyx_bulk.reports.outcome_cells import outcome_cells
from heyx_bulk.reports.run_summary import summarize
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION, STATUS_COLORS
from heyx_bulk.sheets.detect_format import Format
from heyx_bulk.sheets.frames import numbers_of, row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.xlsx.workbook_copy import AddedColumns, CopyRefused, CorrectedCell, copy_workbook
from heyx_bulk.storage.checkpoint.row_record import CellsDigest, RowRecord, rows_to_json
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.values.value_types import ValueKind

WIDTHS = (12, 20, 50, 24)
"""The widths of our columns, in characters."""

_TYPED = (ValueKind.NUMBER, ValueKind.DATE, ValueKind.DATETIME, ValueKind.BOOLEAN)


def cell_kinds(columns: Columns) -> tuple[ValueKind | None, ...]:
    """The kind of each of a sheet's columns, where it is one whose cells are typed."""
    return tuple(
        column.value_type.kind if column.use is Use.FIELD and column.value_type.kind in _TYPED else None
        for column in columns.columns
    )


@dataclass(frozen=True, slots=True)
class OwnWorkbook:
    """The workbook of a run's sheet, as it was when the run began, and the cells that were corrected since."""

    path: Path
    worksheet: str
    header_row: int
    corrected: dict[tuple[int, int], CorrectedCell]

    def write(
        self, run: Run, path: Path, label: Callable[[RowRecord], str], *, only_attention: bool = False
    ) -> None:
        """Write a copy with the outcome of every row to `path`; raises `CopyRefused`.

        With `only_attention`, the filter shows the rows that need a person, and the workbook opens with them.
        """
        header, ids = run.checkpoint.info.header, run.columns.used(Use.ID)
        ours: dict[str, int] = {}
        for name in OUR_COLUMNS:
            found = [at for at, text in enumerate(header) if normalize_name(text) == normalize_name(name)]
            if len(found) > 1:
                raise CopyRefused(f"the sheet has the column {name} twice")
            ours |= {name: found[0]} if found else {}
        rows: dict[int, list[str]] = {}
        shown: set[int] = set()
        words: set[str] = set()
        for record in run.checkpoint.queue.rows():
            rows[record.number] = outcome_cells(record, ids, label(record))
            if record.status in NEEDS_ATTENTION:
                shown.add(record.number)
                words.add(record.status)
        added = AddedColumns(
            worksheet=self.worksheet,
            header_row=self.header_row,
            width=len(header),
            header=OUR_COLUMNS,
            positions=ours,
            rows=rows,
            widths=WIDTHS,
            in_sight=3,
            colors=STATUS_COLORS,
            corrected=self.corrected,
            shown=frozenset(shown) if only_attention else None,
            shown_words=sorted(words),
        )
        copy_workbook(self.path, path, added, lambda place: summarize(run, place, opens=not only_attention))


@contextmanager
def own_workbook(run: Run) -> Iterator[OwnWorkbook]:
    """The workbook of the run's sheet, as a snapshot that nobody changes; raises `CopyRefused` with the reason."""
    info = run.checkpoint.info
    source = Path(info.path)
    with TemporaryDirectory(prefix="heyx-bulk-") as folder:
        snapshot = Path(folder) / "sheet.xlsx"
        try:
            shutil.copyfile(source, snapshot)
            sheet = open_sheet(snapshot, SheetOptions(**info.sheet_options))
        except FileNotFoundError as error:
            raise CopyRefused(f"{source.name} is no longer where it was") from error
        except (OSError, SheetError) as error:
            raise CopyRefused(f"{source.name} cannot be read any more") from error
        if sheet.format != Format.EXCEL or sheet.worksheet is None:
            raise CopyRefused(f"{source.name} is not an .xlsx file")
        corrected = _corrected_cells(run, sheet)
        yield OwnWorkbook(snapshot, sheet.worksheet, sheet.header_row, corrected)


def _corrected_cells(run: Run, sheet: Sheet) -> dict[tuple[int, int], CorrectedCell]:
    """The cells that have other texts than in `sheet`; raises `CopyRefused` if that is not the run's sheet."""
    kinds = cell_kinds(run.columns)
    digest, corrected = CellsDigest(sheet.header), {}
    for number, cells, record in _pairs(sheet, digest, run.checkpoint.queue.rows()):
        if record is not None and record.number == number and record.cells != cells:
            for at, (before, now) in enumerate(zip(cells, record.cells, strict=True)):
                if before != now:
                    corrected[number, at] = CorrectedCell(now, kinds[at])
    if digest.hexdigest() != run.checkpoint.info.digest:
        raise CopyRefused(f"{Path(run.checkpoint.info.path).name} has changed since the run began")
    return corrected


def _pairs(
    sheet: Sheet, digest: CellsDigest, records: Iterable[RowRecord]
) -> Iterator[tuple[int, tuple[str, ...], RowRecord | None]]:
    """The rows of a sheet, added to `digest`, each with the record that has its place."""
    stored = iter(records)
    for frame in sheet.frames():
        numbers, rows = numbers_of(frame.cells), row_texts(frame.cells)
        digest.add(numbers, rows_to_json(rows))
        for number, cells in zip(numbers, rows, strict=True):
            yield number, cells, next(stored, None)
