"""What became of one row, from its cells to its outcome: read from the checkpoint alone."""

from __future__ import annotations

from dataclasses import dataclass

from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.mapping.column import letter
from heyx_bulk.models.contacts import ContactRow
from heyx_bulk.storage.checkpoint.call_table import Recorded
from heyx_bulk.storage.checkpoint.row_record import Entry
from heyx_bulk.storage.checkpoint.run import Run


@dataclass(frozen=True, slots=True)
class Explained:
    """One row: as the journal has it, its cells (column letter, header, text), what it wants, and its calls."""

    entry: Entry
    cells: tuple[tuple[str, str, str], ...]
    row: ContactRow
    calls: tuple[Recorded, ...]


def explain(run: Run, number: int) -> Explained:
    """What became of the row `number`; raises `CheckpointMismatch` where the sheet has no such row."""
    journal = run.journal
    entry = journal.find(number)
    if entry is None:
        first, last = journal.account.bounds()
        raise CheckpointMismatch(
            f"{journal.meta('sheet')} has no row {number}; its rows are {first} to {last}.",
            "Name a row by the number that the spreadsheet shows beside it.",
        )
    header = journal.header()
    cells = tuple((letter(at), header[at], text) for at, text in enumerate(entry.cells) if text)
    return Explained(entry, cells, run.row(entry), tuple(journal.calls.of_row(number)))
