"""What the rows of a checkpoint add up to: read, never written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Status
from heyx_bulk.storage.checkpoint.row_record import CellsDigest, InvalidCause, RowState
from heyx_bulk.storage.checkpoint.run_info import RunInfo

_NO_LEADER = "number NOT IN (SELECT merged_into FROM row WHERE merged_into IS NOT NULL)"
"""Of rows that stand for no other."""


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

    def created_contacts(self) -> Iterator[tuple[int, str]]:
        """The rows whose contact this run created, and that contact, in the sheet's order."""
        query = (
            "SELECT number, contact_id FROM row WHERE created_by_run AND contact_id IS NOT NULL "
            "AND merged_into IS NULL ORDER BY number"
        )
        return ((int(number), str(contact_id)) for number, contact_id in self._db.stream(query))

    def sent_rows(self, statuses: Collection[Status]) -> dict[str, str]:
        """The cells (as the table holds them) of rows with these statuses, and the contact of each.

        Rows that stand for others, or are stood for, are left out.
        """
        words = ", ".join(f"'{status}'" for status in statuses)
        query = (
            f"SELECT cells, contact_id FROM row WHERE status IN ({words}) AND contact_id IS NOT NULL "
            f"AND merged_into IS NULL AND {_NO_LEADER}"
        )
        return {str(cells): str(contact_id) for cells, contact_id in self._db.stream(query)}

    def plain_open_rows(self) -> Iterator[tuple[int, str]]:
        """The open rows, each with its cells as the table holds them; as in `sent_rows`."""
        query = (
            "SELECT number, cells FROM row WHERE state = ? AND merged_into IS NULL "
            f"AND {_NO_LEADER} ORDER BY number"
        )
        return ((int(number), str(cells)) for number, cells in self._db.stream(query, RowState.READY))

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

    def count_blocked(self) -> int:
        """How many rows that are not done share a key value with an earlier one."""
        query = (
            f"SELECT count(DISTINCT number) FROM blocked JOIN row USING (number) WHERE state <> '{RowState.DONE}'"
        )
        return int(self._db.rows(query)[0][0])

    def totals(self) -> dict[str, int]:
        """Rows by status; those not done are counted as `unconfirmed` or `to do`."""
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
        """Whether nothing was sent for any row so far, nor looked for."""
        idle = f"status = '{Status.INVALID}' OR superseded_by IS NOT NULL"
        if self._db.row("SELECT 1 FROM changed_row WHERE started IS NOT NULL LIMIT 1") is not None:
            return False
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

    def digest(self) -> str:
        """The digest of the rows' cells as they are stored."""
        digest = CellsDigest(RunInfo.read(self._db).header)
        for number, cells in self._db.stream("SELECT number, cells FROM row ORDER BY number"):
            digest.add([number], [cells])
        return digest.hexdigest()
