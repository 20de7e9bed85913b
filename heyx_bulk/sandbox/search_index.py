"""What a search finds: contacts by the texts of their fields, some seconds behind the truth.

A field is catalogued when it is first searched for, because most of a contact's fields never are. Changes
younger than the lag wait in a line; a field catalogued meanwhile is read as if those had not happened yet.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Generic, NamedTuple, Protocol, TypeVar

from heyx_bulk.sandbox.faults import Search
from heyx_bulk.sandbox.requests import Value

_TAIL_DIGITS = 9
_place = attrgetter("place")


class _Findable(Protocol):
    """What can be catalogued; `place` is its own and gives the results an order."""

    @property
    def place(self) -> tuple[int, str]: ...
    @property
    def fields(self) -> Mapping[str, Value]: ...


_R = TypeVar("_R", bound=_Findable)


class _Change(NamedTuple, Generic[_R]):
    """A field's new value, which searches see from `due` on."""

    due: float
    record: _R
    name: str
    before: Value
    after: Value


class SearchIndex(Generic[_R]):
    """Contacts by (field, text). With a `lag` in seconds, as they stood that long ago."""

    def __init__(self, *, search: Search, lag: float) -> None:
        self._loose = search == "loose"
        self._lag = lag
        self._waiting: deque[_Change[_R]] = deque()
        self._fields: dict[str, dict[str, list[_R]]] = {}

    def change(self, record: _R, name: str, before: Value, after: Value, now: float | None) -> None:
        """A field has changed at `now`; None if it is to be found at once."""
        if now is None or not self._lag:
            self._move(record, name, before, after)
        else:
            self._catch_up(now)
            self._waiting.append(_Change(now + self._lag, record, name, before, after))

    def find(self, name: str, text: str, records: Iterable[_R], now: float) -> list[_R]:
        """The contacts whose field matches the text, in the order of their places; the list is not yours."""
        self._catch_up(now)
        if name not in self._fields:
            self._take_in(name, records)
        shelves = self._fields[name]
        found = [shelves[key] for key in self._keys(name, text) if key in shelves]
        if len(found) <= 1:
            return found[0] if found else []
        return sorted({record.place: record for shelf in found for record in shelf}.values(), key=_place)

    def _catch_up(self, now: float) -> None:
        while self._waiting and self._waiting[0].due <= now:
            _, record, name, before, after = self._waiting.popleft()
            self._move(record, name, before, after)

    def _take_in(self, name: str, records: Iterable[_R]) -> None:
        seen = {record.place: (record, record.fields.get(name)) for record in records}
        for change in reversed(self._waiting):
            if change.name == name:
                seen[change.record.place] = (change.record, change.before)
        shelves = self._fields[name] = {}
        for record, value in seen.values():
            for key in self._keys(name, value):
                shelves.setdefault(key, []).append(record)
        for shelf in shelves.values():
            shelf.sort(key=_place)

    def _move(self, record: _R, name: str, before: Value, after: Value) -> None:
        shelves = self._fields.get(name)
        if shelves is None:
            return
        for key in self._keys(name, before):
            shelf = shelves[key]
            del shelf[bisect_left(shelf, record.place, key=_place)]
            if not shelf:
                del shelves[key]
        for key in self._keys(name, after):
            insort(shelves.setdefault(key, []), record, key=_place)

    def _keys(self, name: str, value: Value) -> frozenset[str]:
        """The texts under which a value is found, and the texts a search for it looks under."""
        if value is None or value == "":
            return frozenset()
        text = value if isinstance(value, str) else str(value).lower()
        if not self._loose:
            return frozenset((text,))
        digits = "".join(filter(str.isdigit, text)) if name == "phone" else ""
        tail = (f"…{digits[-_TAIL_DIGITS:]}",) if len(digits) >= _TAIL_DIGITS else ()
        return frozenset((text, *text.casefold().split(), *tail))
