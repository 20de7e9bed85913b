"""Rows counted by status: the words, their colors, the totals in a line, and the exit code."""

from __future__ import annotations

from collections.abc import Mapping

from heyx_bulk.models.contacts import Status
from heyx_bulk.models.phrases import count
from heyx_bulk.reports.stop_conditions import FailureLimit
from heyx_bulk.storage.checkpoint.row_record import RowRecord, RowState

UNCONFIRMED = "unconfirmed"
TO_DO = "to do"
NEEDS_ATTENTION = (Status.FAILED, Status.INVALID, Status.UNCERTAIN)
WORDS = (*Status, UNCONFIRMED, TO_DO)

STATUS_COLORS = {
    Status.CREATED: "#E2F0D9",
    Status.UPDATED: "#E2F0D9",
    Status.FAILED: "#F8CBAD",
    Status.INVALID: "#FFE699",
    Status.UNCERTAIN: "#FFE699",
    UNCONFIRMED: "#FFE699",
}
"""The colors of `heyx status` in a workbook: green for success, yellow and red for rows that need attention."""


def totals_line(totals: Mapping[str, int], contacts: int | None = None) -> str:
    """The totals in a sentence: `42 rows: 38 created, 3 failed, 1 invalid`.

    `contacts` is how many there are, where several rows stand for one: `42 rows for 40 contacts: …`.
    """
    parts = [f"{totals[word]:,} {word}" for word in WORDS if totals.get(word)]
    sent = f" for {count(contacts, 'contact')}" if contacts is not None else ""
    return f"{count(sum(totals.values()), 'row')}{sent}: {', '.join(parts)}" if parts else "0 rows"


def complete_totals(totals: Mapping[str, int]) -> dict[str, int]:
    """The totals with every status, those that no row has too."""
    return {str(word): totals.get(word, 0) for word in WORDS}


def exit_code(totals: Mapping[str, int], max_invalid: FailureLimit | None = None) -> int:
    """0 if every row succeeded, as many invalid ones aside as are accepted; otherwise 3."""
    wanted = [Status.CREATED, Status.UPDATED, Status.UNCHANGED, Status.SKIPPED]
    if max_invalid is not None and totals.get(Status.INVALID, 0) <= max_invalid.of(sum(totals.values())):
        wanted.append(Status.INVALID)
    return 0 if all(word in wanted for word, number in totals.items() if number) else 3


def status_word(record: RowRecord) -> str:
    """The status of a row, or `unconfirmed` or `to do` if it has none yet."""
    if record.state is RowState.DONE:
        return str(record.status or "")
    return UNCONFIRMED if record.state is RowState.CREATE_PENDING else TO_DO


def count_open(totals: Mapping[str, int]) -> int:
    """How many rows have no outcome yet."""
    return totals.get(TO_DO, 0) + totals.get(UNCONFIRMED, 0)
