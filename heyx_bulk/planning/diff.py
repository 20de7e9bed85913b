"""What was changed in a sheet since it was exported: a row without all that is as the export showed it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from heyx_bulk.models.contacts import Contact, ContactRow, Field, FieldEdit, Policy, Problem, Value
from heyx_bulk.values.equality import is_written_alike, same_tags, text_of

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")
"""A number that a spreadsheet may write with more or fewer decimals; one with leading zeros is a name, not a
number.
"""

_WORDS = ("true", "false")

_NO_PHONE = "a phone that would be cleared"


@dataclass(frozen=True, slots=True)
class EditableFields:
    """What a sheet can change: the fields that it has columns for, and whether one holds all tags of a contact.

    A column that was taken out of the sheet changes nothing.
    """

    fields: frozenset[str] = frozenset()
    all_tags: bool = False


def diff_row(row: ContactRow, shown: Contact, scope: EditableFields) -> ContactRow:
    """`row`, with nothing left but its differences from `shown`, what an export showed of its contact.

    A value that only looks otherwise (`TRUE` for true, 5 for 5.0) is no difference; a phone or an email that is
    written otherwise is one, since no edit may get lost. A cell that held a value and is blank now empties its
    field, a phone aside, which HeyX does not take; a tag that is not in the list any more goes.
    """
    fields = (*_changed(row, shown), *_emptied(row, shown, scope))
    surplus = (tag for tag in sorted(shown.tags) if scope.all_tags and not same_tags(tag, row.add_tags))
    removed = (*(spelled for tag in row.remove_tags for spelled in same_tags(tag, shown.tags)), *surplus)
    problems = (_no_phone(one, shown) for one in fields if one.name == "phone" and not one.value)
    return replace(
        row,
        keys=(),
        fields=fields,
        add_tags=tuple(tag for tag in row.add_tags if not same_tags(tag, shown.tags)),
        remove_tags=tuple(dict.fromkeys(removed)),
        problems=tuple(dict.fromkeys((*row.problems, *problems))),
        edits=tuple(FieldEdit(one.name, text_of(shown.fields.get(one.name)), one.value) for one in fields),
    )


def _changed(row: ContactRow, shown: Contact) -> Iterable[Field]:
    return (field for field in row.fields if not _is_as_exported(field, shown.fields.get(field.name)))


def _is_as_exported(field: Field, held: Value) -> bool:
    if held == field.value:
        return True
    text = text_of(held)
    if is_written_alike(field.name, field.value, held) or not (field.value or text):
        return True
    ours = field.value.casefold()
    if ours in _WORDS:
        return ours == text.casefold()
    return bool(_NUMBER.fullmatch(ours) and _NUMBER.fullmatch(text)) and Decimal(ours) == Decimal(text)


def _emptied(row: ContactRow, shown: Contact, scope: EditableFields) -> Iterable[Field]:
    there = {field.name for field in row.fields}
    for name, held in shown.fields.items():
        if name in scope.fields and name not in there and text_of(held):
            yield Field(name, "", Policy.OVERWRITE)


def _no_phone(field: Field, shown: Contact) -> Problem:
    held = text_of(shown.fields.get(field.name))
    return Problem(_NO_PHONE, f"the phone is blank, but HeyX does not allow an empty phone; enter {held} again")
