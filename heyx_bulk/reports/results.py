"""The results of a run: files with the outcome of every row, and the totals in a line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from heyx_bulk.errors import WriteError, translate_full_disk
from heyx_bulk.mapping.columns import OUR_COLUMNS, Column, Use, normalize_name
from heyx_bulk.models.contacts import Status
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import count
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.writer import CellStyle, write_sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.recovery import RecoveredRows
from heyx_bulk.storage.checkpoint.row_record import RowRecord, RowState
from heyx_bulk.storage.checkpoint.run import Run

UNCONFIRMED = "unconfirmed"
TO_DO = "to do"
NEEDS_ATTENTION = (Status.FAILED, Status.INVALID, Status.UNCERTAIN)
WORDS = (*Status, UNCONFIRMED, TO_DO)

STATUS_COLORS = {
    Status.CREATED: "#E2F0D9",
    Status.UPDATED: "#E2F0D9",
    Status.FAILED: "#F8CBAD",
    Status.INVALID: "#FFE699",
    Status.UNCERTAIN: "#FFE699",
    UNCONFIRMED: "#FFE699",
}
"""The colors of `heyx status` in a workbook: green for success, yellow and red for rows that need attention."""

_ROW_NAME = re.compile(r"row (\d+) of run ([0-9a-f]{8})")
_OPEN_MESSAGES = {
    RowState.CREATE_PENDING: "its create went unanswered; the next session looks for it",
    RowState.READY: "not sent yet",
    RowState.CREATED: "created, but not finished",
}


def write_results(run: Run, path: Path) -> Path:
    """Write every row of the sheet with its outcome to `path`, or beside it if the file there was changed by hand.

    The sheet's own columns come first, then ours. Returns the path of the file.
    """
    return _write(run, path, run.checkpoint.queue.rows, _number, "Results", _about(run))


def write_failed(run: Run, path: Path) -> Path | None:
    """Write the rows that need attention to `path`, to be corrected and sent again; None if there are none.

    The columns are those of the results, and `heyx row` names run and row. If no row needs attention any more, an
    unchanged file of an earlier session is removed.
    """
    if not run.checkpoint.queries.needs_attention():
        if path.exists() and _is_ours(run.checkpoint, path):
            path.unlink()
        return None
    run_id = run.checkpoint.info.run_id

    def rows() -> Iterator[RowRecord]:
        return (record for record in run.checkpoint.queue.rows() if record.status in NEEDS_ATTENTION)

    return _write(run, path, rows, lambda record: row_label(run_id, record.number), "Failed")


def write_recovered(found: RecoveredRows, path: Path) -> Path:
    """Write the rows of a damaged checkpoint to `path`, or to a free name beside it; returns the path.

    The columns are those of the results; the sheet's own are named by their letters if their header is lost.
    """
    widest = max((len(record.cells) for record in found.rows), default=0)
    header = found.header or tuple(f"column {column_letter(position)}" for position in range(widest))
    kept = sheet_positions(header)
    lines = _lines(found.rows, kept, (), _number)
    place = next(place for place in _places(path) if not place.exists())
    write_sheet(place, [*(header[position] for position in kept), *OUR_COLUMNS], lines)
    return place


def _number(record: RowRecord) -> str:
    return str(record.number)


def row_label(run_id: str, number: int) -> str:
    """The label of a row in a file for corrections: `row 12 of run 1a2b3c4d`."""
    return f"row {number} of run {run_id[:8]}"


def parse_row_label(name: str) -> tuple[int, str] | None:
    """The number and the run of a label that `row_label` wrote; None for any other text."""
    found = _ROW_NAME.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def _write(
    run: Run,
    path: Path,
    records: Callable[[], Iterable[RowRecord]],
    name: Callable[[RowRecord], str],
    worksheet: str,
    about: Sequence[Sequence[str]] = (),
) -> Path:
    checkpoint, info = run.checkpoint, run.checkpoint.info
    kept = sheet_positions(info.header)
    style = CellStyle(len(kept), STATUS_COLORS)
    header = outcome_header(run)
    raw = bool(info.sheet_options.get("raw_csv"))
    for place in _places(path):
        if place.exists() and not _is_ours(checkpoint, place):
            continue
        try:
            lines = _lines(records(), kept, run.columns.used(Use.ID), name)
            with translate_full_disk(
                f"The disk of {place.parent} is full: {place.name} could not be written.",
                f"Nothing is lost; make room and type: {command_line('report', str(checkpoint.path))}",
            ):
                write_sheet(place, header, lines, worksheet=worksheet, style=style, about=about, raw_csv=raw)
        except WriteError:
            if place.exists():
                continue
            raise
        checkpoint.facts.written_files = {**checkpoint.facts.written_files, place.name: _digest(place)}
        return place
    raise WriteError(
        f"No name beside {path} is free for the results.", "Clear up the folder, or name another: --out."
    )


def _about(run: Run) -> list[tuple[str, str]]:
    """The second worksheet of a workbook of results: the sheet, the totals, and the options."""
    info, totals = run.checkpoint.info, run.checkpoint.queries.totals()
    return [
        ("about", "value"),
        ("sheet", info.sheet),
        ("begun", info.started_at),
        ("run", info.short_id),
        ("rows", str(sum(totals.values()))),
        *((word, str(totals[word])) for word in WORDS if totals.get(word)),
        ("command", run.checkpoint.facts.command),
        *((name, _shown(value)) for name, value in info.options.items() if value not in (None, False, [], "")),
    ]


def _shown(value: object) -> str:
    return "yes" if value is True else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def outcome_rows(run: Run, statuses: Sequence[str] = WORDS) -> Iterator[tuple[int, list[str]]]:
    """The rows with one of these statuses: number, and the texts under `outcome_header`.

    `heyx row` names run and row, so that rows can be given back corrected.
    """
    kept, ids = sheet_positions(run.checkpoint.info.header), run.columns.used(Use.ID)

    def label(record: RowRecord) -> str:
        return row_label(run.checkpoint.info.run_id, record.number)

    for record in run.checkpoint.queue.rows():
        if status_word(record) in statuses:
            (line,) = _lines([record], kept, ids, label)
            yield record.number, line


def outcome_header(run: Run) -> list[str]:
    """The columns of a run's results: the sheet's own, then ours."""
    header = run.checkpoint.info.header
    return [*(header[position] for position in sheet_positions(header)), *OUR_COLUMNS]


def complete_totals(totals: Mapping[str, int]) -> dict[str, int]:
    """The totals with every status, those that no row has too."""
    return {str(word): totals.get(word, 0) for word in WORDS}


def sheet_positions(header: Sequence[str]) -> tuple[int, ...]:
    """The positions of a sheet's own columns, those that are not ours."""
    ours = {normalize_name(name) for name in OUR_COLUMNS}
    return tuple(position for position, text in enumerate(header) if normalize_name(text) not in ours)


def totals_line(totals: Mapping[str, int], contacts: int | None = None) -> str:
    """The totals in a sentence: `42 rows: 38 created, 3 failed, 1 invalid`.

    `contacts` is how many there are, where several rows stand for one: `42 rows for 40 contacts: …`.
    """
    parts = [f"{totals[word]:,} {word}" for word in WORDS if totals.get(word)]
    sent = f" for {count(contacts, 'contact')}" if contacts is not None else ""
    return f"{count(sum(totals.values()), 'row')}{sent}: {', '.join(parts)}" if parts else "0 rows"


def exit_code(totals: Mapping[str, int]) -> int:
    """0 if every row succeeded, otherwise 3."""
    wanted = (Status.CREATED, Status.UPDATED, Status.UNCHANGED, Status.SKIPPED)
    return 0 if all(word in wanted for word, number in totals.items() if number) else 3


def reported_id(record: RowRecord, ids: Sequence[Column]) -> str:
    """The contact id of a row in a file of results."""
    return record.contact_id or record.assigned_id or (record.cells[ids[0].position] if ids else "")


def _lines(
    records: Iterable[RowRecord], kept: Sequence[int], ids: Sequence[Column], name: Callable[[RowRecord], str]
) -> Iterator[list[str]]:
    for record in records:
        yield [
            *(record.cells[position] for position in kept),
            status_word(record),
            reported_id(record, ids),
            record.message if record.state is RowState.DONE else _OPEN_MESSAGES[record.state],
            name(record),
        ]


def status_word(record: RowRecord) -> str:
    """The status of a row, or `unconfirmed` or `to do` if it has none yet."""
    if record.state is RowState.DONE:
        return record.status or ""
    return UNCONFIRMED if record.state is RowState.CREATE_PENDING else TO_DO


def count_open(totals: Mapping[str, int]) -> int:
    """How many rows have no outcome yet."""
    return totals.get(TO_DO, 0) + totals.get(UNCONFIRMED, 0)


def _places(path: Path) -> list[Path]:
    return [path, *(path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 1000))]


def _is_ours(checkpoint: Checkpoint, path: Path) -> bool:
    return path.is_file() and checkpoint.facts.written_files.get(path.name) == _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
