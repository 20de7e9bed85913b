"""The export that a sheet was edited from: found among those that the channel's memory keeps, and what was
changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice

from heyx_bulk.columns import Use
from heyx_bulk.edits import edited
from heyx_bulk.errors import MappingError
from heyx_bulk.journal import Journal
from heyx_bulk.memory import Contacts, KnownExport
from heyx_bulk.model import Contact, ContactRow
from heyx_bulk.run import Run

BATCH_ROWS = 500
STRANGERS_TOLD = 10


@dataclass(frozen=True, slots=True)
class Edits:
    """What was changed in a sheet since the export `name`, which showed so many `contacts` (`at`: epoch seconds).

    Of the `rows` whose contact it showed, `changed` hold `cells` that differ; `emptied` of these are blank now.
    Tags were `added` and `removed`. `strangers` are rows with a contact id that the export did not show, the
    first ones by their numbers `first_strangers`.
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

    def document(self) -> dict[str, object]:
        """These as plain data."""
        return asdict(self)


def compare(journal: Journal, contacts: Contacts) -> Edits:
    """Find the export that the journal's rows were edited from, and keep in the journal what it showed of them.

    It is the one that showed most of the sheet's contacts, of those the one from which fewest cells differ, of
    those the newest. From then on the run's rows hold no more than what was changed. Raises `MappingError` where
    the sheet has no contact ids, or no export that is remembered showed any of them.
    """
    run = Run.of(journal)
    if not run.columns.used(Use.ID):
        raise MappingError(
            "--since-export knows contacts by their ids, and the sheet has no column heyx contact id.",
            "Leave out --since-export, or upload the file that the export wrote.",
        )
    found = [_measured(run, contacts, export) for export in contacts.exports()]
    best = max(found, key=lambda one: (one.rows, -one.cells - one.added - one.removed), default=None)
    if best is None or not best.rows:
        raise MappingError(
            "No export that this machine remembers showed the contacts of this sheet.",
            "Leave out --since-export: a contact is then read before it is written, and only differences are "
            "written. What is remembered: heyx-bulk memory show",
        )
    export = next(one for one in contacts.exports() if (one.name, one.at) == (best.name, best.at))
    journal.shown.keep((row.number, shown) for row, shown in _pairs(run, contacts, export) if shown is not None)
    journal.remember("since", best.document())
    journal.remember("matching", {**_matching(journal), "read_first": True})
    return best


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


def _measured(run: Run, contacts: Contacts, export: KnownExport) -> Edits:
    edits = Edits(export.name, export.at, export.contacts)
    for row, shown in _pairs(run, contacts, export):
        if shown is not None:
            edits = _counted(edits, edited(row, shown, run.scope))
        elif row.id is not None:
            first = (*edits.first_strangers, row.number)[:STRANGERS_TOLD]
            edits = replace(edits, strangers=edits.strangers + 1, first_strangers=first)
    return edits


def _counted(edits: Edits, row: ContactRow) -> Edits:
    return replace(
        edits,
        rows=edits.rows + 1,
        changed=edits.changed + bool(row.fields or row.add_tags or row.remove_tags or row.tag_sets),
        cells=edits.cells + len(row.fields),
        emptied=edits.emptied + sum(not field.value for field in row.fields),
        added=edits.added + len(row.add_tags),
        removed=edits.removed + len(row.remove_tags),
    )


def _pairs(run: Run, contacts: Contacts, export: KnownExport) -> Iterator[tuple[ContactRow, Contact | None]]:
    """The rows, each with what the export showed of its contact."""
    rows = run.open_rows()
    while batch := list(islice(rows, BATCH_ROWS)):
        ids = [row.id for row in batch if row.id is not None]
        shown = {contact.id: contact for contact in contacts.exported(export.number, ids)}
        for row in batch:
            yield row, shown.get(row.id) if row.id is not None else None
