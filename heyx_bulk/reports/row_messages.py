"""What a row's outcome says where not all went well: why, what to do, what is done and what is not. Pure."""

from __future__ import annotations

from collections.abc import Sequence

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
from heyx_bulk.planning.planner import Knowledge, plan

LONGEST_MESSAGE = 1000
NAMES_SHOWN = 5


def failure_message(row: ContactRow, failure: CallFailed, *, made: bool) -> str:
    """What went wrong and what to do about it; `made`: this run created the row's contact."""
    what, remedy = failure.what[:LONGEST_MESSAGE], failure.remedy
    if isinstance(failure, NotFoundError) and made:
        remedy = "The contact was created and is not ready yet: a rerun goes on with it."
    elif isinstance(failure, NotFoundError) and row.id is not None:
        remedy = "Is the contact id of this channel? Mend it, or clear the cell."
    return f"{what.rstrip('.')}. {remedy}" if remedy else what


def partial_progress(row: ContactRow, known: Knowledge, done: Sequence[Call], *, before: str) -> str:
    """Which of a row's calls succeeded, and which did not; blank where none did.

    `before` says what an earlier start did, if anything.
    """
    made = [before] if before else []
    made += [_done(call) for call in done]
    if not made:
        return ""
    rest = [_to_do(call) for call in plan(row, known)] if isinstance(known, Contact) else []
    undone = "; ".join(rest) or "the rest"
    return f"Done: {'; '.join(made)}. Not done: {undone}."


def _done(call: Call) -> str:
    match call:
        case CreateContact():
            return f"created with {_fields(call)}"
        case UpdateContact():
            return f"{_fields(call)} written"
        case AddTags():
            return f"{_tags(call)} added"
        case RemoveTags():
            return f"{_tags(call)} removed"
        case FindContacts() | ReadContact():
            return "looked up"


def _to_do(call: Call) -> str:
    match call:
        case CreateContact():
            return f"create with {_fields(call)}"
        case UpdateContact():
            return f"write {_fields(call)}"
        case AddTags():
            return f"add {_tags(call)}"
        case RemoveTags():
            return f"remove {_tags(call)}"
        case FindContacts() | ReadContact():
            return "look up"


def _fields(call: CreateContact | UpdateContact) -> str:
    return _named("field", [field.name for field in call.fields])


def _tags(call: AddTags | RemoveTags) -> str:
    return _named("tag", call.tags)


def _named(noun: str, names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'} ({shown})"
