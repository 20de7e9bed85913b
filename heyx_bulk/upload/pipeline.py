"""An upload from its start to its end: read, map, stage, plan, send, report.

DataFrames of some thousand rows pass between these steps:

    read    Sheet.frames()     cells by their position, and issues of cells
    map     map_frame()        values by HeyX's names, keys, and problems of rows
    stage   add_rows()         into the checkpoint, all rows or none: `stage` in `upload/staging.py` passes them on
    report  outcome_frames()   the sheet's own columns, and the outcome of each row

In between, *send* takes the rows one by one.

The command line and the library call this; what they show, and what they ask, stands in their `UploadEvents`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields
from heyx_bulk.models.option import command_line
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.reports.plan_file import check_plan_name, write_plan
from heyx_bulk.reports.plan_lines import plan_totals
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.checkpoint.run_info import PlanInfo
from heyx_bulk.storage.paths import RunPaths
from heyx_bulk.upload.corrections import import_corrections
from heyx_bulk.upload.events import PlannedRate, UploadEvents, UploadPlan
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.plan import (
    ChangesOf,
    changes_of_row,
    check_plan,
    complete_plan,
    keep_lookups,
    open_approved,
    refuse_applied,
    refuse_corrections,
    refuse_unapplied,
)
from heyx_bulk.upload.plan_decisions import GivenLine, refused_changes
from heyx_bulk.upload.prefetch import Prefetch
from heyx_bulk.upload.runs import RunStarter, confirm_channel, stored_paths
from heyx_bulk.upload.staging import map_sheet
from heyx_bulk.upload.sync import is_unchanged, job_lock, prune
from heyx_bulk.upload.sync_options import SyncOptions
from heyx_bulk.upload.undo import changes_back, must_stage_undo, stage_undo, undo_paths
from heyx_bulk.upload.upload_result import UploadResult, report
from heyx_bulk.upload.upload_session import send

SINCE_EXPORT = "--since-export"

UPLOAD, RUN, EVENTS, SYNC = UploadOptions(), RunOptions(), UploadEvents(), SyncOptions()


def upload_sheet(
    sheet: str | Path | Sheet,
    settings: Settings,
    options: UploadOptions = UPLOAD,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
) -> UploadResult:
    """Upload a sheet, or carry on with its run; the results are written beside it, or in a folder of their own.

    Raises `UsageError` where a person must put something right: nothing was sent. What became of everything else
    is in the result, also why the run could not end: calling this again carries on.
    """
    options.check()
    if run_options.canary and run_options.prefetch.trust_cache is not None:
        raise SettingsError(
            "--canary compares with HeyX what was sent, but --trust-cache does not look at HeyX.",
            "Leave out one of them.",
        )
    if isinstance(sheet, Sheet):
        opened = sheet
    else:
        opened = open_sheet(Path(sheet), options.sheet, options.preset)
        options = options.as_read(opened, options.preset)
    with Prefetch(settings, run_options, events) as prefetch:
        return _upload(opened, settings, options, run_options, events, prefetch)


def _upload(
    opened: Sheet,
    settings: Settings,
    options: UploadOptions,
    run_options: RunOptions,
    events: UploadEvents,
    prefetch: Prefetch,
) -> UploadResult:
    starter = RunStarter(opened, settings, options, run_options, events, prefetch)
    starter.check_new_run()
    if (export := starter.remembered_export()) is not None and events.on_remembered_export(opened, export):
        command = f"{run_options.command} {SINCE_EXPORT}" if run_options.command else ""
        run_options = replace(run_options, command=command)
        starter = replace(starter, options=replace(options, since_export=True), run_options=run_options)
    paths = starter.paths()
    if paths.note:
        events.say(f"{paths.note}.")
    with lock(paths.checkpoint), starter.open_run(paths) as (run, fresh):
        return _send(run, paths, settings, run_options, events, prefetch, fresh=fresh)


def rerun(
    checkpoint: Checkpoint,
    settings: Settings,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
    *,
    corrections: Sheet | None = None,
    uncertain: bool = False,
    accept_spreadsheet_changes: bool = False,
) -> UploadResult:
    """Send the failed rows of a run again, or those that a person gives back corrected. The caller holds its lock.

    With `uncertain`, rows whose create went unanswered are sent as if it never was. With
    `accept_spreadsheet_changes`, cells of `corrections` are taken as they are, also where only a spreadsheet
    changed them.
    """
    run_options = replace(run_options, stops=replace(run_options.stops, same_error=False))
    refuse_unapplied(checkpoint)
    if corrections is not None:
        refuse_corrections(checkpoint)
    checkpoint.verify_contents()
    with Prefetch(settings, run_options, events) as prefetch:
        confirm_channel(checkpoint, settings)
        run = Run.from_checkpoint(checkpoint)
        if corrections is None:
            checkpoint.reopening.reopen_failed(uncertain=uncertain)
        else:
            given = import_corrections(
                run, corrections, uncertain=uncertain, accept_spreadsheet_changes=accept_spreadsheet_changes
            )
            events.on_corrections(run, given)
        return _send(run, stored_paths(checkpoint), settings, run_options, events, prefetch, fresh=False)


def try_out(
    sheet: Sheet,
    settings: Settings,
    options: UploadOptions = UPLOAD,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
    *,
    simulated: bool,
    fields: KnownFields = NO_FIELDS,
) -> UploadResult:
    """What an upload would do: looked up in HeyX and not written (a dry run), or played against a sandbox.

    `fields` are those the channel is known to have. The checkpoint is thrown away. Raises what ended a dry run
    before all rows were looked up.
    """
    options.check()
    if simulated and run_options.prefetch:
        raise SettingsError(
            "--index and --trust-cache save look-ups in HeyX, but a simulation sends none.", "Leave them out."
        )
    with (
        Prefetch(settings, run_options, events) as prefetch,
        _trial(sheet, settings, options, run_options, events, prefetch, fields) as (starter, run),
    ):
        if not simulated and (export := starter.remembered_export()) is not None:
            events.on_remembered_export(sheet, export)
        speed = PlannedRate.of(settings, LearnedLimit() if simulated else None)
        starter.begin_plan(run, speed)
        if not simulated:
            run.checkpoint.facts.plan_info = PlanInfo(made_at=time.time())
            return plan_run(run, settings, run_options, events, prefetch)
        sent = send(run, settings, run_options, events, simulated=True)
        events.on_ended(run)
        return report(run, None, sent)


def estimate_sheet(
    sheet: Sheet,
    settings: Settings,
    options: UploadOptions = UPLOAD,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
    *,
    fields: KnownFields = NO_FIELDS,
) -> tuple[UploadPlan, dict[str, int]]:
    """What an upload would cost, and its rows by status before it begins. Only an index is read in HeyX."""
    options.check()
    with (
        Prefetch(settings, run_options, events) as prefetch,
        _trial(sheet, settings, options, run_options, events, prefetch, fields) as (_, run),
    ):
        return prefetch.plan(run, PlannedRate.of(settings)), run.checkpoint.queries.totals()


@contextmanager
def _trial(
    sheet: Sheet,
    settings: Settings,
    options: UploadOptions,
    run_options: RunOptions,
    events: UploadEvents,
    prefetch: Prefetch,
    fields: KnownFields,
) -> Iterator[tuple[RunStarter, Run]]:
    """The run of a sheet with a checkpoint that is thrown away."""
    columns = map_sheet(sheet, options, fields)
    starter = RunStarter(sheet, settings, options, run_options, events, prefetch)
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        path = Path(folder) / "trial.checkpoint"
        with starter.stage_run(columns, path, durable=False) as checkpoint:
            yield starter, Run.from_checkpoint(checkpoint)


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
        return _send(run, paths, settings, run_options, events, prefetch, fresh=not info.applied)


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


def sync_sheet(
    sheet: Sheet,
    settings: Settings,
    options: UploadOptions = UPLOAD,
    run_options: RunOptions = RUN,
    events: UploadEvents = EVENTS,
    *,
    sync: SyncOptions = SYNC,
) -> UploadResult | None:
    """Send what is new in a sheet since it was last sent: first what is left of the run before, then other rows.

    Failed rows are sent again. A sheet that has not changed sends nothing, and has no totals. None where the job
    was skipped, since another one is working.
    """
    options.check()
    with Prefetch(settings, run_options, events) as prefetch:
        starter = RunStarter(sheet, settings, options, run_options, events, prefetch, carries_over=True)
        paths = starter.paths()
        with job_lock(paths.checkpoint, sync.if_running, events.say) as is_ours:
            if not is_ours:
                return None
            if paths.checkpoint.exists():
                with Checkpoint.open(paths.checkpoint) as checkpoint:
                    left = _send_left(checkpoint, settings, run_options, events, prefetch)
                    if left.sent is not None and left.sent.stopped is not None:
                        return left
                    if is_unchanged(checkpoint, sheet, options, viber=settings.viber):
                        events.say("The sheet has not changed since it was last sent.")
                        return left if left.sent is not None else replace(left, totals={})
            restarted = replace(starter, run_options=replace(run_options, restart=True))
            with restarted.open_run(paths) as (run, fresh):
                result = _send(run, paths, settings, run_options, events, prefetch, fresh=fresh)
            prune(paths, sync.keep)
            return result


def _send_left(
    checkpoint: Checkpoint, settings: Settings, run_options: RunOptions, events: UploadEvents, prefetch: Prefetch
) -> UploadResult:
    """Send what is left of a run, and its failed rows again."""
    refuse_unapplied(checkpoint)
    checkpoint.verify_contents()
    confirm_channel(checkpoint, settings)
    checkpoint.reopening.reopen_failed()
    run, paths = Run.from_checkpoint(checkpoint), stored_paths(checkpoint)
    if not count_open(checkpoint.queries.totals()):
        return report(run, None, command=run_options.command)
    return _send(run, paths, settings, run_options, events, prefetch, fresh=False)


def _send(
    run: Run,
    paths: RunPaths,
    settings: Settings,
    run_options: RunOptions,
    events: UploadEvents,
    prefetch: Prefetch,
    *,
    fresh: bool,
) -> UploadResult:
    is_open = bool(count_open(run.checkpoint.queries.totals()))
    if not fresh:
        events.on_resume(run, prefetch.plan(run, PlannedRate.of(settings)) if is_open else None)
    sent = send(run, settings, run_options, events, index=prefetch.contacts(run)) if is_open else None
    events.on_ended(run)
    return report(run, paths, sent, run_options.command, with_charts=run_options.report)
