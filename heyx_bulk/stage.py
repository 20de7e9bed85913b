"""From a sheet to a checkpoint, and the sheet known again: all rows or none, and what they will cost."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from heyx_bulk.columns import Columns, Use, Wishes, letter, recognise
from heyx_bulk.damage import Finding, Suspects, Watch
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.journal import Draft, Journal, Mended, text_of, texts_of
from heyx_bulk.model import ContactRow, Problem
from heyx_bulk.plan import Matching, NotAsked, calls_at_most, start
from heyx_bulk.run import Run
from heyx_bulk.sheets import Chunk, Sheet, open_sheet
from heyx_bulk.values import PhoneLookup, spellings

NEW_ROWS_APART = (
    "new rows belong into a sheet of their own, since --no-match creates a contact for every row without looking"
)


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything a person says that shapes the rows: a resumed run must have been given the same."""

    wishes: Wishes = field(default_factory=Wishes)
    matching: Matching = field(default_factory=Matching)
    worksheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    raw_csv: bool = False
    accept_suspect_ids: bool = False
    viber: bool = False

    def open(self, path: Path) -> Sheet:
        """The sheet at `path`, read as it is meant; raises `SheetError`."""
        return open_sheet(
            path,
            worksheet=self.worksheet,
            header_row=self.header_row,
            encoding=self.encoding,
            delimiter=self.delimiter,
            raw_csv=self.raw_csv,
        )

    @classmethod
    def kept(cls, journal: Journal) -> Intent:
        """How the sheet of a journal's run was read: what its `open` needs to read it again."""
        meant = journal.meta("reading")
        assert isinstance(meant, dict)  # noqa: S101  our own record
        return cls(**meant)

    def document(self) -> dict[str, object]:
        """The intent as plain data, each option under its name on the command line."""
        options = {
            **asdict(self.wishes),
            **asdict(self.matching),
            "sheet": self.worksheet,
            "header_row": self.header_row,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "raw_csv": self.raw_csv,
            "accept_suspect_ids": self.accept_suspect_ids,
            "viber": self.viber,
        }
        return {f"--{_OPTIONS.get(name, name)}": _plain(value) for name, value in options.items()}


_OPTIONS = {
    "add_tags": "add-tag",
    "remove_tags": "remove-tag",
    "custom_fields": "custom-fields",
    "id_column": "id-column",
    "no_match": "no-match",
    "phone_lookup": "phone-lookup",
    "trust_ids": "trust-ids",
    "header_row": "header-row",
    "raw_csv": "raw-csv",
    "accept_suspect_ids": "accept-suspect-ids",
}


def _plain(value: object) -> object:
    return json.loads(json.dumps(value))


def understand(sheet: Sheet, intent: Intent) -> Columns:
    """The sheet's columns; raises `MappingError`."""
    return recognise(sheet.header, intent.wishes, sheet.blank)


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
            numbers, rows = chunk.numbers(), chunk.rows()
            suspects.see(columns, chunk)
            watch.see(numbers, rows)
            problems = cell_problems(columns, chunk, accept_suspect_ids=intent.accept_suspect_ids)
            reading = columns.read(numbers, rows, problems)
            draft.add(numbers, sums.take(numbers, rows), reading.problems)
            draft.keys(reading.matches())
            read(sums.rows)
        for number, first, name in draft.doubles():
            problem = Problem(f"same {name} as an earlier row", f"same {name} as row {first}")
            draft.invalid(number, [problem])
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
                "matching": asdict(intent.matching),
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


def check_same(journal: Journal, sheet: Sheet, intent: Intent, *, again: str) -> None:
    """Raise `CheckpointMismatch` where the sheet or an option is not the run's; `again` is the remedy."""
    began = journal.meta("intent")
    now = intent.document()
    changed = [name for name in now if not isinstance(began, dict) or began.get(name) != now[name]]
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
        sums.take(chunk.numbers(), chunk.rows())
    if sums.digest() == journal.meta("digest"):
        return ""
    if tuple(sheet.header) != journal.header():
        return "its header is another"
    before = journal.meta("rows")
    return f"it had {before} rows and has {sums.rows}" if before != sums.rows else "some cells are others"


@dataclass(slots=True)
class Bill:
    """What is about to happen: rows by kind, calls at most, and what other phone look-ups would save."""

    kinds: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    writes_to: int = 0
    saved_by: Counter[PhoneLookup] = field(default_factory=Counter)


def bill(rows: Iterator[ContactRow], matching: Matching) -> Bill:
    """The bill for `rows`, none of them invalid: if every call is sent once and a search has one page."""
    total = Bill()
    cache: dict[tuple[object, ...], int] = {}
    for row in rows:
        total.kinds[kind(row, matching)] += 1
        total.writes_to += bool(row.fields or row.add_tags or row.remove_tags)
        total.calls += _calls(row, matching, cache)
        if row.key is not None and isinstance(known := start(row, matching), NotAsked):
            for other in PhoneLookup:
                saved = len(known.questions) - len(spellings(row.key.name, row.key.value, other))
                total.saved_by[other] += saved if row.id is None else 0
    return total


def kind(row: ContactRow, matching: Matching) -> str:
    """How a row's contact is found, in the words of the bill."""
    if row.id is not None:
        return "by contact id"
    if matching.no_match or row.key is None:
        return "created without looking"
    return f"by {row.key.name}"


def _calls(row: ContactRow, matching: Matching, cache: dict[tuple[object, ...], int]) -> int:
    known = start(row, matching)
    reads = len(known.questions) if isinstance(known, NotAsked) else 0
    shape = (reads, row.id is None, len(row.fields), len(row.add_tags), len(row.remove_tags))
    if shape not in cache:
        cache[shape] = calls_at_most(row, matching)
    return cache[shape]


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
        beyond = fault.position >= len(chunk.cells.columns)
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
    reading = run.columns.read([number], [cells], {number: problems} if problems else {}, named)
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
