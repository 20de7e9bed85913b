"""`heyx-bulk rerun` and `heyx-bulk report`: a checkpoint picked up again, or only looked at."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from heyx_bulk import results
from heyx_bulk.cli import bill
from heyx_bulk.cli.ending import conclude, document, next_command, tell_sent
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.say import Voice, count, same_command
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.journal import Journal, hold
from heyx_bulk.places import places
from heyx_bulk.runs import accept_channel, send, still_to_do
from heyx_bulk.settings import from_environment
from heyx_bulk.stage import Run


def rerun(named: Path, speaking: Speaking, voice: Voice) -> int:
    """Send the failed rows of a run again, and look again for the uncertain ones; the exit code."""
    settings = from_environment(os.environ, **speaking.options())
    path = checkpoint_of(named)
    same = same_command(sys.argv[1:])
    with hold(path), Journal.open(path) as journal:
        accept_channel(journal, settings)
        reopened = journal.reopen()
        run = Run.of(journal)
        totals = journal.totals()
        rows, still = sum(totals.values()), still_to_do(totals)
        if not still:
            voice.say("No row failed: there is nothing to send again.")
            code = results.exit_code(totals)
            voice.total(results.line(totals), document(run, totals, None, None, None, code))
            return code
        voice.say(f"{journal.meta('sheet')}: {count(reopened, 'row')} again, {still:,} of {rows:,} to send.")
        bill.tell(voice, run, settings.rate)
        with Signals() as signals:
            sent = send(run, settings, signals.manner(voice))
        tell_sent(voice, sent)
        return conclude(voice, run, sent, _results_place(journal), same)


def report(named: Path, voice: Voice) -> int:
    """Write the results of a run as they stand, and say its totals; the exit code."""
    with Journal.open(checkpoint_of(named)) as journal:
        run = Run.of(journal)
        totals = journal.totals()
        bill.tell_invalid(voice, journal)
        written = results.write(journal, run.columns, _results_place(journal))
        voice.say(f"Results: {written}")
        following = next_command(run, totals, "")
        code = results.exit_code(totals)
        voice.total(results.line(totals), document(run, totals, None, written, following or None, code))
        return code


def checkpoint_of(named: Path) -> Path:
    """The checkpoint that a person names: itself, or the sheet it belongs to."""
    if named.suffix == ".checkpoint":
        return named
    excel = named.suffix.casefold() in (".xlsx", ".xlsm")
    beside = places(named, None, None, excel=excel).checkpoint
    if beside.exists():
        return beside
    raise CheckpointMismatch(
        f"{named} is no checkpoint, and there is none of it at {beside}.",
        "Name the file that ends in .checkpoint, which lies beside the sheet.",
    )


def _results_place(journal: Journal) -> Path:
    """Where the results belong: where they were meant to go, or beside a checkpoint that was moved."""
    meant = journal.meta("results")
    place = Path(str(meant))
    return place if place.parent.is_dir() else journal.path.with_name(place.name)
