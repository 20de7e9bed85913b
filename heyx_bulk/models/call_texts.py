"""What calls ask and what answers say, as plain texts for the books."""

from __future__ import annotations

from heyx_bulk.models.call_records import CREATE, FIND, CallDescription
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
from heyx_bulk.models.contacts import Contact, Field


def describe_call(call: Call) -> CallDescription:
    """What `call` asks, as plain texts; its kind is one of `find read create update add tags remove tags`."""
    match call:
        case FindContacts():
            return CallDescription(FIND, None, ((call.field, call.value),))
        case ReadContact():
            return CallDescription("read", call.id)
        case CreateContact():
            return CallDescription(CREATE, None, _items(call.fields))
        case UpdateContact():
            return CallDescription("update", call.id, _items(call.fields))
        case AddTags():
            return CallDescription("add tags", call.id, tuple((tag, "") for tag in call.tags))
        case RemoveTags():
            return CallDescription("remove tags", call.id, tuple((tag, "") for tag in call.tags))


def describe_answer(answer: Answer) -> str:
    """What an answer says, in a few words without a value of any contact."""
    match answer:
        case Page(contacts=()):
            return "nobody found"
        case Page():
            return f"{len(answer.contacts) if answer.total is None else answer.total} found"
        case Created():
            return f"contact {answer.id}"
        case Contact() | Done():
            return ""


def _items(fields: tuple[Field, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.value) for field in fields)
