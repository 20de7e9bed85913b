"""Rows of a checkpoint opened again: failed and uncertain ones, and those that a person corrected."""

from __future__ import annotations

from collections.abc import Sequence

from heyx_bulk.database import Database
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.mapped_frame import RowKey
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.contacts import Problem, Status
from heyx_bulk.storage.checkpoint.key_index import KeyIndex
from heyx_bulk.storage.checkpoint.queries import Queries
from heyx_bulk.storage.checkpoint.row_keys import RowKeys
from heyx_bulk.storage.checkpoint.row_links import RowLinks
from heyx_bulk.storage.checkpoint.row_record import CorrectedRow, RowState, problems_to_json, to_json
from heyx_bulk.storage.checkpoint.run_info import Facts, RunInfo

_WHERE_IT_STANDS = (
    f"CASE WHEN merged_into IS NOT NULL THEN '{RowState.READY}' "
    f"WHEN status = '{Status.UNCERTAIN}' AND create_payload IS NOT NULL THEN '{RowState.CREATE_PENDING}' "
    f"WHEN created_by_run THEN '{RowState.CREATED}' ELSE '{RowState.READY}' END"
)
"""The state of a row that is opened again; one that shared the outcome of another's create has sent none."""


class Reopening:
    """Opens rows again, each where it stands, all that are asked for or none."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def reopen_failed(self, *, uncertain: bool = False) -> int:
        """Open the failed and uncertain rows; how many they are.

        With `uncertain`, rows whose create went unanswered are opened as if it never was.
        """
        with self._db.transaction():
            if uncertain:
                self._forget_creates("1")
            return self._db.execute(
                f"UPDATE row SET state = {_WHERE_IT_STANDS}, status = NULL, message = '' "
                f"WHERE state = '{RowState.DONE}' AND status IN (?, ?)",
                (Status.FAILED, Status.UNCERTAIN),
            ).rowcount

    def reopen_rows(self, numbers: Sequence[int]) -> None:
        """Open rows that have an outcome; an uncertain one stays as it is."""
        with self._db.transaction():
            self._db.executemany(
                f"UPDATE row SET state = {_WHERE_IT_STANDS}, status = NULL, message = '' "
                f"WHERE number = ? AND state = '{RowState.DONE}' AND status <> '{Status.UNCERTAIN}'",
                [(number,) for number in numbers],
            )

    def apply_corrections(self, rows: Sequence[CorrectedRow], *, uncertain: bool = False) -> None:
        """Take rows that a person corrected, and open them; with `uncertain`, as above.

        One that does not mean the contact of its group any more leaves it. One with the same key as another row of
        the run is invalid, or joins that row where rows of one contact are made one.
        """
        with self._db.transaction():
            if uncertain:
                for row in rows:
                    self._forget_creates(
                        f"number IN ({row.number:d}, (SELECT merged_into FROM row WHERE number = {row.number:d}))"
                    )
            _Corrections(self._db, rows).apply()
            Facts(self._db).corrected_digest = Queries(self._db).digest()

    def _forget_creates(self, condition: str) -> None:
        self._db.execute(
            f"UPDATE row SET status = '{Status.FAILED}', create_payload = NULL, create_sent_at = NULL "
            f"WHERE status = '{Status.UNCERTAIN}' AND {condition}"
        )


class _Corrections:
    """Rows that a person corrected, on their way into the tables, within a transaction."""

    def __init__(self, db: Database, rows: Sequence[CorrectedRow]) -> None:
        self._db = db
        self._rows = rows
        info = RunInfo.read(db)
        self._merges = info.duplicates == Duplicates.MERGE
        self._keys = RowKeys(db, Columns.from_document(info.columns))
        self._moved: dict[int, tuple[str, str] | None] = {}
        """What rows are matched by that stand for themselves alone now; None where they are invalid."""
        self._touched: set[int] = set()
        """The rows whose keys, or those of rows they stand for, may have changed."""

    def apply(self) -> None:
        """Take the rows, and link all rows whose keys changed."""
        rows = self._rows
        KeyIndex(self._db).add(RowKey(row.number, rank, *key) for row in rows for rank, key in enumerate(row.keys))
        self._touched.update(row.number for row in rows)
        alone = [row for row in rows if not self._stays(row)]
        for row in alone:
            self._leave(row)
        joined = [row.number for row in alone if self._merges and self._joins(row)]
        for row in rows:
            doubles = row in alone and row.number not in joined
            self._reopen(row, row.problems or (self._duplicate(row) if doubles else ()))
        for row in rows:
            self._reopen_leader(row.number)
        self._link()

    def _stays(self, row: CorrectedRow) -> bool:
        """Whether a row still means the contact of those it was merged with."""
        leader = self._leader(row.number)
        if leader is None and self._follower(row.number) is None:
            return False
        first = self._matched_by(leader or row.number)
        return bool(row.keys) and first == row.keys[0]

    def _leave(self, row: CorrectedRow) -> None:
        """Let a row stand for itself alone, with its own keys."""
        if (leader := self._leader(row.number)) is not None:
            self._touched.add(leader)
        if (follower := self._follower(row.number)) is not None:
            self._lead(row.number, follower)
        self._db.execute("UPDATE row SET merged_into = NULL WHERE number = ?", (row.number,))
        self._moved[row.number] = row.keys[0] if row.keys else None

    def _joins(self, row: CorrectedRow) -> bool:
        """Whether a row joins another with its key; one that made a contact, or may have, does not."""
        ((made, was),) = self._db.rows("SELECT created_by_run, status FROM row WHERE number = ?", row.number)
        other = self._same_key(row)
        if other is None or made or was == Status.UNCERTAIN:
            return False
        self._db.execute(
            "UPDATE row SET merged_into = ? WHERE number = ? OR merged_into = ?", (other, row.number, row.number)
        )
        return True

    def _reopen_leader(self, number: int) -> None:
        """Open the row that stands for row `number` too, whatever became of it: it wants something else now."""
        self._db.execute(
            f"UPDATE row SET state = {_WHERE_IT_STANDS}, status = NULL, message = '' "
            f"WHERE state = '{RowState.DONE}' AND number = (SELECT merged_into FROM row WHERE number = ?)",
            (number,),
        )

    def _leader(self, number: int) -> int | None:
        """The row that stands for row `number`, if another does."""
        leader: int | None = self._db.value("SELECT merged_into FROM row WHERE number = ?", number)
        return leader

    def _follower(self, number: int) -> int | None:
        """The first row that row `number` stands for, if it stands for any."""
        found: int | None = self._db.value("SELECT min(number) FROM row WHERE merged_into = ?", number)
        return found

    def _lead(self, before: int, leader: int) -> None:
        """Let another row stand for those that row `before` stood for."""
        self._db.execute(
            "UPDATE row SET merged_into = CASE WHEN number = ? THEN NULL ELSE ? END WHERE merged_into = ?",
            (leader, leader, before),
        )
        self._touched.add(leader)

    def _duplicate(self, row: CorrectedRow) -> tuple[Problem, ...]:
        found = self._same_key(row)
        name = row.keys[0][0] if row.keys else ""
        return () if found is None else (Problem(f"same {name} as another row", f"same {name} as row {found}"),)

    def _same_key(self, row: CorrectedRow) -> int | None:
        """Another row that is matched by the same value."""
        if not row.keys:
            return None
        possible = self._keys.possible_rows(*row.keys[0])
        others = (number for number in possible if number != row.number)
        return next((number for number in others if self._matched_by(number) == row.keys[0]), None)

    def _matched_by(self, number: int) -> tuple[str, str] | None:
        """Field and value that a row is matched by."""
        if number in self._moved:
            return self._moved[number]
        return next(((key.field, key.value) for key in self._keys.own(number)), None)

    def _link(self) -> None:
        """Put the rows whose keys may have changed into the chains of their values, where they stand now."""
        links = RowLinks(self._db)
        self._touched.update(filter(None, map(self._leader, [*self._touched])))
        for number in self._touched:
            links.unlink(number)
        for number in self._touched:
            for key in self._keys.of_contact(number) if self._leader(number) is None else ():
                possible = self._keys.possible_rows(key.field, key.value)
                earlier = (other for other in reversed(possible) if other < number and self._has(other, key))
                later = (other for other in possible if other > number and self._has(other, key))
                links.link(number, key.field, next(earlier, None), next(later, None))

    def _has(self, number: int, key: RowKey) -> bool:
        """Whether the contact that a row stands for has the value of a key."""
        return any((one.field, one.value) == (key.field, key.value) for one in self._keys.of_contact(number))

    def _reopen(self, row: CorrectedRow, problems: tuple[Problem, ...]) -> None:
        query = f"SELECT {_WHERE_IT_STANDS}, status FROM row WHERE number = ?"
        ((state, before),) = self._db.rows(query, row.number)
        status, message = None, ""
        if problems:
            self._moved[row.number] = None
            state, status = RowState.DONE, Status.INVALID if state == RowState.READY else before
            message = "; ".join(problem.detail for problem in problems)
        self._db.execute(
            "UPDATE row SET cells = ?, assigned_id = ?, state = ?, status = ?, message = ?, problems = ? "
            "WHERE number = ?",
            (
                to_json(list(row.cells)),
                row.assigned_id,
                state,
                status,
                message,
                problems_to_json(problems),
                row.number,
            ),
        )
