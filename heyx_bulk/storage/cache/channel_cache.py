"""The memory of one channel, shared by all runs of this user on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self

from heyx_bulk.database import translate_errors
from heyx_bulk.errors import Stopped
from heyx_bulk.models.calls import Answer, Call
from heyx_bulk.models.contacts import ContactRow
from heyx_bulk.storage.cache.cache_file import CACHE_FILE, cache_path, open_cache_file
from heyx_bulk.storage.cache.custom_fields import CustomFields
from heyx_bulk.storage.cache.field_mismatches import FieldMismatch, FieldMismatches, read_mismatches
from heyx_bulk.storage.cache.known_contacts import SCHEMA, KnownContacts
from heyx_bulk.storage.cache.recent_creates import KeyLock, RecentCreates
from heyx_bulk.values.equality import PhoneSpelling
from heyx_bulk.values.value_types import ValueKind

_NOTHING: Mapping[str, ValueKind] = MappingProxyType({})


class Cache(Protocol):
    """What an upload asks of the memory of its channel."""

    def lock_keys(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Say that a create is about to leave; raises `KeyLocked` where another has it.

        Contacts `passed_over` were looked at and are not the one that is meant.
        """

    def check_locks(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Raise `KeyLocked` where another has it; claim nothing."""

    def confirm_create(self, key_lock: KeyLock, contact_id: str) -> None:
        """The claimed contact is there."""

    def unlock_keys(self, key_lock: KeyLock) -> None:
        """The claimed contact was not created after all."""

    def observe(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        """Learn from HeyX's answer to a row's call; give it back as it must be read."""

    def forget_contact(self, contact_id: str) -> None:
        """HeyX said that there is no such contact."""

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """The spellings under which phones were found, likeliest first."""


class NullCache:
    """A memory that keeps nothing: for rehearsals."""

    def lock_keys(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Nobody else is there."""

    def check_locks(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Nobody else is there."""

    def confirm_create(self, key_lock: KeyLock, contact_id: str) -> None:
        """Forgotten."""

    def unlock_keys(self, key_lock: KeyLock) -> None:
        """Forgotten."""

    def observe(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        """The answer as it is."""
        del row, call
        return answer

    def forget_contact(self, contact_id: str) -> None:
        """Nobody was known."""

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """None was found."""
        return ()


class ChannelCache:
    """What is known of one channel: the creates of the last seconds, its custom fields, its habits,
    and (with `remember`) its contacts.

    A create of less than `settle_seconds` ago counts as recent. Raises `WriteError` where its file, by default in
    the user's state folder, cannot be used, `DiskFull` where it can no longer be. Use in a `with` block.
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
        path = cache_path(channel, folder)
        self.path = path
        self._db = open_cache_file(path, SCHEMA)
        creates = RecentCreates(self._db, channel, settle_seconds, clock)
        self.lock_keys, self.check_locks = creates.lock_keys, creates.check_locks
        self.confirm_create, self.unlock_keys = creates.confirm_create, creates.unlock_keys
        self._habits = FieldMismatches(self._db, channel, settle_seconds, clock)
        self.fields = CustomFields(self._db, clock)
        self.contacts = KnownContacts(self._db, clock, kept=remember)
        self.forget_contact = self.contacts.forget_contact

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The run has ended, whatever the disk says now: what is lost here is learned again.
        with suppress(Stopped):
            self._habits.keep()
        self._db.close()

    def observe(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        """Learn from HeyX's answer to a row's call; give it back as it must be read."""
        self.contacts.observe(call, answer)
        return self._habits.observe(row, call, answer)

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """The spellings under which phones were found, likeliest first."""
        return self._habits.phone_spellings

    def field_mismatches(self) -> tuple[FieldMismatch, ...]:
        """The fields that HeyX does not show as they are written."""
        return read_mismatches(self._db)


def known_fields(channel: str, *, folder: Path | None = None) -> Mapping[str, ValueKind]:
    """The custom fields that a channel is known to have, and what their values are; no file is made.

    Those that HeyX does not show as they are written are among them.
    """
    with _there(channel, folder) as cache:
        if cache is None:
            return _NOTHING
        silent = {one.name: ValueKind.TEXT for one in cache.field_mismatches()}
        return MappingProxyType({**silent, **{one.name: one.kind for one in cache.fields.known()}})


def field_mismatches(channel: str, *, folder: Path | None = None) -> tuple[FieldMismatch, ...]:
    """The fields that a channel does not show as they are written; no file is made."""
    with _there(channel, folder) as cache:
        return () if cache is None else cache.field_mismatches()


@contextmanager
def _there(channel: str, folder: Path | None) -> Iterator[ChannelCache | None]:
    path = cache_path(channel, folder)
    with translate_errors(path, CACHE_FILE, starting=True):
        there = path.exists()
    if not there:
        yield None
        return
    with ChannelCache(channel, 0.0, folder=folder) as cache:
        yield cache
