"""What a plan changes of a contact, value by value. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heyx_bulk.models.calls import AddTags, Call, CreateContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.values.equality import text_of


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a contact, before and after; a blank text stands for no value.

    `field` is blank for a tag, which is either added (`after`) or removed (`before`). `before` is None where it is
    not known.
    """

    field: str
    before: str | None
    after: str


def changes(row: ContactRow, known: NotFound | Contact, calls: Sequence[Call]) -> Iterator[Change]:
    """What `calls` would change of the contact of `row`, of which `known` is known."""
    for call in calls:
        match call:
            case CreateContact() | UpdateContact():
                for field in call.fields:
                    yield Change(field.name, _before(row, known, field.name), field.value)
            case AddTags():
                yield from (Change("", "", tag) for tag in call.tags)
            case RemoveTags():
                yield from (Change("", tag, "") for tag in call.tags)


def _before(row: ContactRow, known: NotFound | Contact, name: str) -> str | None:
    if not isinstance(known, Contact):
        return ""
    if known.complete:
        return text_of(known.fields.get(name))
    return {edit.name: edit.exported for edit in row.edits or ()}.get(name)
