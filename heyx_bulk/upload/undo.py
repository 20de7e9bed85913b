"""What a run changed in HeyX, taken back: as a plan with a row for each contact that it wrote."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.mapping.columns import ID_COLUMN
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Contact, ContactRow, Outcome, Status
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import minute_of, rows_named
from heyx_bulk.planning.changes import Change, undo_changes
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.planning.matching import Matching
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run_info import PlanInfo
from heyx_bulk.storage.paths import RunPaths, dated_name, run_paths, short_path
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.plan import ChangesOf
from heyx_bulk.upload.runs import stored_paths
from heyx_bulk.upload.staging import stage

ROWS_COLUMN = "rows of the run"
UNDO_OPTIONS = UploadOptions(
    mapping=MappingOptions(ignore=(ROWS_COLUMN,)), matching=Matching(read_first=True), accept_rounded_ids=True
)


class WrittenContact(NamedTuple):
    """A contact that a run wrote, the rows that did, and whether they created it."""

    contact_id: str
    rows: list[int]
    is_created: bool


def undo_paths(source: Checkpoint, file: Path | None) -> RunPaths:
    """Where the files of an undo lie: named after its plan's `file`, else after the run that it undoes."""
    meant = stored_paths(source)
    name = meant.results.stem.removesuffix(".results")
    named = file or meant.results.with_name(f"{name}.undo.csv")
    paths = run_paths(named, None, None, excel=named.suffix.lower() == ".xlsx")
    return replace(paths, written=meant.written or file is not None)


def must_stage_undo(source: Checkpoint, path: Path, *, restart: bool) -> bool:
    """Whether a new undo of the run `source` begins at `path`; else the one that is there is carried on with.

    One that is finished makes place where a `restart` is asked for. Raises `CheckpointMismatch` where the
    checkpoint of something else is there.
    """
    if not path.exists():
        return True
    with Checkpoint.open(path) as checkpoint:
        info = checkpoint.facts.plan_info
        if info is None or info.undoes != source.info.run_id:
            raise CheckpointMismatch(
                f"{short_path(path)} is the checkpoint of another run.",
                "Move it away, or name another file with -o.",
            )
        if not info.applied:
            return info.complete
        if not restart or count_open(checkpoint.queries.totals()):
            return False
        checkpoint.move(dated_name(path, datetime.now()))
        return True


def stage_undo(source: Checkpoint, paths: RunPaths, settings: Settings) -> None:
    """Fill the checkpoint of an undo with a row for each contact that the run `source` wrote.

    It has the number of the first row that wrote the contact.

    Raises `CheckpointMismatch` where it wrote none.
    """
    written = sorted(_written(source), key=lambda one: one.rows[0])
    if not written:
        raise CheckpointMismatch(
            f"The run of {source.info.sheet} wrote no contact.", "There is nothing to undo: nothing was sent."
        )
    columns = [[one.contact_id for one in written], [", ".join(map(str, one.rows)) for one in written]]
    name = f"undo of {source.info.sheet}"
    numbers = [one.rows[0] for one in written]
    sheet = Sheet.of_texts(source.path, name, (ID_COLUMN, ROWS_COLUMN), columns, numbers)
    beside = paths.checkpoint.with_name(f"{paths.checkpoint.name}.new")
    stage(sheet, UNDO_OPTIONS, beside, channel=settings.channel, started_at=minute_of(time.time()))
    with Checkpoint.open(beside) as checkpoint:
        with checkpoint.transaction():
            files = {"results": paths.results, "failed": paths.failed} if paths.written else {}
            checkpoint.facts.files = {name: str(path.absolute()) for name, path in files.items()}
            checkpoint.facts.connection = settings.connection().document()
            checkpoint.facts.command = command_line("undo", str(source.path))
            checkpoint.facts.plan_info = PlanInfo(made_at=time.time(), undoes=source.info.run_id)
            for one in written:
                if one.is_created:
                    why = f"created by {rows_named(len(one.rows), one.rows)}; HeyX cannot delete contacts"
                    checkpoint.queue.finish(Outcome(one.rows[0], Status.SKIPPED, one.contact_id, why))
        checkpoint.move(paths.checkpoint)


def changes_back(source: Checkpoint) -> ChangesOf:
    """What sets the contact of a row of an undo back to what it was before the run `source`."""

    def changes_of(row: ContactRow, known: NotFound | Contact) -> Iterable[Change]:
        return undo_changes(known, source.changes.made_to(row.id)) if isinstance(known, Contact) and row.id else ()

    return changes_of


def _written(source: Checkpoint) -> Iterator[WrittenContact]:
    """The contacts that a run wrote, each once."""
    changed: set[str] = set()
    for contact_id, rows in source.changes.written_contacts():
        changed.add(contact_id)
        yield WrittenContact(contact_id, rows, is_created=False)
    created: dict[str, list[int]] = {}
    for number, contact_id in source.queries.created_contacts():
        if contact_id not in changed:
            created.setdefault(contact_id, []).append(number)
    for contact_id, rows in created.items():
        yield WrittenContact(contact_id, rows, is_created=True)
