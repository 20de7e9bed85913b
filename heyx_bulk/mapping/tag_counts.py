"""The tags that a sheet adds and removes, counted before anything is sent."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import compress
from typing import Annotated, NamedTuple

from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.mapped_frame import MappedFrame
from heyx_bulk.mapping.tag_lists import split_list
from heyx_bulk.mapping.transforms import CLEAR

MOST_KEPT = 1_000
"""So many different tags are kept, the most frequent first: a column of names taken for tags has no end."""


class TagCount(NamedTuple):
    """A tag, and how many rows add and remove it. The tags of an exact set count as added."""

    tag: Annotated[str, "The tag."]
    added: Annotated[int, "How many rows add it."]
    removed: Annotated[int, "How many rows remove it."]


class TagCounts:
    """Counts the tags of a sheet frame by frame; rows with problems do not count."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._added: Counter[str] = Counter()
        self._removed: Counter[str] = Counter()

    def see(self, mapped: MappedFrame, times: int = 1) -> None:
        """Count the tags of some rows; with `times` -1, take back that they were counted."""
        valid = [number not in mapped.problems_by_row for number in mapped.numbers]
        lists = [texts for _, texts in mapped.lists]
        alike = Counter(compress(zip(*lists, strict=True), valid)) if lists else Counter({(): sum(valid)})
        for texts, rows in alike.items():
            added, removed = {*self._columns.add_tags}, {*self._columns.remove_tags}
            for (column, _), text in zip(mapped.lists, texts, strict=True):
                removes = column.use is Use.REMOVE_TAGS or (column.use is Use.TAG and text != "true")
                (removed if removes else added).update(_tags(column, text))
            for tags, counts in ((added, self._added), (removed, self._removed)):
                for tag in tags:
                    counts[tag] += rows * times

    def counts(self) -> list[TagCount]:
        """The tags, most frequent first; at most `MOST_KEPT`."""
        totals = self._added + self._removed  # without what was taken back
        ranked = sorted(totals, key=lambda tag: (-totals[tag], tag))
        return [TagCount(tag, self._added[tag], self._removed[tag]) for tag in ranked[:MOST_KEPT]]


def _tags(column: Column, text: str) -> Iterator[str]:
    """The tags that a cell names, also more than once."""
    if not text or text == CLEAR:
        return
    if column.use is Use.TAG:
        yield column.field
        return
    prefix = column.field if column.use is Use.SET_TAGS else ""
    for tag in split_list(text, column.separator):
        yield tag if tag.startswith(prefix) else prefix + tag


def similar_tags(counts: Iterable[TagCount]) -> list[list[TagCount]]:
    """Groups of tags that differ only in case, accents, spaces or signs between words."""
    groups: defaultdict[str, list[TagCount]] = defaultdict(list)
    for one in counts:
        groups[_skeleton(one.tag)].append(one)
    return [group for group in groups.values() if len(group) > 1]


def _skeleton(tag: str) -> str:
    """The letters and digits of a tag without case and accents, or the whole tag if it has none."""
    plain = unicodedata.normalize("NFKD", tag).casefold()
    return "".join(filter(str.isalnum, plain)) or plain
