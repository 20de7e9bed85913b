"""What HeyX does with what is written: how it spells phones, and which fields it shows otherwise, or not at all.

Nobody knows this beforehand; it is learned from what runs wrote and what HeyX showed of it later. A field that
HeyX shows otherwise would be written again at every upload: once that is noticed, the value is taken to be
there for as long as HeyX shows what it showed for it. Hashes of ids and values are kept, never the values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from heyx_bulk.database import Database
from heyx_bulk.models.calls import Answer, Call, CreateContact, Created, Done, FindContacts, Page, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Value
from heyx_bulk.storage.cache.cache_file import digest
from heyx_bulk.storage.cache.custom_fields import CustomFields, custom_fields
from heyx_bulk.values.equality import PhoneSpelling, key_text, spelling_of, text_of
from heyx_bulk.values.text import trim

FEWEST_CONTACTS = 3
"""On so many contacts a field must have been shown otherwise before it is taken to be always so."""

MOST_CONTACTS = 200
"""Of so many contacts it is remembered what was written into fields that seem to be as they should."""

TRIAL_SECONDS = 86_400.0
"""How long a contact keeps its place among those, if there are others."""

MOST_FOUND = 500
"""Searches of one spelling that count; above it all are halved, so that what is newer counts more."""

BATCH_NOTES = 200


_SOMEBODY = ""
"""What stands for the contacts that have made place for others."""

_SAMPLE = """
SELECT contact, max(at) FROM trial WHERE contact <> ? AND name NOT IN (SELECT name FROM peculiar)
GROUP BY contact ORDER BY 2
"""
_AGREED = """
INSERT OR IGNORE INTO trial
SELECT ?, name, value, at, 0, 1, NULL, NULL, 0 FROM trial WHERE contact = ? AND agreed
"""


class MismatchKind(StrEnum):
    """How HeyX shows a field that it does not show as it was written."""

    NAME = "under another name"
    VALUE = "with another value"
    NOTHING = "not at all"


@dataclass(frozen=True, slots=True)
class FieldMismatch:
    """A field that HeyX does not show as it is written; `shown_as` is the field that shows its values instead."""

    name: str
    kind: MismatchKind
    shown_as: str = ""


@dataclass(frozen=True, slots=True)
class WriteObservation:
    """What was written into a field of one contact, and what HeyX showed of it later; values are hashes.

    It is `awaited` until HeyX shows the contact. `other` is the one other field that held the value, `times` how
    many writes of the value were answered with the same other one.
    """

    value: str
    at: float
    awaited: bool = True
    agreed: bool | None = None
    shown: str | None = None
    other: str | None = None
    times: int = 0


class FieldMismatches:
    """What was learned of a channel so far, and what it teaches from call to call.

    A contact that HeyX shows sooner than `settle_seconds` after a write proves nothing.
    """

    def __init__(self, db: Database, channel: str, settle_seconds: float, clock: Callable[[], float]) -> None:
        self._db = db
        self._channel = channel
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._fields = CustomFields(db, clock)
        self._seen: list[Contact] = []
        self._trials: dict[tuple[str, str], WriteObservation] = {}
        self._new_finds: Counter[PhoneSpelling] = Counter()
        self._finds = Counter(
            {PhoneSpelling(name): found for name, found in db.rows("SELECT spelling, found FROM phone")}
        )
        self._peculiar = {one.name: one for one in read_mismatches(db)}
        self._sample = dict(db.rows(_SAMPLE, _SOMEBODY))

    def observe(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        """Learn from HeyX's answer to a row's call; give it back as it must be read: values under our names."""
        match call, answer:
            case FindContacts(), Page():
                if call.field == "phone" and any(_has(contact, call) for contact in answer.contacts):
                    self._found(spelling_of(call.value))
                searched = Field(call.field, call.value)
                return replace(answer, contacts=tuple(self._read(one, row, searched) for one in answer.contacts))
            case _, Contact():
                return self._read(answer, row)
            case CreateContact(), Created():
                self._wrote(answer.id, call.fields)
            case UpdateContact(), Done():
                self._wrote(call.id, call.fields)
        return answer

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """The spellings under which phones were found, likeliest first; one that never was is not among them."""
        return tuple(spelling for spelling, _ in self._finds.most_common())

    def keep(self) -> None:
        """Write down what was learned and is not written down yet."""
        seen, trials, finds = self._seen, self._trials, self._new_finds
        self._seen, self._trials, self._new_finds = [], {}, Counter()
        self._fields.observe(seen)
        if not trials and not finds:
            return
        with self._db.transaction():
            self._db.executemany(
                "REPLACE INTO trial VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (*of, one.value, one.at, one.awaited, one.agreed, one.shown, one.other, one.times)
                    for of, one in trials.items()
                ],
            )
            self._db.executemany(
                "INSERT INTO phone VALUES (?, ?) "
                "ON CONFLICT (spelling) DO UPDATE SET found = found + excluded.found",
                finds.items(),
            )
            self._db.execute(
                "UPDATE phone SET found = (found + 1) / 2 WHERE (SELECT max(found) FROM phone) > ?", (MOST_FOUND,)
            )

    # Phones

    def _found(self, spelling: PhoneSpelling) -> None:
        self._finds[spelling] += 1
        self._new_finds[spelling] += 1
        if self._finds[spelling] > MOST_FOUND:
            self._finds = Counter({name: (found + 1) // 2 for name, found in self._finds.items()})

    # What was written

    def _wrote(self, contact_id: str, fields: Iterable[Field]) -> None:
        contact, now = self._digest(contact_id), self._clock()
        written = [field for field in fields if field.name != "phone" and field.value]
        if not self._has_place(contact, now):
            written = [field for field in written if self._is_held(field.name)]
        elif written:
            self._sample.pop(contact, None)
            self._sample[contact] = now
        before = self._trials_of(contact) if written else {}
        for field in written:
            value, was = self._digest(trim(field.value)), before.get(field.name)
            trial = WriteObservation(value, now) if was is None or was.value != value else was
            self._note(contact, field.name, replace(trial, at=now, awaited=True))

    def _is_held(self, name: str) -> bool:
        """Whether values of the field are taken to be there though HeyX does not show them."""
        return name in self._peculiar and not self._peculiar[name].shown_as

    def _has_place(self, contact: str, now: float) -> bool:
        """Whether all that is written into a contact is remembered; one of days ago makes place for it."""
        if contact in self._sample or len(self._sample) < MOST_CONTACTS:
            return True
        oldest, at = next(iter(self._sample.items()))
        if now - at < TRIAL_SECONDS:
            return False
        del self._sample[oldest]
        self.keep()
        with self._db.transaction():
            self._db.execute(_AGREED, (_SOMEBODY, oldest))
            self._db.execute("DELETE FROM trial WHERE contact = ?", (oldest,))
        return True

    # What is shown

    def _read(self, contact: Contact, row: ContactRow, searched: Field | None = None) -> Contact:
        """Learn from a contact that HeyX shows whole, and see it with the row's values under their names.

        HeyX may find a contact by a key that it does not show.
        """
        self._seen.append(contact)
        if len(self._seen) >= BATCH_NOTES:
            self.keep()
        trials = self._compared(contact, self._trials_of(self._digest(contact.id)))
        fields = {**contact.fields, **dict(self._renamed(contact.fields))}
        for field in row.fields:
            trial = trials.get(field.name)
            if trial is not None and self._is_held(field.name) and self._holds(trial, field, fields):
                fields[field.name] = field.value
        if searched is not None and not text_of(fields.get(searched.name)):
            trial = trials.get(searched.name)
            if trial is not None and trial.value == self._digest(trim(searched.value)):
                fields[searched.name] = searched.value
        return contact if fields == contact.fields else replace(contact, fields=fields)

    def _renamed(self, fields: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
        for one in self._peculiar.values():
            if one.shown_as and not text_of(fields.get(one.name)) and one.shown_as in fields:
                yield one.name, fields[one.shown_as]

    def _holds(self, trial: WriteObservation, field: Field, shown: Mapping[str, Value]) -> bool:
        """Whether a contact has what was written into it, since HeyX shows what it showed for it before."""
        same = trial.value == self._digest(trim(field.value))
        return same and trial.times > 0 and trial.shown == self._digest(text_of(shown.get(field.name)))

    def _compared(
        self, contact: Contact, trials: Mapping[str, WriteObservation]
    ) -> Mapping[str, WriteObservation]:
        """The trials of a contact, with what HeyX shows now of what it was given."""
        now = self._clock()
        found = dict(trials)
        for name, trial in trials.items():
            if trial.awaited and not 0 <= now - trial.at < self._settle_seconds:
                found[name] = self._after_look(contact, name, trial, trials)
                self._note(self._digest(contact.id), name, found[name])
                if not found[name].agreed:
                    self._judge(name)
        return found

    def _after_look(
        self, contact: Contact, name: str, trial: WriteObservation, written: Mapping[str, WriteObservation]
    ) -> WriteObservation:
        held = contact.fields.get(name)
        if self._agrees(trial, held):
            return replace(trial, awaited=False, agreed=True)
        others = [
            other
            for other, value in custom_fields(contact.fields)
            if other not in written and self._agrees(trial, value)
        ]
        shown = self._digest(text_of(held))
        return replace(
            trial,
            awaited=False,
            agreed=False,
            shown=shown,
            other=others[0] if len(others) == 1 else None,
            # Where another value was shown before, somebody else has written: that proves nothing yet.
            times=trial.times + 1 if shown == trial.shown else int(trial.shown is None),
        )

    def _agrees(self, trial: WriteObservation, held: Value) -> bool:
        text = text_of(held)
        texts = (text, text.upper(), text.title()) if isinstance(held, bool) else (text,)
        return bool(text) and any(trial.value == self._digest(one) for one in texts)

    def _judge(self, name: str) -> None:
        """See whether HeyX shows a field otherwise wherever that could be told, or again and again."""
        if name in self._peculiar:
            return
        self.keep()
        query = "SELECT agreed, shown, other, times, value FROM trial WHERE name = ? AND agreed IS NOT NULL"
        looks = self._db.rows(query, name)
        differed = [look for look in looks if not look[0]]
        stubborn = [look for look in differed if look[3] > 1]
        if len(stubborn if len(differed) < len(looks) else differed) < FEWEST_CONTACTS:
            return
        others, values = {look[2] for look in differed}, {look[4] for look in differed}
        other = others.pop() if len(others) == 1 and len(values) > 1 and len(differed) == len(looks) else None
        nothing = all(look[1] == self._digest("") for look in differed)
        how = MismatchKind.NAME if other else MismatchKind.NOTHING if nothing else MismatchKind.VALUE
        self._peculiar[name] = found = FieldMismatch(name, how, other or "")
        self._db.execute("REPLACE INTO peculiar VALUES (?, ?, ?)", (name, found.kind, found.shown_as))

    # What is kept of it

    def _trials_of(self, contact: str) -> Mapping[str, WriteObservation]:
        if not self._sample and not self._peculiar:
            return {}
        query = "SELECT name, value, at, awaited, agreed, shown, other, times FROM trial WHERE contact = ?"
        found = self._db.rows(query, contact)
        kept = {
            name: WriteObservation(
                value, at, bool(awaited), None if agreed is None else bool(agreed), shown, other, times
            )
            for name, value, at, awaited, agreed, shown, other, times in found
        }
        return kept | {name: trial for (of, name), trial in self._trials.items() if of == contact}

    def _note(self, contact: str, name: str, trial: WriteObservation) -> None:
        self._trials[contact, name] = trial
        if len(self._trials) >= BATCH_NOTES:
            self.keep()

    def _digest(self, text: str) -> str:
        return digest(self._channel, text)


def read_mismatches(db: Database) -> tuple[FieldMismatch, ...]:
    """The fields that HeyX does not show as they are written, by name."""
    found = db.rows("SELECT name, how, shown_as FROM peculiar ORDER BY name")
    return tuple(FieldMismatch(name, MismatchKind(how), shown_as) for name, how, shown_as in found)


def _has(contact: Contact, search: FindContacts) -> bool:
    field = search.field
    return key_text(field, contact.fields.get(field)) == key_text(field, search.value)
