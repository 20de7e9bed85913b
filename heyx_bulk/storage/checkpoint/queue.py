"""The rows of a checkpoint as a queue: those still to be worked on, and each step of one, durable at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import ContactRow, Field, Outcome, Problem, Status
from heyx_bulk.planning.matching import Matching
from heyx_bulk.storage.checkpoint.row_links import RowLinks
from heyx_bulk.storage.checkpoint.row_record import (
    ROW_COLUMNS,
    RowRecord,
    RowState,
    parse_row_records,
    problems_to_json,
)

BATCH_ROWS = 500

_CHAIN = (
    "WITH RECURSIVE chain (number) AS (SELECT earlier FROM blocked WHERE number = ? AND field = ? "
    "UNION ALL SELECT earlier FROM chain JOIN blocked USING (number) WHERE field = ?)"
)
"""The earlier rows that share the value of a key (row, field, field) with a row."""


class Queue:
    """The rows of an open checkpoint. Writing needs the lock of whoever works on the run."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # Rows

    def rows(self) -> Iterator[RowRecord]:
        """Every row, in the sheet's order."""
        return self._records("1")

    def rows_with(self, statuses: Iterable[Status]) -> Iterator[RowRecord]:
        """Every row with one of these statuses, in the sheet's order."""
        return self._records(f"status IN ({', '.join(map(repr, map(str, statuses)))})")

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
        return self.rows_with([Status.UNCERTAIN])

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
        return parse_row_records(found)[0] if found else None

    def merged_rows(self, number: int) -> list[RowRecord]:
        """The rows that row `number` stands for beside itself, in the sheet's order."""
        query = f"SELECT {ROW_COLUMNS} FROM row WHERE merged_into = ? ORDER BY number"
        return parse_row_records(self._db.rows(query, number))

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
            yield from parse_row_records(batch)

    def blocked_by(self, number: int) -> int | None:
        """An earlier row that shares a key value with row `number` and is not done yet."""
        found = self._db.rows(
            "SELECT earlier FROM blocked JOIN row ON row.number = earlier "
            f"WHERE blocked.number = ? AND state <> '{RowState.DONE}' ORDER BY earlier LIMIT 1",
            number,
        )
        return int(found[0][0]) if found else None

    def contact_of_earlier_row(self, row: ContactRow, matching: Matching) -> str | None:
        """The contact that earlier rows with this row's best key that any has were found or made to be, if one."""
        for key in matching.keys_of(row):
            found = self._db.rows(
                f"{_CHAIN} SELECT DISTINCT contact_id FROM chain JOIN row USING (number) "
                "WHERE contact_id IS NOT NULL",
                row.number,
                key.name,
                key.name,
            )
            if found:
                return str(found[0][0]) if len(found) == 1 else None
        return None

    def earlier_rows_by_key(self, row: ContactRow, matching: Matching) -> Iterator[int]:
        """The earlier rows that share a key value with a row: by its best key first, the nearest first."""
        for key in matching.keys_of(row):
            found = self._db.rows(
                f"{_CHAIN} SELECT number FROM chain ORDER BY number DESC", row.number, key.name, key.name
            )
            yield from (int(number) for (number,) in found)

    # Steps of a row

    def mark_create_pending(self, number: int, payload: Sequence[Field], sent_at: float | None) -> None:
        """A create with the fields `payload` is about to leave; durable when this returns."""
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

    def send_after(self, number: int, earlier: int) -> None:
        """Row `number` waits until row `earlier`, which changes the same contact, is done."""
        RowLinks(self._db).link(number, "", earlier, None)

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

    def mark_invalid(self, found: Iterable[tuple[int, Sequence[Problem]]]) -> None:
        """These rows cannot be sent, each for its problems."""
        links = RowLinks(self._db)
        with self._db.transaction():
            for number in set_invalid(self._db, found):
                links.unlink(number)

    def _set(self, number: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE row SET {names} WHERE number = ?", (*columns.values(), number))


def set_invalid(db: Database, found: Iterable[tuple[int, Sequence[Problem]]]) -> list[int]:
    """Note that rows cannot be sent, each for its problems; the rows' numbers."""
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
    db.executemany("UPDATE row SET state = ?, status = ?, problems = ?, message = ? WHERE number = ?", rows)
    return [row[-1] for row in rows]
