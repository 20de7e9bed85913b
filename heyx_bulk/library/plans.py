"""The work of the functions about plans, in the thread that does it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from heyx_bulk.errors import SettingsError, SheetError
from heyx_bulk.library.argument_reader import ArgumentReader
from heyx_bulk.library.arguments import Place, SheetLike
from heyx_bulk.library.outcomes import Estimate, RunResult
from heyx_bulk.library.uploading import checkpoint_path, open_mapped, settings_of_run
from heyx_bulk.library.watching import LibraryEvents, ProgressOption
from heyx_bulk.library.worker_thread import StopSwitch
from heyx_bulk.reports.plan_lines import plan_frame
from heyx_bulk.reports.run_totals import complete_totals
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.sheets.frames import Frame
from heyx_bulk.sheets.from_frame import FRAME_FORMAT
from heyx_bulk.storage.cache.channel_cache import known_fields
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.paths import state_checkpoint_path
from heyx_bulk.upload.options import RunOptions
from heyx_bulk.upload.plan import checkpoint_of_plan, default_plan_file
from heyx_bulk.upload.plan_decisions import lines_of_file, lines_of_frame
from heyx_bulk.upload.planned_run import apply_plan, plan_sheet, undo
from heyx_bulk.upload.staging import sheet_digest
from heyx_bulk.upload.trial import estimate_sheet

CHECKPOINT = "checkpoint"
"""Under which name a plan's DataFrame says in its `attrs` where its checkpoint is."""

_NOT_FOR_PLANS = ("out", "restart", "canary", "report")


def estimate(switch: StopSwitch, sheet: SheetLike, given: Mapping[str, object]) -> Estimate:
    """What an upload would cost."""
    reader = ArgumentReader(given)
    options, run_options = reader.upload_options(), reader.read(RunOptions, without=_NOT_FOR_PLANS)
    settings = reader.settings()
    opened, options = open_mapped(sheet, options)
    events, fields = LibraryEvents(switch, progress=False), known_fields(settings.channel)
    found, totals = estimate_sheet(opened, settings, options, run_options, events, fields=fields)
    return Estimate.of(found, totals)


def plan(
    switch: StopSwitch,
    sheet: SheetLike,
    file: Place | None,
    progress: ProgressOption,
    given: Mapping[str, object],
) -> Frame:
    """Look up what an upload would change."""
    reader = ArgumentReader(given)
    options, run_options = reader.upload_options(), reader.read(RunOptions, without=_NOT_FOR_PLANS)
    settings = reader.settings()
    opened, options = open_mapped(sheet, options)
    if file is not None:
        place = Path(file)
    elif opened.format == FRAME_FORMAT:
        name = f"plan-{settings.channel[:8]}-{sheet_digest(opened).hexdigest()[:16]}"
        place = state_checkpoint_path(f"{name}.xlsx")
    else:
        place = default_plan_file(opened)
    frames: list[Frame] = []
    events = LibraryEvents(switch, progress, planned=lambda run: frames.append(plan_frame(run)))
    result = plan_sheet(opened, settings, options, run_options, events, file=place, written=file is not None)
    (frame,) = frames
    frame.attrs = {"totals": complete_totals(result.totals), CHECKPOINT: str(result.checkpoint)}
    return frame


def apply(
    switch: StopSwitch, plan: Frame | Place, progress: ProgressOption, given: Mapping[str, object]
) -> RunResult:
    """Make the approved changes of a plan."""
    reader = ArgumentReader(given)
    run_options = reader.read(RunOptions, without=("out", "restart", "strict", "canary"))
    connection = reader.read(ConnectionOptions)
    reader.finish()
    path, name = _plan_checkpoint(plan)
    with lock(path), Checkpoint.open(path) as checkpoint:
        settings = settings_of_run(reader, connection, checkpoint, plan)
        lines = lines_of_file(Path(plan)) if isinstance(plan, str | os.PathLike) else lines_of_frame(plan)
        events = LibraryEvents(switch, progress)
        result = apply_plan(checkpoint, settings, run_options, events, given=lines, name=name)
        return RunResult.of(result, settings)


def take_back(
    switch: StopSwitch, run: RunResult | Place, progress: ProgressOption, given: Mapping[str, object]
) -> RunResult:
    """Set back what a run changed."""
    reader = ArgumentReader(given)
    run_options = reader.read(RunOptions, without=("out", "restart", "strict", "canary"))
    connection = reader.read(ConnectionOptions)
    reader.finish()
    path = checkpoint_path(run)
    with lock(path), Checkpoint.open(path) as source:
        settings = settings_of_run(reader, connection, source, run)
        result = undo(source, settings, run_options, LibraryEvents(switch, progress))
        return RunResult.of(result, settings)


def _plan_checkpoint(plan: Frame | Place) -> tuple[Path, str]:
    """The checkpoint of a plan, and what the plan is called."""
    if isinstance(plan, str | os.PathLike):
        return checkpoint_of_plan(Path(plan)), Path(plan).name
    if not hasattr(plan, "attrs"):
        raise SheetError(
            f"The plan must be a file or a DataFrame, not {type(plan).__name__}.",
            "Pass the path of a plan, or the DataFrame that hb.plan returned.",
        )
    if CHECKPOINT not in plan.attrs:
        raise SettingsError(
            "The DataFrame has no checkpoint: it is not one that hb.plan returned.",
            "Pass the DataFrame that hb.plan returned; a dry run keeps no checkpoint.",
        )
    return Path(plan.attrs[CHECKPOINT]), "The DataFrame"
