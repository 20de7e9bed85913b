"""Fields that HeyX shows with another value than was written, or not at all.

Such a field would be written again at every upload. So a value counts as held once HeyX has shown the same
other value after two writes to one contact, for as long as it shows that. Hashes of ids and values are kept,
never the values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, NamedTuple

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Value
from heyx_bulk.storage.cache.cache_file import digest
from heyx_bulk.values.equality import text_of
from heyx_bulk.values.text import trim

MOST_CONTACTS = 1_000
"""Of so many contacts that HeyX has not shown since, what was written is remembered."""

KEPT_SECONDS = 30 * 86_400.0
"""How long it is remembered where HeyX does not show the contact."""


class MismatchKind(StrEnum):
    """How HeyX shows a field that it does not show as it was written."""

    VALUE = "with another value"
    NOTHING = "not at all"


@dataclass(frozen=True, slots=True)
class FieldMismatch:
    """A field that HeyX does not show as it was written."""

    name: Annotated[str, "The name of the field."]
    kind: Annotated[MismatchKind, "How HeyX shows it."]


class _Write(NamedTuple):
    """The hash of what was last written into a field of one contact, and of what HeyX showed instead.

    It showed that after so many writes in succession.
    """

    value: str
    shown: str | None = None
    times: int = 0


class FieldMismatches:
    """What runs wrote into the contacts of a channel, as long as HeyX has not shown it.

    A contact that HeyX shows sooner than `settle_seconds` after a write proves nothing.
    """

    def __init__(self, db: Database, channel: str, settle_seconds: float, clock: Callable[[], float]) -> None:
        self._db = db
        self._channel = channel
        self._settle_seconds = settle_seconds
        self._clock = clock
        db.execute("DELETE FROM written WHERE at < ?", (clock() - KEPT_SECONDS,))
        self._unseen = {contact for (contact,) in db.rows("SELECT contact FROM written WHERE at IS NOT NULL")}
        self._kinds = {name: MismatchKind(kind) for name, kind in db.rows("SELECT field, kind FROM mismatch")}

    def known(self) -> tuple[FieldMismatch, ...]:
        """The fields that HeyX does not show as they were written, by name."""
        return tuple(FieldMismatch(name, kind) for name, kind in sorted(self._kinds.items()))

    def forget(self, name: str) -> bool:
        """Write the field again; whether it was known not to be shown as it was written."""
        written = self._db.rows("SELECT contact, at, fields FROM written WHERE instr(fields, ?)", json.dumps(name))
        with self._db.transaction():
            for contact, at, fields in written:
                self._store(contact, at, {field: one for field, one in _writes(fields).items() if field != name})
            self._db.execute("DELETE FROM mismatch WHERE field = ?", (name,))
        return self._kinds.pop(name, None) is not None

    def observe_write(self, contact_id: str, fields: Iterable[Field]) -> None:
        """HeyX accepted these fields for a contact."""
        contact = self._digest(contact_id)
        writes = self._read(contact)[1]
        has_room = contact in self._unseen or len(self._unseen) < MOST_CONTACTS
        watched = writes.keys() | self._kinds.keys()
        written = {
            field.name: writes.get(field.name, _Write(""))._replace(value=self._digest(trim(field.value)))
            for field in fields
            if field.name != "phone" and field.value and (has_room or field.name in watched)
        }
        if written:
            self._unseen.add(contact)
            self._store(contact, self._clock(), writes | written)

    def as_written(self, contact: Contact, row: ContactRow, searched: Field | None = None) -> Contact:
        """Compare a contact that HeyX shows whole with what was written, and see it with the values it holds.

        Those are values of `row` that count as held, and the key it was `searched` by: HeyX may find a contact by
        a key that it does not show.
        """
        return self._as_held(contact, row, searched, self._compared(contact))

    def as_remembered(self, contact: Contact, row: ContactRow, searched: Field | None = None) -> Contact:
        """A contact that HeyX does not show now, seen as `as_written` sees one; nothing is learned from it."""
        _, writes = self._read(self._digest(contact.id))
        return self._as_held(contact, row, searched, writes)

    def _as_held(
        self, contact: Contact, row: ContactRow, searched: Field | None, writes: Mapping[str, _Write]
    ) -> Contact:
        held = {
            field.name: field.value
            for field in row.fields
            if (write := writes.get(field.name)) is not None
            and write.times > 1
            and write.value == self._digest(trim(field.value))
            and write.shown == self._digest(text_of(contact.fields.get(field.name)))
        }
        if searched is not None and not text_of(contact.fields.get(searched.name)):
            write = writes.get(searched.name)
            if write is not None and write.value == self._digest(trim(searched.value)):
                held[searched.name] = searched.value
        return replace(contact, fields={**contact.fields, **held}) if held else contact

    def _compared(self, contact: Contact) -> dict[str, _Write]:
        """What was written into a contact and is not shown so, compared with what HeyX shows now."""
        hashed = self._digest(contact.id)
        at, writes = self._read(hashed)
        if at is None or 0 <= self._clock() - at < self._settle_seconds:
            return writes
        differing = {}
        for name, write in writes.items():
            held = contact.fields.get(name)
            shown = self._digest(text_of(held))
            if not self._agrees(write, held, shown):
                times = write.times + 1 if shown == write.shown else 1
                differing[name] = write._replace(shown=shown, times=times)
                if times > 1 and name not in self._kinds:
                    self._kinds[name] = MismatchKind.VALUE if text_of(held) else MismatchKind.NOTHING
                    self._db.execute("REPLACE INTO mismatch VALUES (?, ?)", (name, self._kinds[name]))
        self._unseen.discard(hashed)
        self._store(hashed, None, differing)
        return differing

    def _agrees(self, write: _Write, held: Value, shown: str) -> bool:
        if isinstance(held, bool):
            text = text_of(held)
            return write.value in (shown, self._digest(text.upper()), self._digest(text.title()))
        return write.value == shown

    def _read(self, contact: str) -> tuple[float | None, dict[str, _Write]]:
        """When a contact was last written, if HeyX has not shown it since, and what was written, by field."""
        at, fields = self._db.row("SELECT at, fields FROM written WHERE contact = ?", contact) or (None, "{}")
        return at, _writes(fields)

    def _store(self, contact: str, at: float | None, writes: Mapping[str, _Write]) -> None:
        if not writes:
            self._db.execute("DELETE FROM written WHERE contact = ?", (contact,))
            return
        self._db.execute("REPLACE INTO written VALUES (?, ?, ?)", (contact, at, json.dumps(writes)))

    def _digest(self, text: str) -> str:
        return digest(self._channel, text)


def _writes(fields: str) -> dict[str, _Write]:
    return {name: _Write(*write) for name, write in json.loads(fields).items()}
