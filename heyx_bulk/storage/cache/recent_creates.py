"""The creates of the last seconds.

A search may not show yet what another run, or the run before, has just created, so whoever is about to create a
contact claims its key values here first. Hashes of key values are kept, never the values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Field
from heyx_bulk.storage.cache.cache_file import digest
from heyx_bulk.values.equality import key_text

FORGET_AFTER_SECONDS = 86_400.0


class KeyLocked(Exception):
    """Somebody else has just created the contact, or is about to; `contact_id` is None while nobody knows."""

    def __init__(self, contact_id: str | None) -> None:
        super().__init__(contact_id)
        self.contact_id = contact_id


@dataclass(frozen=True, slots=True)
class KeyLock:
    """Who is about to create which contact: a run's row, and the key values the contact will have.

    The first key is what the row means its contact by.
    """

    owner: str
    keys: tuple[Field, ...]


class RecentCreates:
    """The creates of the last `settle_seconds` in a channel, by all runs of this user on this machine."""

    def __init__(self, db: Database, channel: str, settle_seconds: float, clock: Callable[[], float]) -> None:
        self._db = db
        self._channel = channel
        self._settle_seconds = settle_seconds
        self._clock = clock
        db.execute("DELETE FROM created WHERE at < ?", (clock() - FORGET_AFTER_SECONDS,))

    def lock_keys(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Say that a create is about to leave; raises `KeyLocked` where another run has it. Atomic."""
        with self._db.transaction():
            self.check_locks(key_lock, passed_over=passed_over)
            self._db.executemany(
                "REPLACE INTO created VALUES (?, ?, NULL, ?)",
                [(key, key_lock.owner, self._clock()) for key in self._hashes(key_lock.keys)],
            )

    def check_locks(self, key_lock: KeyLock, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Raise `KeyLocked` where another row's contact has, or will have, the first key; claim nothing."""
        query = "SELECT contact_id FROM created WHERE key = ? AND owner <> ? AND abs(? - at) < ? ORDER BY at"
        bounds = (self._hashes(key_lock.keys[:1])[0], key_lock.owner, self._clock(), self._settle_seconds)
        found = [contact_id for (contact_id,) in self._db.rows(query, *bounds) if contact_id not in passed_over]
        if found:
            raise KeyLocked(found[0])

    def confirm_create(self, key_lock: KeyLock, contact_id: str) -> None:
        """The claimed contact is there."""
        self._db.execute(
            "UPDATE created SET contact_id = ?, at = ? WHERE owner = ?",
            (contact_id, self._clock(), key_lock.owner),
        )

    def unlock_keys(self, key_lock: KeyLock) -> None:
        """The claimed contact was not created after all."""
        self._db.execute("DELETE FROM created WHERE owner = ?", (key_lock.owner,))

    def _hashes(self, keys: Sequence[Field]) -> list[str]:
        return [digest(self._channel, f"{key.name}\n{key_text(key.name, key.value)}") for key in keys]
