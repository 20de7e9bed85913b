"""A sheet looked at: how it was read, what its columns mean, and everything that is wrong with it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, TypedDict

from heyx_bulk.mapping.column_check import DataWarning
from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.phone_checks import PhoneCountry
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields, map_columns
from heyx_bulk.mapping.tag_counts import TagCount
from heyx_bulk.mapping.template import ColumnSample
from heyx_bulk.mapping.validation import unknown_custom_fields
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_record import InvalidCause
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import phones_of, stage, tags_of, warnings_of
from heyx_bulk.values.infer import infer_kind
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

SAMPLES = 3
ROWS_LOOKED_AT = 20_000
"""So many rows say what the values of a column look like."""


_USES = {
    Use.ADD_TAGS: "tags to add",
    Use.REMOVE_TAGS: "tags to remove",
    Use.ID: "contact id",
    Use.IGNORED: "ignored",
    Use.OURS: "a column of heyx-bulk, never sent",
    Use.READ_ONLY: "ignored: HeyX does not allow writing it",
    Use.BLANK: "ignored: no header",
}


class ColumnDocument(TypedDict):
    """How a column is read."""

    column: Annotated[str, "The letter of the column."]
    header: Annotated[str, "The header of the column."]
    meaning: Annotated[str, "What it is read as: a field, tags, the contact id, or ignored."]
    reason: Annotated[str, "Why, if the header alone does not say so."]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What there is to say of a sheet.

    `samples` are some values of each column, `mistakes` what must be corrected before it can be sent, `causes` why
    rows are invalid; `warnings` are what seems damaged, `phones` the phones by country, `tags` the tags that are
    added and removed, `unknown_fields` the columns sent as fields that the channel has not shown. `totals` count
    the rows by status.
    """

    sheet: Sheet
    columns: tuple[Column, ...]
    samples: tuple[tuple[str, ...], ...]
    mistakes: tuple[str, ...]
    causes: tuple[InvalidCause, ...]
    warnings: tuple[DataWarning, ...]
    phones: tuple[PhoneCountry, ...]
    tags: tuple[TagCount, ...]
    unknown_fields: tuple[Column, ...]
    totals: dict[str, int]


def inspect_sheet(sheet: Sheet, options: UploadOptions, fields: KnownFields = NO_FIELDS) -> Inspection:
    """Look at every row of a sheet as an upload would; columns that nobody knows are left out.

    `fields` are those the channel is known to have.
    """
    found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
    columns = found.columns
    unknown = {column.position for column in columns.columns if column.use is Use.FIELD and not column.field}
    ignored = (replace(one, use=Use.IGNORED) if one.position in unknown else one for one in columns.columns)
    known = replace(columns, columns=tuple(ignored))
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        path = Path(folder) / "look.checkpoint"
        stage(sheet, options, path, columns=known, channel="", started_at="", durable=False)
        with Checkpoint.open(path, durable=False) as checkpoint:
            return Inspection(
                sheet,
                (*columns.columns, *columns.more),
                _samples(checkpoint, len(columns.columns)),
                found.mistakes,
                tuple(checkpoint.queries.invalid_causes()),
                tuple(warnings_of(checkpoint)),
                tuple(phones_of(checkpoint)),
                tuple(tags_of(checkpoint)),
                tuple(unknown_custom_fields(known, fields)),
                checkpoint.queries.totals(),
            )


def sample_columns(sheet: Sheet) -> tuple[ColumnSample, ...]:
    """Some values of each column, and what its values look like, as far as the first rows show."""
    width = len(sheet.header)
    texts: list[list[str]] = [[] for _ in range(width)]
    for cells in islice(sheet.cells(range(width)), ROWS_LOOKED_AT):
        for found, cell in zip(texts, cells, strict=True):
            if text := trim(cell):
                found.append(text)
    return tuple(ColumnSample(tuple(islice(dict.fromkeys(found), SAMPLES)), infer_kind(found)) for found in texts)


def meaning(column: Column) -> str:
    """What a column is taken for, in words."""
    kind = "" if column.value_type.kind is ValueKind.TEXT else f" ({column.value_type.kind})"
    match column.use:
        case Use.FIELD:
            return f"{column.field}{kind}" if column.field else "?"
        case Use.SET_TAGS:
            return f"exactly these tags of {column.field}…"
        case Use.TAG:
            return f"the tag {column.field}"
        case _:
            return _USES[column.use]


def column_document(column: Column) -> ColumnDocument:
    """What a column is taken for, as plain data."""
    return {
        "column": column_letter(column.position),
        "header": column.header,
        "meaning": meaning(column),
        "reason": column.reason,
    }


def _samples(checkpoint: Checkpoint, width: int) -> tuple[tuple[str, ...], ...]:
    found: list[dict[str, None]] = [{} for _ in range(width)]
    for record in islice(checkpoint.queue.rows(), 1000):
        for texts, cell in zip(found, record.cells, strict=True):
            if len(texts) < SAMPLES and (text := trim(cell)):
                texts[text] = None
    return tuple(tuple(texts) for texts in found)
