"""What became of every row: a file and a line."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.errors import FULL, DiskFull, Unwritable
from heyx_bulk.mapping.column import OUR_COLUMNS, Column, Use, folded, letter
from heyx_bulk.models.contacts import Status
from heyx_bulk.sheets.writer import Looks, write_sheet
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.recovery import Salvaged
from heyx_bulk.storage.checkpoint.row_record import Entry, State
from heyx_bulk.storage.checkpoint.run import Run

IN_DOUBT = "in doubt"
TO_DO = "to do"
NEEDS_A_PERSON = (Status.FAILED, Status.INVALID, Status.UNCERTAIN)
WORDS = (*Status, IN_DOUBT, TO_DO)

COLOURS = {
    Status.CREATED: "#E2F0D9",
    Status.UPDATED: "#E2F0D9",
    Status.FAILED: "#F8CBAD",
    Status.INVALID: "#FFE699",
    Status.UNCERTAIN: "#FFE699",
    IN_DOUBT: "#FFE699",
}
"""How a workbook colours `heyx status`: green where all is done, yellow and red where a person is needed."""

_ROW_NAME = re.compile(r"row (\d+) of run ([0-9a-f]{8})")
_OPEN_MESSAGES = {
    State.CREATING: "its create went unanswered; the next start looks for it",
    State.READY: "not sent yet",
    State.CREATED: "created, but not finished",
}


def write(run: Run, path: Path) -> Path:
    """Write the results file at `path`, or beside it where a person changed the one that is there.

    Every row of the sheet in its order, with its own columns and then ours. Returns where it was written.
    """
    return _write(run, path, run.journal.rows, lambda entry: str(entry.number), "Results", _about(run))


def write_failed(run: Run, path: Path) -> Path | None:
    """Write the rows that need a person at `path`, ready to be mended and given back; None if there are none.

    The columns are those of the results, and `heyx row` names run and row. Where no row needs a person any more,
    a file of ours that was left there is taken away.
    """
    if not run.journal.needs_a_person():
        if path.exists() and _is_ours(run.journal, path):
            path.unlink()
        return None
    name = str(run.journal.meta("run"))

    def rows() -> Iterator[Entry]:
        return (entry for entry in run.journal.rows() if entry.status in NEEDS_A_PERSON)

    return _write(run, path, rows, lambda entry: row_name(name, entry.number), "Failed")


def write_salvaged(found: Salvaged, path: Path) -> Path:
    """Write the rows that were saved from a damaged checkpoint at `path`, or beside it; where they went.

    The columns are those of the results, the sheet's own named by their letters where their header is lost.
    """
    widest = max((len(entry.cells) for entry in found.rows), default=0)
    header = found.header or tuple(f"column {letter(position)}" for position in range(widest))
    kept = kept_positions(header)
    lines = _Lines(lambda: found.rows, kept, (), lambda entry: str(entry.number))
    place = next(place for place in _places(path) if not place.exists())
    write_sheet(place, [*(header[position] for position in kept), *OUR_COLUMNS], lines)
    return place


def row_name(run: str, number: int) -> str:
    """What names a row of a run in a file that is given back: `row 12 of run 1a2b3c4d`."""
    return f"row {number} of run {run[:8]}"


def numbered(name: str) -> tuple[int, str] | None:
    """The number and the run that `row_name` named; None where it did not."""
    found = _ROW_NAME.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def _write(
    run: Run,
    path: Path,
    entries: Callable[[], Iterable[Entry]],
    name: Callable[[Entry], str],
    worksheet: str,
    about: Sequence[Sequence[str]] = (),
) -> Path:
    journal = run.journal
    kept = kept_positions(journal.header())
    header = [journal.header()[position] for position in kept] + list(OUR_COLUMNS)
    reading = journal.meta("reading")
    raw = isinstance(reading, dict) and bool(reading.get("raw_csv"))
    lines = _Lines(entries, kept, run.columns.used(Use.ID), name)
    for place in _places(path):
        if place.exists() and not _is_ours(journal, place):
            continue
        try:
            looks = Looks(len(kept), COLOURS)
            write_sheet(place, header, lines, worksheet=worksheet, looks=looks, about=about, raw_csv=raw)
        except Unwritable:
            if place.exists():
                continue
            raise
        except OSError as error:
            raise _told(error, place, journal) from None
        _remember(journal, place)
        return place
    raise Unwritable(
        f"No name beside {path} is free for the results.", "Clear up the folder, or name another: --out."
    )


def _about(run: Run) -> list[tuple[str, str]]:
    """What a workbook of results tells of its run: the sheet, the totals, and the options."""
    journal, totals = run.journal, run.journal.totals()
    intent = journal.meta("intent")
    said = intent.items() if isinstance(intent, dict) else ()
    return [
        ("about", "value"),
        ("sheet", str(journal.meta("sheet"))),
        ("begun", str(journal.meta("begun_at"))),
        ("run", str(journal.meta("run"))[:8]),
        ("rows", str(sum(totals.values()))),
        *((word, str(totals[word])) for word in WORDS if totals.get(word)),
        ("command", str(journal.meta("command") or "")),
        *((str(name), _shown(value)) for name, value in said if value not in (None, False, [], "")),
    ]


def _shown(value: object) -> str:
    match value:
        case True:
            return "yes"
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)


def _told(error: OSError, place: Path, journal: Journal) -> Exception:
    if error.errno not in FULL:
        return error
    return DiskFull(
        f"The disk of {place.parent} is full: {place.name} could not be written.",
        f"Nothing is lost; make room and type: heyx-bulk report {shlex.quote(str(journal.path))}",
    )


def kept_positions(header: Sequence[str]) -> tuple[int, ...]:
    """The positions of a sheet's own columns, those that are not ours."""
    ours = {folded(name) for name in OUR_COLUMNS}
    return tuple(position for position, text in enumerate(header) if folded(text) not in ours)


def line(totals: Mapping[str, int], contacts: int | None = None) -> str:
    """The totals in a sentence: `42 rows: 38 created, 3 failed, 1 invalid`.

    `contacts` is how many there are, where several rows stand for one: `42 rows for 40 contacts: …`.
    """
    rows = sum(totals.values())
    parts = [f"{totals[word]:,} {word}" for word in WORDS if totals.get(word)]
    noun = "row" if rows == 1 else "rows"
    sent = f" for {contacts:,} {'contact' if contacts == 1 else 'contacts'}" if contacts is not None else ""
    return f"{rows:,} {noun}{sent}: {', '.join(parts)}" if parts else "0 rows"


def exit_code(totals: Mapping[str, int]) -> int:
    """0 where every row is as wanted, 3 where some are not."""
    wanted = (Status.CREATED, Status.UPDATED, Status.UNCHANGED, Status.SKIPPED)
    return 0 if all(word in wanted for word, count in totals.items() if count) else 3


def told_id(entry: Entry, ids: Sequence[Column]) -> str:
    """The contact id that a file of ours tells for a row."""
    return entry.contact_id or entry.named_id or (entry.cells[ids[0].position] if ids else "")


@dataclass(frozen=True, slots=True)
class _Lines:
    """The rows of a file of ours, as texts; gone through anew for each name that is tried."""

    entries: Callable[[], Iterable[Entry]]
    kept: tuple[int, ...]
    ids: tuple[Column, ...]
    name: Callable[[Entry], str]

    def __iter__(self) -> Iterator[list[str]]:
        for entry in self.entries():
            yield [
                *(entry.cells[position] for position in self.kept),
                word(entry),
                told_id(entry, self.ids),
                entry.message if entry.state is State.DONE else _OPEN_MESSAGES[entry.state],
                self.name(entry),
            ]


def word(entry: Entry) -> str:
    """What became of a row, in a word: its status, or `in doubt`, or `to do`."""
    if entry.state is State.DONE:
        return entry.status or ""
    return IN_DOUBT if entry.state is State.CREATING else TO_DO


def _places(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, 1000):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _is_ours(journal: Journal, path: Path) -> bool:
    written = journal.meta("written")
    return path.is_file() and isinstance(written, dict) and written.get(path.name) == _digest(path)


def _remember(journal: Journal, path: Path) -> None:
    written = journal.meta("written")
    journal.remember("written", {**(written if isinstance(written, dict) else {}), path.name: _digest(path)})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
