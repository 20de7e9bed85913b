"""How the failed rows of a run are sent again, or those that a file of failed rows gives back."""

from __future__ import annotations

import glob
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.cli.reading_questions import ask_worksheet
from heyx_bulk.cli.run_view import command_from_here
from heyx_bulk.cli.sheet_input import read_sheet
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import finish
from heyx_bulk.cli.upload_view import RerunView
from heyx_bulk.errors import CheckpointMismatch, SettingsError, SheetError, WorksheetNeeded
from heyx_bulk.models.contacts import Status
from heyx_bulk.models.option import command_line, words
from heyx_bulk.models.phrases import count
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import from_environment
from heyx_bulk.sheets.record import ROW_COLUMN
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.lookup import CHECKPOINT, checkpoint_of, checkpoint_of_run
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.corrections import run_of_file
from heyx_bulk.upload.options import RunOptions
from heyx_bulk.upload.pipeline import rerun
from heyx_bulk.upload.staging import sheet_change


def run_again(
    checkpoint: Path,
    run_options: RunOptions,
    connection: ConnectionOptions,
    console: Console,
    *,
    worksheet: str | None,
    uncertain: bool,
    accept_spreadsheet_changes: bool,
) -> int:
    """Send the failed rows of a run again, or those that a file of failed rows gives back; the exit code."""
    given_back, asked = _run_given_back(checkpoint, worksheet, console)
    if given_back is None and (accept_spreadsheet_changes or (worksheet and checkpoint.suffix == CHECKPOINT)):
        flag = "--accept-spreadsheet-changes" if accept_spreadsheet_changes else "--worksheet"
        raise SettingsError(
            f"{flag} is for a file of corrected rows, and {checkpoint.name} is not one.",
            f"Leave out {flag}, or give the file of failed rows.",
        )
    path = checkpoint_of(checkpoint) if given_back is None else checkpoint_of_run(given_back, checkpoint)
    with lock(path), Checkpoint.open(path) as opened, Signals(console) as signals:
        settings = from_environment(os.environ, **connection.given(opened.facts.connection))
        corrections = None
        if given_back is None:
            _tell_rerun(console, opened, uncertain=uncertain)
        else:
            sheet_options = SheetOptions.given_back(opened.info.sheet_options, asked or worksheet)
            corrections = read_sheet(checkpoint, sheet_options)
        run_options = replace(run_options, command=_same_command(asked))
        view = RerunView(console, signals)
        view.writes_to(settings)
        result = rerun(
            opened,
            settings,
            run_options,
            view,
            corrections=corrections,
            uncertain=uncertain,
            accept_spreadsheet_changes=accept_spreadsheet_changes,
        )
        return finish(console, result, view.document)


def _run_given_back(file: Path, worksheet: str | None, console: Console) -> tuple[str | None, str | None]:
    """The run whose rows a file of failed rows gives back, and the worksheet with them, if the user was asked.

    No run for a checkpoint, or a sheet that has a run.
    """
    if file.suffix == CHECKPOINT:
        return None, None
    try:
        opened, asked = _open_given_back(file, worksheet, console)
        found = run_of_file(opened)
    except SheetError:
        # A workbook of several worksheets, or a text file that needs options to be read, can have a run.
        if _has_run(file):
            return None, None
        raise
    if found is None and ROW_COLUMN in opened.header:
        _refuse_results(file)
    return found, asked


def _open_given_back(file: Path, worksheet: str | None, console: Console) -> tuple[Sheet, str | None]:
    """The sheet with corrected rows, and its worksheet, if the user was asked."""
    try:
        return read_sheet(file, SheetOptions(worksheet=worksheet)), None
    except WorksheetNeeded as needed:
        if len(needed.of_results) < 2 or _has_run(file):
            raise
        asked = _ask_worksheet(file, needed.of_results, console)
    return read_sheet(file, SheetOptions(worksheet=asked)), asked


def _has_run(file: Path) -> bool:
    """Whether a file was uploaded itself, and has one run."""
    with suppress(CheckpointMismatch):
        checkpoint_of(file)
        return True
    return False


def _ask_worksheet(file: Path, names: tuple[str, ...], console: Console) -> str:
    """Ask which worksheet has the corrected rows; raises `WorksheetNeeded` where nothing can be asked."""
    commands = "\n".join(f"  {_same_command(name)}" for name in names)
    needed = WorksheetNeeded(
        f"{file.name} has several worksheets with a column {ROW_COLUMN}: {', '.join(map(repr, names))}",
        f"Name the one with your corrections:\n{commands}",
        names,
    )
    if not console.can_ask:
        raise needed
    about = (
        "A rerun takes the corrected rows of one worksheet. Enter its number or its name.\n"
        "To choose without being asked, add --worksheet NAME."
    )
    return ask_worksheet(file, needed, console, about, stop="Ctrl-C stops: nothing is sent.").name


def _same_command(worksheet: str | None) -> str:
    """The command that is running, with the worksheet that it reads, if that is not named in it."""
    return same_command([*sys.argv[1:], *words(SheetOptions(worksheet=worksheet))])


def _refuse_results(file: Path) -> None:
    """Raise `SettingsError` for a file of results, unless it was uploaded itself."""
    if _has_run(file):
        return
    stem = file.stem.rpartition(".results")[0]
    runs = sorted(file.absolute().parent.glob(f"{glob.escape(stem)}.*{CHECKPOINT}")) if stem else []
    if len(runs) == 1:
        remedy = f"To send the failed rows again:\n  {command_line('rerun', short_path(runs[0]))}"
    else:
        remedy = "Give the checkpoint of the run, or its file of failed rows."
    raise SettingsError(f"{file.name} holds the results of a run, and corrections in it cannot be sent.", remedy)


def _tell_rerun(console: Console, checkpoint: Checkpoint, *, uncertain: bool) -> None:
    """Say what is sent again: rows as they were, even if the sheet has changed since."""
    difference, path = "", Path(checkpoint.info.path)
    with suppress(SheetError):
        difference = sheet_change(checkpoint, read_sheet(path, SheetOptions(**checkpoint.info.sheet_options)))
    if difference:
        console.say(f"{path.name} has changed since its run started ({difference}).")
        console.say("A rerun sends the rows as they were then.")
        command = command_from_here(checkpoint.facts.command, path)
        console.suggest("To send the sheet as it is now", f"{command} --restart")
    totals = checkpoint.queries.totals()
    failed, unknown = totals.get(Status.FAILED, 0), totals.get(Status.UNCERTAIN, 0)
    left = count_open(totals)
    if failed:
        console.say(f"{checkpoint.info.sheet}: sending {count(failed, 'failed row')} again.")
    if left:
        console.say(f"{checkpoint.info.sheet}: sending {count(left, 'row')} that the run had not finished.")
    if unknown and uncertain:
        console.warn(
            f"{checkpoint.info.sheet}: sending {count(unknown, 'uncertain row')} again. A contact that is in HeyX "
            "already is created twice."
        )
    elif unknown:
        console.say(f"{count(unknown, 'uncertain row')}: searching HeyX for those with a key; none is sent.")
