"""What is known of a channel across runs on this machine.

So far it is one thing: the creates of the last seconds. A search may not show yet what another run, or the run
before, has just created, so whoever is about to create a contact claims its key values here first. The file
holds hashes of key values, never the values.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from heyx_bulk.errors import DiskFull, Unwritable
from heyx_bulk.model import Field
from heyx_bulk.settings import state_folder
from heyx_bulk.values import key_text

FORGET_AFTER_SECONDS = 86_400.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS created (
    key TEXT NOT NULL,          -- a hash of channel, field and value
    owner TEXT NOT NULL,        -- the run and row that created it, or is about to
    contact_id TEXT,            -- NULL while its create is on the way, or in doubt
    at REAL NOT NULL,           -- epoch seconds
    PRIMARY KEY (key, owner)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS created_by_owner ON created (owner);
"""


class Claimed(Exception):
    """Somebody else has just created the contact, or is about to; `contact_id` is None while nobody knows."""

    def __init__(self, contact_id: str | None) -> None:
        super().__init__(contact_id)
        self.contact_id = contact_id


@dataclass(frozen=True, slots=True)
class Claim:
    """Who is about to create which contact: a run's row, and the key values the contact will have.

    The first key is what the row means its contact by.
    """

    owner: str
    keys: tuple[Field, ...]


class Memory(Protocol):
    """What an upload asks of the memory of its channel."""

    def claim(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Say that a create is about to leave; raises `Claimed` where another has it.

        Contacts `passed_over` were looked at and are not the one that is meant.
        """

    def look(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Raise `Claimed` where another has it; claim nothing."""

    def created(self, claim: Claim, contact_id: str) -> None:
        """The claimed contact is there."""

    def release(self, claim: Claim) -> None:
        """The claimed contact was not created after all."""


class Forgetful:
    """A memory that keeps nothing: for rehearsals."""

    def claim(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Nobody else is there."""

    def look(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Nobody else is there."""

    def created(self, claim: Claim, contact_id: str) -> None:
        """Forgotten."""

    def release(self, claim: Claim) -> None:
        """Forgotten."""


class ChannelMemory:
    """The memory of one channel, shared by all runs of this user on this machine.

    A create of less than `settle_seconds` ago counts as recent. Raises `Unwritable` where its file, by default in
    the user's state folder, cannot be used, `DiskFull` where it can no longer be.
    """

    def __init__(
        self,
        channel: str,
        settle_seconds: float,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._channel = channel
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._path = (folder or state_folder() / "memory") / f"{channel}.sqlite"
        with self._told(starting=True):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=10.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute("DELETE FROM created WHERE at < ?", (clock() - FORGET_AFTER_SECONDS,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def claim(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Say that a create is about to leave; raises `Claimed` where another run has it. Atomic."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self.look(claim, passed_over=passed_over)
            except Claimed:
                self._db.execute("ROLLBACK")
                raise
            self._db.executemany(
                "REPLACE INTO created VALUES (?, ?, NULL, ?)",
                [(key, claim.owner, self._clock()) for key in self._hashes(claim.keys)],
            )
            self._db.execute("COMMIT")

    def look(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Raise `Claimed` where another row's contact has, or will have, the first key; claim nothing."""
        query = "SELECT contact_id FROM created WHERE key = ? AND owner <> ? AND abs(? - at) < ? ORDER BY at"
        with self._told():
            bounds = (self._hashes(claim.keys[:1])[0], claim.owner, self._clock(), self._settle_seconds)
            found = [
                contact_id for (contact_id,) in self._db.execute(query, bounds) if contact_id not in passed_over
            ]
        if found:
            raise Claimed(found[0])

    def created(self, claim: Claim, contact_id: str) -> None:
        """The claimed contact is there."""
        with self._told():
            self._db.execute(
                "UPDATE created SET contact_id = ?, at = ? WHERE owner = ?",
                (contact_id, self._clock(), claim.owner),
            )

    def release(self, claim: Claim) -> None:
        """The claimed contact was not created after all."""
        with self._told():
            self._db.execute("DELETE FROM created WHERE owner = ?", (claim.owner,))

    def _hashes(self, keys: Sequence[Field]) -> list[str]:
        texts = (f"{self._channel}\n{key.name}\n{key_text(key.name, key.value)}" for key in keys)
        return [hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]

    @contextmanager
    def _told(self, *, starting: bool = False) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            what = f"The memory of this channel, {self._path}, cannot be used: {error}."
            if starting:
                remedy = "See to the folder, or name another one in the environment variable HEYX_BULK_STATE."
                raise Unwritable(what, remedy) from None
            remedy = "Nothing is lost; see to the disk and give the same command again."
            raise DiskFull(what, remedy) from None
