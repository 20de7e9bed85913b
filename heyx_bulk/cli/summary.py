"""How a session ends: results, totals, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.api.session import SessionSummary
from heyx_bulk.cli.console import Console, duration, error_text, short_path
from heyx_bulk.cli.plan_view import PlanView
from heyx_bulk.errors import DiskFull, HeyxBulkError
from heyx_bulk.models.contacts import Status
from heyx_bulk.models.option import command_line
from heyx_bulk.planning.reconcile import sent_values
from heyx_bulk.reports import results
from heyx_bulk.reports.results import count_open
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.upload.upload_result import UNCERTAIN_SHOWN, UploadResult
from heyx_bulk.values.phrases import count


def finish(console: Console, result: UploadResult) -> int:
    """Say where the results are, the totals and the next steps; the exit code.

    Totals and next steps are said whatever becomes of the files.
    """
    code, stopped = results.exit_code(result.totals), result.sent.stopped if result.sent else None
    later = command_line("report", short_path(result.checkpoint))
    if result.results is not None:
        console.say(f"Results: {short_path(result.results)}")
        if result.failed is not None:
            console.say(f"Rows that need you: {short_path(result.failed)}")
    elif result.write_error is not None:
        console.error(error_text(result.write_error))
        console.say(f"To write the results later: {later}")
        code = DiskFull.exit_code
    else:
        console.say(f"The results are left for later: {later}")
    if stopped is not None:
        console.error(error_text(stopped))
        code = stopped.exit_code
    tell_uncertain(console, result.uncertain)
    steps = next_steps(result)
    tell_next(console, steps)
    if result.audit_errors:
        tell_audit_errors(console, result.checkpoint, result.audit_errors)
        code = HeyxBulkError.exit_code
    told = {**document(result, code), "next": [step.command for step in steps]}
    console.result(
        results.totals_line(result.totals, result.contacts), {**told, "audit_errors": [*result.audit_errors]}
    )
    return code


def finish_simulation(console: Console, result: UploadResult) -> int:
    """Say what a run against the sandbox came to, and how long HeyX would take; the exit code."""
    sent, code = result.sent, results.exit_code(result.totals)
    if sent is not None and sent.stopped is not None:
        console.error(f"The run would not end in one session. {sent.stopped.what}")
        console.say("In earnest nothing would be lost, and the same command would carry on.")
        code = sent.stopped.exit_code
    if sent is not None:
        console.say(
            "Simulated with a sandbox; nothing was sent to HeyX, which would have taken "
            f"{duration(sent.seconds)} for these {count(sent.calls, 'call')}."
        )
    line = results.totals_line(result.totals, result.contacts)
    console.result(line, {**document(result, code), "checkpoint": None, "next": []})
    return code


def finish_dry_run(console: Console, result: UploadResult, plans: PlanView) -> int:
    """Show the first rows' plans, and what all would write; the exit code."""
    for number, lines in plans.plans():
        for line in (f"row {number}  {lines[0]}", *lines[1:]):
            console.say(line)
    code = results.exit_code(result.totals)
    console.say(f"Nothing was written. The run would write with {plans.total()}.")
    told = {
        **document(result, code),
        "checkpoint": None,
        "next": [],
        "writes": plans.writes,
        "changes": dict(plans.counts),
        "plans": [{"row": number, "plan": lines} for number, lines in plans.plans()],
    }
    console.result(f"would be {results.totals_line(result.totals, result.contacts)}", told)
    return code


def tell_uncertain(console: Console, records: Sequence[RowRecord]) -> None:
    """List the rows whose contact may have been created, with what a person looks for in HeyX."""
    if records:
        console.say("Uncertain: HeyX did not say whether these contacts were created. Look for them there:")
    for record in records[:UNCERTAIN_SHOWN]:
        console.say(f"  row {record.number}: {sent_values(record.create_payload or ())}")
    if len(records) > UNCERTAIN_SHOWN:
        console.say("  and others: see heyx message in the results")


def tell_audit_errors(console: Console, checkpoint: Path, errors: Sequence[str]) -> None:
    """Say that the audit failed, and what to do."""
    console.error(f"The audit failed: {'; '.join(errors)}.")
    console.error(
        "That is a mistake of ours or a file changed by somebody else; do not trust the totals. Nothing is sent "
        f"again by itself. To compare HeyX with what was sent:\n  {command_line('verify', short_path(checkpoint))}"
    )


def tell_sent(console: Console, sent: SessionSummary) -> None:
    """Say what a session sent, and in what time."""
    throttled = f", {sent.throttled:,} of them refused as too many" if sent.throttled else ""
    console.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{throttled}.")


@dataclass(frozen=True, slots=True)
class NextStep:
    """A next step: what it is for, and the command to copy."""

    purpose: str
    command: str


def next_steps(result: UploadResult) -> list[NextStep]:
    """What a person would type next, most urgent first."""
    rerun = command_line("rerun", short_path(result.checkpoint))
    if count_open(result.totals):
        return [NextStep("To carry on", result.command)] if result.command else []
    steps = []
    if again := result.totals.get(Status.FAILED, 0):
        steps.append(NextStep(f"To send the {count(again, 'failed row')} again", rerun))
    elif result.can_look_again:
        steps.append(NextStep("To look again for the uncertain rows", rerun))
    if result.totals.get(Status.UNCERTAIN, 0):
        purpose = "To send the uncertain rows, once you have looked and they are not in HeyX"
        steps.append(NextStep(purpose, f"{rerun} --uncertain"))
    if result.failed is not None:
        purpose = f"To send rows corrected, change them in {result.failed.name} and give it back"
        steps.append(NextStep(purpose, command_line("rerun", short_path(result.failed))))
    return steps


def tell_next(console: Console, steps: Sequence[NextStep]) -> None:
    """Say the next steps, each ready to copy."""
    for step in steps:
        console.say(f"{step.purpose}:\n  {step.command}")


def document(result: UploadResult, code: int) -> dict[str, object]:
    """The totals as plain data."""
    sent = result.sent
    return {
        "sheet": result.sheet,
        "rows": sum(result.totals.values()),
        "totals": result.totals,
        "contacts": result.contacts,
        "calls": sent.calls if sent else 0,
        "throttled_calls": sent.throttled if sent else 0,
        "seconds": round(sent.seconds, 1) if sent else 0,
        "checkpoint": str(result.checkpoint),
        "results": str(result.results) if result.results else None,
        "exit": code,
    }
