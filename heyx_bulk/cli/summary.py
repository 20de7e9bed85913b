"""How a start ends: results, totals, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from heyx_bulk.cli.console import Voice, command, count, duration, shown, told
from heyx_bulk.errors import DiskFull, HeyxBulkError, Interrupted, Unwritable
from heyx_bulk.models.contacts import Status
from heyx_bulk.planning.reconcile import values_of
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import out_of_balance
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import Places
from heyx_bulk.upload.runner import still_to_do
from heyx_bulk.upload.session_run import Sent

LARGE_ROWS = 50_000
UNCERTAIN_SHOWN = 10


def conclude(voice: Voice, run: Run, sent: Sent | None, where: Places, same: str) -> int:
    """Write the results, say the totals and the next steps (`same` carries on); the exit code.

    Totals and next steps are said whatever becomes of the files. After an interrupted start a large sheet's
    results are left to `heyx-bulk report`: whoever stops a program does not want to wait for it.
    """
    stopped = sent.stopped if sent is not None else None
    totals = run.journal.totals()
    code = results.exit_code(totals)
    wrong = out_of_balance(run.journal)
    written = failed = None
    if isinstance(stopped, Interrupted) and sum(totals.values()) > LARGE_ROWS:
        voice.say(f"The results are left for later: {command('report', shown(run.journal.path))}")
    else:
        try:
            written, failed = write_results(voice, run, where)
        except (Unwritable, DiskFull) as error:
            voice.alarm(told(error))
            voice.say(f"To write the results later: {command('report', shown(run.journal.path))}")
            code = DiskFull.exit_code
    if stopped is not None:
        voice.alarm(told(stopped))
        code = stopped.exit_code
    tell_uncertain(voice, run)
    steps = next_steps(run, totals, same, failed)
    tell_next(voice, steps)
    if wrong:
        tell_wrong(voice, run, wrong)
        code = HeyxBulkError.exit_code
    voice.total(
        results.line(totals, run.journal.contacts()),
        {**document(run, totals, sent, written, steps, code), "books": wrong},
    )
    return code


def tell_uncertain(voice: Voice, run: Run) -> None:
    """List the rows whose contact may have been created, with what a person looks for in HeyX."""
    rows = list(islice(run.journal.uncertain(), UNCERTAIN_SHOWN + 1))
    if rows:
        voice.say("Uncertain: HeyX did not say whether these contacts were created. Look for them there:")
    for entry in rows[:UNCERTAIN_SHOWN]:
        voice.say(f"  row {entry.number}: {values_of(entry.sent or ())}")
    if len(rows) > UNCERTAIN_SHOWN:
        voice.say("  and others: see heyx message in the results")


def tell_wrong(voice: Voice, run: Run, wrong: Sequence[str]) -> None:
    """Say that the books do not balance, and what to do."""
    voice.alarm(f"The books do not balance: {'; '.join(wrong)}.")
    voice.alarm(
        "That is a mistake of ours or a file changed by somebody else; do not trust the totals. Nothing is sent "
        f"again by itself. To compare HeyX with what was sent:\n  {command('verify', shown(run.journal.path))}"
    )


def write_results(voice: Voice, run: Run, where: Places) -> tuple[Path, Path | None]:
    """Write the results, and the rows that need a person; where they went."""
    written = results.write(run, where.results)
    voice.say(f"Results: {shown(written)}")
    failed = results.write_failed(run, where.failed)
    if failed is not None:
        voice.say(f"Rows that need you: {shown(failed)}")
    return written, failed


def tell_sent(voice: Voice, sent: Sent) -> None:
    """Say what a start sent, and in what time."""
    refused = f", {sent.refused:,} of them refused as too many" if sent.refused else ""
    voice.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{refused}.")


@dataclass(frozen=True, slots=True)
class Next:
    """A next step: what it is for, and the command to copy."""

    purpose: str
    command: str


def next_steps(run: Run, totals: dict[str, int], same: str, failed: Path | None) -> list[Next]:
    """What a person would type next, most urgent first.

    `same` is the command that carries on, `failed` the file of the rows that need a person.
    """
    if still_to_do(totals):
        return [Next("To carry on", same)] if same else []
    steps = []
    if again := totals.get(Status.FAILED, 0):
        steps.append(Next(f"To send the {count(again, 'failed row')} again", rerun_command(run)))
    elif any(run.keys_sent(entry) or run.stamp_sent(entry) for entry in run.journal.uncertain()):
        steps.append(Next("To look again for the uncertain rows", rerun_command(run)))
    if totals.get(Status.UNCERTAIN, 0):
        purpose = "To send the uncertain rows, once you have looked and they are not in HeyX"
        steps.append(Next(purpose, f"{rerun_command(run)} --uncertain"))
    if failed is not None:
        purpose = f"To send rows mended, change them in {failed.name} and give it back"
        steps.append(Next(purpose, command("rerun", shown(failed))))
    return steps


def rerun_command(run: Run) -> str:
    """The command that sends the failed rows again."""
    return command("rerun", shown(run.journal.path))


def tell_next(voice: Voice, steps: list[Next]) -> None:
    """Say the next steps, each ready to copy."""
    for step in steps:
        voice.say(f"{step.purpose}:\n  {step.command}")


def document(
    run: Run, totals: dict[str, int], sent: Sent | None, written: Path | None, steps: list[Next], code: int
) -> dict[str, object]:
    """The totals as plain data."""
    return {
        "sheet": run.journal.meta("sheet"),
        "rows": sum(totals.values()),
        "totals": totals,
        "contacts": run.journal.contacts(),
        "calls": sent.calls if sent else 0,
        "refused_for_pace": sent.refused if sent else 0,
        "seconds": round(sent.seconds, 1) if sent else 0,
        "checkpoint": str(run.journal.path),
        "results": str(written) if written else None,
        "next": [step.command for step in steps],
        "exit": code,
    }
