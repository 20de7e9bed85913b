"""Runs begun, carried on, archived: what lies between a sheet on disk and rows being sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from heyx_bulk.errors import (
    CheckpointDamaged,
    CheckpointMismatch,
    RegionNeeded,
    SeparatorNeeded,
    SheetError,
    WriteError,
)
from heyx_bulk.mapping.cells import AMBIGUOUS_TAGS
from heyx_bulk.mapping.columns import Columns, Use
from heyx_bulk.models.contacts import Status
from heyx_bulk.models.option import command_line, words
from heyx_bulk.models.phrases import count, minute_of, rows_named
from heyx_bulk.reports import results
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.from_frame import FRAME_FORMAT
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.channel_cache import ChannelCache, known_fields
from heyx_bulk.storage.cache.known_contacts import KnownContacts, KnownExport
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.checkpoint.run_info import PlanInfo
from heyx_bulk.storage.paths import RunPaths, dated_name, run_paths, short_path
from heyx_bulk.upload.carry_over import carry_over
from heyx_bulk.upload.events import PlannedRate, UploadEvents
from heyx_bulk.upload.export_baseline import apply_baseline, remembered_export
from heyx_bulk.upload.exported_cells import restore_exported_cells
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.plan import refuse_unapplied
from heyx_bulk.upload.prefetch import Prefetch
from heyx_bulk.upload.staging import check_unchanged, map_sheet, phones_of, stage
from heyx_bulk.upload.upload_session import has_contact, reconcile_run

TEXT_FORMAT = "CSV"
"""What a sheet's format is called if it is no workbook."""


def stored_paths(checkpoint: Checkpoint) -> RunPaths:
    """Where the files of a run belong: where they were meant to go, or beside a checkpoint since moved.

    Those of a run without files belong beside its checkpoint, and are written only on request.
    """
    if not checkpoint.facts.files:
        named = checkpoint.path.with_suffix("")
        return replace(run_paths(named, None, None, excel=True), checkpoint=checkpoint.path, written=False)
    meant = {name: Path(text) for name, text in checkpoint.facts.files.items()}
    there = {
        name: path if path.parent.is_dir() else checkpoint.path.with_name(path.name)
        for name, path in meant.items()
    }
    return RunPaths(checkpoint.path, there["results"], there["failed"])


def confirm_channel(checkpoint: Checkpoint, settings: Settings) -> None:
    """Take another token for the same channel, once a contact of this run is found there."""
    is_plan = checkpoint.facts.plan_info is not None
    if checkpoint.facts.channel == settings.channel or (checkpoint.queries.nothing_sent() and not is_plan):
        return
    contact_id = checkpoint.queries.any_written_contact() or checkpoint.changes.any_contact()
    if contact_id is None or not asyncio.run(has_contact(settings, contact_id)):
        raise CheckpointMismatch(
            f"{checkpoint.path.name} belongs to a run to another channel (another token or HEYX_URL), and this "
            "channel does not show a contact of it.",
            "Use the token that it was started with to resume it, or add --restart to start a new run in this "
            "channel.",
        )
    checkpoint.facts.channel = settings.channel


def _refuse_ambiguous_tags(checkpoint: Checkpoint) -> None:
    """Raise `SeparatorNeeded` where a list of tags can be read in two ways: nobody guesses which are meant."""
    for cause in checkpoint.queries.invalid_causes():
        if cause.what == AMBIGUOUS_TAGS:
            raise SeparatorNeeded(
                f"{checkpoint.info.sheet}: {count(cause.rows, 'row')} with {AMBIGUOUS_TAGS} "
                f"({rows_named(cause.rows, cause.first)}). For example, {cause.example}.",
                "Nothing was sent.",
            )


def _refuse_phones_without_country(checkpoint: Checkpoint) -> None:
    """Raise `RegionNeeded` where phones have no country code: nobody guesses whose they are."""
    countries = phones_of(checkpoint)
    for one in countries:
        if not one.country:
            most = next((other for other in countries if other.country), None)
            others = f"; most others are {most.country}" if most else ""
            region = most.region if most else ""
            phones = f"{count(one.rows, 'phone')} {'has' if one.rows == 1 else 'have'} no country code"
            raise RegionNeeded(
                f"{checkpoint.info.sheet}: {phones} ({rows_named(one.rows, one.first)}){others}.",
                f"Nothing was sent. Add --region with their country, such as --region {region or 'PK'}, to send "
                "them with its code, or --region none to send them as they are.",
                region,
            )


@dataclass(frozen=True, slots=True)
class RunStarter:
    """Begins the run of a sheet, or carries on with the one that is there.

    With `plan_file` it is the run of a plan, whose files are named after that one. A run that `carries_over` does
    not send the rows again that the run before sent alike.
    """

    sheet: Sheet
    settings: Settings
    options: UploadOptions
    run_options: RunOptions
    events: UploadEvents
    prefetch: Prefetch
    plan_file: Path | None = None
    carries_over: bool = False

    def check_new_run(self) -> None:
        """Raise `MappingError` where a run of the sheet cannot begin; nothing is made on disk.

        A run that is there keeps what its columns meant, whatever the channel has shown since.
        """
        if not self._paths().checkpoint.exists():
            map_sheet(self.sheet, self.options, known_fields(self.settings.channel))

    def remembered_export(self) -> KnownExport | None:
        """The export that the sheet of a new run seems to be, where it is not to be compared with one."""
        if self.options.is_edited_export or self.options.matching.no_match or self._paths().checkpoint.exists():
            return None
        columns = map_sheet(self.sheet, self.options, known_fields(self.settings.channel))
        with ChannelCache.of(self.settings) as cache:
            return remembered_export(self.sheet, columns, cache.contacts)

    def paths(self) -> RunPaths:
        """Where the run's files lie; the folder that is asked for is made if it is not there."""
        if (out := self.run_options.out) is not None:
            try:
                out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise WriteError(
                    f"The folder {out} cannot be created: {error.strerror}.", "Name another."
                ) from None
        return self._paths()

    def _paths(self) -> RunPaths:
        if (file := self.plan_file) is not None:
            return run_paths(file, None, None, excel=file.suffix.lower() == ".xlsx")
        worksheet, is_workbook = self.options.sheet.worksheet, self.sheet.format != TEXT_FORMAT
        written = self.run_options.out is not None or self.sheet.format != FRAME_FORMAT
        paths = run_paths(self.sheet.path, worksheet, self.run_options.out, excel=is_workbook)
        return replace(paths, written=written)

    @contextmanager
    def open_run(self, paths: RunPaths) -> Iterator[tuple[Run, bool]]:
        """The run of the sheet, carried on or begun, and whether it was begun; the caller holds its lock.

        Raises `CheckpointMismatch` where another sheet, other options or another channel have a run there, and
        whatever the events raise.
        """
        if self.run_options.restart and paths.checkpoint.exists():
            self._set_aside_if_damaged(paths.checkpoint)
        if fresh := not paths.checkpoint.exists() or self._must_begin(paths):
            self._begin(paths)
        with Checkpoint.open(paths.checkpoint) as checkpoint:
            checkpoint.verify_contents()
            files = {"results": paths.results, "failed": paths.failed} if paths.written else {}
            checkpoint.facts.files = {name: str(path.absolute()) for name, path in files.items()}
            yield Run.from_checkpoint(checkpoint), fresh

    @contextmanager
    def stage_run(self, columns: Columns, path: Path, *, durable: bool = True) -> Iterator[Checkpoint]:
        """The checkpoint of a new run at `path`; of an edited export it holds only what was changed in it.

        It is deleted if anything is raised while it is in use.
        """
        channel, now = self.settings.channel, minute_of(time.time())
        stage(self.sheet, self.options, path, columns=columns, channel=channel, started_at=now, durable=durable)
        with Checkpoint.open(path, durable=durable) as checkpoint, ExitStack() as undone:
            undone.callback(checkpoint.delete)
            _refuse_ambiguous_tags(checkpoint)
            is_export = False
            if columns.used(Use.ID) or self.options.is_edited_export:
                with ChannelCache.of(self.settings) as cache:
                    is_export = self._compare_with_export(checkpoint, columns, cache.contacts)
            if not (self.options.mapping.chosen_region or is_export):
                _refuse_phones_without_country(checkpoint)
            yield checkpoint
            undone.pop_all()

    def _compare_with_export(self, checkpoint: Checkpoint, columns: Columns, contacts: KnownContacts) -> bool:
        """Undo what a spreadsheet did to an export by itself, and of an edited one keep only what was changed.

        Returns whether the sheet is an export, whose phones are written as HeyX has them.
        """
        edited, number = self.options.is_edited_export, self.options.export_number
        export = None if edited else remembered_export(self.sheet, columns, contacts)
        if not self.options.accept_spreadsheet_changes and (edited or export is not None):
            restore_exported_cells(checkpoint, contacts, number if export is None else export.number)
        if edited:
            apply_baseline(checkpoint, contacts, number)
        return edited or export is not None

    def begin_plan(self, run: Run, speed: PlannedRate) -> None:
        """Show a new run's plan, to be agreed to; raises `SheetError` where no row may be invalid but one is."""
        plan = self.prefetch.plan(run, speed)
        self.events.on_plan(run, plan)
        invalid = run.checkpoint.queries.totals().get(Status.INVALID, 0)
        if self.run_options.strict and invalid:
            raise SheetError(
                f"{count(invalid, 'row')} of {run.checkpoint.info.sheet} cannot be sent, and --strict was given: "
                "nothing was sent.",
                "Correct the rows named above, or leave out --strict to send the others.",
            )
        if self.plan_file is None:
            self.events.confirm(run, plan)

    def _must_begin(self, paths: RunPaths) -> bool:
        """Whether a new run takes the place of the one whose checkpoint is there; else that one can be carried on.

        One of which nothing was sent yet makes place: the sheet may have been corrected since.
        """
        restart = self.run_options.restart
        with Checkpoint.open(paths.checkpoint) as checkpoint:
            if self.plan_file is not None:
                return self._must_plan(checkpoint)
            refuse_unapplied(checkpoint)
            if checkpoint.queries.nothing_sent():
                return True
            if restart and self.options.matching.no_match:
                raise CheckpointMismatch(
                    f"{self.sheet.path.name} was uploaded already, and --no-match creates a contact for every row "
                    "without looking: --restart would create them all a second time.",
                    "Put the rows that are not in HeyX yet into a sheet of their own, or leave out --no-match.",
                )
            if not restart:
                check_unchanged(checkpoint, self.sheet, self.options, viber=self.settings.viber)
                confirm_channel(checkpoint, self.settings)
            return restart

    def _must_plan(self, checkpoint: Checkpoint) -> bool:
        """Whether a new plan takes the place of the one that is there; else its look-ups are carried on with."""
        info = checkpoint.facts.plan_info
        if info is None or (info.applied and count_open(checkpoint.queries.totals())):
            raise CheckpointMismatch(
                f"{short_path(checkpoint.path)} is the checkpoint of a run that is not finished.",
                f"Name another file with -o, or resume that run:\n  {checkpoint.facts.command}",
            )
        if info.complete:
            return True
        try:
            check_unchanged(checkpoint, self.sheet, self.options, viber=self.settings.viber)
            confirm_channel(checkpoint, self.settings)
        except CheckpointMismatch:
            return True  # Nothing was sent yet, so a plan of the sheet as it is now takes its place.
        return False

    def _set_aside_if_damaged(self, path: Path) -> None:
        """Keep an unreadable checkpoint under a dated name; not where that could create everybody twice."""
        try:
            with Checkpoint.open(path) as checkpoint:
                checkpoint.verify_contents()
        except CheckpointDamaged:
            if self.options.matching.no_match:
                raise
            aside = self._name_kept(path, datetime.now())
            for suffix in ("-wal", ""):
                if (there := path.with_name(path.name + suffix)).exists():
                    there.rename(aside.with_name(aside.name + suffix))

    def _begin(self, paths: RunPaths) -> None:
        """Stage a new run beside the place, and let it take the place when that is agreed to."""
        beside = paths.checkpoint.with_name(f"{paths.checkpoint.name}.new")
        beside.unlink(missing_ok=True)
        connection = self.settings.connection()
        columns = map_sheet(self.sheet, self.options, known_fields(self.settings.channel))
        with self.stage_run(columns, beside) as new:
            if self.carries_over and paths.checkpoint.exists():
                with Checkpoint.open(paths.checkpoint) as before:
                    carry_over(before, new)
            self.begin_plan(Run.from_checkpoint(new), PlannedRate.of(self.settings))
            new.facts.command = self.run_options.command or self._command(paths, connection)
            new.facts.connection = connection.document()
            if self.plan_file is not None:
                new.facts.plan_info = PlanInfo(made_at=time.time())
            if paths.checkpoint.exists():
                self._archive_previous_run(new, paths)
            new.move(paths.checkpoint)

    def _command(self, paths: RunPaths, connection: ConnectionOptions) -> str:
        """The command that does what the library was asked to; for a DataFrame, one that goes on with its rows."""
        if self.sheet.format == FRAME_FORMAT:
            return command_line("rerun", str(paths.checkpoint), *words(connection))
        session = replace(self.run_options, restart=False)
        command = ["upload"] if self.plan_file is None else ["plan", "-o", str(self.plan_file)]
        return command_line(
            *command, str(self.sheet.path), *words(self.options), *words(connection), *words(session)
        )

    def _archive_previous_run(self, new: Checkpoint, paths: RunPaths) -> None:
        """Look for the unconfirmed creates of the run before, and keep its files under dated names."""
        with Checkpoint.open(paths.checkpoint) as checkpoint:
            info = checkpoint.facts.plan_info
            if checkpoint.queries.nothing_sent() or (info is not None and not info.applied):
                new.facts.written_files = checkpoint.facts.written_files
                checkpoint.delete()
                return
            if unconfirmed := len(checkpoint.queue.unconfirmed_creates()):
                confirm_channel(checkpoint, self.settings)
                self.events.say(
                    f"Looking first for {unconfirmed:,} contacts whose create went unanswered in the run before."
                )
                run, progress = Run.from_checkpoint(checkpoint), self.events.progress(unconfirmed, 0)
                reconcile_run(run, self.settings, progress, self.events.on_client)
                if paths.written:
                    results.write_results(Run.from_checkpoint(checkpoint), paths.results)
            moment = datetime.now()
            for path in (paths.results, paths.failed, paths.report):
                if path.exists():
                    path.rename(self._name_kept(path, moment))
            checkpoint.move(self._name_kept(paths.checkpoint, moment))

    def _name_kept(self, path: Path, moment: datetime) -> Path:
        name = dated_name(path, moment)
        self.events.say(f"Kept from the run before: {name.name}")
        return name
