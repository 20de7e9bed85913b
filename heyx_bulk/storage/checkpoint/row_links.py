"""Which row follows which: rows that are matched by a common value of a key are sent one after another."""

from __future__ import annotations

from heyx_bulk.database import Database

SCHEMA = """
CREATE TABLE blocked (
    number INTEGER NOT NULL,
    field TEXT NOT NULL,          -- of the key that it shares
    earlier INTEGER NOT NULL,     -- the nearest earlier row with the same value of it
    PRIMARY KEY (number, field)
) WITHOUT ROWID;
CREATE INDEX blocked_by_earlier ON blocked (earlier);
"""


class RowLinks:
    """The rows of a checkpoint that share values of keys: a chain for each value, in the sheet's order."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def unlink(self, number: int) -> None:
        """Take a row out of its chains: the row behind it in each follows the one before it."""
        before = {str(field): earlier for field, earlier in self._followed(number)}
        behind = self._db.rows("SELECT number, field FROM blocked WHERE earlier = ?", number)
        self._db.execute("DELETE FROM blocked WHERE number = ? OR earlier = ?", (number, number))
        self._db.executemany(
            "INSERT INTO blocked VALUES (?, ?, ?)",
            [(later, field, before[field]) for later, field in behind if field in before],
        )

    def link(self, number: int, field: str, earlier: int | None, later: int | None) -> None:
        """Put a row into the chain of a value of `field`, between the rows that are nearest to it."""
        pairs = [(number, field, earlier), (later, field, number)]
        self._db.executemany("REPLACE INTO blocked VALUES (?, ?, ?)", [pair for pair in pairs if None not in pair])

    def _followed(self, number: int) -> list[tuple[str, int]]:
        return [*self._db.rows("SELECT field, earlier FROM blocked WHERE number = ?", number)]
