"""What the rows of a checkpoint add up to: read, never written."""

from __future__ import annotations

from collections.abc import Iterator

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Status
from heyx_bulk.storage.checkpoint.row_record import RowState


class Queries:
    """Questions about all rows of an open checkpoint at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def confirmed_rows(self) -> list[int]:
        """Rows that HeyX agreed to and whose contact is known, in the sheet's order."""
        found = self._db.rows(
            "SELECT number FROM row WHERE status IN (?, ?, ?) AND contact_id IS NOT NULL ORDER BY number",
            *(Status.CREATED, Status.UPDATED, Status.UNCHANGED),
        )
        return [int(number) for (number,) in found]

    def row_bounds(self) -> tuple[int, int]:
        """The numbers of the first and the last row; of a sheet without rows 0 and 0."""
        ((first, last),) = self._db.rows("SELECT min(number), max(number) FROM row")
        return int(first or 0), int(last or 0)

    def inconsistent_rows(self) -> list[int]:
        """Rows that are not in exactly one status; the first ten. There should be none."""
        words = ", ".join(f"'{word}'" for word in Status)
        found = self._db.rows(
            f"SELECT number FROM row WHERE (state = '{RowState.DONE}') <> (status IS NOT NULL) "
            f"OR coalesce(status NOT IN ({words}), 0) ORDER BY number LIMIT 10"
        )
        return [int(number) for (number,) in found]

    def open_between(self, first: int, last: int) -> bool:
        """Whether a row between these numbers has no outcome yet."""
        query = f"SELECT 1 FROM row WHERE number BETWEEN ? AND ? AND state <> '{RowState.DONE}' LIMIT 1"
        return self._db.row(query, first, last) is not None

    def failures(self) -> Iterator[tuple[int, Status, str]]:
        """Rows that failed or are uncertain: number, status and message, in the sheet's order."""
        found = self._db.stream(
            "SELECT number, status, message FROM row WHERE status IN (?, ?) ORDER BY number",
            *(Status.FAILED, Status.UNCERTAIN),
        )
        return ((int(number), Status(str(status)), str(message)) for number, status, message in found)
