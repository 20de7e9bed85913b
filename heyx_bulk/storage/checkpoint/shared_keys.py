"""The key values that rows of different contacts share: they identify nobody who has a better key."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from heyx_bulk.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shared_key (
    field TEXT NOT NULL,
    value TEXT NOT NULL,          -- as it is compared
    differing TEXT NOT NULL,      -- the better key in which its rows differ
    first INTEGER NOT NULL,       -- the first of its rows
    PRIMARY KEY (field, value)
) WITHOUT ROWID
"""


class SharedKeys:
    """The shared key values of a run. A checkpoint of rows that share none has no table for them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def store(self, found: Iterable[tuple[str, str, str, int]]) -> None:
        """Keep shared values: field, value, the key in which their rows differ, the first row."""
        self._db.execute(_SCHEMA)
        self._db.executemany("INSERT INTO shared_key VALUES (?, ?, ?, ?)", found)

    def find(self, name: str, value: str) -> tuple[str, int] | None:
        """The key in which the rows that share a value differ, and the first of them; None if none do."""
        if not self._exist:
            return None
        found = self._db.row("SELECT differing, first FROM shared_key WHERE field = ? AND value = ?", name, value)
        return None if found is None else (str(found[0]), int(found[1]))

    @cached_property
    def _exist(self) -> bool:
        return bool(self._db.value("SELECT count(*) FROM sqlite_master WHERE name = 'shared_key'"))
