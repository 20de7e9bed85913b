"""From a sheet to a checkpoint, and the sheet known again: all rows or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.mapping.column_check import DataWarning
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.data_quality import DataQualityChecks
from heyx_bulk.mapping.mapped_frame import map_frame, map_rows
from heyx_bulk.mapping.phone_checks import PhoneCountry
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields, map_columns
from heyx_bulk.mapping.tag_counts import TagCount, TagCounts
from heyx_bulk.models.contacts import Problem
from heyx_bulk.models.option import document
from heyx_bulk.sheets.frames import SheetFrame, issue_frame, numbers_of, row_texts
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.builder import CheckpointBuilder
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_record import CellsDigest, CorrectedRow, rows_to_json
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.checkpoint.run_info import RunInfo
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.row_groups import group_staged_rows

NEW_ROWS_APART = (
    "put new rows in a separate sheet, because --no-match creates a contact for every row without searching"
)


def map_sheet(sheet: Sheet, options: UploadOptions, fields: KnownFields = NO_FIELDS) -> Columns:
    """The sheet's columns; `fields` are those the channel is known to have. Raises `MappingError`."""
    no_match = options.matching.no_match
    return map_columns(sheet.header, options.mapping, sheet.blank, fields, no_match=no_match).valid_columns()


def stage(
    sheet: Sheet,
    options: UploadOptions,
    path: Path,
    *,
    columns: Columns | None = None,
    channel: str,
    started_at: str,
    durable: bool = True,
    read: Callable[[int], None] = lambda _: None,
) -> None:
    """Fill the checkpoint at `path` with every row of the sheet, invalid ones with their reasons.

    `columns` are what the sheet's columns are taken for, if not what `map_sheet` says; `read` is given the number
    of rows read so far. Nothing is left behind when this raises.
    """
    columns = columns or map_sheet(sheet, options)
    # Most of a copy of contacts is as HeyX has it: they are read before they are written.
    read_first = columns.copies_contacts if options.matching.read_first is None else options.matching.read_first
    columns = columns.with_sheet_facts(sheet.cells, exported=options.is_edited_export or columns.copies_contacts)
    checks, tags = DataQualityChecks(columns), TagCounts(columns)
    with CheckpointBuilder(path, sheet.header) as builder:
        for frame in sheet.frames():
            mapped = map_frame(columns, frame, accept_suspect_ids=options.accept_rounded_ids)
            checks.see(frame, mapped.cells)
            tags.see(mapped)
            builder.add_rows(mapped.numbers, mapped.cells, mapped.problems, mapped.keys)
            read(builder.digest.rows)
        builder.relate_rows(lambda cells: map_frame(columns, SheetFrame(cells, issue_frame(()))).keys)
        warnings = [*group_staged_rows(builder, columns, options), *checks.warnings()]
        for cells in builder.left_out_rows():
            tags.see(map_frame(columns, SheetFrame(cells, issue_frame(()))), times=-1)
        builder.link_rows()
        builder.save(
            RunInfo(
                run_id=uuid4().hex,
                sheet=sheet.name,
                path=str(sheet.path.absolute()),
                header=tuple(sheet.header),
                rows=builder.digest.rows,
                digest=builder.digest.hexdigest(),
                columns=columns.document(),
                matching=asdict(replace(options.matching, read_first=read_first)),
                options=document(options),
                sheet_options=asdict(replace(options.sheet, worksheet=sheet.worksheet)),
                duplicates=options.duplicates,
                warnings=tuple((one.what, one.rows, tuple(one.first)) for one in warnings),
                phones=tuple((one.country, one.rows, one.first) for one in checks.phones()),
                tags=tuple(tags.counts()),
                started_at=started_at,
            ),
            channel=channel,
            durable=durable,
        )


def check_unchanged(checkpoint: Checkpoint, sheet: Sheet, options: UploadOptions, *, viber: bool = False) -> None:
    """Raise `CheckpointMismatch` where the sheet or an option is not the run's."""
    began = {**document(UploadOptions()), **checkpoint.info.options}
    began["--viber"] = checkpoint.facts.connection.get("viber", False)
    now = {**document(options), "--viber": viber}
    changed = [name for name in now if began[name] != now[name]]
    if changed:
        differences = "; ".join(f"{name} was {_shown(began[name])}, now {_shown(now[name])}" for name in changed)
        anew = "add --restart to start over with these"
        raise CheckpointMismatch(
            f"The run of {sheet.path.name} was started with different options: {differences}.",
            f"Use the same options to resume{'' if options.matching.no_match else f', or {anew}'}.",
        )
    if difference := sheet_change(checkpoint, sheet):
        anew = (
            ", or add --restart to start over with the sheet as it is now (rows that are in HeyX are found there)"
        )
        raise CheckpointMismatch(
            f"{sheet.path.name} has changed since its run started: {difference}.",
            "Put the sheet back as it was to resume"
            + (f"; {NEW_ROWS_APART}" if options.matching.no_match else anew)
            + ".",
        )


def sheet_digest(sheet: Sheet) -> CellsDigest:
    """The digest of the sheet as a run stores it."""
    digest = CellsDigest(sheet.header)
    for cells, _ in sheet.frames():
        digest.add(numbers_of(cells), rows_to_json(row_texts(cells)))
    return digest


def sheet_change(checkpoint: Checkpoint, sheet: Sheet) -> str:
    """How the sheet differs from what the run began with; blank if every text is the same."""
    digest, info = sheet_digest(sheet), checkpoint.info
    if digest.hexdigest() == info.digest:
        return ""
    if tuple(sheet.header) != info.header:
        return "the header has changed"
    return (
        f"it had {info.rows} rows and has {digest.rows}" if info.rows != digest.rows else "some cells have changed"
    )


def revalidate(
    run: Run, number: int, cells: Sequence[str], named_id: str | None, problems: Sequence[Problem]
) -> CorrectedRow:
    """A corrected row, checked as when it was staged."""
    named = {} if named_id is None else {number: named_id}
    mapped = map_rows(run.columns, {number: cells}, {number: problems} if problems else {}, named)
    keys = tuple((key.field, key.value) for key in mapped.row_keys())
    return CorrectedRow(number, tuple(cells), named_id, tuple(dict.fromkeys(mapped.row(0).problems)), keys)


def warnings_of(checkpoint: Checkpoint) -> list[DataWarning]:
    """What seems damaged in the columns of a run's sheet."""
    return [DataWarning(*found) for found in checkpoint.info.warnings]


def phones_of(checkpoint: Checkpoint) -> list[PhoneCountry]:
    """The phones of a run's sheet by country."""
    return [PhoneCountry(*found) for found in checkpoint.info.phones]


def tags_of(checkpoint: Checkpoint) -> list[TagCount]:
    """The tags that a run's sheet adds and removes, most frequent first."""
    return [TagCount(*found) for found in checkpoint.info.tags]


def _shown(value: object) -> str:
    match value:
        case None | False | []:
            return "not given"
        case True:
            return "given"
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)
