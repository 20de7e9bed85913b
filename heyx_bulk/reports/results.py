"""The files of a run's results: every row with its outcome, and the rows that need a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from heyx_bulk.reports.outcome_cells import row_label, sheet_positions
from heyx_bulk.reports.outcome_frames import frame_outcomes, outcome_frames, outcome_header
from heyx_bulk.reports.results_workbook import OwnWorkbook, cell_kinds, own_workbook
from heyx_bulk.reports.run_summary import summarize
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION, STATUS_COLORS
from heyx_bulk.reports.written_files import free_name, is_unchanged, write_file
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.excel_writer import CellStyle, reference_of_row
from heyx_bulk.sheets.frames import Frame, row_texts
from heyx_bulk.sheets.summary_page import SummaryPage
from heyx_bulk.sheets.writer import write_sheet
from heyx_bulk.sheets.xlsx.workbook_copy import CopyRefused
from heyx_bulk.storage.checkpoint.recovery import RecoveredRows
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run

_RESULTS, _FAILED = "Results", "Failed"


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written. `note` says why it is not a copy of the person's workbook, if it might be one."""

    path: Path
    note: str = ""


def write_results(run: Run, path: Path) -> WrittenFile:
    """Write every row of the sheet with its outcome to `path`, or beside it if the file there was changed by hand.

    The results of an Excel workbook are a copy of it with our columns, or else, with the reason in the note, a new
    workbook. There and in a CSV file the sheet's own columns come first, then ours.
    """
    return _Writer(run, _RESULTS, lambda record: str(record.number)).write(path)


def write_failed(run: Run, path: Path) -> WrittenFile | None:
    """Write the rows that need attention to `path`, to be corrected and sent again; None if there are none.

    Rows of a plan are not corrected one by one.

    The file is like that of the results, and `heyx row` names run and row; in a copy of the person's workbook the
    filter hides all other rows. If no row needs attention any more, an unchanged file of an earlier session is
    removed.
    """
    if run.is_planned or not run.checkpoint.queries.needs_attention():
        if path.exists() and is_unchanged(run.checkpoint, path):
            path.unlink()
        return None
    run_id = run.checkpoint.info.run_id
    return _Writer(run, _FAILED, lambda record: row_label(run_id, record.number)).write(path)


def write_recovered(found: RecoveredRows, path: Path) -> Path:
    """Write the rows of a damaged checkpoint to `path`, or to a free name beside it; returns the path.

    The columns are those of the results; the sheet's own are named by their letters if their header is lost.
    """
    widest = max((len(record.cells) for record in found.rows), default=0)
    header = found.header or tuple(f"column {column_letter(position)}" for position in range(widest))
    place = free_name(path)
    write_sheet(place, outcome_header(header), _lines(frame_outcomes(found.rows, header)))
    return place


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes a file of results; `kind` says of which rows, `label` what names a row in it."""

    run: Run
    kind: str
    label: Callable[[RowRecord], str]

    def write(self, path: Path) -> WrittenFile:
        """Write the file to `path`, or beside it where another file is in its place."""
        notes: list[str] = []
        with ExitStack() as stack:
            own, note = self._own_workbook(stack, path)
            written = write_file(
                self.run.checkpoint, path, lambda place: notes.append(self._write(place, own) or note)
            )
        return WrittenFile(written, notes[-1])

    def _own_workbook(self, stack: ExitStack, path: Path) -> tuple[OwnWorkbook | None, str]:
        """The workbook that is copied, or why there is none; a CSV file is not copied."""
        if path.suffix != ".xlsx":
            return None, ""
        try:
            return stack.enter_context(own_workbook(self.run)), ""
        except CopyRefused as refusal:
            return None, str(refusal)

    def _write(self, place: Path, own: OwnWorkbook | None) -> str:
        """Write a copy, or a new file; returns why it is no copy although there is a workbook."""
        reason = ""
        if own is not None:
            try:
                own.write(self.run, place, self.label, only_attention=self.kind == _FAILED)
            except CopyRefused as refusal:
                reason = str(refusal)
            else:
                return ""
        info = self.run.checkpoint.info
        kept, kinds = sheet_positions(info.header), cell_kinds(self.run.columns)
        write_sheet(
            place,
            outcome_header(info.header),
            _lines(outcome_frames(self.run, attention_only=self.kind == _FAILED)),
            worksheet=self.kind,
            style=CellStyle([kinds[position] for position in kept], len(kept), STATUS_COLORS),
            summary=self._summary() if place.suffix == ".xlsx" else None,
            raw_csv=bool(info.sheet_options.get("raw_csv")),
        )
        return reason

    def _records(self) -> Iterator[RowRecord]:
        """The rows of the file, in the sheet's order."""
        return (
            record
            for record in self.run.checkpoint.queue.rows()
            if self.kind == _RESULTS or record.status in NEEDS_ATTENTION
        )

    def _summary(self) -> SummaryPage:
        places = {
            record.number: index
            for index, record in enumerate(self._records())
            if record.status in NEEDS_ATTENTION
        }
        return summarize(
            self.run,
            lambda number: reference_of_row(self.kind, places[number]),
            opens=self.kind == _RESULTS,
        )


def _lines(frames: Iterable[Frame]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(map(row_texts, frames))
