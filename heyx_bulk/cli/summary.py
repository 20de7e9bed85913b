"""How a start ends: results, totals, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from heyx_bulk.cli.console import Console, command, count, duration, error_text, short_path
from heyx_bulk.errors import DiskFull, HeyxBulkError, Interrupted, WriteError
from heyx_bulk.models.contacts import Status
from heyx_bulk.planning.reconcile import sent_values
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import audit_errors
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths
from heyx_bulk.upload.runner import count_open
from heyx_bulk.upload.session_run import SessionSummary

LARGE_ROWS = 50_000
UNCERTAIN_SHOWN = 10


def finish(console: Console, run: Run, sent: SessionSummary | None, where: RunPaths, same: str) -> int:
    """Write the results, say the totals and the next steps (`same` carries on); the exit code.

    Totals and next steps are said whatever becomes of the files. After an interrupted start a large sheet's
    results are left to `heyx-bulk report`: whoever stops a program does not want to wait for it.
    """
    stopped = sent.stopped if sent is not None else None
    totals = run.checkpoint.queries.totals()
    code = results.exit_code(totals)
    wrong = audit_errors(run.checkpoint)
    written = failed = None
    if isinstance(stopped, Interrupted) and sum(totals.values()) > LARGE_ROWS:
        console.say(f"The results are left for later: {command('report', short_path(run.checkpoint.path))}")
    else:
        try:
            written, failed = write_results(console, run, where)
        except (WriteError, DiskFull) as error:
            console.error(error_text(error))
            console.say(f"To write the results later: {command('report', short_path(run.checkpoint.path))}")
            code = DiskFull.exit_code
    if stopped is not None:
        console.error(error_text(stopped))
        code = stopped.exit_code
    tell_uncertain(console, run)
    steps = next_steps(run, totals, same, failed)
    tell_next(console, steps)
    if wrong:
        tell_wrong(console, run, wrong)
        code = HeyxBulkError.exit_code
    console.result(
        results.totals_line(totals, run.checkpoint.queries.count_contacts()),
        {**document(run, totals, sent, written, steps, code), "audit_errors": wrong},
    )
    return code


def tell_uncertain(console: Console, run: Run) -> None:
    """List the rows whose contact may have been created, with what a person looks for in HeyX."""
    rows = list(islice(run.checkpoint.queue.uncertain_rows(), UNCERTAIN_SHOWN + 1))
    if rows:
        console.say("Uncertain: HeyX did not say whether these contacts were created. Look for them there:")
    for record in rows[:UNCERTAIN_SHOWN]:
        console.say(f"  row {record.number}: {sent_values(record.create_payload or ())}")
    if len(rows) > UNCERTAIN_SHOWN:
        console.say("  and others: see heyx message in the results")


def tell_wrong(console: Console, run: Run, wrong: Sequence[str]) -> None:
    """Say that the books do not balance, and what to do."""
    console.error(f"The books do not balance: {'; '.join(wrong)}.")
    console.error(
        "That is a mistake of ours or a file changed by somebody else; do not trust the totals. Nothing is sent "
        "again by itself. To compare HeyX with what was sent:\n"
        f"  {command('verify', short_path(run.checkpoint.path))}"
    )


def write_results(console: Console, run: Run, where: RunPaths) -> tuple[Path, Path | None]:
    """Write the results, and the rows that need a person; where they went."""
    written = results.write_results(run, where.results)
    console.say(f"Results: {short_path(written)}")
    failed = results.write_failed(run, where.failed)
    if failed is not None:
        console.say(f"Rows that need you: {short_path(failed)}")
    return written, failed


def tell_sent(console: Console, sent: SessionSummary) -> None:
    """Say what a start sent, and in what time."""
    refused = f", {sent.throttled:,} of them refused as too many" if sent.throttled else ""
    console.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{refused}.")


@dataclass(frozen=True, slots=True)
class NextStep:
    """A next step: what it is for, and the command to copy."""

    purpose: str
    command: str


def next_steps(run: Run, totals: dict[str, int], same: str, failed: Path | None) -> list[NextStep]:
    """What a person would type next, most urgent first.

    `same` is the command that carries on, `failed` the file of the rows that need a person.
    """
    if count_open(totals):
        return [NextStep("To carry on", same)] if same else []
    steps = []
    if again := totals.get(Status.FAILED, 0):
        steps.append(NextStep(f"To send the {count(again, 'failed row')} again", rerun_command(run)))
    elif any(map(run.can_be_looked_for, run.checkpoint.queue.uncertain_rows())):
        steps.append(NextStep("To look again for the uncertain rows", rerun_command(run)))
    if totals.get(Status.UNCERTAIN, 0):
        purpose = "To send the uncertain rows, once you have looked and they are not in HeyX"
        steps.append(NextStep(purpose, f"{rerun_command(run)} --uncertain"))
    if failed is not None:
        purpose = f"To send rows mended, change them in {failed.name} and give it back"
        steps.append(NextStep(purpose, command("rerun", short_path(failed))))
    return steps


def rerun_command(run: Run) -> str:
    """The command that sends the failed rows again."""
    return command("rerun", short_path(run.checkpoint.path))


def tell_next(console: Console, steps: list[NextStep]) -> None:
    """Say the next steps, each ready to copy."""
    for step in steps:
        console.say(f"{step.purpose}:\n  {step.command}")


def document(
    run: Run,
    totals: dict[str, int],
    sent: SessionSummary | None,
    written: Path | None,
    steps: list[NextStep],
    code: int,
) -> dict[str, object]:
    """The totals as plain data."""
    return {
        "sheet": run.checkpoint.info.sheet,
        "rows": sum(totals.values()),
        "totals": totals,
        "contacts": run.checkpoint.queries.count_contacts(),
        "calls": sent.calls if sent else 0,
        "throttled_calls": sent.throttled if sent else 0,
        "seconds": round(sent.seconds, 1) if sent else 0,
        "checkpoint": str(run.checkpoint.path),
        "results": str(written) if written else None,
        "next": [step.command for step in steps],
        "exit": code,
    }
