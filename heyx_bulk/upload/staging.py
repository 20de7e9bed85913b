"""From a sheet to a checkpoint, and the sheet known again: all rows or none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.mapping.column import Use, letter
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.data_quality import Finding, Suspects, Watch
from heyx_bulk.mapping.merge_rows import Duplicates, merged
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields, recognise
from heyx_bulk.mapping.row_reader import ID_KEY, Reading
from heyx_bulk.models.contacts import ContactRow, Problem
from heyx_bulk.sheets.chunk import Chunk
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.builder import Draft
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.row_record import Mended, text_of, texts_of
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import Intent
from heyx_bulk.values.equality import key_text

NEW_ROWS_APART = (
    "new rows belong into a sheet of their own, since --no-match creates a contact for every row without looking"
)


def understand(sheet: Sheet, intent: Intent, fields: KnownFields = NO_FIELDS) -> Columns:
    """The sheet's columns; `fields` are those the channel is known to have. Raises `MappingError`."""
    return recognise(sheet.header, intent.wishes, sheet.blank, fields)


def stage(
    sheet: Sheet,
    intent: Intent,
    path: Path,
    *,
    columns: Columns | None = None,
    channel: str,
    begun_at: str,
    durable: bool = True,
    read: Callable[[int], None] = lambda _: None,
) -> None:
    """Fill the checkpoint at `path` with every row of the sheet, invalid ones with their reasons.

    `columns` are what the sheet's columns are taken for, if not what `understand` says; `read` hears of the
    number of rows read so far. Nothing is left behind when this raises.
    """
    columns = (columns or understand(sheet, intent)).settled(sheet.cells)
    with Draft(path) as draft:
        sums, suspects, watch = _Sums(sheet.header), Suspects(), Watch(columns)
        for chunk in sheet.chunks():
            numbers, rows = chunk.numbers, chunk.rows()
            suspects.see(columns, chunk)
            watch.see(numbers, rows)
            problems = cell_problems(columns, chunk, accept_suspect_ids=intent.accept_suspect_ids)
            reading = Reading(columns, numbers, rows, problems)
            draft.add(numbers, sums.take(numbers, rows), reading.problems)
            draft.keys(reading.matches())
            read(sums.rows)
        _unite(draft, columns, intent.duplicates)
        draft.link()
        findings = [*suspects.findings(), *watch.findings()]
        draft.keep(
            {
                "findings": [[found.what, found.rows, found.first] for found in findings],
                "sheet": sheet.name,
                "path": str(sheet.path.absolute()),
                "header": list(sheet.header),
                "rows": sums.rows,
                "digest": sums.digest(),
                "columns": columns.document(),
                "intent": intent.document(),
                "matching": asdict(replace(intent.matching, read_first=reads_first(intent, columns))),
                "duplicates": intent.duplicates,
                "reading": {
                    "worksheet": sheet.worksheet,
                    "header_row": intent.header_row,
                    "encoding": intent.encoding,
                    "delimiter": intent.delimiter,
                    "raw_csv": intent.raw_csv,
                },
                "run": uuid4().hex,
                "channel": channel,
                "begun_at": begun_at,
            },
            durable=durable,
        )


def reads_first(intent: Intent, columns: Columns) -> bool:
    """Whether contacts that rows name by id are read before they are written: as said, or in a copy of HeyX.

    Only HeyX can have filled a column that nobody else can write, so most of such a sheet is as HeyX has it.
    """
    if intent.read_first is not None:
        return intent.read_first
    return bool(columns.used(Use.ID) and columns.used(Use.READ_ONLY))


def _unite(draft: Draft, columns: Columns, duplicates: Duplicates) -> None:
    """Do with rows of one contact what a person wants: all but one are invalid, or skipped, or merged."""
    groups: dict[int, list[int]] = {}
    for number, first, name in draft.doubles():
        groups.setdefault(first, []).append(number)
        if duplicates is Duplicates.ERROR:
            what = f"same {name} as row {first}: leave one out, or add --duplicates merge or last"
            draft.invalid(number, [Problem(f"same {name} as an earlier row", what)])
    for first, others in groups.items():
        match duplicates:
            case Duplicates.LAST:
                for number in (first, *others[:-1]):
                    draft.skip(number, f"row {others[-1]} is the same contact, and the last one is sent")
            case Duplicates.MERGE:
                numbers = [first, *others]
                reading = Reading(columns, numbers, [*map(draft.cells, numbers)])
                row = merged([*map(reading.row, range(len(numbers)))], columns.keys)
                draft.join(first, others, key_values(row))


def key_values(row: ContactRow) -> Iterator[tuple[int, int, str, str]]:
    """What a row is matched by: its number, rank, field, value as it is compared."""
    values = [(ID_KEY, row.id)] if row.id is not None else []
    values += [(key.name, key_text(key.name, key.value)) for key in row.keys]
    for rank, (name, value) in enumerate(values):
        yield row.number, rank, name, value


def check_same(journal: Journal, sheet: Sheet, intent: Intent, *, again: str) -> None:
    """Raise `CheckpointMismatch` where the sheet or an option is not the run's; `again` is the remedy."""
    began = journal.meta("intent")
    now = intent.document()
    changed = [
        name for name in now if not isinstance(began, dict) or (began.get(name) or None) != (now[name] or None)
    ]
    if changed and isinstance(began, dict):
        told = "; ".join(f"{name} was {_said(began.get(name))}, now {_said(now[name])}" for name in changed)
        anew = f"add {again} to start anew with these"
        raise CheckpointMismatch(
            f"The run of {sheet.path.name} began with other options: {told}.",
            f"Give the same options to carry on{'' if intent.matching.no_match else f', or {anew}'}.",
        )
    if difference := difference_of(journal, sheet):
        anew = (
            f", or add {again} to start anew with the sheet as it is now (rows that are in HeyX are found there)"
        )
        raise CheckpointMismatch(
            f"{sheet.path.name} is not as it was when its run began: {difference}.",
            "Put the sheet back as it was to carry on"
            + (f"; {NEW_ROWS_APART}" if intent.matching.no_match else anew)
            + ".",
        )


def difference_of(journal: Journal, sheet: Sheet) -> str:
    """How the sheet differs from what the run began with; blank if every text is the same."""
    sums = _Sums(sheet.header)
    for chunk in sheet.chunks():
        sums.take(chunk.numbers, chunk.rows())
    if sums.digest() == journal.meta("digest"):
        return ""
    if tuple(sheet.header) != journal.header():
        return "its header is another"
    before = journal.meta("rows")
    return f"it had {before} rows and has {sums.rows}" if before != sums.rows else "some cells are others"


class _Sums:
    """The digest of a sheet's texts and row numbers, and how many rows it has."""

    def __init__(self, header: Sequence[str]) -> None:
        self.rows = 0
        self._hash = hashlib.blake2b(f"{text_of(list(header))}\n".encode(), digest_size=16)

    def take(self, numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> list[str]:
        """The cells of each row as the journal writes them; the rows are counted and summed."""
        self.rows += len(numbers)
        texts = texts_of(rows)
        lines = (f"{number} {text}\n" for number, text in zip(numbers, texts, strict=True))
        self._hash.update("".join(lines).encode())
        return texts

    def digest(self) -> str:
        """The sum so far, as hexadecimal text."""
        return self._hash.hexdigest()


def cell_problems(
    columns: Columns,
    chunk: Chunk,
    *,
    accept_suspect_ids: bool = False,
    target: Callable[[int], int | None] = lambda position: position,
) -> dict[int, list[Problem]]:
    """The rows of `chunk` with a cell that has no true text where one is needed, and what is the matter.

    `target` says which of `columns` the chunk's column at a position is; None is none of them.
    """
    ids = {column.position for column in columns.used(Use.ID)}
    suspects = () if accept_suspect_ids else (fault for fault in chunk.suspects if target(fault.position) in ids)
    problems: dict[int, list[Problem]] = {}
    for fault in (*chunk.faults, *suspects):
        beyond = fault.position >= len(chunk.columns)
        position = None if beyond else target(fault.position)
        if beyond or (position is not None and columns.sends(position)):
            place = letter(fault.position) if position is None else str(columns.columns[position])
            problem = Problem(f"a cell that {fault.what}", f"column {place} {fault.what}: {fault.remedy}")
            problems.setdefault(fault.row, []).append(problem)
    return problems


def judged(
    run: Run, number: int, cells: Sequence[str], named_id: str | None, problems: Sequence[Problem]
) -> Mended:
    """A row given back with new texts, judged as when it was staged."""
    named = {} if named_id is None else {number: named_id}
    reading = Reading(run.columns, [number], [cells], {number: problems} if problems else {}, named)
    keys = tuple((name, value) for _, _, name, value in reading.matches())
    return Mended(number, tuple(cells), named_id, reading.row(0).problems, keys)


def findings_of(journal: Journal) -> list[Finding]:
    """What seems damaged in the columns of a run's sheet."""
    kept = journal.meta("findings")
    return [Finding(what, rows, tuple(first)) for what, rows, first in kept] if isinstance(kept, list) else []


def _said(value: object) -> str:
    match value:
        case None | False | []:
            return "not given"
        case True:
            return "given"
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)
