"""The export that a sheet was edited from: found among those that the channel's memory keeps, and what was
changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.column import Use
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.diff import diff_row
from heyx_bulk.storage.cache.known_contacts import KnownContacts
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run, editable_fields
from heyx_bulk.values.phrases import minute_of

STRANGERS_TOLD = 10


@dataclass(frozen=True, slots=True)
class ExportDiff:
    """What was changed in a sheet since the export `number`, which wrote so many `contacts` to the file `name`.

    That was at `at` (epoch seconds).

    Of the `rows` whose contact it showed, `changed` hold `cells` that differ; `emptied` of these are blank now.
    Tags were `added` and `removed`. What rows ask for that cannot be sent is not counted. `strangers` are rows
    with a contact id that the export did not show, the first ones by their numbers `first_unknown_rows`.
    """

    number: int
    name: str
    at: float
    contacts: int
    rows: int = 0
    changed: int = 0
    cells: int = 0
    emptied: int = 0
    added: int = 0
    removed: int = 0
    unknown_rows: int = 0
    first_unknown_rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        changes = f"{self.cells:,} cells and {self.added + self.removed:,} tags differ"
        return f"{self.number}: {self.name} of {minute_of(self.at)}, since which {changes}"

    def document(self) -> dict[str, object]:
        """These as plain data."""
        return asdict(self)

    def with_row(self, row: ContactRow) -> ExportDiff:
        """These, and a row that holds its differences alone."""
        if row.problems:
            return replace(self, rows=self.rows + 1)
        if not (row.fields or row.add_tags or row.remove_tags or row.tag_sets):
            return replace(self, rows=self.rows + 1)
        return replace(
            self,
            rows=self.rows + 1,
            changed=self.changed + 1,
            cells=self.cells + len(row.fields),
            emptied=self.emptied + sum(not field.value for field in row.fields),
            added=self.added + len(row.add_tags),
            removed=self.removed + len(row.remove_tags),
        )

    def with_unknown_row(self, number: int) -> ExportDiff:
        """These, and a row whose contact the export did not show."""
        first = (*self.first_unknown_rows, number)[:STRANGERS_TOLD]
        return replace(self, unknown_rows=self.unknown_rows + 1, first_unknown_rows=first)


def apply_baseline(checkpoint: Checkpoint, contacts: KnownContacts, number: int | None = None) -> ExportDiff:
    """Find the export that the journal's rows were edited from, and keep in the journal what it showed of them.

    That is the export `number`, or one that showed as many of the sheet's contacts as any did, and if some of
    these wrote a file of the sheet's name, one of those. From then on the run's rows hold no more than what was
    changed; one that asks for what HeyX does not take is invalid. Raises `MappingError` where the sheet has no
    contact ids, or no such export is remembered, or several are from which the sheet differs otherwise.
    """
    run = Run.from_checkpoint(checkpoint)
    if not run.columns.used(Use.ID):
        raise MappingError(
            "--since-export knows contacts by their ids, and the sheet has no column heyx contact id.",
            "Leave out --since-export, or upload the file that the export wrote.",
        )
    measured = _measured(run, contacts)
    best = _chosen(measured, checkpoint.info.sheet, number)
    checkpoint.baseline.store(_shown(run, contacts, best.number))
    checkpoint.facts.baseline = best.document()
    edits = Run.from_checkpoint(checkpoint)
    checkpoint.queue.mark_invalid((row.number, row.problems) for row in edits.open_rows() if row.problems)
    return best


def export_diff_of(checkpoint: Checkpoint) -> ExportDiff | None:
    """What was changed since the export, of a run that began so."""
    kept = checkpoint.facts.baseline
    return (
        None if kept is None else ExportDiff(**{**kept, "first_unknown_rows": tuple(kept["first_unknown_rows"])})
    )


@dataclass(slots=True)
class _Measured:
    """An export, what was changed since it, and what tells these changes from others."""

    edits: ExportDiff
    digest: int = 0

    def see(self, row: ContactRow) -> None:
        """A row that holds its differences alone."""
        self.edits = self.edits.with_row(row)
        if row.edits or row.add_tags or row.remove_tags:
            self.digest ^= hash((row.number, row.edits, row.add_tags, row.remove_tags))


def _measured(run: Run, contacts: KnownContacts) -> list[_Measured]:
    """What was changed since each export that is remembered, newest first.

    Exports that showed a contact alike are compared with its row at once.
    """
    known = contacts.exports()
    found = {one.number: _Measured(ExportDiff(one.number, one.name, one.at, one.contacts)) for one in known}
    scope = editable_fields(run.columns)
    for row in run.open_rows():
        if row.id is None:
            continue
        others = set(found)
        for shown, exports in contacts.exported_versions(row.id):
            differing = diff_row(row, shown, scope)
            for number in others.intersection(exports):
                found[number].see(differing)
            others.difference_update(exports)
        for number in others:
            found[number].edits = found[number].edits.with_unknown_row(row.number)
    return [*found.values()]


def _chosen(measured: Sequence[_Measured], name: str, number: int | None) -> ExportDiff:
    """The export that is meant.

    An older one may fit better than the one that was edited, where a value was put back to what it had been, and a
    newer one would write over what HeyX changed in between. So where they contradict each other nobody guesses.
    """
    most = max((one.edits.rows for one in measured), default=0)
    if number is not None:
        candidates = [one for one in measured if one.edits.number == number and one.edits.rows]
    else:
        candidates = [one for one in measured if most and one.edits.rows == most]
        candidates = [one for one in candidates if one.edits.name == name] or candidates
    if not candidates:
        which = "No export" if number is None else f"No export with the number {number}"
        raise MappingError(
            f"{which} that this machine remembers showed the contacts of this sheet.",
            "Leave out --since-export: a contact is then read before it is written, and only differences are "
            "written. What is remembered: heyx-bulk cache show",
        )
    if len({one.digest for one in candidates}) > 1:
        listed = "\n  ".join(str(one.edits) for one in candidates)
        raise MappingError(
            f"{name} may have been edited from several exports:\n  {listed}",
            f"Name the one it was made from by its number, such as --export-number {candidates[0].edits.number}.",
        )
    return candidates[0].edits


def _shown(run: Run, contacts: KnownContacts, export: int) -> Iterator[tuple[int, Contact]]:
    """What the export showed of the rows' contacts, by row."""
    for row in run.open_rows():
        if row.id is not None:
            for shown in contacts.exported(export, (row.id,)):
                yield row.number, shown
