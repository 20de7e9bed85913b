"""`heyx-bulk rerun` and `heyx-bulk report`: a checkpoint picked up again, or only looked at."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from heyx_bulk.api.call_log import LogFile
from heyx_bulk.cli import preflight as bill
from heyx_bulk.cli.console import Voice, count, same_command, shown
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.preflight import Speed
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import (
    conclude,
    document,
    next_steps,
    tell_next,
    tell_sent,
    tell_uncertain,
    tell_wrong,
    write_results,
)
from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, HeyxBulkError, SheetError
from heyx_bulk.models.contacts import Status
from heyx_bulk.rate_limit.limiter import lesson_of
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import out_of_balance
from heyx_bulk.reports.stop_conditions import Stops
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.locking import hold
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import places, state_checkpoints
from heyx_bulk.upload.corrections import run_named, take_back
from heyx_bulk.upload.options import Intent
from heyx_bulk.upload.runner import Manner, accept_channel, places_kept, send, still_to_do
from heyx_bulk.upload.staging import difference_of

CHECKPOINT = ".checkpoint"


def rerun(
    named: Path, speaking: Speaking, voice: Voice, *, stops: Stops, log: LogFile | None, uncertain: bool = False
) -> int:
    """Send the failed rows of a run again, or those that a person mended; the exit code.

    With `uncertain`, rows whose create went unanswered are sent as if it never was.
    """
    mended = _mended_rows(named)
    path = _checkpoint_of_run(named, mended) if mended is not None else checkpoint_of(named)
    with hold(path), Journal.open(path) as journal:
        journal.verify()
        settings = from_environment(os.environ, **speaking.or_else(journal.meta("speaking")).options())
        accept_channel(journal, settings)
        if mended is not None:
            sheet = open_sheet(named, raw_csv=Intent.kept(journal).raw_csv)
            _take_back(voice, Run.of(journal), sheet, uncertain=uncertain)
        else:
            _tell_changed(voice, journal)
            _tell_again(voice, journal, uncertain=uncertain)
            journal.reopen(uncertain=uncertain)
        return _send(voice, Run.of(journal), settings, Manner(stops=stops, log=log))


def report(named: Path, voice: Voice) -> int:
    """Write the results of a run as they stand, and say its totals; the exit code."""
    with Journal.open(checkpoint_of(named)) as journal:
        run = Run.of(journal)
        totals = journal.totals()
        bill.tell_invalid(voice, journal)
        written, failed = write_results(voice, run, places_kept(journal))
        code = results.exit_code(totals)
        tell_uncertain(voice, run)
        steps = next_steps(run, totals, str(journal.meta("command") or ""), failed)
        tell_next(voice, steps)
        if wrong := out_of_balance(journal):
            tell_wrong(voice, run, wrong)
            code = HeyxBulkError.exit_code
        voice.total(
            results.line(totals, run.journal.contacts()),
            {**document(run, totals, None, written, steps, code), "books": wrong},
        )
        return code


def checkpoint_of(named: Path) -> Path:
    """The checkpoint that a person names: itself, or the sheet it belongs to."""
    if named.suffix == CHECKPOINT:
        return named
    beside = places(named, None, None, excel=False).checkpoint
    if beside.exists():
        return beside
    raise CheckpointMismatch(
        f"{named} has no run yet: there is no {shown(beside)}.",
        "Upload it first, or name the file that ends in .checkpoint.",
    )


def _send(voice: Voice, run: Run, settings: Settings, manner: Manner) -> int:
    journal, totals = run.journal, run.journal.totals()
    where = places_kept(journal)
    if not still_to_do(totals):
        voice.say("There is nothing to send again.")
        return conclude(voice, run, None, where, "")
    bill.tell(voice, run, Speed.of(settings, lesson_of(settings)), fresh=False)
    with Signals(voice) as signals:
        sent = send(run, settings, replace(signals.manner(), stops=manner.stops, log=manner.log))
        tell_sent(voice, sent)
        return conclude(voice, run, sent, where, same_command(sys.argv[1:]))


def _mended_rows(named: Path) -> Sheet | None:
    """The sheet a person names, if it holds rows given back."""
    if named.suffix == CHECKPOINT:
        return None
    sheet = open_sheet(named)
    return sheet if run_named(sheet) is not None else None


def _checkpoint_of_run(named: Path, mended: Sheet) -> Path:
    """The checkpoint of the run whose rows are given back: beside them, or in the user's state folder."""
    run = run_named(mended)
    for path in (*sorted(named.absolute().parent.glob(f"*{CHECKPOINT}")), *state_checkpoints()):
        try:
            with Journal.open(path) as journal:
                if str(journal.meta("run"))[:8] == run:
                    return path
        except (CheckpointMismatch, CheckpointDamaged):
            continue
    raise CheckpointMismatch(
        f"{named.name} holds rows of the run {run}, and no checkpoint of that run lies beside it.",
        "Put the file into the folder of the checkpoint, which ends in .checkpoint.",
    )


def _tell_again(voice: Voice, journal: Journal, *, uncertain: bool) -> None:
    totals = journal.totals()
    failed, doubtful = totals.get(Status.FAILED, 0), totals.get(Status.UNCERTAIN, 0)
    if failed or not doubtful:
        voice.say(f"{journal.meta('sheet')}: {count(failed, 'failed row')} again.")
    if doubtful and uncertain:
        told = "sent as if never sent before: a contact that is in HeyX after all would be there twice"
        voice.say(f"{journal.meta('sheet')}: {count(doubtful, 'uncertain row')}, {told}.")
    elif doubtful:
        voice.say(f"{count(doubtful, 'uncertain row')}: looked for where there is a key, and not sent.")


def _take_back(voice: Voice, run: Run, mended: Sheet, *, uncertain: bool) -> None:
    given = take_back(run, mended, uncertain=uncertain)
    voice.say(f"{mended.path.name}: {count(len(given.opened), 'row')} given back.")
    if given.done:
        voice.say(f"  {count(len(given.done), 'row')} of them were done since and are left as they are.")
    bill.tell_invalid(voice, run.journal)


def _tell_changed(voice: Voice, journal: Journal) -> None:
    """A rerun sends rows as they were; say so where the sheet has been mended since."""
    path = Path(str(journal.meta("path")))
    try:
        difference = difference_of(journal, Intent.kept(journal).open(path))
    except SheetError:
        return
    if difference:
        voice.say(f"{path.name} has changed since its run began ({difference}).")
        voice.say("A rerun sends its rows as they were.")
        voice.say(f"To send the sheet as it is now:\n  {journal.meta('command')} --again")
