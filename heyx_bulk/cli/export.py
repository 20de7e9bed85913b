"""`heyx-bulk export`: contacts found by values and ids, filtered, into a file; and how complete that is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heyx_bulk.api.call_log import LogFile, logged
from heyx_bulk.cli import export_summary as coverage
from heyx_bulk.cli.console import Voice, count, duration, same_command, told
from heyx_bulk.cli.export_target import Outlet
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.preflight import Speed, time_for
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import SettingsError, Stopped
from heyx_bulk.export.exporter import Read, begin, check_same, read
from heyx_bulk.export.filters import Condition, Selection, moment_of, wanted_field
from heyx_bulk.export.layout import Layout, column_named, names_of, table
from heyx_bulk.export.reader import Listener, Told
from heyx_bulk.export.request import Request
from heyx_bulk.export.value_lists import Listing, texts_in
from heyx_bulk.mapping.column import ID_COLUMN
from heyx_bulk.mapping.mapping_store import read as read_mapping
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.rate_limit.limiter import lesson_of
from heyx_bulk.reports.audit import Books
from heyx_bulk.reports.stop_conditions import Stops
from heyx_bulk.reports.stop_monitor import Watch
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.storage.cache.channel_cache import ChannelMemory
from heyx_bulk.storage.checkpoint.locking import hold, put_away
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportJournal
from heyx_bulk.values.equality import PhoneLookup
from heyx_bulk.values.text import trim

INCOMPLETE = 3
"""The exit code where some of what was asked for could not be had, or may be missing."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where contacts are to come from, as the command line says it."""

    where: tuple[str, ...]
    where_in: tuple[str, ...]
    ids: tuple[str, ...]
    known: bool
    lookup: PhoneLookup

    def request(
        self, selection: Selection, known: tuple[str, ...], *, passes: int, per_page: int | None
    ) -> Request:
        """These as a request; raises `SettingsError` and `SheetError`."""
        return Request(
            where=tuple(wanted_field(text) for text in self.where),
            listed=tuple(field for text in self.where_in for field in _listed(text)),
            ids=tuple(found for text in self.ids for found in texts_in(Listing.parse(text), "--ids", ids=True)),
            known=known,
            selection=selection,
            phone_lookup=self.lookup,
            passes=passes,
            per_page=per_page,
        )

    def asked(self) -> str:
        """What tells these from all others, the content of their sheets too."""
        sheets = [wanted_field(text, "--where-in").value for text in self.where_in] + list(self.ids)
        digests = [hashlib.sha256(Listing.parse(text).path.read_bytes()).hexdigest() for text in sheets]
        said = [self.where, self.where_in, self.ids, self.known, self.lookup, digests]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _listed(text: str) -> Iterator[Field]:
    wanted = wanted_field(text, "--where-in")
    found = texts_in(Listing.parse(wanted.value), f"--where-in {text}")
    return (Field(wanted.name, value) for value in found)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which contacts are wanted, as the command line says it."""

    tags: tuple[str, ...] = ()
    any_tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    created_after: str | None = None
    created_before: str | None = None
    ignore_case: bool = False

    def selection(self, zone: tzinfo) -> Selection:
        """These as a selection; raises `SettingsError`."""
        after, before = self.created_after, self.created_before
        return Selection(
            tags=tuple(map(trim, self.tags)),
            any_tags=tuple(map(trim, self.any_tags)),
            not_tags=tuple(map(trim, self.not_tags)),
            conditions=tuple(map(Condition.parse, self.conditions)),
            created_after=None if after is None else moment_of(after, zone, "--created-after"),
            created_before=None if before is None else moment_of(before, zone, "--created-before"),
            ignore_case=self.ignore_case,
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """How the file is laid out, as the command line says it."""

    columns: str | None = None
    rename: tuple[str, ...] = ()
    mapping: Path | None = None
    tag_columns: bool = False
    timezone: str = "UTC"
    raw_csv: bool = False

    def zone(self) -> tzinfo:
        """The time zone; raises `SettingsError`."""
        if self.timezone.upper() == "UTC":
            return UTC
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingsError(
                f"--timezone {self.timezone} is no time zone.", "Write it like --timezone Asia/Karachi."
            ) from None

    def layout(self) -> Layout:
        """These as a layout; raises `SettingsError` and `MappingError`."""
        names = (column_named(name) for name in (self.columns or "").split(",") if trim(name))
        mapping = None if self.mapping is None else read_mapping(self.mapping)
        return Layout(tuple(dict.fromkeys(names)), names_of(self.rename, mapping), self.tag_columns, self.zone())


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything the command line says about an export."""

    out: str
    sources: Sources
    filters: Filters
    shape: Shape
    speaking: Speaking
    stops: Stops
    log: LogFile | None
    voice: Voice
    passes: int
    per_page: int | None
    again: bool
    dry_run: bool


def export_contacts(asked: Asked) -> int:
    """Do what was asked; the exit code."""
    outlet = Outlet.of(asked.out, raw_csv=asked.shape.raw_csv)
    layout, selection = asked.shape.layout(), asked.filters.selection(asked.shape.zone())
    settings = from_environment(os.environ, **asked.speaking.options())
    with ChannelMemory(settings.channel, settings.settle, remember=settings.memory) as memory:
        known = tuple(memory.contacts.ids()) if asked.sources.known else ()
        request = asked.sources.request(selection, known, passes=asked.passes, per_page=asked.per_page)
        digest = asked.sources.asked()
        place, note = outlet.checkpoint(digest)
        if note:
            asked.voice.say(f"{note}.")
        with Signals(asked.voice) as signals, hold(place, shown_by=""):
            if asked.again:
                put_away(place)
            if fresh := not place.exists():
                _check(asked.sources, request)
                begin(place, request, settings.channel, digest)
            with ExportJournal.open(place) as journal:
                check_same(journal, settings.channel, digest)
                start = _Start(asked, request, settings, memory, journal)
                try:
                    came = start.read(signals)
                except Stopped as stopped:
                    return _stopped(asked.voice, stopped)
                code = start.conclude(came, outlet, layout) if came.whole else 0
                if came.whole or fresh:
                    journal.discard()
                return code


def _check(sources: Sources, request: Request) -> None:
    """Raise `SettingsError` where there is nothing to read."""
    if sources.known and not (request.known or request.where or request.listed or request.ids):
        raise SettingsError(
            "--known: no contact of this channel is known on this machine yet.",
            "Uploads and exports add to what is known; begin with --where FIELD=VALUE.",
        )
    request.check()


def _stopped(voice: Voice, stopped: Stopped) -> int:
    """Say why the reading ended early, and what carries it on; the exit code."""
    voice.alarm(told(stopped))
    voice.say(f"To carry on:\n  {same_command(sys.argv[1:], without=('--again',))}")
    return stopped.exit_code


@dataclass(frozen=True, slots=True)
class _Start:
    """One start of an export."""

    asked: Asked
    request: Request
    settings: Settings
    memory: ChannelMemory
    journal: ExportJournal

    def read(self, signals: Signals) -> Read:
        """Read what is still to be read, and say first what that takes; in a dry run no more than that."""
        voice = self.asked.voice
        if done := self.journal.answers():
            met = count(len(self.journal.ids()), "contact")
            voice.say(f"Carrying on: {count(done, 'answer')} came before, with {met}.")
        progress = voice.reading()
        listener = Listener(
            told=lambda far: progress.advance(far.done, far.calls, far.contacts),
            saw=self._saw,
            gone=self.memory.contacts.gone,
        )
        try:
            with logged(self.asked.log, "export") as log:
                books = Books(Watch(self.asked.stops), log=log, started=signals.attach)
                return asyncio.run(
                    read(
                        self.journal,
                        self.request,
                        self.settings,
                        progress=progress,
                        books=books,
                        listener=listener,
                        agree=self._agree,
                    )
                )
        finally:
            progress.close()

    def _saw(self, contacts: Sequence[Contact]) -> None:
        self.memory.contacts.saw(contacts)
        self.memory.fields.saw(contacts)

    def _agree(self, far: Told) -> bool:
        """Say what the reading takes, as far as first pages tell; whether it is to go on."""
        voice, speed = self.asked.voice, Speed.of(self.settings, lesson_of(self.settings))
        for covered in self.journal.covered():
            if covered.total is not None:
                voice.say(coverage.there_are(covered))
        if (asked := self.request.per_page) and not self.journal.page_size():
            voice.say(f"HeyX does not give pages of {asked}: it stays with its own.")
        still = far.calls - far.done
        at_least = "At least " if self.request.listed else ""
        to_come = f", {still:,} of them still to come" if far.done and still else ""
        voice.say(
            f"{at_least}{count(far.calls, 'call')}{to_come}, at {speed.rate}: {time_for(still, speed.rate)}."
        )
        for note in speed.notes:
            voice.say(f"  {note}")
        return not self.asked.dry_run

    def conclude(self, came: Read, outlet: Outlet, layout: Layout) -> int:
        """Write the file, and say what it covers; the exit code."""
        voice, journal = self.asked.voice, self.journal
        listed = table(self._wanted, layout)
        taken = sum(1 for _ in self._wanted())
        written = outlet.write(listed)
        kept = ID_COLUMN in layout.columns or not layout.columns
        if kept:
            self.memory.contacts.keep_export(written.name, self._wanted())
        refused = f", {came.refused:,} of them refused as too many" if came.refused else ""
        voice.say(f"{count(came.calls, 'call')} in {duration(came.seconds)}{refused}.")
        covered = coverage.of(journal, self.request)
        for line in covered.lines:
            voice.say(line)
        if self.request.selection:
            voice.say(f"{count(taken, 'contact')} of these {'is' if taken == 1 else 'are'} as asked.")
        for name in listed.missing:
            voice.say(f"No contact has {name}: its column is blank.")
        outlet.tell(voice, written, comes_back=kept and taken > 0)
        code = 0 if covered.is_complete else INCOMPLETE
        document = {
            "contacts": taken,
            **covered.document,
            "calls": came.calls,
            "refused_for_pace": came.refused,
            "seconds": round(came.seconds, 1),
            "out": str(written),
            "exit": code,
        }
        outlet.total(voice, count(taken, "contact"), document)
        return code

    def _wanted(self) -> Iterator[Contact]:
        return (contact for contact in self.journal.contacts() if self.request.selection.takes(contact))
