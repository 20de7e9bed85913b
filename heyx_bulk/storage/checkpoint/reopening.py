"""Rows of a checkpoint opened again: failed and uncertain ones, and those that a person corrected."""

from __future__ import annotations

from collections.abc import Sequence

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Status
from heyx_bulk.storage.checkpoint.queries import Queries
from heyx_bulk.storage.checkpoint.row_corrections import RowCorrections
from heyx_bulk.storage.checkpoint.row_record import WHERE_IT_STANDS, CorrectedRow, RowState
from heyx_bulk.storage.checkpoint.run_info import Facts


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
                f"UPDATE row SET state = {WHERE_IT_STANDS}, status = NULL, message = '' "
                f"WHERE state = '{RowState.DONE}' AND status IN (?, ?)",
                (Status.FAILED, Status.UNCERTAIN),
            ).rowcount

    def reopen_rows(self, numbers: Sequence[int]) -> None:
        """Open rows that have an outcome; an uncertain one stays as it is."""
        with self._db.transaction():
            self._db.executemany(
                f"UPDATE row SET state = {WHERE_IT_STANDS}, status = NULL, message = '' "
                f"WHERE number = ? AND state = '{RowState.DONE}' AND status <> '{Status.UNCERTAIN}'",
                [(number,) for number in numbers],
            )

    def apply_corrections(self, rows: Sequence[CorrectedRow], *, uncertain: bool = False) -> None:
        """Take rows that a person corrected, and open them; with `uncertain`, as above.

        Which rows mean one contact is decided again, as when they were staged. A corrected row that means the
        contact of another one is invalid, or joins it where rows of one contact are made one.
        """
        with self._db.transaction():
            if uncertain:
                for row in rows:
                    self._forget_creates(
                        f"number IN ({row.number:d}, (SELECT merged_into FROM row WHERE number = {row.number:d}))"
                    )
            RowCorrections(self._db, rows).apply()
            Facts(self._db).corrected_digest = Queries(self._db).digest()

    def _forget_creates(self, condition: str) -> None:
        self._db.execute(
            f"UPDATE row SET status = '{Status.FAILED}', create_payload = NULL, create_sent_at = NULL "
            f"WHERE status = '{Status.UNCERTAIN}' AND {condition}"
        )
