"""The contacts that a channel has shown, and what exports wrote of them: ids, fields, tags, when last seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from heyx_bulk.database import Database
from heyx_bulk.models.calls import (
    AddTags,
    Answer,
    Call,
    CreateContact,
    Created,
    Done,
    Page,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact
from heyx_bulk.planning.planner import apply_change

EXPORTS_KEPT = 10
"""How many exports of a channel are remembered, the newest ones."""

_OLD = "SELECT number FROM export ORDER BY number DESC LIMIT -1 OFFSET :kept"
_TIDY = (
    "UPDATE export SET contacts = (SELECT count(*) FROM exported WHERE export = :number) WHERE number = :number",
    f"DELETE FROM exported WHERE export IN ({_OLD})",
    f"DELETE FROM export WHERE number IN ({_OLD})",
    "DELETE FROM document WHERE number NOT IN (SELECT document FROM contact UNION SELECT document FROM exported)",
)
_FORGET = tuple(f"DELETE FROM {table}" for table in ("exported", "export", "contact", "document"))


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact as HeyX last showed it, with what was written since, and when it did (epoch seconds).

    One that HeyX has not shown is seen when it was written first.
    """

    contact: Contact
    seen: float


@dataclass(frozen=True, slots=True)
class KnownExport:
    """An export that is remembered: the file it was written to, when (epoch seconds), how many contacts."""

    number: Annotated[int, "Its number."]
    name: Annotated[str, "The name of the file."]
    at: Annotated[float, "When it was written, in seconds since 1970 (UTC)."]
    contacts: Annotated[int, "The number of contacts."]


class KnownContacts:
    """The contacts of one channel, as this machine knows them. Without `kept` nothing is written down.

    What two of them share, a contact and an export that showed it so, lies on disk once.
    """

    def __init__(self, db: Database, clock: Callable[[], float], *, kept: bool) -> None:
        self._db = db
        self._clock = clock
        self._kept = kept

    # Learning

    def observe_contacts(self, contacts: Iterable[Contact]) -> None:
        """HeyX showed these contacts, whole: that replaces what was known."""
        if self._kept:
            with self._db.transaction():
                for contact in contacts:
                    self._put(contact)

    def observe(self, call: Call, answer: Answer) -> None:
        """Learn from HeyX's answer to a call."""
        match call, answer:
            case _, Page():
                self.observe_contacts(answer.contacts)
            case _, Contact():
                self.observe_contacts((answer,))
            case CreateContact(), Created():
                self._apply(UpdateContact(answer.id, call.fields))
            case UpdateContact() | AddTags() | RemoveTags(), Done():
                self._apply(call)

    def forget_contact(self, contact_id: str) -> None:
        """HeyX said that there is no such contact."""
        with self._db.transaction():
            gone = self._db.rows("DELETE FROM contact WHERE id = ? RETURNING document", contact_id)
            for (document,) in gone:
                self._let_go(contact_id, document)

    def record_export(self, name: str, contacts: Iterable[Contact]) -> int:
        """Remember what an export to the file `name` showed of its contacts; its number, 0 if nothing is kept."""
        if not self._kept:
            return 0
        with self._db.transaction():
            made = self._db.execute(
                "INSERT INTO export (name, at, contacts) VALUES (?, ?, 0)", (name, self._clock())
            )
            number = made.lastrowid or 0
            for contact in contacts:
                row = (number, contact.id, self._document(contact))
                self._db.execute("INSERT OR REPLACE INTO exported VALUES (?, ?, ?)", row)
            for query in _TIDY:
                self._db.execute(query, {"number": number, "kept": EXPORTS_KEPT})
        return number

    def forget(self) -> int:
        """Forget all contacts and exports, so that the file holds none of them any more; how many contacts."""
        with self._db.transaction():
            count = self.count()
            for query in _FORGET:
                self._db.execute(query)
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def _apply(self, call: UpdateContact | AddTags | RemoveTags) -> None:
        """Add what we wrote into a contact to what is known of it."""
        if self._kept:
            with self._db.transaction():
                known = next(self.get((call.id,)), KnownContact(Contact(call.id), self._clock()))
                self._put(apply_change(known.contact, call), seen=known.seen)

    def _put(self, contact: Contact, *, seen: float | None = None) -> None:
        """Keep a contact as it is `seen` now or was then."""
        was: int | None = self._db.value("SELECT document FROM contact WHERE id = ?", contact.id)
        row = (contact.id, self._document(contact), contact.complete, self._clock() if seen is None else seen)
        self._db.execute("INSERT OR REPLACE INTO contact VALUES (?, ?, ?, ?)", row)
        if was is not None and was != row[1]:
            self._let_go(contact.id, was)

    def _let_go(self, contact_id: str, document: int) -> None:
        """Take a text away that its contact does not look like any more, unless an export showed it so."""
        self._db.execute(
            "DELETE FROM document WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM exported WHERE id = ?2 "
            "AND document = ?1 AND export IN (SELECT number FROM export))",
            (document, contact_id),
        )

    def _document(self, contact: Contact) -> int:
        """The number of the text that says what the contact looks like."""
        text = json.dumps([dict(contact.fields), sorted(contact.tags), contact.created_at], sort_keys=True)
        digest = hashlib.blake2b(f"{contact.id}\n{text}".encode(), digest_size=16).digest()
        self._db.execute("INSERT OR IGNORE INTO document (hash, text) VALUES (?, ?)", (digest, text))
        return int(self._db.value("SELECT number FROM document WHERE hash = ?", digest))

    # Knowing

    def count(self) -> int:
        """How many contacts are known."""
        return int(self._db.value("SELECT count(*) FROM contact"))

    def ids(self) -> Iterator[str]:
        """The ids of all known contacts."""
        return (contact_id for (contact_id,) in self._db.stream("SELECT id FROM contact ORDER BY id"))

    def get(self, ids: Iterable[str]) -> Iterator[KnownContact]:
        """Those of these contacts that are known."""
        query = "SELECT id, text, whole, seen FROM contact JOIN document ON number = document WHERE id = ?"
        return (_known(*row) for contact_id in ids for row in self._db.rows(query, contact_id))

    def seen_since(self, moment: float) -> Iterator[Contact]:
        """The contacts that were seen at `moment` (epoch seconds) or later."""
        query = "SELECT id, text, whole, seen FROM contact JOIN document ON number = document WHERE seen >= ?"
        return (_known(*row).contact for row in self._db.stream(query, moment))

    def seen(self) -> tuple[float, float] | None:
        """When the contact that was not seen for longest was seen, and the last one; None if none is known."""
        ((first, last),) = self._db.rows("SELECT min(seen), max(seen) FROM contact")
        return None if first is None else (first, last)

    def exports(self) -> tuple[KnownExport, ...]:
        """The exports that are remembered, newest first."""
        query = "SELECT number, name, at, contacts FROM export ORDER BY number DESC"
        return tuple(KnownExport(*row) for row in self._db.rows(query))

    def exported_versions(self, contact_id: str) -> Iterator[tuple[Contact, tuple[int, ...]]]:
        """What the remembered exports showed of a contact: each look of it, with the exports that showed it so."""
        query = (
            "SELECT text, group_concat(export) FROM export "
            "CROSS JOIN exported ON export = export.number AND id = ? "
            "JOIN document ON document.number = exported.document GROUP BY exported.document"
        )
        for text, exports in self._db.rows(query, contact_id):
            yield _contact(contact_id, text, whole=True), tuple(map(int, exports.split(",")))

    def exported(self, number: int, ids: Iterable[str]) -> Iterator[Contact]:
        """What an export showed of these contacts, those that it did not show aside."""
        query = (
            "SELECT id, text FROM exported JOIN document ON document.number = exported.document "
            "WHERE export = ? AND id = ?"
        )
        return (
            _contact(*row, whole=True) for contact_id in ids for row in self._db.rows(query, number, contact_id)
        )

    def all_exported(self, number: int | None = None) -> Iterator[Contact]:
        """What the export `number`, or each that is remembered, showed of all its contacts."""
        query = (
            "SELECT DISTINCT id, text FROM exported JOIN document ON document.number = exported.document "
            "WHERE ?1 IS NULL OR export = ?1"
        )
        return (_contact(*row, whole=True) for row in self._db.stream(query, number))


def _known(contact_id: str, text: str, whole: int, seen: float) -> KnownContact:
    return KnownContact(_contact(contact_id, text, whole=bool(whole)), seen)


def _contact(contact_id: str, text: str, *, whole: bool) -> Contact:
    fields, tags, created_at = json.loads(text)
    return Contact(contact_id, fields, frozenset(tags), complete=whole, created_at=created_at)
