"""The functions of the library about plans: what an upload costs and changes, and what it changed set back."""

from __future__ import annotations

from typing import Unpack

from heyx_bulk.library import plans
from heyx_bulk.library.arguments import ApplyArguments, Place, PlanArguments, SheetLike
from heyx_bulk.library.calling import run_here
from heyx_bulk.library.outcomes import Estimate, RunResult
from heyx_bulk.library.reference import reference
from heyx_bulk.library.watching import ProgressOption
from heyx_bulk.sheets.frames import Frame


@reference(PlanArguments)
def estimate(sheet: SheetLike, **options: Unpack[PlanArguments]) -> Estimate:
    """Estimate what an upload would cost. Sends nothing, except to read an index that is asked for.

    >>> hb.estimate("contacts.xlsx", index={"isLead": True}).calls

    Args:
        sheet: As in `upload`.
        options: As in `plan`.

    Returns:
        An `Estimate`.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
    """
    return run_here(lambda switch: plans.estimate(switch, sheet, {**options}))


@reference(PlanArguments)
def plan(
    sheet: SheetLike,
    file: Place | None = None,
    *,
    progress: ProgressOption = None,
    **options: Unpack[PlanArguments],
) -> Frame:
    """Look up every row's contact in HeyX, and list what an upload would change. Writes nothing to HeyX.

    >>> changes = hb.plan("contacts.xlsx")
    >>> changes.loc[changes["field"] == "email", "apply?"] = "no"
    >>> hb.apply(changes)

    Args:
        sheet: As in `upload`.
        file: Where the plan is written too: .xlsx, .csv, .json or .html. The checkpoint is named after it; without
            a file, after the sheet, such as `contacts.plan.xlsx.checkpoint`.
        progress: As in `upload`.
        options: What shapes the rows, and how their contacts are looked up.

    Returns:
        A DataFrame with a row for each value that would change; its index, `row`, is the row's number in the
        sheet. `line` numbers the changes; `who` is the contact's name or key; `heyx contact id` is blank for a new
        contact; `field` is the field's name, or `tags`; `old` and `new` are texts, blank for none; `old` is None
        where it is not known; `call` is the kind of call; `apply?` is `yes`. `attrs["totals"]` counts all rows by
        the status they would have, `attrs["checkpoint"]` is the plan's checkpoint.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
        Stopped: The lookup ended early; the same call resumes it.
    """
    return run_here(lambda switch: plans.plan(switch, sheet, file, progress, {**options}), resumes=True)


@reference(ApplyArguments)
def apply(plan: Frame | Place, *, progress: ProgressOption = None, **options: Unpack[ApplyArguments]) -> RunResult:
    """Make the changes of a plan whose `apply?` is `yes`, and no others.

    Args:
        plan: The DataFrame that `plan` returned, or the path of the file that it wrote. Only `apply?` may be
            changed; a change that was removed is not made.
        progress: As in `upload`.
        options: As in `rerun`.

    Returns:
        A `RunResult`. A row whose contact was changed in HeyX since the plan was made has failed.

    Raises:
        SheetError: The plan is not as it was made; nothing was sent.
        CheckpointMismatch: The sheet has changed since, or the plan has no checkpoint; nothing was sent.
    """
    return run_here(lambda switch: plans.apply(switch, plan, progress, {**options}), resumes=True)


@reference(ApplyArguments)
def undo(
    run: RunResult | Place, *, progress: ProgressOption = None, **options: Unpack[ApplyArguments]
) -> RunResult:
    """Set back what a run changed in HeyX, where HeyX still holds what it wrote.

    The undo is a run, too, with a row for each contact that the run wrote; an undo of it is the original.

    >>> hb.undo(result).rows

    Args:
        run: The result of an upload, or the path of a checkpoint or of its sheet.
        progress: As in `upload`.
        options: As in `rerun`.

    Returns:
        A `RunResult`. Contacts that the run created are `skipped`, since HeyX cannot delete contacts; `heyx
        message` says which values were left as they are, and why.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
    """
    return run_here(lambda switch: plans.take_back(switch, run, progress, {**options}), resumes=True)
