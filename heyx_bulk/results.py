"""What became of every row: a file and a line."""

from __future__ import annotations

import errno
import hashlib
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from heyx_bulk.columns import OUR_COLUMNS, Columns, Use, folded
from heyx_bulk.errors import DiskFull, Unwritable
from heyx_bulk.journal import Entry, Journal, State
from heyx_bulk.model import Status
from heyx_bulk.sheets import write_sheet

IN_DOUBT = "in doubt"
TO_DO = "to do"
WORDS = (*Status, IN_DOUBT, TO_DO)

_OPEN_MESSAGES = {
    State.CREATING: "its create went unanswered; the next start looks for it",
    State.READY: "not sent yet",
    State.CREATED: "created, but not finished",
}


def write(journal: Journal, columns: Columns, path: Path) -> Path:
    """Write the results file at `path`, or beside it where a person changed the one that is there.

    Every row of the sheet in its order, with its own columns and then ours. Returns where it was written.
    """
    kept = tuple(
        position
        for position, header in enumerate(journal.header())
        if folded(header) not in {folded(ours) for ours in OUR_COLUMNS}
    )
    header = [journal.header()[position] for position in kept] + list(OUR_COLUMNS)
    for place in _places(path):
        if place.exists() and not _is_ours(journal, place):
            continue
        try:
            write_sheet(place, header, _rows(journal, columns, kept), worksheet="Results")
        except PermissionError:
            continue
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DiskFull(
                f"The disk of {place.parent} is full: the results could not be written.",
                f"Nothing is lost; make room and type: heyx-bulk report {shlex.quote(str(journal.path))}",
            ) from None
        _remember(journal, place)
        return place
    raise Unwritable(
        f"No name beside {path} is free for the results.", "Clear up the folder, or name another: --out."
    )


def line(totals: Mapping[str, int]) -> str:
    """The totals in a sentence: `42 rows: 38 created, 3 failed, 1 invalid`."""
    rows = sum(totals.values())
    parts = [f"{totals[word]:,} {word}" for word in WORDS if totals.get(word)]
    noun = "row" if rows == 1 else "rows"
    return f"{rows:,} {noun}: {', '.join(parts)}" if parts else "0 rows"


def exit_code(totals: Mapping[str, int]) -> int:
    """0 where every row is as wanted, 3 where some are not."""
    wanted = (Status.CREATED, Status.UPDATED, Status.UNCHANGED, Status.SKIPPED)
    return 0 if all(word in wanted for word, count in totals.items() if count) else 3


def _rows(journal: Journal, columns: Columns, kept: tuple[int, ...]) -> Iterator[list[str]]:
    ids = columns.used(Use.ID)
    for entry in journal.rows():
        told = entry.contact_id or (entry.cells[ids[0].position] if ids else "")
        yield [
            *(entry.cells[position] for position in kept),
            _word(entry),
            told,
            entry.message if entry.state is State.DONE else _OPEN_MESSAGES[entry.state],
            str(entry.number),
        ]


def _word(entry: Entry) -> str:
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
