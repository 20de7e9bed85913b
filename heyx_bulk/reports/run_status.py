"""The status of a run and the history of one row, read from the checkpoint alone, even while the run goes on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.models.contacts import ContactRow, Status
from heyx_bulk.planning.estimate import estimate, expected_calls
from heyx_bulk.reports.audit import audit_errors
from heyx_bulk.reports.failure_causes import FailureCause, failure_causes
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.rate import Rate
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.storage.checkpoint.call_table import CallRecord, Session
from heyx_bulk.storage.checkpoint.locking import is_locked
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run

LATELY_SECONDS = 300.0
"""How far back the pace of a run is measured."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The status of a run.

    `calls` are counted by kind, `outcomes` by result. At most `calls_left_max` calls are left; `calls_left` is
    estimated from finished rows. `per_minute` is the rate of the last minutes, at most the limit; None where the
    run is not in progress.
    """

    totals: dict[str, int]
    is_running: bool
    sessions: tuple[Session, ...]
    calls: dict[str, int]
    outcomes: dict[CallOutcome, int]
    causes: tuple[FailureCause, ...]
    calls_left_max: int
    calls_left: int
    per_minute: float | None
    audit_errors: tuple[str, ...]

    @property
    def seconds_left(self) -> float | None:
        """The estimated time for the calls left; None if the rate is not known."""
        return None if not self.per_minute else self.calls_left / self.per_minute * 60

    @property
    def killed_sessions(self) -> int:
        """The number of sessions that were killed or ended by a power failure."""
        return sum(session.ended_at is None for session in self.sessions) - self.is_running


def run_status(run: Run, *, clock: Callable[[], float] = time.time) -> RunStatus:
    """The status of `run`; nothing is written, no lock is needed."""
    checkpoint = run.checkpoint
    is_running = is_locked(checkpoint.path)
    totals = checkpoint.queries.totals()
    calls: Counter[str] = Counter()
    outcomes: Counter[CallOutcome] = Counter()
    for (_, kind, outcome), number in checkpoint.calls.counts().items():
        outcomes[outcome] += number
        if outcome is not CallOutcome.UNDELIVERED:
            calls[kind] += number
    rows_left = count_open(totals)
    finished = sum(totals.values()) - rows_left - totals.get(Status.INVALID, 0)
    at_most = estimate(run.open_rows(), run.matching).calls if rows_left else 0
    return RunStatus(
        totals=totals,
        is_running=is_running,
        sessions=tuple(checkpoint.calls.sessions()),
        calls=dict(calls.most_common()),
        outcomes=dict(outcomes),
        causes=tuple(failure_causes(checkpoint.queries.failures())),
        calls_left_max=at_most,
        calls_left=expected_calls(at_most, calls.total(), finished, rows_left),
        per_minute=_per_minute(run, clock()) if is_running else None,
        audit_errors=tuple(audit_errors(checkpoint)),
    )


def _per_minute(run: Run, now: float) -> float | None:
    """The rate of the current session, from the times of its calls alone, since clocks may be set."""
    last, sessions = run.checkpoint.calls.last_at(), run.checkpoint.calls.sessions()
    if last is None or not sessions:
        return None
    number, first = run.checkpoint.calls.since(max(last - LATELY_SECONDS, sessions[-1].started_at))
    if first is None or number < 2:
        return None
    text = run.checkpoint.facts.connection.get("rate")
    limit = Rate() if text is None else Rate.parse(str(text))
    seconds = max(last - first, min(now - first, LATELY_SECONDS), 1.0)
    return min(number / seconds, limit.calls / limit.window_seconds) * 60


@dataclass(frozen=True, slots=True)
class RowHistory:
    """One row: its record, its cells (column letter, header, text), what it asks for, and its calls."""

    record: RowRecord
    cells: tuple[tuple[str, str, str], ...]
    row: ContactRow
    calls: tuple[CallRecord, ...]


def row_history(run: Run, number: int) -> RowHistory:
    """The history of the row `number`; raises `CheckpointMismatch` where the sheet has no such row."""
    checkpoint = run.checkpoint
    record = checkpoint.queue.find_row(number)
    if record is None:
        first, last = checkpoint.queries.row_bounds()
        blank = f"Row {number} of {checkpoint.info.sheet} is blank, so it is not part of the run."
        raise CheckpointMismatch(
            blank
            if first <= number <= last
            else f"{checkpoint.info.sheet} has no row {number}; its rows are {first} to {last}.",
            "Name a row by the number that the spreadsheet shows beside it.",
        )
    header = checkpoint.info.header
    cells = tuple((column_letter(at), header[at], text) for at, text in enumerate(record.cells) if text)
    return RowHistory(record, cells, run.row(record), tuple(checkpoint.calls.of_row(number)))
