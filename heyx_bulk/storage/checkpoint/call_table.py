"""Every call a run sent, as its checkpoint records it, and the sessions that sent them.

A call is written when it leaves and again when it is answered, without waiting for the disk: a kill loses
nothing (a call that was on its way is then `unknown`), a power cut the calls since the last row's step.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from heyx_bulk.database import Database
from heyx_bulk.models.call_records import FIND, CallAttempt, CallDescription, CallOutcome, CallResult

SCHEMA = """
CREATE TABLE session (
    number INTEGER PRIMARY KEY,
    began REAL NOT NULL,          -- epoch seconds, by this machine's clock, as all times here
    ended REAL,                   -- NULL while it goes on, or if it was killed
    calls INTEGER,                -- how many calls it counted
    why TEXT NOT NULL DEFAULT ''  -- what ended it before its rows
);
CREATE TABLE call (
    number INTEGER PRIMARY KEY,   -- in the order in which calls left
    session INTEGER NOT NULL,
    row INTEGER,                  -- NULL: no row's own
    kind TEXT NOT NULL,
    asked TEXT NOT NULL,          -- a JSON list: contact id, then what it names
    attempt INTEGER NOT NULL,
    waited REAL NOT NULL,         -- seconds for its turn, and between attempts
    at REAL NOT NULL,             -- when it left
    seconds REAL,                 -- until it was answered
    status INTEGER,               -- of the answer
    happened TEXT,                -- NULL: on its way, or unknown since the program was killed
    said TEXT
);
CREATE INDEX call_by_row ON call (row);
"""

LONGEST_MESSAGE = 200
LONGEST_NAME = 60
NAMES_KEPT = 8
"""How many of a call's fields or tags are remembered by name; of the others, how many they are."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session of a run: when it began and ended (epoch seconds), calls it counted, what ended it early."""

    number: int
    started_at: float
    ended_at: float | None
    calls: int | None
    stop_reason: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One sending as the checkpoint records it; `result` is None where no answer was recorded.

    Of what the call carried, `attempt` has the value searched for, and the first names of fields or tags with
    how many more there were; no value written.
    """

    session: int
    at: float
    attempt: CallAttempt
    result: CallResult | None


class CallTable:
    """The calls of an open checkpoint. Writing needs the lock of whoever works on the run."""

    def __init__(self, db: Database, *, durable: bool) -> None:
        self._db = db
        self._durable = durable

    # Written

    def start_session(self, at: float) -> int:
        """A session begins; its number."""
        number = self._db.execute("INSERT INTO session (began) VALUES (?)", (at,)).lastrowid
        return int(number or 0)

    def end_session(self, session: int, at: float, calls: int, stop_reason: str) -> None:
        """A session has ended, having counted so many calls."""
        self._db.execute(
            "UPDATE session SET ended = ?, calls = ?, why = ? WHERE number = ?", (at, calls, stop_reason, session)
        )

    def record_send(self, session: int, attempt: CallAttempt, at: float) -> int:
        """A call leaves; its number here."""
        asked = attempt.call
        text = json.dumps([asked.contact_id, *_names(asked)], ensure_ascii=False, separators=(",", ":"))
        values = (session, attempt.row, asked.kind, text, attempt.number, round(attempt.waited_seconds, 3), at)
        with self._without_sync():
            number = self._db.execute(
                "INSERT INTO call (session, row, kind, asked, attempt, waited, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
        return int(number or 0)

    def record_result(self, number: int, result: CallResult) -> None:
        """The call with this number was answered, or is lost."""
        message = result.message[:LONGEST_MESSAGE] or None
        with self._without_sync():
            self._db.execute(
                "UPDATE call SET seconds = ?, status = ?, happened = ?, said = ? WHERE number = ?",
                (round(result.seconds, 3), result.status, result.outcome, message, number),
            )

    @contextmanager
    def _without_sync(self) -> Iterator[None]:
        """Commit without waiting for the disk, as SQLite's NORMAL does: later durable commits carry it along."""
        if not self._durable:
            yield
            return
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous=FULL")

    # Read

    def sessions(self) -> list[Session]:
        """Every session so far, in order."""
        found = self._db.rows("SELECT number, began, ended, calls, why FROM session ORDER BY number")
        return [Session(*row) for row in found]

    def of_row(self, number: int) -> list[CallRecord]:
        """The calls made for the row `number`, in the order in which they left."""
        found = self._db.rows(
            "SELECT session, at, row, kind, asked, attempt, waited, happened, status, seconds, said FROM call "
            "WHERE row = ? ORDER BY number",
            number,
        )
        return [_call_record(row) for row in found]

    def counts(self) -> dict[tuple[int, str, CallOutcome], int]:
        """How many calls there are by session, kind and outcome."""
        query = "SELECT session, kind, happened, count(*) FROM call GROUP BY session, kind, happened"
        return {
            (session, kind, CallOutcome(happened or CallOutcome.UNKNOWN)): count
            for session, kind, happened, count in self._db.rows(query)
        }

    def kinds_of_last_session(self) -> dict[str, int] | None:
        """How many calls of each kind the last session sent; None without a session."""
        last = max((one.number for one in self.sessions()), default=None)
        if last is None:
            return None
        kinds: Counter[str] = Counter()
        for (session, kind, outcome), number in self.counts().items():
            if session == last and outcome is not CallOutcome.UNDELIVERED:
                kinds[kind] += number
        return dict(kinds.most_common())

    def since(self, at: float) -> tuple[int, float | None]:
        """How many calls left at or after `at` (epoch seconds) and counted with HeyX, and when the first did."""
        query = "SELECT count(*), min(at) FROM call WHERE at >= ? AND coalesce(happened, '') NOT IN (?, ?)"
        ((count, first),) = self._db.rows(query, at, CallOutcome.UNDELIVERED, CallOutcome.THROTTLED)
        return int(count), first

    def last_at(self) -> float | None:
        """When the last call left."""
        found: float | None = self._db.value("SELECT at FROM call ORDER BY number DESC LIMIT 1")
        return found


def _names(asked: CallDescription) -> list[str]:
    """What a call names, in at most nine short texts."""
    shown = [f"{name}={value}" if asked.kind == FIND else name for name, value in asked.items]
    more = len(shown) - NAMES_KEPT
    return [text[:LONGEST_NAME] for text in shown[:NAMES_KEPT]] + ([f"and {more} more"] if more > 0 else [])


def _call_record(found: tuple[Any, ...]) -> CallRecord:
    session, at, row, kind, asked, attempt, waited, happened, status, seconds, said = found
    contact_id, *texts = json.loads(asked)
    names = [text.partition("=")[::2] if kind == FIND else (text, "") for text in texts]
    return CallRecord(
        session,
        at,
        CallAttempt(CallDescription(kind, contact_id, tuple(names)), row, attempt, waited),
        None if happened is None else CallResult(CallOutcome(happened), status, seconds, said or ""),
    )
