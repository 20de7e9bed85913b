"""A sheet looked at: how it was read, what its columns mean, and everything that is wrong with it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.data_quality import Finding
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields, understood
from heyx_bulk.mapping.template import Seen
from heyx_bulk.mapping.validation import not_shown
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.row_record import Cause
from heyx_bulk.upload.options import Intent
from heyx_bulk.upload.staging import findings_of, stage
from heyx_bulk.values.infer import kind_of
from heyx_bulk.values.text import trim

SAMPLES = 3
ROWS_LOOKED_AT = 20_000
"""So many rows say what the values of a column look like."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is to say of a sheet.

    `samples` are some values of each column, `mistakes` what must be said before it can be sent, `causes` why
    rows cannot be sent: cause, how many rows, the first of them; `findings` are what seems damaged, `strange` the
    columns sent as fields that the channel has not shown. `totals` count the rows by status.
    """

    sheet: Sheet
    columns: tuple[Column, ...]
    samples: tuple[tuple[str, ...], ...]
    mistakes: tuple[str, ...]
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    strange: tuple[Column, ...]
    totals: dict[str, int]


def inspect(sheet: Sheet, intent: Intent, fields: KnownFields = NO_FIELDS) -> Looked:
    """Look at every row of a sheet as an upload would; columns that nobody knows are left out.

    `fields` are those the channel is known to have.
    """
    found = understood(sheet.header, intent.wishes, sheet.blank, fields)
    columns = found.columns
    known = replace(columns, columns=tuple(_known(column) for column in columns.columns))
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        path = Path(folder) / "look.checkpoint"
        stage(sheet, intent, path, columns=known, channel="", begun_at="", durable=False)
        with Journal.open(path, durable=False) as journal:
            return Looked(
                sheet,
                (*columns.columns, *columns.more),
                _samples(journal, len(columns.columns)),
                found.mistakes,
                tuple(journal.causes()),
                tuple(findings_of(journal)),
                tuple(not_shown(known, fields)),
                journal.totals(),
            )


def seen(sheet: Sheet) -> tuple[Seen, ...]:
    """Some values of each column, and what its values look like, as far as the first rows show."""
    width = len(sheet.header)
    texts: list[list[str]] = [[] for _ in range(width)]
    for cells in islice(sheet.cells(range(width)), ROWS_LOOKED_AT):
        for found, cell in zip(texts, cells, strict=True):
            if text := trim(cell):
                found.append(text)
    return tuple(Seen(tuple(islice(dict.fromkeys(found), SAMPLES)), kind_of(found)) for found in texts)


def _known(column: Column) -> Column:
    return replace(column, use=Use.IGNORED) if column.use is Use.FIELD and not column.field else column


def _samples(journal: Journal, width: int) -> tuple[tuple[str, ...], ...]:
    found: list[dict[str, None]] = [{} for _ in range(width)]
    for entry in islice(journal.rows(), 1000):
        for texts, cell in zip(found, entry.cells, strict=True):
            if len(texts) < SAMPLES and (text := trim(cell)):
                texts[text] = None
    return tuple(tuple(texts) for texts in found)
