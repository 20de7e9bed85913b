"""What rows change of their contacts, and what was there before: kept before the first write of each row.

Of a plan the changes are there before it is applied, each approved or not; any other run adds those of a row as it
comes to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Contact, Field, Status
from heyx_bulk.planning.changes import Action, Change, merge_changes
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.storage.checkpoint.row_record import RowState

SCHEMA = """
CREATE TABLE changed_row (
    number INTEGER PRIMARY KEY,
    contact_id TEXT,              -- NULL: of a contact that is to be created
    creator INTEGER,              -- the row that creates the contact, if it is another one
    looked_up TEXT,               -- until a plan is complete: what HeyX has of the contact, a JSON object
    started INTEGER               -- counts the rows of which a write was about to leave, in their order
);
CREATE INDEX changed_row_by_contact ON changed_row (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX changed_row_by_creator ON changed_row (creator) WHERE creator IS NOT NULL;
CREATE TABLE change (
    number INTEGER NOT NULL,
    line INTEGER NOT NULL,        -- in the order of the row's calls, from 1
    field TEXT NOT NULL,          -- blank: of a tag
    tag TEXT NOT NULL,            -- blank: of a field
    before TEXT,                  -- NULL: not known
    after TEXT NOT NULL,
    action TEXT NOT NULL,
    call INTEGER NOT NULL,
    note TEXT NOT NULL,
    approved INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (number, line)
) WITHOUT ROWID;
"""

NOT_APPROVED = "not approved in the plan"

_COLUMNS = "field, tag, before, after, action, call, note"
_WRITTEN = (
    "FROM changed_row JOIN (SELECT number, created_by_run FROM row) USING (number) "
    "WHERE started IS NOT NULL AND contact_id IS NOT NULL AND NOT created_by_run"
)
"""The rows of which a write to a contact that was there before was about to leave."""


class StoredChange(NamedTuple):
    """A change with its place: the line (from 1) of the row `number`, and whether a person approved it."""

    number: int
    line: int
    change: Change
    approved: bool


class ChangeTarget(NamedTuple):
    """The contact that a row changes: None where the row creates it, or where the row `creator` did not yet."""

    contact_id: str | None
    creator: int | None


class PlannedRows(NamedTuple):
    """How many rows are to create a contact, and to update one."""

    created: int
    updated: int


class PlanTotals(NamedTuple):
    """How many calls a plan takes, how many fields they write, how many tags are added and removed.

    So many values are `left` as they are, and so many changes `refused` by a person.
    """

    calls: int
    fields: int
    tags_added: int
    tags_removed: int
    left: int
    refused: int = 0


class ChangeTable:
    """The changes of an open checkpoint's rows. Writing needs the lock of whoever works on the run."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._starts: int | None = None

    # While a plan is made

    def keep_lookup(self, number: int, known: NotFound | Contact) -> None:
        """Keep what was found of a row's contact."""
        contact_id = known.id if isinstance(known, Contact) else None
        self._db.execute(
            "REPLACE INTO changed_row (number, contact_id, looked_up) VALUES (?, ?, ?)",
            (number, contact_id, _to_json(known)),
        )

    def lookups(self) -> Iterator[tuple[int, NotFound | Contact]]:
        """What was found of the contacts of rows, in the sheet's order."""
        query = "SELECT number, looked_up FROM changed_row WHERE looked_up IS NOT NULL ORDER BY number"
        return ((number, _from_json(text)) for number, text in self._db.stream(query))

    def set_plan(self, number: int, changes: Sequence[Change], creator: int | None = None) -> None:
        """What row `number` is to change of the contact that was found, or that the row `creator` creates."""
        self._db.execute("UPDATE changed_row SET creator = ? WHERE number = ?", (creator, number))
        self._store(number, changes)

    def finish_plan(self) -> None:
        """The plan is complete: what was found of contacts is forgotten, beside what is changed of them."""
        self._db.execute("DELETE FROM changed_row WHERE number NOT IN (SELECT number FROM change)")
        self._db.execute("UPDATE changed_row SET looked_up = NULL")

    def earlier_rows_of(self, number: int, target: str | int) -> list[int]:
        """The rows before `number` that are to change the same contact, in the sheet's order.

        `target` is the contact, or the row that creates it.
        """
        same = "contact_id = ?1" if isinstance(target, str) else "(number = ?1 OR creator = ?1)"
        found = self._db.rows(
            f"SELECT number FROM changed_row WHERE {same} AND number < ?2 "
            "AND EXISTS (SELECT 1 FROM change WHERE change.number = changed_row.number) ORDER BY number",
            *(target, number),
        )
        return [int(number) for (number,) in found]

    def creates(self, number: int) -> bool:
        """Whether row `number` is to create a contact."""
        query = "SELECT 1 FROM change WHERE number = ? AND action = ? LIMIT 1"
        return self._db.row(query, number, Action.CREATE) is not None

    # Reading

    def of(self, number: int, *, refused: bool = False) -> list[Change]:
        """The approved changes of a row; with `refused`, the others too."""
        query = f"SELECT {_COLUMNS} FROM change WHERE number = ? AND (approved OR ?) ORDER BY line"
        return [_change(*found) for found in self._db.rows(query, number, refused)]

    def target_of(self, number: int) -> ChangeTarget:
        """Which contact a row changes."""
        found = self._db.row(
            "SELECT coalesce(changed_row.contact_id, maker.contact_id), creator FROM changed_row "
            "LEFT JOIN row AS maker ON maker.number = creator AND maker.created_by_run "
            "WHERE changed_row.number = ?",
            number,
        )
        return ChangeTarget(None, None) if found is None else ChangeTarget(*found)

    def any_contact(self) -> str | None:
        """A contact that is to be changed, if there is one."""
        found: str | None = self._db.value(
            "SELECT contact_id FROM changed_row WHERE contact_id IS NOT NULL LIMIT 1"
        )
        return found

    def lines(self) -> Iterator[StoredChange]:
        """All changes, in the sheet's order."""
        query = f"SELECT number, line, approved, {_COLUMNS} FROM change ORDER BY number, line"
        for number, line, approved, *found in self._db.stream(query):
            yield StoredChange(int(number), int(line), _change(*found), bool(approved))

    def written_contacts(self) -> Iterator[tuple[str, list[int]]]:
        """The contacts that were there before and of which a write was about to leave, first written first.

        Each has the rows that wrote it.
        """
        query = (
            f"SELECT contact_id, number {_WRITTEN} ORDER BY min(started) OVER (PARTITION BY contact_id), started"
        )
        for contact_id, found in groupby(self._db.stream(query), key=itemgetter(0)):
            yield str(contact_id), [int(number) for _, number in found]

    def made_to(self, contact_id: str) -> list[Change]:
        """The changes of a contact of which a write was about to leave, oldest first."""
        found = self._db.rows(
            f"SELECT {_COLUMNS} FROM change JOIN (SELECT number, started {_WRITTEN} AND contact_id = ?) "
            "USING (number) WHERE approved ORDER BY started, line",
            contact_id,
        )
        return [_change(*one) for one in found]

    def planned_rows(self) -> PlannedRows:
        """How many rows wait for their plan to be applied, by what it does to their contacts."""
        found = self._db.rows(
            "SELECT EXISTS (SELECT 1 FROM change WHERE change.number = coalesce(merged_into, row.number) "
            "AND action = ?) AS creates, count(*) FROM row WHERE state = ? GROUP BY creates",
            *(Action.CREATE, RowState.PLANNED),
        )
        counted = {bool(creates): int(rows) for creates, rows in found}
        return PlannedRows(counted.get(True, 0), counted.get(False, 0))

    def count(self) -> int:
        """How many changes there are."""
        return int(self._db.value("SELECT count(*) FROM change"))

    def totals(self) -> PlanTotals:
        """What all changes come to, those that are left as they are aside."""
        calls = self._db.value(
            "SELECT coalesce(sum(calls), 0) FROM (SELECT max(call) AS calls FROM change WHERE action <> ? "
            "GROUP BY number)",
            Action.LEAVE,
        )
        found = self._db.rows(
            "SELECT count(*) FILTER (WHERE action IN (?, ?)), count(*) FILTER (WHERE action = ?), "
            "count(*) FILTER (WHERE action = ?), count(*) FILTER (WHERE action = ?), "
            "count(*) FILTER (WHERE action <> ? AND NOT approved) FROM change",
            *(Action.CREATE, Action.UPDATE, Action.ADD_TAGS, Action.REMOVE_TAGS, Action.LEAVE, Action.LEAVE),
        )[0]
        return PlanTotals(int(calls), *map(int, found))

    # While a run writes

    def open_planned(self, refused: Iterable[tuple[int, int]]) -> None:
        """Open the rows of a plan of which nothing was sent, without the `refused` changes (row, line).

        A row without changes that are approved is skipped.
        """
        with self._db.transaction():
            self._db.execute("UPDATE change SET approved = action <> ?", (Action.LEAVE,))
            self._db.executemany("UPDATE change SET approved = 0 WHERE number = ? AND line = ?", refused)
            of_rows = "WHERE coalesce(merged_into, number) IN (SELECT number FROM change WHERE "
            self._db.execute(
                f"UPDATE row SET state = ?, status = ?, message = ? {of_rows} action <> '{Action.LEAVE}')",
                (RowState.DONE, Status.SKIPPED, NOT_APPROVED),
            )
            self._db.execute(
                f"UPDATE row SET state = ?, status = NULL, message = '' {of_rows} approved)", (RowState.READY,)
            )

    def start(self, number: int, contact_id: str, changes: Sequence[Change] | None = None) -> None:
        """A write of row `number` is about to leave, one of these `changes` (None: of those of its plan).

        What was there before the first write of a field or tag stays known; durable when this returns.
        """
        if self._starts is None:
            self._starts = int(self._db.value("SELECT coalesce(max(started), 0) FROM changed_row"))
        self._starts += 1
        with self._db.transaction():
            is_first = self._db.execute(
                "INSERT INTO changed_row (number, contact_id, started) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (number, contact_id, self._starts),
            ).rowcount
            if not is_first:
                self._db.execute(
                    "UPDATE changed_row SET contact_id = ?, started = coalesce(started, ?) WHERE number = ?",
                    (contact_id, self._starts, number),
                )
            if changes is not None:
                self._store(number, changes if is_first else merge_changes(self.of(number), changes))

    def start_unread(self, number: int, contact_id: str, payload: Iterable[Field]) -> None:
        """The create of row `number` was answered with a contact that was there before, and that nobody had read.

        What the fields of its `payload` held then is not known, nor which tags it had.
        """
        with self._db.transaction():
            made = self.of(number) or [Change(one.name, "", None, one.value, Action.CREATE, 1) for one in payload]
            self.start(number, contact_id)
            self._store(number, [replace(one, before=None) for one in made])

    def set_planned(self, number: int) -> None:
        """Row `number`, and those that it stands for, wait until their plan is applied."""
        self._db.execute(
            f"UPDATE row SET state = '{RowState.PLANNED}', status = NULL, message = '' "
            "WHERE number = ? OR merged_into = ?",
            (number, number),
        )

    def _store(self, number: int, changes: Sequence[Change]) -> None:
        self._db.executemany(
            f"REPLACE INTO change (number, line, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (number, line, one.field, one.tag, one.before, one.after, one.action, one.call, one.note)
                for line, one in enumerate(changes, 1)
            ),
        )


def _change(field: str, tag: str, before: str | None, after: str, action: str, call: int, note: str) -> Change:
    return Change(field, tag, before, after, Action(action), call, note)


def _to_json(known: NotFound | Contact) -> str:
    if isinstance(known, NotFound):
        return json.dumps({"looked": known.looked})
    return json.dumps(
        {
            "id": known.id,
            "fields": dict(known.fields),
            "tags": sorted(known.tags),
            "absent_tags": sorted(known.absent_tags),
            "complete": known.complete,
        }
    )


def _from_json(text: str) -> NotFound | Contact:
    found = json.loads(text)
    if "looked" in found:
        return NotFound(found["looked"])
    tags, absent_tags = frozenset(found["tags"]), frozenset(found["absent_tags"])
    return Contact(found["id"], found["fields"], tags, absent_tags, complete=found["complete"])
