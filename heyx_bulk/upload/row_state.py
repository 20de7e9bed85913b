"""One row in a worker's hands."""

from __future__ import annotations

from dataclasses import dataclass, field

from heyx_bulk.errors import CallFailed
from heyx_bulk.models.calls import Call
from heyx_bulk.models.contacts import Contact, ContactRow, Status
from heyx_bulk.planning.planner import Knowledge
from heyx_bulk.reports import row_messages as account
from heyx_bulk.storage.cache.recent_creates import KeyLock
from heyx_bulk.storage.checkpoint.row_record import RowRecord


@dataclass(slots=True)
class RowWork:
    """One row in a worker's hands: what the journal had of it, what it wants, and how far it has come."""

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
    """The writes that HeyX answered in this start."""
    passed_over: frozenset[str] = frozenset()
    """Contacts that other rows created under this row's key, and that do not have it any more."""

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
        before = (
            "created before"
            if self.record.created_by_run
            else "changed before"
            if self.record.updated_by_run
            else ""
        )
        said = account.failure_message(self.row, failure, made=self.created_by_run)
        halves = account.partial_progress(self.row, self.knowledge, self.done, before=before)
        return f"{said.rstrip('.')}. {halves}" if halves else said
