"""Rows of a sheet, understood column by column: what each row wants, and what is wrong with it.

A column is looked at as a whole, so that what holds for all its cells is found out once. A single row is read as
a sheet of one row: there is one meaning of a cell, however many are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from heyx_bulk.api import MAX_TAG_LENGTH
from heyx_bulk.columns import problems as problems_of
from heyx_bulk.columns.header import Column, Use
from heyx_bulk.columns.lists import split_list, unique
from heyx_bulk.model import ContactRow, Field, Problem
from heyx_bulk.values import BLANKS, key_of

if TYPE_CHECKING:
    from heyx_bulk.columns.columns import Columns

ID_KEY = "contact id"
"""What a contact id is called among the fields that rows are matched by."""

_LISTS = (Use.ADD_TAGS, Use.REMOVE_TAGS)


class Reading:
    """Rows of a sheet, counted from 0 in the order they were given, each with its problems.

    `problems` are by row number; `came_with` are those of cells that have no true text. `named_ids` are contact
    ids that a person named for rows beside their cells.
    """

    def __init__(
        self,
        columns: Columns,
        numbers: Sequence[int],
        rows: Sequence[Sequence[str]],
        came_with: Mapping[int, Sequence[Problem]],
        named_ids: Mapping[int, str],
    ) -> None:
        self.numbers = numbers
        self.problems: dict[int, list[Problem]] = {number: [*found] for number, found in came_with.items()}
        self._columns = columns
        self._cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns.columns)
        self._fields: list[tuple[Column, list[str]]] = []
        self._lists: list[tuple[Column, list[str]]] = []
        self._ids = [""] * len(numbers)
        for column in columns.sent:
            self._read(column)
        if named_ids:
            self._ids = [named_ids.get(number, text) for number, text in zip(numbers, self._ids, strict=True)]
        self._judge_tags()
        self._judge_keys()

    def row(self, index: int) -> ContactRow:
        """What one row wants."""
        fields = tuple(Field(column.field, texts[index]) for column, texts in self._fields if texts[index])
        return ContactRow(
            self.numbers[index],
            self._ids[index] or None,
            tuple(one for name in self._columns.keys for one in fields if one.name == name),
            fields,
            self._tags(Use.ADD_TAGS, index),
            self._tags(Use.REMOVE_TAGS, index),
            tuple(self.problems.get(self.numbers[index], ())),
        )

    def matches(self) -> Iterator[tuple[int, int, str, str]]:
        """What valid rows are matched by: number, rank (0 is what decides), field, value as it is compared."""
        named = [(ID_KEY, self._ids)] if any(self._ids) else []
        named += [(name, [*map(key_of(name), texts)]) for name, texts in self._key_texts()]
        ranks = [0] * len(self.numbers)
        for name, texts in named:
            for index, number in enumerate(self.numbers):
                if (text := texts[index]) and number not in self.problems:
                    yield number, ranks[index], name, text
                    ranks[index] += 1

    def _key_texts(self) -> list[tuple[str, list[str]]]:
        by_field = {column.field: texts for column, texts in self._fields}
        return [(name, by_field[name]) for name in self._columns.keys if name in by_field]

    def _read(self, column: Column) -> None:
        texts = [text.strip(BLANKS) for text in self._cells[column.position]]
        if not _is_plain(texts):
            self._see(texts, partial(problems_of.text_problems, column), drop=True)
        if column.use is Use.FIELD:
            if column.field == "phone":
                self._see(texts, partial(problems_of.phone_problems, column))
            self._fields.append((column, texts))
        elif column.use in _LISTS:
            self._lists.append((column, texts))
        else:
            self._see(texts, partial(problems_of.id_problems, column))
            self._ids = texts

    def _see(self, texts: list[str], judge: Callable[[str], Iterable[Problem]], *, drop: bool = False) -> None:
        for index, text in enumerate(texts):
            if text and (found := [*judge(text)]):
                self._tell(index, found)
                texts[index] = "" if drop else text

    def _tell(self, index: int, problems: Iterable[Problem]) -> None:
        if found := [*problems]:
            self.problems.setdefault(self.numbers[index], []).extend(found)

    def _tags(self, use: Use, index: int) -> tuple[str, ...]:
        found: list[str] = []
        for column, texts in self._lists:
            if column.use is use and texts[index]:
                found += split_list(texts[index], column.separator or ",")
        return unique((*found, *(self._columns.add_tags if use is Use.ADD_TAGS else self._columns.remove_tags)))

    def _judge_tags(self) -> None:
        """Tags can only be wrong where some are removed, or a list is longer than a tag may be."""
        worth: set[int] = set(range(len(self.numbers))) if self._columns.remove_tags else set()
        for column, texts in self._lists:
            if column.use is Use.REMOVE_TAGS:
                worth.update(index for index, text in enumerate(texts) if text)
            elif _longest(texts) > MAX_TAG_LENGTH:
                worth.update(index for index, text in enumerate(texts) if len(text) > MAX_TAG_LENGTH)
        for index in sorted(worth):
            tags = self._tags(Use.ADD_TAGS, index), self._tags(Use.REMOVE_TAGS, index)
            self._tell(index, problems_of.tag_problems(*tags))

    def _judge_keys(self) -> None:
        keys = self._key_texts()
        for name, texts in keys:
            if _longest(texts) > problems_of.LONGEST_KEY:
                self._see(texts, partial(problems_of.key_problems, name))
        if any(self._ids):
            self._see(self._ids, problems_of.contact_id_problems)
        nameless = [index for index, text in enumerate(self._ids) if not text]
        for _, texts in keys:
            nameless = [index for index in nameless if not texts[index]]
        for index in nameless:
            has_fields = any(texts[index] for _, texts in self._fields)
            self._tell(index, self._columns.identity_problems(has_fields=has_fields))


def _is_plain(texts: Sequence[str]) -> bool:
    """Whether no text is too long or holds half a character."""
    if _longest(texts) > problems_of.LONGEST_TEXT:
        return False
    whole = "".join(texts)
    return whole.isascii() or not problems_of.SURROGATE.search(whole)


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
