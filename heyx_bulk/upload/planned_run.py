"""Runs whose changes are known before they are sent: a plan, its application, and an undo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import command_line
from heyx_bulk.reports.plan_file import check_plan_name, write_plan
from heyx_bulk.reports.plan_lines import plan_totals
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.events import PlannedRate, UploadEvents
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.pipeline import EVENTS, RUN, UPLOAD, send_run
from heyx_bulk.upload.plan import (
    ChangesOf,
    changes_of_row,
    check_plan,
    complete_plan,
    keep_lookups,
    open_approved,
    refuse_applied,
)
from heyx_bulk.upload.plan_decisions import GivenLine, refused_changes
from heyx_bulk.upload.prefetch import Prefetch
from heyx_bulk.upload.runs import RunStarter, confirm_channel, stored_paths
from heyx_bulk.upload.undo import changes_back, must_stage_undo, stage_undo, undo_paths
from heyx_bulk.upload.upload_result import UploadResult, report
from heyx_bulk.upload.upload_session import send


def plan_sheet(
    sheet: Sheet,
    settings: Settings,
    options: UploadOptions = UPLOAD,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
    *,
    file: Path,
    written: bool = True,
) -> UploadResult:
    """Look up the contacts of a sheet, and write what an upload would change to a plan's `file`, if `written`.

    `apply_plan` makes the changes. Nothing is written to HeyX. Raises what ended it early: calling this again
    carries on.
    """
    options.check()
    with Prefetch(settings, run_options, events) as prefetch:
        starter = RunStarter(sheet, settings, options, run_options, events, prefetch, plan_file=file)
        paths = starter.paths()
        if written:
            check_plan_name(file, paths.checkpoint)
        starter.check_new_run()
        if (export := starter.remembered_export()) is not None and events.on_remembered_export(sheet, export):
            starter = replace(starter, options=replace(options, since_export=True))
        with lock(paths.checkpoint), starter.open_run(paths) as (run, _):
            result = plan_run(run, settings, run_options, events, prefetch)
            run.checkpoint.facts.command = command_line("apply", str(file))
            return replace(result, plan=write_plan(run, file, settings.url) if written else None)


def plan_run(
    run: Run,
    settings: Settings,
    run_options: RunOptions,
    events: UploadEvents,
    prefetch: Prefetch,
    changes_of: ChangesOf = changes_of_row,
) -> UploadResult:
    """Look up the contacts of a run's rows, and keep in its checkpoint what is to be changed of each."""
    on_planned, index = keep_lookups(run), prefetch.contacts(run)
    sent = send(run, settings, run_options, events, on_planned=on_planned, index=index)
    complete_plan(run, changes_of)
    run = Run.from_checkpoint(run.checkpoint)
    events.on_planned(run)
    return replace(report(run, None, sent), totals=plan_totals(run))


def apply_plan(
    checkpoint: Checkpoint,
    settings: Settings,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
    *,
    given: Iterable[GivenLine] | None = None,
    name: str = "",
) -> UploadResult:
    """Make the changes of a plan that are approved in the lines `given` back (None: all). The caller has its lock.

    A row whose contact was changed in HeyX since the plan was made is refused. `name` is that of the plan's file.
    """
    if run_options.prefetch.trust_cache is not None:
        raise SettingsError(
            "--trust-cache does not look at HeyX, but a plan is compared with HeyX as it is now.", "Leave it out."
        )
    checkpoint.verify_contents()
    info = check_plan(checkpoint)
    with Prefetch(settings, run_options, events) as prefetch:
        confirm_channel(checkpoint, settings)
        run = Run.from_checkpoint(checkpoint)
        open_approved(checkpoint, () if given is None else refused_changes(run, name, given))
        paths = stored_paths(checkpoint)
        if not info.applied:
            plan = prefetch.plan(run, PlannedRate.of(settings))
            events.on_plan(run, plan)
            events.confirm(run, plan)
            checkpoint.facts.plan_info = replace(info, applied=True)
        return send_run(run, paths, settings, run_options, events, prefetch, fresh=not info.applied)


def undo(
    source: Checkpoint,
    settings: Settings,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
    *,
    file: Path | None = None,
) -> UploadResult:
    """Set back what a run changed in HeyX, or with `file` only write the plan of that. The caller holds its lock.

    Fields and tags go back where HeyX still holds what the run wrote. The undo is a run, too: calling this again
    carries on with it. Raises `CheckpointMismatch` where the run wrote nothing.
    """
    source.verify_contents()
    confirm_channel(source, settings)
    paths = undo_paths(source, file)
    if file is not None:
        check_plan_name(file, paths.checkpoint)
    with lock(paths.checkpoint):
        if must_stage_undo(source, paths.checkpoint, restart=run_options.restart):
            stage_undo(source, paths, settings)
        with Checkpoint.open(paths.checkpoint) as checkpoint:
            if file is not None:
                refuse_applied(checkpoint)
            run, info = Run.from_checkpoint(checkpoint), checkpoint.facts.plan_info
            if info is not None and not info.complete:
                with Prefetch(settings, run_options, events) as prefetch:
                    result = plan_run(run, settings, run_options, events, prefetch, changes_back(source))
                if file is not None:
                    checkpoint.facts.command = command_line("apply", str(file))
                    return replace(result, plan=write_plan(Run.from_checkpoint(checkpoint), file, settings.url))
            return apply_plan(checkpoint, settings, run_options, events)
