"""Contacts out of HeyX: found by a field's value, read page by page, filtered by tag on our side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from heyx_bulk.api import READ_ONLY_FIELDS, STANDARD_FIELDS, FindContacts, Page
from heyx_bulk.client import Client
from heyx_bulk.columns import ID_COLUMN, field_named, join_list
from heyx_bulk.errors import SettingsError
from heyx_bulk.model import Contact, Field
from heyx_bulk.sheets import write_sheet
from heyx_bulk.values import PhoneLookup, key_text, spellings, text_of, trim

TAGS_COLUMN = "tags"
CREATED_COLUMN = "created_at"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which contacts are wanted: those found by any of `where`, with all of `tags` and none of `not_tags`."""

    where: tuple[Field, ...]
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()

    def takes(self, contact: Contact) -> bool:
        """Whether the tags of `contact` are as wanted."""
        return contact.tags.issuperset(self.tags) and contact.tags.isdisjoint(self.not_tags)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export found: the contacts wanted, how many had the field's value, and whether pages shifted."""

    contacts: tuple[Contact, ...]
    found: int
    shifted: bool


async def export(
    client: Client,
    selection: Selection,
    phone_lookup: PhoneLookup = PhoneLookup.BOTH,
    *,
    read: Callable[[int], None] = lambda _: None,
) -> Exported:
    """Read every page of every search and keep the contacts that are wanted, each once; `read` hears how many.

    Pages are counted, never followed by link. A page that shifts while we read is noticed by the total.
    """
    found: dict[str, Contact] = {}
    shifted = False
    for wanted in selection.where:
        for text in spellings(wanted.name, wanted.value, phone_lookup):
            totals: set[int | None] = set()
            async for page in _pages(client, FindContacts(wanted.name, text)):
                totals.add(page.total)
                found |= {contact.id: contact for contact in page.contacts if _has(contact, wanted)}
                read(len(found))
            shifted = shifted or len(totals) > 1
    contacts = tuple(contact for contact in found.values() if selection.takes(contact))
    return Exported(contacts, len(found), shifted)


async def first_page(client: Client, wanted: Field, phone_lookup: PhoneLookup) -> Page:
    """The first page of the contacts that have a field's value, under the first spelling that has any."""
    page = Page((), 1, 0)
    for text in spellings(wanted.name, wanted.value, phone_lookup):
        answer = await client.send(FindContacts(wanted.name, text))
        if isinstance(answer, Page):
            page = replace(answer, contacts=tuple(one for one in answer.contacts if _has(one, wanted)))
        if page.contacts:
            break
    return page


def wanted_field(text: str) -> Field:
    """The field and value of `FIELD=VALUE`, as a person writes it; raises `SettingsError`."""
    name, equals, value = text.partition("=")
    if not equals or not trim(name) or not trim(value):
        raise SettingsError(
            f'--where "{text}" is not of the form FIELD=VALUE.', "Write it like --where isLead=true."
        )
    return Field(field_named(name), trim(value))


async def _pages(client: Client, search: FindContacts) -> AsyncIterator[Page]:
    """The pages of a search, one after another, until HeyX says or shows that there are no more."""
    last_page = search.page
    while search.page <= last_page:
        page = await client.send(search)
        if not isinstance(page, Page) or not page.contacts:
            return
        yield page
        last_page = page.last_page
        search = replace(search, page=search.page + 1)


def write_contacts(path: Path, contacts: Sequence[Contact], *, raw_csv: bool = False) -> None:
    """Write contacts as a sheet that an upload reads back: id first, then fields, tags, and when it was made."""
    fields = _columns(contacts)
    header = (ID_COLUMN, *fields, TAGS_COLUMN, CREATED_COLUMN)
    lines = (_cells(contact, fields) for contact in contacts)
    write_sheet(path, header, lines, worksheet="Contacts", raw_csv=raw_csv)


def _columns(contacts: Iterable[Contact]) -> tuple[str, ...]:
    seen = dict.fromkeys(name for contact in contacts for name in contact.fields)
    custom = [name for name in seen if name not in STANDARD_FIELDS and name not in READ_ONLY_FIELDS]
    standard = [name for name in STANDARD_FIELDS if name in seen]
    return (*standard, *custom, *(name for name in READ_ONLY_FIELDS if name in seen))


def _cells(contact: Contact, fields: Sequence[str]) -> list[str]:
    made = contact.created_at
    return [
        contact.id,
        *(text_of(contact.fields.get(name)) for name in fields),
        join_list(sorted(contact.tags)),
        "" if made is None else datetime.fromtimestamp(made, UTC).isoformat(),
    ]


def _has(contact: Contact, wanted: Field) -> bool:
    return key_text(wanted.name, contact.fields.get(wanted.name)) == key_text(wanted.name, wanted.value)
