"""The contacts of a channel: kept by id and phone, and found by the texts of their fields, some seconds later."""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from heyx_bulk.sandbox.faults import Faults, FaultSampler, IdSpelling, PhoneSpelling, Search
from heyx_bulk.sandbox.requests import Value

CONTACTS_A_PAGE = 10
_PATH = "http://app.heyx.io/api/v1/contact/by_custom_field"
_TAIL_DIGITS = 9
_place = attrgetter("place")


@dataclass(frozen=True, slots=True)
class SandboxContact:
    """A contact as it was when it was read; `created_at` in epoch seconds."""

    id: str
    fields: Mapping[str, Value]
    tags: frozenset[str]
    created_at: int


@dataclass(slots=True, eq=False)
class Record:
    """A contact as it is kept: in the queue until `ready_at`, with its `place` in the order of search results."""

    id: str
    created_at: int
    ready_at: float
    place: tuple[int, str]
    fields: dict[str, Value] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The contact in the documented shape."""
        return {
            "id": self.id,
            "custom_fields": self.fields,
            "tags": list(self.tags),
            "created_at": self.created_at,
        }

    def snapshot(self) -> SandboxContact:
        return SandboxContact(self.id, dict(self.fields), frozenset(self.tags), self.created_at)


class _Change(NamedTuple):
    """A field's new value, which searches see from `due` on."""

    due: float
    record: Record
    name: str
    before: Value
    after: Value


class SearchIndex:
    """Contacts by field and text. With a `lag` in seconds, as they were that long ago.

    A field is indexed when it is first searched for, because most fields never are. Changes younger than the lag
    wait in a queue; a field that is indexed meanwhile is read as if they had not happened yet.
    """

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
        digits = _digits(text) if name == "phone" else ""
        tail = (f"…{digits[-_TAIL_DIGITS:]}",) if len(digits) >= _TAIL_DIGITS else ()
        return frozenset((text, *text.casefold().split(), *tail))


def page_of(found: Sequence[Record], number: int, size: int, *, meta_links: bool) -> dict[str, Any]:
    """The page with this number, counted from 1, of `size` contacts, in the documented shape.

    Documented: the links are `http://` and carry only `?page=N`, so following them loses the search. Seen: a page
    past the end is 200 with no data. Read in the framework's source: `last_page` is at least 1; `from` and `to`
    are null on an empty page.
    """
    start = (number - 1) * size
    shown = found[start : start + size]
    last = max(1, -(-len(found) // size))
    links = {
        "first": _link(1),
        "last": _link(last),
        "prev": _link(number - 1) if number > 1 else None,
        "next": _link(number + 1) if number < last else None,
    }
    meta: dict[str, Any] = {
        "current_page": number,
        "from": start + 1 if shown else None,
        "last_page": last,
        "path": _PATH,
        "per_page": size,
        "to": start + len(shown) if shown else None,
        "total": len(found),
    }
    if meta_links:
        meta["links"] = [
            {"url": _link(page), "label": str(page), "active": page == number} for page in range(1, last + 1)
        ]
    return {"data": [record.as_json() for record in shown], "links": links, "meta": meta}


def _link(number: int) -> str:
    return f"{_PATH}?page={number}"


class ContactStore:
    """All contacts of a channel: by id (`records`), by phone, and through the search index by any field."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.records: dict[str, Record] = {}
        self._phones: dict[str, dict[str, Record]] = {}
        self._index = SearchIndex(search=faults.search, lag=faults.lag)
        self._new_ids = _new_ids(faults.ids, FaultSampler(faults).sequence("ids"))

    def with_phone(self, phone: str) -> Record | None:
        """The oldest contact whose phone has the same digits; found immediately whatever the lag."""
        return next(iter(self._phones.get(_phone_key(phone), {}).values()), None)

    def find(self, name: str, text: str, now: float) -> list[Record]:
        """The contacts a search finds at `now`, in a stable order without meaning."""
        read_name = self._faults.rename_fields.get(name, name)
        return self._index.find(read_name, text, self.records.values(), now)

    def create(self, fields: Mapping[str, Value], now: float) -> Record:
        """Add a contact that stays in the queue and is not found yet, for as long as the faults say."""
        record = self._new("", now)
        record.ready_at = now + self._faults.queue
        self.write(record, fields, now)
        return record

    def seed(self, fields: Mapping[str, Value], tags: Iterable[str], contact_id: str, now: float) -> Record:
        """Add a contact that is found immediately. ValueError if its id is taken."""
        if contact_id in self.records:
            raise ValueError(f"there is a contact {contact_id} already")
        record = self._new(contact_id, now)
        self.write(record, fields, now, found_at_once=True)
        record.tags.update(dict.fromkeys(tags))
        return record

    def write(
        self, record: Record, fields: Mapping[str, Value], now: float, *, found_at_once: bool = False
    ) -> None:
        """Merge fields into a contact; others stay as they are."""
        faults = self._faults
        for name, value in fields.items():
            if name in faults.drop_fields:
                continue
            read_name = faults.rename_fields.get(name, name)
            before, kept = record.fields.get(read_name), value
            if name in faults.change_fields and isinstance(value, str):
                kept = value.upper()
            if read_name == "phone":
                kept = _spelled(value, faults.phones)
                if isinstance(before, str):
                    self._phones.get(_phone_key(before), {}).pop(record.id, None)
                if isinstance(kept, str):
                    self._phones.setdefault(_phone_key(kept), {})[record.id] = record
            record.fields[read_name] = kept
            if kept != before:
                self._index.change(record, read_name, before, kept, None if found_at_once else now)

    def remove(self, contact_id: str, now: float) -> None:
        """Remove a contact. KeyError if there is none."""
        record = self.records[contact_id]
        self.write(record, dict.fromkeys(record.fields), now, found_at_once=True)
        del self.records[contact_id]

    def _new(self, contact_id: str, now: float) -> Record:
        contact_id = contact_id or next(one for one in self._new_ids if one not in self.records)
        place = (zlib.crc32(contact_id.encode()), contact_id)
        record = self.records[contact_id] = Record(contact_id, int(now), now, place)
        return record


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _phone_key(phone: str) -> str:
    return _digits(phone) or phone


def _spelled(value: Value, spelling: PhoneSpelling) -> Value:
    digits = _digits(value) if isinstance(value, str) else ""
    if spelling == "as-sent" or not digits:
        return value
    return f"+{digits}" if spelling == "plus" else digits


def _new_ids(spelling: IdSpelling, chance: Random) -> Iterator[str]:
    while True:
        number = chance.randrange(10**15, 10**16)
        match spelling:
            case "digits":
                yield str(number)
            case "cus":
                yield f"cus_{number % 10**12:012d}"
            case "odd":
                yield f"{number % 10**6:06d}/k+{number // 10**9}@heyx=="
