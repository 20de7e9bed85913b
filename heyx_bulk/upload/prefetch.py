"""Contacts read before the rows are looked up, ten a call, and known contacts that are taken as they are."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from heyx_bulk.api.call_log import open_call_log
from heyx_bulk.api.client import Client, open_session
from heyx_bulk.errors import CallFailed, HeyxBulkError, Rejected, SettingsError, Unreachable
from heyx_bulk.models.calls import FindContacts, Page
from heyx_bulk.models.contacts import Field
from heyx_bulk.models.phrases import count
from heyx_bulk.planning.contact_lookup import Lookup, initial_state
from heyx_bulk.planning.estimate import CallBudget, time_for
from heyx_bulk.planning.planner import known_without_calls
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.channel_cache import Cache, ChannelCache
from heyx_bulk.storage.cache.contact_index import ContactIndex, known_answer
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.events import PlannedRate, UploadEvents, UploadPlan
from heyx_bulk.upload.options import LookupSource, RunOptions


@dataclass
class Prefetch:
    """Contacts that the options of a session name, read when they are first asked for. Use in a `with` block."""

    settings: Settings
    run_options: RunOptions
    events: UploadEvents
    _searches: tuple[Field, ...] = ()
    _index: ContactIndex | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self.run_options.prefetch.check()
        self._searches = tuple(self.run_options.prefetch.searches())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def contacts(self, run: Run) -> ContactIndex | None:
        """What answers the look-ups of a run; None where HeyX does.

        Raises `SettingsError` where HeyX rejects a search, and the `Stopped` that ended the reading.
        """
        options = self.run_options.prefetch
        if options and self._index is None:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="heyx-bulk-"))
            index = self._stack.enter_context(ContactIndex(Path(folder) / "contacts", run.columns.keys))
            with ChannelCache.of(self.settings) as cache:
                if options.trust_cache is not None:
                    self._trust(cache, index, options.trust_cache)
                if self._searches:
                    with open_call_log(self.run_options.log, run.checkpoint.info.run_id) as log:
                        monitor = StopMonitor(self.run_options.stops)
                        recorder = CallRecorder(monitor, log=log, started=self.events.on_client)
                        asyncio.run(self._read_all(recorder, run, cache, index))
            self._index = index
        return self._index

    def plan(self, run: Run, speed: PlannedRate) -> UploadPlan:
        """What the rows that a run still has to send cost; raises what `contacts` raises."""
        if (index := self.contacts(run)) is None:
            return UploadPlan.of(run, speed)
        with ChannelCache.of(self.settings) as cache:
            return UploadPlan.of(run, speed, lambda row, call: known_answer(row, call, cache, index))

    def _trust(self, cache: ChannelCache, index: ContactIndex, age: float) -> None:
        index.add(cache.contacts.seen_since(time.time() - age))
        self.events.say(f"{count(len(index), 'contact')} of the cache taken as they were seen last.")

    async def _read_all(self, recorder: CallRecorder, run: Run, cache: ChannelCache, index: ContactIndex) -> None:
        rate = PlannedRate.of(self.settings).rate
        shown = self.events.reading(CallBudget(1, rate))
        async with open_session(self.settings, observer=recorder) as client:
            with closing(shown), recorder.session(client, shown):
                reading = _Reading(client, cache, index, shown)
                firsts = [(wanted, await reading.read(wanted, 1)) for wanted in self._searches]
                pages = sum(first.last_page - 1 for _, first in firsts)
                if self.run_options.prefetch.lookup is LookupSource.AUTO:
                    rows = _rows_to_look_up(run, cache, index, most=pages)
                    if rows <= pages:
                        self.events.say(
                            f"Index not read: it takes {count(pages, 'more call')}, and {count(rows, 'row')} can "
                            "be looked up one by one. --lookup index reads it in any case."
                        )
                        return
                for wanted, first in firsts:
                    found = count(len(first.contacts) if first.total is None else first.total, "contact")
                    calls = f"{count(first.last_page, 'call')}, {time_for(first.last_page, rate)}"
                    self.events.say(f"Reading {found} with {wanted.name}={wanted.value}: {calls}.")
                    await self._read_pages(wanted, first, reading)
        self.events.say(f"Index: {count(len(index), 'contact')}, read in {count(client.calls, 'call')}.")

    async def _read_pages(self, wanted: Field, first: Page, reading: _Reading) -> None:
        """Read the other pages of a search side by side. Contacts that move to another page may be missed."""
        numbers = iter(range(2, first.last_page + 1))
        failures: list[HeyxBulkError] = []

        async def work() -> None:
            for number in numbers:
                if failures:
                    return
                try:
                    await reading.read(wanted, number)
                except HeyxBulkError as failure:
                    failures.append(failure)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.settings.workers):
                group.create_task(work())
        if failures:
            raise failures[0]


@dataclass(frozen=True)
class _Reading:
    """Where the contacts of a search are kept as they are read."""

    client: Client
    cache: ChannelCache
    index: ContactIndex
    shown: Progress

    async def read(self, wanted: Field, number: int) -> Page:
        """Read a page of a search, and keep its contacts."""
        page = await _page(self.client, wanted, number)
        self.cache.contacts.observe_contacts(page.contacts)
        self.cache.fields.observe(page.contacts)
        self.index.add(page.contacts)
        self.shown.advance(self.client.calls, max(page.last_page, self.client.calls), len(self.index))
        return page


def _rows_to_look_up(run: Run, cache: Cache, index: ContactIndex, *, most: int) -> int:
    """How many rows must be looked up in HeyX, by what the index has so far; more than `most` are not counted."""
    rows = 0
    for row in run.open_rows():
        asked = initial_state(row, run.matching)
        try:
            known = known_without_calls(row, asked, lambda row, call: known_answer(row, call, cache, index))
        except CallFailed:
            continue
        if isinstance(known, Lookup) and (rows := rows + 1) > most:
            break
    return rows


async def _page(client: Client, wanted: Field, number: int) -> Page:
    try:
        found = await client.send(FindContacts(wanted.name, wanted.value, number))
    except Rejected as failure:
        raise SettingsError(
            f"HeyX rejected the search for {wanted.name}={wanted.value}. {failure.what}.",
            "Nothing was sent. Check the field's name: it must be spelled exactly as in HeyX.",
        ) from None
    except CallFailed as failure:
        raise Unreachable(f"{failure.what}.", "Run the same command again later.") from None
    assert isinstance(found, Page)  # noqa: S101  what a search answers
    return found
