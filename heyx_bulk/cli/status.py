"""`heyx-bulk status`: how a run stands, also while it goes on in another terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from heyx_bulk.cli.console import Voice, command, count, duration, sentence, shown
from heyx_bulk.cli.preflight import tell_invalid
from heyx_bulk.cli.rerun import CHECKPOINT, checkpoint_of
from heyx_bulk.cli.summary import next_steps, tell_next, tell_wrong
from heyx_bulk.errors import CheckpointMismatch, HeyxBulkError
from heyx_bulk.models.call_records import Happened
from heyx_bulk.reports import results
from heyx_bulk.reports.run_status import Cause, Standing, standing
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import state_checkpoints
from heyx_bulk.upload.runner import still_to_do

CAUSES_SHOWN = 12


def status(named: Path | None, voice: Voice) -> int:
    """Say how a run stands, or every run whose checkpoint is found; the exit code."""
    paths = _found() if named is None else [checkpoint_of(named)]
    if len(paths) == 1:
        return _tell(paths[0], voice)
    voice.say("Runs here and in the user's state folder; for more of one, name it:")
    documents, codes = [], []
    for path in paths:
        line, document, code = _brief(path)
        voice.say(line)
        documents.append(document)
        codes.append(code)
    voice.total(count(len(paths), "run"), {"runs": documents})
    return max(codes)


def _found() -> list[Path]:
    paths = [*sorted(Path.cwd().glob(f"*{CHECKPOINT}")), *state_checkpoints()]
    if not paths:
        raise CheckpointMismatch(
            "There is no checkpoint in this folder, and none in the user's state folder.",
            f"Go to the folder of the sheet, or name its checkpoint: {command('status', 'SHEET.checkpoint')}",
        )
    return paths


def _brief(path: Path) -> tuple[str, dict[str, object], int]:
    try:
        with Journal.open(path) as journal:
            stands = standing(Run.of(journal))
    except CheckpointMismatch as error:
        return f"  {shown(path)}: {error.what}", {"checkpoint": str(path), "error": error.what}, error.exit_code
    state = "goes on" if stands.goes_on else "stopped" if still_to_do(stands.totals) else "finished"
    line = f"  {command('status', shown(path))}\n    {state}; {results.line(stands.totals)}"
    return line, {"checkpoint": str(path), "state": state, "totals": stands.totals}, _code(stands)


def _tell(path: Path, voice: Voice) -> int:
    with Journal.open(path) as journal:
        run = Run.of(journal)
        stands = standing(run)
        voice.say(f"{journal.meta('sheet')}: begun {journal.meta('begun_at')}. {_how(stands)}")
        voice.say(_calls(stands))
        tell_invalid(voice, journal)
        _tell_causes(voice, stands.causes)
        if still_to_do(stands.totals):
            voice.say(_left(stands))
        if not stands.goes_on:
            tell_next(voice, next_steps(run, stands.totals, str(journal.meta("command") or ""), None))
        if stands.wrong:
            tell_wrong(voice, run, stands.wrong)
        voice.total(results.line(stands.totals), _document(run, stands))
        return _code(stands)


def _code(stands: Standing) -> int:
    return HeyxBulkError.exit_code if stands.wrong else results.exit_code(stands.totals)


def _how(stands: Standing) -> str:
    if stands.goes_on:
        return "It goes on now."
    if not still_to_do(stands.totals):
        return "It is finished."
    last = stands.starts[-1] if stands.starts else None
    if last is None:
        return "Nothing was sent yet."
    if last.ended is None:
        return "It was cut off, by a kill or a power cut; nothing is lost."
    why = f" {sentence(last.why)}" if last.why else ""
    return f"It ended early at {_clock(last.ended)}.{why} Nothing is lost."


def _calls(stands: Standing) -> str:
    sent = sum(stands.calls.values())
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in stands.calls.items())
    told = f"{count(sent, 'call')} in {count(len(stands.starts), 'start')}" + (f": {kinds}" if kinds else "")
    refused, lost = stands.came.get(Happened.THROTTLED, 0), stands.came.get(Happened.UNANSWERED, 0)
    parts = [f"{refused:,} refused as too many"] if refused else []
    parts += [f"{lost:,} not answered"] if lost else []
    if unknown := stands.came.get(Happened.UNKNOWN, 0):
        cut = f"unknown: on their way when it was cut off {_times(stands.killed)}"
        parts.append(f"{unknown:,} {'on their way' if stands.goes_on else cut}")
    return f"{told}. Of these {', '.join(parts)}." if parts else f"{told}."


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _tell_causes(voice: Voice, causes: tuple[Cause, ...]) -> None:
    if causes:
        voice.say("Rows that failed or are uncertain:")
    for cause in causes[:CAUSES_SHOWN]:
        more = ", …" if cause.rows > len(cause.first) else ""
        noun = "row" if cause.rows == 1 else "rows"
        rows = f"{noun} {', '.join(map(str, cause.first))}{more}"
        voice.say(f"  {cause.rows:,} × {cause.status}: {cause.message} ({rows})")
    if len(causes) > CAUSES_SHOWN:
        voice.say(f"  and {len(causes) - CAUSES_SHOWN} other causes")


def _left(stands: Standing) -> str:
    told = f"Left: {count(still_to_do(stands.totals), 'row')}, at most {count(stands.at_most, 'call')}"
    if stands.expected < stands.at_most:
        told += f", about {stands.expected:,} by what the rows so far took"
    if stands.per_minute is None or stands.seconds_left is None:
        return f"{told}."
    ends = datetime.now() + timedelta(seconds=stands.seconds_left)
    pace = f"at {stands.per_minute:,.0f} calls a minute, as lately"
    return f"{told}; {pace}: about {duration(stands.seconds_left)}, until {ends:%H:%M}."


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


def _document(run: Run, stands: Standing) -> dict[str, object]:
    return {
        "sheet": run.journal.meta("sheet"),
        "checkpoint": str(run.journal.path),
        "rows": sum(stands.totals.values()),
        "totals": stands.totals,
        "goes_on": stands.goes_on,
        "starts": len(stands.starts),
        "killed": stands.killed,
        "calls": sum(stands.calls.values()),
        "calls_by_kind": stands.calls,
        "calls_by_answer": {str(what): number for what, number in stands.came.items()},
        "failures": [
            {"status": cause.status, "message": cause.message, "rows": cause.rows, "first": cause.first}
            for cause in stands.causes
        ],
        "calls_left_at_most": stands.at_most,
        "calls_left_expected": stands.expected,
        "calls_a_minute": None if stands.per_minute is None else round(stands.per_minute, 1),
        "seconds_left": None if stands.seconds_left is None else round(stands.seconds_left),
        "books": list(stands.wrong),
        "exit": _code(stands),
    }
