"""The budget of one token on this machine: one SQLite file for all processes, and a lock for each of them.

Every step is one `BEGIN IMMEDIATE` transaction, and the clock is read inside it: read before, two processes
would stamp in another order than they write. A process holds a lock that ends with it, so that others know
when its calls in flight are lost. The clock is the machine's own since its start; a start between two
moments is noticed, and what was counted before it is as old as that start at least.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from filelock import FileLock, Timeout

from heyx_bulk.database import BUSY_SECONDS, FileKind, open_shared, translate_errors
from heyx_bulk.rate_limit.boot_clock import boot_clock_ms, boot_id
from heyx_bulk.rate_limit.bucket import LONGEST_WAIT_MS, Bucket
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState, next_free_at
from heyx_bulk.settings import Rate

BUCKET_FILE = FileKind(
    "The count of calls on this machine,",
    "See to the folder, or name another one in the environment variable HEYX_BULK_STATE.",
    "Wait for a minute and move the file away, or name another folder in HEYX_BULK_STATE: it is made anew.",
)

KEPT_WINDOWS_MS = 120_000
"""Calls are kept so long, since another process may count by a longer window than ours."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turn (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,        -- the process whose call it is
    margin_ms INTEGER NOT NULL, -- how much later it may be counted if it is lost
    stamp INTEGER               -- when it was answered, or lost and a margin; NULL while in flight
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS turn_by_stamp ON turn (stamp);
CREATE INDEX IF NOT EXISTS turn_by_owner ON turn (owner) WHERE stamp IS NULL;
CREATE TABLE IF NOT EXISTS budget (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot TEXT NOT NULL,         -- the start of the machine by which moments are told
    seen INTEGER NOT NULL,      -- the latest moment
    held_until INTEGER NOT NULL,
    even_at REAL NOT NULL,
    foreign_calls INTEGER NOT NULL,
    foreign_at INTEGER NOT NULL,
    window_from INTEGER NOT NULL,
    lesson TEXT NOT NULL
);
"""
_FRESH = "INSERT OR IGNORE INTO budget VALUES (1, ?, ?, 0, 0, 0, -1000000000, -1000000000, '')"
_SHIFT = (
    "UPDATE turn SET stamp = stamp - :by WHERE stamp IS NOT NULL",
    "UPDATE budget SET held_until = held_until - :by, even_at = even_at - :by, "
    "foreign_at = foreign_at - :by, window_from = window_from - :by",
)
_VIEW = "SELECT seen, held_until, even_at, foreign_calls, foreign_at, window_from, lesson FROM budget"
_HELD = "SELECT (SELECT count(*) FROM turn WHERE stamp IS NULL) + (SELECT count(*) FROM turn WHERE stamp > ?)"


class SQLiteBucket(Bucket):
    """The budget kept in the file at `path`, which only this user can read.

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
        wall_clock: Callable[[], float] = time.time,
        boot_id: Callable[[], str] = boot_id,
    ) -> None:
        super().__init__(rate, share)
        self._path = path
        self._clock_ms = clock
        self._wall_clock = wall_clock
        self._boot = boot_id()
        self._timeout_ms = round(timeout_seconds * 1000)
        self._owner = token_hex(8)
        self._lock = _lock(path, self._owner)
        self._released_at = 0
        self._seen = 0
        self._db = open_shared(path, BUCKET_FILE, _SCHEMA, busy_seconds=busy_seconds)
        with translate_errors(path, BUCKET_FILE, starting=True), self._db.transaction():
            self._db.execute(_FRESH, (self._boot, self._clock_ms()))
            # Made and swept alone: a lock is not swept between its making and its taking.
            self._lock.acquire(timeout=0)
            self._remove_dead_locks()
            self._release_dead()

    @property
    def owner(self) -> str:
        """What tells this process's calls from others'."""
        return self._owner

    def close(self) -> None:
        """Let go of the file; what is in flight now is lost to the others."""
        self._db.close()
        _unlock(self._lock)

    def now(self) -> int:
        """The machine's own clock."""
        return self._clock_ms()

    def wall_time(self) -> float:
        """Epoch seconds."""
        return self._wall_clock()

    def state(self) -> BucketState:
        """The budget as it is now."""
        with self._db.transaction():
            return self._read_state()

    def answered_at(self, number: int) -> int | None:
        """When the call that was answered first, second, … of those held was; None: in flight."""
        query = "SELECT stamp FROM turn WHERE stamp > ? ORDER BY stamp LIMIT 1 OFFSET ?"
        found: int | None = self._db.value(query, self._seen - self.params.held_ms, number)
        return found

    def acquire(self, name: str) -> int:
        """Grant a turn to the call `name`, if the rule allows one now: 0; else how many ms to wait."""
        with self._db.transaction():
            view = self._read_state()
            if view.now - self._released_at >= min(LONGEST_WAIT_MS, self.params.window_ms // 60):
                self._release_dead()
            opens = next_free_at(view, self.params, self.answered_at)
            if opens > view.now:
                return min(opens - view.now, LONGEST_WAIT_MS)
            self._db.execute("INSERT INTO turn VALUES (?, ?, ?, NULL)", (name, self._owner, self._timeout_ms))
            self._db.execute(
                "UPDATE budget SET even_at = ?, window_from = ?",
                (view.spaced_after(self.params), view.window_after(self.params)),
            )
            return 0

    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        """The call `name` was answered now, or was lost."""
        with self._db.transaction():
            self._tick()
            self._db.execute("UPDATE turn SET stamp = ? WHERE name = ?", (self._seen + margin_ms, name))
            kept_ms = max(self.params.held_ms, KEPT_WINDOWS_MS)
            self._db.execute("DELETE FROM turn WHERE stamp < ?", (self._seen - kept_ms,))
            if used is not None:
                view = self._read_state()
                foreign = max(0, used - view.held)
                if foreign or view.external_calls:
                    self._db.execute("UPDATE budget SET foreign_calls = ?, foreign_at = ?", (foreign, view.now))

    def refund(self, name: str) -> None:
        """The call `name` was not counted by HeyX."""
        with self._db.transaction():
            self._db.execute("DELETE FROM turn WHERE name = ?", (name,))

    def pause(self, milliseconds: int) -> None:
        """Grant nothing for so long from now."""
        with self._db.transaction():
            self._tick()
            self._db.execute("UPDATE budget SET held_until = max(held_until, ?)", (self._seen + milliseconds,))

    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        """Put in place of what is known what `change` makes of it, at once for all who share the budget."""
        with self._db.transaction():
            self._read_state()
            self.adopt(change(self.learned))
            self._db.execute("UPDATE budget SET lesson = ?", (str(self.learned),))

    def flush(self) -> None:
        """Forget every call."""
        self.failing_rate = None
        with self._db.transaction():
            self._db.execute("DELETE FROM turn")

    def _read_state(self) -> BucketState:
        self._tick()
        ((seen, held_until, even_at, foreign, foreign_at, window_from, learned),) = self._db.rows(_VIEW)
        self.adopt(LearnedLimit.parse(learned))
        held = self._db.value(_HELD, seen - self.params.held_ms)
        return BucketState(seen, held, held_until, even_at, foreign, foreign_at, window_from)

    def _tick(self) -> None:
        """Read the clock; what was counted by another start's, or by one that was set back, is moved to ours.

        Since another start at least that start has passed, and since a clock was set back nothing at all.
        """
        now = self._clock_ms()
        ((boot, seen),) = self._db.rows("SELECT boot, seen FROM budget")
        if boot != self._boot or now < seen:
            restarted = boot != self._boot or not boot
            for statement in _SHIFT:
                self._db.execute(statement, {"by": seen if restarted else seen - now})
            self._db.execute("UPDATE budget SET boot = ?", (self._boot,))
        self._db.execute("UPDATE budget SET seen = ?", (now,))
        self._seen = now

    def _release_dead(self) -> None:
        """Count calls in flight of processes that died as lost now."""
        self._tick()
        self._released_at = self._seen
        query = "SELECT DISTINCT owner FROM turn WHERE stamp IS NULL AND owner <> ?"
        for (owner,) in self._db.rows(query, self._owner):
            if _is_dead(self._path, owner):
                self._db.execute(
                    "UPDATE turn SET stamp = ? + margin_ms WHERE owner = ? AND stamp IS NULL", (self._seen, owner)
                )

    def _remove_dead_locks(self) -> None:
        """Take away the locks of processes that died."""
        for left in self._path.parent.glob(f"{self._path.stem}.*.lock"):
            owner = left.name.split(".")[-2]
            if owner != self._owner:
                _is_dead(self._path, owner)


def learned_limit_in(path: Path) -> LearnedLimit:
    """What was learned of a budget, if its file is there; raises `WriteError`."""
    if not path.exists():
        return LearnedLimit()
    db = open_shared(path, BUCKET_FILE, _SCHEMA)
    try:
        return LearnedLimit.parse(db.value("SELECT lesson FROM budget") or "")
    finally:
        db.close()


def _lock(path: Path, owner: str) -> FileLock:
    return FileLock(path.with_suffix(f".{owner}.lock"), mode=0o600)


def _unlock(lock: FileLock) -> None:
    if os.name == "posix":
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _is_dead(path: Path, owner: str) -> bool:
    """Whether the process `owner` has ended: nobody holds its lock, which is then taken away."""
    lock = _lock(path, owner)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    _unlock(lock)
    return True
