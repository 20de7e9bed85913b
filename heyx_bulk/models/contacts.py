"""The nouns: what a row wants, what HeyX has, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

Value = str | int | float | bool | None
"""A field's value as HeyX's JSON holds it; what we send is always text."""

_OWN = re.compile(r"[^\s:,;“”]+@[^\s:,;“”]*[^\s:,;.“”]|\+?\w*\d(?:[ ()-]{0,2}\d){4,}\w*")
"""What in a message is one row's own: addresses, ids and phones."""

NOTHING: Mapping[str, Value] = MappingProxyType({})


class Status(StrEnum):
    """The status of a row, as results show it."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    INVALID = "invalid"
    UNCERTAIN = "uncertain"


class Policy(StrEnum):
    """What a column's values may do to a contact that is there already."""

    OVERWRITE = "overwrite"
    FILL = "fill-blank"
    """Only a field that is blank in HeyX is written."""
    NEVER = "never"
    """Only a contact that is made now gets the field."""
    CLEAR = "clear-when-blank"
    """A blank cell empties the field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a contact as a row wants it: HeyX's name and the exact text, '' to empty it."""

    name: str
    value: str
    policy: Policy = Policy.OVERWRITE


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """One field that a row changes: its name, what an export or a plan showed of it, and what the row wants."""

    name: str
    exported: str
    wanted: str


@dataclass(frozen=True, slots=True)
class TagSet:
    """The tags a contact should have of those that begin with `prefix`: exactly these."""

    prefix: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be sent: `cause` groups rows that need the same correction, `detail` is this row's."""

    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """What a contact should look like, said by one row of a sheet.

    `number` counts as a person does (the header is usually row 1). `id` is the contact's id if the row names
    one. `keys` are the match keys that have a value on this row, best first. A blank cell is absent from
    `fields`, which include the keys. `add_tags` include those of `tag_sets`. A row with `problems` is invalid and
    never sent; `remarks` are shown with its outcome. `tracking_field` is written by the create alone, and
    shows which run created a contact.

    A row with `edits` (None: none are known) wants no more than the differences from what an export, or a plan,
    showed of its contact; these are its fields among them. A contact that it creates gets `created_tags` too. A
    row that is `planned` changes its contact only where HeyX still is as its plan showed.
    """

    number: int
    id: str | None = None
    keys: tuple[Field, ...] = ()
    fields: tuple[Field, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    tag_sets: tuple[TagSet, ...] = ()
    remarks: tuple[str, ...] = ()
    tracking_field: Field | None = None
    edits: tuple[FieldEdit, ...] | None = None
    created_tags: tuple[str, ...] = ()
    planned: bool = False

    @property
    def key(self) -> Field | None:
        """The match key of this row: the first that has a value on it."""
        return self.keys[0] if self.keys else None

    def for_created_contact(self) -> ContactRow:
        """The row for a contact that it makes itself: nothing that is there needs to be spared."""
        if not self.created_tags and all(field.policy is Policy.OVERWRITE for field in self.fields):
            return self
        return replace(
            self,
            fields=tuple(replace(field, policy=Policy.OVERWRITE) for field in self.fields),
            add_tags=tuple(dict.fromkeys((*self.add_tags, *self.created_tags))),
            created_tags=(),
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of a contact: all of it (HeyX showed it) or a part (only what heyx-bulk wrote).

    `absent_tags` are tags that a contact known in part does not have. A contact that is `unverified` was returned
    by a create and not read since: HeyX may have returned one that existed before.
    """

    id: str
    fields: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    tags: frozenset[str] = frozenset()
    absent_tags: frozenset[str] = frozenset()
    complete: bool = False
    unverified: bool = False
    created_at: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the row `number`; `message` is for a person, blank where all is well."""

    number: int
    status: Status
    contact_id: str | None = None
    message: str = ""


def common_cause(message: str) -> str:
    """What messages of rows that failed alike have in common: one without the numbers, ids and addresses in it."""
    return _OWN.sub("…", message)
