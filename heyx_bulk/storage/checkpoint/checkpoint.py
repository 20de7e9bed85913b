"""An open checkpoint: what is to do, and what happened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from heyx_bulk.database import Database
from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, DiskFull, Stopped, Unwritable
from heyx_bulk.models.contacts import ContactRow, Field, Outcome, Problem, Status
from heyx_bulk.storage.checkpoint.baseline import Shown
from heyx_bulk.storage.checkpoint.call_table import Calls
from heyx_bulk.storage.checkpoint.locking import CHECKPOINT, clear
from heyx_bulk.storage.checkpoint.queries import Account
from heyx_bulk.storage.checkpoint.reopening import Reopening
from heyx_bulk.storage.checkpoint.row_record import (
    ENTRY,
    FORMAT,
    Cause,
    Entry,
    Mended,
    State,
    entry_of,
    problems_text,
    text_of,
)

BATCH_ROWS = 500

_MAGIC = b"SQLite format 3\0"


def _begins_as_ours(path: Path) -> bool:
    """Whether a file that cannot be read was a checkpoint: SQLite's, and with our name."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC and b"CREATE TABLE row" in file.read(4096)
    return False


class Journal:
    """An open checkpoint. Whoever writes holds its lock (`hold`); reading needs none."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._db = Database(path, CHECKPOINT, synchronous="FULL" if durable else "OFF")
        self.calls = Calls(self._db, durable=durable)
        self.account = Account(self._db)
        self.shown = Shown(self._db)

    @classmethod
    def open(cls, path: Path, *, durable: bool = True) -> Journal:
        """The checkpoint at `path`; raises `CheckpointMismatch` or `CheckpointDamaged` where it is no more."""
        if not path.is_file():
            raise CheckpointMismatch(
                f"There is no checkpoint {path}.", "Name the file that ends in .checkpoint, beside the sheet."
            )
        try:
            journal = cls(path, durable=durable)
            journal._check_whole()
            journal._check_format()
        except (Stopped, Unwritable, ValueError) as error:
            if isinstance(error, DiskFull) and _begins_as_ours(path):
                raise CheckpointDamaged(error.what, error.remedy) from None
            raise CheckpointMismatch(
                f"{path} is no checkpoint that this version reads: {error}.",
                "Move it away, or name the checkpoint of your run.",
            ) from None
        return journal

    def _check_whole(self) -> None:
        said = str(self._db.value("PRAGMA quick_check(1)"))
        if said != "ok" and _begins_as_ours(self.path):
            raise CheckpointDamaged(*CHECKPOINT.damaged(self.path, said))

    def _check_format(self) -> None:
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
                raise ValueError(f"its format is {found}, not {FORMAT}")

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
        found = self._db.rows("SELECT value FROM meta WHERE name = ?", name)
        return json.loads(found[0][0]) if found else None

    def remember(self, name: str, value: object) -> None:
        """Keep a fact about the run."""
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

    def witness(self) -> Entry | None:
        """A row whose create was answered, or its contact found, and which says so with an id."""
        return next(self._entries("made AND contact_id IS NOT NULL AND sent IS NOT NULL"), None)

    def entry(self, number: int) -> Entry:
        """The row `number`, which must be there."""
        entry = self.find(number)
        if entry is None:
            raise LookupError(f"no row {number}")
        return entry

    def find(self, number: int) -> Entry | None:
        """The row `number`, if there is one."""
        found = self._db.rows(f"SELECT {ENTRY} FROM row WHERE number = ?", number)
        return entry_of(found[0]) if found else None

    def members(self, number: int) -> list[Entry]:
        """The rows that row `number` stands for beside itself, in the sheet's order."""
        query = f"SELECT {ENTRY} FROM row WHERE leader = ? ORDER BY number"
        return [entry_of(found) for found in self._db.rows(query, number)]

    def row_of_contact(self, contact_id: str, number: int) -> int | None:
        """Another row than `number`, not one it stands for, whose contact this is."""
        found: int | None = self._db.value(
            "SELECT min(number) FROM row WHERE contact_id = ? AND number <> ? AND leader IS NOT ?",
            contact_id,
            number,
            number,
        )
        return found

    def _entries(self, condition: str) -> Iterator[Entry]:
        last = -1
        query = f"SELECT {ENTRY} FROM row WHERE number > ? AND {condition} ORDER BY number LIMIT {BATCH_ROWS}"
        while batch := self._db.rows(query, last):
            last = batch[-1][0]
            yield from map(entry_of, batch)

    def awaits(self, number: int) -> int | None:
        """An earlier row that shares a key value with row `number` and is not done yet."""
        found = self._db.rows(
            "SELECT earlier FROM follows JOIN row ON row.number = earlier "
            f"WHERE follows.number = ? AND state <> '{State.DONE}' LIMIT 1",
            number,
        )
        return int(found[0][0]) if found else None

    def followers(self) -> int:
        """How many rows that are not done share a key value with an earlier one."""
        query = f"SELECT count(DISTINCT number) FROM follows JOIN row USING (number) WHERE state <> '{State.DONE}'"
        return int(self._db.rows(query)[0][0])

    def contact_of_key(self, row: ContactRow) -> str | None:
        """The contact that an earlier row with this row's key value was found or made to be, if it is one."""
        if row.key is None:
            return None
        found = self._db.rows(
            "SELECT DISTINCT contact_id FROM key JOIN row USING (number) "
            "WHERE (field, value) IN (SELECT field, value FROM key WHERE number = ? AND rank = 0) "
            "AND number < ? AND contact_id IS NOT NULL",
            row.number,
            row.number,
        )
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

    def not_made(self, number: int, contact_id: str) -> None:
        """The row's create was answered with a contact that was there before: it was changed, not made."""
        self._set(number, state=State.READY, contact_id=contact_id, made=0, wrote=1)

    def unsent(self, number: int) -> None:
        """The create that was about to leave did not happen."""
        self._set(number, state=State.READY)

    def finish(self, outcome: Outcome) -> list[int]:
        """The row is done, and with it those it stands for; the numbers of them all."""
        found = self._db.rows(
            "UPDATE row SET state = ?, status = ?, contact_id = ?, message = ? WHERE number = ? OR leader = ? "
            "RETURNING number",
            State.DONE,
            outcome.status,
            outcome.contact_id,
            outcome.message,
            outcome.number,
            outcome.number,
        )
        return sorted(number for (number,) in found)

    def reopen(self, *, uncertain: bool = False) -> int:
        """Open the failed and uncertain rows again, each where it stands; how many they are.

        With `uncertain`, rows whose create went unanswered are opened as if it never was.
        """
        return Reopening(self._db).reopen(uncertain=uncertain)

    def open_again(self, numbers: Sequence[int]) -> None:
        """Open rows again that have an outcome, each where it stands; an uncertain one stays as it is."""
        with self._db.transaction():
            Reopening(self._db).open_again(numbers)

    def mend(self, rows: Sequence[Mended], *, uncertain: bool = False) -> None:
        """Take rows that a person mended, and open them again, each where it stands; all of them or none.

        One that does not mean the contact of its group any more leaves it. One with the same key as another row of
        the run is invalid, or joins that row where rows of one contact are made one. With `uncertain`, rows whose
        create went unanswered are opened as if it never was.
        """
        merges = self.meta("duplicates") == "merge"
        with self._db.transaction():
            Reopening(self._db).mend(rows, uncertain=uncertain, merges=merges)
            self._db.execute("REPLACE INTO meta VALUES ('cells', ?)", (json.dumps(self._digest()),))

    def totals(self) -> dict[str, int]:
        """Rows by status; those not done are counted as `in doubt` or `to do`."""
        found = self._db.rows(
            "SELECT CASE WHEN state = 'done' THEN status WHEN state = 'creating' THEN 'in doubt' "
            "ELSE 'to do' END AS word, count(*) FROM row GROUP BY word"
        )
        return {str(word): int(count) for word, count in found}

    def contacts(self) -> int | None:
        """How many contacts the rows that are sent stand for; None where no row stands for another."""
        if self._db.row("SELECT 1 FROM row WHERE leader IS NOT NULL LIMIT 1") is None:
            return None
        query = "SELECT count(*) FROM row WHERE leader IS NULL AND (status IS NULL OR status NOT IN (?, ?))"
        return int(self._db.value(query, Status.INVALID, Status.SKIPPED))

    def causes(self) -> list[Cause]:
        """Why rows are invalid, most frequent first."""
        rows: dict[str, list[int]] = {}
        examples: dict[str, str] = {}
        for number, problems in self._db.rows(
            f"SELECT number, problems FROM row WHERE status = '{Status.INVALID}' ORDER BY number"
        ):
            for cause, detail in dict(reversed(json.loads(problems))).items():
                rows.setdefault(cause, []).append(number)
                examples.setdefault(cause, detail)
        causes = [Cause(what, len(numbers), numbers[:5], examples[what]) for what, numbers in rows.items()]
        return sorted(causes, key=lambda cause: -cause.rows)

    def untouched(self) -> bool:
        """Whether nothing was sent for any row so far.

        Rows that were skipped when the run was staged have no key any more; those it looked for have one.
        """
        idle = (
            f"status = '{Status.INVALID}' OR (status = '{Status.SKIPPED}' "
            "AND number NOT IN (SELECT number FROM key))"
        )
        found = self._db.rows(
            f"SELECT 1 FROM row WHERE sent IS NOT NULL OR made OR wrote OR state IN ('{State.CREATING}', "
            f"'{State.CREATED}') OR (state = '{State.DONE}' AND NOT ({idle})) LIMIT 1"
        )
        return not found

    def needs_a_person(self) -> bool:
        """Whether a row failed, is invalid or uncertain."""
        found = self._db.rows(
            "SELECT 1 FROM row WHERE status IN (?, ?, ?) LIMIT 1",
            *(Status.FAILED, Status.INVALID, Status.UNCERTAIN),
        )
        return bool(found)

    def written_contact(self) -> str | None:
        """A contact that this run created or changed, if it has."""
        found = self._db.rows(
            "SELECT contact_id FROM row WHERE contact_id IS NOT NULL AND (made OR wrote) LIMIT 1"
        )
        return str(found[0][0]) if found else None

    def refuse(self, found: Iterable[tuple[int, Sequence[Problem]]]) -> None:
        """These rows cannot be sent, each for its problems."""
        rows = [
            (
                State.DONE,
                Status.INVALID,
                problems_text(problems),
                "; ".join(one.detail for one in problems),
                number,
            )
            for number, problems in found
        ]
        with self._db.transaction():
            self._db.executemany(
                "UPDATE row SET state = ?, status = ?, problems = ?, message = ? WHERE number = ?", rows
            )
            self._db.executemany("DELETE FROM key WHERE number = ?", [(row[-1],) for row in rows])

    def verify(self) -> None:
        """Raise `CheckpointDamaged` where the rows' cells are not those that were stored."""
        known = self.meta("cells") or self.meta("digest")
        if known is not None and known != self._digest():
            raise CheckpointDamaged(
                *CHECKPOINT.damaged(self.path, "the values of its rows are not those that were stored")
            )

    def _digest(self) -> str:
        sums = hashlib.blake2b(f"{text_of(list(self.header()))}\n".encode(), digest_size=16)
        for number, cells in self._db.stream("SELECT number, cells FROM row ORDER BY number"):
            sums.update(f"{number} {cells}\n".encode())
        return sums.hexdigest()

    def _set(self, number: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE row SET {names} WHERE number = ?", (*columns.values(), number))
