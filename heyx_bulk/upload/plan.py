"""The plan of a run: every contact looked up, every change of it kept, and no more than that sent afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from heyx_bulk.errors import CheckpointMismatch, SheetError
from heyx_bulk.models.calls import Call
from heyx_bulk.models.contacts import Contact, ContactRow, Outcome, Status
from heyx_bulk.models.option import command_line
from heyx_bulk.planning.changes import Action, Change, apply_changes, changes, left_as_it_is
from heyx_bulk.planning.contact_lookup import Lookup, NotFound, initial_state, is_meant
from heyx_bulk.planning.planner import plan, skip_reason
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.checkpoint.run_info import PlanInfo
from heyx_bulk.storage.paths import run_paths, short_path
from heyx_bulk.upload.row_worker import OnPlanned
from heyx_bulk.upload.staging import sheet_change

ChangesOf = Callable[[ContactRow, NotFound | Contact], Iterable[Change]]
"""What is to be changed of the contact of a row."""


def changes_of_row(row: ContactRow, known: NotFound | Contact) -> Iterable[Change]:
    """What an upload changes of the contact of a row."""
    return changes(row, known, plan(row, known))


def keep_lookups(run: Run) -> OnPlanned:
    """What keeps in the checkpoint what was found of the contact of each row."""

    def keep(row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> None:
        del calls
        run.checkpoint.changes.keep_lookup(row.number, known)

    return keep


def complete_plan(run: Run, changes_of: ChangesOf = changes_of_row) -> None:
    """Make the plan of a run whose contacts were looked up: in the sheet's order, all of it or none.

    A row sees what the rows before it are to change of the same contact, and is sent after them.
    """
    checkpoint = run.checkpoint
    stored, info = checkpoint.changes, checkpoint.facts.plan_info
    with checkpoint.transaction():
        for number, known in stored.lookups():
            row = run.row(checkpoint.queue.row(number))
            _plan_row(run, row, known, changes_of)
        stored.finish_plan()
        checkpoint.facts.plan_info = replace(info or PlanInfo(0), complete=True)


def _plan_row(run: Run, row: ContactRow, known: NotFound | Contact, changes_of: ChangesOf) -> None:
    stored, queue = run.checkpoint.changes, run.checkpoint.queue
    creator = _creator(run, row) if isinstance(known, NotFound) else None
    if creator is not None:
        known = Contact("", complete=True)
    contact_id = known.id if isinstance(known, Contact) and creator is None else None
    target = contact_id or creator
    earlier = [] if target is None else stored.earlier_rows_of(row.number, target)
    for other in earlier:
        if isinstance(known, Contact):
            known = apply_changes(known, stored.of(other))
    if isinstance(known, Contact) and creator is not None:
        if not is_meant(known, run.matching.keys_of(row)):
            why = f"row {creator} creates a contact with the same key: make a new plan once this one is applied"
            queue.finish(Outcome(row.number, Status.FAILED, None, why))
            return
        if reason := skip_reason(known, run.matching.mode):
            queue.finish(Outcome(row.number, Status.SKIPPED, None, reason))
            return
    made = [*changes_of(row, known)]
    stored.set_plan(row.number, made, creator)
    if any(one.action is not Action.LEAVE for one in made):
        stored.set_planned(row.number)
        if earlier:
            queue.send_after(row.number, earlier[-1])
    elif made:
        why = "; ".join(map(left_as_it_is, made))
        queue.finish(Outcome(row.number, Status.SKIPPED, contact_id, why))
    else:
        queue.finish(Outcome(row.number, Status.UNCHANGED, contact_id, ""))


def _creator(run: Run, row: ContactRow) -> int | None:
    """The earlier row that is to create the contact which a search for this one's keys would find; None: none."""
    if not isinstance(initial_state(row, run.matching), Lookup):
        return None
    rows = run.checkpoint.queue.earlier_rows_by_key(row, run.matching)
    return next((number for number in rows if run.checkpoint.changes.creates(number)), None)


def default_plan_file(sheet: Sheet) -> Path:
    """The file of the plan of a sheet where none is named: `contacts.plan.xlsx`, beside it."""
    if sheet.path.name == "-":
        return Path("plan.xlsx")
    worksheet = f".{sheet.worksheet}" if len(sheet.worksheets) > 1 else ""
    return sheet.path.with_name(f"{sheet.path.stem}{worksheet}.plan.xlsx")


def checkpoint_of_plan(file: Path) -> Path:
    """The checkpoint of the plan in a file; raises `CheckpointMismatch` where it is not beside it."""
    path = run_paths(file, None, None, excel=False).checkpoint
    if not path.exists():
        raise CheckpointMismatch(
            f"There is no checkpoint {short_path(path)}, and the changes of a plan are in its checkpoint.",
            "Put the plan back beside its checkpoint, under the name that it had, or make a new plan.",
        )
    return path


def check_plan(checkpoint: Checkpoint) -> PlanInfo:
    """The plan of a checkpoint, which can be applied; raises `CheckpointMismatch` where it has none.

    So it does where the sheet is not as it was any more.
    """
    info, path = checkpoint.facts.plan_info, short_path(checkpoint.path)
    if info is None:
        raise CheckpointMismatch(
            f"{path} is the checkpoint of an upload, not of a plan.",
            f"Make a plan first:\n  {command_line('plan', checkpoint.info.path)}",
        )
    if not info.complete:
        raise CheckpointMismatch(
            f"The plan of {checkpoint.info.sheet} is not complete: some contacts were not looked up yet.",
            f"To complete it, run:\n  {checkpoint.facts.command}",
        )
    if not (info.applied or info.undoes) and (difference := _sheet_change(checkpoint)):
        raise CheckpointMismatch(
            f"{checkpoint.info.sheet} has changed since its plan was made: {difference}.",
            "Nothing was sent. Make a new plan, or put the sheet back as it was.",
        )
    return info


def _sheet_change(checkpoint: Checkpoint) -> str:
    """How the sheet of a run differs from what it was; blank where it does not, or is there no more."""
    info = checkpoint.info
    path = Path(info.path)
    if not path.is_file():
        return ""
    try:
        return sheet_change(checkpoint, open_sheet(path, SheetOptions(**info.sheet_options)))
    except SheetError as error:
        return error.what.rstrip(".")


def refuse_unapplied(checkpoint: Checkpoint) -> None:
    """Raise `CheckpointMismatch` where a checkpoint holds a plan that nobody has applied."""
    info = checkpoint.facts.plan_info
    if info is not None and not info.applied:
        raise CheckpointMismatch(
            f"{short_path(checkpoint.path)} is a plan of which nothing was sent yet.",
            f"To send its changes, run:\n  {checkpoint.facts.command}",
        )


def refuse_applied(checkpoint: Checkpoint) -> None:
    """Raise `CheckpointMismatch` where changes of a plan may have been sent, so that it stays as it is."""
    info = checkpoint.facts.plan_info
    if info is not None and info.applied:
        raise CheckpointMismatch(
            f"{short_path(checkpoint.path)} is a plan that was applied already, or is being applied.",
            f"To resume it, run:\n  {checkpoint.facts.command}\nWhen it is finished, --restart makes a new plan.",
        )


def refuse_corrections(checkpoint: Checkpoint) -> None:
    """Raise `CheckpointMismatch` for rows of a plan: what is sent of them are its changes, not their cells."""
    if checkpoint.facts.plan_info is not None:
        raise CheckpointMismatch(
            f"Rows of the plan of {checkpoint.info.sheet} cannot be corrected one by one.",
            f"Correct the sheet, and make a new plan:\n  {command_line('plan', checkpoint.info.path)}",
        )


def open_approved(checkpoint: Checkpoint, refused: Sequence[tuple[int, int]]) -> None:
    """Open the rows of a plan, without the `refused` changes (row, line in the row).

    Raises `CheckpointMismatch` where changes may have been sent, and others were refused then.
    """
    stored, info = checkpoint.changes, checkpoint.facts.plan_info
    if info is None or not info.applied:
        stored.open_planned(refused)
        return
    before = {
        (one.number, one.line)
        for one in stored.lines()
        if not one.approved and one.change.action is not Action.LEAVE
    }
    if before != {*refused}:
        number = min(before.symmetric_difference(refused))[0]
        raise CheckpointMismatch(
            f"This plan is being applied already, with another choice of changes (the first is in row {number}).",
            "To resume, put the column apply? back as it was. For other changes, make a new plan afterwards.",
        )
