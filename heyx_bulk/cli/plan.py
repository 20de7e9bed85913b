"""`heyx-bulk plan`: what an upload would change, as a file to review, from which `apply` makes the changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from heyx_bulk.cli.command import First, NoMapping, SheetPath, Without, plan_file
from heyx_bulk.cli.console import Console
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions, UploadOptions


def plan(
    *,
    sheet: SheetPath,
    output: Annotated[Path | None, plan_file("SHEET.plan.xlsx")] = None,
    options: UploadOptions,
    run_options: Annotated[RunOptions, Without(("out", "restart", "canary", "report"))],
    connection: ConnectionOptions,
    console: Console,
    no_mapping: NoMapping = False,
    first: First = 5,
) -> int:
    """Plan an upload: look up every contact, and write each change to a file to review. Writes nothing to HeyX.

    \b
    heyx-bulk plan contacts.xlsx
    heyx-bulk plan contacts.xlsx -o plan.xlsx --index isLead=true
    heyx-bulk apply plan.xlsx

    Set the column apply? to no for changes that you do not want, and save the file. `heyx-bulk apply` then makes
    the others, and no more than those. To resume a plan that was stopped, run the same command again.
    """
    from heyx_bulk.cli.sheet_run import SheetRun, run_sheet
    from heyx_bulk.cli.summary import finish_plan
    from heyx_bulk.upload.plan import default_plan_file
    from heyx_bulk.upload.planned_run import plan_sheet
    from heyx_bulk.upload.upload_result import UploadResult

    def run(opened: SheetRun, options: UploadOptions) -> UploadResult:
        given, file = replace(run_options, command=opened.command()), output or default_plan_file(opened.sheet)
        return plan_sheet(opened.sheet, opened.settings, options, given, opened.view, file=file)

    result, view = run_sheet(
        sheet, options, connection, console, run, no_mapping=no_mapping, first=first, trial=True
    )
    return finish_plan(console, result, view.plans, view.document)
