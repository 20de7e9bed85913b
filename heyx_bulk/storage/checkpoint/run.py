"""One sheet on its way to one channel: what its journal records, read with what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from heyx_bulk.mapping.column import Use
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.merge_rows import Duplicates, merged
from heyx_bulk.mapping.row_reader import Reading
from heyx_bulk.models.contacts import ContactRow, Field, Policy
from heyx_bulk.planning.diff import Scope, edited
from heyx_bulk.planning.planner import Matching, Mode
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.row_record import Entry
from heyx_bulk.values.equality import PhoneLookup

BATCH_ROWS = 500

MARK_LENGTH = 12
"""How many signs of a run's random name its mark has: 48 bits, never the same twice."""


@dataclass(frozen=True, slots=True)
class Run:
    """One sheet on its way to one channel: its journal, and what its columns and keys mean."""

    journal: Journal
    columns: Columns
    matching: Matching
    duplicates: Duplicates = Duplicates.ERROR
    """What becomes of rows that mean one contact."""
    mark: str = ""
    """What tells this run from every other one in the contacts it creates."""
    scope: Scope | None = None
    """What the sheet can change of contacts that an export showed, where rows hold no more than what was changed
    since it."""

    @classmethod
    def of(cls, journal: Journal) -> Run:
        """The run that `journal` records."""
        document, matching = journal.meta("columns"), journal.meta("matching")
        assert isinstance(document, dict)  # noqa: S101  our own record
        assert isinstance(matching, dict)  # noqa: S101  our own record
        lookup, mode = PhoneLookup(matching.pop("phone_lookup")), Mode(matching.pop("mode"))
        columns = Columns.from_document(document)
        return cls(
            journal,
            columns,
            Matching(phone_lookup=lookup, mode=mode, **matching),
            duplicates=Duplicates(str(journal.meta("duplicates"))),
            mark=str(journal.meta("run"))[:MARK_LENGTH],
            scope=scope_of(columns) if journal.meta("since") is not None else None,
        )

    @property
    def merges(self) -> bool:
        """Whether rows of one contact are made one."""
        return self.duplicates is Duplicates.MERGE

    def owner(self, number: int) -> str:
        """What tells row `number` of this run from every other row of every run."""
        return f"{self.journal.meta('run')}:{number}"

    def open_rows(self) -> Iterator[ContactRow]:
        """The rows that can still be worked on, in the sheet's order."""
        entries = self.journal.ready()
        while batch := list(islice(entries, BATCH_ROWS)):
            if self.merges:
                yield from map(self.row, batch)
            else:
                yield from map(self._finished, map(self._read(batch).row, range(len(batch))))

    def keys_sent(self, entry: Entry) -> tuple[Field, ...]:
        """The keys that a row's create carried: what its contact can be looked for by, if it went unanswered."""
        by_name = {field.name: field for field in entry.sent or ()}
        return tuple(by_name[name] for name in self.columns.keys if name in by_name)

    def stamp_sent(self, entry: Entry) -> Field | None:
        """The mark that a row's create carried, if one was asked for."""
        return next((field for field in entry.sent or () if field.name == self.columns.stamp), None)

    def row(self, entry: Entry) -> ContactRow:
        """What a row of the journal wants: with the rows it stands for, the id named for it, and its mark."""
        if not self.merges or not (members := self.journal.members(entry.number)):
            return self._finished(self._read([entry]).row(0))
        entries = sorted([entry, *members], key=lambda one: one.number)
        row = merged([*map(self._read(entries).row, range(len(entries)))], self.columns.keys)
        return self._finished(replace(row, number=entry.number))

    def _read(self, entries: Sequence[Entry]) -> Reading:
        return Reading(
            self.columns,
            [entry.number for entry in entries],
            [entry.cells for entry in entries],
            {entry.number: entry.problems for entry in entries if entry.problems},
            {entry.number: entry.named_id for entry in entries if entry.named_id is not None},
        )

    def _finished(self, row: ContactRow) -> ContactRow:
        """The row, without what an export showed already, and with its mark."""
        if self.scope is not None:
            shown = self.journal.shown.of(row.number)
            if shown is not None and row.id == shown.id:
                row = edited(row, shown, self.scope)
        return self._stamped(row)

    def _stamped(self, row: ContactRow) -> ContactRow:
        if not self.columns.stamp:
            return row
        return replace(row, stamp=Field(self.columns.stamp, f"{self.mark}-{row.number}"))


def scope_of(columns: Columns) -> Scope:
    """What a sheet with these columns can change of a contact that an export showed."""
    fields = (column for column in columns.used(Use.FIELD) if column.policy in (Policy.OVERWRITE, Policy.CLEAR))
    return Scope(frozenset(column.field for column in fields), bool(columns.used(Use.ADD_TAGS)))
