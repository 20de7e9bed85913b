"""`heyx-bulk sync`: a sheet sent again and again by a scheduled job."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from heyx_bulk.cli.command import NoMapping, SheetPath, Without
from heyx_bulk.cli.console import Console
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.sync_options import SyncOptions


def sync(
    *,
    sheet: SheetPath,
    jobs: SyncOptions,
    options: Annotated[UploadOptions, Without(("no_match",))],
    run_options: Annotated[RunOptions, Without(("restart", "strict", "canary"))],
    connection: ConnectionOptions,
    console: Console,
    no_mapping: NoMapping = False,
) -> int:
    """Send what is new in a sheet since it was last sent: for scheduled jobs. Never asks.

    \b
    heyx-bulk sync contacts.xlsx --quiet
    heyx-bulk sync contacts.xlsx --max-invalid 20 --keep 30 --if-running skip

    A run that was stopped is resumed first, and failed rows are sent again. Rows that were sent before and have
    not changed since are not sent. A sheet that has not changed sends nothing and ends with exit code 0.
    """
    from heyx_bulk.cli.sheet_run import SheetRun, run_sheet
    from heyx_bulk.cli.summary import finish, finish_nothing
    from heyx_bulk.upload.sync import sync_sheet
    from heyx_bulk.upload.upload_result import UploadResult

    def run(opened: SheetRun, options: UploadOptions) -> UploadResult | None:
        given = replace(run_options, command=opened.command())
        return sync_sheet(opened.sheet, opened.settings, options, given, opened.view, sync=jobs)

    result, view = run_sheet(sheet, options, connection, console, run, no_mapping=no_mapping, first=0, yes=True)
    if result is None or not result.totals:
        return finish_nothing(console, sheet.name, skipped=result is None)
    return finish(console, result, view.document, max_invalid=jobs.max_invalid)
