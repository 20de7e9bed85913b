"""What HeyX holds of one contact, and plans carried out on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import pytest

from heyx_bulk.models.calls import (
    AddTags,
    Answer,
    Call,
    CreateContact,
    Created,
    Done,
    FindContacts,
    Page,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Value
from heyx_bulk.planning.contact_lookup import Knowledge
from heyx_bulk.planning.planner import (
    apply,
    next_call,
)


@dataclass
class Held:
    """A contact as HeyX holds it."""

    fields: dict[str, Value] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)

    def shown(self, contact_id: str) -> Contact:
        return Contact(contact_id, dict(self.fields), frozenset(self.tags), complete=True)


@dataclass
class Heyx:
    """Every contact by its id; a `loose` search shows every contact that has the field at all."""

    held: dict[str, Held] = field(default_factory=dict)
    loose: bool = False
    calls: list[Call] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        match call:
            case FindContacts():
                return self._page(call)
            case ReadContact():
                return self.held[call.id].shown(call.id)
            case CreateContact():
                assert len(call.fields) in range(1, 31)
                new = f"new {len(self.held)}"
                self.held[new] = Held({item.name: item.value for item in call.fields})
                return Created(new)
            case UpdateContact():
                assert len(call.fields) in range(1, 31)
                self.held[call.id].fields |= {item.name: item.value for item in call.fields}
            case AddTags():
                assert len(call.tags) in range(1, 11)
                self.held[call.id].tags |= set(call.tags)
            case RemoveTags():
                assert len(call.tags) in range(1, 11)
                self.held[call.id].tags -= set(call.tags)
        return Done()

    def _page(self, call: FindContacts) -> Page:
        found = [
            held.shown(contact_id)
            for contact_id, held in self.held.items()
            if held.fields.get(call.field) == call.value or (self.loose and held.fields.get(call.field))
        ]
        shown = found[10 * (call.page - 1) : 10 * call.page]
        return Page(tuple(shown), max(1, ceil(len(found) / 10)), len(found))

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.writes]


def carry_out(row: ContactRow, known: Knowledge, heyx: Heyx, *, at_most: int = 200) -> Knowledge:
    """Ask and change until nothing is left; what is then known."""
    for _ in range(at_most + 1):
        call = next_call(row, known)
        if call is None:
            return known
        known = apply(known, call, heyx.answer(call))
    pytest.fail(f"there was no end after {at_most} calls")
