"""An open checkpoint: what is to do, and what happened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from heyx_bulk.database import Database
from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, DiskFull, Stopped, WriteError
from heyx_bulk.models.contacts import ContactRow, Field, Outcome, Problem, Status
from heyx_bulk.storage.checkpoint.baseline import Baseline
from heyx_bulk.storage.checkpoint.call_table import CallTable
from heyx_bulk.storage.checkpoint.locking import CHECKPOINT_FILE, remove_leftovers
from heyx_bulk.storage.checkpoint.queries import Queries
from heyx_bulk.storage.checkpoint.reopening import Reopening
from heyx_bulk.storage.checkpoint.row_record import (
    FORMAT,
    ROW_COLUMNS,
    CorrectedRow,
    InvalidCause,
    RowRecord,
    RowState,
    parse_row_record,
    problems_to_json,
    to_json,
)

BATCH_ROWS = 500

_MAGIC = b"SQLite format 3\0"


def _has_our_header(path: Path) -> bool:
    """Whether a file that cannot be read was a checkpoint: SQLite's, and with our name."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC and b"CREATE TABLE row" in file.read(4096)
    return False


class Checkpoint:
    """An open checkpoint. Whoever writes holds its lock (`hold`); reading needs none."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._db = Database(path, CHECKPOINT_FILE, synchronous="FULL" if durable else "OFF")
        self.calls = CallTable(self._db, durable=durable)
        self.queries = Queries(self._db)
        self.baseline = Baseline(self._db)

    @classmethod
    def open(cls, path: Path, *, durable: bool = True) -> Checkpoint:
        """The checkpoint at `path`; raises `CheckpointMismatch` or `CheckpointDamaged` where it is no more."""
        if not path.is_file():
            raise CheckpointMismatch(
                f"There is no checkpoint {path}.", "Name the file that ends in .checkpoint, beside the sheet."
            )
        try:
            checkpoint = cls(path, durable=durable)
            checkpoint._check_whole()
            checkpoint._check_format()
        except (Stopped, WriteError, ValueError, TypeError) as error:
            if isinstance(error, DiskFull) and _has_our_header(path):
                raise CheckpointDamaged(error.what, error.remedy) from None
            raise CheckpointMismatch(
                f"{path} is no checkpoint that this version reads: {error}.",
                "Move it away, or name the checkpoint of your run.",
            ) from None
        return checkpoint

    def _check_whole(self) -> None:
        said = str(self._db.value("PRAGMA quick_check(1)"))
        if said != "ok" and _has_our_header(self.path):
            raise CheckpointDamaged(*CHECKPOINT_FILE.damaged(self.path, said))

    def _check_format(self) -> None:
        match self._format():
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

    def _format(self) -> object:
        """The format that the file says it has; before format 3 a table of another name said so."""
        if self._db.row("SELECT 1 FROM sqlite_master WHERE name = 'meta'") is None:
            return self.info("format")
        return json.loads(self._db.value("SELECT value FROM meta WHERE name = 'format'"))

    def close(self) -> None:
        """Let the checkpoint go."""
        self._db.close()

    def move(self, path: Path) -> None:
        """Let the checkpoint go, whole, and give its file another name."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()
        remove_leftovers(self.path)
        remove_leftovers(path)
        self.path.replace(path)

    def delete(self) -> None:
        """Let the checkpoint go, and take its file away."""
        self.close()
        remove_leftovers(self.path)
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the run is

    def info(self, name: str) -> object:
        """A fact about the run, as plain JSON data; None where it was never told."""
        found = self._db.rows("SELECT value FROM info WHERE name = ?", name)
        return json.loads(found[0][0]) if found else None

    def set_info(self, name: str, value: object) -> None:
        """Keep a fact about the run."""
        self._db.execute("REPLACE INTO info VALUES (?, ?)", (name, json.dumps(value)))

    def header(self) -> tuple[str, ...]:
        """The sheet's header texts."""
        header = self.info("header")
        return tuple(str(text) for text in header) if isinstance(header, list) else ()

    # What is to do

    def rows(self) -> Iterator[RowRecord]:
        """Every row, in the sheet's order."""
        return self._records("1")

    def open_rows(self) -> Iterator[RowRecord]:
        """Rows that can be worked on, in the sheet's order, as a stream that sees later changes behind it.

        A row that another one stands for is not among them.
        """
        return self._records(f"state IN ('{RowState.READY}', '{RowState.CREATED}') AND merged_into IS NULL")

    def unconfirmed_creates(self) -> list[RowRecord]:
        """Rows whose create went unanswered."""
        return list(self._records(f"state = '{RowState.CREATE_PENDING}' AND merged_into IS NULL"))

    def uncertain_rows(self) -> Iterator[RowRecord]:
        """Rows that ended uncertain."""
        return self._records(f"status = '{Status.UNCERTAIN}'")

    def known_created_row(self) -> RowRecord | None:
        """A row whose create was answered, or its contact found, and which says so with an id."""
        return next(
            self._records("created_by_run AND contact_id IS NOT NULL AND create_payload IS NOT NULL"), None
        )

    def row(self, number: int) -> RowRecord:
        """The row `number`, which must be there."""
        record = self.find_row(number)
        if record is None:
            raise LookupError(f"no row {number}")
        return record

    def find_row(self, number: int) -> RowRecord | None:
        """The row `number`, if there is one."""
        found = self._db.rows(f"SELECT {ROW_COLUMNS} FROM row WHERE number = ?", number)
        return parse_row_record(found[0]) if found else None

    def merged_rows(self, number: int) -> list[RowRecord]:
        """The rows that row `number` stands for beside itself, in the sheet's order."""
        query = f"SELECT {ROW_COLUMNS} FROM row WHERE merged_into = ? ORDER BY number"
        return [parse_row_record(found) for found in self._db.rows(query, number)]

    def other_row_of_contact(self, contact_id: str, number: int) -> int | None:
        """Another row than `number`, not one it stands for, whose contact this is."""
        found: int | None = self._db.value(
            "SELECT min(number) FROM row WHERE contact_id = ? AND number <> ? AND merged_into IS NOT ?",
            contact_id,
            number,
            number,
        )
        return found

    def _records(self, condition: str) -> Iterator[RowRecord]:
        last = -1
        query = (
            f"SELECT {ROW_COLUMNS} FROM row WHERE number > ? AND {condition} ORDER BY number LIMIT {BATCH_ROWS}"
        )
        while batch := self._db.rows(query, last):
            last = batch[-1][0]
            yield from map(parse_row_record, batch)

    def blocked_by(self, number: int) -> int | None:
        """An earlier row that shares a key value with row `number` and is not done yet."""
        found = self._db.rows(
            "SELECT earlier FROM blocked JOIN row ON row.number = earlier "
            f"WHERE blocked.number = ? AND state <> '{RowState.DONE}' LIMIT 1",
            number,
        )
        return int(found[0][0]) if found else None

    def count_blocked(self) -> int:
        """How many rows that are not done share a key value with an earlier one."""
        query = (
            f"SELECT count(DISTINCT number) FROM blocked JOIN row USING (number) WHERE state <> '{RowState.DONE}'"
        )
        return int(self._db.rows(query)[0][0])

    def contact_of_earlier_row(self, row: ContactRow) -> str | None:
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

    def mark_create_pending(self, number: int, payload: Sequence[Field], sent_at: float | None) -> None:
        """A create with the fields `sent` is about to leave; durable when this returns."""
        fields = json.dumps([[field.name, field.value] for field in payload], ensure_ascii=False)
        self._set(number, state=RowState.CREATE_PENDING, create_payload=fields, create_sent_at=sent_at)

    def mark_created(self, number: int, contact_id: str) -> None:
        """The create was answered, or its contact was found."""
        self._set(number, state=RowState.CREATED, contact_id=contact_id, created_by_run=1)

    def mark_updated(self, number: int, contact_id: str) -> None:
        """The run changed the row's contact."""
        self._set(number, contact_id=contact_id, updated_by_run=1)

    def mark_preexisting(self, number: int, contact_id: str) -> None:
        """The row's create was answered with a contact that was there before: it was changed, not made."""
        self._set(number, state=RowState.READY, contact_id=contact_id, created_by_run=0, updated_by_run=1)

    def clear_pending(self, number: int) -> None:
        """The create that was about to leave did not happen."""
        self._set(number, state=RowState.READY)

    def finish(self, outcome: Outcome) -> list[int]:
        """The row is done, and with it those it stands for; the numbers of them all."""
        found = self._db.rows(
            "UPDATE row SET state = ?, status = ?, contact_id = ?, message = ? "
            "WHERE number = ? OR merged_into = ? RETURNING number",
            RowState.DONE,
            outcome.status,
            outcome.contact_id,
            outcome.message,
            outcome.number,
            outcome.number,
        )
        return sorted(number for (number,) in found)

    def reopen_failed(self, *, uncertain: bool = False) -> int:
        """Open the failed and uncertain rows again, each where it stands; how many they are.

        With `uncertain`, rows whose create went unanswered are opened as if it never was.
        """
        return Reopening(self._db).reopen_failed(uncertain=uncertain)

    def reopen_rows(self, numbers: Sequence[int]) -> None:
        """Open rows again that have an outcome, each where it stands; an uncertain one stays as it is."""
        with self._db.transaction():
            Reopening(self._db).reopen_rows(numbers)

    def apply_corrections(self, rows: Sequence[CorrectedRow], *, uncertain: bool = False) -> None:
        """Take rows that a person mended, and open them again, each where it stands; all of them or none.

        One that does not mean the contact of its group any more leaves it. One with the same key as another row of
        the run is invalid, or joins that row where rows of one contact are made one. With `uncertain`, rows whose
        create went unanswered are opened as if it never was.
        """
        merges = self.info("duplicates") == "merge"
        with self._db.transaction():
            Reopening(self._db).apply_corrections(rows, uncertain=uncertain, merges=merges)
            self._db.execute("REPLACE INTO info VALUES ('cells', ?)", (json.dumps(self._digest()),))

    def totals(self) -> dict[str, int]:
        """Rows by status; those not done are counted as `in doubt` or `to do`."""
        found = self._db.rows(
            "SELECT CASE WHEN state = 'done' THEN status WHEN state = 'create_pending' THEN 'unconfirmed' "
            "ELSE 'to do' END AS word, count(*) FROM row GROUP BY word"
        )
        return {str(word): int(count) for word, count in found}

    def count_contacts(self) -> int | None:
        """How many contacts the rows that are sent stand for; None where no row stands for another."""
        if self._db.row("SELECT 1 FROM row WHERE merged_into IS NOT NULL LIMIT 1") is None:
            return None
        query = "SELECT count(*) FROM row WHERE merged_into IS NULL AND (status IS NULL OR status NOT IN (?, ?))"
        return int(self._db.value(query, Status.INVALID, Status.SKIPPED))

    def invalid_causes(self) -> list[InvalidCause]:
        """Why rows are invalid, most frequent first."""
        rows: dict[str, list[int]] = {}
        examples: dict[str, str] = {}
        for number, problems in self._db.rows(
            f"SELECT number, problems FROM row WHERE status = '{Status.INVALID}' ORDER BY number"
        ):
            for cause, detail in dict(reversed(json.loads(problems))).items():
                rows.setdefault(cause, []).append(number)
                examples.setdefault(cause, detail)
        causes = [InvalidCause(what, len(numbers), numbers[:5], examples[what]) for what, numbers in rows.items()]
        return sorted(causes, key=lambda cause: -cause.rows)

    def nothing_sent(self) -> bool:
        """Whether nothing was sent for any row so far.

        Rows that were skipped when the run was staged have no key any more; those it looked for have one.
        """
        idle = (
            f"status = '{Status.INVALID}' OR (status = '{Status.SKIPPED}' "
            "AND number NOT IN (SELECT number FROM key))"
        )
        found = self._db.rows(
            "SELECT 1 FROM row WHERE create_payload IS NOT NULL OR created_by_run OR updated_by_run "
            f"OR state IN ('{RowState.CREATE_PENDING}', '{RowState.CREATED}') "
            f"OR (state = '{RowState.DONE}' AND NOT ({idle})) LIMIT 1"
        )
        return not found

    def needs_attention(self) -> bool:
        """Whether a row failed, is invalid or uncertain."""
        found = self._db.rows(
            "SELECT 1 FROM row WHERE status IN (?, ?, ?) LIMIT 1",
            *(Status.FAILED, Status.INVALID, Status.UNCERTAIN),
        )
        return bool(found)

    def any_written_contact(self) -> str | None:
        """A contact that this run created or changed, if it has."""
        found = self._db.rows(
            "SELECT contact_id FROM row "
            "WHERE contact_id IS NOT NULL AND (created_by_run OR updated_by_run) LIMIT 1"
        )
        return str(found[0][0]) if found else None

    def mark_invalid(self, found: Iterable[tuple[int, Sequence[Problem]]]) -> None:
        """These rows cannot be sent, each for its problems."""
        rows = [
            (
                RowState.DONE,
                Status.INVALID,
                problems_to_json(problems),
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

    def verify_contents(self) -> None:
        """Raise `CheckpointDamaged` where the rows' cells are not those that were stored."""
        known = self.info("cells") or self.info("digest")
        if known is not None and known != self._digest():
            raise CheckpointDamaged(
                *CHECKPOINT_FILE.damaged(self.path, "the values of its rows are not those that were stored")
            )

    def _digest(self) -> str:
        sums = hashlib.blake2b(f"{to_json(list(self.header()))}\n".encode(), digest_size=16)
        for number, cells in self._db.stream("SELECT number, cells FROM row ORDER BY number"):
            sums.update(f"{number} {cells}\n".encode())
        return sums.hexdigest()

    def _set(self, number: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE row SET {names} WHERE number = ?", (*columns.values(), number))
