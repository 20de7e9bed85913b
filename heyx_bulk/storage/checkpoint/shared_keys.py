"""The key values that rows of different contacts share: they identify nobody who has a better key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from heyx_bulk.database import Database
from heyx_bulk.mapping.same_contact import SharedKey

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
        self._has_table = False

    def store(self, found: Iterable[SharedKey]) -> None:
        """Keep shared values."""
        self._db.execute(_SCHEMA)
        self._db.executemany(
            "INSERT INTO shared_key VALUES (?, ?, ?, ?)",
            [(one.field, one.value, one.differing, one.numbers[0]) for one in found],
        )

    def replace(self, values: Collection[tuple[str, str]], found: Sequence[SharedKey]) -> set[tuple[str, str]]:
        """Let `found` be the shared ones among `values` (field, value); those of which that is new."""
        before = {value for value in values if self.find(*value) is not None}
        if before:
            self._db.executemany("DELETE FROM shared_key WHERE field = ? AND value = ?", before)
        if found:
            self.store(found)
        return before ^ {(one.field, one.value) for one in found}

    def find(self, name: str, value: str) -> tuple[str, int] | None:
        """The key in which the rows that share a value differ, and the first of them; None if none do."""
        if not self._exist():
            return None
        found = self._db.row("SELECT differing, first FROM shared_key WHERE field = ? AND value = ?", name, value)
        return None if found is None else (str(found[0]), int(found[1]))

    def _exist(self) -> bool:
        if not self._has_table:
            self._has_table = bool(self._db.value("SELECT count(*) FROM sqlite_master WHERE name = 'shared_key'"))
        return self._has_table
