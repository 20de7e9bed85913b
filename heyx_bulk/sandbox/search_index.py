"""Find contacts by the texts of their fields, some seconds behind the truth.

A field is indexed when it is first searched for, because most fields never are. Changes younger than the lag wait
in a queue; a field that is indexed meanwhile is read as if they had not happened yet.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from heyx_bulk.sandbox.contact_record import Record
from heyx_bulk.sandbox.faults import Search
from heyx_bulk.sandbox.requests import Value

_TAIL_DIGITS = 9
_place = attrgetter("place")


class _Change(NamedTuple):
    """A field's new value, which searches see from `due` on."""

    due: float
    record: Record
    name: str
    before: Value
    after: Value


class SearchIndex:
    """Contacts by field and text. With a `lag` in seconds, as they were that long ago."""

    def __init__(self, *, search: Search, lag: float) -> None:
        self._loose = search == "loose"
        self._lag = lag
        self._waiting: deque[_Change] = deque()
        self._fields: dict[str, dict[str, list[Record]]] = {}

    def change(self, record: Record, name: str, before: Value, after: Value, now: float | None) -> None:
        """Note that a field changed at `now`; None if the change is to be found immediately."""
        if now is None or not self._lag:
            self._move(record, name, before, after)
        else:
            self._catch_up(now)
            self._waiting.append(_Change(now + self._lag, record, name, before, after))

    def find(self, name: str, text: str, records: Iterable[Record], now: float) -> list[Record]:
        """The contacts whose field matches the text, in the order of their places; do not change the list."""
        self._catch_up(now)
        if name not in self._fields:
            self._index(name, records)
        by_key = self._fields[name]
        found = [by_key[key] for key in self._keys(name, text) if key in by_key]
        if len(found) <= 1:
            return found[0] if found else []
        return sorted({record.place: record for group in found for record in group}.values(), key=_place)

    def _catch_up(self, now: float) -> None:
        while self._waiting and self._waiting[0].due <= now:
            _, record, name, before, after = self._waiting.popleft()
            self._move(record, name, before, after)

    def _index(self, name: str, records: Iterable[Record]) -> None:
        seen = {record.place: (record, record.fields.get(name)) for record in records}
        for change in reversed(self._waiting):
            if change.name == name:
                seen[change.record.place] = (change.record, change.before)
        by_key = self._fields[name] = {}
        for record, value in seen.values():
            for key in self._keys(name, value):
                by_key.setdefault(key, []).append(record)
        for group in by_key.values():
            group.sort(key=_place)

    def _move(self, record: Record, name: str, before: Value, after: Value) -> None:
        by_key = self._fields.get(name)
        if by_key is None:
            return
        for key in self._keys(name, before):
            group = by_key[key]
            del group[bisect_left(group, record.place, key=_place)]
            if not group:
                del by_key[key]
        for key in self._keys(name, after):
            insort(by_key.setdefault(key, []), record, key=_place)

    def _keys(self, name: str, value: Value) -> frozenset[str]:
        """The texts under which a value is found, and under which a search for it looks."""
        if value is None or value == "":
            return frozenset()
        text = value if isinstance(value, str) else str(value).lower()
        if not self._loose:
            return frozenset((text,))
        digits = "".join(filter(str.isdigit, text)) if name == "phone" else ""
        tail = (f"…{digits[-_TAIL_DIGITS:]}",) if len(digits) >= _TAIL_DIGITS else ()
        return frozenset((text, *text.casefold().split(), *tail))
