"""An upload: rows leave the journal, become calls until there is none left to make, and end with an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain

from heyx_bulk.api.client import Client
from heyx_bulk.errors import Absent, Ambiguous, CallFailed, DiskFull, InDoubt, Refused, Stopped
from heyx_bulk.models.calls import QUEUED, Answer, Call, CreateContact, Created, FindContacts, Page, ReadContact
from heyx_bulk.models.contacts import Contact, ContactRow, Outcome, Status
from heyx_bulk.planning.planner import (
    Known,
    Mode,
    Nobody,
    NotAsked,
    after,
    by_earlier_row,
    by_every_key,
    by_id,
    by_stamp,
    is_stamped,
    likeliest_first,
    next_call,
    plan,
    start,
    unwanted,
)
from heyx_bulk.planning.reconcile import KNOWINGLY, is_ours, to_check, was_there
from heyx_bulk.storage.cache.channel_cache import Forgetful, Memory
from heyx_bulk.storage.cache.recent_creates import Claim, Claimed
from heyx_bulk.storage.checkpoint.row_record import Entry, State
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.row_queue import Line
from heyx_bulk.upload.row_state import Work

CLAIM_POLL_SECONDS = 1.0
"""How often it is asked whether another run's create has come to an end."""

ROUNDS = 5
"""How often in one start a row's create may go unanswered before the row is left uncertain."""

Planned = Callable[[ContactRow, Nobody | Contact, tuple[Call, ...]], None]


class Upload:
    """Sends a journal's rows through a client.

    Every outcome is in the journal before `report` hears of it. With `planned`, nothing is written to HeyX:
    each row's contact is looked up, `planned` is told its writes, and the outcome is what they would make of it.
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
        planned: Planned | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._run = run
        self._journal = run.journal
        self._matching = run.matching
        self._client = client
        self._workers = workers
        self._settle_seconds = settle_seconds
        self._ready_seconds = ready_seconds
        self._report = report
        self._planned = planned
        self._memory = memory or Forgetful()
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

        def these(entries: Iterable[Entry]) -> Iterable[Entry]:
            return entries if among is None else (entry for entry in entries if entry.number in among)

        started_at = asyncio.get_running_loop().time()
        await self._drain(these(self._journal.ready()))
        for _ in range(ROUNDS):
            doubts = list(these(self._journal.doubts()))
            if not doubts or self._client.stopped:
                break
            await self._settle(doubts, started_at, then=these(self._journal.ready()))
        if self._client.stopped:
            raise self._client.stopped
        for entry in these(self._journal.doubts()):
            self._leave_uncertain(entry, f"{ROUNDS} creates went unanswered")
        await self._drain(these(self._journal.ready()))
        if self._client.stopped:
            raise self._client.stopped

    async def _settle(self, doubts: list[Entry], started_at: float, then: Iterable[Entry]) -> None:
        """Look for the contacts whose creates went unanswered, when they had time to appear."""
        for entry in [entry for entry in doubts if not self._can_be_looked_for(entry)]:
            doubts.remove(entry)
            self._leave_uncertain(entry, "its create went unanswered, and it has no key to look for it by")
        if not doubts:
            return
        now = asyncio.get_running_loop().time()
        doubted_at = max(self._doubted_at.get(entry.number, started_at) for entry in doubts)
        with suppress(Stopped):
            await self._client.patiently(asyncio.sleep(doubted_at + self._settle_seconds - now))
            settled = {entry.number for entry in doubts}
            await self._drain(chain(doubts, (entry for entry in then if entry.number not in settled)))

    def _can_be_looked_for(self, entry: Entry) -> bool:
        return bool(self._run.keys_sent(entry) or self._run.stamp_sent(entry))

    def _leave_uncertain(self, entry: Entry, why: str) -> None:
        message = f"{why}. {to_check(entry.sent or ())}"
        self._finish(Outcome(entry.number, Status.UNCERTAIN, None, message))

    async def _drain(self, entries: Iterable[Entry]) -> None:
        line = Line(self._journal, entries)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._worker(line))

    async def _worker(self, line: Line) -> None:
        while self._client.stopped is None and (entry := await line.next()) is not None:
            try:
                await self._work_on(entry)
            except Stopped as reason:
                self._client.stop(reason)
            except InDoubt:
                self._doubted_at[entry.number] = asyncio.get_running_loop().time()
            finally:
                line.leave(entry.number)

    async def _work_on(self, entry: Entry) -> None:
        row = self._run.row(entry)
        if row.problems:
            status = Status.UNCERTAIN if entry.state is State.CREATING else Status.FAILED
            message = "; ".join(problem.detail for problem in row.problems)
            self._finish(Outcome(entry.number, status, entry.contact_id, message))
            return
        row = row.as_new() if entry.made else row
        known = likeliest_first(self._start(entry, row), self._memory.phone_spellings)
        claim = Claim(self._run.owner(entry.number), row.keys)
        work = Work(entry, row, known, claim, entry.made, entry.wrote, entry.state is State.CREATING)
        work.sent_at = entry.sent_at
        if row.id is None and isinstance(known, NotAsked) and isinstance(known.questions[0], ReadContact):
            self._is_new(work)
        try:
            left_alone = await self._advance(work)
        except CallFailed as failure:
            status = Status.UNCERTAIN if work.in_doubt else Status.FAILED
            named = entry.contact_id if isinstance(failure, Ambiguous) else work.contact_id
            self._finish(Outcome(entry.number, status, named, work.message(failure)))
        else:
            if left_alone:
                self._finish(Outcome(entry.number, Status.SKIPPED, work.contact_id, left_alone))
                return
            status = self._status(work)
            self._finish(Outcome(entry.number, status, work.contact_id, self._remarks(work, status)))

    def _start(self, entry: Entry, row: ContactRow) -> Known:
        """What is known of the row's contact, from the journal alone."""
        if entry.contact_id is not None and (entry.made or entry.wrote):
            return by_id(entry.contact_id)
        if entry.sent is not None and (self._matching.no_match or entry.state is State.CREATING):
            keys, stamp = self._run.keys_sent(entry), self._run.stamp_sent(entry)
            if stamp is not None:
                return by_stamp(stamp, keys, self._matching)
            return by_every_key(keys, self._matching) if keys else Nobody(looked=False)
        if earlier := self._journal.contact_of_key(row):
            return by_earlier_row(row, earlier, self._matching)
        return start(row, self._matching)

    async def _advance(self, work: Work) -> str:
        """Make calls until none is left, or in a dry run until the next one would write.

        Returns why the contact was left alone, if it was.
        """
        while not (reason := self._unwanted(work)) and (call := next_call(work.row, work.known)) is not None:
            if self._planned is not None and call.writes:
                return ""
            try:
                answer = await self._send(work, call)
            except Claimed as claimed:
                work.known = await self._after_another(work, claimed)
                continue
            answer = self._memory.heard(work.row, call, answer)
            was, work.known = work.known, after(work.known, call, answer)
            if call.writes:
                work.done.append(call)
            if isinstance(answer, Contact) and work.made:
                self._shown(work, was, answer)
            elif isinstance(was, NotAsked):
                await self._looked(work)
            elif isinstance(answer, Created):
                self._made(work, answer.id)
            elif not (work.made or work.wrote) and isinstance(work.known, Contact):
                self._journal.wrote(work.entry.number, work.known.id)
                work.wrote = True
        return reason

    def _unwanted(self, work: Work) -> str:
        """Why the contact that a row means is not to be touched by it; blank if it is."""
        if work.made or work.wrote or work.in_doubt:
            return ""
        return unwanted(work.known, self._matching.mode)

    def _remarks(self, work: Work, status: Status) -> str:
        """What is to be told of a row that is done: its own remarks, and another row that means its contact."""
        remarks = ["its create did not happen"] if status is Status.FAILED else [*work.row.remarks]
        if work.contact_id is not None:
            other = self._journal.row_of_contact(work.contact_id, work.entry.number)
            if other is not None:
                remarks.append(f"the same contact as row {other}")
        return "; ".join(remarks)

    def _shown(self, work: Work, was: Known, contact: Contact) -> None:
        """HeyX has shown the contact that our create was answered with: it may have been there before."""
        if was_there(contact, work.sent_at):
            self._journal.not_made(work.entry.number, contact.id)
            work.made, work.wrote = False, True
        elif isinstance(was, Contact):
            work.known = replace(contact, fields={**contact.fields, **was.fields})

    async def _send(self, work: Work, call: Call) -> Answer:
        if not isinstance(call, CreateContact):
            try:
                return await self._client.send(call, row=work.entry.number, ready_by=work.ready_by)
            except Absent as failure:
                if isinstance(call, ReadContact) and failure.status != QUEUED:
                    self._memory.gone(call.id)
                raise
        departing = partial(self._departing, work, call)
        try:
            return await self._client.send(call, row=work.entry.number, departing=departing)
        except Refused:
            self._memory.release(work.claim)
            raise
        except Stopped:
            with suppress(DiskFull):
                self._journal.unsent(work.entry.number)
            raise

    def _departing(self, work: Work, call: CreateContact) -> None:
        if work.claim.keys and not self._matching.no_match:
            self._memory.claim(work.claim, passed_over=work.passed_over)
        work.sent_at = self._client.heyx_time
        self._journal.creating(work.entry.number, call.fields, work.sent_at)

    async def _after_another(self, work: Work, claimed: Claimed) -> Known:
        """What is known of the contact that another run has just created, or is about to."""
        while claimed.contact_id is None:
            await self._client.patiently(asyncio.sleep(CLAIM_POLL_SECONDS))
            try:
                self._memory.look(work.claim, passed_over=work.passed_over)
            except Claimed as still:
                claimed = still
            else:
                return start(work.row, self._matching)
        work.passed_over |= {claimed.contact_id}
        return by_earlier_row(work.row, claimed.contact_id, self._matching)

    def _made(self, work: Work, contact_id: str) -> None:
        self._journal.created(work.entry.number, contact_id)
        self._memory.created(work.claim, contact_id)
        work.made, work.in_doubt, work.row = True, False, work.row.as_new()
        self._is_new(work)

    def _is_new(self, work: Work) -> None:
        work.ready_by = asyncio.get_running_loop().time() + self._ready_seconds

    async def _looked(self, work: Work) -> None:
        """Where a create of this row may have happened, say whether the contact found is what it made."""
        sent = work.entry.sent
        if sent is None or work.made:
            return
        stamp = self._run.stamp_sent(work.entry)
        match work.known:
            case Contact() as contact if stamp is not None and is_stamped(contact, stamp):
                self._stamps_found = True
                self._made(work, contact.id)
            case Contact() as contact if not self._is_careful:
                if work.in_doubt:
                    self._made(work, contact.id)
            case Contact() as contact if is_ours(contact, sent, work.entry.sent_at):
                self._made(work, contact.id)
            case Contact() as contact if work.in_doubt and not await self._stamps_are_found(work):
                key = self._run.keys_sent(work.entry)[0].name
                raise Ambiguous(
                    f"the contact {contact.id} has its {key}, and it cannot be told whether "
                    "the unanswered create made it",
                    f"Look at it in HeyX. {KNOWINGLY}",
                )
            case Nobody() if (
                work.in_doubt and not self._run.keys_sent(work.entry) and not await self._stamps_are_found(work)
            ):
                raise Ambiguous(
                    f"its create went unanswered, and HeyX finds no contact at all by {self._run.columns.stamp}, "
                    "so it proves nothing that this one is not found",
                    to_check(sent),
                )
            case Contact() if not self._matching.no_match:
                work.in_doubt = False
            case Contact() | Nobody():
                work.known, work.in_doubt = Nobody(looked=not self._matching.no_match), False

    @property
    def _is_careful(self) -> bool:
        """Whether a contact with a row's key may be somebody whom the run must not touch."""
        return self._matching.no_match or self._matching.mode is Mode.CREATE

    async def _stamps_are_found(self, work: Work) -> bool:
        """Whether HeyX finds contacts by the mark of their create: one that is known to be there is looked for."""
        witness = self._journal.witness() if self._run.stamp_sent(work.entry) else None
        stamp = None if witness is None else self._run.stamp_sent(witness)
        if self._stamps_found is None and witness is not None and stamp is not None:
            page = await self._client.send(FindContacts(stamp.name, stamp.value))
            self._stamps_found = isinstance(page, Page) and witness.contact_id in {one.id for one in page.contacts}
        return bool(stamp is not None and self._stamps_found)

    def _status(self, work: Work) -> Status:
        if self._planned is None or isinstance(work.known, NotAsked):
            return work.status
        calls = plan(work.row, work.known)
        self._planned(work.row, work.known, calls)
        if work.made:
            return Status.CREATED
        if isinstance(work.known, Nobody):
            return Status.FAILED if work.entry.state is State.CREATING else Status.CREATED
        return Status.UPDATED if calls else Status.UNCHANGED

    async def settle(self) -> None:
        """Only look for the contacts whose creates went unanswered: each is `created`, or `failed` if not there.

        For a journal that is set aside; the upload must have been made with `planned`.
        """
        if doubts := self._journal.doubts():
            await self._settle(doubts, asyncio.get_running_loop().time(), then=())
        if self._client.stopped:
            raise self._client.stopped

    def _finish(self, outcome: Outcome) -> None:
        for number in self._journal.finish(outcome):
            self._report(replace(outcome, number=number))
