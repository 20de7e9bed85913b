"""The commands about runs: status, results, comparison with HeyX."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from heyx_bulk.cli.console import Console, sentence
from heyx_bulk.cli.documents import (
    ChartsDocument,
    ComparisonDocument,
    DifferentRow,
    RecoveredDocument,
    RunBrief,
    RunsDocument,
    RunStatusDocument,
    failure_keys,
    problem_keys,
)
from heyx_bulk.cli.invocation import moment
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import finish, tell_audit_errors, tell_failures, tell_invalid, tell_next
from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, HeyxBulkError
from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.models.option import command_line, in_folder, split_command
from heyx_bulk.models.phrases import about, clock_of, count, minute_of
from heyx_bulk.planning.estimate import CallBudget
from heyx_bulk.reports import results
from heyx_bulk.reports.html_report import write_report
from heyx_bulk.reports.plan_lines import plan_sentence
from heyx_bulk.reports.read_back import Comparison, count_comparable, verify_run
from heyx_bulk.reports.run_status import RunStatus, run_status
from heyx_bulk.reports.run_totals import complete_totals, count_open, exit_code, status_word, totals_line
from heyx_bulk.reports.written_files import newest
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings, from_environment
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.lookup import CHECKPOINT, checkpoint_of
from heyx_bulk.storage.checkpoint.recovery import recover
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import short_path, state_checkpoints
from heyx_bulk.upload.canary import lines_of
from heyx_bulk.upload.runs import stored_paths
from heyx_bulk.upload.upload_result import report

INCOMPLETE = 3
"""The exit code if rows are lost, or HeyX holds something else."""


def show_status(checkpoint: Path | None, console: Console) -> int:
    """Show the status of a run, or of every run in this folder; the exit code."""
    paths = _found() if checkpoint is None else [checkpoint_of(checkpoint)]
    if len(paths) == 1:
        return _tell(paths[0], console)
    console.say("Runs in this folder and in the state folder. To show one of them:")
    documents, codes = [], []
    for path in paths:
        line, document, code = _brief(path)
        console.say(line)
        documents.append(document)
        codes.append(code)
    code = max(codes)
    found: RunsDocument = {"runs": documents}
    console.result(count(len(paths), "run"), found, code)
    return code


def _found() -> list[Path]:
    paths = [*sorted(Path.cwd().glob(f"*{CHECKPOINT}")), *state_checkpoints()]
    if not paths:
        raise CheckpointMismatch(
            "There is no run in this folder, and none in the state folder.",
            f"Go to the folder of the sheet, or run:\n  {command_line('status', 'SHEET.checkpoint')}",
        )
    return paths


def _brief(path: Path) -> tuple[str, RunBrief, int]:
    try:
        with Checkpoint.open(path) as checkpoint:
            stands = run_status(Run.from_checkpoint(checkpoint))
    except (CheckpointMismatch, CheckpointDamaged) as error:
        return f"  {short_path(path)}: {error.what}", {"checkpoint": path, "error": error.what}, error.exit_code
    state = "running" if stands.is_running else "stopped" if count_open(stands.totals) else "finished"
    line = f"  {command_line('status', short_path(path))}\n    {state}; {totals_line(stands.totals)}"
    return line, {"checkpoint": path, "state": state, "totals": complete_totals(stands.totals)}, _code(stands)


def _tell(path: Path, console: Console) -> int:
    with Checkpoint.open(path) as checkpoint:
        console.use_channel(checkpoint.facts.channel)
        run = Run.from_checkpoint(checkpoint)
        stands = run_status(run)
        is_open = bool(count_open(stands.totals))
        console.say(
            f"{checkpoint.info.sheet}: started {checkpoint.info.started_at}. {_progress(stands, is_open=is_open)}"
        )
        console.say(_calls(stands))
        tell_invalid(console, checkpoint.queries.invalid_causes())
        tell_failures(console, stands.causes)
        plan = checkpoint.facts.plan_info
        if plan is not None and plan.complete and not plan.applied:
            console.say(f"A plan that was not applied yet: {plan_sentence(run)}")
        elif is_open:
            console.say(_left(stands, count_open(stands.totals)))
        if not stands.is_running:
            failed = newest(stored_paths(checkpoint).failed) if checkpoint.queries.needs_attention() else None
            command = command_from_here(checkpoint.facts.command, Path(checkpoint.info.path))
            tell_next(console, replace(report(run, None), command=command, failed=failed))
        if stands.audit_errors:
            tell_audit_errors(console, path, stands.audit_errors)
        code = _code(stands)
        console.result(totals_line(stands.totals), _document(run, stands), code)
        return code


def _code(stands: RunStatus) -> int:
    return HeyxBulkError.exit_code if stands.audit_errors else exit_code(stands.totals)


def _progress(stands: RunStatus, *, is_open: bool) -> str:
    if stands.is_running:
        return "Running now."
    if not is_open:
        return "Finished."
    last = stands.sessions[-1] if stands.sessions else None
    if last is None:
        return "Nothing was sent yet."
    if last.ended_at is None:
        return "Killed, or stopped by a power cut. Nothing is lost."
    why = f" {sentence(last.stop_reason)}" if last.stop_reason else ""
    return f"Stopped early at {minute_of(last.ended_at)}.{why} Nothing is lost."


def _calls(stands: RunStatus) -> str:
    sent = sum(stands.calls.values())
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in stands.calls.items())
    text = f"{count(sent, 'call')} in {count(len(stands.sessions), 'session')}" + (f": {kinds}" if kinds else "")
    refused, lost = stands.outcomes.get(CallOutcome.THROTTLED, 0), stands.outcomes.get(CallOutcome.UNANSWERED, 0)
    parts = [f"{refused:,} rejected by the rate limit"] if refused else []
    parts += [f"{lost:,} without a response"] if lost else []
    if unknown := stands.outcomes.get(CallOutcome.UNKNOWN, 0):
        times = "once" if stands.killed_sessions == 1 else f"{stands.killed_sessions:,} times"
        cut = f"unknown: in flight when the run was killed {times}"
        parts.append(f"{unknown:,} {'in flight' if stands.is_running else cut}")
    return f"{text}. Of these {', '.join(parts)}." if parts else f"{text}."


def _left(stands: RunStatus, rows: int) -> str:
    text = f"Left: {count(rows, 'row')}, at most {count(stands.calls_left_max, 'call')}"
    if stands.calls_left < stands.calls_left_max:
        text += f", about {stands.calls_left:,} as estimated from finished rows"
    if stands.per_minute is None or stands.seconds_left is None:
        return f"{text}."
    ends = clock_of(time.time() + stands.seconds_left)
    speed = f"at {stands.per_minute:,.0f} calls/min"
    return f"{text}; {speed}: {about(stands.seconds_left)}, until {ends}."


def _document(run: Run, stands: RunStatus) -> RunStatusDocument:
    first, last = (stands.sessions[0], stands.sessions[-1]) if stands.sessions else (None, None)
    return {
        "sheet": run.checkpoint.info.sheet,
        "checkpoint": run.checkpoint.path,
        "rows": sum(stands.totals.values()),
        "totals": complete_totals(stands.totals),
        "is_running": stands.is_running,
        "run_started_at": _moment(first.started_at if first else None),
        "run_ended_at": _moment(last.ended_at if last else None),
        "stop_reason": last.stop_reason or None if last else None,
        "sessions": len(stands.sessions),
        "killed_sessions": stands.killed_sessions,
        "calls": sum(stands.calls.values()),
        "calls_by_kind": stands.calls,
        "throttled_calls": stands.outcomes.get(CallOutcome.THROTTLED, 0),
        "calls_by_answer": {str(what): number for what, number in stands.outcomes.items()},
        **failure_keys(stands.causes),
        **problem_keys(run.checkpoint.queries.invalid_causes()),
        "calls_left_max": stands.calls_left_max,
        "calls_left": stands.calls_left,
        "calls_a_minute": None if stands.per_minute is None else round(stands.per_minute, 1),
        "seconds_left": None if stands.seconds_left is None else round(stands.seconds_left),
        "audit_errors": stands.audit_errors,
    }


def _moment(at: float | None) -> str | None:
    return None if at is None else moment(at)


def show_report(checkpoint: Path, console: Console) -> int:
    """Write the results of a run; the exit code."""
    with Checkpoint.open(checkpoint_of(checkpoint)) as opened:
        console.use_channel(opened.facts.channel)
        tell_invalid(console, opened.queries.invalid_causes())
        result = report(Run.from_checkpoint(opened), replace(stored_paths(opened), written=True))
        result = replace(result, command=command_from_here(result.command, Path(opened.info.path)))
    if result.write_error is not None:
        raise result.write_error
    return finish(console, result)


def save_charts(checkpoint: Path, console: Console) -> int:
    """Write the report with charts of a run as it stands; the exit code."""
    with Checkpoint.open(checkpoint_of(checkpoint)) as opened:
        console.use_channel(opened.facts.channel)
        paths, totals = stored_paths(opened), opened.queries.totals()
        written = write_report(Run.from_checkpoint(opened), paths, failed=newest(paths.failed))
    console.say(f"Report with charts: {short_path(written)}")
    code = exit_code(totals)
    document: ChartsDocument = {"totals": complete_totals(totals), "report": written}
    console.result(totals_line(totals), document, code)
    return code


def recover_rows(checkpoint: Path, console: Console) -> int:
    """Write every row that can be read into a new sheet, and say how many are lost; the exit code."""
    path = checkpoint_of(checkpoint)
    found = recover(path)
    totals = dict(Counter(status_word(record) for record in found.rows))
    written = results.write_recovered(found, path.with_name(f"{path.stem}.recovered.csv"))
    lost = f"{count(found.lost, 'row')} cannot be read." if found.lost > 0 else "No rows are lost."
    console.say(f"{path.name}: {count(len(found.rows), 'row')} can be read. {lost}")
    console.say(f"Saved: {short_path(written)}")
    if found.command:
        purpose = "To resume (this searches HeyX for each row first, so no contact is created twice)"
        sheet = Path(found.sheet_path) if found.sheet_path else path.absolute().with_suffix("")
        console.suggest(purpose, f"{command_from_here(found.command, sheet)} --restart")
    code = INCOMPLETE if found.lost > 0 else exit_code(totals)
    document: RecoveredDocument = {
        "read": len(found.rows),
        "lost": found.lost,
        "saved": written,
        "totals": complete_totals(totals),
    }
    console.result(totals_line(totals), document, code)
    return code


def show_comparison(checkpoint: Path, connection: ConnectionOptions, console: Console, sample: int | None) -> int:
    """Read back what a run sent, or a sample of it, and show every difference; the exit code."""
    with Checkpoint.open(checkpoint_of(checkpoint)) as opened:
        settings = from_environment(os.environ, **connection.given(opened.facts.connection))
        console.use_channel(settings.channel)
        if opened.facts.channel != settings.channel:
            console.say("This is not the token that the run started with. Check that it is for the same channel.")
        confirmed = count_comparable(opened)
        rows = confirmed if sample is None else min(sample, confirmed)
        drawn = "" if rows == confirmed else f" of {confirmed:,}, chosen at random"
        seconds = rows / settings.rate.calls * settings.rate.window_seconds
        console.say(
            f"{opened.info.sheet}: reading back {count(rows, 'row')}{drawn}; at {settings.rate}: {about(seconds)}."
        )
        return _tell_comparisons(console, _compare(console, Run.from_checkpoint(opened), settings, rows))


def _compare(console: Console, run: Run, settings: Settings, rows: int) -> list[Comparison]:
    progress = console.progress(rows, budget=CallBudget(rows, settings.rate))
    chance = random.Random()  # noqa: S311  a sample is no secret

    def report(found: Comparison) -> None:
        status = Status.UNCHANGED if found.matches else Status.FAILED
        progress.report(Outcome(found.number, status, found.contact_id))

    with Signals(console) as signals:
        reading = verify_run(run, settings, sample=rows, chance=chance, started=signals.attach, on_compared=report)
        try:
            return asyncio.run(reading)
        finally:
            progress.close()


def _tell_comparisons(console: Console, compared: list[Comparison]) -> int:
    wrong = [found for found in compared if not found.matches]
    as_sent = len(compared) - len(wrong)
    for found in wrong:
        for line in lines_of(found):
            console.say(line)
    if wrong:
        console.say("HeyX changed these values, or a user has edited them in HeyX since. Nothing was written.")
    code = INCOMPLETE if wrong else 0
    different: list[DifferentRow] = [
        {
            "row": found.number,
            "contact": found.contact_id,
            "unread": found.read_error or None,
            "differences": found.differences,
        }
        for found in wrong
    ]
    document: ComparisonDocument = {"rows": len(compared), "matches": as_sent, "different": different}
    text = f"{count(len(compared), 'row')} read back: {as_sent:,} as sent, {len(wrong):,} different"
    console.result(text, document, code)
    return code


def command_from_here(command: str, path: Path) -> str:
    """The command that the run of the sheet at `path` was started with, as it works in this folder."""
    for word in split_command(command):
        given = Path(word)
        if not given.is_absolute() and path.parts[-len(given.parts) :] == given.parts:
            home = path.parents[len(given.parts) - 1]
            return command if home == Path.cwd() else in_folder(str(home), command)
    return command
