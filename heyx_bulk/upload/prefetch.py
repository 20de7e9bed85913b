"""Contacts read before the rows are looked up, ten a call, and known contacts that are taken as they are."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from heyx_bulk.api.client import Client, open_session
from heyx_bulk.errors import CallFailed, HeyxBulkError, Rejected, SettingsError, Unreachable
from heyx_bulk.models.calls import Answer, Call, FindContacts, Page
from heyx_bulk.models.contacts import ContactRow, Field
from heyx_bulk.models.phrases import count
from heyx_bulk.planning.estimate import CallBudget
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.cache.contact_index import ContactIndex
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.events import PlannedRate, UploadEvents, UploadPlan
from heyx_bulk.upload.options import PrefetchOptions


@dataclass
class Prefetch:
    """The contacts that `options` name, read when they are first asked for. Use in a `with` block."""

    settings: Settings
    options: PrefetchOptions
    events: UploadEvents
    _searches: tuple[Field, ...] = ()
    _index: ContactIndex | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self._searches = tuple(self.options.searches())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def contacts(self, run: Run) -> ContactIndex | None:
        """What answers the look-ups of a run; None where HeyX does.

        Raises `SettingsError` where HeyX rejects a search, and the `Stopped` that ended the reading.
        """
        if self.options and self._index is None:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="heyx-bulk-"))
            index = self._stack.enter_context(ContactIndex(Path(folder) / "contacts", run.columns.keys))
            settings = self.settings
            with ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache) as cache:
                if self.options.trust_cache is not None:
                    self._trust(cache, index, self.options.trust_cache)
                for wanted in self._searches:
                    asyncio.run(self._read(wanted, cache, index))
            self._index = index
        return self._index

    def plan(self, run: Run, speed: PlannedRate) -> UploadPlan:
        """What the rows that a run still has to send cost; raises what `contacts` raises."""
        if (index := self.contacts(run)) is None:
            return UploadPlan.of(run, speed)
        settings = self.settings
        with ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache) as cache:

            def known_answer(row: ContactRow, call: Call) -> Answer | None:
                answer = index.answer(row, call)
                return None if answer is None else cache.as_written(row, call, answer)

            return UploadPlan.of(run, speed, known_answer)

    def _trust(self, cache: ChannelCache, index: ContactIndex, age: float) -> None:
        index.add(cache.contacts.seen_since(time.time() - age))
        self.events.say(f"{count(len(index), 'contact')} of the cache taken as they were seen last.")

    async def _read(self, wanted: Field, cache: ChannelCache, index: ContactIndex) -> None:
        """Read all pages of a search side by side. Contacts that move to another page meanwhile may be missed."""
        recorder = CallRecorder(started=self.events.on_client)
        shown = self.events.reading(CallBudget(1, PlannedRate.of(self.settings).rate))
        failures: list[HeyxBulkError] = []
        async with open_session(self.settings, observer=recorder) as client:

            async def read(number: int) -> int:
                page = await _page(client, wanted, number)
                cache.contacts.observe_contacts(page.contacts)
                cache.fields.observe(page.contacts)
                index.add(page.contacts)
                shown.advance(client.calls, max(page.last_page, number), len(index))
                return page.last_page

            async def work() -> None:
                for number in numbers:
                    if failures:
                        return
                    try:
                        await read(number)
                    except HeyxBulkError as failure:
                        failures.append(failure)

            with closing(shown), recorder.session(client, shown):
                numbers = iter(range(2, await read(1) + 1))
                async with asyncio.TaskGroup() as group:
                    for _ in range(self.settings.workers):
                        group.create_task(work())
        if failures:
            raise failures[0]
        self.events.say(
            f"Index: {count(len(index), 'contact')} after reading {wanted.name}={wanted.value} "
            f"({count(client.calls, 'call')})."
        )


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
