"""What an export showed of the contacts that a run's rows name: kept with the run, which outlives the cache."""

from __future__ import annotations

import json
from collections.abc import Iterable

from heyx_bulk.database import Database
from heyx_bulk.models.contacts import Contact

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shown (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    fields TEXT NOT NULL,         -- a JSON object
    tags TEXT NOT NULL            -- a JSON list
)
"""


class Baseline:
    """What an export showed, by row. A checkpoint of a run without edits has no table for it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def store(self, contacts: Iterable[tuple[int, Contact]]) -> None:
        """Keep what an export showed of rows' contacts, all or nothing."""
        rows = (
            (number, contact.id, json.dumps(dict(contact.fields)), json.dumps(sorted(contact.tags)))
            for number, contact in contacts
        )
        with self._db.transaction():
            self._db.execute(_SCHEMA)
            self._db.executemany("INSERT OR REPLACE INTO shown VALUES (?, ?, ?, ?)", rows)

    def contact_of(self, number: int) -> Contact | None:
        """What the export showed of a row's contact; None where it did not."""
        found = self._db.row("SELECT id, fields, tags FROM shown WHERE number = ?", number)
        if found is None:
            return None
        contact_id, fields, tags = found
        return Contact(contact_id, json.loads(fields), frozenset(json.loads(tags)), complete=True)
