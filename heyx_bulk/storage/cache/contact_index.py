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
from heyx_bulk.models.contacts import Contact, ContactRow, Value
from heyx_bulk.planning.contact_lookup import must_be_read
from heyx_bulk.planning.planner import apply_change
from heyx_bulk.storage.cache.channel_cache import Cache
from heyx_bulk.values.equality import key_text

_FILE = FileKind("The index", "Free some space in the folder for temporary files.", "Run the same command again.")

_SCHEMA = """
CREATE TABLE contact (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE key (field TEXT, text BLOB, id TEXT, PRIMARY KEY (field, text, id)) WITHOUT ROWID;
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
        self._db.starting = False
        self._count = 0

    def __enter__(self) -> ContactIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def __len__(self) -> int:
        return self._count

    def add(self, contacts: Iterable[Contact]) -> None:
        """Keep contacts; what was known of them is replaced."""
        with self._db.transaction():
            for contact in contacts:
                self.forget(contact.id)
                document = [dict(contact.fields), sorted(contact.tags), sorted(contact.absent_tags)]
                text = json.dumps([*document, contact.complete, contact.created_at])
                self._db.execute("INSERT INTO contact VALUES (?, ?)", (contact.id, text))
                self._count += 1
                for name in self._keys:
                    if value := _key(name, contact.fields.get(name)):
                        self._db.execute("INSERT INTO key VALUES (?, ?, ?)", (name, value, contact.id))

    def forget(self, contact_id: str) -> None:
        """HeyX has no such contact."""
        if (known := self._contact(contact_id)) is not None:
            self._db.execute("DELETE FROM contact WHERE id = ?", (contact_id,))
            self._count -= 1
            for name in self._keys:
                value = _key(name, known.fields.get(name))
                self._db.execute("DELETE FROM key WHERE (field, text, id) = (?, ?, ?)", (name, value, contact_id))

    def answer(self, row: ContactRow, call: Call) -> Page | Contact | None:
        """What HeyX would answer to a look-up of a row; None where it must be asked.

        A contact that is known in part may have what a row must not change or must take away, and keys that say it
        is another person's. What was edited since an export may have been changed in HeyX, too.
        """
        if row.edits is not None or (answer := self._answer(call)) is None:
            return None
        contacts = answer.contacts if isinstance(answer, Page) else (answer,)
        keys = {key.name for key in row.keys}
        in_part = [contact for contact in contacts if not contact.complete]
        if in_part and (must_be_read(row) or any(not keys.issubset(contact.fields) for contact in in_part)):
            return None
        return answer

    def __contains__(self, contact_id: str) -> bool:
        return self._contact(contact_id) is not None

    def _answer(self, call: Call) -> Page | Contact | None:
        match call:
            case FindContacts(page=1):
                found = self._db.rows(
                    "SELECT id FROM key WHERE (field, text) = (?, ?) LIMIT 2",
                    call.field,
                    _key(call.field, call.value),
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


def _key(field: str, value: Value) -> bytes:
    """The value of a key as it is compared; HeyX may answer with half a character."""
    return key_text(field, value).encode(errors="surrogatepass")


def known_answer(row: ContactRow, call: Call, cache: Cache, index: ContactIndex) -> Answer | None:
    """What HeyX would answer to a look-up, by what the index has; None where it must be asked."""
    answer = index.answer(row, call)
    return None if answer is None else cache.as_remembered(row, call, answer)
