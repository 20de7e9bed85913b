"""An export from a command line: what was asked for, read, written, and how complete it is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from pathlib import Path

from heyx_bulk.api.call_log import open_call_log
from heyx_bulk.api.call_log_options import CallLogOptions
from heyx_bulk.api.client import SessionSummary
from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.cli.documents import CoverageKeys, ExportDocument, searched_value
from heyx_bulk.cli.estimate_view import tell_cost
from heyx_bulk.cli.export_target import ExportTarget
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import tell_sent
from heyx_bulk.errors import SettingsError, Stopped
from heyx_bulk.export.export_options import ExportOptions
from heyx_bulk.export.exporter import CachedExport, open_export, read_contacts
from heyx_bulk.export.layout import CREATED, Table, TableLayout, build_table
from heyx_bulk.export.request import ContactFilter, ExportRequest
from heyx_bulk.export.value_lists import SheetColumn, column_values
from heyx_bulk.mapping.columns import ID_COLUMN, parse_field_value
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.calls import READ_ONLY_FIELDS
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.models.phrases import count
from heyx_bulk.planning.estimate import CallBudget
from heyx_bulk.planning.matching import Matching
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings, settings_of
from heyx_bulk.settings.resolution import resolve
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.storage.export_checkpoint.searches import SearchCoverage, SearchState
from heyx_bulk.upload.events import PlannedRate
from heyx_bulk.values.equality import PhoneLookup

SHOWN = 10
INCOMPLETE = 3
"""The exit code if some contacts could not be read, or may be missing."""


def run_export(
    out: str,
    options: ExportOptions,
    matching: Matching,
    stops: StopConditions,
    log: CallLogOptions,
    connection: ConnectionOptions,
    console: Console,
    *,
    dry_run: bool,
    restart: bool,
) -> int:
    """Read the contacts, and write them; the exit code."""
    target = ExportTarget.of(out, raw_csv=options.raw_csv)
    if target.is_stream and console.as_json:
        raise SettingsError(
            "--json and - cannot be combined: both use standard output.", "Export the contacts to a file."
        )
    layout, selection = options.layout(), options.selection()
    resolved = resolve(os.environ, **connection.given())
    settings, lookup = settings_of(os.environ, resolved), matching.with_settings(resolved).phones_searched
    console.use_channel(settings.channel)
    with ChannelCache.of(settings) as cache:
        request, digest = _request(options, selection, lookup, cache), _digest(options, lookup)
        path, note = target.checkpoint(digest)
        if note:
            console.say(f"{note}.")
        with (
            Signals(console) as signals,
            lock(path, shown_by=""),
            open_export(path, request, settings.channel, digest, restart=restart) as (checkpoint, fresh),
        ):
            view = ExportView(cache, console, settings, request, checkpoint, dry_run)
            try:
                with open_call_log(log, "export") as call_log:
                    sent = view.read(CallRecorder(StopMonitor(stops), log=call_log, started=signals.attach))
            except Stopped as stopped:
                console.fail(stopped)
                console.suggest("To resume", same_command(sys.argv[1:], without=("--restart",)))
                console.invocation.document = view.document()
                return stopped.exit_code
            if dry_run:
                console.invocation.document = view.document(sent)
            code = 0 if dry_run else view.write(target, layout, sent)
            if fresh or not dry_run:
                checkpoint.delete()
            return code


@dataclass(frozen=True, slots=True)
class ExportView(CachedExport):
    """Shows what an export costs and covers; what it reads goes into the channel's cache."""

    console: Console
    settings: Settings
    request: ExportRequest
    checkpoint: ExportCheckpoint
    dry_run: bool

    def read(self, recorder: CallRecorder) -> SessionSummary:
        """Show what the rest costs, and read it; in a dry run only show it."""
        checkpoint = self.checkpoint
        if done := checkpoint.count_answers():
            met = count(len(checkpoint.ids()), "contact")
            self.console.say(f"Resuming: {count(done, 'response')} with {met} were read before.")
        budget = CallBudget(0, PlannedRate.of(self.settings).rate)
        with closing(self.console.reading(budget)) as progress:
            return asyncio.run(
                read_contacts(
                    checkpoint, self.request, self.settings, progress=progress, recorder=recorder, events=self
                )
            )

    def confirm(self, done: int, calls: int) -> bool:
        console, speed = self.console, PlannedRate.of(self.settings)
        for covered in self.checkpoint.coverage():
            if covered.total is not None:
                console.say(there_are(covered))
        if (asked := self.request.per_page) and not self.checkpoint.page_size():
            console.say(f"HeyX does not allow {asked} contacts per page; its own page size is used.")
        still = calls - done
        at_least = "At least " if self.request.listed else ""
        to_come = f", {still:,} of them left" if done and still else ""
        tell_cost(console, f"{at_least}{count(calls, 'call')}{to_come}", still, speed)
        return not self.dry_run

    def write(self, target: ExportTarget, layout: TableLayout, sent: SessionSummary) -> int:
        """Write the file, and show what it covers; the exit code."""
        console = self.console
        table = build_table(self._wanted, layout)
        taken = sum(1 for _ in self._wanted())
        written = target.write(table)
        kept = ID_COLUMN in layout.columns or not layout.columns
        if kept:
            self.cache.contacts.record_export(written.name, self._wanted())
        tell_sent(console, sent)
        covered = coverage_of(self.checkpoint, self.request)
        for line in covered.lines:
            console.say(line)
        if self.request.selection:
            console.say(f"{taken:,} of them {'matches' if taken == 1 else 'match'} your filters.")
            in_any_case = replace(self.request.selection, ignore_case=True)
            if (others := sum(map(in_any_case.matches, self.checkpoint.contacts())) - taken) > 0:
                console.say(
                    f"  {others:,} more with --ignore-case: their tags differ in upper and lower case only."
                )
        for name in table.missing:
            console.say(f"No contact has {name}; its column is blank.")
        comes_back = kept and taken > 0 and self.settings.cache
        target.tell(console, written, _renamed(layout, table) if comes_back else None)
        code = 0 if covered.is_complete else INCOMPLETE
        target.total(console, count(taken, "contact"), self.document(sent, taken, written), code)
        return code

    def document(
        self, sent: SessionSummary | None = None, taken: int | None = None, written: Path | None = None
    ) -> ExportDocument:
        """What the export came to: `sent` is None where it was stopped, `taken` and `written` if nothing was."""
        coverage = coverage_of(self.checkpoint, self.request).document
        if written is None:
            coverage["where"] = [{**one, "complete": False} for one in coverage["where"]]
        return {
            "contacts": taken,
            **coverage,
            "calls": None if sent is None else sent.calls,
            "throttled_calls": None if sent is None else sent.throttled,
            "seconds": None if sent is None else round(sent.seconds, 1),
            "out": written,
        }

    def _wanted(self) -> Iterator[Contact]:
        wanted = self.request.selection.matches
        return (contact for contact in self.checkpoint.contacts() if wanted(contact))


def _renamed(layout: TableLayout, table: Table) -> MappingOptions:
    """The options that an upload of the file needs for columns whose headers were chosen."""
    chosen = {name: header for name, header in layout.headers.items() if header in table.header and header != name}
    no_fields = {name for name in chosen if name in (*READ_ONLY_FIELDS, CREATED)}
    return MappingOptions(
        map=tuple(f"{chosen[name]}={name}" for name in chosen if name not in (*no_fields, ID_COLUMN)),
        ignore=tuple(chosen[name] for name in sorted(no_fields)),
        id_column=chosen.get(ID_COLUMN),
    )


def _request(
    options: ExportOptions, selection: ContactFilter, lookup: PhoneLookup, cache: ChannelCache
) -> ExportRequest:
    ids = (column_values(SheetColumn.parse(text), "--ids", ids=True) for text in options.ids)
    return ExportRequest(
        where=tuple(parse_field_value(text) for text in options.where),
        listed=tuple(field for text in options.where_in for field in _listed(text)),
        ids=tuple(chain.from_iterable(ids)),
        known=tuple(cache.contacts.ids()) if options.known else None,
        selection=selection,
        phone_lookup=lookup,
        passes=options.passes,
        per_page=options.per_page,
    )


def _listed(text: str) -> Iterator[Field]:
    wanted = parse_field_value(text, "--where-in")
    found = column_values(SheetColumn.parse(wanted.value), f"--where-in {text}")
    return (Field(wanted.name, value) for value in found)


def _digest(options: ExportOptions, lookup: PhoneLookup) -> str:
    """A digest of the sources, with the content of their sheets."""
    sheets = [parse_field_value(text, "--where-in").value for text in options.where_in] + list(options.ids)
    digests = [hashlib.sha256(SheetColumn.parse(text).path.read_bytes()).hexdigest() for text in sheets]
    parts = [options.where, options.where_in, options.ids, options.known, lookup, digests]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Coverage:
    """The lines to show, whether the export is complete, and the same as plain data."""

    lines: tuple[str, ...]
    is_complete: bool
    document: CoverageKeys


def there_are(covered: SearchCoverage) -> str:
    """How many contacts a search finds, according to its first page."""
    return f"HeyX has {count(covered.total or 0, 'contact')} with {_condition(covered)}."


def coverage_of(checkpoint: ExportCheckpoint, request: ExportRequest) -> Coverage:
    """What an export covers, by its checkpoint."""
    covered, values = checkpoint.coverage(), checkpoint.value_coverage()
    failed = list(checkpoint.failed_ids())
    listed = [one for one in failed if one[1]]
    lines = [
        *_lines(covered),
        *_value_lines(checkpoint, request),
        *_id_lines(request, listed),
        *_known_lines(request, len(failed) - len(listed)),
    ]
    return Coverage(
        tuple(lines),
        is_complete=all(one.complete for one in covered) and not (listed or values.rejected or values.incomplete),
        document={
            "read": checkpoint.count(),
            "where": [searched_value(one) for one in covered],
            "where_in": values if request.listed else None,
            "missing_ids": [contact_id for contact_id, *_ in listed],
        },
    )


def _condition(covered: SearchCoverage) -> str:
    return f"{covered.wanted.name}={covered.wanted.value}"


def _lines(covered: Sequence[SearchCoverage]) -> Iterator[str]:
    in_order = sorted(covered, key=lambda one: one.wanted.name)
    for name, group in groupby(in_order, key=lambda one: one.wanted.name):
        ones = list(group)
        yield from _field_lines(name, ones)
    if covered and not any(one.found for one in covered):
        yield "Write the name of the field exactly as in HeyX, including upper and lower case."


def _field_lines(name: str, ones: Sequence[SearchCoverage]) -> Iterator[str]:
    found = sum(one.found for one in ones)
    totals = [one.total for one in ones]
    with_it = " or ".join(_condition(one) for one in ones)
    without = f"HeyX cannot list contacts without {name}"
    if None in totals:
        yield f"{count(found, 'contact')} with {with_it}; {without}."
    elif found == (total := sum(total or 0 for total in totals)):
        yield f"{found:,} of {count(total, 'contact')} with {with_it}; {without}."
    else:
        yield f"{count(found, 'contact')} with {with_it} (HeyX counts {total:,}); {without}."
    for one in ones:
        if not one.complete:
            yield (
                f"The export may be incomplete: contacts with {_condition(one)} changed while they were read, in "
                f"each of {one.passes} passes. {one.partly:,} of them were not in all passes and are included; "
                f"some may be missing. Export again when HeyX is less busy, or add --passes {2 * one.passes}."
            )


def _value_lines(checkpoint: ExportCheckpoint, request: ExportRequest) -> Iterator[str]:
    if not request.listed:
        return
    values = checkpoint.value_coverage()
    nobody = values.searched - values.found - values.rejected
    searched = count(values.searched, "value")
    yield f"{values.found:,} of {searched} found a contact; {nobody:,} did not."
    if values.incomplete:
        unsettled = count(values.incomplete, "value")
        yield f"The contacts of {unsettled} changed while they were read; some may be missing."
    if values.rejected:
        yield f"HeyX rejected the search for {count(values.rejected, 'value')}:"
        for search in islice(checkpoint.rejected_searches(), SHOWN):
            yield f"  {search.wanted.name}={search.spelling}: {search.message}"


def _id_lines(request: ExportRequest, failed: Sequence[tuple[str, bool, SearchState, str]]) -> Iterator[str]:
    if not request.ids:
        return
    wanted = len(set(request.ids))
    yield f"{wanted - len(failed):,} of {count(wanted, 'contact')} found by id."
    if failed:
        yield "Not found:"
    for contact_id, _, _, message in failed[:SHOWN]:
        yield f"  {contact_id}: {message}"
    if len(failed) > SHOWN:
        yield f"  and {len(failed) - SHOWN:,} more"


def _known_lines(request: ExportRequest, gone: int) -> Iterator[str]:
    if request.known:
        known = len(request.known)
        yield f"{known - gone:,} of {count(known, 'remembered contact')} found; {gone:,} no longer exist."
