"""Runs begun, carried on, set aside: what lies between a sheet on disk and rows being sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from heyx_bulk.api.call_log import CallLog, CallLogFile, open_call_log
from heyx_bulk.api.client import Client
from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, HeyxBulkError, WriteError
from heyx_bulk.mapping.recognition import KnownFields
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import CallRecorder, audit_errors
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.settings import Settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.channel_cache import ChannelCache, known_fields
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths, dated_name, run_paths
from heyx_bulk.upload.canary import Canary
from heyx_bulk.upload.export_baseline import ExportDiff, apply_baseline
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.sender import RowSender
from heyx_bulk.upload.session_run import SessionSummary, has_contact, send_rows
from heyx_bulk.upload.staging import check_unchanged, map_sheet, stage

TEXT_FORMAT = "CSV"
"""What a sheet's format is called if it is no workbook."""


@dataclass(frozen=True, slots=True)
class RunCallbacks:
    """How a run is accompanied.

    Lines are told, progress is shown, the client may be stopped from outside, and `stops` end it early; `agree` is
    asked before a new run takes its place, and raises to leave everything as it was. Every call goes into `log`;
    `canary` is how many rows are sent ahead and compared.
    """

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[int, int], Progress] = lambda _total, _done: Progress()
    on_client: Callable[[Client], None] = lambda _: None
    confirm: Callable[[Run], None] = lambda _: None
    stops: StopConditions = field(default_factory=StopConditions)
    log: CallLogFile | None = None
    canary: int = 0

    def recorder(self, checkpoint: Checkpoint, log: CallLog | None) -> CallRecorder:
        """The books of one start, kept in `checkpoint` and in `log`."""
        watch = StopMonitor(self.stops, open_between=checkpoint.queries.open_between)
        return CallRecorder(watch, checkpoint=checkpoint, log=log, started=self.on_client)


@dataclass(frozen=True, slots=True)
class UploadResult:
    """What an upload came to: rows by status (all rows are there), what was sent, and where its files lie.

    `failed` holds the rows that need a person; None where no row does.
    """

    totals: dict[str, int]
    sent: SessionSummary | None
    results: Path
    failed: Path | None
    checkpoint: Path


def upload_sheet(
    sheet: str | Path,
    settings: Settings,
    options: UploadOptions | None = None,
    *,
    out: Path | None = None,
    again: bool = False,
    callbacks: RunCallbacks | None = None,
) -> UploadResult:
    """Upload a sheet, or carry on with its run; the results are written beside it, or in `out`.

    `sent` is None where the run was finished before. Raises `UsageError` where a person must put something right
    (nothing was sent), and `Stopped` where the run could not end: calling it again carries on.
    """
    options, callbacks = options or UploadOptions(), callbacks or RunCallbacks()
    opened = options.open(Path(sheet))
    check(opened, options, known_fields(settings.channel), out)
    where = places_of(opened, options, out)
    with (
        lock(where.checkpoint),
        open_run(opened, options, where, settings, again=again, callbacks=callbacks) as run,
    ):
        sent = send(run, settings, callbacks) if count_open(run.checkpoint.queries.totals()) else None
        written, failed = results.write_results(run, where.results), results.write_failed(run, where.failed)
        if wrong := audit_errors(run.checkpoint):
            raise HeyxBulkError(f"The books do not balance: {'; '.join(wrong)}.", "Do not trust the totals.")
        if sent is not None and sent.stopped is not None:
            raise sent.stopped
        return UploadResult(run.checkpoint.queries.totals(), sent, written, failed, where.checkpoint)


def check(sheet: Sheet, options: UploadOptions, fields: KnownFields, out: Path | None) -> None:
    """Raise `MappingError` where a run of the sheet cannot begin; nothing is made on disk.

    `fields` are those the channel is known to have. A run that is there keeps what its columns meant, whatever the
    channel has shown since.
    """
    if not run_paths(sheet.path, options.worksheet, out, excel=sheet.format != TEXT_FORMAT).checkpoint.exists():
        map_sheet(sheet, options, fields)


def compare_with_export(checkpoint: Checkpoint, options: UploadOptions, settings: Settings) -> ExportDiff:
    """Leave a new run's rows no more than what was changed since the export that its sheet was edited from."""
    with ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache) as cache:
        return apply_baseline(checkpoint, cache.contacts, options.export_number)


def send(run: Run, settings: Settings, callbacks: RunCallbacks) -> SessionSummary:
    """Send what a run still has to send; `SessionSummary.stopped` says what ended it early."""
    totals = run.checkpoint.queries.totals()
    rows, still = sum(totals.values()), count_open(totals)
    progress = callbacks.progress(rows, rows - still)
    with ExitStack() as stack:
        log = stack.enter_context(open_call_log(callbacks.log, run.checkpoint.info.run_id))
        remembered = ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache)
        cache = stack.enter_context(remembered)
        recorder = callbacks.recorder(run.checkpoint, log)
        work = Canary(run, callbacks.canary, say=callbacks.say) if callbacks.canary else RowSender.run
        return asyncio.run(send_rows(run, settings, progress=progress, cache=cache, recorder=recorder, work=work))


def places_kept(checkpoint: Checkpoint) -> RunPaths:
    """Where the files of a run belong: where they were meant to go, or beside a checkpoint since moved."""
    meant = {name: Path(text) for name, text in checkpoint.facts.files.items()}
    there = {
        name: path if path.parent.is_dir() else checkpoint.path.with_name(path.name)
        for name, path in meant.items()
    }
    return RunPaths(checkpoint.path, there["results"], there["failed"])


def count_open(totals: dict[str, int]) -> int:
    """How many rows have no outcome yet."""
    return totals.get(results.TO_DO, 0) + totals.get(results.UNCONFIRMED, 0)


def places_of(sheet: Sheet, options: UploadOptions, out: Path | None) -> RunPaths:
    """Where the run's files lie; `out` is made if it is not there. They are workbooks if the sheet is one."""
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(f"The folder {out} cannot be made: {error.strerror}.", "Name another.") from None
    return run_paths(sheet.path, options.worksheet, out, excel=sheet.format != TEXT_FORMAT)


@contextmanager
def open_run(
    sheet: Sheet,
    options: UploadOptions,
    where: RunPaths,
    settings: Settings,
    *,
    again: bool,
    callbacks: RunCallbacks,
) -> Iterator[Run]:
    """The run of a sheet, carried on or begun; whoever calls holds the checkpoint's lock.

    Raises `CheckpointMismatch` where another sheet, other options or another channel have a run there, and
    whatever `callbacks.agree` raises.
    """
    if again and where.checkpoint.exists():
        _set_aside_if_damaged(where, options, callbacks)
    if not where.checkpoint.exists() or _must_begin(sheet, options, where, settings, again=again):
        _begin(sheet, options, where, settings, callbacks)
    with Checkpoint.open(where.checkpoint) as checkpoint:
        checkpoint.verify_contents()
        files = {"results": where.results, "failed": where.failed}
        checkpoint.facts.files = {name: str(path.absolute()) for name, path in files.items()}
        yield Run.from_checkpoint(checkpoint)


def confirm_channel(checkpoint: Checkpoint, settings: Settings) -> None:
    """Take another token for the same channel, once a contact of this run is found there."""
    if checkpoint.facts.channel == settings.channel or checkpoint.queries.nothing_sent():
        return
    contact_id = checkpoint.queries.any_written_contact()
    if contact_id is None or not asyncio.run(has_contact(settings, contact_id)):
        raise CheckpointMismatch(
            f"{checkpoint.path.name} is of a run to another channel (another token or HEYX_URL), and this channel "
            "does not show a contact of it.",
            "Give the token it began with to carry on, or add --restart to start anew in this channel.",
        )
    checkpoint.facts.channel = settings.channel


def now() -> str:
    """The moment as a person reads it, in their own time."""
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")


def _must_begin(sheet: Sheet, options: UploadOptions, where: RunPaths, settings: Settings, *, again: bool) -> bool:
    """Whether a new run takes the place of the one whose checkpoint is there; else that one can be carried on.

    One of which nothing was sent yet makes place: the sheet may have been mended since.
    """
    with Checkpoint.open(where.checkpoint) as checkpoint:
        if checkpoint.queries.nothing_sent():
            return True
        if again and options.matching.no_match:
            raise CheckpointMismatch(
                f"{sheet.path.name} was uploaded already, and --no-match creates a contact for every row without "
                "looking: --restart would create them all a second time.",
                "Put the rows that are not in HeyX yet into a sheet of their own, or leave out --no-match.",
            )
        if not again:
            check_unchanged(checkpoint, sheet, options, again="--restart")
            confirm_channel(checkpoint, settings)
        return again


def _set_aside_if_damaged(where: RunPaths, options: UploadOptions, callbacks: RunCallbacks) -> None:
    """Keep a checkpoint that cannot be read under a dated name; not where that could create everybody twice."""
    try:
        with Checkpoint.open(where.checkpoint) as checkpoint:
            checkpoint.verify_contents()
    except CheckpointDamaged:
        if options.matching.no_match:
            raise
        aside = _told(dated_name(where.checkpoint, datetime.now()), callbacks)
        for suffix in ("-wal", ""):
            if (there := where.checkpoint.with_name(where.checkpoint.name + suffix)).exists():
                there.rename(aside.with_name(aside.name + suffix))


def _begin(
    sheet: Sheet, options: UploadOptions, where: RunPaths, settings: Settings, callbacks: RunCallbacks
) -> None:
    """Stage a new run beside the place, and let it take the place when that is agreed to."""
    beside = where.checkpoint.with_name(f"{where.checkpoint.name}.new")
    beside.unlink(missing_ok=True)
    columns = map_sheet(sheet, options, known_fields(settings.channel))
    stage(sheet, options, beside, columns=columns, channel=settings.channel, started_at=now())
    with Checkpoint.open(beside) as new:
        agreed = False
        try:
            if options.since_export:
                compare_with_export(new, options, settings)
            callbacks.confirm(Run.from_checkpoint(new))
            if where.checkpoint.exists():
                _archive_previous_run(new, where, settings, callbacks)
            agreed = True
        finally:
            if not agreed:
                new.delete()
        new.move(where.checkpoint)


def _archive_previous_run(new: Checkpoint, where: RunPaths, settings: Settings, callbacks: RunCallbacks) -> None:
    """Settle what is in doubt in the run before, and keep its files under dated names."""
    with Checkpoint.open(where.checkpoint) as checkpoint:
        if checkpoint.queries.nothing_sent():
            new.facts.written_files = checkpoint.facts.written_files
            checkpoint.delete()
            return
        if checkpoint.queue.unconfirmed_creates():
            confirm_channel(checkpoint, settings)
            _settle(Run.from_checkpoint(checkpoint), settings, callbacks)
            results.write_results(Run.from_checkpoint(checkpoint), where.results)
        moment = datetime.now()
        for path in (where.results, where.failed):
            if path.exists():
                path.rename(_told(dated_name(path, moment), callbacks))
        checkpoint.move(_told(dated_name(where.checkpoint, moment), callbacks))


def _told(name: Path, callbacks: RunCallbacks) -> Path:
    callbacks.say(f"Kept from the run before: {name.name}")
    return name


def _settle(run: Run, settings: Settings, callbacks: RunCallbacks) -> None:
    doubts = len(run.checkpoint.queue.unconfirmed_creates())
    callbacks.say(f"Looking first for {doubts:,} contacts whose create went unanswered in the run before.")
    sent = asyncio.run(
        send_rows(
            run,
            settings,
            progress=callbacks.progress(doubts, 0),
            on_planned=lambda *_: None,
            recorder=CallRecorder(checkpoint=run.checkpoint, started=callbacks.on_client),
            work=RowSender.reconcile,
        )
    )
    if sent.stopped is not None:
        raise sent.stopped
