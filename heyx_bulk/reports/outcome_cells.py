"""What our columns say of a row: its status, its contact's id, a message, and which row of which run it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from heyx_bulk.mapping.columns import OUR_COLUMNS, Column, normalize_name
from heyx_bulk.reports.run_totals import status_word
from heyx_bulk.storage.checkpoint.row_record import RowRecord, RowState

_ROW_LABEL = re.compile(r"row (\d+) of run ([0-9a-f]{8})")
_OPEN_MESSAGES = {
    RowState.CREATE_PENDING: "its create went unanswered; the next session looks for it",
    RowState.PLANNED: "planned, not sent yet",
    RowState.READY: "not sent yet",
    RowState.CREATED: "created, but not finished",
}


def outcome_cells(record: RowRecord, ids: Sequence[Column], label: str) -> list[str]:
    """The texts of our columns for a row; `ids` are the sheet's columns of contact ids."""
    message = record.message if record.state is RowState.DONE else _OPEN_MESSAGES[record.state]
    if record.state is RowState.READY and record.updated_by_run:
        message = "updated, but not finished"
    return [status_word(record), reported_id(record, ids), message, label]


def reported_id(record: RowRecord, ids: Sequence[Column]) -> str:
    """The contact id of a row in a file of results."""
    return record.contact_id or record.assigned_id or (record.cells[ids[0].position] if ids else "")


def row_label(run_id: str, number: int) -> str:
    """The label of a row in a file for corrections: `row 12 of run 1a2b3c4d`."""
    return f"row {number} of run {run_id[:8]}"


def parse_row_label(name: str) -> tuple[int, str] | None:
    """The number and the run of a label that `row_label` wrote; None for any other text."""
    found = _ROW_LABEL.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def sheet_positions(header: Sequence[str]) -> tuple[int, ...]:
    """The positions of a sheet's own columns, those that are not ours."""
    ours = {normalize_name(name) for name in OUR_COLUMNS}
    return tuple(position for position, text in enumerate(header) if normalize_name(text) not in ours)
