"""The cache of one channel, shared by all runs of this user on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Self

from heyx_bulk.database import translate_errors
from heyx_bulk.errors import Stopped
from heyx_bulk.models.calls import Answer, Call, CreateContact, Created, Done, FindContacts, Page, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.cache_file import CACHE_FILE, cache_path, digest, open_cache_file
from heyx_bulk.storage.cache.custom_fields import CustomFields
from heyx_bulk.storage.cache.field_mismatches import FieldMismatch, FieldMismatches
from heyx_bulk.storage.cache.known_contacts import KnownContacts
from heyx_bulk.storage.cache.phone_spellings import PhoneSpellings
from heyx_bulk.values.equality import PhoneSpelling, key_text
from heyx_bulk.values.value_types import ValueKind

CREATES_KEPT_SECONDS = 86_400.0
BATCH_CONTACTS = 200


class KeyLocked(Exception):
    """Another run has just created the contact, or is about to; `contact_id` is None while it is not known."""

    def __init__(self, contact_id: str | None) -> None:
        super().__init__(contact_id)
        self.contact_id = contact_id


@dataclass(frozen=True, slots=True)
class KeyLock:
    """Who is about to create which contact: a run's row, and the key values the contact will have.

    A contact that another row creates is the row's if it has one of the keys that the row is `matched_by`.
    """

    owner: str
    keys: tuple[Field, ...]
    matched_by: tuple[Field, ...]


class Cache:
    """What an upload asks of the cache of its channel. This one keeps nothing: for simulations."""

    def lock_keys(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Announce a create that is about to leave; raises `KeyLocked` where another row has it. Atomic.

        Contacts `passed_over` were looked at and are not the one that is meant.
        """

    def check_locks(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Raise `KeyLocked` where another row's contact has, or will have, a key that decides; lock nothing."""

    def confirm_create(self, key_lock: KeyLock, contact_id: str) -> None:
        """The contact was created."""

    def unlock_keys(self, key_lock: KeyLock) -> None:
        """The contact was not created after all."""

    def observe(self, row: ContactRow, call: Call, answer: Answer) -> Answer:  # noqa: ARG002  others learn from it
        """Learn from HeyX's answer to a row's call; return it as it must be read."""
        return answer

    def as_remembered(self, row: ContactRow, call: Call, answer: Answer) -> Answer:  # noqa: ARG002  as `observe`
        """An answer to a row's look-up that HeyX did not give now, as it must be read; nothing is learned."""
        return answer

    def forget_contact(self, contact_id: str) -> None:
        """HeyX answered that there is no such contact."""

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """The spellings under which phones were found, most frequent first."""
        return ()


class ChannelCache(Cache):
    """What is known of one channel: recent creates, custom fields, mismatches, spellings of phones, and
    (with `remember`) its contacts.

    A search may not show yet what another run has created less than `settle_seconds` ago, so whoever is about to
    create a contact locks its key values here first. Raises `WriteError` where the file, by default in the user's
    state folder, cannot be used, `DiskFull` where it can no longer be. Use in a `with` block.
    """

    def __init__(
        self,
        channel: str,
        settle_seconds: float,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
        remember: bool = True,
    ) -> None:
        self.path = cache_path(channel, folder)
        self._db = open_cache_file(self.path)
        self._channel = channel
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._db.execute("DELETE FROM created WHERE at < ?", (clock() - CREATES_KEPT_SECONDS,))
        self._mismatches = FieldMismatches(self._db, channel, settle_seconds, clock)
        self._phones = PhoneSpellings(self._db)
        self._seen: list[Contact] = []
        self.fields = CustomFields(self._db, clock)
        self.contacts = KnownContacts(self._db, clock, kept=remember)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The cache of the channel that `settings` open, as far as they let contacts be remembered."""
        return cls(settings.channel, settings.reconcile_delay, remember=settings.cache)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The run has ended, whatever the disk says now: what is lost here is learned again.
        with suppress(Stopped):
            self._save()
        self._db.close()

    # Recent creates

    def lock_keys(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        with self._db.transaction():
            self.check_locks(key_lock, passed_over=passed_over)
            self._db.executemany(
                "REPLACE INTO created VALUES (?, ?, NULL, ?)",
                [(key, key_lock.owner, self._clock()) for key in self._hashes(key_lock.keys)],
            )

    def check_locks(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        query = "SELECT contact_id FROM created WHERE key = ? AND owner <> ? AND abs(? - at) < ? ORDER BY at"
        bounds = (key_lock.owner, self._clock(), self._settle_seconds)
        for key in self._hashes(key_lock.matched_by):
            for (contact_id,) in self._db.rows(query, key, *bounds):
                if contact_id not in passed_over:
                    raise KeyLocked(contact_id)

    def confirm_create(self, key_lock: KeyLock, contact_id: str) -> None:
        self._db.execute(
            "UPDATE created SET contact_id = ?, at = ? WHERE owner = ?",
            (contact_id, self._clock(), key_lock.owner),
        )

    def unlock_keys(self, key_lock: KeyLock) -> None:
        self._db.execute("DELETE FROM created WHERE owner = ?", (key_lock.owner,))

    def _hashes(self, keys: Sequence[Field]) -> list[str]:
        return [digest(self._channel, f"{key.name}\n{key_text(key.name, key.value)}") for key in keys]

    # What answers show

    def observe(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        with self._db.transaction():
            self.contacts.observe(call, answer)
            return self._learn(row, call, answer)

    def _learn(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        match call, answer:
            case FindContacts(), Page():
                self._phones.observe(call, answer)
                searched = Field(call.field, call.value)
                return replace(answer, contacts=tuple(self._read(one, row, searched) for one in answer.contacts))
            case _, Contact():
                return self._read(answer, row)
            case CreateContact(), Created():
                self._mismatches.observe_write(answer.id, call.fields)
            case UpdateContact(), Done():
                self._mismatches.observe_write(call.id, call.fields)
        return answer

    def as_remembered(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        match call, answer:
            case FindContacts(), Page():
                searched = Field(call.field, call.value)
                read = (self._mismatches.as_remembered(one, row, searched) for one in answer.contacts)
                return replace(answer, contacts=tuple(read))
            case _, Contact():
                return self._mismatches.as_remembered(answer, row)
        return answer

    def _read(self, contact: Contact, row: ContactRow, searched: Field | None = None) -> Contact:
        self._seen.append(contact)
        if len(self._seen) >= BATCH_CONTACTS:
            self._save()
        return self._mismatches.as_written(contact, row, searched)

    def _save(self) -> None:
        seen, self._seen = self._seen, []
        self.fields.observe(seen)
        self._phones.save()

    def forget_contact(self, contact_id: str) -> None:
        self.contacts.forget_contact(contact_id)

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        return self._phones.by_frequency()

    def forget_field(self, name: str) -> bool:
        """Forget all that is known of a field; whether anything was."""
        return any([self.fields.forget(name), self._mismatches.forget(name)])

    def field_mismatches(self) -> tuple[FieldMismatch, ...]:
        """The fields that HeyX does not show as they were written."""
        return self._mismatches.known()


def known_fields(channel: str, *, folder: Path | None = None) -> Mapping[str, ValueKind]:
    """The custom fields that a channel is known to have, and their kinds; creates no file.

    Those that HeyX does not show as they were written are among them.
    """
    with _if_exists(channel, folder) as cache:
        if cache is None:
            return MappingProxyType({})
        hidden = {one.name: ValueKind.TEXT for one in cache.field_mismatches()}
        return MappingProxyType({**hidden, **{one.name: one.kind for one in cache.fields.known()}})


def field_mismatches(channel: str, *, folder: Path | None = None) -> tuple[FieldMismatch, ...]:
    """The fields that a channel does not show as they were written; creates no file."""
    with _if_exists(channel, folder) as cache:
        return () if cache is None else cache.field_mismatches()


@contextmanager
def _if_exists(channel: str, folder: Path | None) -> Iterator[ChannelCache | None]:
    path = cache_path(channel, folder)
    with translate_errors(path, CACHE_FILE, starting=True):
        exists = path.exists()
    if not exists:
        yield None
        return
    with ChannelCache(channel, 0.0, folder=folder) as cache:
        yield cache
