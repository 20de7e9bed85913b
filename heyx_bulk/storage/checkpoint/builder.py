"""The checkpoint of a run in the making."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from heyx_bulk.mapping.mapped_frame import RowKey, keys_by_row
from heyx_bulk.mapping.same_contact import SharedKey
from heyx_bulk.models.contacts import Problem, Status
from heyx_bulk.sheets.frames import Frame
from heyx_bulk.storage.checkpoint import call_table, change_table, key_index, row_links, row_record
from heyx_bulk.storage.checkpoint.checkpoint_file import CheckpointDraft
from heyx_bulk.storage.checkpoint.key_index import KeyEntries, KeyIndex, related_rows
from heyx_bulk.storage.checkpoint.queue import set_invalid
from heyx_bulk.storage.checkpoint.row_record import CellsDigest, RowState, rows_to_json
from heyx_bulk.storage.checkpoint.run_info import APPLICATION_ID, FORMAT, RunInfo
from heyx_bulk.storage.checkpoint.shared_keys import SharedKeys
from heyx_bulk.storage.checkpoint.stored_cells import parse_cells

_RELATED_ROWS = """
CREATE TEMP TABLE related_row (
    part INTEGER NOT NULL,        -- the first of the rows that may share keys, also by way of others
    number INTEGER NOT NULL,
    PRIMARY KEY (part, number)
) WITHOUT ROWID;
CREATE TEMP TABLE related_key (
    number INTEGER NOT NULL,
    rank INTEGER NOT NULL,        -- 0 is what the row is matched by
    field TEXT NOT NULL,
    value TEXT NOT NULL,          -- as it is compared
    PRIMARY KEY (number, rank)
) WITHOUT ROWID;
"""
"""While a sheet is staged: the rows that may share a key with another, and all their keys with their texts."""

_ROWS_AT_ONCE = 1000


class CheckpointBuilder(CheckpointDraft):
    """The checkpoint of a run in the making: the rows come first, frame by frame, then what they share."""

    def __init__(self, path: Path, header: Sequence[str] = ()) -> None:
        tables = (row_record, key_index, row_links, call_table, change_table)
        schema = "".join(one.SCHEMA for one in tables) + _RELATED_ROWS
        super().__init__(path, f"PRAGMA application_id = {APPLICATION_ID};{schema}")
        self.digest = CellsDigest(header)
        """The digest of the rows so far, and their number."""
        self._entries = KeyEntries()

    def add_rows(
        self, numbers: Sequence[int], cells: Sequence[Sequence[str]], problems: Frame, keys: Frame
    ) -> None:
        """Store rows: their numbers, a list of texts for each column, and what mapping made of them."""
        texts = rows_to_json([*zip(*cells, strict=True)])
        self.digest.add(numbers, texts)
        self.db.insert("row (number, cells)", [*zip(numbers, texts, strict=True)])
        found: dict[int, list[Problem]] = {}
        for number, cause, detail in zip(*(problems[name].tolist() for name in problems), strict=True):
            found.setdefault(number, []).append(Problem(cause, detail))
        set_invalid(self.db, found.items())
        self._entries.add(keys)

    def relate_rows(self, keys_of: Callable[[Frame], Frame]) -> None:
        """Find the rows that share keys, with the texts of them all; to be called once, after the last frame.

        `keys_of` gives the keys of a DataFrame of cells, as for `add_rows`.
        """
        entries = self._entries.in_order()
        rows, parts = related_rows(entries)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            numbers = rows[start : start + _ROWS_AT_ONCE]
            self._add_related(keys_by_row(keys_of(self._cells(numbers))))
        self.db.executemany("INSERT INTO related_row VALUES (?, ?)", zip(parts, rows, strict=True))
        self.db.execute("CREATE INDEX temp.related_key_by_value ON related_key (field, value, number)")
        KeyIndex(self.db).store(entries)

    def keys_of_related_rows(self) -> Iterator[Iterator[RowKey]]:
        """All keys of every row that shares a key with another, row by row; of a few other rows, too.

        They come in parts: rows of different parts share no key. Each is to be read before anything is written.
        """
        query = (
            "SELECT number, rank, field, value FROM related_row JOIN related_key USING (number) WHERE part = ? "
            "ORDER BY number, rank"
        )
        for (part,) in self.db.rows("SELECT DISTINCT part FROM related_row ORDER BY part"):
            yield map(RowKey._make, self.db.stream(query, part))

    def cells(self, number: int) -> list[str]:
        """The texts of one row."""
        texts: list[str] = json.loads(self.db.value("SELECT cells FROM row WHERE number = ?", number))
        return texts

    def mark_invalid(self, number: int, problems: Sequence[Problem]) -> None:
        """The row `number` cannot be sent."""
        set_invalid(self.db, [(number, problems)])
        self._forget_related([number])

    def mark_skipped(self, number: int, later: int, message: str) -> None:
        """The row `number` is not to be sent, the row `later` is sent in its place."""
        self.db.execute(
            "UPDATE row SET state = ?, status = ?, superseded_by = ?, message = ? WHERE number = ?",
            (RowState.DONE, Status.SKIPPED, later, message, number),
        )
        self._forget_related([number])

    def merge(self, leader: int, members: Sequence[int], keys: Iterable[RowKey]) -> None:
        """Make one row stand for others too: it has all their `keys`."""
        self.db.executemany(
            "UPDATE row SET merged_into = ? WHERE number = ?", [(leader, number) for number in members]
        )
        self._forget_related([leader, *members])
        self._add_related(keys)

    def add_shared_keys(self, shared: Sequence[SharedKey]) -> None:
        """Store the key values that rows of different contacts share.

        Rows that have better keys are not related by them any more.
        """
        SharedKeys(self.db).store(shared)
        self.db.executemany(
            "DELETE FROM related_key WHERE field = ? AND value = ? AND rank > 0",
            [(one.field, one.value) for one in shared],
        )

    def left_out_rows(self) -> Iterator[Frame]:
        """The cells of rows that are not sent only because they share a key with another row."""
        query = "SELECT number FROM related_row JOIN row USING (number) WHERE status IN (?, ?) ORDER BY number"
        numbers = (number for (number,) in self.db.rows(query, Status.INVALID, Status.SKIPPED))
        while some := [*islice(numbers, _ROWS_AT_ONCE)]:
            yield self._cells(some)

    def link_rows(self) -> None:
        """Make every valid row follow the nearest earlier one that shares a key value with it."""
        self.db.execute(
            "INSERT INTO blocked SELECT number, field, earlier FROM (SELECT number, field, lag(number) OVER "
            "(PARTITION BY field, value ORDER BY number) AS earlier FROM related_key) WHERE earlier IS NOT NULL"
        )

    def save(self, info: RunInfo, *, channel: str, durable: bool = True) -> None:
        """Make the draft the checkpoint of a run to this channel."""
        self.publish({"format": FORMAT, **asdict(info), "channel": channel}, durable=durable)

    def _cells(self, numbers: Sequence[int]) -> Frame:
        some = ", ".join(map(str, numbers))
        texts = self.db.rows(f"SELECT cells FROM row WHERE number IN ({some}) ORDER BY number")
        return parse_cells(numbers, [text for (text,) in texts])

    def _add_related(self, keys: Iterable[RowKey]) -> None:
        self.db.executemany("INSERT INTO related_key VALUES (?, ?, ?, ?)", keys)

    def _forget_related(self, numbers: Iterable[int]) -> None:
        self.db.executemany("DELETE FROM related_key WHERE number = ?", [(number,) for number in numbers])
