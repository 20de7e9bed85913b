"""How a start ends: results, totals, and the next command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heyx_bulk import results
from heyx_bulk.cli.say import Voice, command, count, duration, shown, told
from heyx_bulk.errors import Stopped
from heyx_bulk.model import Status
from heyx_bulk.run import Run
from heyx_bulk.starts import still_to_do
from heyx_bulk.upload import Sent


def conclude(voice: Voice, run: Run, sent: Sent | None, place: Path, same: str) -> int:
    """Write the results at `place`, say the totals and the next command (`same` carries on); the exit code."""
    written = results.write(run, place)
    voice.say(f"Results: {shown(written)}")
    stopped = sent.stopped if sent is not None else None
    return _tell(voice, run, sent, stopped, written, same)


def tell_sent(voice: Voice, sent: Sent) -> None:
    """Say what a start sent, and in what time."""
    refused = f", {sent.refused:,} of them refused as too many" if sent.refused else ""
    voice.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{refused}.")


@dataclass(frozen=True, slots=True)
class Next:
    """A next step: what it is for, and the command to copy."""

    purpose: str
    command: str


def next_steps(run: Run, totals: dict[str, int], same: str) -> list[Next]:
    """What a person would type next, most urgent first; `same` is the command that carries on."""
    if still_to_do(totals):
        return [Next("To carry on", same)] if same else []
    steps = []
    if failed := totals.get(Status.FAILED, 0) + totals.get(Status.UNCERTAIN, 0):
        steps.append(Next(f"To send the {count(failed, 'failed row')} again", rerun_command(run)))
    if invalid := totals.get(Status.INVALID, 0):
        began = str(run.journal.meta("command") or "heyx-bulk upload SHEET")
        purpose = (
            f"{count(invalid, 'row')} cannot be sent as they are; the results say why. To send the mended sheet"
        )
        steps.append(Next(purpose, f"{began} --again"))
    return steps


def rerun_command(run: Run) -> str:
    """The command that sends the failed rows again."""
    return command("rerun", shown(run.journal.path))


def tell_next(voice: Voice, steps: list[Next]) -> None:
    """Say the next steps, each ready to copy."""
    for step in steps:
        voice.say(f"{step.purpose}:\n  {step.command}")


def _tell(voice: Voice, run: Run, sent: Sent | None, stopped: Stopped | None, written: Path, same: str) -> int:
    totals = run.journal.totals()
    code = results.exit_code(totals)
    if stopped is not None:
        voice.alarm(told(stopped))
        code = stopped.exit_code
    steps = next_steps(run, totals, same)
    tell_next(voice, steps)
    voice.total(results.line(totals), document(run, totals, sent, written, steps, code))
    return code


def document(
    run: Run, totals: dict[str, int], sent: Sent | None, written: Path | None, steps: list[Next], code: int
) -> dict[str, object]:
    """The totals as plain data."""
    return {
        "sheet": run.journal.meta("sheet"),
        "rows": sum(totals.values()),
        "totals": totals,
        "calls": sent.calls if sent else 0,
        "refused_for_pace": sent.refused if sent else 0,
        "seconds": round(sent.seconds, 1) if sent else 0,
        "checkpoint": str(run.journal.path),
        "results": str(written) if written else None,
        "next": [step.command for step in steps],
        "exit": code,
    }
