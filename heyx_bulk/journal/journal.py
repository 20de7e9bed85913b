"""An open checkpoint: what is to do, and what happened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.journal.account import Account
from heyx_bulk.journal.calls import Calls
from heyx_bulk.journal.disk import clear, told
from heyx_bulk.journal.entry import (
    ENTRY,
    FORMAT,
    LINK,
    Entry,
    Mended,
    State,
    entry_of,
    problems_text,
    text_of,
)
from heyx_bulk.model import ContactRow, Field, Outcome, Problem, Status

BATCH_ROWS = 500


class Journal:
    """An open checkpoint. Whoever writes holds its lock (`hold`); reading needs none."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        self._db.execute("PRAGMA busy_timeout=10000")
        self.calls = Calls(self._db, lambda: told(path), durable=durable)
        self.account = Account(self._db)

    @classmethod
    def open(cls, path: Path, *, durable: bool = True) -> Journal:
        """The checkpoint at `path`; raises `CheckpointMismatch` where it is none of ours."""
        if not path.is_file():
            raise CheckpointMismatch(
                f"There is no checkpoint {path}.", "Name the file that ends in .checkpoint, beside the sheet."
            )
        try:
            journal = cls(path, durable=durable)
            journal._check_format()
        except (sqlite3.Error, ValueError) as error:
            raise CheckpointMismatch(
                f"{path} is no checkpoint that this version reads: {error}.",
                "Move it away, or name the checkpoint of your run.",
            ) from None
        return journal

    def _check_format(self) -> None:
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise sqlite3.DatabaseError(f"it is damaged: {found[0]}")
        match self.meta("format"):
            case int() as found if found > FORMAT:
                raise CheckpointMismatch(
                    f"{self.path} was written by a newer heyx-bulk (format {found}; this one reads {FORMAT}).",
                    "Nothing is lost: give the same command with the newer one.",
                )
            case int() as found if found < FORMAT:
                raise CheckpointMismatch(
                    f"{self.path} was written by an older heyx-bulk (format {found}; this one reads {FORMAT}).",
                    "Nothing is lost: carry on with the older one. Or move the file away and upload the sheet "
                    "anew: rows that are in HeyX are found there (unless the run was one with --no-match).",
                )
            case found if found != FORMAT:
                raise sqlite3.DatabaseError(f"its format is {found}, not {FORMAT}")

    def close(self) -> None:
        """Let the checkpoint go."""
        self._db.close()

    def move(self, path: Path) -> None:
        """Let the checkpoint go, whole, and give its file another name."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()
        clear(self.path)
        clear(path)
        self.path.replace(path)

    def discard(self) -> None:
        """Let the checkpoint go, and take its file away."""
        self.close()
        clear(self.path)
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the run is

    def meta(self, name: str) -> object:
        """A fact about the run, as plain JSON data; None where it was never told."""
        found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def remember(self, name: str, value: object) -> None:
        """Keep a fact about the run."""
        with told(self.path):
            self._db.execute("REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def header(self) -> tuple[str, ...]:
        """The sheet's header texts."""
        header = self.meta("header")
        return tuple(str(text) for text in header) if isinstance(header, list) else ()

    # What is to do

    def rows(self) -> Iterator[Entry]:
        """Every row, in the sheet's order."""
        return self._entries("1")

    def ready(self) -> Iterator[Entry]:
        """Rows that can be worked on, in the sheet's order, as a stream that sees later changes behind it.

        A row that another one stands for is not among them.
        """
        return self._entries(f"state IN ('{State.READY}', '{State.CREATED}') AND leader IS NULL")

    def doubts(self) -> list[Entry]:
        """Rows whose create went unanswered."""
        return list(self._entries(f"state = '{State.CREATING}' AND leader IS NULL"))

    def uncertain(self) -> Iterator[Entry]:
        """Rows that ended uncertain."""
        return self._entries(f"status = '{Status.UNCERTAIN}'")

    def entry(self, number: int) -> Entry:
        """The row `number`, which must be there."""
        entry = self.find(number)
        if entry is None:
            raise LookupError(f"no row {number}")
        return entry

    def find(self, number: int) -> Entry | None:
        """The row `number`, if there is one."""
        found = self._db.execute(f"SELECT {ENTRY} FROM row WHERE number = ?", (number,)).fetchone()
        return None if found is None else entry_of(found)

    def members(self, number: int) -> list[Entry]:
        """The rows that row `number` stands for beside itself, in the sheet's order."""
        query = f"SELECT {ENTRY} FROM row WHERE leader = ? ORDER BY number"
        return [entry_of(found) for found in self._db.execute(query, (number,))]

    def row_of_contact(self, contact_id: str, number: int) -> int | None:
        """Another row than `number`, not one it stands for, whose contact this is."""
        found = self._db.execute(
            "SELECT min(number) FROM row WHERE contact_id = ? AND number <> ? AND leader IS NOT ?",
            (contact_id, number, number),
        ).fetchone()[0]
        return None if found is None else int(found)

    def _entries(self, condition: str) -> Iterator[Entry]:
        last = -1
        query = f"SELECT {ENTRY} FROM row WHERE number > ? AND {condition} ORDER BY number LIMIT {BATCH_ROWS}"
        while batch := self._db.execute(query, (last,)).fetchall():
            last = batch[-1][0]
            yield from map(entry_of, batch)

    def awaits(self, number: int) -> int | None:
        """An earlier row that shares a key value with row `number` and is not done yet."""
        found = self._db.execute(
            "SELECT earlier FROM follows JOIN row ON row.number = earlier "
            f"WHERE follows.number = ? AND state <> '{State.DONE}' LIMIT 1",
            (number,),
        ).fetchone()
        return int(found[0]) if found else None

    def contact_of_key(self, row: ContactRow) -> str | None:
        """The contact that an earlier row with this row's key value was found or made to be, if it is one."""
        if row.key is None:
            return None
        found = self._db.execute(
            "SELECT DISTINCT contact_id FROM key JOIN row USING (number) "
            "WHERE (field, value) IN (SELECT field, value FROM key WHERE number = ? AND rank = 0) "
            "AND number < ? AND contact_id IS NOT NULL",
            (row.number, row.number),
        ).fetchall()
        return str(found[0][0]) if len(found) == 1 else None

    # What happened

    def creating(self, number: int, sent: Sequence[Field], sent_at: float | None) -> None:
        """A create with the fields `sent` is about to leave; durable when this returns."""
        fields = json.dumps([[field.name, field.value] for field in sent], ensure_ascii=False)
        self._set(number, state=State.CREATING, sent=fields, sent_at=sent_at)

    def created(self, number: int, contact_id: str) -> None:
        """The create was answered, or its contact was found."""
        self._set(number, state=State.CREATED, contact_id=contact_id, made=1)

    def wrote(self, number: int, contact_id: str) -> None:
        """The run changed the row's contact."""
        self._set(number, contact_id=contact_id, wrote=1)

    def unsent(self, number: int) -> None:
        """The create that was about to leave did not happen."""
        self._set(number, state=State.READY)

    def finish(self, outcome: Outcome) -> list[int]:
        """The row is done, and with it those it stands for; the numbers of them all."""
        with told(self.path):
            found = self._db.execute(
                "UPDATE row SET state = ?, status = ?, contact_id = ?, message = ? WHERE number = ? OR leader = ? "
                "RETURNING number",
                (
                    State.DONE,
                    outcome.status,
                    outcome.contact_id,
                    outcome.message,
                    outcome.number,
                    outcome.number,
                ),
            ).fetchall()
        return sorted(number for (number,) in found)

    def reopen(self) -> int:
        """Open the failed and uncertain rows again, each where it stands; how many they are."""
        with told(self.path):
            return self._reopen_where("1")

    def _reopen_where(self, condition: str, *values: object) -> int:
        return self._db.execute(
            "UPDATE row SET state = CASE WHEN leader IS NOT NULL THEN ? WHEN status = ? THEN ? WHEN made THEN ? "
            f"ELSE ? END, status = NULL, message = '' WHERE state = ? AND status IN (?, ?) AND {condition}",
            (
                State.READY,
                Status.UNCERTAIN,
                State.CREATING,
                State.CREATED,
                State.READY,
                State.DONE,
                Status.FAILED,
                Status.UNCERTAIN,
                *values,
            ),
        ).rowcount

    def open_again(self, numbers: Sequence[int]) -> None:
        """Open rows again that have an outcome, each where it stands; an uncertain one stays as it is."""
        with told(self.path), self._at_once():
            self._db.executemany(
                "UPDATE row SET state = CASE WHEN made THEN ? ELSE ? END, status = NULL, message = '' "
                "WHERE number = ? AND state = ? AND status <> ?",
                [(State.CREATED, State.READY, number, State.DONE, Status.UNCERTAIN) for number in numbers],
            )

    def mend(self, rows: Sequence[Mended]) -> None:
        """Take rows that a person mended, and open them again, each where it stands; all of them or none.

        One with the same key as another row of the run is invalid.
        """
        with told(self.path), self._at_once():
            alone = [row for row in rows if not self._stays(row)]
            for row in alone:
                self._db.execute("DELETE FROM key WHERE number = ?", (row.number,))
                self._db.executemany(
                    "INSERT INTO key VALUES (?, ?, ?, ?)",
                    [(row.number, rank, *key) for rank, key in enumerate(row.keys)],
                )
            for row in rows:
                self._reopen(row, row.problems or (self._double(row) if row in alone else ()))
            self._db.execute("DELETE FROM follows")
            self._db.execute(LINK)

    def _stays(self, row: Mended) -> bool:
        """Whether a row still means the contact of those it was merged with; else it stands alone from now on."""
        (leader,) = self._db.execute("SELECT leader FROM row WHERE number = ?", (row.number,)).fetchone()
        first = self._db.execute(
            "SELECT field, value FROM key WHERE number = ? AND rank = 0", (leader or row.number,)
        ).fetchone()
        same = bool(row.keys) and first == row.keys[0]
        if leader is None:
            members = self.members(row.number)
            if members and not same:
                self._lead(row.number, members[0].number)
            return bool(members) and same
        if same:
            self._reopen_where("number = ?", leader)
        else:
            self._set(row.number, leader=None)
        return same

    def _lead(self, before: int, leader: int) -> None:
        """Let another row stand for those that row `before` stood for, with its keys."""
        self._db.execute(
            "UPDATE row SET leader = CASE WHEN number = ? THEN NULL ELSE ? END WHERE leader = ?",
            (leader, leader, before),
        )
        self._db.execute("UPDATE key SET number = ? WHERE number = ?", (leader, before))

    def _double(self, row: Mended) -> tuple[Problem, ...]:
        name, value = row.keys[0] if row.keys else ("", "")
        found = self._db.execute(
            "SELECT min(number) FROM key WHERE field = ? AND value = ? AND rank = 0 AND number <> ?",
            (name, value, row.number),
        ).fetchone()[0]
        return () if found is None else (Problem(f"same {name} as another row", f"same {name} as row {found}"),)

    def _reopen(self, row: Mended, problems: tuple[Problem, ...]) -> None:
        entry = self.entry(row.number)
        state, status, message = State.CREATED if entry.made else State.READY, None, ""
        if entry.status is Status.UNCERTAIN:
            state = State.CREATING
        if problems:
            self._db.execute("DELETE FROM key WHERE number = ?", (row.number,))
            begun = entry.made or entry.status is Status.UNCERTAIN
            state, status = State.DONE, entry.status if begun else Status.INVALID
            message = "; ".join(problem.detail for problem in problems)
        self._set(
            row.number,
            cells=text_of(list(row.cells)),
            named_id=row.named_id,
            state=state,
            status=status,
            message=message,
            problems=problems_text(problems),
        )

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        done = False
        try:
            yield
            done = True
        finally:
            self._db.execute("COMMIT" if done else "ROLLBACK")

    def totals(self) -> dict[str, int]:
        """Rows by status; those not done are counted as `in doubt` or `to do`."""
        found = self._db.execute(
            "SELECT CASE WHEN state = 'done' THEN status WHEN state = 'creating' THEN 'in doubt' "
            "ELSE 'to do' END AS word, count(*) FROM row GROUP BY word"
        ).fetchall()
        return {str(word): int(count) for word, count in found}

    def contacts(self) -> int | None:
        """How many contacts the rows that are sent stand for; None where no row stands for another."""
        if self._db.execute("SELECT 1 FROM row WHERE leader IS NOT NULL LIMIT 1").fetchone() is None:
            return None
        query = "SELECT count(*) FROM row WHERE leader IS NULL AND (status IS NULL OR status NOT IN (?, ?))"
        return int(self._db.execute(query, (Status.INVALID, Status.SKIPPED)).fetchone()[0])

    def causes(self) -> list[tuple[str, int, list[int]]]:
        """Why rows are invalid: cause, number of rows, the first rows' numbers; most frequent first."""
        rows: dict[str, list[int]] = {}
        for number, problems in self._db.execute(
            f"SELECT number, problems FROM row WHERE status = '{Status.INVALID}' ORDER BY number"
        ):
            for cause in dict.fromkeys(cause for cause, _ in json.loads(problems)):
                rows.setdefault(cause, []).append(number)
        return sorted(
            ((cause, len(numbers), numbers[:5]) for cause, numbers in rows.items()), key=lambda item: -item[1]
        )

    def untouched(self) -> bool:
        """Whether nothing was sent for any row so far."""
        found = self._db.execute(
            f"SELECT 1 FROM row WHERE sent IS NOT NULL OR made OR wrote OR state IN ('{State.CREATING}', "
            f"'{State.CREATED}') OR (state = '{State.DONE}' AND status <> '{Status.INVALID}') LIMIT 1"
        ).fetchone()
        return found is None

    def needs_a_person(self) -> bool:
        """Whether a row failed, is invalid or uncertain."""
        found = self._db.execute(
            "SELECT 1 FROM row WHERE status IN (?, ?, ?) LIMIT 1",
            (Status.FAILED, Status.INVALID, Status.UNCERTAIN),
        ).fetchone()
        return found is not None

    def written_contact(self) -> str | None:
        """A contact that this run created or changed, if it has."""
        found = self._db.execute(
            "SELECT contact_id FROM row WHERE contact_id IS NOT NULL AND (made OR wrote) LIMIT 1"
        ).fetchone()
        return str(found[0]) if found else None

    def _set(self, number: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        with told(self.path):
            self._db.execute(f"UPDATE row SET {names} WHERE number = ?", (*columns.values(), number))
