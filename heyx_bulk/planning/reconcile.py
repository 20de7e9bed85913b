"""Whose a contact is that a create may have made, and what a person looks for where nobody can tell. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.values.equality import is_same

FIELDS_SHOWN = 3

RERUN_HINT = "If it is not there, `heyx-bulk rerun` with --uncertain creates it."


def predates_create(contact: Contact, sent_at: float | None) -> bool:
    """Whether `contact` is older than a create that left at `sent_at`, both by HeyX's clock."""
    return sent_at is not None and contact.created_at is not None and contact.created_at < int(sent_at)


def created_by_us(contact: Contact, sent: Sequence[Field], sent_at: float | None) -> bool:
    """Whether an unanswered create made `contact`: it was not there before, and holds every value sent."""
    if sent_at is None or contact.created_at is None or predates_create(contact, sent_at):
        return False
    return all(is_same(field.name, field.value, contact.fields.get(field.name)) for field in sent)


def manual_check(sent: Sequence[Field]) -> str:
    """What a person looks for in HeyX to settle a doubt, and what to do then."""
    return f"Look in HeyX for a contact with {sent_values(sent)}. {RERUN_HINT}"


def sent_values(sent: Sequence[Field]) -> str:
    """The first values that a create carried, keys first: `phone +4412345678, firstName Ann`."""
    return ", ".join(f"{field.name} {field.value}" for field in sent[:FIELDS_SHOWN])
