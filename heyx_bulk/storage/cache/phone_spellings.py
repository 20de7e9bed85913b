"""How HeyX spells the phones of a channel: the spellings under which searches found their contact."""

from __future__ import annotations

from collections import Counter

from heyx_bulk.database import Database
from heyx_bulk.models.calls import FindContacts, Page
from heyx_bulk.values.equality import PhoneSpelling, key_text, spelling_of

MOST_FOUND = 500
"""Searches of one spelling that count; above it all are halved, so that what is newer counts more."""


class PhoneSpellings:
    """The spellings under which phones were found, counted."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._new: Counter[PhoneSpelling] = Counter()
        self._found = Counter(
            {PhoneSpelling(name): found for name, found in db.rows("SELECT spelling, found FROM phone")}
        )

    def by_frequency(self) -> tuple[PhoneSpelling, ...]:
        """The spellings, most frequent first; one that found no phone is not among them."""
        return tuple(spelling for spelling, _ in self._found.most_common())

    def observe(self, search: FindContacts, page: Page) -> None:
        """Count a search that found its phone."""
        phone = key_text("phone", search.value)
        if search.field != "phone" or not any(
            key_text("phone", contact.fields.get("phone")) == phone for contact in page.contacts
        ):
            return
        spelling = spelling_of(search.value)
        self._found[spelling] += 1
        self._new[spelling] += 1
        if self._found[spelling] > MOST_FOUND:
            self._found = Counter({name: (found + 1) // 2 for name, found in self._found.items()})

    def save(self) -> None:
        """Store what was counted since the last time."""
        new, self._new = self._new, Counter()
        if not new:
            return
        with self._db.transaction():
            self._db.executemany(
                "INSERT INTO phone VALUES (?, ?) "
                "ON CONFLICT (spelling) DO UPDATE SET found = found + excluded.found",
                new.items(),
            )
            self._db.execute(
                "UPDATE phone SET found = (found + 1) / 2 WHERE (SELECT max(found) FROM phone) > ?", (MOST_FOUND,)
            )
