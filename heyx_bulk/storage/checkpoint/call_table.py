"""Every call a run sent, as its checkpoint remembers it, and the starts that sent them.

A call is written when it leaves and again when it is answered, without waiting for the disk: a kill loses
nothing (a call that was on its way is then `unknown`), a power cut the calls since the last row's step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from heyx_bulk.database import Database
from heyx_bulk.models.call_records import FIND, CallAttempt, CallDescription, CallOutcome, CallResult

SCHEMA = """
CREATE TABLE start (
    number INTEGER PRIMARY KEY,
    began REAL NOT NULL,          -- epoch seconds, by this machine's clock, as all times here
    ended REAL,                   -- NULL while it goes on, or if it was killed
    calls INTEGER,                -- how many calls it counted
    why TEXT NOT NULL DEFAULT ''  -- what ended it before its rows
);
CREATE TABLE call (
    number INTEGER PRIMARY KEY,   -- in the order in which calls left
    start INTEGER NOT NULL,
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
    """One start of a run: when it began and ended (epoch seconds), calls it counted, what ended it early."""

    number: int
    started_at: float
    ended_at: float | None
    calls: int | None
    stop_reason: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One sending as the checkpoint remembers it; `came` is None where no answer was recorded.

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
        """A start begins; its number."""
        number = self._db.execute("INSERT INTO start (began) VALUES (?)", (at,)).lastrowid
        return int(number or 0)

    def end_session(self, session: int, at: float, calls: int, stop_reason: str) -> None:
        """A start has ended, having counted so many calls."""
        self._db.execute(
            "UPDATE start SET ended = ?, calls = ?, why = ? WHERE number = ?", (at, calls, stop_reason, session)
        )

    def record_send(self, session: int, attempt: CallAttempt, at: float) -> int:
        """A call leaves; its number here."""
        asked = attempt.call
        text = json.dumps([asked.contact_id, *_names(asked)], ensure_ascii=False, separators=(",", ":"))
        values = (session, attempt.row, asked.kind, text, attempt.number, round(attempt.waited_seconds, 3), at)
        with self._without_sync():
            number = self._db.execute(
                "INSERT INTO call (start, row, kind, asked, attempt, waited, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
        return int(number or 0)

    def record_result(self, number: int, result: CallResult) -> None:
        """The call with this number was answered, or is lost."""
        values = (
            round(result.seconds, 3),
            result.status,
            result.outcome,
            result.message[:LONGEST_MESSAGE] or None,
            number,
        )
        with self._without_sync():
            self._db.execute(
                "UPDATE call SET seconds = ?, status = ?, happened = ?, said = ? WHERE number = ?", values
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
        """Every start so far, in order."""
        return [
            Session(*found)
            for found in self._db.rows("SELECT number, began, ended, calls, why FROM start ORDER BY number")
        ]

    def of_row(self, number: int) -> list[CallRecord]:
        """The calls made for the row `number`, in the order in which they left."""
        found = self._db.rows(
            "SELECT start, at, row, kind, asked, attempt, waited, happened, status, seconds, said FROM call "
            "WHERE row = ? ORDER BY number",
            number,
        )
        return [_recorded(values) for values in found]

    def counts(self) -> dict[tuple[int, str, CallOutcome], int]:
        """How many calls there are by start, kind, and what came of them."""
        found = self._db.rows("SELECT start, kind, happened, count(*) FROM call GROUP BY start, kind, happened")
        return {
            (int(start), str(kind), CallOutcome(happened or CallOutcome.UNKNOWN)): int(count)
            for start, kind, happened, count in found
        }

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


def _recorded(values: tuple[object, ...]) -> CallRecord:
    start, at, row, kind, asked, attempt, waited, happened, status, seconds, said = values
    contact_id, *names = json.loads(str(asked))
    items = tuple((name, value) for name, _, value in (str(text).partition("=") for text in names))
    return CallRecord(
        session=int(str(start)),
        at=float(str(at)),
        attempt=CallAttempt(
            CallDescription(
                str(kind), contact_id, items if kind == FIND else tuple((str(name), "") for name in names)
            ),
            None if row is None else int(str(row)),
            int(str(attempt)),
            float(str(waited)),
        ),
        result=None
        if happened is None
        else CallResult(
            CallOutcome(str(happened)),
            None if status is None else int(str(status)),
            float(str(seconds)),
            str(said or ""),
        ),
    )
