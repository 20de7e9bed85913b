"""One row at a time: calls made and answers taken in until there is none left to make."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from heyx_bulk.api.client import Client
from heyx_bulk.errors import Ambiguous, CallFailed, DiskFull, KeysDisagree, NotFoundError, Rejected, Stopped
from heyx_bulk.models.calls import (
    STATUS_IN_QUEUE,
    AddTags,
    Answer,
    Call,
    CreateContact,
    Created,
    FindContacts,
    Page,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Outcome, Status
from heyx_bulk.planning.changes import changes
from heyx_bulk.planning.contact_lookup import (
    Knowledge,
    Lookup,
    NotFound,
    has_tracking_value,
    initial_state,
    lookup_by_create,
    lookup_by_earlier_row,
    lookup_by_id,
    prioritize_phone_formats,
)
from heyx_bulk.planning.planner import apply, next_call, plan, skip_reason
from heyx_bulk.planning.reconcile import Verdict, predates_create, reconcile, uncertainty
from heyx_bulk.reports import row_messages
from heyx_bulk.storage.cache.channel_cache import Cache, KeyLock, KeyLocked
from heyx_bulk.storage.cache.contact_index import ContactIndex, known_answer
from heyx_bulk.storage.checkpoint.row_record import RowRecord, RowState
from heyx_bulk.storage.checkpoint.run import Run

LOCK_POLL_SECONDS = 1.0
"""How often it is asked whether another run's create has come to an end."""

OnPlanned = Callable[[ContactRow, NotFound | Contact, tuple[Call, ...]], None]


@dataclass(slots=True)
class RowWork:
    """One row in a worker's hands: what the checkpoint has of it, what it asks for, and how far it has come."""

    record: RowRecord
    row: ContactRow
    knowledge: Knowledge
    key_lock: KeyLock
    created_by_run: bool
    updated_by_run: bool
    unconfirmed: bool
    """A create of this row may have happened, and nobody knows yet."""
    retry_missing_until: float | None = None
    """Until when (the loop's clock) its contact may not be ready, since this run has just created it."""
    sent_at: float | None = None
    """HeyX's clock when its create was about to leave, if known."""
    done: list[Call] = field(default_factory=list)
    """The writes that HeyX answered in this session."""
    ask_heyx: bool = False
    """Whether what is known without a call has proved wrong for this row, or must not be taken."""
    passed_over: frozenset[str] = frozenset()
    """Contacts that other rows created under this row's key, and that do not have it any more."""
    before_kept: bool = False
    """Whether what its contact held before is in the checkpoint."""

    @property
    def contact_id(self) -> str | None:
        """The row's contact, as far as it is known."""
        return self.knowledge.id if isinstance(self.knowledge, Contact) else self.record.contact_id

    @property
    def status(self) -> Status:
        """What became of the row, if there is nothing left to do."""
        if self.created_by_run:
            return Status.CREATED
        return Status.UPDATED if self.updated_by_run else Status.UNCHANGED

    def failure_message(self, failure: CallFailed) -> str:
        """What is said of the row after `failure`: why, what to do, what is done and what is not."""
        changed = "changed before" if self.record.updated_by_run else ""
        before = "created before" if self.record.created_by_run else changed
        message = row_messages.failure_message(self.row, failure, made=self.created_by_run)
        progress = row_messages.partial_progress(self.row, self.knowledge, self.done, before=before)
        return f"{message.rstrip('.')}. {progress}" if progress else message


class RowWorker:
    """Brings one row after another to its outcome; several may be at work at once.

    What a row's next call depends on is in the checkpoint before that call leaves. With `on_planned`, nothing is
    written to HeyX.
    """

    def __init__(
        self,
        run: Run,
        client: Client,
        ready_seconds: float,
        *,
        on_planned: OnPlanned | None = None,
        cache: Cache | None = None,
        index: ContactIndex | None = None,
    ) -> None:
        self._run = run
        self._queue = run.checkpoint.queue
        self._matching = run.matching
        self._client = client
        self._ready_seconds = ready_seconds
        self._on_planned = on_planned
        self._cache = cache or Cache()
        self._index = index
        self._tracking_works: bool | None = None

    async def work_on(self, record: RowRecord) -> Outcome:
        """What became of a row. Raises `UnconfirmedCreate` or `Stopped` where that is not known yet."""
        row = self._run.row(record)
        if row.problems:
            status = Status.UNCERTAIN if record.state is RowState.CREATE_PENDING else Status.FAILED
            message = "; ".join(problem.detail for problem in row.problems)
            return Outcome(record.number, status, record.contact_id, message)
        work = self._begin(record, row.for_created_contact() if record.created_by_run else row)
        try:
            left_alone = await self._advance(work)
        except CallFailed as failure:
            # No contact has the better key, which a create of this row would have written.
            uncertain = work.unconfirmed and not isinstance(failure, KeysDisagree)
            status = Status.UNCERTAIN if uncertain else Status.FAILED
            contact_id = record.contact_id if isinstance(failure, Ambiguous) else work.contact_id
            return Outcome(record.number, status, contact_id, work.failure_message(failure))
        if left_alone:
            return Outcome(record.number, Status.SKIPPED, work.contact_id, left_alone)
        status = self._status(work)
        return Outcome(record.number, status, work.contact_id, self._remarks(work, status))

    def _begin(self, record: RowRecord, row: ContactRow) -> RowWork:
        knowledge = prioritize_phone_formats(self._known(record, row), self._cache.phone_spellings)
        work = RowWork(
            record,
            row,
            knowledge,
            KeyLock(self._run.lock_owner(record.number), row.keys, self._matching.keys_of(row)),
            record.created_by_run,
            record.updated_by_run,
            unconfirmed=record.state is RowState.CREATE_PENDING,
            sent_at=record.sent_at,
            ask_heyx=record.created_by_run or record.updated_by_run or record.state is RowState.CREATE_PENDING,
        )
        if row.id is None and isinstance(knowledge, Lookup) and isinstance(knowledge.calls[0], ReadContact):
            self._expect_delay(work)
        return work

    def _known(self, record: RowRecord, row: ContactRow) -> Knowledge:
        """What is known of the row's contact, from the checkpoint alone."""
        if record.contact_id is not None and (record.created_by_run or record.updated_by_run):
            return lookup_by_id(record.contact_id)
        create = self._run.sent_create(record)
        if create is not None and (self._matching.no_match or record.state is RowState.CREATE_PENDING):
            if not create.can_be_looked_for:
                return NotFound(looked=False)
            return lookup_by_create(create.keys, create.tracking_field, row, self._matching)
        if row.id is None and (earlier := self._queue.contact_of_earlier_row(row, self._matching)):
            return lookup_by_earlier_row(row, earlier, self._matching)
        return initial_state(row, self._matching)

    async def _advance(self, work: RowWork) -> str:
        """Make calls until none is left, or in a dry run until the next one would write.

        Returns why the contact was left alone, if it was.
        """
        while not (reason := self._skip_reason(work)):
            call = next_call(work.row, work.knowledge)
            if call is None or (self._on_planned is not None and call.writes):
                break
            if (known := self._known_answer(work, call)) is not None:
                work.knowledge = apply(work.knowledge, call, known)
                continue
            self._keep_before(work, call)
            try:
                answer = await self._send(work, call)
            except KeyLocked as locked:
                work.knowledge = await self._after_another(work, locked)
                continue
            except NotFoundError as failure:
                if failure.status == STATUS_IN_QUEUE or not self._is_from_index(work, call):
                    raise
                work.ask_heyx, work.knowledge = True, self._known(work.record, work.row)
                continue
            await self._learn(work, call, self._observed(work, call, answer))
        return reason

    async def _learn(self, work: RowWork, call: Call, answer: Answer) -> None:
        """Take in HeyX's answer to a row's call."""
        before, work.knowledge = work.knowledge, apply(work.knowledge, call, answer)
        if call.writes:
            work.done.append(call)
        if isinstance(answer, Contact) and work.created_by_run:
            self._check_age(work, before, answer)
        elif isinstance(before, Lookup):
            await self._reconcile(work)
        elif isinstance(answer, Created):
            self._created(work, answer.id)
        elif not (work.created_by_run or work.updated_by_run) and isinstance(work.knowledge, Contact):
            self._queue.mark_updated(work.record.number, work.knowledge.id)
            work.updated_by_run = True

    def _keep_before(self, work: RowWork, call: Call) -> None:
        """Keep what a contact holds, before the first write of the row leaves."""
        known, number = work.knowledge, work.record.number
        if not call.writes or work.before_kept or work.created_by_run or not isinstance(known, Contact):
            return
        made = None if work.row.planned else [*changes(work.row, known, plan(work.row, known))]
        self._run.checkpoint.changes.start(number, known.id, made)
        work.before_kept = True

    def _known_answer(self, work: RowWork, call: Call) -> Answer | None:
        """What HeyX would answer to a look-up, where that is known; None where it must be asked."""
        if self._index is None or work.ask_heyx or not isinstance(work.knowledge, Lookup):
            return None
        return known_answer(work.row, call, self._cache, self._index)

    def _is_from_index(self, work: RowWork, call: Call) -> bool:
        """Whether a contact that HeyX does not have was only known from the index; it is forgotten there."""
        if self._index is None or work.ask_heyx or not isinstance(call, UpdateContact | AddTags | RemoveTags):
            return False
        if work.created_by_run or work.updated_by_run or call.id not in self._index:
            return False
        self._index.forget(call.id)
        self._cache.forget_contact(call.id)
        return True

    def _observed(self, work: RowWork, call: Call, answer: Answer) -> Answer:
        """HeyX's answer as it must be read; what it shows is remembered."""
        if self._index is not None:
            self._index.observe(call, answer)
        return self._cache.observe(work.row, call, answer)

    def _skip_reason(self, work: RowWork) -> str:
        """Why the contact that a row means is not to be touched by it; blank if it is."""
        if work.created_by_run or work.updated_by_run or work.unconfirmed:
            return ""
        return skip_reason(work.knowledge, self._matching.mode)

    async def _send(self, work: RowWork, call: Call) -> Answer:
        number = work.record.number
        if not isinstance(call, CreateContact):
            try:
                return await self._client.send(call, row=number, retry_missing_until=work.retry_missing_until)
            except NotFoundError as failure:
                if isinstance(call, ReadContact) and failure.status != STATUS_IN_QUEUE:
                    self._cache.forget_contact(call.id)
                raise
        try:
            return await self._client.send(call, row=number, before_send=partial(self._before_create, work, call))
        except Rejected:
            self._cache.unlock_keys(work.key_lock)
            raise
        except Stopped:
            with suppress(DiskFull):
                self._queue.clear_pending(number)
            raise

    def _before_create(self, work: RowWork, call: CreateContact) -> None:
        if work.key_lock.keys and not self._matching.no_match:
            self._cache.lock_keys(work.key_lock, passed_over=work.passed_over)
        work.sent_at = self._client.server_time
        self._queue.mark_create_pending(work.record.number, call.fields, work.sent_at)

    async def _after_another(self, work: RowWork, locked: KeyLocked) -> Knowledge:
        """What is known of the contact that another run has just created, or is about to."""
        while locked.contact_id is None:
            await self._client.interruptible(asyncio.sleep(LOCK_POLL_SECONDS))
            try:
                self._cache.check_locks(work.key_lock, passed_over=work.passed_over)
            except KeyLocked as still:
                locked = still
            else:
                return initial_state(work.row, self._matching)
        work.passed_over |= {locked.contact_id}
        return lookup_by_earlier_row(work.row, locked.contact_id, self._matching)

    def _created(self, work: RowWork, contact_id: str) -> None:
        self._queue.mark_created(work.record.number, contact_id)
        self._cache.confirm_create(work.key_lock, contact_id)
        work.created_by_run, work.unconfirmed, work.row = True, False, work.row.for_created_contact()
        self._expect_delay(work)

    def _expect_delay(self, work: RowWork) -> None:
        """HeyX may say for some seconds that the contact is not there: it was just created."""
        work.retry_missing_until = asyncio.get_running_loop().time() + self._ready_seconds

    def _check_age(self, work: RowWork, before: Knowledge, contact: Contact) -> None:
        """HeyX has shown the contact that our create was answered with: it may have been there before."""
        if predates_create(contact, work.sent_at):
            sent = work.record.create_payload or self._queue.row(work.record.number).create_payload or ()
            self._run.checkpoint.changes.start_unread(work.record.number, contact.id, sent)
            self._queue.mark_preexisting(work.record.number, contact.id)
            work.created_by_run, work.updated_by_run = False, True
        elif isinstance(before, Contact):
            work.knowledge = replace(contact, fields={**contact.fields, **before.fields})

    async def _reconcile(self, work: RowWork) -> None:
        """Where a create of this row may have happened, settle whether it did by what was found."""
        create, found = self._run.sent_create(work.record), work.knowledge
        if create is None or work.created_by_run or isinstance(found, Lookup):
            return
        judge = partial(reconcile, create, found, self._matching, unconfirmed=work.unconfirmed)
        if (verdict := judge()) is Verdict.CHECK_TRACKING:
            verdict = judge(tracking_works=await self._finds_by_tracking_field())
        match verdict:
            case Verdict.CREATED if isinstance(found, Contact):
                if create.tracking_field is not None and has_tracking_value(found, create.tracking_field):
                    self._tracking_works = True
                self._created(work, found.id)
            case Verdict.NOT_CREATED:
                work.knowledge, work.unconfirmed = NotFound(looked=not self._matching.no_match), False
            case Verdict.MATCHED:
                work.unconfirmed = False
            case _:
                raise uncertainty(create, found)

    async def _finds_by_tracking_field(self) -> bool:
        """Whether HeyX finds contacts by the tracking field: one that is known to be there is looked for."""
        witness = self._queue.known_created_row()
        create = None if witness is None else self._run.sent_create(witness)
        if witness is None or create is None or create.tracking_field is None:
            return False
        if self._tracking_works is None:
            page = await self._client.send(FindContacts(create.tracking_field.name, create.tracking_field.value))
            found = {contact.id for contact in page.contacts} if isinstance(page, Page) else set()
            self._tracking_works = witness.contact_id in found
        return self._tracking_works

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

    def _remarks(self, work: RowWork, status: Status) -> str:
        """What is said of a row that is done: its own remarks, and another row that means its contact."""
        remarks = ["its create did not happen"] if status is Status.FAILED else [*work.row.remarks]
        if work.contact_id is not None:
            other = self._queue.other_row_of_contact(work.contact_id, work.record.number)
            if other is not None:
                remarks.append(f"the same contact as row {other}")
        return "; ".join(remarks)
