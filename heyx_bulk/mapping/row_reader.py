"""Rows of a sheet, read column by column: what each row asks for, and its problems.

A column is read as a whole, so that what holds for all its cells is worked out once. A single row is read as a
sheet of one row: a cell means the same, however many are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from types import MappingProxyType

from heyx_bulk.mapping.cells import (
    LONGEST_KEY,
    contact_id_problems,
    convert_cells,
    id_problems,
    key_problems,
    longest,
    tag_problems,
    trimmed,
    validate,
)
from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.tag_lists import split_list, unique
from heyx_bulk.mapping.transforms import CLEAR
from heyx_bulk.models.calls import MAX_TAG_LENGTH
from heyx_bulk.models.contacts import ContactRow, Field, Problem, TagSet
from heyx_bulk.values.equality import key_normalizer
from heyx_bulk.values.text import plain_keys

ID_KEY = "contact id"
"""The name of the contact id among the fields that rows are matched by."""


class RowReader:
    """Rows of a sheet, counted from 0 in the order they were given, each with its problems.

    `problems` are by row number and begin with `came_with`, those of cells without a true text. `named_ids` are
    contact ids that the user gave for rows outside their cells. `remarks`, by row number, are shown with the
    outcome.
    """

    def __init__(
        self,
        columns: Columns,
        numbers: Sequence[int],
        rows: Sequence[Sequence[str]],
        came_with: Mapping[int, Sequence[Problem]] = MappingProxyType({}),
        named_ids: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self.numbers = numbers
        self.problems: dict[int, list[Problem]] = {number: [*found] for number, found in came_with.items()}
        self.remarks: dict[int, list[str]] = {}
        self._columns = columns
        self._cells: Sequence[Sequence[str]] = list(zip(*rows, strict=True))
        self._fields: list[tuple[Column, list[str]]] = []
        self._lists: list[tuple[Column, list[str]]] = []
        self._ids = [""] * len(numbers)
        for column in columns.sent if rows else ():
            self._read(column)
        if named_ids:
            self._ids = [named_ids.get(number, text) for number, text in zip(numbers, self._ids, strict=True)]
        self._check_tags()
        self._check_keys()

    def row(self, index: int) -> ContactRow:
        """What the row at `index` asks for."""
        present = ((column, texts[index]) for column, texts in self._fields if texts[index])
        fields = (
            *(Field(column.field, "" if text == CLEAR else text, column.policy) for column, text in present),
            *self._columns.constants,
        )
        keys = tuple(one for name in self._columns.keys for one in fields if one.name == name and one.value)
        sets = tuple(self._tag_sets(index))
        add = (*self._tags(Use.ADD_TAGS, index), *(tag for one in sets for tag in one.tags))
        number = self.numbers[index]
        return ContactRow(
            number,
            self._ids[index] or None,
            keys,
            fields,
            unique(add),
            self._tags(Use.REMOVE_TAGS, index),
            tuple(self.problems.get(number, ())),
            sets,
            tuple(self.remarks.get(number, ())),
        )

    def key_values(self) -> Iterator[tuple[int, int, str, str]]:
        """What valid rows are matched by: number, rank (0 decides), field, value as it is compared."""
        named = [(ID_KEY, self._ids)] if any(self._ids) else []
        named += [(name, [*map(key_normalizer(name), texts)]) for name, texts in self._key_texts()]
        if not self.problems and all(map(all, (texts for _, texts in named))):
            for rank, (name, texts) in enumerate(named):
                yield from zip(self.numbers, repeat(rank), repeat(name), texts)
            return
        for index, number in enumerate(self.numbers):
            if number not in self.problems:
                present = ((name, texts[index]) for name, texts in named if texts[index])
                yield from ((number, rank, name, text) for rank, (name, text) in enumerate(present))

    def _key_texts(self) -> list[tuple[str, list[str]]]:
        """The match keys' values, best key first; blank where a row has none."""
        by_field = {column.field: texts for column, texts in self._fields}
        present = [(name, by_field[name]) for name in self._columns.keys if name in by_field]
        return [(name, ["" if text == CLEAR else text for text in texts]) for name, texts in present]

    def _read(self, column: Column) -> None:
        strict = not self._columns.lenient or column.field in self._columns.keys
        add_mismatch = self._add_problem if strict else self._add_remark
        cells = self._cells[column.position]
        if column.use is Use.ID or column.field in self._columns.keys:
            cells = plain_keys(cells)
        texts = convert_cells(column, cells, self._other, self._add_problem, add_mismatch)
        match column.use:
            case Use.FIELD:
                self._fields.append((column, texts))
            case Use.ID:
                validate(texts, partial(id_problems, column), self._add_problem)
                self._ids = texts
            case _:
                self._lists.append((column, texts))

    def _other(self, position: int) -> list[str]:
        return trimmed(self._cells[position])

    def _add_problem(self, index: int, problem: Problem) -> None:
        self.problems.setdefault(self.numbers[index], []).append(problem)

    def _add_remark(self, index: int, problem: Problem) -> None:
        self.remarks.setdefault(self.numbers[index], []).append(f"sent as it stands: {problem.detail}")

    def _tags(self, use: Use, index: int) -> tuple[str, ...]:
        """The tags that a row adds, or removes, apart from its exact sets."""
        adds = use is Use.ADD_TAGS
        found: list[str] = []
        for column, texts in self._lists:
            if column.use is use and texts[index]:
                found += split_list(texts[index], column.separator or ",")
            elif column.use is Use.TAG and texts[index] and (texts[index] == "true") is adds:
                found.append(column.field)
        return unique((*found, *(self._columns.add_tags if adds else self._columns.remove_tags)))

    def _tag_sets(self, index: int) -> Iterator[TagSet]:
        for column, texts in self._lists:
            if column.use is Use.SET_TAGS and (text := texts[index]):
                prefix = column.field
                tags = [] if text == CLEAR else split_list(text, column.separator or ",")
                yield TagSet(prefix, unique(tag if tag.startswith(prefix) else prefix + tag for tag in tags))

    def _check_tags(self) -> None:
        """Check tags, only in rows that remove or set some or have a list longer than a tag may be."""
        suspects: set[int] = set(range(len(self.numbers))) if self._columns.remove_tags else set()
        for column, texts in self._lists:
            if column.use is not Use.ADD_TAGS:
                suspects.update(index for index, text in enumerate(texts) if text)
            elif longest(texts) > MAX_TAG_LENGTH:
                suspects.update(index for index, text in enumerate(texts) if len(text) > MAX_TAG_LENGTH)
        for index in sorted(suspects):
            self._add_problems(index, tag_problems(self.row(index)))

    def _check_keys(self) -> None:
        keys = self._key_texts()
        for name, texts in keys:
            if longest(texts) > LONGEST_KEY:
                validate(texts, partial(key_problems, name), self._add_problem)
        if any(self._ids):
            validate(self._ids, contact_id_problems, self._add_problem)
        unidentified = [index for index, text in enumerate(self._ids) if not text]
        for _, texts in keys:
            unidentified = [index for index in unidentified if not texts[index]]
        for index in unidentified:
            has_fields = any(texts[index] for _, texts in self._fields)
            self._add_problems(index, self._columns.identity_problems(has_fields=has_fields))

    def _add_problems(self, index: int, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._add_problem(index, problem)
