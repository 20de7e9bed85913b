"""The export that a sheet was edited from: found among those that the channel's memory keeps, and what was
changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from heyx_bulk.columns import Use
from heyx_bulk.edits import edited
from heyx_bulk.errors import MappingError
from heyx_bulk.journal import Journal
from heyx_bulk.memory import Contacts
from heyx_bulk.model import Contact, ContactRow
from heyx_bulk.run import Run, scope_of

STRANGERS_TOLD = 10


@dataclass(frozen=True, slots=True)
class Edits:
    """What was changed in a sheet since the export `name`, which showed so many `contacts` (`at`: epoch seconds).

    Of the `rows` whose contact it showed, `changed` hold `cells` that differ; `emptied` of these are blank now.
    Tags were `added` and `removed`. What rows ask for that cannot be sent is not counted. `strangers` are rows
    with a contact id that the export did not show, the first ones by their numbers `first_strangers`.
    """

    name: str
    at: float
    contacts: int
    rows: int = 0
    changed: int = 0
    cells: int = 0
    emptied: int = 0
    added: int = 0
    removed: int = 0
    strangers: int = 0
    first_strangers: tuple[int, ...] = ()

    @property
    def differences(self) -> int:
        """How many cells and tags differ."""
        return self.cells + self.added + self.removed

    def document(self) -> dict[str, object]:
        """These as plain data."""
        return asdict(self)

    def with_row(self, row: ContactRow) -> Edits:
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

    def with_stranger(self, number: int) -> Edits:
        """These, and a row whose contact the export did not show."""
        first = (*self.first_strangers, number)[:STRANGERS_TOLD]
        return replace(self, strangers=self.strangers + 1, first_strangers=first)


def compare(journal: Journal, contacts: Contacts) -> Edits:
    """Find the export that the journal's rows were edited from, and keep in the journal what it showed of them.

    It is the one that showed most of the sheet's contacts, of those the one from which fewest cells differ, of
    those the newest. From then on the run's rows hold no more than what was changed; one that asks for what HeyX
    does not take is invalid. Raises `MappingError` where the sheet has no contact ids, or no export that is
    remembered showed any of them.
    """
    run = Run.of(journal)
    if not run.columns.used(Use.ID):
        raise MappingError(
            "--since-export knows contacts by their ids, and the sheet has no column heyx contact id.",
            "Leave out --since-export, or upload the file that the export wrote.",
        )
    found = _measured(run, contacts)
    best = max(found, key=lambda number: (found[number].rows, -found[number].differences), default=0)
    if not best or not found[best].rows:
        raise MappingError(
            "No export that this machine remembers showed the contacts of this sheet.",
            "Leave out --since-export: a contact is then read before it is written, and only differences are "
            "written. What is remembered: heyx-bulk memory show",
        )
    journal.shown.keep(_shown(run, contacts, best))
    journal.remember("since", found[best].document())
    journal.remember("matching", {**_matching(journal), "read_first": True})
    edits = Run.of(journal)
    journal.refuse((row.number, row.problems) for row in edits.open_rows() if row.problems)
    return found[best]


def edits_of(journal: Journal) -> Edits | None:
    """What was changed since the export, of a run that began so."""
    kept = journal.meta("since")
    if not isinstance(kept, dict):
        return None
    return Edits(**{**kept, "first_strangers": tuple(kept["first_strangers"])})


def _matching(journal: Journal) -> dict[str, object]:
    kept = journal.meta("matching")
    assert isinstance(kept, dict)  # noqa: S101  our own record
    return kept


def _measured(run: Run, contacts: Contacts) -> dict[int, Edits]:
    """What was changed since each export that is remembered, by its number, newest first.

    Exports that showed a contact alike are compared with its row at once.
    """
    found = {one.number: Edits(one.name, one.at, one.contacts) for one in contacts.exports()}
    scope = scope_of(run.columns)
    for row in run.open_rows():
        if row.id is None:
            continue
        others = set(found)
        for shown, exports in contacts.showings(row.id):
            differing = edited(row, shown, scope)
            for number in others.intersection(exports):
                found[number] = found[number].with_row(differing)
            others.difference_update(exports)
        for number in others:
            found[number] = found[number].with_stranger(row.number)
    return found


def _shown(run: Run, contacts: Contacts, export: int) -> Iterator[tuple[int, Contact]]:
    """What the export showed of the rows' contacts, by row."""
    for row in run.open_rows():
        if row.id is not None:
            for shown in contacts.exported(export, (row.id,)):
                yield row.number, shown
