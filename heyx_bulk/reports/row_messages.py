"""What a row's outcome says where not all went well: why, what to do, what is done and what is not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from heyx_bulk.errors import CallFailed, NotFoundError
from heyx_bulk.models.calls import (
    AddTags,
    Call,
    CreateContact,
    FindContacts,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.models.phrases import count, first_of, list_item
from heyx_bulk.planning.contact_lookup import Knowledge
from heyx_bulk.planning.planner import plan

LONGEST_MESSAGE = 1000
NAMES_SHOWN = 5


def failure_message(row: ContactRow, failure: CallFailed, *, made: bool) -> str:
    """What went wrong and what to do about it; `made`: this run created the row's contact."""
    what, remedy = failure.what[:LONGEST_MESSAGE], failure.remedy
    if isinstance(failure, NotFoundError) and made:
        remedy = "The contact was created and is not ready yet: a rerun goes on with it."
    elif isinstance(failure, NotFoundError) and row.id is not None:
        remedy = "Is the contact id of this channel? Correct it, or clear the cell."
    return f"{what.rstrip('.')}. {remedy}" if remedy else what


def partial_progress(row: ContactRow, known: Knowledge, done: Sequence[Call], *, before: str) -> str:
    """Which of a row's calls succeeded, and which did not; blank where none did.

    `before` says what an earlier session did, if anything.
    """
    made = [before] if before else []
    made += [_describe(call, done=True) for call in done]
    if not made:
        return ""
    rest = [_describe(call, done=False) for call in plan(row, known)] if isinstance(known, Contact) else []
    undone = "; ".join(rest) or "the rest"
    return f"Done: {'; '.join(made)}. Not done: {undone}."


_PHRASES: Mapping[type[Call], tuple[str, str]] = {
    CreateContact: ("create with {}", "created with {}"),
    UpdateContact: ("write {}", "{} written"),
    AddTags: ("add {}", "{} added"),
    RemoveTags: ("remove {}", "{} removed"),
}
"""What is to be done by a call, and what it did."""


def _describe(call: Call, *, done: bool) -> str:
    match call:
        case CreateContact() | UpdateContact():
            what = _count("field", [field.name for field in call.fields])
        case AddTags() | RemoveTags():
            what = _count("tag", call.tags)
        case FindContacts() | ReadContact():
            return "looked up" if done else "look up"
    return _PHRASES[type(call)][done].format(what)


def _count(noun: str, names: Sequence[str]) -> str:
    return f"{count(len(names), noun)} ({first_of(len(names), [*map(list_item, names[:NAMES_SHOWN])])})"
