"""Finding the contact that a row means: what to search for, and whose contact was found. Pure.

A row's keys are asked one after the other, best first, until one finds a contact. The first key decides alone. A
contact that is found by a lesser key is the row's only if none of its better keys has another value: an address is
often shared, by a family or a company, and a second phone is more often a second person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from heyx_bulk.errors import Ambiguous, Conflict, KeysDisagree
from heyx_bulk.models.calls import FindContacts, Page, ReadContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field, FieldEdit, Policy
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.values.equality import PhoneSpelling, is_same, key_text, spelling_of, spellings, text_of


@dataclass(frozen=True, slots=True)
class Lookup:
    """Not everything was asked yet: `calls` are still to make, `found` were found so far.

    `keys` are what the contact must not contradict, best first. A contact that is found by one of the `sufficient`
    ones (names) is the row's, unless one of its better keys is another; one found by any other key must have all
    of them. The value of `tracking_field`, which a create wrote into its contact, decides alone. Of `edits` HeyX
    must still hold what an export showed. A lookup that is `planned` has edits, or finds nobody: where it finds a
    contact after all, the plan is out of date.
    """

    calls: tuple[FindContacts | ReadContact, ...]
    keys: tuple[Field, ...] = ()
    sufficient: frozenset[str] = frozenset()
    tracking_field: Field | None = None
    found: tuple[Contact, ...] = ()
    edits: tuple[FieldEdit, ...] = ()
    planned: bool = False

    def better_keys(self, name: str) -> tuple[Field, ...]:
        """The keys that overrule a find by the field `name`."""
        return () if name not in self.sufficient else tuple(takewhile(lambda key: key.name != name, self.keys))


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
            checked = row.edits if matching.detect_conflicts or row.planned else ()
            known = Lookup((ReadContact(row.id),), edits=checked, planned=row.planned)
            reads = must_be_read(row) or (matching.before_image and not row.planned)
            return known if checked or reads else Contact(row.id)
        if row.keys and not matching.trust_ids:
            return lookup_by_id(row.id, row.keys)
        reads = matching.read_first or matching.before_image or must_be_read(row)
        return lookup_by_id(row.id) if reads else Contact(row.id)
    if matching.no_match or row.key is None:
        return NotFound(looked=False)
    keys = matching.keys_of(row)
    return Lookup(_searches(keys, matching), keys, frozenset(key.name for key in keys), planned=row.planned)


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


def lookup_by_create(
    keys: tuple[Field, ...], tracking_field: Field | None, row: ContactRow, matching: Matching
) -> Lookup:
    """The contact must be looked for by the tracking field of its unanswered create, then by each of its `keys`.

    Those that may find the contact of `row` suffice here too: it is matched as if there had been no create.
    """
    finding = () if matching.no_match else matching.keys_of(row)
    sufficient = frozenset(key.name for key in (*keys[:1], *finding))
    marked = () if tracking_field is None else (FindContacts(tracking_field.name, tracking_field.value),)
    return Lookup((*marked, *_searches(keys, matching)), keys, sufficient, tracking_field)


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


def must_be_read(row: ContactRow) -> bool:
    """Whether what a row changes depends on what its contact has."""
    return bool(row.tag_sets) or any(field.policy is Policy.FILL for field in row.fields)


def conflicting_key(contact: Contact, keys: Iterable[Field]) -> Field | None:
    """The first of `keys` for which the contact has another value; a blank one contradicts nothing."""
    for key in keys:
        held = contact.fields.get(key.name)
        if text_of(held) and not holds(contact, key):
            return key
    return None


def _searches(keys: Iterable[Field], matching: Matching) -> tuple[FindContacts, ...]:
    return tuple(
        FindContacts(key.name, text)
        for key in keys
        for text in spellings(key.name, key.value, matching.phones_searched)
    )


def after_search(known: Lookup, call: FindContacts, page: Page) -> Knowledge:
    """What is known after a page of a search. Raises `Ambiguous` where nobody can tell which contact is meant."""
    seen = {contact.id: contact for contact in known.found}
    seen |= {contact.id: contact for contact in page.contacts if _matches(contact, call, known)}
    found, rest = tuple(seen.values()), known.calls[1:]
    if page.contacts and call.page < page.last_page:
        return replace(known, calls=(replace(call, page=call.page + 1), *rest), found=found)
    better = known.better_keys(call.field)
    if whole := [contact for contact in found if all(holds(contact, key) for key in better)]:
        return _only(whole, call)
    if any(conflicting_key(contact, better) is None for contact in found):
        return _only(found, call)
    if found and not (rest and isinstance(rest[0], FindContacts) and rest[0].field == call.field):
        _refuse_other_person(found, next(key for key in known.keys if key.name == call.field), better)
        found = ()
    return replace(known, calls=rest, found=found) if rest else NotFound()


def _only(found: Sequence[Contact], call: FindContacts) -> Contact:
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} contacts have the {call.field} {call.value}: "
            f"{', '.join(sorted(contact.id for contact in found))}",
            "Give the id of the right one in a column `heyx contact id`, or merge the contacts in HeyX.",
        )
    return found[0]


def _refuse_other_person(found: Sequence[Contact], lesser: Field, better: Sequence[Field]) -> None:
    """Raise `KeysDisagree` where `found`, all with another better key than the row, may be the row's contact.

    The row's key `lesser` found them.

    Contacts that differ in that key among themselves share the value they were found by, so it identifies nobody.
    """
    keys = [key for contact in found if (key := conflicting_key(contact, better))]
    texts = {key_text(key.name, contact.fields.get(key.name)) for contact, key in zip(found, keys, strict=True)}
    if len(texts) > 1:
        return
    contact, key = found[0], keys[0]
    raise KeysDisagree(
        f"contact {contact.id} has the {lesser.name} {lesser.value} and the {key.name} "
        f"{text_of(contact.fields.get(key.name))}, but the row has the {key.name} {key.value}",
        f"If these are two people, leave the {lesser.name} out of the row, or upload the sheet with "
        f"--match first. If it is one person, correct the {key.name} in HeyX, or upload the sheet with "
        f"--key {lesser.name}.",
    )


def has_tracking_value(contact: Contact, tracking_field: Field) -> bool:
    """Whether a contact has the tracking value, under whatever name HeyX shows the field."""
    return any(text_of(value) == tracking_field.value for value in contact.fields.values())


def _matches(contact: Contact, call: FindContacts, known: Lookup) -> bool:
    """Whether a contact is one that was searched for: a search may show others too."""
    if known.tracking_field is not None and call.field == known.tracking_field.name:
        return has_tracking_value(contact, known.tracking_field)
    if not holds(contact, Field(call.field, call.value)):
        return False
    return call.field in known.sufficient or all(holds(contact, key) for key in known.keys)


def is_meant(contact: Contact, keys: Iterable[Field]) -> bool:
    """Whether a contact has the first of `keys` that it has any value of."""
    held = (holds(contact, key) for key in keys if text_of(contact.fields.get(key.name)))
    return next(held, True)


def _is_conflict(edit: FieldEdit, contact: Contact) -> bool:
    """Whether HeyX holds neither what the export showed nor what the row wants."""
    held = contact.fields.get(edit.name)
    blank = not text_of(held)
    as_shown = is_same(edit.name, edit.exported, held) or (blank and not edit.exported)
    return not (as_shown or is_same(edit.name, edit.wanted, held) or (blank and not edit.wanted))


def refuse_unplanned(known: Lookup, found: Knowledge) -> Knowledge:
    """What a look-up found; raises `Conflict` where it found a contact that was to be created as planned."""
    if known.planned and not known.edits and isinstance(found, Contact):
        raise Conflict(
            f"the plan creates this contact, but HeyX has it now: contact {found.id}",
            f"Nothing of the row was written. {_NEW_PLAN}",
        )
    return found


_NEW_PLAN = "Make a new plan"
_NEW_EXPORT = "Export again and edit the new file, or leave out --detect-conflicts to overwrite the changes"


def _quoted(text: str) -> str:
    return f"“{text}”" if text else "no value"


def holds(contact: Contact, key: Field) -> bool:
    """Whether a contact has the value of a key, as keys are compared."""
    return key_text(key.name, contact.fields.get(key.name)) == key_text(key.name, key.value)


def after_read(known: Lookup, contact: Contact) -> Knowledge:
    """What is known after a contact was read. Raises `Ambiguous` or `Conflict` where it may not be written."""
    if conflicts := [edit for edit in known.edits if _is_conflict(edit, contact)]:
        shown, wants = ("plan", "plan") if known.planned else ("export", "sheet")
        differences = (
            f"{edit.name}: the {shown} showed {_quoted(edit.exported)}, HeyX has "
            f"{_quoted(text_of(contact.fields.get(edit.name)))}, the {wants} has {_quoted(edit.wanted)}"
            for edit in conflicts
        )
        raise Conflict(
            f"the contact was changed in HeyX since the {shown}: {'; '.join(differences)}",
            f"Nothing of the row was written. {_NEW_PLAN if known.planned else _NEW_EXPORT}",
        )
    if rest := known.calls[1:]:
        return contact if is_meant(contact, known.keys) else replace(known, calls=rest)
    if key := conflicting_key(contact, known.keys):
        raise Ambiguous(
            f"contact {contact.id} has the {key.name} {text_of(contact.fields.get(key.name))}, "
            f"but the row has {key.value}",
            "Correct the id or the value; with `--trust-ids`, only the id is used.",
        )
    return contact
