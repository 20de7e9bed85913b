"""The checkpoint of a run in the making."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from heyx_bulk.models.contacts import Problem, Status
from heyx_bulk.storage.checkpoint import call_table
from heyx_bulk.storage.checkpoint.checkpoint_file import CheckpointDraft
from heyx_bulk.storage.checkpoint.queue import Queue
from heyx_bulk.storage.checkpoint.row_record import LINK_ROWS, SCHEMA, SHARED_KEYS, RowState
from heyx_bulk.storage.checkpoint.run_info import FORMAT, RunInfo
from heyx_bulk.storage.checkpoint.shared_keys import SharedKeys


class CheckpointBuilder(CheckpointDraft):
    """The checkpoint of a run in the making. Rows come first, then their keys."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA + call_table.SCHEMA)

    def add_rows(
        self, numbers: Sequence[int], texts: Sequence[str], problems: Mapping[int, Sequence[Problem]]
    ) -> None:
        """Store rows: number, and cells as `to_json` writes them; one with `problems` cannot be sent."""
        self.db.executemany("INSERT INTO row (number, cells) VALUES (?, ?)", zip(numbers, texts, strict=True))
        for number, found in problems.items():
            self.mark_invalid(number, found)

    def mark_invalid(self, number: int, problems: Sequence[Problem]) -> None:
        """The row `number` cannot be sent."""
        Queue(self.db).mark_invalid([(number, problems)])

    def add_keys(self, found: Iterable[tuple[int, int, str, str]]) -> None:
        """Store key values of valid rows: number, rank (0 is what the row is matched by), field, value."""
        self.db.executemany("INSERT INTO key VALUES (?, ?, ?, ?)", found)

    def keys_of_related_rows(self) -> Iterator[tuple[int, int, str, str]]:
        """All keys of the rows that share a key value with another row: number, rank, field, value."""
        self.db.execute("CREATE INDEX key_by_value ON key (field, value, number)")
        query = (
            "SELECT number, rank, field, value FROM key "
            f"WHERE number IN (SELECT number FROM key WHERE (field, value) IN ({SHARED_KEYS}))"
        )
        return ((number, rank, field, value) for number, rank, field, value in self.db.stream(query))

    def cells(self, number: int) -> list[str]:
        """The texts of one row."""
        texts: list[str] = json.loads(self.db.value("SELECT cells FROM row WHERE number = ?", number))
        return texts

    def mark_skipped(self, number: int, message: str) -> None:
        """The row `number` is not to be sent."""
        self.db.execute(
            "UPDATE row SET state = ?, status = ?, message = ? WHERE number = ?",
            (RowState.DONE, Status.SKIPPED, message, number),
        )
        self.db.execute("DELETE FROM key WHERE number = ?", (number,))

    def merge(self, leader: int, members: Sequence[int], keys: Iterable[tuple[int, int, str, str]]) -> None:
        """Make one row stand for others too: it has all their `keys`, given as `keys` takes them."""
        self.db.executemany(
            "UPDATE row SET merged_into = ? WHERE number = ?", [(leader, number) for number in members]
        )
        self.db.executemany("DELETE FROM key WHERE number = ?", [(n,) for n in (leader, *members)])
        self.add_keys(keys)

    def add_shared_keys(self, found: Iterable[tuple[str, str, str, int]]) -> None:
        """Store the key values that rows of different contacts share, as `SharedKeys.store` takes them.

        Rows that have better keys are not related by them any more.
        """
        shared = list(found)
        SharedKeys(self.db).store(shared)
        self.db.executemany(
            "DELETE FROM key WHERE field = ? AND value = ? AND rank > 0",
            [(name, value) for name, value, *_ in shared],
        )

    def link_rows(self) -> None:
        """Make every valid row follow the nearest earlier one that shares a key value with it."""
        self.db.execute(LINK_ROWS)

    def save(self, info: RunInfo, *, channel: str, durable: bool = True) -> None:
        """Make the draft the checkpoint of a run to this channel."""
        self.publish({"format": FORMAT, **asdict(info), "channel": channel}, durable=durable)
