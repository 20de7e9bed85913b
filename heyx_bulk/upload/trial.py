"""An upload tried out: what it would do and cost, with a checkpoint that is thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.checkpoint.run_info import PlanInfo
from heyx_bulk.upload.events import PlannedRate, UploadEvents, UploadPlan
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.pipeline import EVENTS, RUN, UPLOAD
from heyx_bulk.upload.planned_run import plan_run
from heyx_bulk.upload.prefetch import Prefetch
from heyx_bulk.upload.runs import RunStarter
from heyx_bulk.upload.staging import map_sheet
from heyx_bulk.upload.upload_result import UploadResult, report
from heyx_bulk.upload.upload_session import send


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
