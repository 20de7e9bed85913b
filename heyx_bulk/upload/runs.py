"""Runs begun, carried on, archived: what lies between a sheet on disk and rows being sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, SheetError, WriteError
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.recognition import KnownFields
from heyx_bulk.models.contacts import Status
from heyx_bulk.models.option import command_line, words
from heyx_bulk.reports import results
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.channel_cache import ChannelCache, known_fields
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths, dated_name, run_paths
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.export_baseline import apply_baseline
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.staging import check_unchanged, map_sheet, stage
from heyx_bulk.upload.upload_plan import PlannedRate, plan_run
from heyx_bulk.upload.upload_session import has_contact, reconcile_run
from heyx_bulk.values.phrases import count, minute_of

TEXT_FORMAT = "CSV"
"""What a sheet's format is called if it is no workbook."""


def stored_paths(checkpoint: Checkpoint) -> RunPaths:
    """Where the files of a run belong: where they were meant to go, or beside a checkpoint since moved."""
    meant = {name: Path(text) for name, text in checkpoint.facts.files.items()}
    there = {
        name: path if path.parent.is_dir() else checkpoint.path.with_name(path.name)
        for name, path in meant.items()
    }
    return RunPaths(checkpoint.path, there["results"], there["failed"])


def check_new_run(sheet: Sheet, options: UploadOptions, out: Path | None, fields: KnownFields) -> None:
    """Raise `MappingError` where a run of the sheet cannot begin; nothing is made on disk.

    `fields` are those the channel is known to have. A run that is there keeps what its columns meant, whatever the
    channel has shown since.
    """
    if not _run_paths(sheet, options, out).checkpoint.exists():
        map_sheet(sheet, options, fields)


def result_paths(sheet: Sheet, options: UploadOptions, out: Path | None) -> RunPaths:
    """Where the run's files lie; the folder `out` is made if it is not there."""
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(f"The folder {out} cannot be made: {error.strerror}.", "Name another.") from None
    return _run_paths(sheet, options, out)


def _run_paths(sheet: Sheet, options: UploadOptions, out: Path | None) -> RunPaths:
    """Where the run's files lie: workbooks if the sheet is one."""
    return run_paths(sheet.path, options.sheet.worksheet, out, excel=sheet.format != TEXT_FORMAT)


@contextmanager
def open_run(
    sheet: Sheet,
    options: UploadOptions,
    paths: RunPaths,
    settings: Settings,
    run_options: RunOptions,
    events: UploadEvents,
) -> Iterator[tuple[Run, bool]]:
    """The run of a sheet, carried on or begun, and whether it was begun; the caller holds the checkpoint's lock.

    Raises `CheckpointMismatch` where another sheet, other options or another channel have a run there, and
    whatever the events raise.
    """
    restart, fresh = run_options.restart, False
    if restart and paths.checkpoint.exists():
        _set_aside_if_damaged(paths, options, events)
    if not paths.checkpoint.exists() or _must_begin(sheet, options, paths, settings, restart=restart):
        _begin(sheet, options, paths, settings, run_options, events)
        fresh = True
    with Checkpoint.open(paths.checkpoint) as checkpoint:
        checkpoint.verify_contents()
        files = {"results": paths.results, "failed": paths.failed}
        checkpoint.facts.files = {name: str(path.absolute()) for name, path in files.items()}
        yield Run.from_checkpoint(checkpoint), fresh


@contextmanager
def stage_run(
    sheet: Sheet, columns: Columns, options: UploadOptions, settings: Settings, path: Path, *, durable: bool = True
) -> Iterator[Checkpoint]:
    """The checkpoint of a new run at `path`; of an edited export it holds no more than what was changed in it."""
    stage(
        sheet,
        options,
        path,
        columns=columns,
        channel=settings.channel,
        started_at=minute_of(time.time()),
        durable=durable,
    )
    with Checkpoint.open(path, durable=durable) as checkpoint:
        if options.is_edited_export:
            with ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache) as cache:
                apply_baseline(checkpoint, cache.contacts, options.export_number)
        yield checkpoint


def begin_plan(run: Run, speed: PlannedRate, run_options: RunOptions, events: UploadEvents) -> None:
    """Let a new run's plan be seen and agreed to; raises `SheetError` where no row may be invalid and one is."""
    plan = plan_run(run, speed)
    events.on_plan(run, plan)
    invalid = run.checkpoint.queries.totals().get(Status.INVALID, 0)
    if run_options.strict and invalid:
        raise SheetError(
            f"{count(invalid, 'row')} of {run.checkpoint.info.sheet} cannot be sent, and --strict was given: "
            "nothing was sent.",
            "Mend the rows named above, or leave out --strict to send the others.",
        )
    events.confirm(run, plan)


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


def _must_begin(
    sheet: Sheet, options: UploadOptions, paths: RunPaths, settings: Settings, *, restart: bool
) -> bool:
    """Whether a new run takes the place of the one whose checkpoint is there; else that one can be carried on.

    One of which nothing was sent yet makes place: the sheet may have been mended since.
    """
    with Checkpoint.open(paths.checkpoint) as checkpoint:
        if checkpoint.queries.nothing_sent():
            return True
        if restart and options.matching.no_match:
            raise CheckpointMismatch(
                f"{sheet.path.name} was uploaded already, and --no-match creates a contact for every row without "
                "looking: --restart would create them all a second time.",
                "Put the rows that are not in HeyX yet into a sheet of their own, or leave out --no-match.",
            )
        if not restart:
            check_unchanged(checkpoint, sheet, options, viber=settings.viber)
            confirm_channel(checkpoint, settings)
        return restart


def _set_aside_if_damaged(paths: RunPaths, options: UploadOptions, events: UploadEvents) -> None:
    """Keep a checkpoint that cannot be read under a dated name; not where that could create everybody twice."""
    try:
        with Checkpoint.open(paths.checkpoint) as checkpoint:
            checkpoint.verify_contents()
    except CheckpointDamaged:
        if options.matching.no_match:
            raise
        aside = _told(dated_name(paths.checkpoint, datetime.now()), events)
        for suffix in ("-wal", ""):
            if (there := paths.checkpoint.with_name(paths.checkpoint.name + suffix)).exists():
                there.rename(aside.with_name(aside.name + suffix))


def _begin(
    sheet: Sheet,
    options: UploadOptions,
    paths: RunPaths,
    settings: Settings,
    run_options: RunOptions,
    events: UploadEvents,
) -> None:
    """Stage a new run beside the place, and let it take the place when that is agreed to."""
    beside = paths.checkpoint.with_name(f"{paths.checkpoint.name}.new")
    beside.unlink(missing_ok=True)
    columns = map_sheet(sheet, options, known_fields(settings.channel))
    with stage_run(sheet, columns, options, settings, beside) as new:
        agreed = False
        try:
            begin_plan(Run.from_checkpoint(new), PlannedRate.of(settings), run_options, events)
            new.facts.command = run_options.command or _command(sheet, options, settings, run_options)
            new.facts.connection = settings.connection().document()
            if paths.checkpoint.exists():
                _archive_previous_run(new, paths, settings, events)
            agreed = True
        finally:
            if not agreed:
                new.delete()
        new.move(paths.checkpoint)


def _command(sheet: Sheet, options: UploadOptions, settings: Settings, run_options: RunOptions) -> str:
    """The command that does what the library was asked to."""
    session = replace(run_options, restart=False)
    return command_line("upload", str(sheet.path), *words(options), *words(settings.connection()), *words(session))


def _archive_previous_run(new: Checkpoint, paths: RunPaths, settings: Settings, events: UploadEvents) -> None:
    """Look for the unconfirmed creates of the run before, and keep its files under dated names."""
    with Checkpoint.open(paths.checkpoint) as checkpoint:
        if checkpoint.queries.nothing_sent():
            new.facts.written_files = checkpoint.facts.written_files
            checkpoint.delete()
            return
        if checkpoint.queue.unconfirmed_creates():
            confirm_channel(checkpoint, settings)
            _reconcile(Run.from_checkpoint(checkpoint), settings, events)
            results.write_results(Run.from_checkpoint(checkpoint), paths.results)
        moment = datetime.now()
        for path in (paths.results, paths.failed):
            if path.exists():
                path.rename(_told(dated_name(path, moment), events))
        checkpoint.move(_told(dated_name(paths.checkpoint, moment), events))


def _told(name: Path, events: UploadEvents) -> Path:
    events.say(f"Kept from the run before: {name.name}")
    return name


def _reconcile(run: Run, settings: Settings, events: UploadEvents) -> None:
    unconfirmed = len(run.checkpoint.queue.unconfirmed_creates())
    events.say(f"Looking first for {unconfirmed:,} contacts whose create went unanswered in the run before.")
    reconcile_run(run, settings, events.progress(unconfirmed, 0), events.on_client)
