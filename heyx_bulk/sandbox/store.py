"""The contacts of a channel: how they are kept, spelled and numbered."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from random import Random

from heyx_bulk.sandbox.contact_record import Record
from heyx_bulk.sandbox.faults import Faults, FaultSampler, IdSpelling, PhoneSpelling
from heyx_bulk.sandbox.requests import Value
from heyx_bulk.sandbox.search_index import SearchIndex


class ContactStore:
    """All contacts of a channel: by id, by phone, and through the search index by any field."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._records: dict[str, Record] = {}
        self._phones: dict[str, dict[str, Record]] = {}
        self._index = SearchIndex(search=faults.search, lag=faults.lag)
        self._new_ids = _new_ids(faults.ids, FaultSampler(faults).sequence("ids"))

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def get(self, contact_id: str) -> Record | None:
        return self._records.get(contact_id)

    def with_phone(self, phone: str) -> Record | None:
        """The oldest contact whose phone has the same digits; found immediately whatever the lag."""
        return next(iter(self._phones.get(_phone_key(phone), {}).values()), None)

    def find(self, name: str, text: str, now: float) -> list[Record]:
        """The contacts a search finds at `now`, in a stable order without meaning."""
        read_name = self._faults.rename_fields.get(name, name)
        return self._index.find(read_name, text, self._records.values(), now)

    def create(self, fields: Mapping[str, Value], now: float) -> Record:
        """Add a contact that stays in the queue and is not found yet, for as long as the faults say."""
        record = self._new("", now)
        record.ready_at = now + self._faults.queue
        self.write(record, fields, now)
        return record

    def seed(self, fields: Mapping[str, Value], tags: Iterable[str], contact_id: str, now: float) -> Record:
        """Add a contact that is found immediately. ValueError if its id is taken."""
        if contact_id in self._records:
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
        record = self._records[contact_id]
        self.write(record, dict.fromkeys(record.fields), now, found_at_once=True)
        del self._records[contact_id]

    def _new(self, contact_id: str, now: float) -> Record:
        contact_id = contact_id or next(one for one in self._new_ids if one not in self._records)
        place = (zlib.crc32(contact_id.encode()), contact_id)
        record = self._records[contact_id] = Record(contact_id, int(now), now, place)
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
