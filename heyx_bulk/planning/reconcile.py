"""Whose a contact is that a create may have made, and what a person looks for where nobody can tell. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.values.equality import same

FIELDS_SHOWN = 3

KNOWINGLY = "If it is not there, `heyx-bulk rerun` with --uncertain creates it."


def was_there(contact: Contact, sent_at: float | None) -> bool:
    """Whether `contact` is older than a create that left at `sent_at`, both by HeyX's clock."""
    return sent_at is not None and contact.created_at is not None and contact.created_at < int(sent_at)


def is_ours(contact: Contact, sent: Sequence[Field], sent_at: float | None) -> bool:
    """Whether an unanswered create made `contact`: it was not there before, and holds every value sent."""
    if sent_at is None or contact.created_at is None or was_there(contact, sent_at):
        return False
    return all(same(field.name, field.value, contact.fields.get(field.name)) for field in sent)


def to_check(sent: Sequence[Field]) -> str:
    """What a person looks for in HeyX to settle a doubt, and what to do then."""
    return f"Look in HeyX for a contact with {values_of(sent)}. {KNOWINGLY}"


def values_of(sent: Sequence[Field]) -> str:
    """The first values that a create carried, keys first: `phone +4412345678, firstName Ann`."""
    return ", ".join(f"{field.name} {field.value}" for field in sent[:FIELDS_SHOWN])
