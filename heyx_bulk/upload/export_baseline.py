"""The export that a sheet was edited from, found in the channel's cache, and what was changed since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.columns import Columns, Use
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.models.documents import restore
from heyx_bulk.models.phrases import minute_of
from heyx_bulk.planning.diff import diff_row
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.known_contacts import KnownContacts, KnownExport
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run, editable_fields
from heyx_bulk.values.text import is_damaged_number, trim

UNKNOWN_ROWS_SHOWN = 10

ROWS_COMPARED = 200
"""How many contact ids of a sheet say whether it is an export."""


@dataclass(slots=True)
class ExportDiff:
    """What was changed in a sheet since the export `number`, which wrote so many `contacts` to the file `name`.

    That was at `at` (epoch seconds).

    Of the `rows` whose contact it showed, `changed` hold `cells` that differ; `emptied` of these are blank now.
    Tags were `added` and `removed`. What rows ask for that cannot be sent is not counted. `unknown_rows` are rows
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
    first_unknown_rows: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        changes = f"{self.cells:,} cells and {self.added + self.removed:,} tags differ"
        return f"{self.number}: {self.name} of {minute_of(self.at)}, since which {changes}"

    def add_row(self, row: ContactRow) -> None:
        """Count a row that holds its differences alone."""
        self.rows += 1
        if row.problems or not (row.fields or row.add_tags or row.remove_tags or row.tag_sets):
            return
        self.changed += 1
        self.cells += len(row.fields)
        self.emptied += sum(not one.value for one in row.fields)
        self.added += len(row.add_tags)
        self.removed += len(row.remove_tags)

    def add_unknown_row(self, number: int) -> None:
        """Count a row whose contact the export did not show."""
        self.unknown_rows += 1
        if len(self.first_unknown_rows) < UNKNOWN_ROWS_SHOWN:
            self.first_unknown_rows.append(number)


def remembered_export(sheet: Sheet, columns: Columns, contacts: KnownContacts) -> KnownExport | None:
    """The export that a sheet seems to be: it showed the contacts that the first rows name by ids.

    Of several, it is the newest one that wrote a file of the sheet's name, else the newest one. Ids that a
    spreadsheet shortened are left out. A sheet of another name must have a column that only HeyX fills.
    """
    ids = columns.used(Use.ID)
    exports = [one for one in contacts.exports() if one.name == sheet.path.name or columns.copies_contacts]
    if not ids or not exports:
        return None
    cells = (trim(text) for (text,) in sheet.cells([ids[0].position]))
    named = {*islice(filter(None, cells), ROWS_COMPARED)}
    whole = {one for one in named if not is_damaged_number(one)}
    for export in sorted(exports, key=lambda one: one.name != sheet.path.name):
        shown = {contact.id for contact in contacts.exported(export.number, whole)}
        if shown == whole and (shown or (named and export.name == sheet.path.name)):
            return export
    return None


def apply_baseline(checkpoint: Checkpoint, contacts: KnownContacts, number: int | None = None) -> ExportDiff:
    """Find the export that a checkpoint's rows were edited from, and keep there what it showed of them.

    That is the export `number`, or one that wrote a file of the sheet's name, or else any; and of these, one that
    showed all of the sheet's contacts, if there is such a one. From then on the run's rows hold no more than what
    was changed; one that asks for what HeyX does not take is invalid. Raises `MappingError` where the sheet has no
    contact ids, or no such export is remembered, or several are from which the sheet differs otherwise.
    """
    run = Run.from_checkpoint(checkpoint)
    if not run.columns.used(Use.ID):
        raise MappingError(
            "--since-export identifies contacts by their ids, but the sheet has no column heyx contact id.",
            "Leave out --since-export, or upload the file that the export wrote.",
        )
    best = _choose(_compare(run, contacts), checkpoint.info.sheet, number)
    checkpoint.baseline.store(_shown(run, contacts, best.number))
    checkpoint.facts.baseline = asdict(best)
    edits = Run.from_checkpoint(checkpoint)
    checkpoint.queue.mark_invalid((row.number, row.problems) for row in edits.open_rows() if row.problems)
    return best


def export_diff_of(checkpoint: Checkpoint) -> ExportDiff | None:
    """What was changed since the export, of a run that began so."""
    kept = checkpoint.facts.baseline
    return None if kept is None else restore(ExportDiff, kept)


def _compare(run: Run, contacts: KnownContacts) -> list[tuple[ExportDiff, int]]:
    """What was changed since each export that is remembered, newest first, and a hash that tells these changes
    from others.

    Exports that showed a contact alike are compared with its row at once.
    """
    known = contacts.exports()
    diffs = {one.number: ExportDiff(one.number, one.name, one.at, one.contacts) for one in known}
    hashes = dict.fromkeys(diffs, 0)
    scope = editable_fields(run.columns)
    for row in run.open_rows():
        if row.id is None:
            continue
        others = set(diffs)
        for exported, exports in contacts.exported_versions(row.id):
            changes = diff_row(row, exported, scope)
            for number in others.intersection(exports):
                diffs[number].add_row(changes)
                if changes.edits or changes.add_tags or changes.remove_tags:
                    hashes[number] ^= hash((row.number, changes.edits, changes.add_tags, changes.remove_tags))
            others.difference_update(exports)
        for number in others:
            diffs[number].add_unknown_row(row.number)
    return [(diffs[number], hashes[number]) for number in diffs]


def _choose(compared: Sequence[tuple[ExportDiff, int]], name: str, number: int | None) -> ExportDiff:
    """The export that the sheet was edited from.

    An older one may fit better than the one that was edited, where a value was put back to what it had been, and a
    newer one would write over what HeyX changed in between. Rows may have been pasted from another one, so it does
    not count either which one showed most contacts. Where exports contradict each other, the user names one.
    """
    candidates = [one for one in compared if one[0].rows and number in (None, one[0].number)]
    candidates = [one for one in candidates if one[0].name == name] or candidates
    candidates = [one for one in candidates if not one[0].unknown_rows] or candidates
    if not candidates:
        which = "No export" if number is None else f"No export with the number {number}"
        raise MappingError(
            f"{which} that this machine remembers showed the contacts of this sheet.",
            "Leave out --since-export: a contact is then read before it is written, and only differences are "
            "written. What is remembered: heyx-bulk cache show",
        )
    best, _ = candidates[0]
    if len({digest for _, digest in candidates}) > 1:
        listed = "\n  ".join(str(diff) for diff, _ in candidates)
        raise MappingError(
            f"{name} may have been edited from several exports:\n  {listed}",
            f"Name the one it was made from by its number, such as --export-number {best.number}.",
        )
    return best


def _shown(run: Run, contacts: KnownContacts, export: int) -> Iterator[tuple[int, Contact]]:
    """What the export showed of the rows' contacts, by row."""
    for row in run.open_rows():
        if row.id is not None:
            for shown in contacts.exported(export, (row.id,)):
                yield row.number, shown
