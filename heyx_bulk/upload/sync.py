"""A sheet sent again and again, as a scheduled job does: only what is new in it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from heyx_bulk.errors import CheckpointBusy, CheckpointMismatch
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths, dated_names
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.pipeline import EVENTS, RUN, UPLOAD, send_run
from heyx_bulk.upload.plan import (
    refuse_unapplied,
)
from heyx_bulk.upload.prefetch import Prefetch
from heyx_bulk.upload.runs import RunStarter, confirm_channel, stored_paths
from heyx_bulk.upload.staging import check_unchanged
from heyx_bulk.upload.sync_options import IfRunning, SyncOptions
from heyx_bulk.upload.upload_result import UploadResult, report

SYNC = SyncOptions()

POLL_SECONDS = 1.0
"""How often it is asked whether another job has ended."""


@contextmanager
def job_lock(
    path: Path,
    if_running: IfRunning,
    events: UploadEvents,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bool]:
    """Keep other runs from the checkpoint at `path`; False where another one has it, and this job is skipped."""
    is_told = False
    while True:
        try:
            with lock(path):
                yield True
                return
        except CheckpointBusy:
            if if_running is IfRunning.SKIP:
                events.say("Another run of this sheet is working. Nothing was sent.")
                yield False
                return
        if not is_told:
            events.say("Another run of this sheet is working: waiting until it has ended.")
            is_told = True
        events.check()
        sleep(POLL_SECONDS)


def is_unchanged(checkpoint: Checkpoint, sheet: Sheet, options: UploadOptions, *, viber: bool) -> bool:
    """Whether a run is of the sheet as it is now, with the same options."""
    try:
        check_unchanged(checkpoint, sheet, options, viber=viber)
    except CheckpointMismatch:
        return False
    return True


def prune(paths: RunPaths, keep: int) -> list[Path]:
    """Delete the files of all earlier runs but the newest `keep`; their checkpoints."""
    pruned = dated_names(paths.checkpoint)[keep:]
    for checkpoint in pruned:
        moment = checkpoint.name.removeprefix(f"{paths.checkpoint.stem}.").removesuffix(paths.checkpoint.suffix)
        for path in (paths.results, paths.failed, paths.report):
            path.with_name(f"{path.stem}.{moment}{path.suffix}").unlink(missing_ok=True)
        checkpoint.unlink(missing_ok=True)
    return pruned


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
        with job_lock(paths.checkpoint, sync.if_running, events) as is_ours:
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
                result = send_run(run, paths, settings, run_options, events, prefetch, fresh=fresh)
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
    return send_run(run, paths, settings, run_options, events, prefetch, fresh=False)
