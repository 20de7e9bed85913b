"""What an upload came to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from heyx_bulk.api.client import SessionSummary
from heyx_bulk.errors import DiskFull, HeyxBulkError, Interrupted, WriteError
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import audit_errors
from heyx_bulk.reports.failure_causes import FailureCause, failure_causes
from heyx_bulk.reports.html_report import write_report
from heyx_bulk.storage.checkpoint.row_record import InvalidCause, RowRecord
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths

LARGE_ROWS = 50_000
UNCERTAIN_SHOWN = 10


@dataclass(frozen=True, slots=True)
class UploadResult:
    """What an upload came to: rows by status (all rows are there), what was sent, and where its files lie.

    `sent` is None where nothing was left to send, `results` and `report` where no such file was written; `failed`
    holds the rows that need a person, if any do. `contacts` says how many contacts the rows stand for, where
    several rows are one. `command` carries the run on. Of a run that was only planned, `plan` is the plan's file,
    and the totals are those that it would have.
    """

    sheet: str
    totals: dict[str, int]
    checkpoint: Path
    command: str
    contacts: int | None = None
    sent: SessionSummary | None = None
    results: Path | None = None
    results_note: str = ""
    """Why the results are a new workbook and not a copy of the person's own, where they are; as a clause."""
    failed: Path | None = None
    failed_note: str = ""
    report: Path | None = None
    plan: Path | None = None
    calls_by_kind: dict[str, int] | None = None
    """What `sent` counts, by the kind of call; None where no calls are recorded."""
    invalid: tuple[InvalidCause, ...] = ()
    """Why rows are invalid, most frequent first."""
    failures: tuple[FailureCause, ...] = ()
    """Why rows failed or are uncertain, most frequent first."""
    uncertain: tuple[RowRecord, ...] = ()
    """The first rows that ended uncertain; one more than are to be shown, if there are more."""
    can_look_again: bool = False
    """Whether a rerun can look for the contact of an uncertain row."""
    audit_errors: tuple[str, ...] = ()
    write_error: HeyxBulkError | None = None
    """Why the results could not be written."""

    def raise_for_error(self) -> None:
        """Raise what kept the run from its end, or its results from being trusted."""
        if self.audit_errors:
            raise HeyxBulkError(f"The audit failed: {'; '.join(self.audit_errors)}.", "Do not trust the totals.")
        if self.write_error is not None:
            raise self.write_error
        if self.sent is not None and self.sent.stopped is not None:
            raise self.sent.stopped


def report(
    run: Run,
    paths: RunPaths | None,
    sent: SessionSummary | None = None,
    command: str = "",
    *,
    with_charts: bool = False,
) -> UploadResult:
    """What became of a run; its results are written where `paths` say, `with_charts` a report as well.

    After an interrupted session a large sheet's results are left for later: whoever stops a program does not want
    to wait for it.
    """
    checkpoint, uncertain = run.checkpoint, run.checkpoint.queue.uncertain_rows
    totals = checkpoint.queries.totals()
    interrupted = sent is not None and isinstance(sent.stopped, Interrupted)
    command = command or checkpoint.facts.command
    written: results.WrittenFile | None = None
    failed: results.WrittenFile | None = None
    charts = write_error = None
    if paths is not None and paths.written and not (interrupted and sum(totals.values()) > LARGE_ROWS):
        try:
            written = results.write_results(run, paths.results)
            failed = results.write_failed(run, paths.failed)
            if with_charts:
                charts = write_report(run, paths, failed=failed.path if failed else None, command=command)
        except (WriteError, DiskFull) as error:
            write_error = error
    return UploadResult(
        sheet=checkpoint.info.sheet,
        totals=totals,
        checkpoint=checkpoint.path,
        command=command,
        contacts=checkpoint.queries.count_contacts(),
        sent=sent,
        results=written.path if written else None,
        results_note=written.note if written else "",
        failed=failed.path if failed else None,
        failed_note=failed.note if failed else "",
        report=charts,
        calls_by_kind=checkpoint.calls.kinds_of_last_session() if sent is not None else {},
        invalid=tuple(checkpoint.queries.invalid_causes()),
        failures=tuple(failure_causes(checkpoint.queries.failures())),
        uncertain=tuple(islice(uncertain(), UNCERTAIN_SHOWN + 1)),
        can_look_again=any(map(run.can_be_looked_for, uncertain())),
        audit_errors=tuple(audit_errors(checkpoint)),
        write_error=write_error,
    )
