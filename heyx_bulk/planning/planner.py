"""What must still be asked or changed so that HeyX agrees with a row. Pure.

An upload is a question asked until there is no answer: `next_call(row, known)` names the one call that comes
next, `apply(known, call, answer)` says what is then known, and when `next_call` returns None the row is
as wanted. Cutting into 30 fields and 10 tags, skipping what is already right, the dry run, the resume and the
rerun are this same question asked with other facts. For a new contact with F fields and T tags a plan holds
ceil(F / 30) + ceil(T / 10) writes, and no plan holds more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from heyx_bulk.errors import Ambiguous, Conflict
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
from heyx_bulk.models.contacts import Contact, ContactRow, Field, FieldEdit, Policy
from heyx_bulk.planning.matching import DEFAULT_MATCHING, Matching, Mode
from heyx_bulk.values.equality import (
    PhoneSpelling,
    is_same,
    key_text,
    same_tags,
    spelling_of,
    spellings,
    text_of,
)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Not everything was asked yet: `calls` are still to make, `found` were found so far.

    `keys` are what the contact must not contradict; the first of them decides alone, and so does `tracking_field`,
    which a create wrote into its contact. Of `edits` HeyX must still hold what an export showed.
    """

    calls: tuple[FindContacts | ReadContact, ...]
    keys: tuple[Field, ...] = ()
    tracking_field: Field | None = None
    found: tuple[Contact, ...] = ()
    edits: tuple[FieldEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such contact, or nobody looked (`looked` is then False) and one is made all the same."""

    looked: bool = True


Knowledge = Lookup | NotFound | Contact


def initial_state(row: ContactRow, matching: Matching) -> Knowledge:
    """What is known of a row's contact before the first call."""
    if row.id is not None:
        if matching.mode is Mode.CREATE:
            return Contact(row.id)
        if row.edits is not None:
            # Differences are written blind, unless they depend on what HeyX has.
            checked = row.edits if matching.detect_conflicts else ()
            known = Lookup((ReadContact(row.id),), edits=checked)
            return known if checked or _must_be_read(row) else Contact(row.id)
        if row.keys and not matching.trust_ids:
            return lookup_by_id(row.id, row.keys)
        return lookup_by_id(row.id) if matching.read_first or _must_be_read(row) else Contact(row.id)
    if matching.no_match or row.key is None:
        return NotFound(looked=False)
    return Lookup(_searches(row.key, matching), (row.key,))


def lookup_by_id(contact_id: str, keys: tuple[Field, ...] = ()) -> Lookup:
    """The contact is known by its id and must be read; one that contradicts `keys` is refused."""
    return Lookup((ReadContact(contact_id),), keys)


def lookup_by_earlier_row(row: ContactRow, contact_id: str, matching: Matching) -> Knowledge:
    """An earlier row with this row's key was the contact `contact_id`: read it, and search only if it changed.

    A search alone might not show yet what was just created.
    """
    known = initial_state(row, matching)
    if not isinstance(known, Lookup) or row.id is not None:
        return known
    return replace(known, calls=(ReadContact(contact_id), *known.calls))


def lookup_by_all_keys(keys: tuple[Field, ...], matching: Matching) -> Lookup:
    """The contact must be looked for by each of `keys`, as after a create that went unanswered."""
    return Lookup(tuple(search for key in keys for search in _searches(key, matching)), keys)


def lookup_by_tracking_field(tracking_field: Field, keys: tuple[Field, ...], matching: Matching) -> Lookup:
    """The contact must be looked for by the tracking field of its create, then by each of `keys`."""
    search = FindContacts(tracking_field.name, tracking_field.value)
    return Lookup((search, *lookup_by_all_keys(keys, matching).calls), keys, tracking_field)


def prioritize_phone_formats(known: Knowledge, preferred: Sequence[PhoneSpelling]) -> Knowledge:
    """What is known, with a phone searched for under `preferred` spellings first; no search is left out."""

    def rank(search: FindContacts) -> int:
        spelling = spelling_of(search.value)
        return preferred.index(spelling) if spelling in preferred else len(preferred)

    if not isinstance(known, Lookup):
        return known
    phones = [call for call in known.calls if isinstance(call, FindContacts) and call.field == "phone"]
    ranked = iter(sorted(phones, key=rank))
    return replace(known, calls=tuple(next(ranked) if call in phones else call for call in known.calls))


def _must_be_read(row: ContactRow) -> bool:
    """Whether what a row changes depends on what its contact has."""
    return bool(row.tag_sets) or any(field.policy is Policy.FILL for field in row.fields)


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

    Raises `Ambiguous` when the key names several contacts, `Conflict` when HeyX was changed since an export.
    """
    match known, call, answer:
        case Lookup(), FindContacts(), Page():
            return _after_search(known, call, answer)
        case Lookup(), ReadContact(), Contact():
            return _after_read(known, answer)
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


def conflicting_key(contact: Contact, keys: Iterable[Field]) -> Field | None:
    """The first of `keys` for which the contact has another value; a blank one contradicts nothing."""
    for key in keys:
        held = contact.fields.get(key.name)
        if text_of(held) and not _holds(contact, key):
            return key
    return None


def _searches(key: Field, matching: Matching) -> tuple[FindContacts, ...]:
    texts = spellings(key.name, key.value, matching.phone_lookup)
    return tuple(FindContacts(key.name, text) for text in texts)


def _keys_first(row: ContactRow) -> tuple[Field, ...]:
    tracking = () if row.tracking_field is None else (row.tracking_field,)
    return (*row.keys, *tracking, *(field for field in row.fields if field not in row.keys and field.value))


def _next_change(row: ContactRow, contact: Contact) -> Call | None:
    if fields := tuple(field for field in row.fields if not _is_up_to_date(contact, field)):
        return UpdateContact(contact.id, fields[:MAX_FIELDS])
    if missing := tuple(tag for tag in row.add_tags if not same_tags(tag, contact.tags)):
        return AddTags(contact.id, missing[:MAX_TAGS])
    if surplus := _surplus(row, contact):
        return RemoveTags(contact.id, surplus[:MAX_TAGS])
    return None


def _is_up_to_date(contact: Contact, field: Field) -> bool:
    """Whether nothing is to be written: HeyX has the value, or the field is to be left as it is."""
    held = contact.fields.get(field.name)
    match field.policy:
        case Policy.NEVER:
            return True
        case Policy.FILL if text_of(held):
            return True
    if field.name not in contact.fields:
        return contact.complete and not field.value
    return is_same(field.name, field.value, held)


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


def _after_search(known: Lookup, call: FindContacts, page: Page) -> Knowledge:
    found = {contact.id: contact for contact in known.found}
    found |= {contact.id: contact for contact in page.contacts if _matches(contact, call, known)}
    rest = known.calls[1:]
    if page.contacts and call.page < page.last_page:
        return replace(known, calls=(replace(call, page=call.page + 1), *rest), found=tuple(found.values()))
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} contacts have the {call.field} {call.value}: {', '.join(sorted(found))}",
            "Give the id of the right one in a column `heyx contact id`, or merge the contacts in HeyX.",
        )
    if found:
        return next(iter(found.values()))
    return replace(known, calls=rest) if rest else NotFound()


def has_tracking_value(contact: Contact, tracking_field: Field) -> bool:
    """Whether a contact has the tracking value, under whatever name HeyX shows the field."""
    return any(text_of(value) == tracking_field.value for value in contact.fields.values())


def _matches(contact: Contact, call: FindContacts, known: Lookup) -> bool:
    """Whether a found contact has the value searched for; one found by a lesser key must have all of them."""
    if known.tracking_field is not None and call.field == known.tracking_field.name:
        return has_tracking_value(contact, known.tracking_field)
    keys = known.keys
    if not _holds(contact, Field(call.field, call.value)):
        return False
    return call.field == keys[0].name or all(_holds(contact, key) for key in keys)


def _is_conflict(edit: FieldEdit, contact: Contact) -> bool:
    """Whether HeyX holds neither what the export showed nor what the row wants."""
    held = contact.fields.get(edit.name)
    blank = not text_of(held)
    as_shown = is_same(edit.name, edit.exported, held) or (blank and not edit.exported)
    return not (as_shown or is_same(edit.name, edit.wanted, held) or (blank and not edit.wanted))


def _quoted(text: str) -> str:
    return f"“{text}”" if text else "no value"


def _holds(contact: Contact, key: Field) -> bool:
    return key_text(key.name, contact.fields.get(key.name)) == key_text(key.name, key.value)


def _after_read(known: Lookup, contact: Contact) -> Knowledge:
    if conflicts := [edit for edit in known.edits if _is_conflict(edit, contact)]:
        differences = (
            f"{edit.name}: the export showed {_quoted(edit.exported)}, HeyX has "
            f"{_quoted(text_of(contact.fields.get(edit.name)))}, the sheet has {_quoted(edit.wanted)}"
            for edit in conflicts
        )
        raise Conflict(
            f"the contact was changed in HeyX since the export: {'; '.join(differences)}",
            "Nothing of the row was written. Export again and edit the new file, or leave out --detect-conflicts "
            "to overwrite the changes",
        )
    if key := conflicting_key(contact, known.keys):
        if rest := known.calls[1:]:
            return replace(known, calls=rest)
        raise Ambiguous(
            f"contact {contact.id} has the {key.name} {text_of(contact.fields.get(key.name))}, "
            f"but the row has {key.value}",
            "Correct the id or the value; with `--trust-ids`, only the id is used.",
        )
    return contact
