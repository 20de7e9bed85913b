"""What became of one row, from its cells to its outcome: read from the checkpoint alone."""

from __future__ import annotations

from dataclasses import dataclass

from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.models.contacts import ContactRow
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.storage.checkpoint.call_table import CallRecord
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run


@dataclass(frozen=True, slots=True)
class RowHistory:
    """One row: as the journal has it, its cells (column letter, header, text), what it wants, and its calls."""

    record: RowRecord
    cells: tuple[tuple[str, str, str], ...]
    row: ContactRow
    calls: tuple[CallRecord, ...]


def row_history(run: Run, number: int) -> RowHistory:
    """What became of the row `number`; raises `CheckpointMismatch` where the sheet has no such row."""
    checkpoint = run.checkpoint
    record = checkpoint.queue.find_row(number)
    if record is None:
        first, last = checkpoint.queries.row_bounds()
        raise CheckpointMismatch(
            f"{checkpoint.info.sheet} has no row {number}; its rows are {first} to {last}.",
            "Name a row by the number that the spreadsheet shows beside it.",
        )
    header = checkpoint.info.header
    cells = tuple((column_letter(at), header[at], text) for at, text in enumerate(record.cells) if text)
    return RowHistory(record, cells, run.row(record), tuple(checkpoint.calls.of_row(number)))
