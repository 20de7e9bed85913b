"""The results of a run: files with the outcome of every row, and the totals in a line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from heyx_bulk.errors import WriteError, translate_full_disk
from heyx_bulk.mapping.columns import STATUS_COLUMN
from heyx_bulk.models.option import command_line
from heyx_bulk.reports.outcome_frames import frame_outcomes, outcome_frames, outcome_header
from heyx_bulk.reports.run_totals import STATUS_COLORS, WORDS
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.frames import Frame, row_texts
from heyx_bulk.sheets.writer import CellStyle, write_sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.recovery import RecoveredRows
from heyx_bulk.storage.checkpoint.run import Run


def write_results(run: Run, path: Path) -> Path:
    """Write every row of the sheet with its outcome to `path`, or beside it if the file there was changed by hand.

    The sheet's own columns come first, then ours. Returns the path of the file.
    """
    return _write(run, path, lambda: outcome_frames(run), "Results", _about(run))


def write_failed(run: Run, path: Path) -> Path | None:
    """Write the rows that need attention to `path`, to be corrected and sent again; None if there are none.

    The columns are those of the results, and `heyx row` names run and row. If no row needs attention any more, an
    unchanged file of an earlier session is removed.
    """
    if not run.checkpoint.queries.needs_attention():
        if path.exists() and _is_ours(run.checkpoint, path):
            path.unlink()
        return None
    return _write(run, path, lambda: outcome_frames(run, attention_only=True), "Failed")


def write_recovered(found: RecoveredRows, path: Path) -> Path:
    """Write the rows of a damaged checkpoint to `path`, or to a free name beside it; returns the path.

    The columns are those of the results; the sheet's own are named by their letters if their header is lost.
    """
    widest = max((len(record.cells) for record in found.rows), default=0)
    header = found.header or tuple(f"column {column_letter(position)}" for position in range(widest))
    place = next(place for place in _places(path) if not place.exists())
    write_sheet(place, outcome_header(header), _lines(frame_outcomes(found.rows, header)))
    return place


def _write(
    run: Run,
    path: Path,
    frames: Callable[[], Iterator[Frame]],
    worksheet: str,
    about: Sequence[Sequence[str]] = (),
) -> Path:
    checkpoint, info = run.checkpoint, run.checkpoint.info
    header = outcome_header(info.header)
    style = CellStyle(header.index(STATUS_COLUMN), STATUS_COLORS)
    raw = bool(info.sheet_options.get("raw_csv"))
    for place in _places(path):
        if place.exists() and not _is_ours(checkpoint, place):
            continue
        try:
            with translate_full_disk(
                f"The disk of {place.parent} is full: {place.name} could not be written.",
                f"Nothing is lost; make room and type: {command_line('report', str(checkpoint.path))}",
            ):
                lines = _lines(frames())
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


def _lines(frames: Iterable[Frame]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(map(row_texts, frames))


def _places(path: Path) -> list[Path]:
    return [path, *(path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 1000))]


def _is_ours(checkpoint: Checkpoint, path: Path) -> bool:
    return path.is_file() and checkpoint.facts.written_files.get(path.name) == _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
