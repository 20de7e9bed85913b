"""The cells of an edited export that only a spreadsheet changed: given back what the export wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Context, Decimal, InvalidOperation
from functools import cached_property

from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.mapped_frame import map_rows
from heyx_bulk.models.contacts import Contact, Problem, Status
from heyx_bulk.storage.cache.known_contacts import KnownContacts
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_record import CorrectedRow, RowRecord
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.kept_cells import KeptCells
from heyx_bulk.upload.staging import revalidate
from heyx_bulk.values.equality import key_text, text_of
from heyx_bulk.values.spreadsheet_damage import is_spreadsheet_change
from heyx_bulk.values.text import trim

SHOWN_DIGITS = 6
"""The digits that Excel shows of a long number."""

MOST_COMPARED = 100
"""Among how many contacts whose ids begin alike the one is looked for that has the cells of a row."""

_IdsByKey = defaultdict[tuple[str, str], set[str]]


def restore_exported_cells(checkpoint: Checkpoint, contacts: KnownContacts, number: int | None) -> None:
    """Give cells of a staged run back what the export `number`, or any that is remembered, showed of them.

    These are cells that differ from the export only as a spreadsheet changes texts, contact ids among them. Rows
    that were invalid for nothing else become valid. The checkpoint keeps how many cells they are.
    """
    run, kept = Run.from_checkpoint(checkpoint), KeptCells()
    if run.columns.used(Use.ID):
        rows = [*_ExportedCells(run, contacts, number, kept).restored_rows()]
        checkpoint.reopening.apply_corrections(rows)
        checkpoint.facts.kept_cells = asdict(kept)


def kept_cells_of(checkpoint: Checkpoint) -> KeptCells:
    """The cells of a run's sheet that keep their exported values."""
    kept = checkpoint.facts.kept_cells
    return KeptCells() if kept is None else KeptCells(**kept)


class _ExportedCells:
    """Compares the rows of a run with what exports showed of their contacts."""

    def __init__(self, run: Run, contacts: KnownContacts, number: int | None, kept: KeptCells) -> None:
        self._run = run
        self._contacts = contacts
        self._number = number
        self._namesakes = {one.number for one in contacts.exports() if one.name == run.checkpoint.info.sheet}
        self._kept = kept
        self._id_column = run.columns.used(Use.ID)[0]
        fields = (column for column in run.columns.used(Use.FIELD) if not column.transforms)
        self._compared = (*fields, *run.columns.exported_lists())

    def restored_rows(self) -> Iterator[CorrectedRow]:
        """The rows some of whose cells are restored."""
        for record in self._run.checkpoint.queue.rows():
            if record.status in (None, Status.INVALID):
                cells, restored = self._restore(record)
                if restored:
                    problems = self._remaining_problems(record, restored)
                    yield revalidate(self._run, record.number, cells, record.assigned_id, problems)

    def _restore(self, record: RowRecord) -> tuple[list[str], list[Column]]:
        """The cells of a row as they were exported, as far as only a spreadsheet changed them, and which did."""
        cells, restored = list(record.cells), []
        shown = self._shown(record.cells)
        for column in (self._id_column, *self._compared):
            found, texts = cells[column.position], [_exported_text(one, column) for one in shown]
            for text in texts if trim(found) not in texts else ():
                chosen = self._kept.choose(text, found, record.number, str(column))
                if chosen != found:
                    cells[column.position] = chosen
                    restored.append(column)
                    break
        return cells, restored

    def _shown(self, cells: Sequence[str]) -> list[Contact]:
        """What exports showed of a row's contact, the newest first."""
        contact_id = trim(cells[self._id_column.position])
        shown = self._versions(contact_id)
        if not shown and contact_id and (recovered := self._recovered_id(contact_id, cells)) is not None:
            return self._versions(recovered)
        return shown

    def _versions(self, contact_id: str) -> list[Contact]:
        """What exports showed of a contact, the newest first: of those of the sheet's name alone, if one did."""
        shown = [
            (max(exports), contact, not self._namesakes.isdisjoint(exports))
            for contact, exports in self._contacts.exported_versions(contact_id)
            if self._number is None or self._number in exports
        ]
        shown = [one for one in shown if one[-1]] or shown
        return [contact for _, contact, _ in sorted(shown, key=lambda one: -one[0])]

    def _recovered_id(self, damaged: str, cells: Sequence[str]) -> str | None:
        """The id that a damaged one was, by the row's other cells; None where that is not certain.

        That is the one fitting contact with a key of the row, or with all of its cells, or the only fitting one if
        any cell is its own.
        """
        if (place := _rounded(damaged)) is None:
            return None
        by_key, by_id = self._exported_ids
        keys = ((one.field, key_text(one.field, cells[one.position])) for one in self._run.columns.used(Use.FIELD))
        with_key = {one for key in keys for one in by_key.get(key, ()) if is_spreadsheet_change(one, damaged)}
        if with_key:
            return next(iter(with_key)) if len(with_key) == 1 else None
        if len(near := by_id.get(place, set())) > MOST_COMPARED:
            return None
        fitting = [one for one in near if is_spreadsheet_change(one, damaged)]
        agreeing = {one: [*self._agreements(one, cells)] for one in fitting}
        whole = [one for one, cells_agree in agreeing.items() if all(cells_agree)]
        likely = [one for one, cells_agree in agreeing.items() if any(cells_agree)] if len(fitting) == 1 else []
        certain = whole or likely
        return certain[0] if len(certain) == 1 else None

    def _agreements(self, contact_id: str, cells: Sequence[str]) -> Iterator[bool]:
        """For each cell with a value, whether it is that of an exported contact, spreadsheet changes aside."""
        for contact in self._versions(contact_id)[:1]:
            for column in self._compared:
                text, found = _exported_text(contact, column), trim(cells[column.position])
                if found:
                    yield text == found or is_spreadsheet_change(text, found)

    @cached_property
    def _exported_ids(self) -> tuple[_IdsByKey, dict[Decimal, set[str]]]:
        """The ids of exported contacts by the values of their keys, and by their first digits."""
        by_key, by_id = _IdsByKey(set), defaultdict[Decimal, set[str]](set)
        for contact in self._contacts.all_exported(self._number):
            for name in self._run.columns.keys:
                if value := key_text(name, contact.fields.get(name)):
                    by_key[name, value].add(contact.id)
            if (place := _rounded(contact.id)) is not None:
                by_id[place].add(contact.id)
        return by_key, by_id

    def _remaining_problems(self, record: RowRecord, restored: Sequence[Column]) -> list[Problem]:
        """The problems of a row that its cells do not show again, apart from those of restored cells."""
        mapped = map_rows(self._run.columns, {record.number: record.cells})
        read = mapped.problems_by_row.get(record.number, [])
        gone = tuple(f"column {column} " for column in restored)
        return [one for one in record.problems if one not in read and not one.detail.startswith(gone)]


def _rounded(number: str) -> Decimal | None:
    """A number by its first digits, as a spreadsheet may have shortened it; None for any other text."""
    try:
        return Context(prec=SHOWN_DIGITS).create_decimal(number.replace(",", "."))
    except InvalidOperation:
        return None


def _exported_text(contact: Contact, column: Column) -> str:
    """What an export wrote of a contact into a column; of several tags, nothing that could be compared."""
    match column.use:
        case Use.ID:
            return contact.id
        case Use.FIELD:
            return text_of(contact.fields.get(column.field))
        case _:
            return next(iter(contact.tags)) if len(contact.tags) == 1 else ""
