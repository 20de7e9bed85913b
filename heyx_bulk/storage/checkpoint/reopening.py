"""Rows of a checkpoint opened again: failed and uncertain ones, and those that a person corrected."""

from __future__ import annotations

from collections.abc import Sequence

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Problem, Status
from heyx_bulk.storage.checkpoint.queries import Queries
from heyx_bulk.storage.checkpoint.row_record import LINK_ROWS, CorrectedRow, RowState, problems_to_json, to_json
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
        merges = RunInfo.read(self._db).duplicates == "merge"
        with self._db.transaction():
            self._apply(rows, uncertain=uncertain, merges=merges)
            Facts(self._db).corrected_digest = Queries(self._db).digest()

    def _apply(self, rows: Sequence[CorrectedRow], *, uncertain: bool, merges: bool) -> None:
        for number in [row.number for row in rows if uncertain]:
            self._forget_creates(
                f"number IN ({number:d}, (SELECT merged_into FROM row WHERE number = {number:d}))"
            )
        alone = [row for row in rows if not self._stays(row)]
        for row in alone:
            self._leave(row)
        joined = [row.number for row in alone if merges and self._joins(row)]
        for row in rows:
            doubles = row in alone and row.number not in joined
            self._reopen(row, row.problems or (self._duplicate(row) if doubles else ()))
        for row in rows:
            self._reopen_leader(row.number)
        self._db.execute("DELETE FROM blocked")
        self._db.execute(LINK_ROWS)

    def _forget_creates(self, condition: str) -> None:
        self._db.execute(
            f"UPDATE row SET status = '{Status.FAILED}', create_payload = NULL, create_sent_at = NULL "
            f"WHERE status = '{Status.UNCERTAIN}' AND {condition}"
        )

    def _stays(self, row: CorrectedRow) -> bool:
        """Whether a row still means the contact of those it was merged with."""
        leader = self._leader(row.number)
        if leader is None and self._follower(row.number) is None:
            return False
        first = self._db.row("SELECT field, value FROM key WHERE number = ? AND rank = 0", leader or row.number)
        return bool(row.keys) and first == row.keys[0]

    def _leave(self, row: CorrectedRow) -> None:
        """Let a row stand for itself alone, with its own keys."""
        if (follower := self._follower(row.number)) is not None:
            self._lead(row.number, follower)
        self._db.execute("UPDATE row SET merged_into = NULL WHERE number = ?", (row.number,))
        self._db.execute("DELETE FROM key WHERE number = ?", (row.number,))
        self._db.executemany(
            "INSERT INTO key VALUES (?, ?, ?, ?)", [(row.number, rank, *key) for rank, key in enumerate(row.keys)]
        )

    def _joins(self, row: CorrectedRow) -> bool:
        """Whether a row joins another with its key; one that made a contact, or may have, does not."""
        ((made, was),) = self._db.rows("SELECT created_by_run, status FROM row WHERE number = ?", row.number)
        other = self._same_key(row)
        if other is None or made or was == Status.UNCERTAIN:
            return False
        self._db.execute("DELETE FROM key WHERE number = ?", (row.number,))
        self._db.execute("UPDATE row SET merged_into = ? WHERE number = ?", (other, row.number))
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
        """Let another row stand for those that row `before` stood for, with its keys."""
        self._db.execute(
            "UPDATE row SET merged_into = CASE WHEN number = ? THEN NULL ELSE ? END WHERE merged_into = ?",
            (leader, leader, before),
        )
        self._db.execute("UPDATE key SET number = ? WHERE number = ?", (leader, before))

    def _duplicate(self, row: CorrectedRow) -> tuple[Problem, ...]:
        found = self._same_key(row)
        name = row.keys[0][0] if row.keys else ""
        return () if found is None else (Problem(f"same {name} as another row", f"same {name} as row {found}"),)

    def _same_key(self, row: CorrectedRow) -> int | None:
        """Another row that is matched by the same value."""
        name, value = row.keys[0] if row.keys else ("", "")
        query = "SELECT min(number) FROM key WHERE field = ? AND value = ? AND rank = 0 AND number <> ?"
        found: int | None = self._db.value(query, name, value, row.number)
        return found

    def _reopen(self, row: CorrectedRow, problems: tuple[Problem, ...]) -> None:
        query = f"SELECT {_WHERE_IT_STANDS}, status FROM row WHERE number = ?"
        ((state, before),) = self._db.rows(query, row.number)
        status, message = None, ""
        if problems:
            self._db.execute("DELETE FROM key WHERE number = ?", (row.number,))
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
