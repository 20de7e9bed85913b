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

from heyx_bulk.api.call_log import Log, LogFile, logged
from heyx_bulk.cli import preflight as bill
from heyx_bulk.cli.console import Voice, count, duration, same_command
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.mapping import MappingWish
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.plan_view import Shown
from heyx_bulk.cli.preflight import Speed
from heyx_bulk.cli.prompts import asked_about
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import conclude, document, tell_sent
from heyx_bulk.errors import Interrupted, SettingsError, SheetError
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields
from heyx_bulk.models.contacts import Status
from heyx_bulk.rate_limit.limiter import lesson_of
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import Books
from heyx_bulk.reports.stop_conditions import Stops
from heyx_bulk.reports.stop_monitor import Watch
from heyx_bulk.settings import Settings, checked, from_environment
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.channel_cache import ChannelMemory
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.locking import hold
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import Places
from heyx_bulk.upload.canary import Canary
from heyx_bulk.upload.options import Intent
from heyx_bulk.upload.runner import begun, check, compare_with_export, now, places_of, send, still_to_do
from heyx_bulk.upload.sender import Upload
from heyx_bulk.upload.session_run import upload
from heyx_bulk.upload.simulation import TOKEN, rehearse
from heyx_bulk.upload.staging import stage, understand

ASK_ABOVE_CONTACTS = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything the command line says about an upload."""

    sheet: Path
    intent: Intent
    mapping: MappingWish
    speaking: Speaking
    stops: Stops
    canary: int
    log: LogFile | None
    out: Path | None
    voice: Voice
    yes: bool
    strict: bool
    again: bool
    rehearse: bool
    dry_run: bool
    first: int


def upload_sheet(asked: Asked) -> int:
    """Do what was asked; the exit code."""
    if asked.rehearse and asked.dry_run:
        raise SettingsError("--rehearse and --dry-run exclude each other.", "Leave one of them out.")
    if asked.rehearse and asked.intent.since_export:
        raise SettingsError(
            "--rehearse plays a HeyX of its own, which has made no export.",
            "Add --dry-run instead of --rehearse: it reads and writes nothing that is not changed.",
        )
    if asked.intent.matching.check and not asked.intent.since_export:
        raise SettingsError(
            "--check compares HeyX with an export, and there is no --since-export.", "Add --since-export."
        )
    if asked.dry_run and asked.canary:
        raise SettingsError("--canary sends rows, and --dry-run sends nothing.", "Leave one of them out.")
    sheet = asked.intent.open(asked.sheet)
    known = NO_FIELDS if asked.rehearse else known_here()
    intent = asked.mapping.applied(asked.intent, sheet, asked.voice)
    if asked.voice.can_ask and not asked.yes:
        intent = asked_about(sheet, intent, known, asked.voice)
    asked = replace(asked, intent=intent)
    if asked.rehearse or asked.dry_run:
        understand(sheet, intent, known)
    else:
        check(sheet, intent, known, asked.out)
    settings = _settings(asked)
    _tell_sheet(asked.voice, sheet)
    if asked.rehearse or asked.dry_run:
        with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
            return _try_out(asked, sheet, known, settings, Path(folder) / "trial.checkpoint")
    where = places_of(sheet, asked.intent, asked.out)
    if where.note:
        asked.voice.say(f"{where.note}.")
    fresh: list[Run] = []

    def agree(run: Run) -> None:
        _agree(asked, run, settings)
        fresh.append(run)

    with Signals(asked.voice) as signals, hold(where.checkpoint):
        manner = signals.manner(agree)
        with begun(sheet, asked.intent, where, settings, again=asked.again, manner=manner) as run:
            return _send(asked, run, settings, where, signals, fresh=bool(fresh))


def _agree(asked: Asked, run: Run, settings: Settings) -> None:
    """Tell what a new run will do, and see that it is wanted."""
    due = bill.tell(asked.voice, run, Speed.of(settings, lesson_of(settings)))
    _be_strict(asked, run.journal)
    if not _agreed(asked, due.writes_to):
        raise Interrupted(signal.SIGINT, "Nothing was sent.", "")
    run.journal.remember("command", same_command(sys.argv[1:], without=("--again",)))
    run.journal.remember("speaking", asdict(asked.speaking))


def _settings(asked: Asked) -> Settings:
    if asked.rehearse:
        given = {name: value for name, value in asked.speaking.options().items() if value is not None}
        return checked(token=TOKEN, **given)
    return from_environment(os.environ, **asked.speaking.options())


def _tell_sheet(voice: Voice, sheet: Sheet) -> None:
    worksheet = f", worksheet “{sheet.worksheet}”" if sheet.worksheet else ""
    name = "standard input" if sheet.path.name == "-" else sheet.path.name
    voice.say(f"{name}: {count(sheet.row_count, 'row')} ({sheet.format}{worksheet})")
    for note in sheet.notes:
        voice.say(f"  {note}")


# A trial: a rehearsal or a dry run, on a checkpoint that is thrown away


def _try_out(asked: Asked, sheet: Sheet, known: KnownFields, settings: Settings, path: Path) -> int:
    columns = understand(sheet, asked.intent, known)
    stage(sheet, asked.intent, path, columns=columns, channel=settings.channel, begun_at=now(), durable=False)
    with Journal.open(path, durable=False) as journal:
        if asked.intent.since_export:
            compare_with_export(journal, asked.intent, settings)
        run = Run.of(journal)
        lesson = None if asked.rehearse else lesson_of(settings)
        bill.tell(asked.voice, run, Speed.of(settings, lesson))
        _be_strict(asked, journal)
        return _rehearse(asked, run, settings) if asked.rehearse else _dry_run(asked, run, settings)


def _rehearse(asked: Asked, run: Run, settings: Settings) -> int:
    progress = asked.voice.progress(still_to_do(run.journal.totals()))
    work = Canary(run, asked.canary, tell=asked.voice.say) if asked.canary else Upload.run
    with _logged(asked, run) as log:
        rehearsed = rehearse(run, settings, progress, stops=asked.stops, log=log, work=work)
    sent, totals, code = rehearsed.sent, rehearsed.totals, results.exit_code(rehearsed.totals)
    if sent.stopped is not None:
        asked.voice.alarm(f"The run would not end in one start. {sent.stopped.what}")
        asked.voice.say("In earnest nothing would be lost, and the same command would carry on.")
        code = sent.stopped.exit_code
    asked.voice.say(
        f"Rehearsed against a sandbox; nothing was sent to HeyX, which would have taken "
        f"{duration(sent.seconds)} for these {count(sent.calls, 'call')}."
    )
    asked.voice.total(
        results.line(totals, run.journal.contacts()),
        {**document(run, totals, sent, None, [], code), "checkpoint": None},
    )
    return code


def _logged(asked: Asked, run: Run) -> AbstractContextManager[Log | None]:
    return logged(asked.log, str(run.journal.meta("run")))


def _dry_run(asked: Asked, run: Run, settings: Settings) -> int:
    shown = Shown(asked.first)
    progress = asked.voice.progress(still_to_do(run.journal.totals()))
    remembered = ChannelMemory(settings.channel, settings.settle, remember=settings.memory)
    with Signals(asked.voice) as signals, _logged(asked, run) as log, remembered as memory:
        watch = Watch(asked.stops, open_between=run.journal.account.open_between)
        books = Books(watch, log=log, started=signals.attach)
        work = upload(run, settings, progress=progress, planned=shown, memory=memory, books=books)
        sent = asyncio.run(work)
    for number, lines in shown.plans():
        for line in (f"row {number}  {lines[0]}", *lines[1:]):
            asked.voice.say(line)
    totals = run.journal.totals()
    if sent.stopped is not None:
        raise sent.stopped
    code = results.exit_code(totals)
    asked.voice.say(f"Nothing was written. The run would write with {shown.total()}.")
    told = {
        **document(run, totals, sent, None, [], code),
        "checkpoint": None,
        "writes": shown.writes,
        "changes": dict(shown.counts),
        "plans": [{"row": number, "plan": lines} for number, lines in shown.plans()],
    }
    asked.voice.total(f"would be {results.line(totals, run.journal.contacts())}", told)
    return code


# Sending


def _send(asked: Asked, run: Run, settings: Settings, where: Places, signals: Signals, *, fresh: bool) -> int:
    same = same_command(sys.argv[1:], without=("--again",))
    totals = run.journal.totals()
    rows, still = sum(totals.values()), still_to_do(totals)
    if not fresh:
        if not still:
            asked.voice.say(f"This sheet's run is finished; it began {run.journal.meta('begun_at')}.")
            if not run.matching.no_match:
                asked.voice.say("Nothing was sent. To send the sheet anew, add --again.")
            return conclude(asked.voice, run, None, where, "")
        asked.voice.say(f"Carrying on: {rows - still:,} of {count(rows, 'row')} are done.")
        bill.tell(asked.voice, run, Speed.of(settings, lesson_of(settings)), fresh=False)
    sent = send(run, settings, replace(signals.manner(), stops=asked.stops, log=asked.log, canary=asked.canary))
    tell_sent(asked.voice, sent)
    return conclude(asked.voice, run, sent, where, same)


def _be_strict(asked: Asked, journal: Journal) -> None:
    invalid = journal.totals().get(Status.INVALID, 0)
    if asked.strict and invalid:
        raise SheetError(
            f"{count(invalid, 'row')} of {asked.sheet.name} cannot be sent, and --strict was given: "
            "nothing was sent.",
            "Mend the rows named above, or leave out --strict to send the others.",
        )


def _agreed(asked: Asked, contacts: int) -> bool:
    if asked.yes or contacts <= ASK_ABOVE_CONTACTS or not asked.voice.can_ask:
        return True
    try:
        return typer.confirm(f"Write to {contacts:,} contacts?", default=False, err=True)
    except typer.Abort:
        return False
