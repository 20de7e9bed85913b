"""The custom fields of a channel, as far as contacts have shown them: HeyX cannot list them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from heyx_bulk.database import Database
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.contacts import Contact, Value
from heyx_bulk.values.equality import text_of
from heyx_bulk.values.value_types import ValueKind

FEWEST_DATES = 3
"""So many values must be dates, and all of them, before a field is taken to hold dates."""

_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_SORTS = ("booleans", "dates", "others")


@dataclass(frozen=True, slots=True)
class KnownField:
    """A custom field of a channel: what its values are, and when HeyX first and last showed it (epoch seconds).

    A field that a person named and HeyX has not shown has no such times.
    """

    name: str
    kind: ValueKind
    first_seen: float | None
    last_seen: float | None


class CustomFields:
    """The custom fields that a channel has shown, and those that a person says it has."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    def known(self) -> tuple[KnownField, ...]:
        """All of them, by name."""
        query = "SELECT name, booleans, dates, others, first_seen, last_seen FROM field ORDER BY name"
        found = self._db.rows(query)
        return tuple(
            KnownField(name, _kind(booleans, dates, others), first, last)
            for name, booleans, dates, others, first, last in found
        )

    def observe(self, contacts: Iterable[Contact]) -> None:
        """HeyX showed these contacts, whole: their custom fields are there, and their values are of some kind."""
        sorts: dict[str, Counter[str]] = {}
        for contact in contacts:
            for name, value in custom_fields(contact.fields):
                sorts.setdefault(name, Counter()).update(_sort(value))
        if not sorts:
            return
        now = self._clock()
        with self._db.transaction():
            self._db.executemany(
                "INSERT INTO field VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "booleans = booleans + excluded.booleans, dates = dates + excluded.dates, "
                "others = others + excluded.others, first_seen = coalesce(first_seen, excluded.first_seen), "
                "last_seen = excluded.last_seen",
                [(name, *(seen[sort] for sort in _SORTS), now, now) for name, seen in sorts.items()],
            )

    def add(self, name: str) -> None:
        """The channel has a custom field of this name, says a person."""
        self._db.execute("INSERT OR IGNORE INTO field VALUES (?, 0, 0, 0, NULL, NULL)", (name,))

    def forget(self, name: str) -> bool:
        """Nothing is known of the field any more; whether anything was."""
        return self._db.execute("DELETE FROM field WHERE name = ?", (name,)).rowcount > 0


def custom_fields(fields: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """Those of a contact's fields that its channel made for itself."""
    own = (*STANDARD_FIELDS, *READ_ONLY_FIELDS)
    return ((name, value) for name, value in fields.items() if name not in own)


def _sort(value: Value) -> Iterator[str]:
    """What a value shows of its field's kind; a blank one shows nothing."""
    if isinstance(value, bool):
        yield "booleans"
    elif text := text_of(value):
        yield "dates" if _DATE.fullmatch(text) else "others"


def _kind(booleans: int, dates: int, others: int) -> ValueKind:
    match bool(booleans), dates >= FEWEST_DATES, bool(others):
        case True, _, False if not dates:
            return ValueKind.BOOLEAN
        case False, True, False:
            return ValueKind.DATE
        case _:
            return ValueKind.TEXT
