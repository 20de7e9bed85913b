"""One row in a worker's hands."""

from __future__ import annotations

from dataclasses import dataclass, field

from heyx_bulk.errors import CallFailed
from heyx_bulk.models.calls import Call
from heyx_bulk.models.contacts import Contact, ContactRow, Status
from heyx_bulk.planning.planner import Known
from heyx_bulk.reports import row_messages as account
from heyx_bulk.storage.cache.recent_creates import Claim
from heyx_bulk.storage.checkpoint.row_record import Entry


@dataclass(slots=True)
class Work:
    """One row in a worker's hands: what the journal had of it, what it wants, and how far it has come."""

    entry: Entry
    row: ContactRow
    known: Known
    claim: Claim
    made: bool
    wrote: bool
    in_doubt: bool
    """A create of this row may have happened, and nobody knows yet."""
    ready_by: float | None = None
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
        return self.known.id if isinstance(self.known, Contact) else self.entry.contact_id

    @property
    def status(self) -> Status:
        """What became of the row, if there is nothing left to do."""
        if self.made:
            return Status.CREATED
        return Status.UPDATED if self.wrote else Status.UNCHANGED

    def message(self, failure: CallFailed) -> str:
        """What is said of the row after `failure`: why, what to do, what is done and what is not."""
        before = "created before" if self.entry.made else "changed before" if self.entry.wrote else ""
        said = account.told(self.row, failure, made=self.made)
        halves = account.halves(self.row, self.known, self.done, before=before)
        return f"{said.rstrip('.')}. {halves}" if halves else said
