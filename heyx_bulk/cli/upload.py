"""`heyx-bulk upload`: a sheet on its way to a channel, from the first look to the results file."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer

from heyx_bulk import results
from heyx_bulk.cli import bill
from heyx_bulk.cli.dry_run import Shown
from heyx_bulk.cli.ending import conclude, document, next_command
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.say import Voice, count, duration, same_command
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import CheckpointMismatch, SettingsError, SheetError, Unwritable
from heyx_bulk.journal import Journal, hold
from heyx_bulk.model import Status
from heyx_bulk.places import Places, dated, places
from heyx_bulk.rehearsal import TOKEN, rehearse
from heyx_bulk.settings import Settings, checked, from_environment
from heyx_bulk.sheets import Sheet, open_sheet
from heyx_bulk.stage import Intent, Run, check_same, stage, understand
from heyx_bulk.upload import Sent, Upload, has_contact, upload

ASK_ABOVE_CONTACTS = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything the command line says about an upload."""

    sheet: Path
    intent: Intent
    speaking: Speaking
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
    settings = _settings(asked)
    sheet = open_sheet(asked.sheet, worksheet=asked.intent.worksheet)
    understand(sheet, asked.intent)
    _tell_sheet(asked.voice, sheet)
    if asked.rehearse or asked.dry_run:
        with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
            return _try_out(asked, sheet, settings, Path(folder) / "trial.checkpoint")
    where = _places(asked)
    with hold(where.checkpoint), _checkpoint(asked, sheet, where, settings) as journal:
        return _send(asked, Run.of(journal), settings, where)


def _settings(asked: Asked) -> Settings:
    if asked.rehearse:
        given = {name: value for name, value in asked.speaking.options().items() if value is not None}
        return checked(token=TOKEN, **given)
    return from_environment(os.environ, **asked.speaking.options())


def _places(asked: Asked) -> Places:
    if asked.out is not None:
        try:
            asked.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unwritable(
                f"The folder {asked.out} cannot be made: {error.strerror}.", "Name another."
            ) from None
    excel = asked.sheet.suffix.casefold() in (".xlsx", ".xlsm")
    where = places(asked.sheet, asked.intent.worksheet, asked.out, excel=excel)
    if where.note:
        asked.voice.say(f"{where.note}.")
    return where


def _tell_sheet(voice: Voice, sheet: Sheet) -> None:
    worksheet = f", worksheet “{sheet.worksheet}”" if sheet.worksheet else ""
    voice.say(f"{sheet.path.name}: {count(sheet.row_count, 'row')} ({sheet.format}{worksheet})")
    for note in sheet.notes:
        voice.say(f"  {note}")


# A trial: a rehearsal or a dry run, on a checkpoint that is thrown away


def _try_out(asked: Asked, sheet: Sheet, settings: Settings, path: Path) -> int:
    stage(sheet, asked.intent, path, channel=settings.channel, begun_at=_now(), durable=False)
    with Journal.open(path, durable=False) as journal:
        run = Run.of(journal)
        bill.tell(asked.voice, run, settings.rate)
        _be_strict(asked, journal)
        return _rehearse(asked, run, settings) if asked.rehearse else _dry_run(asked, run, settings)


def _rehearse(asked: Asked, run: Run, settings: Settings) -> int:
    rows = sum(1 for _ in run.open_rows())
    rehearsed = rehearse(run, settings, asked.voice.progress(rows))
    sent, totals, code = rehearsed.sent, rehearsed.totals, results.exit_code(rehearsed.totals)
    asked.voice.say(
        f"Rehearsed against a sandbox; nothing was sent to HeyX, which would have taken about "
        f"{duration(sent.seconds)} for these {count(sent.calls, 'call')}."
    )
    asked.voice.total(results.line(totals), {**document(run, totals, sent, None, None, code), "checkpoint": None})
    return code


def _dry_run(asked: Asked, run: Run, settings: Settings) -> int:
    shown = Shown(asked.first)
    rows = sum(1 for _ in run.open_rows())
    with Signals() as signals:
        sent = asyncio.run(
            upload(run, settings, progress=asked.voice.progress(rows), planned=shown, started=signals.attach)
        )
    for number, lines in shown.plans():
        for line in (f"row {number}  {lines[0]}", *lines[1:]):
            asked.voice.say(line)
    totals = run.journal.totals()
    if sent.stopped is not None:
        raise sent.stopped
    code = results.exit_code(totals)
    asked.voice.say(f"Nothing was written. The run would write {count(shown.writes, 'call')}.")
    plans = [{"row": number, "plan": lines} for number, lines in shown.plans()]
    told = {
        **document(run, totals, sent, None, None, code),
        "checkpoint": None,
        "writes": shown.writes,
        "plans": plans,
    }
    asked.voice.total(f"would be {results.line(totals)}", told)
    return code


# The checkpoint


@contextmanager
def _checkpoint(asked: Asked, sheet: Sheet, where: Places, settings: Settings) -> Iterator[Journal]:
    """The journal of this run: carried on, or begun."""
    written = _clear_way(asked, sheet, where, settings) if where.checkpoint.exists() else None
    if not where.checkpoint.exists():
        begun = _now()
        channel = settings.channel
        stage(sheet, asked.intent, where.checkpoint, channel=channel, begun_at=begun, results=where.results)
    with Journal.open(where.checkpoint) as journal:
        if written is not None:
            journal.remember("written", written)
        yield journal


def _clear_way(asked: Asked, sheet: Sheet, where: Places, settings: Settings) -> object:
    """See that the checkpoint that is there can be carried on, or take it out of the way.

    One of which nothing was sent yet is thrown away: the sheet may have been mended since. Returns what it knew
    of the files it wrote.
    """
    with Journal.open(where.checkpoint) as journal:
        if journal.untouched():
            written = journal.meta("written")
            journal.discard()
            return written
        if not asked.again:
            check_same(journal, sheet, asked.intent, again="--again")
            accept_channel(journal, settings)
            return None
        if journal.doubts():
            accept_channel(journal, settings)
            _settle(asked, Run.of(journal), settings)
            results.write(journal, Run.of(journal).columns, where.results)
    _set_aside(asked.voice, where)
    return None


def _set_aside(voice: Voice, where: Places) -> None:
    moment = datetime.now()
    for path in (where.checkpoint, where.results):
        if path.exists():
            name = dated(path, moment)
            path.rename(name)
            voice.say(f"Kept from the run before: {name.name}")


def accept_channel(journal: Journal, settings: Settings) -> None:
    """Take another token for the same channel, once a contact of this run is found there."""
    if journal.meta("channel") == settings.channel or journal.untouched():
        return
    contact_id = journal.written_contact()
    if contact_id is None or not asyncio.run(has_contact(settings, contact_id)):
        raise CheckpointMismatch(
            f"{journal.path.name} is of a run to another channel (another token or HEYX_URL), and this channel "
            "does not show a contact of it.",
            "Give the token it began with to carry on, or add --again to start anew in this channel.",
        )
    journal.remember("channel", settings.channel)


def _settle(asked: Asked, run: Run, settings: Settings) -> None:
    doubts = len(run.journal.doubts())
    asked.voice.say(f"Looking for {count(doubts, 'contact')} whose create went unanswered in the run before.")
    with Signals() as signals:
        sent = asyncio.run(
            upload(
                run,
                settings,
                progress=asked.voice.progress(doubts),
                planned=lambda *_: None,
                started=signals.attach,
                work=Upload.settle,
            )
        )
    if sent.stopped is not None:
        raise sent.stopped


# Sending


def _send(asked: Asked, run: Run, settings: Settings, where: Places) -> int:
    same = same_command(sys.argv[1:], without=("--again",))
    totals = run.journal.totals()
    rows = sum(totals.values())
    still = totals.get(results.TO_DO, 0) + totals.get(results.IN_DOUBT, 0)
    fresh = run.journal.untouched()
    if not fresh and not still:
        return _tell_finished(asked, run, totals, same)
    if not fresh:
        asked.voice.say(f"Carrying on: {rows - still:,} of {count(rows, 'row')} are done.")
    due = bill.tell(asked.voice, run, settings.rate)
    if fresh:
        _be_strict(asked, run.journal)
    if fresh and not _agreed(asked, due.writes_to):
        run.journal.discard()
        asked.voice.say("Nothing was sent.")
        return 130
    progress = asked.voice.progress(rows, rows - still)
    with Signals() as signals:
        sent = asyncio.run(upload(run, settings, progress=progress, started=signals.attach))
    tell_sent(asked.voice, sent)
    return conclude(asked.voice, run, sent, where.results, same)


def _tell_finished(asked: Asked, run: Run, totals: dict[str, int], same: str) -> int:
    asked.voice.say(
        f"This sheet's run is finished; it began {run.journal.meta('begun_at')}. Nothing was sent.\n"
        "To send the sheet anew, add --again."
    )
    code = results.exit_code(totals)
    following = next_command(run, totals, same)
    if following:
        asked.voice.say(f"To send the failed rows again:\n  {following}")
    asked.voice.total(results.line(totals), document(run, totals, None, None, following, code))
    return code


def tell_sent(voice: Voice, sent: Sent) -> None:
    """Say what a start sent, and in what time."""
    refused = (
        f"; HeyX refused {count(sent.refused, 'call')} as too many, which were sent again" if sent.refused else ""
    )
    voice.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{refused}.")


def _be_strict(asked: Asked, journal: Journal) -> None:
    invalid = journal.totals().get(Status.INVALID, 0)
    if asked.strict and invalid:
        journal.discard()
        raise SheetError(
            f"{count(invalid, 'row')} of {asked.sheet.name} cannot be sent, and --strict was given: "
            "nothing was sent.",
            "Mend the rows named above, or leave out --strict to send the others.",
        )


def _agreed(asked: Asked, contacts: int) -> bool:
    if asked.yes or contacts <= ASK_ABOVE_CONTACTS or not asked.voice.can_ask:
        return True
    return typer.confirm(f"Write to {contacts:,} contacts?", default=False, err=True)


def _now() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
