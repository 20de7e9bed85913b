"""`heyx-bulk rerun` and `heyx-bulk report`: a checkpoint picked up again, or only looked at."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from heyx_bulk.api.call_log import CallLogFile
from heyx_bulk.cli import preflight as bill
from heyx_bulk.cli.console import Console, count, same_command, short_path
from heyx_bulk.cli.options import ConnectionOptions
from heyx_bulk.cli.preflight import Speed
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import (
    document,
    finish,
    next_steps,
    tell_next,
    tell_sent,
    tell_uncertain,
    tell_wrong,
    write_results,
)
from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, HeyxBulkError, SheetError
from heyx_bulk.models.contacts import Status
from heyx_bulk.rate_limit.limiter import learned_limit_of
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import audit_errors
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import run_paths, state_checkpoints
from heyx_bulk.upload.corrections import import_corrections, run_of_file
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.runner import RunCallbacks, confirm_channel, count_open, places_kept, send
from heyx_bulk.upload.staging import sheet_change

CHECKPOINT = ".checkpoint"


def rerun(
    named: Path,
    speaking: ConnectionOptions,
    console: Console,
    *,
    stops: StopConditions,
    log: CallLogFile | None,
    uncertain: bool = False,
) -> int:
    """Send the failed rows of a run again, or those that a person mended; the exit code.

    With `uncertain`, rows whose create went unanswered are sent as if it never was.
    """
    mended = _mended_rows(named)
    path = _checkpoint_of_run(named, mended) if mended is not None else checkpoint_of(named)
    with lock(path), Checkpoint.open(path) as checkpoint:
        checkpoint.verify_contents()
        settings = from_environment(os.environ, **speaking.or_else(checkpoint.facts.connection).options())
        confirm_channel(checkpoint, settings)
        if mended is not None:
            sheet = open_sheet(named, SheetOptions(raw_csv=UploadOptions.from_checkpoint(checkpoint).raw_csv))
            _take_back(console, Run.from_checkpoint(checkpoint), sheet, uncertain=uncertain)
        else:
            _tell_changed(console, checkpoint)
            _tell_again(console, checkpoint, uncertain=uncertain)
            checkpoint.reopening.reopen_failed(uncertain=uncertain)
        return _send(console, Run.from_checkpoint(checkpoint), settings, RunCallbacks(stops=stops, log=log))


def report(named: Path, console: Console) -> int:
    """Write the results of a run as they stand, and say its totals; the exit code."""
    with Checkpoint.open(checkpoint_of(named)) as checkpoint:
        run = Run.from_checkpoint(checkpoint)
        totals = checkpoint.queries.totals()
        bill.tell_invalid(console, checkpoint)
        written, failed = write_results(console, run, places_kept(checkpoint))
        code = results.exit_code(totals)
        tell_uncertain(console, run)
        steps = next_steps(run, totals, checkpoint.facts.command, failed)
        tell_next(console, steps)
        if wrong := audit_errors(checkpoint):
            tell_wrong(console, run, wrong)
            code = HeyxBulkError.exit_code
        console.result(
            results.totals_line(totals, run.checkpoint.queries.count_contacts()),
            {**document(run, totals, None, written, steps, code), "audit_errors": wrong},
        )
        return code


def checkpoint_of(named: Path) -> Path:
    """The checkpoint that a person names: itself, or the sheet it belongs to."""
    if named.suffix == CHECKPOINT:
        return named
    beside = run_paths(named, None, None, excel=False).checkpoint
    if beside.exists():
        return beside
    raise CheckpointMismatch(
        f"{named} has no run yet: there is no {short_path(beside)}.",
        "Upload it first, or name the file that ends in .checkpoint.",
    )


def _send(console: Console, run: Run, settings: Settings, callbacks: RunCallbacks) -> int:
    checkpoint, totals = run.checkpoint, run.checkpoint.queries.totals()
    where = places_kept(checkpoint)
    if not count_open(totals):
        console.say("There is nothing to send again.")
        return finish(console, run, None, where, "")
    bill.tell(console, run, Speed.of(settings, learned_limit_of(settings)), fresh=False)
    with Signals(console) as signals:
        sent = send(run, settings, replace(signals.callbacks(), stops=callbacks.stops, log=callbacks.log))
        tell_sent(console, sent)
        return finish(console, run, sent, where, same_command(sys.argv[1:]))


def _mended_rows(named: Path) -> Sheet | None:
    """The sheet a person names, if it holds rows given back."""
    if named.suffix == CHECKPOINT:
        return None
    sheet = open_sheet(named)
    return sheet if run_of_file(sheet) is not None else None


def _checkpoint_of_run(named: Path, mended: Sheet) -> Path:
    """The checkpoint of the run whose rows are given back: beside them, or in the user's state folder."""
    run = run_of_file(mended)
    for path in (*sorted(named.absolute().parent.glob(f"*{CHECKPOINT}")), *state_checkpoints()):
        try:
            with Checkpoint.open(path) as checkpoint:
                if checkpoint.info.short_id == run:
                    return path
        except (CheckpointMismatch, CheckpointDamaged):
            continue
    raise CheckpointMismatch(
        f"{named.name} holds rows of the run {run}, and no checkpoint of that run lies beside it.",
        "Put the file into the folder of the checkpoint, which ends in .checkpoint.",
    )


def _tell_again(console: Console, checkpoint: Checkpoint, *, uncertain: bool) -> None:
    totals = checkpoint.queries.totals()
    failed, doubtful = totals.get(Status.FAILED, 0), totals.get(Status.UNCERTAIN, 0)
    if failed or not doubtful:
        console.say(f"{checkpoint.info.sheet}: {count(failed, 'failed row')} again.")
    if doubtful and uncertain:
        told = "sent as if never sent before: a contact that is in HeyX after all would be there twice"
        console.say(f"{checkpoint.info.sheet}: {count(doubtful, 'uncertain row')}, {told}.")
    elif doubtful:
        console.say(f"{count(doubtful, 'uncertain row')}: looked for where there is a key, and not sent.")


def _take_back(console: Console, run: Run, mended: Sheet, *, uncertain: bool) -> None:
    given = import_corrections(run, mended, uncertain=uncertain)
    console.say(f"{mended.path.name}: {count(len(given.opened), 'row')} given back.")
    if given.done:
        console.say(f"  {count(len(given.done), 'row')} of them were done since and are left as they are.")
    bill.tell_invalid(console, run.checkpoint)


def _tell_changed(console: Console, checkpoint: Checkpoint) -> None:
    """A rerun sends rows as they were; say so where the sheet has been mended since."""
    path = Path(checkpoint.info.path)
    try:
        difference = sheet_change(checkpoint, UploadOptions.from_checkpoint(checkpoint).open(path))
    except SheetError:
        return
    if difference:
        console.say(f"{path.name} has changed since its run began ({difference}).")
        console.say("A rerun sends its rows as they were.")
        console.say(f"To send the sheet as it is now:\n  {checkpoint.facts.command} --restart")
