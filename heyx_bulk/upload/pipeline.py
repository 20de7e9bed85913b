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

from dataclasses import replace
from pathlib import Path

from heyx_bulk.errors import SettingsError
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths
from heyx_bulk.upload.corrections import import_corrections
from heyx_bulk.upload.events import PlannedRate, UploadEvents
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.plan import (
    refuse_corrections,
    refuse_unapplied,
)
from heyx_bulk.upload.prefetch import Prefetch
from heyx_bulk.upload.runs import RunStarter, confirm_channel, stored_paths
from heyx_bulk.upload.upload_result import UploadResult, report
from heyx_bulk.upload.upload_session import send

SINCE_EXPORT = "--since-export"

UPLOAD, RUN, EVENTS = UploadOptions(), RunOptions(), UploadEvents()


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
        return send_run(run, paths, settings, run_options, events, prefetch, fresh=fresh)


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
        return send_run(run, stored_paths(checkpoint), settings, run_options, events, prefetch, fresh=False)


def send_run(
    run: Run,
    paths: RunPaths,
    settings: Settings,
    run_options: RunOptions,
    events: UploadEvents,
    prefetch: Prefetch,
    *,
    fresh: bool,
) -> UploadResult:
    """Send what a run still has to send, and report it; one that is not `fresh` is shown as carried on."""
    is_open = bool(count_open(run.checkpoint.queries.totals()))
    if not fresh:
        events.on_resume(run, prefetch.plan(run, PlannedRate.of(settings)) if is_open else None)
    sent = send(run, settings, run_options, events, index=prefetch.contacts(run)) if is_open else None
    events.on_ended(run)
    return report(run, paths, sent, run_options.command, with_charts=run_options.report)
