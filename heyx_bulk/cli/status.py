"""`heyx-bulk status`: how a run stands, also while it goes on in another terminal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import PlainConsole
from heyx_bulk.cli.console import Console, duration, sentence, short_path
from heyx_bulk.errors import CheckpointMismatch, HeyxBulkError
from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.models.option import command_line
from heyx_bulk.values.phrases import count, minute_of

if TYPE_CHECKING:
    from heyx_bulk.reports.run_status import RunStatus
    from heyx_bulk.storage.checkpoint.run import Run

CAUSES_SHOWN = 12


def status(
    console: PlainConsole,
    checkpoint: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CHECKPOINT]",
            help="The checkpoint of a run, or its sheet; without it, every run in this folder.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Say how a run stands, also while it goes on in another terminal.

    \b
    heyx-bulk status
    heyx-bulk status contacts.xlsx.checkpoint

    Rows by status, calls, what failed and why, pace, and when it ends. Needs no token; nothing is sent or changed.
    """
    from heyx_bulk.cli.checkpoints import checkpoint_of

    paths = _found() if checkpoint is None else [checkpoint_of(checkpoint)]
    if len(paths) == 1:
        return _tell(paths[0], console)
    console.say("Runs here and in the user's state folder; for more of one, name it:")
    documents, codes = [], []
    for path in paths:
        line, document, code = _brief(path)
        console.say(line)
        documents.append(document)
        codes.append(code)
    console.result(count(len(paths), "run"), {"runs": documents})
    return max(codes)


def _found() -> list[Path]:
    from heyx_bulk.cli.checkpoints import CHECKPOINT
    from heyx_bulk.storage.paths import state_checkpoints

    paths = [*sorted(Path.cwd().glob(f"*{CHECKPOINT}")), *state_checkpoints()]
    if not paths:
        raise CheckpointMismatch(
            "There is no checkpoint in this folder, and none in the user's state folder.",
            f"Go to the folder of the sheet, or name its checkpoint: {command_line('status', 'SHEET.checkpoint')}",
        )
    return paths


def _brief(path: Path) -> tuple[str, dict[str, object], int]:
    from heyx_bulk.reports import results
    from heyx_bulk.reports.run_status import run_status
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
    from heyx_bulk.storage.checkpoint.run import Run

    try:
        with Checkpoint.open(path) as checkpoint:
            stands = run_status(Run.from_checkpoint(checkpoint))
    except CheckpointMismatch as error:
        return (
            f"  {short_path(path)}: {error.what}",
            {"checkpoint": str(path), "error": error.what},
            error.exit_code,
        )
    state = "goes on" if stands.is_running else "stopped" if results.count_open(stands.totals) else "finished"
    line = f"  {command_line('status', short_path(path))}\n    {state}; {results.totals_line(stands.totals)}"
    return line, {"checkpoint": str(path), "state": state, "totals": stands.totals}, _code(stands)


def _tell(path: Path, console: Console) -> int:
    from heyx_bulk.cli.summary import tell_audit_errors, tell_next
    from heyx_bulk.cli.upload_view import tell_causes, tell_invalid
    from heyx_bulk.reports import results
    from heyx_bulk.reports.run_status import run_status
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
    from heyx_bulk.storage.checkpoint.row_record import InvalidCause
    from heyx_bulk.storage.checkpoint.run import Run
    from heyx_bulk.upload.upload_result import report

    with Checkpoint.open(path) as checkpoint:
        run = Run.from_checkpoint(checkpoint)
        stands = run_status(run)
        is_open = bool(results.count_open(stands.totals))
        console.say(
            f"{checkpoint.info.sheet}: begun {checkpoint.info.started_at}. {_progress(stands, is_open=is_open)}"
        )
        console.say(_calls(stands))
        tell_invalid(console, checkpoint.queries.invalid_causes())
        failures = [InvalidCause(f"{one.status}: {one.message}", one.rows, one.first, "") for one in stands.causes]
        tell_causes(console, "Rows that failed or are uncertain:", failures, shown=CAUSES_SHOWN)
        if is_open:
            console.say(_left(stands, results.count_open(stands.totals)))
        if not stands.is_running:
            tell_next(console, report(run, None))
        if stands.audit_errors:
            tell_audit_errors(console, path, stands.audit_errors)
        console.result(results.totals_line(stands.totals), _document(run, stands))
        return _code(stands)


def _code(stands: RunStatus) -> int:
    from heyx_bulk.reports import results

    return HeyxBulkError.exit_code if stands.audit_errors else results.exit_code(stands.totals)


def _progress(stands: RunStatus, *, is_open: bool) -> str:
    if stands.is_running:
        return "It goes on now."
    if not is_open:
        return "It is finished."
    last = stands.sessions[-1] if stands.sessions else None
    if last is None:
        return "Nothing was sent yet."
    if last.ended_at is None:
        return "It was cut off, by a kill or a power cut; nothing is lost."
    why = f" {sentence(last.stop_reason)}" if last.stop_reason else ""
    return f"It ended early at {minute_of(last.ended_at)}.{why} Nothing is lost."


def _calls(stands: RunStatus) -> str:
    sent = sum(stands.calls.values())
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in stands.calls.items())
    told = f"{count(sent, 'call')} in {count(len(stands.sessions), 'session')}" + (f": {kinds}" if kinds else "")
    refused, lost = stands.outcomes.get(CallOutcome.THROTTLED, 0), stands.outcomes.get(CallOutcome.UNANSWERED, 0)
    parts = [f"{refused:,} refused as too many"] if refused else []
    parts += [f"{lost:,} not answered"] if lost else []
    if unknown := stands.outcomes.get(CallOutcome.UNKNOWN, 0):
        times = "once" if stands.killed_sessions == 1 else f"{stands.killed_sessions:,} times"
        cut = f"unknown: on their way when it was cut off {times}"
        parts.append(f"{unknown:,} {'on their way' if stands.is_running else cut}")
    return f"{told}. Of these {', '.join(parts)}." if parts else f"{told}."


def _left(stands: RunStatus, rows: int) -> str:
    told = f"Left: {count(rows, 'row')}, at most {count(stands.calls_left_max, 'call')}"
    if stands.calls_left < stands.calls_left_max:
        told += f", about {stands.calls_left:,} by what the rows so far took"
    if stands.per_minute is None or stands.seconds_left is None:
        return f"{told}."
    ends = datetime.now() + timedelta(seconds=stands.seconds_left)
    speed = f"at {stands.per_minute:,.0f} calls a minute, as lately"
    return f"{told}; {speed}: about {duration(stands.seconds_left)}, until {ends:%H:%M}."


def _document(run: Run, stands: RunStatus) -> dict[str, object]:
    return {
        "sheet": run.checkpoint.info.sheet,
        "checkpoint": str(run.checkpoint.path),
        "rows": sum(stands.totals.values()),
        "totals": stands.totals,
        "is_running": stands.is_running,
        "sessions": len(stands.sessions),
        "killed_sessions": stands.killed_sessions,
        "calls": sum(stands.calls.values()),
        "calls_by_kind": stands.calls,
        "calls_by_answer": {str(what): number for what, number in stands.outcomes.items()},
        "failures": [asdict(cause) for cause in stands.causes],
        "calls_left_max": stands.calls_left_max,
        "calls_left": stands.calls_left,
        "calls_a_minute": None if stands.per_minute is None else round(stands.per_minute, 1),
        "seconds_left": None if stands.seconds_left is None else round(stands.seconds_left),
        "audit_errors": list(stands.audit_errors),
        "exit": _code(stands),
    }
