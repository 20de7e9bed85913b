"""Several rows of a sheet that mean one contact, made into one. Pure.

A row says of some fields what they hold, and of some tags whether the contact has them. Of two rows the later one
is right wherever both speak; what only one says stays. So it does not matter which of three are merged first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import reduce

from heyx_bulk.models.contacts import ContactRow, Field, TagSet


class Duplicates(StrEnum):
    """What becomes of rows that mean the same contact."""

    ERROR = "error"
    """All but the first are invalid."""
    MERGE = "merge"
    """They are made one; of two that contradict each other the later is right."""
    LAST = "last"
    """Only the last is sent."""


def merge_rows(rows: Sequence[ContactRow], keys: Sequence[str]) -> ContactRow:
    """One row, with the number and id of the first, that wants what `rows` want one after another.

    `keys` are the match keys, best first.
    """
    row = reduce(_then, rows)
    by_name = {field.name: field for field in row.fields if field.value}
    return replace(row, keys=tuple(by_name[name] for name in keys if name in by_name))


def _then(first: ContactRow, later: ContactRow) -> ContactRow:
    """What `first` and then `later` want."""
    return replace(
        first,
        id=first.id or later.id,
        fields=_fields((*first.fields, *later.fields)),
        add_tags=_tags(first.add_tags, later.add_tags, later.remove_tags, later.tag_sets),
        remove_tags=_tags(first.remove_tags, later.remove_tags, later.add_tags, later.tag_sets),
        tag_sets=_sets(first, later),
        problems=(*first.problems, *later.problems),
        remarks=(*first.remarks, *later.remarks),
    )


def _fields(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Each field once, where it first stood, as it was last said."""
    return tuple({field.name: field for field in fields}.values())


def _tags(
    first: Sequence[str], later: Sequence[str], contrary: Sequence[str], sets: Sequence[TagSet]
) -> tuple[str, ...]:
    """Tags said first and not overruled, and those said later; a set speaks of all tags with its prefix."""
    prefixes = tuple(one.prefix for one in sets)
    kept = (tag for tag in first if tag not in contrary and not tag.startswith(prefixes))
    return tuple(dict.fromkeys((*kept, *later)))


def _sets(first: ContactRow, later: ContactRow) -> tuple[TagSet, ...]:
    """The exact sets: the later row's, and those of the first with what the later row adds and removes."""
    again = {one.prefix for one in later.tag_sets}
    kept = (_changed(one, later) for one in first.tag_sets if one.prefix not in again)
    return (*kept, *later.tag_sets)


def _changed(one: TagSet, later: ContactRow) -> TagSet:
    added = (tag for tag in later.add_tags if tag.startswith(one.prefix))
    tags = dict.fromkeys((*(tag for tag in one.tags if tag not in later.remove_tags), *added))
    return replace(one, tags=tuple(tags))
