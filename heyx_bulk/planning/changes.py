"""What a plan changes of a contact, value by value, and a row that may change no more than that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from heyx_bulk.models.calls import AddTags, Call, CreateContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field, FieldEdit, Policy
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.values.equality import is_same, text_of


class Action(StrEnum):
    """The kind of call that makes a change, as people read it."""

    CREATE = "create"
    UPDATE = "update"
    ADD_TAGS = "add tags"
    REMOVE_TAGS = "remove tags"
    LEAVE = "left as it is"
    """No call: a value that cannot be set back."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a contact, before and after; a blank text stands for no value.

    It is of a `field` or of a `tag`, and the other of the two is blank; a tag is there (its name) or not (blank).
    `before` is None where it is not known. `call` counts the calls of its row from 1, and `action` is the kind of
    that call. A value that is left as it is has a `note` that says why; `after` is what it would be set to.
    """

    field: str
    tag: str
    before: str | None
    after: str
    action: Action
    call: int = 0
    note: str = ""


def changes(row: ContactRow, known: NotFound | Contact, calls: Sequence[Call]) -> Iterator[Change]:
    """What `calls` would change of the contact of `row`, of which `known` is known."""
    for number, call in enumerate(calls, 1):
        match call:
            case CreateContact() | UpdateContact():
                action = Action.CREATE if isinstance(call, CreateContact) else Action.UPDATE
                for field in call.fields:
                    yield Change(field.name, "", _before(row, known, field.name), field.value, action, number)
            case AddTags():
                yield from (Change("", tag, "", tag, Action.ADD_TAGS, number) for tag in call.tags)
            case RemoveTags():
                yield from (Change("", tag, tag, "", Action.REMOVE_TAGS, number) for tag in call.tags)


def planned_row(row: ContactRow, contact_id: str | None, planned: Sequence[Change]) -> ContactRow:
    """`row`, wanting no more than the `planned` changes of the contact `contact_id`.

    Without an id, the contact is to be created, with all keys of the row among its changes.
    """
    tracking = "" if row.tracking_field is None else row.tracking_field.name
    wanted = replace(
        row,
        id=contact_id,
        fields=tuple(Field(one.field, one.after) for one in planned if one.field and one.field != tracking),
        add_tags=tuple(one.tag for one in planned if one.tag and one.after),
        remove_tags=tuple(one.tag for one in planned if one.tag and not one.after),
        tag_sets=(),
        created_tags=(),
        planned=True,
    )
    if contact_id is None:
        return replace(wanted, keys=tuple(replace(key, policy=Policy.OVERWRITE) for key in row.keys), edits=None)
    known = ((one, one.before) for one in planned if one.field)
    edits = (FieldEdit(one.field, before, one.after) for one, before in known if before is not None)
    return replace(wanted, keys=(), edits=tuple(edits), tracking_field=None)


def merge_changes(earlier: Sequence[Change], later: Sequence[Change]) -> list[Change]:
    """Changes of one contact as one: of each field and tag what was first before and is last after."""
    merged = {(one.field, one.tag): one for one in earlier}
    for one in later:
        first = merged.get((one.field, one.tag))
        merged[one.field, one.tag] = one if first is None else replace(first, after=one.after)
    return [*merged.values()]


def apply_changes(contact: Contact, made: Sequence[Change]) -> Contact:
    """A contact after these changes."""
    fields = {one.field: one.after for one in made if one.field}
    tags = contact.tags.union(one.tag for one in made if one.tag and one.after)
    gone = {one.tag for one in made if one.tag and not one.after}
    absent_tags = contact.absent_tags.union(gone)
    return replace(
        contact, fields={**contact.fields, **fields}, tags=tags.difference(gone), absent_tags=absent_tags
    )


def undo_changes(known: Contact, made: Sequence[Change]) -> Iterator[Change]:
    """What sets a contact, of which all is `known`, back to what it was before the changes `made`, oldest first.

    A value goes back where HeyX still holds what was written. Where somebody else changed it, or nobody knows what
    it was, or HeyX does not take that, it is left as it is.
    """
    first: dict[tuple[str, str], Change] = {}
    written: dict[tuple[str, str], list[str]] = {}
    for one in made:
        first.setdefault((one.field, one.tag), one)
        written.setdefault((one.field, one.tag), []).append(one.after)
    for (field, tag), change in first.items():
        back = _tag_back(known, change) if tag else _field_back(known, change, written[field, tag])
        if back is not None:
            yield back


def _tag_back(known: Contact, change: Change) -> Change | None:
    """What is to become of a tag; None where it is as it was, or nobody knows whether it was there."""
    is_there = change.tag in known.tags
    if change.before is None or bool(change.before) == is_there:
        return None
    if is_there:
        return replace(change, before=change.tag, after="", action=Action.REMOVE_TAGS)
    return replace(change, before="", after=change.tag, action=Action.ADD_TAGS)


def _field_back(known: Contact, change: Change, written: Sequence[str]) -> Change | None:
    """What is to become of a field that was `written` with these values; None where it is as it was."""
    held, before = text_of(known.fields.get(change.field)), change.before
    if held == before:
        return None
    back = Change(change.field, "", held, before or "", Action.UPDATE)
    if before is None:
        return replace(back, action=Action.LEAVE, note="what it was before is unknown")
    was = f"before, it was {_quoted(before)}, "
    if not any(text == held or is_same(change.field, text, held) for text in written):
        note = f"{was}but it was changed in HeyX since"
        return None if is_same(change.field, before, held) else replace(back, action=Action.LEAVE, note=note)
    if change.field == "phone" and not before:
        return replace(back, action=Action.LEAVE, note=f"{was}and HeyX does not take an empty phone")
    return back


def left_as_it_is(change: Change) -> str:
    """What is said of a value that is not set back."""
    return f"{change.field} stays {_quoted(change.before or '')}: {change.note}"


def _quoted(text: str) -> str:
    return f"“{text}”" if text else "blank"


def _before(row: ContactRow, known: NotFound | Contact, name: str) -> str | None:
    if not isinstance(known, Contact):
        return ""
    if known.complete:
        return text_of(known.fields.get(name))
    return {edit.name: edit.exported for edit in row.edits or ()}.get(name)
