"""Contacts that answer a run's look-ups in place of HeyX, in a temporary file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from heyx_bulk.database import Database, FileKind
from heyx_bulk.models.calls import (
    AddTags,
    Answer,
    Call,
    Done,
    FindContacts,
    Page,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.contact_lookup import must_be_read
from heyx_bulk.planning.planner import apply_change
from heyx_bulk.values.equality import key_text

_FILE = FileKind("The index", "Free some space in the folder for temporary files.", "Run the same command again.")

_SCHEMA = """
CREATE TABLE contact (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE key (field TEXT, text TEXT, id TEXT, PRIMARY KEY (field, text, id)) WITHOUT ROWID;
"""


class ContactIndex:
    """Contacts by their ids and by the values of the `keys`, in a file at `path`. Use in a `with` block.

    It answers a search only where exactly one of its contacts has the value: of a value that no contact or several
    have, HeyX may know more.
    """

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._db = Database(path, _FILE, synchronous="OFF", starting=True)
        self._db.execute("PRAGMA journal_mode=MEMORY")
        self._db.script(_SCHEMA)

    def __enter__(self) -> ContactIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def __len__(self) -> int:
        return int(self._db.value("SELECT count(*) FROM contact"))

    def add(self, contacts: Iterable[Contact]) -> None:
        """Keep contacts; what was known of them is replaced."""
        with self._db.transaction():
            for contact in contacts:
                self.forget(contact.id)
                document = [dict(contact.fields), sorted(contact.tags), sorted(contact.absent_tags)]
                text = json.dumps([*document, contact.complete, contact.created_at])
                self._db.execute("INSERT INTO contact VALUES (?, ?)", (contact.id, text))
                for name in self._keys:
                    if value := key_text(name, contact.fields.get(name)):
                        self._db.execute("INSERT INTO key VALUES (?, ?, ?)", (name, value, contact.id))

    def forget(self, contact_id: str) -> None:
        """HeyX has no such contact."""
        if (known := self._contact(contact_id)) is not None:
            self._db.execute("DELETE FROM contact WHERE id = ?", (contact_id,))
            for name in self._keys:
                value = key_text(name, known.fields.get(name))
                self._db.execute("DELETE FROM key WHERE (field, text, id) = (?, ?, ?)", (name, value, contact_id))

    def answer(self, row: ContactRow, call: Call) -> Page | Contact | None:
        """What HeyX would answer to a look-up of a row; None where it must be asked.

        A contact that is known in part may have what a row must not change, or must take away.
        """
        answer = self._answer(call)
        contacts = answer.contacts if isinstance(answer, Page) else (answer,)
        known = all(contact is not None and contact.complete for contact in contacts)
        return answer if known or not must_be_read(row) else None

    def __contains__(self, contact_id: str) -> bool:
        return self._contact(contact_id) is not None

    def _answer(self, call: Call) -> Page | Contact | None:
        match call:
            case FindContacts(page=1):
                found = self._db.rows(
                    "SELECT id FROM key WHERE (field, text) = (?, ?) LIMIT 2",
                    call.field,
                    key_text(call.field, call.value),
                )
                contact = self._contact(found[0][0]) if len(found) == 1 else None
                return None if contact is None else Page((contact,), last_page=1)
            case ReadContact():
                return self._contact(call.id)
        return None

    def observe(self, call: Call, answer: Answer) -> None:
        """Learn from HeyX's answer to a call."""
        match call, answer:
            case UpdateContact() | AddTags() | RemoveTags(), Done():
                if (known := self._contact(call.id)) is not None:
                    self.add((apply_change(known, call),))
            case _, Contact():
                self.add((answer,))

    def _contact(self, contact_id: str) -> Contact | None:
        text = self._db.value("SELECT document FROM contact WHERE id = ?", contact_id)
        if text is None:
            return None
        fields, tags, absent, complete, created_at = json.loads(text)
        return Contact(
            contact_id,
            fields,
            frozenset(tags),
            complete=complete,
            created_at=created_at,
            absent_tags=frozenset(absent),
        )
