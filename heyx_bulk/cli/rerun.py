"""`heyx-bulk rerun` and `heyx-bulk report`: a checkpoint picked up again, or only looked at."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from heyx_bulk import results
from heyx_bulk.cli import bill
from heyx_bulk.cli.ending import conclude, document, next_steps, tell_next, tell_sent
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.say import Voice, count, same_command, shown
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import CheckpointMismatch, SheetError
from heyx_bulk.journal import Journal, hold
from heyx_bulk.places import places
from heyx_bulk.run import Run
from heyx_bulk.settings import from_environment
from heyx_bulk.sheets import open_sheet
from heyx_bulk.stage import difference_of
from heyx_bulk.starts import accept_channel, send, still_to_do


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
            code, steps = results.exit_code(totals), next_steps(run, totals, same)
            tell_next(voice, steps)
            voice.total(results.line(totals), document(run, totals, None, None, steps, code))
            return code
        _tell_changed(voice, journal)
        voice.say(f"{journal.meta('sheet')}: {count(reopened, 'failed row')} again; {still:,} of {rows:,} to do.")
        bill.tell(voice, run, settings.rate, fresh=False)
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
        written = results.write(run, _results_place(journal))
        voice.say(f"Results: {shown(written)}")
        steps, code = next_steps(run, totals, str(journal.meta("command") or "")), results.exit_code(totals)
        tell_next(voice, steps)
        voice.total(results.line(totals), document(run, totals, None, written, steps, code))
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
        f"{named} has no run yet: there is no {shown(beside)}.",
        "Upload it first, or name the file that ends in .checkpoint.",
    )


def _tell_changed(voice: Voice, journal: Journal) -> None:
    """A rerun sends rows as they were; say so where the sheet has been mended since."""
    path = Path(str(journal.meta("path")))
    try:
        difference = difference_of(journal, open_sheet(path, worksheet=_worksheet(journal)))
    except SheetError:
        return
    if difference:
        voice.say(
            f"{path.name} has changed since its run began ({difference}): a rerun sends its rows as they were."
        )
        voice.say(f"To send the sheet as it is now:\n  {journal.meta('command')} --again")


def _worksheet(journal: Journal) -> str | None:
    name = journal.meta("worksheet")
    return None if name is None else str(name)


def _results_place(journal: Journal) -> Path:
    """Where the results belong: where they were meant to go, or beside a checkpoint that was moved."""
    meant = journal.meta("results")
    place = Path(str(meant))
    return place if place.parent.is_dir() else journal.path.with_name(place.name)
