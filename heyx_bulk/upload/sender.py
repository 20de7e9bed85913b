"""An upload: rows leave the journal, become calls until there is none left to make, and end with an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain

from heyx_bulk.api.client import Client
from heyx_bulk.errors import Ambiguous, CallFailed, DiskFull, NotFoundError, Rejected, Stopped, UnconfirmedCreate
from heyx_bulk.models.calls import (
    STATUS_IN_QUEUE,
    Answer,
    Call,
    CreateContact,
    Created,
    FindContacts,
    Page,
    ReadContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Outcome, Status
from heyx_bulk.planning.planner import (
    Knowledge,
    Lookup,
    Mode,
    NotFound,
    apply,
    has_tracking_value,
    initial_state,
    lookup_by_all_keys,
    lookup_by_earlier_row,
    lookup_by_id,
    lookup_by_tracking_field,
    next_call,
    plan,
    prioritize_phone_formats,
    skip_reason,
)
from heyx_bulk.planning.reconcile import RERUN_HINT, created_by_us, manual_check, predates_create
from heyx_bulk.storage.cache.channel_cache import Cache, NullCache
from heyx_bulk.storage.cache.recent_creates import KeyLock, KeyLocked
from heyx_bulk.storage.checkpoint.row_record import RowRecord, RowState
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.row_queue import RowQueue
from heyx_bulk.upload.row_state import RowWork

CLAIM_POLL_SECONDS = 1.0
"""How often it is asked whether another run's create has come to an end."""

ROUNDS = 5
"""How often in one start a row's create may go unanswered before the row is left uncertain."""

OnPlanned = Callable[[ContactRow, NotFound | Contact, tuple[Call, ...]], None]


class RowSender:
    """Sends a journal's rows through a client.

    Every outcome is in the journal before `report` hears of it. With `on_planned`, nothing is written to HeyX:
    each row's contact is looked up, `on_planned` is told its writes, and the outcome is what they would make of
    it.
    """

    def __init__(
        self,
        run: Run,
        client: Client,
        *,
        workers: int,
        settle_seconds: float,
        ready_seconds: float,
        report: Callable[[Outcome], None],
        on_planned: OnPlanned | None = None,
        cache: Cache | None = None,
    ) -> None:
        self._run = run
        self._checkpoint = run.checkpoint
        self._matching = run.matching
        self._client = client
        self._workers = workers
        self._settle_seconds = settle_seconds
        self._ready_seconds = ready_seconds
        self._report = report
        self._on_planned = on_planned
        self._cache = cache or NullCache()
        self._doubted_at: dict[int, float] = {}
        self._stamps_found: bool | None = None

    @property
    def client(self) -> Client:
        """What it speaks to HeyX through."""
        return self._client

    async def run(self, among: frozenset[int] | None = None) -> None:
        """Work until every row, or every row `among` these numbers, has its outcome.

        Raises the `Stopped` that ended the work before that.
        """

        def these(records: Iterable[RowRecord]) -> Iterable[RowRecord]:
            return records if among is None else (record for record in records if record.number in among)

        started_at = asyncio.get_running_loop().time()
        await self._drain(these(self._checkpoint.queue.open_rows()))
        for _ in range(ROUNDS):
            doubts = list(these(self._checkpoint.queue.unconfirmed_creates()))
            if not doubts or self._client.stopped:
                break
            await self._settle(doubts, started_at, then=these(self._checkpoint.queue.open_rows()))
        if self._client.stopped:
            raise self._client.stopped
        for record in these(self._checkpoint.queue.unconfirmed_creates()):
            self._leave_uncertain(record, f"{ROUNDS} creates went unanswered")
        await self._drain(these(self._checkpoint.queue.open_rows()))
        if self._client.stopped:
            raise self._client.stopped

    async def _settle(self, doubts: list[RowRecord], started_at: float, then: Iterable[RowRecord]) -> None:
        """Look for the contacts whose creates went unanswered, when they had time to appear."""
        for record in [record for record in doubts if not self._can_be_looked_for(record)]:
            doubts.remove(record)
            self._leave_uncertain(record, "its create went unanswered, and it has no key to look for it by")
        if not doubts:
            return
        now = asyncio.get_running_loop().time()
        doubted_at = max(self._doubted_at.get(record.number, started_at) for record in doubts)
        with suppress(Stopped):
            await self._client.interruptible(asyncio.sleep(doubted_at + self._settle_seconds - now))
            settled = {record.number for record in doubts}
            await self._drain(chain(doubts, (record for record in then if record.number not in settled)))

    def _can_be_looked_for(self, record: RowRecord) -> bool:
        return bool(self._run.payload_keys(record) or self._run.payload_tracking_field(record))

    def _leave_uncertain(self, record: RowRecord, why: str) -> None:
        message = f"{why}. {manual_check(record.create_payload or ())}"
        self._finish(Outcome(record.number, Status.UNCERTAIN, None, message))

    async def _drain(self, records: Iterable[RowRecord]) -> None:
        line = RowQueue(self._checkpoint, records)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._worker(line))

    async def _worker(self, line: RowQueue) -> None:
        while self._client.stopped is None and (record := await line.next()) is not None:
            try:
                await self._work_on(record)
            except Stopped as reason:
                self._client.stop(reason)
            except UnconfirmedCreate:
                self._doubted_at[record.number] = asyncio.get_running_loop().time()
            finally:
                line.release(record.number)

    async def _work_on(self, record: RowRecord) -> None:
        row = self._run.row(record)
        if row.problems:
            status = Status.UNCERTAIN if record.state is RowState.CREATE_PENDING else Status.FAILED
            message = "; ".join(problem.detail for problem in row.problems)
            self._finish(Outcome(record.number, status, record.contact_id, message))
            return
        row = row.for_created_contact() if record.created_by_run else row
        known = prioritize_phone_formats(self._start(record, row), self._cache.phone_spellings)
        key_lock = KeyLock(self._run.lock_owner(record.number), row.keys)
        work = RowWork(
            record,
            row,
            known,
            key_lock,
            record.created_by_run,
            record.updated_by_run,
            record.state is RowState.CREATE_PENDING,
        )
        work.sent_at = record.sent_at
        if row.id is None and isinstance(known, Lookup) and isinstance(known.calls[0], ReadContact):
            self._is_new(work)
        try:
            left_alone = await self._advance(work)
        except CallFailed as failure:
            status = Status.UNCERTAIN if work.unconfirmed else Status.FAILED
            named = record.contact_id if isinstance(failure, Ambiguous) else work.contact_id
            self._finish(Outcome(record.number, status, named, work.failure_message(failure)))
        else:
            if left_alone:
                self._finish(Outcome(record.number, Status.SKIPPED, work.contact_id, left_alone))
                return
            status = self._status(work)
            self._finish(Outcome(record.number, status, work.contact_id, self._remarks(work, status)))

    def _start(self, record: RowRecord, row: ContactRow) -> Knowledge:
        """What is known of the row's contact, from the journal alone."""
        if record.contact_id is not None and (record.created_by_run or record.updated_by_run):
            return lookup_by_id(record.contact_id)
        if record.create_payload is not None and (
            self._matching.no_match or record.state is RowState.CREATE_PENDING
        ):
            keys, stamp = self._run.payload_keys(record), self._run.payload_tracking_field(record)
            if stamp is not None:
                return lookup_by_tracking_field(stamp, keys, self._matching)
            return lookup_by_all_keys(keys, self._matching) if keys else NotFound(looked=False)
        if earlier := self._checkpoint.queue.contact_of_earlier_row(row):
            return lookup_by_earlier_row(row, earlier, self._matching)
        return initial_state(row, self._matching)

    async def _advance(self, work: RowWork) -> str:
        """Make calls until none is left, or in a dry run until the next one would write.

        Returns why the contact was left alone, if it was.
        """
        while not (reason := self._unwanted(work)) and (call := next_call(work.row, work.knowledge)) is not None:
            if self._on_planned is not None and call.writes:
                return ""
            try:
                answer = await self._send(work, call)
            except KeyLocked as claimed:
                work.knowledge = await self._after_another(work, claimed)
                continue
            answer = self._cache.observe(work.row, call, answer)
            was, work.knowledge = work.knowledge, apply(work.knowledge, call, answer)
            if call.writes:
                work.done.append(call)
            if isinstance(answer, Contact) and work.created_by_run:
                self._shown(work, was, answer)
            elif isinstance(was, Lookup):
                await self._looked(work)
            elif isinstance(answer, Created):
                self._made(work, answer.id)
            elif not (work.created_by_run or work.updated_by_run) and isinstance(work.knowledge, Contact):
                self._checkpoint.queue.mark_updated(work.record.number, work.knowledge.id)
                work.updated_by_run = True
        return reason

    def _unwanted(self, work: RowWork) -> str:
        """Why the contact that a row means is not to be touched by it; blank if it is."""
        if work.created_by_run or work.updated_by_run or work.unconfirmed:
            return ""
        return skip_reason(work.knowledge, self._matching.mode)

    def _remarks(self, work: RowWork, status: Status) -> str:
        """What is to be told of a row that is done: its own remarks, and another row that means its contact."""
        remarks = ["its create did not happen"] if status is Status.FAILED else [*work.row.remarks]
        if work.contact_id is not None:
            other = self._checkpoint.queue.other_row_of_contact(work.contact_id, work.record.number)
            if other is not None:
                remarks.append(f"the same contact as row {other}")
        return "; ".join(remarks)

    def _shown(self, work: RowWork, was: Knowledge, contact: Contact) -> None:
        """HeyX has shown the contact that our create was answered with: it may have been there before."""
        if predates_create(contact, work.sent_at):
            self._checkpoint.queue.mark_preexisting(work.record.number, contact.id)
            work.created_by_run, work.updated_by_run = False, True
        elif isinstance(was, Contact):
            work.knowledge = replace(contact, fields={**contact.fields, **was.fields})

    async def _send(self, work: RowWork, call: Call) -> Answer:
        if not isinstance(call, CreateContact):
            try:
                return await self._client.send(
                    call, row=work.record.number, retry_missing_until=work.retry_missing_until
                )
            except NotFoundError as failure:
                if isinstance(call, ReadContact) and failure.status != STATUS_IN_QUEUE:
                    self._cache.forget_contact(call.id)
                raise
        departing = partial(self._departing, work, call)
        try:
            return await self._client.send(call, row=work.record.number, before_send=departing)
        except Rejected:
            self._cache.unlock_keys(work.key_lock)
            raise
        except Stopped:
            with suppress(DiskFull):
                self._checkpoint.queue.clear_pending(work.record.number)
            raise

    def _departing(self, work: RowWork, call: CreateContact) -> None:
        if work.key_lock.keys and not self._matching.no_match:
            self._cache.lock_keys(work.key_lock, passed_over=work.passed_over)
        work.sent_at = self._client.server_time
        self._checkpoint.queue.mark_create_pending(work.record.number, call.fields, work.sent_at)

    async def _after_another(self, work: RowWork, claimed: KeyLocked) -> Knowledge:
        """What is known of the contact that another run has just created, or is about to."""
        while claimed.contact_id is None:
            await self._client.interruptible(asyncio.sleep(CLAIM_POLL_SECONDS))
            try:
                self._cache.check_locks(work.key_lock, passed_over=work.passed_over)
            except KeyLocked as still:
                claimed = still
            else:
                return initial_state(work.row, self._matching)
        work.passed_over |= {claimed.contact_id}
        return lookup_by_earlier_row(work.row, claimed.contact_id, self._matching)

    def _made(self, work: RowWork, contact_id: str) -> None:
        self._checkpoint.queue.mark_created(work.record.number, contact_id)
        self._cache.confirm_create(work.key_lock, contact_id)
        work.created_by_run, work.unconfirmed, work.row = True, False, work.row.for_created_contact()
        self._is_new(work)

    def _is_new(self, work: RowWork) -> None:
        work.retry_missing_until = asyncio.get_running_loop().time() + self._ready_seconds

    async def _looked(self, work: RowWork) -> None:
        """Where a create of this row may have happened, say whether the contact found is what it made."""
        sent = work.record.create_payload
        if sent is None or work.created_by_run:
            return
        stamp = self._run.payload_tracking_field(work.record)
        match work.knowledge:
            case Contact() as contact if stamp is not None and has_tracking_value(contact, stamp):
                self._stamps_found = True
                self._made(work, contact.id)
            case Contact() as contact if not self._is_careful:
                if work.unconfirmed:
                    self._made(work, contact.id)
            case Contact() as contact if created_by_us(contact, sent, work.record.sent_at):
                self._made(work, contact.id)
            case Contact() as contact if work.unconfirmed and not await self._stamps_are_found(work):
                key = self._run.payload_keys(work.record)[0].name
                raise Ambiguous(
                    f"the contact {contact.id} has its {key}, and it cannot be told whether "
                    "the unanswered create made it",
                    f"Look at it in HeyX. {RERUN_HINT}",
                )
            case NotFound() if (
                work.unconfirmed
                and not self._run.payload_keys(work.record)
                and not await self._stamps_are_found(work)
            ):
                raise Ambiguous(
                    "its create went unanswered, and HeyX finds no contact at all by "
                    f"{self._run.columns.tracking_field}, so it proves nothing that this one is not found",
                    manual_check(sent),
                )
            case Contact() if not self._matching.no_match:
                work.unconfirmed = False
            case Contact() | NotFound():
                work.knowledge, work.unconfirmed = NotFound(looked=not self._matching.no_match), False

    @property
    def _is_careful(self) -> bool:
        """Whether a contact with a row's key may be somebody whom the run must not touch."""
        return self._matching.no_match or self._matching.mode is Mode.CREATE

    async def _stamps_are_found(self, work: RowWork) -> bool:
        """Whether HeyX finds contacts by the mark of their create: one that is known to be there is looked for."""
        witness = (
            self._checkpoint.queue.known_created_row() if self._run.payload_tracking_field(work.record) else None
        )
        stamp = None if witness is None else self._run.payload_tracking_field(witness)
        if self._stamps_found is None and witness is not None and stamp is not None:
            page = await self._client.send(FindContacts(stamp.name, stamp.value))
            self._stamps_found = isinstance(page, Page) and witness.contact_id in {one.id for one in page.contacts}
        return bool(stamp is not None and self._stamps_found)

    def _status(self, work: RowWork) -> Status:
        if self._on_planned is None or isinstance(work.knowledge, Lookup):
            return work.status
        calls = plan(work.row, work.knowledge)
        self._on_planned(work.row, work.knowledge, calls)
        if work.created_by_run:
            return Status.CREATED
        if isinstance(work.knowledge, NotFound):
            return Status.FAILED if work.record.state is RowState.CREATE_PENDING else Status.CREATED
        return Status.UPDATED if calls else Status.UNCHANGED

    async def reconcile(self) -> None:
        """Only look for the contacts whose creates went unanswered: each is `created`, or `failed` if not there.

        For a journal that is set aside; the upload must have been made with `on_planned`.
        """
        if doubts := self._checkpoint.queue.unconfirmed_creates():
            await self._settle(doubts, asyncio.get_running_loop().time(), then=())
        if self._client.stopped:
            raise self._client.stopped

    def _finish(self, outcome: Outcome) -> None:
        for number in self._checkpoint.queue.finish(outcome):
            self._report(replace(outcome, number=number))
