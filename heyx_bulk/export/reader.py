"""Pages and contacts on their way into an export's checkpoint, read side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from heyx_bulk.api.client import Client
from heyx_bulk.errors import CallFailed, NotFoundError, Rejected, SettingsError, Stopped, Unreachable
from heyx_bulk.export.request import ExportRequest, has_value
from heyx_bulk.models.calls import FindContacts, Page, ReadContact
from heyx_bulk.models.contacts import Contact
from heyx_bulk.reports.progress import Progress
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.storage.export_checkpoint.page_order import (
    SeenPage,
    ids_of,
    is_complete,
    last_page_of,
    unread_pages,
)
from heyx_bulk.storage.export_checkpoint.searches import Search, SearchState

PAGES_PER_RECHECK = 50
"""Searches that are done are looked at once more, a call each, where that is at most one call in so many."""

OWN_PAGE = 10
"""Contacts on a page of HeyX's own size."""


class ExportEvents:
    """Called as an export goes on, and does nothing: override what is of interest."""

    def on_contacts(self, contacts: Sequence[Contact]) -> None:
        """HeyX has shown these contacts."""

    def on_missing(self, contact_id: str) -> None:
        """HeyX does not know this id."""

    def confirm(self, done: int, calls: int) -> bool:
        """Whether to read on: `calls` are needed as far as first pages say, `done` of them were answered."""
        del done, calls
        return True


@dataclass(slots=True)
class _Pass:
    """A search being read through: the pages that came, those asked for, how many calls it is taken to need, and
    the last page that HeyX named.
    """

    search: Search
    pages: list[SeenPage]
    calls: int
    asked: set[int] = field(default_factory=set)
    last_page: int = 0


Job = tuple[int, int] | str
"""A page (of which search, its number), or the id of a contact."""


class PageReader:
    """Reads what an export's checkpoint still has to read; every page is stored there before it is reported."""

    def __init__(
        self,
        checkpoint: ExportCheckpoint,
        client: Client,
        request: ExportRequest,
        progress: Progress,
        events: ExportEvents,
        *,
        workers: int,
    ) -> None:
        self._checkpoint = checkpoint
        self._client = client
        self._progress = progress
        self._events = events
        self._workers = workers
        self._passes = request.passes
        self._per_page = request.per_page
        self._ready: deque[Job] = deque()
        self._source: Iterator[Job] = iter(())
        self._reading: dict[int, _Pass] = {}
        self._only_first = False
        self._to_recheck: list[int] = []
        self._failure: SettingsError | None = None
        self._busy = 0
        self._changed = asyncio.Event()
        self._done = checkpoint.count_answers()
        self._calls = self._done + sum(checkpoint.count_open())
        self._met = checkpoint.ids()

    async def read(self) -> None:
        """Read all that is confirmed; raises `SettingsError` where HeyX refuses a search that is not of a list.

        The first page of each search that is not of a list comes first: it says how many there are.
        """
        self._only_first = True
        await self._drain(self._open_searches(listed=False))
        self._only_first = False
        self._to_recheck = self._searches_to_recheck()
        self._calls += len(self._to_recheck)
        if not self._events.confirm(self._done, self._calls):
            return
        await self._drain(self._open_searches(listed=False))
        await self._drain(self._open_searches(listed=True))
        await self._recheck()
        self._calls -= self._checkpoint.skip_found_ids()
        await self._drain(self._checkpoint.open_ids())

    def _open_searches(self, *, listed: bool) -> Iterator[Job]:
        """Page by page what the searches begin or go on with; further pages come with the answers."""
        for search in self._checkpoint.open_searches(listed=listed):
            reading = self._reading.get(search.number) or self._resume(search)
            self._continue(reading)
            while self._ready:
                yield self._ready.popleft()

    def _resume(self, search: Search) -> _Pass:
        pages = self._checkpoint.pages(search.number, search.pass_number)
        reading = _Pass(search, pages, len(pages) + 1, {page.number for page in pages})
        self._reading[search.number] = reading
        return reading

    def _continue(self, reading: _Pass) -> None:
        """Ask for what is missing of a search; where nothing is, finish it."""
        if reading.pages:
            last_page = max(reading.last_page or last_page_of(reading.pages), reading.pages[-1].last_page)
            in_flight = len(reading.pages) < len(reading.asked)
            if in_flight and last_page == reading.last_page:
                return
            self._calls += last_page - reading.calls
            reading.calls = reading.last_page = last_page
        numbers = list(unread_pages(reading.pages))
        if not numbers:
            self._finish_pass(reading)
        elif not (self._only_first and reading.pages):
            new = [number for number in numbers if number not in reading.asked]
            reading.asked.update(new)
            self._ready.extend((reading.search.number, number) for number in new)

    # Working

    async def _drain(self, jobs: Iterable[Job]) -> None:
        self._source = iter(jobs)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._worker())
        if self._failure is not None:
            raise self._failure
        if self._client.stopped is not None:
            raise self._client.stopped

    async def _worker(self) -> None:
        while self._client.stopped is None and (job := await self._next()) is not None:
            try:
                await self._do(job)
            except Stopped as reason:
                self._client.stop(reason)
            finally:
                self._busy -= 1
                self._changed.set()

    async def _next(self) -> Job | None:
        """The next job; None when there is none left and none can come any more."""
        while (job := self._ready.popleft() if self._ready else next(self._source, None)) is None:
            if not self._busy or self._client.stopped is not None:
                return None
            self._changed.clear()
            await self._changed.wait()
        self._busy += 1
        return job

    async def _do(self, job: Job) -> None:
        try:
            if isinstance(job, str):
                await self._read_contact(job)
            else:
                await self._read_page(*job)
        except CallFailed as failure:
            raise _unreachable(failure) from None
        self._done += 1
        self._progress.advance(self._done, self._calls, len(self._met))

    async def _read_contact(self, contact_id: str) -> None:
        try:
            contact = await self._client.send(ReadContact(contact_id))
        except NotFoundError as failure:
            self._checkpoint.fail_contact(contact_id, SearchState.NOT_FOUND, failure.what)
            self._events.on_missing(contact_id)
        except Rejected as failure:
            self._checkpoint.fail_contact(contact_id, SearchState.REJECTED, failure.what)
        else:
            assert isinstance(contact, Contact)  # noqa: S101  what a read answers
            self._checkpoint.store_contact(contact_id, contact)
            self._saw((contact,))

    async def _read_page(self, of_search: int, number: int) -> None:
        reading = self._reading.get(of_search)
        if reading is None:
            return
        search = reading.search
        try:
            page, per_page = await self._ask(search, number)
        except Rejected as failure:
            self._reject(search, failure)
            return
        if of_search not in self._reading:
            return
        seen = SeenPage(number, tuple(contact.id for contact in page.contacts), page.last_page, page.total)
        contacts = [contact for contact in page.contacts if has_value(contact, search.wanted)]
        self._checkpoint.store_page(search, seen, contacts, per_page)
        reading.search = replace(search, per_page=per_page)
        reading.pages.append(seen)
        self._saw(page.contacts)
        self._continue(reading)

    def _saw(self, contacts: Sequence[Contact]) -> None:
        self._met.update(contact.id for contact in contacts)
        self._events.on_contacts(contacts)

    def _reject(self, search: Search, failure: Rejected) -> None:
        """A search of a list ends alone, its other pages are left; without another one the export is not what was
        asked for.
        """
        self._reading.pop(search.number, None)
        if search.listed:
            self._checkpoint.reject_search(search, failure.what)
            return
        self._failure = SettingsError(
            f"HeyX rejected the search for {search.wanted.name}={search.spelling}. {failure.what}.",
            "Nothing was written. Check the field's name: it must be spelled exactly as in HeyX.",
        )
        raise Stopped(self._failure.what)

    async def _ask(self, search: Search, number: int) -> tuple[Page, int | None]:
        """One page, and the size of pages to ask for from now on: None for HeyX's own.

        Larger pages are taken only where the answer says that it has them, and has.
        """
        size = self._per_page if number == 1 and search.pass_number == 1 else search.per_page
        page = await self._send(search, number, size)
        if size is None or number > 1 or search.pass_number > 1:
            return page, size
        given, total = page.per_page, page.total
        if (
            given is not None
            and given > OWN_PAGE
            and len(page.contacts) == min(given, given if total is None else total)
        ):
            return page, given
        self._per_page = None
        if given is None or given == OWN_PAGE:
            return page, None
        return await self._send(search, number, None), None

    async def _send(self, search: Search, number: int, size: int | None) -> Page:
        page = await self._client.send(FindContacts(search.wanted.name, search.spelling, number, size))
        assert isinstance(page, Page)  # noqa: S101  what a search answers
        return page

    # Finishing

    def _finish_pass(self, reading: _Pass) -> None:
        """All pages of a search came: it is done, or is read once more."""
        search, pages = reading.search, reading.pages
        before = self._checkpoint.pages(search.number, search.pass_number - 1)
        if is_complete(pages) or (before and ids_of(before) == ids_of(pages)):
            self._checkpoint.finish_search(search, complete=True)
        elif search.pass_number >= self._passes:
            self._checkpoint.finish_search(search, complete=False)
        else:
            self._read_again(search, last_page_of(pages))
            return
        del self._reading[search.number]

    def _read_again(self, search: Search, last_page: int) -> None:
        reading = _Pass(self._checkpoint.restart_search(search), [], last_page)
        self._reading[search.number] = reading
        self._calls += last_page
        self._continue(reading)

    def _searches_to_recheck(self) -> list[int]:
        """The searches that are to be looked at once more: several, where that costs little."""
        searches = list(self._checkpoint.searches(listed=False))
        pages = sum(last_page_of(self._checkpoint.pages(search.number, search.pass_number)) for search in searches)
        several = len(searches) > 1 and pages >= PAGES_PER_RECHECK * len(searches)
        return [search.number for search in searches] if several else []

    async def _recheck(self) -> None:
        """See whether searches changed since they were read: contacts may have gone from one to another."""
        for search in list(self._checkpoint.searches(listed=False)):
            if search.number not in self._to_recheck:
                continue
            try:
                page = await self._send(search, 1, search.per_page)
            except CallFailed as failure:
                raise _unreachable(failure) from None
            self._done += 1
            before = self._checkpoint.pages(search.number, search.pass_number)
            if page.total is None or page.total == before[-1].total:
                continue
            if search.pass_number < self._passes:
                self._read_again(search, page.last_page)
            else:
                self._checkpoint.finish_search(search, complete=False)
        await self._drain(())


def _unreachable(failure: CallFailed) -> Unreachable:
    return Unreachable(f"{failure.what}.", "Nothing is lost: run the same command again later.")
