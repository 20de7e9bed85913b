"""The bucket of one token on this machine: one SQLite file for all processes, and a lock for each of them.

Every step is one `BEGIN IMMEDIATE` transaction, and the clock is read inside it: read before, two processes would
write their moments in another order than they read them. A process holds a lock that ends with it, which tells
the others when its calls in flight are lost. The clock is the machine's own since its start. A start between two
moments is noticed, and calls counted before it are at least as old as that start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from heyx_bulk.database import BUSY_SECONDS, FileKind, open_shared, translate_errors
from heyx_bulk.rate_limit.boot_clock import boot_clock_ms, boot_id
from heyx_bulk.rate_limit.bucket import LONGEST_WAIT_MS, Bucket, T
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState
from heyx_bulk.settings.rate import Rate

BUCKET_FILE = FileKind(
    "The file that counts the calls of this machine,",
    "Check the folder, or set the environment variable HEYX_BULK_STATE to another one.",
    "Wait for a minute and move the file away, or set HEYX_BULK_STATE to another folder: a new file is created.",
)

KEPT_MS = 120_000
"""Calls are kept at least this long, since another process may count by a longer window than ours."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS call (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,        -- the process whose call it is
    margin_ms INTEGER NOT NULL, -- how much later it may be counted if it is lost
    answered_at INTEGER         -- when it was answered, or lost and a margin; NULL while in flight
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS call_by_answer ON call (answered_at);
CREATE INDEX IF NOT EXISTS call_by_owner ON call (owner) WHERE answered_at IS NULL;
CREATE TABLE IF NOT EXISTS bucket (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot_id TEXT NOT NULL,      -- the start of the machine from which moments count
    now INTEGER NOT NULL,       -- the latest moment
    paused_until INTEGER NOT NULL,
    spaced_at REAL NOT NULL,
    external_calls INTEGER NOT NULL,
    external_at INTEGER NOT NULL,
    window_start INTEGER NOT NULL,
    learned TEXT NOT NULL
);
"""
_FRESH = "INSERT OR IGNORE INTO bucket VALUES (1, ?, ?, 0, 0, 0, -1000000000, -1000000000, '')"
_SHIFT = (
    "UPDATE call SET answered_at = answered_at - :by WHERE answered_at IS NOT NULL",
    "UPDATE bucket SET paused_until = paused_until - :by, spaced_at = spaced_at - :by, "
    "external_at = external_at - :by, window_start = window_start - :by",
)
_STATE = """
SELECT (SELECT count(*) FROM call WHERE answered_at IS NULL) + (SELECT count(*) FROM call WHERE answered_at > ?),
    paused_until, spaced_at, external_calls, external_at, window_start, learned FROM bucket
"""
_STORE = """
UPDATE bucket SET paused_until = :paused_until, spaced_at = :spaced_at, external_calls = :external_calls,
    external_at = :external_at, window_start = :window_start
"""


class SQLiteBucket(Bucket):
    """The bucket in the file at `path`, which only this user can read.

    A call takes `timeout_seconds` at most: those of a process that died may be counted that much later.
    Raises `WriteError` where the file cannot be used, `Stopped` where it can no longer be.
    """

    def __init__(
        self,
        path: Path,
        rate: Rate,
        share: float = 1.0,
        *,
        timeout_seconds: float = 30.0,
        busy_seconds: float = BUSY_SECONDS,
        clock: Callable[[], int] = boot_clock_ms,
        boot_id: Callable[[], str] = boot_id,
    ) -> None:
        super().__init__(rate, share)
        self._path = path
        self._clock_ms = clock
        self._boot_id = boot_id()
        self._timeout_ms = round(timeout_seconds * 1000)
        self._lock = _lock(path, self.owner)
        self._released_at = 0
        self._now = 0
        self._db = open_shared(path, BUCKET_FILE, _SCHEMA, busy_seconds=busy_seconds)
        with translate_errors(path, BUCKET_FILE, starting=True), self._db.transaction():
            self._db.execute(_FRESH, (self._boot_id, self._clock_ms()))
            # In a transaction, so that no other process removes the lock between its making and its taking.
            self._lock.acquire(timeout=0)
            for lock in path.parent.glob(f"{path.stem}.*.lock"):
                owner = lock.name.split(".")[-2]
                if owner != self.owner:
                    _remove_if_dead(path, owner)
            self._tick()
            self._release_dead()
            self._read_state()

    def close(self) -> None:
        """Close the file; calls in flight now are lost to the other processes."""
        self._db.close()
        _unlock(self._lock)

    def wall_time(self) -> float:
        return time.time()

    def _step(self, step: Callable[[BucketState], T]) -> T:
        with self._db.transaction():
            self._tick()
            if self._now - self._released_at >= min(LONGEST_WAIT_MS, self.params.window_ms // 60):
                self._release_dead()
            return step(self._read_state())

    def _answered_at(self, number: int) -> int | None:
        query = "SELECT answered_at FROM call WHERE answered_at > ? ORDER BY answered_at LIMIT 1 OFFSET ?"
        found: int | None = self._db.value(query, self._now - self.params.held_ms, number)
        return found

    def _grant(self, name: str) -> None:
        self._db.execute("INSERT INTO call VALUES (?, ?, ?, NULL)", (name, self.owner, self._timeout_ms))

    def _answer(self, name: str, at: int) -> None:
        self._db.execute("UPDATE call SET answered_at = ? WHERE name = ?", (at, name))
        kept_ms = max(self.params.held_ms, KEPT_MS)
        self._db.execute("DELETE FROM call WHERE answered_at < ?", (self._now - kept_ms,))

    def _forget(self, name: str) -> None:
        self._db.execute("DELETE FROM call WHERE name = ?", (name,))

    def _store(self, state: BucketState) -> None:
        self._db.execute(_STORE, asdict(state))

    def _store_learned(self, text: str) -> None:
        self._db.execute("UPDATE bucket SET learned = ?", (text,))

    def _read_state(self) -> BucketState:
        ((held, *moments, learned),) = self._db.rows(_STATE, self._now - self.params.held_ms)
        self.adopt(LearnedLimit.parse(learned))
        return BucketState(self._now, held, *moments)

    def _tick(self) -> None:
        """Read the clock; move moments from another start's clock, or from one that was set back, to it.

        Since another start at least that start's age has passed, and since a clock was set back nothing at all.
        """
        now = self._clock_ms()
        ((boot, latest),) = self._db.rows("SELECT boot_id, now FROM bucket")
        if boot != self._boot_id or now < latest:
            restarted = boot != self._boot_id or not boot
            for statement in _SHIFT:
                self._db.execute(statement, {"by": latest if restarted else latest - now})
            self._db.execute("UPDATE bucket SET boot_id = ?", (self._boot_id,))
        self._db.execute("UPDATE bucket SET now = ?", (now,))
        self._now = now

    def _release_dead(self) -> None:
        """Count calls in flight of processes that died as lost now."""
        self._released_at = self._now
        owners = self._db.rows(
            "SELECT DISTINCT owner FROM call WHERE answered_at IS NULL AND owner <> ?", self.owner
        )
        for (owner,) in owners:
            if _remove_if_dead(self._path, owner):
                self._db.execute(
                    "UPDATE call SET answered_at = ? + margin_ms WHERE owner = ? AND answered_at IS NULL",
                    (self._now, owner),
                )


def _lock(path: Path, owner: str) -> FileLock:
    return FileLock(path.with_suffix(f".{owner}.lock"), mode=0o600)


def _unlock(lock: FileLock) -> None:
    if os.name == "posix":
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _remove_if_dead(path: Path, owner: str) -> bool:
    """Whether the process `owner` has ended, since its lock is free; the lock is removed then."""
    lock = _lock(path, owner)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    _unlock(lock)
    return True
