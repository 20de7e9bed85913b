"""An export from a command line: what was asked for, read, written, and how complete it is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heyx_bulk.api.call_log import CallLogOptions, open_call_log
from heyx_bulk.cli import export_summary
from heyx_bulk.cli.console import Console, duration, error_text, same_command
from heyx_bulk.cli.export_options import ContactFilters, ContactSources, FileLayout
from heyx_bulk.cli.export_target import ExportTarget
from heyx_bulk.cli.preflight import time_for
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import SettingsError, Stopped
from heyx_bulk.export.exporter import ExportSession, check_same_export, create_export, read_contacts
from heyx_bulk.export.filters import Condition, ContactFilter, parse_field_value, parse_moment
from heyx_bulk.export.layout import TableLayout, build_table, headers_by_field, parse_column_name
from heyx_bulk.export.reader import ReadCallbacks, ReadProgress
from heyx_bulk.export.request import ExportRequest
from heyx_bulk.export.value_lists import SheetColumn, column_values
from heyx_bulk.mapping.column import ID_COLUMN
from heyx_bulk.mapping.mapping_store import read_mapping
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.checkpoint.locking import delete_checkpoint, lock
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.upload.upload_plan import PlannedRate
from heyx_bulk.values.equality import PhoneLookup
from heyx_bulk.values.phrases import count
from heyx_bulk.values.text import trim

INCOMPLETE = 3
"""The exit code where some of what was asked for could not be had, or may be missing."""


def _request(
    sources: ContactSources, selection: ContactFilter, known: tuple[str, ...], lookup: PhoneLookup
) -> ExportRequest:
    """What is asked for; raises `SettingsError` and `SheetError`."""
    return ExportRequest(
        where=tuple(parse_field_value(text) for text in sources.where),
        listed=tuple(field for text in sources.where_in for field in _listed(text)),
        ids=tuple(
            found for text in sources.ids for found in column_values(SheetColumn.parse(text), "--ids", ids=True)
        ),
        known=known,
        selection=selection,
        phone_lookup=lookup,
        passes=sources.passes,
        per_page=sources.per_page,
    )


def _listed(text: str) -> Iterator[Field]:
    wanted = parse_field_value(text, "--where-in")
    found = column_values(SheetColumn.parse(wanted.value), f"--where-in {text}")
    return (Field(wanted.name, value) for value in found)


def _digest(sources: ContactSources, lookup: PhoneLookup) -> str:
    """What tells these sources from all others, the content of their sheets too."""
    sheets = [parse_field_value(text, "--where-in").value for text in sources.where_in] + list(sources.ids)
    digests = [hashlib.sha256(SheetColumn.parse(text).path.read_bytes()).hexdigest() for text in sheets]
    said = [sources.where, sources.where_in, sources.ids, sources.known, lookup, digests]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _selection(filters: ContactFilters, zone: tzinfo) -> ContactFilter:
    """Which contacts are wanted; raises `SettingsError`."""
    after, before = filters.created_after, filters.created_before
    return ContactFilter(
        tags=tuple(map(trim, filters.tags)),
        any_tags=tuple(map(trim, filters.any_tags)),
        not_tags=tuple(map(trim, filters.not_tags)),
        conditions=tuple(map(Condition.parse, filters.conditions)),
        created_after=None if after is None else parse_moment(after, zone, "--created-after"),
        created_before=None if before is None else parse_moment(before, zone, "--created-before"),
        ignore_case=filters.ignore_case,
    )


def _zone(name: str) -> tzinfo:
    """The time zone; raises `SettingsError`."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"--timezone {name} is no time zone.", "Write it like --timezone Asia/Karachi."
        ) from None


def _table_layout(layout: FileLayout, zone: tzinfo) -> TableLayout:
    """How the file is laid out; raises `SettingsError` and `MappingError`."""
    names = (parse_column_name(name) for name in (layout.columns or "").split(",") if trim(name))
    mapping = None if layout.mapping is None else read_mapping(layout.mapping)
    return TableLayout(
        tuple(dict.fromkeys(names)), headers_by_field(layout.rename, mapping), layout.tag_columns, zone
    )


@dataclass(frozen=True, slots=True)
class CliExport:
    """An export as a command line asks for it."""

    out: str
    sources: ContactSources
    filters: ContactFilters
    layout: FileLayout
    lookup: PhoneLookup
    stops: StopConditions
    log: CallLogOptions
    console: Console
    dry_run: bool
    restart: bool

    def run(self, connect: Callable[[], Settings]) -> int:
        """Read and write; the exit code."""
        target, zone = ExportTarget.of(self.out, raw_csv=self.layout.raw_csv), _zone(self.layout.timezone)
        layout, selection = _table_layout(self.layout, zone), _selection(self.filters, zone)
        settings = connect()
        with ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache) as cache:
            known = tuple(cache.contacts.ids()) if self.sources.known else ()
            request = _request(self.sources, selection, known, self.lookup)
            digest = _digest(self.sources, self.lookup)
            path, note = target.checkpoint(digest)
            if note:
                self.console.say(f"{note}.")
            with Signals(self.console) as signals, lock(path, shown_by=""):
                if self.restart:
                    delete_checkpoint(path)
                if fresh := not path.exists():
                    _check(self.sources, request)
                    create_export(path, request, settings.channel, digest)
                with ExportCheckpoint.open(path) as checkpoint:
                    check_same_export(checkpoint, settings.channel, digest)
                    session = _Session(self, request, settings, cache, checkpoint)
                    try:
                        came = session.read(signals)
                    except Stopped as stopped:
                        return _stopped(self.console, stopped)
                    code = session.conclude(came, target, layout) if came.complete else 0
                    if came.complete or fresh:
                        checkpoint.delete()
                    return code


def _check(sources: ContactSources, request: ExportRequest) -> None:
    """Raise `SettingsError` where there is nothing to read."""
    if sources.known and not (request.known or request.where or request.listed or request.ids):
        raise SettingsError(
            "--known: no contact of this channel is known on this machine yet.",
            "Uploads and exports add to what is known; begin with --where FIELD=VALUE.",
        )
    request.check()


def _stopped(console: Console, stopped: Stopped) -> int:
    """Say why the reading ended early, and what carries it on; the exit code."""
    console.error(error_text(stopped))
    console.say(f"To carry on:\n  {same_command(sys.argv[1:], without=('--restart',))}")
    return stopped.exit_code


@dataclass(frozen=True, slots=True)
class _Session:
    """One session of an export."""

    asked: CliExport
    request: ExportRequest
    settings: Settings
    cache: ChannelCache
    checkpoint: ExportCheckpoint

    def read(self, signals: Signals) -> ExportSession:
        """Read what is still to be read, and say first what that takes; in a dry run no more than that."""
        console = self.asked.console
        if done := self.checkpoint.count_answers():
            met = count(len(self.checkpoint.ids()), "contact")
            console.say(f"Carrying on: {count(done, 'answer')} came before, with {met}.")
        progress = console.reading()
        listener = ReadCallbacks(
            progressed=lambda far: progress.advance(far.done, far.calls, far.contacts),
            saw=self._saw,
            gone=self.cache.contacts.forget_contact,
        )
        try:
            with open_call_log(self.asked.log, "export") as log:
                recorder = CallRecorder(StopMonitor(self.asked.stops), log=log, started=signals.attach)
                return asyncio.run(
                    read_contacts(
                        self.checkpoint,
                        self.request,
                        self.settings,
                        progress=progress,
                        recorder=recorder,
                        callbacks=listener,
                        confirm=self._agree,
                    )
                )
        finally:
            progress.close()

    def _saw(self, contacts: Sequence[Contact]) -> None:
        self.cache.contacts.observe_contacts(contacts)
        self.cache.fields.observe(contacts)

    def _agree(self, far: ReadProgress) -> bool:
        """Say what the reading takes, as far as first pages tell; whether it is to go on."""
        console, speed = self.asked.console, PlannedRate.of(self.settings)
        for covered in self.checkpoint.coverage():
            if covered.total is not None:
                console.say(export_summary.there_are(covered))
        if (asked := self.request.per_page) and not self.checkpoint.page_size():
            console.say(f"HeyX does not give pages of {asked}: it stays with its own.")
        still = far.calls - far.done
        at_least = "At least " if self.request.listed else ""
        to_come = f", {still:,} of them still to come" if far.done and still else ""
        console.say(
            f"{at_least}{count(far.calls, 'call')}{to_come}, at {speed.rate}: {time_for(still, speed.rate)}."
        )
        for note in speed.notes:
            console.say(f"  {note}")
        return not self.asked.dry_run

    def conclude(self, came: ExportSession, target: ExportTarget, layout: TableLayout) -> int:
        """Write the file, and say what it covers; the exit code."""
        console, checkpoint = self.asked.console, self.checkpoint
        listed = build_table(self._wanted, layout)
        taken = sum(1 for _ in self._wanted())
        written = target.write(listed)
        kept = ID_COLUMN in layout.columns or not layout.columns
        if kept:
            self.cache.contacts.record_export(written.name, self._wanted())
        refused = f", {came.throttled:,} of them refused as too many" if came.throttled else ""
        console.say(f"{count(came.calls, 'call')} in {duration(came.seconds)}{refused}.")
        covered = export_summary.of(checkpoint, self.request)
        for line in covered.lines:
            console.say(line)
        if self.request.selection:
            console.say(f"{count(taken, 'contact')} of these {'is' if taken == 1 else 'are'} as asked.")
        for name in listed.missing:
            console.say(f"No contact has {name}: its column is blank.")
        target.tell(console, written, comes_back=kept and taken > 0)
        code = 0 if covered.is_complete else INCOMPLETE
        document = {
            "contacts": taken,
            **covered.document,
            "calls": came.calls,
            "throttled_calls": came.throttled,
            "seconds": round(came.seconds, 1),
            "out": str(written),
            "exit": code,
        }
        target.total(console, count(taken, "contact"), document)
        return code

    def _wanted(self) -> Iterator[Contact]:
        return (contact for contact in self.checkpoint.contacts() if self.request.selection.matches(contact))
