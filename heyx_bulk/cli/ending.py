"""How a start ends: results, totals, and the next command."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk import results
from heyx_bulk.cli.say import Voice, command, count, duration, told
from heyx_bulk.errors import Stopped
from heyx_bulk.model import Status
from heyx_bulk.stage import Run
from heyx_bulk.upload import Sent


def conclude(voice: Voice, run: Run, sent: Sent | None, place: Path, same: str) -> int:
    """Write the results at `place`, say the totals and the next command (`same` carries on); the exit code."""
    written = results.write(run.journal, run.columns, place)
    voice.say(f"Results: {written}")
    stopped = sent.stopped if sent is not None else None
    return _tell(voice, run, sent, stopped, written, same)


def tell_sent(voice: Voice, sent: Sent) -> None:
    """Say what a start sent, and in what time."""
    refused = f"; HeyX refused {count(sent.refused, 'call')} as too many, sent again since" if sent.refused else ""
    voice.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{refused}.")


def next_command(run: Run, totals: dict[str, int], same: str) -> str | None:
    """What a person would type next; None where nothing is left to do."""
    if totals.get(results.TO_DO) or totals.get(results.IN_DOUBT):
        return same
    if totals.get(Status.FAILED) or totals.get(Status.UNCERTAIN):
        return command("rerun", str(run.journal.path))
    return None


def _tell(voice: Voice, run: Run, sent: Sent | None, stopped: Stopped | None, written: Path, same: str) -> int:
    totals = run.journal.totals()
    code = results.exit_code(totals)
    if stopped is not None:
        voice.say(told(stopped))
        code = stopped.exit_code
    following = next_command(run, totals, same)
    if following is not None:
        what = "To carry on" if following == same else "To send the failed rows again"
        voice.say(f"{what}:\n  {following}")
    voice.total(results.line(totals), document(run, totals, sent, written, following, code))
    return code


def document(
    run: Run, totals: dict[str, int], sent: Sent | None, written: Path | None, following: str | None, code: int
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
        "next": following,
        "exit": code,
    }
