"""`heyx-bulk upload`: a sheet on its way to a channel, from the first look to the results file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import typer

from heyx_bulk.api.call_log import CallLog, CallLogFile, open_call_log
from heyx_bulk.cli import preflight as bill
from heyx_bulk.cli.console import Console, count, duration, same_command
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.mapping import MappingWish
from heyx_bulk.cli.options import ConnectionOptions
from heyx_bulk.cli.plan_view import PlanView
from heyx_bulk.cli.preflight import Speed
from heyx_bulk.cli.prompts import asked_about
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import document, finish, tell_sent
from heyx_bulk.errors import Interrupted, SettingsError, SheetError
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields
from heyx_bulk.models.contacts import Status
from heyx_bulk.rate_limit.limiter import learned_limit_of
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.settings import Settings, from_environment, validate_settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths
from heyx_bulk.upload.canary import Canary
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.runner import check, compare_with_export, count_open, now, open_run, places_of, send
from heyx_bulk.upload.sender import RowSender
from heyx_bulk.upload.session_run import send_rows
from heyx_bulk.upload.simulation import TOKEN, simulate
from heyx_bulk.upload.staging import map_sheet, stage

ASK_ABOVE_CONTACTS = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything the command line says about an upload."""

    sheet: Path
    options: UploadOptions
    mapping: MappingWish
    speaking: ConnectionOptions
    stops: StopConditions
    canary: int
    log: CallLogFile | None
    out: Path | None
    console: Console
    yes: bool
    strict: bool
    again: bool
    rehearse: bool
    dry_run: bool
    first: int


def upload_sheet(asked: Asked) -> int:
    """Do what was asked; the exit code."""
    if asked.rehearse and asked.dry_run:
        raise SettingsError("--simulate and --dry-run exclude each other.", "Leave one of them out.")
    if asked.rehearse and asked.options.since_export:
        raise SettingsError(
            "--simulate plays a HeyX of its own, which has made no export.",
            "Add --dry-run instead of --simulate: it reads and writes nothing that is not changed.",
        )
    if asked.options.matching.detect_conflicts and not asked.options.since_export:
        raise SettingsError(
            "--detect-conflicts compares HeyX with an export, and there is no --since-export.",
            "Add --since-export.",
        )
    if asked.dry_run and asked.canary:
        raise SettingsError("--canary sends rows, and --dry-run sends nothing.", "Leave one of them out.")
    sheet = asked.options.open(asked.sheet)
    known = NO_FIELDS if asked.rehearse else known_here()
    options = asked.mapping.applied(asked.options, sheet, asked.console)
    if asked.console.can_ask and not asked.yes:
        options = asked_about(sheet, options, known, asked.console)
    asked = replace(asked, options=options)
    if asked.rehearse or asked.dry_run:
        map_sheet(sheet, options, known)
    else:
        check(sheet, options, known, asked.out)
    settings = _settings(asked)
    _tell_sheet(asked.console, sheet)
    if asked.rehearse or asked.dry_run:
        with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
            return _try_out(asked, sheet, known, settings, Path(folder) / "trial.checkpoint")
    where = places_of(sheet, asked.options, asked.out)
    if where.note:
        asked.console.say(f"{where.note}.")
    fresh: list[Run] = []

    def agree(run: Run) -> None:
        _agree(asked, run, settings)
        fresh.append(run)

    with Signals(asked.console) as signals, lock(where.checkpoint):
        callbacks = signals.callbacks(agree)
        with open_run(sheet, asked.options, where, settings, again=asked.again, callbacks=callbacks) as run:
            return _send(asked, run, settings, where, signals, fresh=bool(fresh))


def _agree(asked: Asked, run: Run, settings: Settings) -> None:
    """AddProblem what a new run will do, and see that it is wanted."""
    due = bill.tell(asked.console, run, Speed.of(settings, learned_limit_of(settings)))
    _be_strict(asked, run.checkpoint)
    if not _agreed(asked, due.contacts_written):
        raise Interrupted(signal.SIGINT, "Nothing was sent.", "")
    run.checkpoint.facts.command = same_command(sys.argv[1:], without=("--restart",))
    run.checkpoint.facts.connection = asdict(asked.speaking)


def _settings(asked: Asked) -> Settings:
    if asked.rehearse:
        given = {name: value for name, value in asked.speaking.options().items() if value is not None}
        return validate_settings(token=TOKEN, **given)
    return from_environment(os.environ, **asked.speaking.options())


def _tell_sheet(console: Console, sheet: Sheet) -> None:
    worksheet = f", worksheet “{sheet.worksheet}”" if sheet.worksheet else ""
    name = "standard input" if sheet.path.name == "-" else sheet.path.name
    console.say(f"{name}: {count(sheet.row_count, 'row')} ({sheet.format}{worksheet})")
    for note in sheet.notes:
        console.say(f"  {note}")


# A trial: a rehearsal or a dry run, on a checkpoint that is thrown away


def _try_out(asked: Asked, sheet: Sheet, known: KnownFields, settings: Settings, path: Path) -> int:
    columns = map_sheet(sheet, asked.options, known)
    stage(sheet, asked.options, path, columns=columns, channel=settings.channel, started_at=now(), durable=False)
    with Checkpoint.open(path, durable=False) as checkpoint:
        if asked.options.since_export:
            compare_with_export(checkpoint, asked.options, settings)
        run = Run.from_checkpoint(checkpoint)
        learned = None if asked.rehearse else learned_limit_of(settings)
        bill.tell(asked.console, run, Speed.of(settings, learned))
        _be_strict(asked, checkpoint)
        return _rehearse(asked, run, settings) if asked.rehearse else _dry_run(asked, run, settings)


def _rehearse(asked: Asked, run: Run, settings: Settings) -> int:
    progress = asked.console.progress(count_open(run.checkpoint.queries.totals()))
    work = Canary(run, asked.canary, say=asked.console.say) if asked.canary else RowSender.run
    with _logged(asked, run) as log:
        rehearsed = simulate(run, settings, progress, stops=asked.stops, log=log, work=work)
    sent, totals, code = rehearsed.sent, rehearsed.totals, results.exit_code(rehearsed.totals)
    if sent.stopped is not None:
        asked.console.error(f"The run would not end in one start. {sent.stopped.what}")
        asked.console.say("In earnest nothing would be lost, and the same command would carry on.")
        code = sent.stopped.exit_code
    asked.console.say(
        f"Rehearsed against a sandbox; nothing was sent to HeyX, which would have taken "
        f"{duration(sent.seconds)} for these {count(sent.calls, 'call')}."
    )
    asked.console.result(
        results.totals_line(totals, run.checkpoint.queries.count_contacts()),
        {**document(run, totals, sent, None, [], code), "checkpoint": None},
    )
    return code


def _logged(asked: Asked, run: Run) -> AbstractContextManager[CallLog | None]:
    return open_call_log(asked.log, run.checkpoint.info.run_id)


def _dry_run(asked: Asked, run: Run, settings: Settings) -> int:
    shown = PlanView(asked.first)
    progress = asked.console.progress(count_open(run.checkpoint.queries.totals()))
    remembered = ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache)
    with Signals(asked.console) as signals, _logged(asked, run) as log, remembered as cache:
        watch = StopMonitor(asked.stops, open_between=run.checkpoint.queries.open_between)
        recorder = CallRecorder(watch, log=log, started=signals.attach)
        work = send_rows(run, settings, progress=progress, on_planned=shown, cache=cache, recorder=recorder)
        sent = asyncio.run(work)
    for number, lines in shown.plans():
        for line in (f"row {number}  {lines[0]}", *lines[1:]):
            asked.console.say(line)
    totals = run.checkpoint.queries.totals()
    if sent.stopped is not None:
        raise sent.stopped
    code = results.exit_code(totals)
    asked.console.say(f"Nothing was written. The run would write with {shown.total()}.")
    told = {
        **document(run, totals, sent, None, [], code),
        "checkpoint": None,
        "writes": shown.writes,
        "changes": dict(shown.counts),
        "plans": [{"row": number, "plan": lines} for number, lines in shown.plans()],
    }
    asked.console.result(f"would be {results.totals_line(totals, run.checkpoint.queries.count_contacts())}", told)
    return code


# Sending


def _send(asked: Asked, run: Run, settings: Settings, where: RunPaths, signals: Signals, *, fresh: bool) -> int:
    same = same_command(sys.argv[1:], without=("--restart",))
    totals = run.checkpoint.queries.totals()
    rows, still = sum(totals.values()), count_open(totals)
    if not fresh:
        if not still:
            asked.console.say(f"This sheet's run is finished; it began {run.checkpoint.info.started_at}.")
            if not run.matching.no_match:
                asked.console.say("Nothing was sent. To send the sheet anew, add --restart.")
            return finish(asked.console, run, None, where, "")
        asked.console.say(f"Carrying on: {rows - still:,} of {count(rows, 'row')} are done.")
        bill.tell(asked.console, run, Speed.of(settings, learned_limit_of(settings)), fresh=False)
    sent = send(run, settings, replace(signals.callbacks(), stops=asked.stops, log=asked.log, canary=asked.canary))
    tell_sent(asked.console, sent)
    return finish(asked.console, run, sent, where, same)


def _be_strict(asked: Asked, checkpoint: Checkpoint) -> None:
    invalid = checkpoint.queries.totals().get(Status.INVALID, 0)
    if asked.strict and invalid:
        raise SheetError(
            f"{count(invalid, 'row')} of {asked.sheet.name} cannot be sent, and --strict was given: "
            "nothing was sent.",
            "Mend the rows named above, or leave out --strict to send the others.",
        )


def _agreed(asked: Asked, contacts: int) -> bool:
    if asked.yes or contacts <= ASK_ABOVE_CONTACTS or not asked.console.can_ask:
        return True
    try:
        return typer.confirm(f"Write to {contacts:,} contacts?", default=False, err=True)
    except typer.Abort:
        return False
