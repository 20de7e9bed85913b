"""What must still be asked or changed so that HeyX agrees with a row. Pure.

An upload is a question asked until there is no answer: `next_call(row, known)` names the one call that comes
next, `apply(known, call, answer)` says what is then known, and when `next_call` returns None the row is
as wanted. Cutting into 30 fields and 10 tags, skipping what is already right, the dry run, the resume and the
rerun are this same question asked with other facts. For a new contact with F fields and T tags a plan holds
ceil(F / 30) + ceil(T / 10) writes, and no plan holds more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from heyx_bulk.models.calls import (
    MAX_FIELDS,
    MAX_TAGS,
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
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Policy
from heyx_bulk.planning.contact_lookup import (
    Knowledge,
    Lookup,
    NotFound,
    after_read,
    after_search,
    initial_state,
    refuse_unplanned,
)
from heyx_bulk.planning.matching import DEFAULT_MATCHING, Matching, Mode
from heyx_bulk.values.equality import is_same, is_written_alike, same_tags, text_of


def skip_reason(known: Knowledge, mode: Mode) -> str:
    """Why a contact is skipped in this mode; blank if it is not."""
    match known, mode:
        case Contact(), Mode.CREATE:
            return f"contact {known.id} exists already, and --mode create does not change existing contacts"
        case NotFound(), Mode.UPDATE:
            return "HeyX has no such contact, and --mode update does not create contacts"
        case _:
            return ""


def next_call(row: ContactRow, known: Knowledge) -> Call | None:
    """The next call on the way to a contact as `row` wants it; None when HeyX agrees already."""
    match known:
        case Lookup():
            return known.calls[0]
        case NotFound():
            return CreateContact(_keys_first(row)[:MAX_FIELDS])
        case Contact(unverified=True) if row.remove_tags or row.tag_sets:
            return ReadContact(known.id)
        case Contact():
            return _next_change(row, known)


def apply(known: Knowledge, call: Call, answer: Answer) -> Knowledge:
    """What is known after `call` was answered.

    Raises `Ambiguous` when the key names several contacts, `Conflict` when HeyX was changed since an export or a
    plan.
    """
    match known, call, answer:
        case Lookup(), FindContacts(), Page():
            return refuse_unplanned(known, after_search(known, call, answer))
        case Lookup(), ReadContact(), Contact():
            return refuse_unplanned(known, after_read(known, answer))
        case NotFound(), CreateContact(), Created():
            fields = {field.name: field.value for field in call.fields}
            return Contact(answer.id, fields, complete=known.looked, unverified=known.looked)
        case Contact(), ReadContact(), Contact():
            return answer
        case Contact(), UpdateContact() | AddTags() | RemoveTags(), Done():
            return apply_change(known, call)
        case _:
            raise TypeError(f"{type(answer).__name__} does not answer {type(call).__name__} after {known!r}")


def apply_change(contact: Contact, call: UpdateContact | AddTags | RemoveTags) -> Contact:
    """What is known of a contact after HeyX accepted a change of it."""
    match call:
        case UpdateContact():
            fields = {field.name: field.value for field in call.fields}
            return replace(contact, fields={**contact.fields, **fields})
        case AddTags():
            return replace(contact, tags=contact.tags.union(call.tags))
        case RemoveTags():
            absent_tags = contact.absent_tags.union(call.tags)
            return replace(contact, tags=contact.tags.difference(call.tags), absent_tags=absent_tags)


def known_without_calls(
    row: ContactRow, known: Knowledge, known_answer: Callable[[ContactRow, Call], Answer | None]
) -> Knowledge:
    """What is known of a row's contact after the look-ups to which there is a `known_answer`.

    Raises what `apply` raises.
    """
    while isinstance(known, Lookup) and (answer := known_answer(row, known.calls[0])) is not None:
        known = apply(known, known.calls[0], answer)
    return known


def plan(row: ContactRow, known: NotFound | Contact) -> tuple[Call, ...]:
    """Every write `row` still needs, in order, if each succeeds."""
    calls: list[Call] = []
    state: Knowledge = known
    while (call := next_call(row, state)) is not None:
        if isinstance(state, Contact) and not call.writes:
            state = replace(state, unverified=False)
            continue
        calls.append(call)
        creates = isinstance(call, CreateContact)
        row = row.for_created_contact() if creates else row
        state = apply(state, call, Created("") if creates else Done())
    return tuple(calls)


def max_calls(row: ContactRow, matching: Matching) -> int:
    """The most calls `row` can need, if each is sent once and a search has one page."""
    known = initial_state(row, matching)
    reads = len(known.calls) if isinstance(known, Lookup) else 0
    read_again = row.id is None and bool(reads and (row.remove_tags or row.tag_sets))
    return reads + read_again + max_writes(row, matching)


def max_writes(row: ContactRow, matching: Matching = DEFAULT_MATCHING) -> int:
    """The most writes `row` can need: it is created, or every field and tag of its contact is another.

    Each set of tags is taken to have at most ten that must go.
    """
    nobody = NotFound(looked=not matching.no_match)
    update = 0 if matching.mode is Mode.CREATE else len(plan(row, Contact(""))) + len(row.tag_sets)
    create = 0 if matching.mode is Mode.UPDATE or row.id is not None else len(plan(row, nobody))
    return max(update, create)


def _keys_first(row: ContactRow) -> tuple[Field, ...]:
    tracking = () if row.tracking_field is None else (row.tracking_field,)
    return (*row.keys, *tracking, *(field for field in row.fields if field not in row.keys and field.value))


def _next_change(row: ContactRow, contact: Contact) -> Call | None:
    if fields := tuple(field for field in row.fields if not _is_up_to_date(row, contact, field)):
        return UpdateContact(contact.id, fields[:MAX_FIELDS])
    if missing := tuple(tag for tag in row.add_tags if not same_tags(tag, contact.tags)):
        return AddTags(contact.id, missing[:MAX_TAGS])
    if surplus := _surplus(row, contact):
        return RemoveTags(contact.id, surplus[:MAX_TAGS])
    return None


def _is_up_to_date(row: ContactRow, contact: Contact, field: Field) -> bool:
    """Whether nothing is to be written: HeyX has the value, or the field is to be left as it is.

    A value edited since an export must be written as it was edited.
    """
    held = contact.fields.get(field.name)
    match field.policy:
        case Policy.NEVER:
            return True
        case Policy.FILL if text_of(held):
            return True
    if field.name not in contact.fields:
        return contact.complete and not field.value
    return (is_written_alike if row.edits else is_same)(field.name, field.value, held)


def _surplus(row: ContactRow, contact: Contact) -> tuple[str, ...]:
    """The tags that must go, each once: a tag to be removed may also be none of its exact set."""
    wanted = (spelled for tag in row.remove_tags for spelled in same_tags(tag, contact.tags) or (tag,))
    removed = (tag for tag in wanted if not _lacks_tag(contact, tag))
    return tuple(dict.fromkeys((*removed, *_outside_sets(row, contact))))


def _outside_sets(row: ContactRow, contact: Contact) -> tuple[str, ...]:
    """The contact's tags that a row's sets do not have."""
    return tuple(
        tag
        for tag in sorted(contact.tags)
        if any(tag.startswith(one.prefix) and not same_tags(tag, one.tags) for one in row.tag_sets)
    )


def _lacks_tag(contact: Contact, tag: str) -> bool:
    return tag in contact.absent_tags or (contact.complete and tag not in contact.tags)
