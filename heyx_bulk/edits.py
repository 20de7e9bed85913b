"""What was changed in a sheet since it was exported: a row without all that is as the export showed it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from heyx_bulk.model import Contact, ContactRow, Edit, Field, Policy
from heyx_bulk.values import same, text_of


@dataclass(frozen=True, slots=True)
class Scope:
    """What a sheet can change: the fields that it has columns for, and whether one holds all tags of a contact.

    A column that was taken out of the sheet changes nothing.
    """

    fields: frozenset[str] = frozenset()
    all_tags: bool = False


def edited(row: ContactRow, shown: Contact, scope: Scope) -> ContactRow:
    """`row`, with nothing left but its differences from `shown`, what an export showed of its contact.

    A value that only looks otherwise (`TRUE` for true, a phone with blanks) is no difference. A cell that held a
    value and is blank now empties its field, and a tag that is not in the list any more goes.
    """
    fields = [*_changed(row, shown), *_emptied(row, shown, scope)]
    surplus = shown.tags.difference(row.add_tags) if scope.all_tags else frozenset()
    removed = (*(tag for tag in row.remove_tags if tag in shown.tags), *sorted(surplus))
    return replace(
        row,
        keys=(),
        fields=tuple(fields),
        add_tags=tuple(tag for tag in row.add_tags if tag not in shown.tags),
        remove_tags=tuple(dict.fromkeys(removed)),
        edits=tuple(Edit(one.name, text_of(shown.fields.get(one.name)), one.value) for one in fields),
    )


def _changed(row: ContactRow, shown: Contact) -> Iterable[Field]:
    for field in row.fields:
        held = shown.fields.get(field.name)
        if not (same(field.name, field.value, held) or (not field.value and not text_of(held))):
            yield field


def _emptied(row: ContactRow, shown: Contact, scope: Scope) -> Iterable[Field]:
    there = {field.name for field in row.fields}
    for name, held in shown.fields.items():
        if name in scope.fields and name not in there and text_of(held):
            yield Field(name, "", Policy.OVERWRITE)
