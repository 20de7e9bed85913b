"""What can still be read of a checkpoint that the disk damaged."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.database import translate_errors
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.storage.checkpoint.locking import CHECKPOINT_FILE
from heyx_bulk.storage.checkpoint.row_record import ROW_COLUMNS, RowRecord, parse_row_records

MOST_BYTES = 2**34
AT_MOST_ROWS = 2**18
"""How far rows are looked for where nothing says how many there were."""

STEP_ROWS = 1024
PROBES = 16


@dataclass(frozen=True, slots=True)
class RecoveredRows:
    """What was saved: header, rows, how many are lost, the upload's command and its sheet's path.

    Texts that are lost are blank.
    """

    header: tuple[str, ...]
    rows: list[RowRecord]
    lost: int
    command: str
    sheet_path: str


def recover(path: Path) -> RecoveredRows:
    """Read what can be read of the checkpoint at `path`, from a copy; the file itself is left as it is.

    Raises `CheckpointMismatch` where nothing can be read.
    """
    with (
        tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder,
        translate_errors(path, CHECKPOINT_FILE, starting=True),
    ):
        copy = Path(folder) / path.name
        for suffix in ("", "-wal"):
            if (there := path.with_name(path.name + suffix)).is_file():
                shutil.copyfile(there, copy.with_name(copy.name + suffix))
        _lengthen(copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            return _recovered(db, path)


def _recovered(db: sqlite3.Connection, path: Path) -> RecoveredRows:
    header, expected = _info(db, "header"), _info(db, "rows")
    last = _last(db) if _has_rows(db) else -1
    rows = [record for low in range(0, last + 1, STEP_ROWS) for record in _read(db, low, low + STEP_ROWS - 1)]
    if not rows:
        raise CheckpointMismatch(
            f"Nothing can be read of {path}: its beginning is damaged, or it is no checkpoint.",
            "The results file beside the sheet, if there is one, tells how far the run was when it was written.",
        )
    lost = int(str(expected)) - len(rows) if isinstance(expected, int) else 0
    texts = tuple(str(text) for text in header) if isinstance(header, list) else ()
    return RecoveredRows(texts, rows, lost, str(_info(db, "command") or ""), str(_info(db, "path") or ""))


def _lengthen(copy: Path) -> None:
    """Give a file that was cut short its length back: of one that ends early SQLite reads nothing."""
    with copy.open("r+b") as file:
        head = file.read(32)
        page_bytes, pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
        if head[:1] == b"S" and copy.stat().st_size < page_bytes * pages <= MOST_BYTES:
            file.truncate(page_bytes * pages)


def _info(db: sqlite3.Connection, name: str) -> object:
    try:
        found = db.execute("SELECT value FROM info WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None
    except (sqlite3.DatabaseError, ValueError):
        return None


def _has_rows(db: sqlite3.Connection) -> bool:
    """Whether the root of the table can be read, without which no row can: some place below it then can too."""
    expected = _info(db, "rows")
    step = max(1, expected // PROBES) if isinstance(expected, int) else STEP_ROWS
    return any(_can_be_asked(db, number) for number in (-1, *range(0, PROBES * step, step), 2**62))


def _can_be_asked(db: sqlite3.Connection, number: int) -> bool:
    try:
        db.execute("SELECT 1 FROM row WHERE number = ?", (number,)).fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


def _last(db: sqlite3.Connection) -> int:
    """The last row's number; far beyond it where that cannot be read."""
    try:
        return int(db.execute("SELECT max(number) FROM row").fetchone()[0] or 0)
    except sqlite3.DatabaseError:
        expected = _info(db, "rows")
        return 2 * expected if isinstance(expected, int) else AT_MOST_ROWS


def _read(db: sqlite3.Connection, low: int, high: int) -> Iterator[RowRecord]:
    """The rows from `low` to `high` that can be read: what fails is halved until the damage is by itself."""
    query = f"SELECT {ROW_COLUMNS} FROM row WHERE number BETWEEN ? AND ? ORDER BY number"
    try:
        found = parse_row_records(db.execute(query, (low, high)).fetchall())
    except (sqlite3.DatabaseError, ValueError):
        if low < high:
            middle = (low + high) // 2
            yield from _read(db, low, middle)
            yield from _read(db, middle + 1, high)
    else:
        yield from found
