"""The results of a run: files with the outcome of every row, and the totals in a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from heyx_bulk.mapping.columns import OUR_COLUMNS, Column, Use, normalize_name
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION, STATUS_COLORS, WORDS, status_word
from heyx_bulk.reports.written_files import is_unchanged, places, write_file
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.writer import CellStyle, write_sheet
from heyx_bulk.storage.checkpoint.recovery import RecoveredRows
from heyx_bulk.storage.checkpoint.row_record import RowRecord, RowState
from heyx_bulk.storage.checkpoint.run import Run

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
        if path.exists() and is_unchanged(run.checkpoint, path):
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
    place = next(place for place in places(path) if not place.exists())
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
    header = [*(info.header[position] for position in kept), *OUR_COLUMNS]
    raw = bool(info.sheet_options.get("raw_csv"))

    def write(place: Path) -> None:
        lines = _lines(records(), kept, run.columns.used(Use.ID), name)
        write_sheet(place, header, lines, worksheet=worksheet, style=style, about=about, raw_csv=raw)

    return write_file(checkpoint, path, write)


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


def sheet_positions(header: Sequence[str]) -> tuple[int, ...]:
    """The positions of a sheet's own columns, those that are not ours."""
    ours = {normalize_name(name) for name in OUR_COLUMNS}
    return tuple(position for position, text in enumerate(header) if normalize_name(text) not in ours)


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
