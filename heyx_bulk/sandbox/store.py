"""The contacts of a channel: how they are kept, spelled and numbered."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from heyx_bulk.sandbox.faults import Faults, FaultSampler, IdSpelling, PhoneSpelling
from heyx_bulk.sandbox.requests import Value
from heyx_bulk.sandbox.search_index import SearchIndex


@dataclass(frozen=True, slots=True)
class SandboxContact:
    """A contact as it stood when it was asked for; `created_at` in epoch seconds."""

    id: str
    fields: Mapping[str, Value]
    tags: frozenset[str]
    created_at: int


@dataclass(slots=True, eq=False)
class Record:
    """A contact as it is kept: in the queue until `ready_at`, with its `place` among search results."""

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
        """The contact as it is now, to keep."""
        return SandboxContact(self.id, dict(self.fields), frozenset(self.tags), self.created_at)


class ContactStore:
    """All contacts of a channel, by id, by phone, and through the catalogue by any field."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._records: dict[str, Record] = {}
        self._phones: dict[str, dict[str, Record]] = {}
        self._catalogue: SearchIndex[Record] = SearchIndex(search=faults.search, lag=faults.lag)
        self._new_ids = _new_ids(faults.ids, FaultSampler(faults).sequence("ids"))

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def get(self, contact_id: str) -> Record | None:
        """The contact with exactly this id."""
        return self._records.get(contact_id)

    def with_phone(self, phone: str) -> Record | None:
        """The oldest contact whose phone has the same digits, seen at once whatever the lag."""
        return next(iter(self._phones.get(_digits(phone) or phone, {}).values()), None)

    def find(self, name: str, text: str, now: float) -> list[Record]:
        """The contacts a search finds at `now`, in an order that is stable and means nothing."""
        read_name = self._faults.rename_fields.get(name, name)
        return self._catalogue.find(read_name, text, self._records.values(), now)

    def create(self, fields: Mapping[str, Value], now: float) -> Record:
        """A new contact, in the queue and unfound for as long as the misbehaviour says."""
        record = self._new(next(i for i in self._new_ids if i not in self._records), now)
        record.ready_at = now + self._faults.queue
        self.write(record, fields, now)
        return record

    def seed(self, fields: Mapping[str, Value], tags: Iterable[str], contact_id: str, now: float) -> Record:
        """A contact that was always there: found at once. ValueError if its id is taken."""
        if contact_id in self._records:
            raise ValueError(f"there is a contact {contact_id} already")
        record = self._new(contact_id or next(i for i in self._new_ids if i not in self._records), now)
        self.write(record, fields, now, found_at_once=True)
        record.tags.update(dict.fromkeys(tags))
        return record

    def write(
        self, record: Record, fields: Mapping[str, Value], now: float, *, found_at_once: bool = False
    ) -> None:
        """Merge fields into a contact; those not named stay."""
        told, seen_from = self._faults, None if found_at_once else now
        for name, value in fields.items():
            if name in told.drop_fields:
                continue
            read_name = told.rename_fields.get(name, name)
            before, kept = record.fields.get(read_name), value
            if name in told.change_fields and isinstance(value, str):
                kept = value.upper()
            if read_name == "phone":
                kept = _spelled(value, told.phones)
                self._move_phone(record, before, kept)
            record.fields[read_name] = kept
            if kept != before:
                self._catalogue.change(record, read_name, before, kept, seen_from)

    def remove(self, contact_id: str, now: float) -> None:
        """Take a contact away. KeyError if there is none."""
        record = self._records[contact_id]
        self.write(record, dict.fromkeys(record.fields), now, found_at_once=True)
        del self._records[contact_id]

    def _new(self, contact_id: str, now: float) -> Record:
        place = (zlib.crc32(contact_id.encode()), contact_id)
        record = self._records[contact_id] = Record(contact_id, int(now), now, place)
        return record

    def _move_phone(self, record: Record, before: Value, after: Value) -> None:
        if isinstance(before, str):
            self._phones.get(_digits(before) or before, {}).pop(record.id, None)
        if isinstance(after, str):
            self._phones.setdefault(_digits(after) or after, {})[record.id] = record


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


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
