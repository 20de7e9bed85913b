"""The functions of the library for coroutines: each does its work in a thread while the event loop goes on.

Cancelling one stops it: calls in flight end and the checkpoint is closed before the cancellation is raised. The
same call resumes it. Several may run at once, for several channels.

>>> import asyncio
>>> import heyx_bulk as hb
>>> results = await asyncio.gather(hb.aio.upload(frame, token=one), hb.aio.upload(frame, token=other))
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar, Unpack

from heyx_bulk.export.exporter import exported_contacts
from heyx_bulk.library import front, plan_front, plans, reading, uploading
from heyx_bulk.library.arguments import (
    ApplyArguments,
    ConnectionArguments,
    ExportArguments,
    InspectArguments,
    Place,
    PlanArguments,
    SessionArguments,
    SheetLike,
    SyncArguments,
    TableArguments,
    UploadArguments,
)
from heyx_bulk.library.outcomes import Estimate, RunResult, RunStatus, SheetInspection, Verification
from heyx_bulk.library.python_words import speaking_python
from heyx_bulk.library.reference import twin_of
from heyx_bulk.library.watching import ProgressOption
from heyx_bulk.library.worker_thread import StopSwitch, iterate_async, wait_for_async
from heyx_bulk.models.contacts import Contact
from heyx_bulk.sheets.frames import Frame

T = TypeVar("T")


@twin_of(front.upload)
async def upload(
    sheet: SheetLike,
    *,
    checkpoint: Place | None = None,
    progress: ProgressOption = None,
    **options: Unpack[UploadArguments],
) -> RunResult:
    """`upload` for coroutines."""
    return await _do(
        lambda switch: uploading.upload(switch, sheet, checkpoint, progress, {**options}), resumes=True
    )


@twin_of(front.sync)
async def sync(
    sheet: Place, *, progress: ProgressOption = None, **options: Unpack[SyncArguments]
) -> RunResult | None:
    """`sync` for coroutines."""
    return await _do(lambda switch: uploading.sync(switch, sheet, progress, {**options}), resumes=True)


@twin_of(front.rerun)
async def rerun(
    run: RunResult | Place,
    corrected: SheetLike | None = None,
    *,
    uncertain: bool = False,
    accept_spreadsheet_changes: bool = False,
    progress: ProgressOption = None,
    **options: Unpack[SessionArguments],
) -> RunResult:
    """`rerun` for coroutines."""
    return await _do(
        lambda switch: uploading.send_again(
            switch,
            run,
            corrected,
            progress,
            {**options},
            uncertain=uncertain,
            accept_spreadsheet_changes=accept_spreadsheet_changes,
        ),
        resumes=True,
    )


@twin_of(front.simulate)
async def simulate(
    sheet: SheetLike, *, progress: ProgressOption = None, **options: Unpack[UploadArguments]
) -> RunResult:
    """`simulate` for coroutines."""
    return await _do(lambda switch: uploading.simulate(switch, sheet, progress, {**options}))


@twin_of(front.dry_run)
async def dry_run(
    sheet: SheetLike, *, progress: ProgressOption = None, **options: Unpack[UploadArguments]
) -> Frame:
    """`dry_run` for coroutines."""
    return await _do(lambda switch: uploading.dry_run(switch, sheet, progress, {**options}))


@twin_of(plan_front.estimate)
async def estimate(sheet: SheetLike, **options: Unpack[PlanArguments]) -> Estimate:
    """`estimate` for coroutines."""
    return await _do(lambda switch: plans.estimate(switch, sheet, {**options}))


@twin_of(plan_front.plan)
async def plan(
    sheet: SheetLike,
    file: Place | None = None,
    *,
    progress: ProgressOption = None,
    **options: Unpack[PlanArguments],
) -> Frame:
    """`plan` for coroutines."""
    return await _do(lambda switch: plans.plan(switch, sheet, file, progress, {**options}), resumes=True)


@twin_of(plan_front.apply)
async def apply(
    plan: Frame | Place, *, progress: ProgressOption = None, **options: Unpack[ApplyArguments]
) -> RunResult:
    """`apply` for coroutines."""
    return await _do(lambda switch: plans.apply(switch, plan, progress, {**options}), resumes=True)


@twin_of(plan_front.undo)
async def undo(
    run: RunResult | Place, *, progress: ProgressOption = None, **options: Unpack[ApplyArguments]
) -> RunResult:
    """`undo` for coroutines."""
    return await _do(lambda switch: plans.take_back(switch, run, progress, {**options}), resumes=True)


@twin_of(front.inspect)
async def inspect(sheet: SheetLike, **options: Unpack[InspectArguments]) -> SheetInspection:
    """`inspect` for coroutines."""
    return await _do(lambda switch: uploading.inspect(switch, sheet, {**options}))


@twin_of(front.verify)
async def verify(
    run: RunResult | Place,
    *,
    sample: int | None = None,
    progress: ProgressOption = None,
    **options: Unpack[ConnectionArguments],
) -> Verification:
    """`verify` for coroutines."""
    return await _do(lambda switch: reading.verify(switch, run, sample, progress, {**options}))


@twin_of(front.status)
async def status(run: RunResult | Place) -> RunStatus:
    """`status` for coroutines."""
    return await _do(lambda switch: reading.status(switch, run))


@twin_of(front.export)
async def export(*, progress: ProgressOption = None, **options: Unpack[TableArguments]) -> Frame:
    """`export` for coroutines."""
    return await _do(lambda switch: reading.export(switch, progress, {**options}))


@twin_of(front.export_contacts)
async def export_contacts(
    *, progress: ProgressOption = None, **options: Unpack[ExportArguments]
) -> AsyncIterator[Contact]:
    """`export_contacts` for coroutines, for `async for`."""
    with reading.export_folder() as path:
        wanted = await _do(lambda switch: reading.read_export(switch, path, progress, {**options}))
        async for contact in iterate_async(lambda: exported_contacts(path, wanted)):
            yield contact


async def _do(work: Callable[[StopSwitch], T], *, resumes: bool = False) -> T:
    with speaking_python(resumes=resumes):
        return await wait_for_async(work)
