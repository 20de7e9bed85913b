"""Runs begun, carried on, set aside: what lies between a sheet on disk and rows being sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from heyx_bulk.api.call_log import Log, LogFile, logged
from heyx_bulk.api.client import Client
from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, HeyxBulkError, Unwritable
from heyx_bulk.mapping.recognition import KnownFields
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import Books, out_of_balance
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_conditions import Stops
from heyx_bulk.reports.stop_monitor import Watch
from heyx_bulk.settings import Settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.channel_cache import ChannelMemory, known_fields
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.locking import hold
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import Places, dated, places
from heyx_bulk.upload.canary import Canary
from heyx_bulk.upload.export_baseline import Edits, compare
from heyx_bulk.upload.options import Intent
from heyx_bulk.upload.sender import Upload
from heyx_bulk.upload.session_run import Sent, has_contact, upload
from heyx_bulk.upload.staging import check_same, stage, understand

TEXT_FORMAT = "CSV"
"""What a sheet's format is called if it is no workbook."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is accompanied.

    Lines are told, progress is shown, the client may be stopped from outside, and `stops` end it early; `agree` is
    asked before a new run takes its place, and raises to leave everything as it was. Every call goes into `log`;
    `canary` is how many rows are sent ahead and compared.
    """

    tell: Callable[[str], None] = lambda _: None
    progress: Callable[[int, int], Progress] = lambda _total, _done: Progress()
    started: Callable[[Client], None] = lambda _: None
    agree: Callable[[Run], None] = lambda _: None
    stops: Stops = field(default_factory=Stops)
    log: LogFile | None = None
    canary: int = 0

    def books(self, journal: Journal, log: Log | None) -> Books:
        """The books of one start, kept in `journal` and in `log`."""
        watch = Watch(self.stops, open_between=journal.account.open_between)
        return Books(watch, journal=journal, log=log, started=self.started)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload came to: rows by status (all rows are there), what was sent, and where its files lie.

    `failed` holds the rows that need a person; None where no row does.
    """

    totals: dict[str, int]
    sent: Sent | None
    results: Path
    failed: Path | None
    checkpoint: Path


def upload_sheet(
    sheet: str | Path,
    settings: Settings,
    intent: Intent | None = None,
    *,
    out: Path | None = None,
    again: bool = False,
    manner: Manner | None = None,
) -> Uploaded:
    """Upload a sheet, or carry on with its run; the results are written beside it, or in `out`.

    `sent` is None where the run was finished before. Raises `Misuse` where a person must put something right
    (nothing was sent), and `Stopped` where the run could not end: calling it again carries on.
    """
    intent, manner = intent or Intent(), manner or Manner()
    opened = intent.open(Path(sheet))
    check(opened, intent, known_fields(settings.channel), out)
    where = places_of(opened, intent, out)
    with hold(where.checkpoint), begun(opened, intent, where, settings, again=again, manner=manner) as run:
        sent = send(run, settings, manner) if still_to_do(run.journal.totals()) else None
        written, failed = results.write(run, where.results), results.write_failed(run, where.failed)
        if wrong := out_of_balance(run.journal):
            raise HeyxBulkError(f"The books do not balance: {'; '.join(wrong)}.", "Do not trust the totals.")
        if sent is not None and sent.stopped is not None:
            raise sent.stopped
        return Uploaded(run.journal.totals(), sent, written, failed, where.checkpoint)


def check(sheet: Sheet, intent: Intent, fields: KnownFields, out: Path | None) -> None:
    """Raise `MappingError` where a run of the sheet cannot begin; nothing is made on disk.

    `fields` are those the channel is known to have. A run that is there keeps what its columns meant, whatever the
    channel has shown since.
    """
    if not places(sheet.path, intent.worksheet, out, excel=sheet.format != TEXT_FORMAT).checkpoint.exists():
        understand(sheet, intent, fields)


def compare_with_export(journal: Journal, intent: Intent, settings: Settings) -> Edits:
    """Leave a new run's rows no more than what was changed since the export that its sheet was edited from."""
    with ChannelMemory(settings.channel, settings.settle, remember=settings.memory) as memory:
        return compare(journal, memory.contacts, intent.export_number)


def send(run: Run, settings: Settings, manner: Manner) -> Sent:
    """Send what a run still has to send; `Sent.stopped` says what ended it early."""
    totals = run.journal.totals()
    rows, still = sum(totals.values()), still_to_do(totals)
    progress = manner.progress(rows, rows - still)
    with ExitStack() as stack:
        log = stack.enter_context(logged(manner.log, str(run.journal.meta("run"))))
        remembered = ChannelMemory(settings.channel, settings.settle, remember=settings.memory)
        memory = stack.enter_context(remembered)
        books = manner.books(run.journal, log)
        work = Canary(run, manner.canary, tell=manner.tell) if manner.canary else Upload.run
        return asyncio.run(upload(run, settings, progress=progress, memory=memory, books=books, work=work))


def places_kept(journal: Journal) -> Places:
    """Where the files of a run belong: where they were meant to go, or beside a checkpoint since moved."""
    kept = journal.meta("files")
    meant = {name: Path(str(text)) for name, text in kept.items()} if isinstance(kept, dict) else {}
    there = {
        name: path if path.parent.is_dir() else journal.path.with_name(path.name) for name, path in meant.items()
    }
    return Places(journal.path, there["results"], there["failed"])


def still_to_do(totals: dict[str, int]) -> int:
    """How many rows have no outcome yet."""
    return totals.get(results.TO_DO, 0) + totals.get(results.IN_DOUBT, 0)


def places_of(sheet: Sheet, intent: Intent, out: Path | None) -> Places:
    """Where the run's files lie; `out` is made if it is not there. They are workbooks if the sheet is one."""
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unwritable(f"The folder {out} cannot be made: {error.strerror}.", "Name another.") from None
    return places(sheet.path, intent.worksheet, out, excel=sheet.format != TEXT_FORMAT)


@contextmanager
def begun(
    sheet: Sheet, intent: Intent, where: Places, settings: Settings, *, again: bool, manner: Manner
) -> Iterator[Run]:
    """The run of a sheet, carried on or begun; whoever calls holds the checkpoint's lock.

    Raises `CheckpointMismatch` where another sheet, other options or another channel have a run there, and
    whatever `manner.agree` raises.
    """
    if again and where.checkpoint.exists():
        _set_aside_if_damaged(where, intent, manner)
    if not where.checkpoint.exists() or _must_begin(sheet, intent, where, settings, again=again):
        _begin(sheet, intent, where, settings, manner)
    with Journal.open(where.checkpoint) as journal:
        journal.verify()
        files = {"results": where.results, "failed": where.failed}
        journal.remember("files", {name: str(path.absolute()) for name, path in files.items()})
        yield Run.of(journal)


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


def now() -> str:
    """The moment as a person reads it, in their own time."""
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")


def _must_begin(sheet: Sheet, intent: Intent, where: Places, settings: Settings, *, again: bool) -> bool:
    """Whether a new run takes the place of the one whose checkpoint is there; else that one can be carried on.

    One of which nothing was sent yet makes place: the sheet may have been mended since.
    """
    with Journal.open(where.checkpoint) as journal:
        if journal.untouched():
            return True
        if again and intent.matching.no_match:
            raise CheckpointMismatch(
                f"{sheet.path.name} was uploaded already, and --no-match creates a contact for every row without "
                "looking: --again would create them all a second time.",
                "Put the rows that are not in HeyX yet into a sheet of their own, or leave out --no-match.",
            )
        if not again:
            check_same(journal, sheet, intent, again="--again")
            accept_channel(journal, settings)
        return again


def _set_aside_if_damaged(where: Places, intent: Intent, manner: Manner) -> None:
    """Keep a checkpoint that cannot be read under a dated name; not where that could create everybody twice."""
    try:
        with Journal.open(where.checkpoint) as journal:
            journal.verify()
    except CheckpointDamaged:
        if intent.matching.no_match:
            raise
        aside = _told(dated(where.checkpoint, datetime.now()), manner)
        for suffix in ("-wal", ""):
            if (there := where.checkpoint.with_name(where.checkpoint.name + suffix)).exists():
                there.rename(aside.with_name(aside.name + suffix))


def _begin(sheet: Sheet, intent: Intent, where: Places, settings: Settings, manner: Manner) -> None:
    """Stage a new run beside the place, and let it take the place when that is agreed to."""
    beside = where.checkpoint.with_name(f"{where.checkpoint.name}.new")
    beside.unlink(missing_ok=True)
    columns = understand(sheet, intent, known_fields(settings.channel))
    stage(sheet, intent, beside, columns=columns, channel=settings.channel, begun_at=now())
    with Journal.open(beside) as new:
        agreed = False
        try:
            if intent.since_export:
                compare_with_export(new, intent, settings)
            manner.agree(Run.of(new))
            if where.checkpoint.exists():
                _make_way(new, where, settings, manner)
            agreed = True
        finally:
            if not agreed:
                new.discard()
        new.move(where.checkpoint)


def _make_way(new: Journal, where: Places, settings: Settings, manner: Manner) -> None:
    """Settle what is in doubt in the run before, and keep its files under dated names."""
    with Journal.open(where.checkpoint) as journal:
        if journal.untouched():
            new.remember("written", journal.meta("written"))
            journal.discard()
            return
        if journal.doubts():
            accept_channel(journal, settings)
            _settle(Run.of(journal), settings, manner)
            results.write(Run.of(journal), where.results)
        moment = datetime.now()
        for path in (where.results, where.failed):
            if path.exists():
                path.rename(_told(dated(path, moment), manner))
        journal.move(_told(dated(where.checkpoint, moment), manner))


def _told(name: Path, manner: Manner) -> Path:
    manner.tell(f"Kept from the run before: {name.name}")
    return name


def _settle(run: Run, settings: Settings, manner: Manner) -> None:
    doubts = len(run.journal.doubts())
    manner.tell(f"Looking first for {doubts:,} contacts whose create went unanswered in the run before.")
    sent = asyncio.run(
        upload(
            run,
            settings,
            progress=manner.progress(doubts, 0),
            planned=lambda *_: None,
            books=Books(journal=run.journal, started=manner.started),
            work=Upload.settle,
        )
    )
    if sent.stopped is not None:
        raise sent.stopped
