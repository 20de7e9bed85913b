"""The work of the functions that upload, in the thread that does it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from heyx_bulk.errors import CheckpointMismatch, SettingsError, SheetError
from heyx_bulk.library.argument_reader import ArgumentReader
from heyx_bulk.library.arguments import Place, SheetLike
from heyx_bulk.library.outcomes import RunResult, SheetInspection, outcome_frame
from heyx_bulk.library.python_words import in_python
from heyx_bulk.library.watching import LibraryEvents, ProgressOption
from heyx_bulk.library.worker_thread import StopSwitch
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields
from heyx_bulk.mapping.tag_lists import join_list
from heyx_bulk.reports.plan_lines import plan_frame
from heyx_bulk.reports.run_totals import complete_totals
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings, for_simulation
from heyx_bulk.settings.resolution import resolve
from heyx_bulk.sheets.frames import Frame
from heyx_bulk.sheets.from_frame import FRAME_FORMAT, sheet_from_frame
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import NO_PRESET, SheetOptions, SheetPreset
from heyx_bulk.sheets.writer import to_frame
from heyx_bulk.storage.cache.channel_cache import known_fields
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.lookup import CHECKPOINT, checkpoint_of, checkpoint_of_run
from heyx_bulk.storage.paths import state_checkpoint_path
from heyx_bulk.upload.corrections import run_of_file
from heyx_bulk.upload.inspection import column_document, inspect_sheet
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.pipeline import rerun, upload_sheet
from heyx_bulk.upload.staging import sheet_digest
from heyx_bulk.upload.sync import sync_sheet
from heyx_bulk.upload.sync_options import SyncOptions
from heyx_bulk.upload.trial import try_out
from heyx_bulk.upload.upload_session import TOKEN


def upload(
    switch: StopSwitch,
    sheet: SheetLike,
    checkpoint: Place | None,
    progress: ProgressOption,
    given: Mapping[str, object],
) -> RunResult:
    """Upload a sheet, or carry on with its run."""
    reader = ArgumentReader(given)
    options, run_options = reader.upload_options(), reader.read(RunOptions)
    settings = reader.settings()
    opened, options = open_mapped(sheet, options)
    if opened.format == FRAME_FORMAT:
        _check_folder(checkpoint, run_options.out)
        path = _base_path(opened, checkpoint, settings, no_match=options.matching.no_match)
        opened = replace(opened, path=path)
    elif checkpoint is not None:
        raise SettingsError(
            "checkpoint names the checkpoint of a DataFrame, but the sheet is a file.",
            "Leave it out: the checkpoint lies beside the file, or in the folder that out names.",
        )
    result = upload_sheet(opened, settings, options, run_options, LibraryEvents(switch, progress))
    return RunResult.of(result, settings)


def sync(
    switch: StopSwitch, sheet: SheetLike, progress: ProgressOption, given: Mapping[str, object]
) -> RunResult | None:
    """Send what is new in a sheet since it was last sent."""
    reader = ArgumentReader(given)
    options, jobs = reader.upload_options(without=("no_match",)), reader.read(SyncOptions)
    run_options = reader.read(RunOptions, without=("restart", "strict", "canary"))
    settings = reader.settings()
    opened, options = open_mapped(sheet, options)
    if opened.format == FRAME_FORMAT:
        raise SettingsError(
            "sync compares a file with what was sent of it before, but the sheet is a DataFrame.",
            "Write it to a file, and pass that, or use hb.upload.",
        )
    result = sync_sheet(opened, settings, options, run_options, LibraryEvents(switch, progress), sync=jobs)
    return None if result is None else RunResult.of(result, settings)


def send_again(
    switch: StopSwitch,
    run: RunResult | Place,
    corrected: SheetLike | None,
    progress: ProgressOption,
    given: Mapping[str, object],
    *,
    uncertain: bool,
    accept_spreadsheet_changes: bool,
) -> RunResult:
    """Send the failed rows of a run again, or those that are given back corrected."""
    reader = ArgumentReader(given)
    run_options = reader.read(RunOptions, without=("out", "restart", "strict", "canary"))
    connection = reader.read(ConnectionOptions)
    reader.finish()
    path, corrected = _checkpoint_and_corrections(run, corrected)
    with lock(path), Checkpoint.open(path) as opened:
        settings = settings_of_run(reader, connection, opened, run)
        as_written = SheetOptions.given_back(opened.info.sheet_options)
        reading = as_written if isinstance(corrected, str | os.PathLike) else SheetOptions()
        corrections = None if corrected is None else open_given(corrected, reading)
        events = LibraryEvents(switch, progress)
        result = rerun(
            opened,
            settings,
            run_options,
            events,
            corrections=corrections,
            uncertain=uncertain,
            accept_spreadsheet_changes=accept_spreadsheet_changes,
        )
        return RunResult.of(result, settings)


def simulate(
    switch: StopSwitch, sheet: SheetLike, progress: ProgressOption, given: Mapping[str, object]
) -> RunResult:
    """Play an upload against the sandbox."""
    reader = ArgumentReader(given)
    options, run_options = reader.upload_options(), reader.read(RunOptions)
    connection = reader.read(ConnectionOptions)
    reader.finish()
    if options.is_edited_export:
        raise SettingsError(
            "A simulation cannot compare the sheet with an export, because its HeyX starts empty.",
            "Use hb.dry_run instead.",
        )
    settings = for_simulation(resolve(os.environ, **connection.given()), TOKEN)
    frames: list[Frame] = []
    events = LibraryEvents(switch, progress, lambda run: frames.append(outcome_frame(run)))
    opened, options = open_mapped(sheet, options)
    fields = _known_fields(reader)
    result = try_out(opened, settings, options, run_options, events, simulated=True, fields=fields)
    return RunResult.of(result, settings, *frames)


def dry_run(switch: StopSwitch, sheet: SheetLike, progress: ProgressOption, given: Mapping[str, object]) -> Frame:
    """What an upload would change, looked up in HeyX."""
    reader = ArgumentReader(given)
    options, run_options = reader.upload_options(), reader.read(RunOptions)
    settings = reader.settings()
    if run_options.canary:
        raise SettingsError("canary sends rows, but a dry run sends nothing.", "Leave out canary.")
    frames: list[Frame] = []
    events = LibraryEvents(switch, progress, planned=lambda run: frames.append(plan_frame(run)))
    opened, options = open_mapped(sheet, options)
    fields = known_fields(settings.channel)
    result = try_out(opened, settings, options, run_options, events, simulated=False, fields=fields)
    (frame,) = frames
    frame.attrs["totals"] = complete_totals(result.totals)
    return frame


def inspect(_: StopSwitch, sheet: SheetLike, given: Mapping[str, object]) -> SheetInspection:
    """Look at a sheet."""
    reader = ArgumentReader(given)
    options = UploadOptions(reader.read(SheetOptions), reader.read(MappingOptions)).with_settings(
        reader.resolved()
    )
    found = inspect_sheet(*open_mapped(sheet, options), _known_fields(reader))
    documents = [{**column_document(one), "values": found.samples[one.position]} for one in found.columns]
    return SheetInspection(
        sheet=found.sheet.name,
        format=found.sheet.format,
        worksheet=found.sheet.worksheet,
        header_row=found.sheet.header_row,
        notes=tuple(map(in_python, found.sheet.notes)),
        columns=to_frame(("column", "header", "meaning", "reason", "values"), _values(documents)),
        mistakes=tuple(map(in_python, found.mistakes)),
        problems=to_frame(
            ("cause", "rows", "first", "example"),
            [(one.what, one.rows, one.first, in_python(one.example)) for one in found.causes],
        ),
        warnings=to_frame(
            ("warning", "rows", "first"), [(in_python(one.what), one.rows, one.first) for one in found.warnings]
        ),
        unknown_fields=tuple(column.field for column in found.unknown_fields),
        totals=complete_totals(found.totals),
    )


def _known_fields(reader: ArgumentReader) -> KnownFields:
    """The known custom fields of the channel; none without a token."""
    try:
        return known_fields(reader.settings().channel)
    except SettingsError:
        reader.finish()  # Only the mistakes in options count here.
        return NO_FIELDS


def _values(documents: Sequence[Mapping[str, object]]) -> list[list[object]]:
    return [list(document.values()) for document in documents]


def open_mapped(sheet: SheetLike, options: UploadOptions) -> tuple[Sheet, UploadOptions]:
    """The sheet, read as options and mapping file say, and the options with what the file says of it."""
    opened = open_given(sheet, options.sheet, options.preset)
    return opened, options.as_read(opened, options.preset) if opened.format != FRAME_FORMAT else options


def open_given(sheet: SheetLike, options: SheetOptions, preset: SheetPreset = NO_PRESET) -> Sheet:
    """The sheet that is given: a file, or a DataFrame, of which a mapping file's `preset` says nothing."""
    if isinstance(sheet, str | os.PathLike):
        return open_sheet(Path(sheet), options, preset)
    if not hasattr(sheet, "iloc") or not hasattr(sheet, "columns"):
        raise SheetError(
            f"The sheet must be a file or a DataFrame, not {type(sheet).__name__}.",
            "Pass the path of a file, or a pandas DataFrame.",
        )
    if options != SheetOptions():
        raise SettingsError(
            "worksheet, header_row, encoding, separator, fill_merged and raw_csv are for files, but the sheet "
            "is a DataFrame.",
            "Leave them out.",
        )
    return sheet_from_frame(sheet, join_list)


def settings_of_run(
    reader: ArgumentReader, connection: ConnectionOptions, checkpoint: Checkpoint, run: object
) -> Settings:
    """The settings for more calls of a run: as given, else as it was connected."""
    known = run.settings if isinstance(run, RunResult) else None
    return reader.channel(connection.given(checkpoint.facts.connection), known)


def checkpoint_path(run: RunResult | Place) -> Path:
    """The checkpoint of a run: of a result, or named by a path, as is the sheet beside it."""
    if not isinstance(run, RunResult):
        return checkpoint_of(Path(run))
    if run.checkpoint is None:
        raise CheckpointMismatch("A simulation keeps no checkpoint.", "Pass the result of an upload.")
    return run.checkpoint


def _base_path(sheet: Sheet, checkpoint: Place | None, settings: Settings, *, no_match: bool) -> Path:
    """What the files of a DataFrame's run are named after: the checkpoint that is named, else rows and channel.

    The same rows for the same channel have the same name, so that the same call resumes the run. Another token may
    be one for the same channel. With `no_match` that could create every contact twice, so it is refused.
    """
    if checkpoint is not None:
        return Path(str(Path(checkpoint).absolute()).removesuffix(CHECKPOINT))
    digest = sheet_digest(sheet).hexdigest()[:16]
    path = state_checkpoint_path(f"frame-{settings.channel[:8]}-{digest}")
    others = {*path.parent.glob(f"frame-*-{digest}{CHECKPOINT}")} - {path.with_name(path.name + CHECKPOINT)}
    if no_match and others:
        raise CheckpointMismatch(
            "These rows were uploaded with another token, and no_match=True creates a contact for each without "
            "looking.",
            f'For the same channel, pass checkpoint="{min(others)}" to resume; for another channel, pass the '
            "path of a new checkpoint.",
        )
    return path


def _check_folder(checkpoint: Place | None, out: Path | None) -> None:
    """Raise `SettingsError` where a checkpoint is named in another folder than `out`."""
    folder = Path("" if checkpoint is None else checkpoint).parent
    if out is not None and folder not in (Path(), out) and folder.absolute() != out.absolute():
        raise SettingsError(
            f"checkpoint names a file in {folder}, and out={str(out)!r} another folder: the files of a run are "
            "in one folder.",
            f'Pass checkpoint="{Path(checkpoint or "").name}" for one in that folder, or leave out `out`.',
        )


def _checkpoint_and_corrections(
    run: RunResult | Place, corrected: SheetLike | None
) -> tuple[Path, SheetLike | None]:
    """The checkpoint, and the corrected rows; a file of failed rows that is given alone names its run itself."""
    if corrected is None and not isinstance(run, RunResult) and Path(run).suffix != CHECKPOINT:
        try:
            named = run_of_file(open_sheet(Path(run)))
        except SheetError:
            # A workbook of several worksheets, or the file of a plan, can have a run.
            with suppress(CheckpointMismatch):
                return checkpoint_of(Path(run)), None
            raise
        if named is not None:
            return checkpoint_of_run(named, Path(run)), run
    return checkpoint_path(run), corrected
