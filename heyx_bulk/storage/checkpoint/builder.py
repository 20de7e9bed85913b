"""A checkpoint in the making."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from heyx_bulk.database import Database, create_private, translate_errors
from heyx_bulk.models.contacts import Problem, Status
from heyx_bulk.storage.checkpoint import call_table, run_info
from heyx_bulk.storage.checkpoint.locking import CHECKPOINT_FILE, remove_leftovers, sync
from heyx_bulk.storage.checkpoint.row_record import LINK_ROWS, SCHEMA, SHARED_KEYS, RowState, problems_to_json
from heyx_bulk.storage.checkpoint.run_info import Facts, RunInfo


class CheckpointBuilder:
    """A checkpoint in the making, in a hidden file beside its place; nothing of it is kept unless `keep`.

    Rows come first, then their keys; `keep` makes it durable and gives it its name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._draft = path.with_name(f".{path.name}.draft")
        self._db: Database | None = None

    def __enter__(self) -> Self:
        with translate_errors(self.path, CHECKPOINT_FILE, starting=True):
            self._draft.unlink(missing_ok=True)
            create_private(self._draft)
        self._db = Database(self._draft, CHECKPOINT_FILE, synchronous="OFF", starting=True, named=self.path)
        self._db.script("PRAGMA journal_mode=OFF; BEGIN;" + run_info.SCHEMA + SCHEMA + call_table.SCHEMA)
        return self

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            self._db.close()
        self._draft.unlink(missing_ok=True)

    def _open(self) -> Database:
        assert self._db is not None, "a draft is used inside its with block"  # noqa: S101  our own use
        return self._db

    def add_rows(
        self, numbers: Sequence[int], texts: Sequence[str], problems: Mapping[int, Sequence[Problem]]
    ) -> None:
        """Store rows: number, and cells as `to_json` writes them; one with `problems` cannot be sent."""
        self._open().executemany("INSERT INTO row (number, cells) VALUES (?, ?)", zip(numbers, texts, strict=True))
        for number, found in problems.items():
            self.mark_invalid(number, found)

    def mark_invalid(self, number: int, problems: Sequence[Problem]) -> None:
        """The row `number` cannot be sent."""
        message = "; ".join(problem.detail for problem in problems)
        self._end(number, Status.INVALID, message, problems_to_json(problems))

    def _end(self, number: int, status: Status, message: str, problems: str | None) -> None:
        self._open().execute(
            "UPDATE row SET state = ?, status = ?, problems = ?, message = ? WHERE number = ?",
            (RowState.DONE, status, problems, message, number),
        )
        self._open().execute("DELETE FROM key WHERE number = ?", (number,))

    def add_keys(self, found: Iterable[tuple[int, int, str, str]]) -> None:
        """Store key values of valid rows: number, rank (0 is what the row is matched by), field, value."""
        self._open().executemany("INSERT INTO key VALUES (?, ?, ?, ?)", found)

    def duplicates(self) -> list[tuple[int, int, str]]:
        """Rows whose own key an earlier row has: number, the first row that has it, field."""
        db = self._open()
        db.execute("CREATE INDEX key_by_value ON key (field, value, number)")
        found = db.rows(
            "SELECT number, first, field FROM (SELECT number, field, min(number) OVER "
            f"(PARTITION BY field, value) AS first FROM key WHERE rank = 0 AND (field, value) IN ({SHARED_KEYS})) "
            "WHERE number > first ORDER BY number"
        )
        return [(number, first, field) for number, first, field in found]

    def cells(self, number: int) -> list[str]:
        """The texts of one row."""
        texts: list[str] = json.loads(self._open().value("SELECT cells FROM row WHERE number = ?", number))
        return texts

    def mark_skipped(self, number: int, message: str) -> None:
        """The row `number` is not to be sent."""
        self._end(number, Status.SKIPPED, message, None)

    def merge(self, leader: int, members: Sequence[int], keys: Iterable[tuple[int, int, str, str]]) -> None:
        """Make one row stand for others too: it has all their `keys`, given as `keys` takes them."""
        self._open().executemany(
            "UPDATE row SET merged_into = ? WHERE number = ?", [(leader, number) for number in members]
        )
        self._open().executemany("DELETE FROM key WHERE number = ?", [(n,) for n in (leader, *members)])
        self.add_keys(keys)

    def link_rows(self) -> None:
        """Make every valid row follow the nearest earlier one that shares a key value with it."""
        db = self._open()
        db.execute(LINK_ROWS)

    def save(self, info: RunInfo, *, channel: str, durable: bool = True) -> None:
        """Make the draft the checkpoint of a run to this channel."""
        db = self._open()
        info.write(db)
        Facts(db).channel = channel
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode=WAL")
        db.close()
        with translate_errors(self.path, CHECKPOINT_FILE, starting=True):
            if durable:
                sync(self._draft)
            remove_leftovers(self.path)
            self._draft.replace(self.path)
            if durable:
                sync(self.path.parent)
