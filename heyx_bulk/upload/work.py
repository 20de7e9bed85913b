"""One row in a worker's hands."""

from __future__ import annotations

from dataclasses import dataclass

from heyx_bulk.journal import Entry
from heyx_bulk.memory import Claim
from heyx_bulk.model import Contact, ContactRow, Status
from heyx_bulk.plan import Known


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
    passed_over: frozenset[str] = frozenset()
    """Contacts that other rows created under this row's key, and that do not have it any more."""

    @property
    def contact_id(self) -> str | None:
        """The row's contact, as far as it is known."""
        return self.known.id if isinstance(self.known, Contact) else self.entry.contact_id

    @property
    def status(self) -> Status:
        """What has become of the row so far."""
        if self.made:
            return Status.CREATED
        return Status.UPDATED if self.wrote else Status.UNCHANGED
