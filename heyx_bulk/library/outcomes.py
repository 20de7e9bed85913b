"""What the library's functions give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from heyx_bulk.errors import Stopped
from heyx_bulk.library.python_words import in_python, speaking_python, translate
from heyx_bulk.mapping.columns import MESSAGE_COLUMN, STATUS_COLUMN
from heyx_bulk.models.contacts import Status
from heyx_bulk.planning.estimate import CallKind, Effect
from heyx_bulk.reports.outcome_frames import outcome_frames
from heyx_bulk.reports.run_status import RunStatus
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION, complete_totals, totals_line
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.frames import Frame, join_frames, with_texts
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.events import UploadPlan
from heyx_bulk.upload.upload_result import UploadResult

__all__ = ["Estimate", "RunResult", "RunStatus", "SheetInspection", "Verification", "outcome_frame"]


@dataclass(frozen=True)
class Estimate:
    """What an upload would cost, each number as the least and the most.

    `calls` are all calls, `calls_by_kind` those of each kind. `rows` are counted by what they would do to their
    contacts (`create`, `update`, `unchanged`, `skipped`, `failed`). `seconds` is the longest time at the rate
    of this channel. `invalid` rows would not be sent.
    """

    calls: tuple[int, int]
    calls_by_kind: Mapping[str, tuple[int, int]]
    rows: Mapping[str, tuple[int, int]]
    seconds: float
    invalid: int

    @classmethod
    def of(cls, found: UploadPlan, totals: Mapping[str, int]) -> Estimate:
        """The estimate of the rows that a plan counts."""
        due = found.cost
        return cls(
            (due.calls_low, due.calls),
            {str(kind): (due.calls_by_kind[kind].low, due.calls_by_kind[kind].high) for kind in CallKind},
            {str(effect): (due.effects[effect].low, due.effects[effect].high) for effect in Effect},
            found.seconds,
            totals.get(Status.INVALID, 0),
        )


@dataclass(frozen=True)
class RunResult:
    """The result of a run.

    `totals` counts the rows by status and has every status. `checkpoint` is the run's file; None after a
    simulation. `results_file`, `failed_file` and `report_file` are the files that were written, or None. `calls`
    and `seconds` are those of this session. `stopped` is the reason why the run ended early, or None: the same
    call resumes it.
    """

    sheet: str
    totals: dict[str, int]
    checkpoint: Path | None
    results_file: Path | None = None
    failed_file: Path | None = None
    report_file: Path | None = None
    calls: int = 0
    seconds: float = 0.0
    stopped: Stopped | None = None
    settings: Settings | None = field(default=None, repr=False, compare=False)
    """How HeyX was spoken to: a rerun of this result does it likewise. The token is hidden."""
    _result: UploadResult | None = field(default=None, repr=False, compare=False)
    _frame: Frame | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, result: UploadResult, settings: Settings, frame: Frame | None = None) -> RunResult:
        """The result of an upload; a `frame` of all rows takes the place of a checkpoint that was thrown away."""
        sent = result.sent
        for error in (result.write_error, sent.stopped if sent else None):
            if error is not None:
                translate(error, resumes=frame is None)
        return cls(
            sheet=result.sheet,
            totals=complete_totals(result.totals),
            checkpoint=result.checkpoint if frame is None else None,
            results_file=result.results,
            failed_file=result.failed,
            report_file=result.report,
            calls=sent.calls if sent else 0,
            seconds=sent.seconds if sent else 0.0,
            stopped=sent.stopped if sent else None,
            settings=settings,
            _result=result,
            _frame=frame,
        )

    @cached_property
    def rows(self) -> Frame:
        """Every row of the sheet with its outcome, as the checkpoint has it when this is first asked for.

        The index is the row's number: of a DataFrame its index or position, of a file the number that a
        spreadsheet shows. The columns are the sheet's own, as text, then `heyx status`, `heyx contact id`,
        `heyx message` and `heyx row`, by which `rerun` recognizes a corrected row.
        """
        return self._read() if self._frame is None else self._frame

    @cached_property
    def failed(self) -> Frame:
        """The rows that need attention (failed, invalid, uncertain), as in `rows`. Correct them, then `rerun`."""
        if self._frame is None:
            return self._read(attention_only=True)
        return self._frame[self._frame[STATUS_COLUMN].isin(list(map(str, NEEDS_ATTENTION)))]

    def raise_for_error(self) -> None:
        """Raise the error that stopped the run, or that makes its results unreliable."""
        if self._result is not None:
            with speaking_python():
                self._result.raise_for_error()

    def __str__(self) -> str:
        return totals_line(self.totals)

    def _read(self, *, attention_only: bool = False) -> Frame:
        assert self.checkpoint is not None, "a run without a checkpoint has its frame"  # noqa: S101
        with speaking_python(), Checkpoint.open(self.checkpoint) as checkpoint:
            return outcome_frame(Run.from_checkpoint(checkpoint), attention_only=attention_only)


def outcome_frame(run: Run, *, attention_only: bool = False) -> Frame:
    """The rows of a run with their outcomes; `attention_only`: those that failed, are invalid or uncertain."""
    frame = join_frames(outcome_frames(run, attention_only=attention_only, run_named=True))
    # Of objects, so that a person may put a number or a date into a cell to correct it.
    return (
        with_texts(frame, MESSAGE_COLUMN, [*map(in_python, frame[MESSAGE_COLUMN].tolist())])
        .astype(object)
        .rename_axis("row")
    )


@dataclass(frozen=True, slots=True)
class SheetInspection:
    """What a sheet contains, and what is wrong with it, before it is uploaded.

    `columns` has a row for each column: its letter, header, meaning, the reason for it, and some values.
    `mistakes` must be corrected before the sheet can be sent. `problems` says why rows are invalid: cause, number
    of rows, the first of them, an example. `warnings` lists values that seem damaged, with their rows.
    `unknown_fields` are custom fields that the channel has not shown yet. `totals` counts the rows by status; rows
    `to do` can be sent.
    """

    sheet: str
    format: str
    worksheet: str | None
    header_row: int
    notes: tuple[str, ...]
    columns: Frame
    mistakes: tuple[str, ...]
    problems: Frame
    warnings: Frame
    unknown_fields: tuple[str, ...]
    totals: dict[str, int]


@dataclass(frozen=True, slots=True)
class Verification:
    """The contacts in HeyX, compared with what a run sent.

    `compared` is how many rows were read back. `differences` has a row for each value that differs, with the row's
    number as index: `heyx contact id`, `field`, `sent`, `stored`, and `message` where a contact could not be read.
    """

    compared: int
    differences: Frame

    @property
    def matches(self) -> bool:
        """Whether HeyX has everything as it was sent."""
        return self.differences.empty
