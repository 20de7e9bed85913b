"""Rows of a sheet, understood column by column: what each row wants, and what is wrong with it.

A column is looked at as a whole, so that what holds for all its cells is found out once. A single row is read as
a sheet of one row: there is one meaning of a cell, however many are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from types import MappingProxyType

from heyx_bulk.mapping import row_errors as problems_of
from heyx_bulk.mapping.cells import convert_cells, longest, trimmed, validate
from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.tag_lists import split_list, unique
from heyx_bulk.mapping.transforms import CLEAR
from heyx_bulk.models.calls import MAX_TAG_LENGTH
from heyx_bulk.models.contacts import ContactRow, Field, Problem, TagSet
from heyx_bulk.values.equality import key_normalizer

NO_PROBLEMS: Mapping[int, Sequence[Problem]] = MappingProxyType({})
NO_IDS: Mapping[int, str] = MappingProxyType({})

ID_KEY = "contact id"
"""What a contact id is called among the fields that rows are matched by."""

_YES = "true"


class RowReader:
    """Rows of a sheet, counted from 0 in the order they were given, each with its problems.

    `problems` are by row number; `came_with` are those of cells that have no true text. `named_ids` are contact
    ids that a person named for rows beside their cells. `remarks`, by row number, are told with the outcome.
    """

    def __init__(
        self,
        columns: Columns,
        numbers: Sequence[int],
        rows: Sequence[Sequence[str]],
        came_with: Mapping[int, Sequence[Problem]] = NO_PROBLEMS,
        named_ids: Mapping[int, str] = NO_IDS,
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
        """What one row wants."""
        fields = (*self._row_fields(index), *self._columns.constants)
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
        """What valid rows are matched by: number, rank (0 is what decides), field, value as it is compared."""
        named = [(ID_KEY, self._ids)] if any(self._ids) else []
        named += [(name, [*map(key_normalizer(name), texts)]) for name, texts in self._key_texts()]
        if not self.problems and all(map(all, (texts for _, texts in named))):
            for rank, (name, texts) in enumerate(named):
                yield from zip(self.numbers, repeat(rank), repeat(name), texts)
            return
        for index, number in enumerate(self.numbers):
            if number not in self.problems:
                there = ((name, texts[index]) for name, texts in named if texts[index])
                yield from ((number, rank, name, text) for rank, (name, text) in enumerate(there))

    def _row_fields(self, index: int) -> Iterator[Field]:
        for column, texts in self._fields:
            if text := texts[index]:
                yield Field(column.field, "" if text == CLEAR else text, column.policy)

    def _key_texts(self) -> list[tuple[str, list[str]]]:
        """The match keys' values, best key first; blank where a row has none."""
        by_field = {column.field: texts for column, texts in self._fields}
        there = [(name, by_field[name]) for name in self._columns.keys if name in by_field]
        return [(name, ["" if text == CLEAR else text for text in texts]) for name, texts in there]

    def _read(self, column: Column) -> None:
        keeps_to_kind = not self._columns.lenient or column.field in self._columns.keys
        remark = None if keeps_to_kind else self._add_remark
        texts = convert_cells(column, self._cells[column.position], self._other, self._add_problem, remark)
        match column.use:
            case Use.FIELD:
                self._fields.append((column, texts))
            case Use.ID:
                validate(texts, partial(problems_of.id_problems, column), self._add_problem)
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
        """The tags that a row adds, or removes, one by one."""
        adds = use is Use.ADD_TAGS
        found: list[str] = []
        for column, texts in self._lists:
            if column.use is use and texts[index]:
                found += split_list(texts[index], column.separator or ",")
            elif column.use is Use.TAG and texts[index] and (texts[index] == _YES) is adds:
                found.append(column.field)
        return unique((*found, *(self._columns.add_tags if adds else self._columns.remove_tags)))

    def _tag_sets(self, index: int) -> Iterator[TagSet]:
        for column, texts in self._lists:
            if column.use is Use.SET_TAGS and (text := texts[index]):
                said = [] if text == CLEAR else split_list(text, column.separator or ",")
                yield TagSet(column.field, unique(_prefixed(column.field, tag) for tag in said))

    def _check_tags(self) -> None:
        """Tags can only be wrong where some are removed or set, or a list is longer than a tag may be."""
        worth: set[int] = set(range(len(self.numbers))) if self._columns.remove_tags else set()
        for column, texts in self._lists:
            if column.use is not Use.ADD_TAGS:
                worth.update(index for index, text in enumerate(texts) if text)
            elif longest(texts) > MAX_TAG_LENGTH:
                worth.update(index for index, text in enumerate(texts) if len(text) > MAX_TAG_LENGTH)
        for index in sorted(worth):
            row = self.row(index)
            self._add_problems(index, problems_of.tag_problems(row.add_tags, row.remove_tags))
            self._add_problems(index, problems_of.tag_set_problems(row.add_tags, row.tag_sets))

    def _check_keys(self) -> None:
        keys = self._key_texts()
        for name, texts in keys:
            if longest(texts) > problems_of.LONGEST_KEY:
                validate(texts, partial(problems_of.key_problems, name), self._add_problem)
        if any(self._ids):
            validate(self._ids, problems_of.contact_id_problems, self._add_problem)
        nameless = [index for index, text in enumerate(self._ids) if not text]
        for _, texts in keys:
            nameless = [index for index in nameless if not texts[index]]
        for index in nameless:
            has_fields = any(texts[index] for _, texts in self._fields)
            self._add_problems(index, self._columns.identity_problems(has_fields=has_fields))

    def _add_problems(self, index: int, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._add_problem(index, problem)


def read_row(columns: Columns, number: int, cells: Sequence[str], problems: Sequence[Problem] = ()) -> ContactRow:
    """The row that `cells` (one text a column) describe; `problems` are those its cells came with."""
    return RowReader(columns, [number], [cells], {number: problems} if problems else NO_PROBLEMS).row(0)


def _prefixed(prefix: str, tag: str) -> str:
    return tag if tag.startswith(prefix) else prefix + tag
