"""Merging rows of a sheet that mean the same contact. Pure.

A row states the values of some fields, and of some tags whether the contact has them. Where two rows state the
same thing, the later one wins; what only one states stays. So merging is associative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING

from heyx_bulk.mapping.tag_lists import unique

if TYPE_CHECKING:
    from heyx_bulk.models.contacts import ContactRow, TagSet


class Duplicates(StrEnum):
    """What happens to rows that mean the same contact."""

    ERROR = "error"
    """All but the first are invalid."""
    MERGE = "merge"
    """They are merged; where two contradict each other the later one wins."""
    LAST = "last"
    """Only the last is sent."""


def merge_rows(rows: Sequence[ContactRow], keys: Sequence[str]) -> ContactRow:
    """Merge `rows` into one with the number and id of the first that asks for what they ask for in turn.

    `keys` are the match keys, best first.
    """
    row = reduce(_then, rows)
    by_name = {field.name: field for field in row.fields if field.value}
    return replace(row, keys=tuple(by_name[name] for name in keys if name in by_name))


def _then(first: ContactRow, later: ContactRow) -> ContactRow:
    fields = {field.name: field for field in (*first.fields, *later.fields)}
    return replace(
        first,
        id=first.id or later.id,
        fields=tuple(fields.values()),
        add_tags=_tags(first.add_tags, later.add_tags, later.remove_tags, later.tag_sets),
        remove_tags=_tags(first.remove_tags, later.remove_tags, later.add_tags, later.tag_sets),
        tag_sets=_sets(first, later),
        problems=(*first.problems, *later.problems),
        remarks=(*first.remarks, *later.remarks),
    )


def _tags(
    first: Sequence[str], later: Sequence[str], contrary: Sequence[str], sets: Sequence[TagSet]
) -> tuple[str, ...]:
    """The first row's tags that the later one does not overrule, then the later one's.

    An exact set overrules all tags with its prefix.
    """
    prefixes = tuple(one.prefix for one in sets)
    kept = (tag for tag in first if tag not in contrary and not tag.startswith(prefixes))
    return unique((*kept, *later))


def _sets(first: ContactRow, later: ContactRow) -> tuple[TagSet, ...]:
    """The exact sets: the later row's, and those of the first with what the later row adds and removes."""
    replaced = {one.prefix for one in later.tag_sets}
    kept = []
    for one in first.tag_sets:
        if one.prefix not in replaced:
            tags = [tag for tag in one.tags if tag not in later.remove_tags]
            added = [tag for tag in later.add_tags if tag.startswith(one.prefix)]
            kept.append(replace(one, tags=unique((*tags, *added))))
    return (*kept, *later.tag_sets)
