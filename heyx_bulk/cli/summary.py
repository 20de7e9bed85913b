"""How a session ends: results, totals, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heyx_bulk.api.client import SessionSummary
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.documents import IdleDocument, PlanKeys, RunDocument, ViewKeys, failure_keys, problem_keys
from heyx_bulk.cli.plan_view import PlanView
from heyx_bulk.errors import DiskFull, HeyxBulkError
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import about, count, duration, rows_named, shorten
from heyx_bulk.planning.reconcile import sent_values
from heyx_bulk.reports.failure_causes import FailureCause
from heyx_bulk.reports.next_steps import next_steps
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION, complete_totals, exit_code, totals_line
from heyx_bulk.reports.stop_conditions import FailureLimit
from heyx_bulk.reports.written_files import kept_beside
from heyx_bulk.storage.checkpoint.row_record import InvalidCause, RowRecord
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.upload_result import UNCERTAIN_SHOWN, UploadResult

LONGEST_EXAMPLE = 241
CAUSES_SHOWN = 30


def finish(
    console: Console,
    result: UploadResult,
    shown: ViewKeys | None = None,
    *,
    max_invalid: FailureLimit | None = None,
) -> int:
    """Show where the results are, the totals and the next steps; the exit code.

    Totals and next steps are shown even if the files could not be written. What was `shown` before goes into the
    document. As many invalid rows as `max_invalid` allows are accepted.
    """
    code = exit_code(result.totals, max_invalid)
    stopped = result.sent.stopped if result.sent else None
    later = command_line("report", short_path(result.checkpoint))
    tell_failures(console, result.failures)
    if result.results is not None:
        console.say(f"Results: {short_path(result.results)}{_note(result.results, result.results_note)}")
        if result.failed is not None:
            note = _note(result.failed, result.failed_note)
            console.warn(f"{_attention(result)}: {short_path(result.failed)}{note}")
        if result.report is not None:
            console.say(f"Report with charts: {short_path(result.report)}{_note(result.report)}")
    if result.write_error is not None:
        console.fail(result.write_error)
        console.suggest("To write the results later", later)
        code = DiskFull.exit_code
    elif result.results is None:
        console.suggest("The results were not written yet. To write them", later)
    if stopped is not None:
        console.fail(stopped)
        code = stopped.exit_code
    tell_uncertain(console, result.uncertain)
    steps = tell_next(console, result)
    if result.audit_errors:
        tell_audit_errors(console, result.checkpoint, result.audit_errors)
        code = HeyxBulkError.exit_code
    _conclude(console, result, code, shown, next_steps=steps)
    return code


def _note(path: Path, new_workbook: str = "") -> str:
    """For the line that names a file: why it has another name, and why it is no copy of the person's workbook."""
    kept = kept_beside(path)
    notes = [f"{kept.name} was changed or is open, and was not replaced"] if kept else []
    notes += [f"a new workbook, not a copy of yours: {new_workbook}"] if new_workbook else []
    return f" ({'; '.join(notes)})" if notes else ""


def finish_nothing(console: Console, sheet: str, *, skipped: bool = False) -> int:
    """Show that a job had nothing to send; the exit code."""
    totals = complete_totals({})
    document: IdleDocument = {"sheet": sheet, "rows": 0, "totals": totals, "calls": 0, "skipped": skipped}
    console.result("Nothing was sent.", document, 0)
    return 0


def finish_simulation(console: Console, result: UploadResult) -> int:
    """Show the result of a simulation, and how long HeyX would take; the exit code."""
    sent, code = result.sent, exit_code(result.totals)
    if sent is not None and sent.stopped is not None:
        console.error(f"The simulation stopped early: {sent.stopped.what}")
        console.invocation.blame(sent.stopped)
        console.say("A real run would save its progress; run the same command to resume.")
        code = sent.stopped.exit_code
    if sent is not None:
        console.say(
            f"Simulation: nothing was sent to HeyX. A real run takes {about(sent.seconds)} for "
            f"{count(sent.calls, 'call')}."
            if sent.calls
            else "Simulation: there is nothing to send to HeyX."
        )
    _conclude(console, result, code, is_kept=False)
    return code


def finish_dry_run(console: Console, result: UploadResult, plans: PlanView, shown: ViewKeys) -> int:
    """Show the changes of the first rows, the rows that would fail, and what all rows would write; the exit code.

    What was `shown` before goes into the document.
    """
    plans.tell(console)
    tell_failures(console, result.failures)
    code = exit_code(result.totals)
    lookups = result.sent.calls if result.sent else 0
    did = f" This dry run sent {count(lookups, 'look-up')}; a real run sends them again, and" if lookups else ""
    console.say(f"Nothing was written.{did or ' A real run sends'} {plans.total()}.")
    _conclude(console, result, code, shown, plans.document(), prefix="Dry run of ", is_kept=False)
    return code


def finish_plan(console: Console, result: UploadResult, plans: PlanView, shown: ViewKeys) -> int:
    """Show the changes of the first rows of a plan, where it is, and how it is applied; the exit code."""
    plans.tell(console)
    tell_failures(console, result.failures)
    steps: list[str] = []
    console.say(f"Nothing was written. The plan sends {plans.total()}.")
    if result.plan is not None:
        console.say(f"Plan: {short_path(result.plan)}")
        if plans.changes.calls:
            steps = [command_line("apply", short_path(result.plan))]
            console.suggest("To make these changes, set apply? to no where you do not want one, then run", *steps)
    code = exit_code(result.totals)
    _conclude(console, result, code, shown, plans.document(), prefix="Plan of ", next_steps=steps)
    return code


def tell_invalid(console: Console, causes: Sequence[InvalidCause]) -> None:
    """Say why rows are invalid."""
    tell_causes(console, "Invalid rows, not sent:", causes)


def tell_failures(console: Console, causes: Sequence[FailureCause]) -> None:
    """Say why rows failed or are uncertain."""
    shown = [InvalidCause(f"{one.status}: {one.message}", one.rows, one.first, "") for one in causes]
    tell_causes(console, "Rows that failed or are uncertain:", shown)


def tell_causes(
    console: Console, heading: str, causes: Sequence[InvalidCause], *, shown: int = CAUSES_SHOWN
) -> None:
    """Show what rows have in common, how many they are, the first of them, and an example in full."""
    if causes:
        console.warn(heading)
    for cause in causes[:shown]:
        console.say(f"  {cause.rows:,} × {cause.what} ({rows_named(cause.rows, cause.first)})")
        if cause.example:
            console.say(f"      {shorten(cause.example, LONGEST_EXAMPLE)}")
    if len(causes) > shown:
        console.say(f"  and {len(causes) - shown} other causes")


def tell_uncertain(console: Console, records: Sequence[RowRecord]) -> None:
    """List the rows whose contact may have been created, with what to search for in HeyX."""
    if records:
        console.say("Uncertain: HeyX did not confirm that these contacts were created. Search for them in HeyX:")
    for record in records[:UNCERTAIN_SHOWN]:
        console.say(f"  row {record.number}: {sent_values(record.create_payload or ())}")
    if len(records) > UNCERTAIN_SHOWN:
        console.say("  and others: see the column heyx message in the results")


def tell_audit_errors(console: Console, checkpoint: Path, errors: Sequence[str]) -> None:
    """Say that the audit failed, and what to do."""
    console.fail(
        HeyxBulkError(
            f"Audit failed: {'; '.join(errors)}.",
            "Do not trust the totals. This is a bug, or another program changed the checkpoint; please report it. "
            f"To compare HeyX with what was sent:\n  {command_line('verify', short_path(checkpoint))}",
        )
    )


def tell_sent(console: Console, sent: SessionSummary) -> None:
    """Say what a session sent, and in what time."""
    if not sent.calls:
        console.say("No calls were sent.")
        return
    throttled = f", {sent.throttled:,} of them rejected by the rate limit" if sent.throttled else ""
    console.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{throttled}.")


def tell_next(console: Console, result: UploadResult) -> list[str]:
    """Show the next steps, most urgent first, each with a command to copy; the commands."""
    steps = [
        *next_steps(
            result.totals,
            checkpoint=short_path(result.checkpoint),
            failed=None if result.failed is None else short_path(result.failed),
            command=result.command,
            can_look_again=result.can_look_again,
        )
    ]
    for step in steps:
        console.suggest(step.purpose, step.command)
    return [step.command for step in steps]


def _attention(result: UploadResult) -> str:
    rows = sum(result.totals.get(status, 0) for status in NEEDS_ATTENTION)
    return f"{count(rows, 'row')} {'needs' if rows == 1 else 'need'} your attention"


def _conclude(
    console: Console,
    result: UploadResult,
    code: int,
    shown: ViewKeys | None = None,
    planned: PlanKeys | None = None,
    *,
    prefix: str = "",
    next_steps: Sequence[str] = (),
    is_kept: bool = True,
) -> None:
    """The totals, on standard output; the checkpoint of a run that is not `is_kept` is gone."""
    sent = result.sent
    document: RunDocument = {
        "sheet": result.sheet,
        "rows": sum(result.totals.values()),
        "totals": complete_totals(result.totals),
        "contacts": result.contacts,
        **failure_keys(result.failures),
        **problem_keys(result.invalid),
        "calls": sent.calls if sent else 0,
        "calls_by_kind": result.calls_by_kind,
        "throttled_calls": sent.throttled if sent else 0,
        "seconds": round(sent.seconds, 1) if sent else 0,
        "checkpoint": result.checkpoint if is_kept else None,
        "results": result.results,
        "results_note": result.results_note or None,
        "failed": result.failed,
        "failed_note": result.failed_note or None,
        "report": result.report,
        "plan": result.plan,
        "next": next_steps,
        "audit_errors": result.audit_errors,
        **(shown or {}),
        **(planned or {}),
    }
    console.result(f"{prefix}{totals_line(result.totals, result.contacts)}", document, code)
