"""One sheet on its way to one channel: what its checkpoint records, read with what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from heyx_bulk.mapping.columns import Columns, Use
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.contacts import ContactRow, Field, Policy, Problem
from heyx_bulk.models.documents import restore
from heyx_bulk.planning.changes import Action, left_as_it_is, planned_row
from heyx_bulk.planning.diff import EditableFields, diff_row
from heyx_bulk.planning.matching import Matching
from heyx_bulk.planning.reconcile import SentCreate
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_keys import map_records, merged_row
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.values.equality import key_text

BATCH_ROWS = 500

TRACKING_PREFIX_LENGTH = 12
"""How many characters of a run's random id its tracking values have: 48 bits, never the same twice."""


@dataclass(frozen=True, slots=True)
class Run:
    """One sheet on its way to one channel: its checkpoint, and what its columns and keys mean."""

    checkpoint: Checkpoint
    columns: Columns
    matching: Matching
    duplicates: Duplicates = Duplicates.ERROR
    """What becomes of rows that mean one contact."""
    tracking_prefix: str = ""
    """What tells this run from every other one in the contacts it creates."""
    editable: EditableFields | None = None
    """What the sheet can change of contacts that an export showed, where rows hold no more than what was changed
    since it."""
    is_planned: bool = False
    """Whether rows hold no more than the approved changes of a plan."""

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Run:
        """The run that `checkpoint` records."""
        info, edited = checkpoint.info, checkpoint.facts.baseline is not None
        columns, matching = Columns.from_document(info.columns), restore(Matching, info.matching)
        return cls(
            checkpoint,
            columns,
            replace(matching, read_first=matching.read_first or edited),
            duplicates=Duplicates(info.duplicates),
            tracking_prefix=info.run_id[:TRACKING_PREFIX_LENGTH],
            editable=editable_fields(columns) if edited else None,
            is_planned=(plan := checkpoint.facts.plan_info) is not None and plan.complete,
        )

    @property
    def merges(self) -> bool:
        """Whether rows of one contact are made one."""
        return self.duplicates is Duplicates.MERGE

    def lock_owner(self, number: int) -> str:
        """What tells row `number` of this run from every other row of every run."""
        return f"{self.checkpoint.info.run_id}:{number}"

    def open_rows(self) -> Iterator[ContactRow]:
        """The rows that can still be worked on, in the sheet's order."""
        records = self.checkpoint.queue.open_rows()
        while batch := list(islice(records, BATCH_ROWS)):
            if self.merges:
                yield from map(self.row, batch)
            else:
                yield from map(self._finished, map_records(self.columns, batch).rows())

    def sent_create(self, record: RowRecord) -> SentCreate | None:
        """The create of a row that left, if one did."""
        if record.create_payload is None:
            return None
        fields = {field.name: field for field in record.create_payload}
        keys = tuple(fields[name] for name in self.columns.keys if name in fields)
        return SentCreate(record.create_payload, keys, fields.get(self.columns.tracking_field), record.sent_at)

    def can_be_looked_for(self, record: RowRecord) -> bool:
        """Whether a row's create left, with something to look for its contact by."""
        create = self.sent_create(record)
        return create is not None and create.can_be_looked_for

    def sheet_row(self, record: RowRecord) -> ContactRow:
        """What a row of the sheet wants, whatever its plan is."""
        return replace(self, is_planned=False).row(record)

    def row(self, record: RowRecord) -> ContactRow:
        """What a row of the checkpoint wants: with the rows it stands for, its assigned id and tracking field."""
        if not self.merges or not (members := self.checkpoint.queue.merged_rows(record.number)):
            return self._finished(map_records(self.columns, [record]).row(0))
        records = sorted([record, *members], key=lambda one: one.number)
        return self._finished(replace(merged_row(self.columns, records), number=record.number))

    def _finished(self, row: ContactRow) -> ContactRow:
        """The row, without what an export showed already and shared keys, and with its tracking field."""
        if self.editable is not None:
            shown = self.checkpoint.baseline.contact_of(row.number)
            if shown is not None and row.id == shown.id:
                row = diff_row(row, shown, self.editable)
        row = replace(row, created_tags=self.columns.created_tags)
        row = self._with_tracking_field(self._without_shared_keys(row))
        return self._as_planned(row) if self.is_planned else row

    def _as_planned(self, row: ContactRow) -> ContactRow:
        """The row, wanting no more than the approved changes of its plan."""
        stored = self.checkpoint.changes
        contact_id, creator = stored.target_of(row.number)
        for one in stored.of(row.number, refused=True):
            if one.action is Action.LEAVE:
                row = replace(row, remarks=(*row.remarks, left_as_it_is(one)))
        approved = stored.of(row.number)
        planned = planned_row(row, contact_id, approved)
        if not approved:
            problem = Problem("no planned change", "the plan has no approved change for this row; make a new plan")
        elif creator is not None and contact_id is None:
            why = f"row {creator} did not create the contact of this row"
            problem = Problem("its contact was not created", why)
        else:
            return planned
        return replace(planned, problems=(problem,))

    def _without_shared_keys(self, row: ContactRow) -> ContactRow:
        """The row, matched by no lesser key that a different contact's row has too."""
        if row.id is not None:
            return row
        for key in row.keys[1:]:
            if found := self.checkpoint.shared_keys.find(key.name, key_text(key.name, key.value)):
                differing, first = found
                remark = f"same {key.name} as row {first}, different {differing}"
                row = replace(
                    row,
                    keys=tuple(one for one in row.keys if one != key),
                    remarks=row.remarks if row.number == first else (*row.remarks, remark),
                )
        return row

    def _with_tracking_field(self, row: ContactRow) -> ContactRow:
        if not self.columns.tracking_field:
            return row
        return replace(
            row, tracking_field=Field(self.columns.tracking_field, f"{self.tracking_prefix}-{row.number}")
        )


def editable_fields(columns: Columns) -> EditableFields:
    """What a sheet with these columns can change of a contact that an export showed."""
    fields = (column for column in columns.used(Use.FIELD) if column.policy in (Policy.OVERWRITE, Policy.CLEAR))
    return EditableFields(frozenset(column.field for column in fields), bool(columns.used(Use.ADD_TAGS)))
