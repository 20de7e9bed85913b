"""From a frame of a sheet's cells to what its rows ask for: fields, tags, contact ids, keys, and problems.

A column is understood as a whole, and each distinct text of it once. A single row is mapped as a frame of one row:
a cell means the same, however many are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import compress
from types import MappingProxyType
from typing import NamedTuple

from heyx_bulk.mapping.cells import (
    LONGEST_KEY,
    cell_problems,
    contact_id_problems,
    convert_cells,
    id_problems,
    key_problems,
    longest,
    tag_list_problems,
    tag_problems,
    trimmed,
    validate,
)
from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.tag_lists import is_ambiguous, split_list, unique
from heyx_bulk.mapping.transforms import CLEAR
from heyx_bulk.models.calls import MAX_TAG_LENGTH
from heyx_bulk.models.contacts import ContactRow, Field, Problem, TagSet
from heyx_bulk.sheets.frames import Frame, SheetFrame, column_texts, line_frame, numbers_of, text_frame
from heyx_bulk.values.equality import key_text, key_texts
from heyx_bulk.values.text import plain_keys

ID_KEY = "contact id"
"""The name of the contact id among the fields that rows are matched by."""


class RowProblem(NamedTuple):
    """A line of a DataFrame of problems: the row's number, and the cause and detail of a `Problem`."""

    row: int
    cause: str
    detail: str


class RowKey(NamedTuple):
    """A value that a row is matched by: the row's number, rank (0 decides), field, value as it is compared."""

    row: int
    rank: int
    field: str
    value: str


def map_frame(columns: Columns, frame: SheetFrame, *, accept_suspect_ids: bool = False) -> MappedFrame:
    """Map the rows of a sheet's frame. What is wrong with a cell or a row is a problem, never raised."""
    problems = cell_problems(columns, frame, accept_suspect_ids=accept_suspect_ids)
    return MappedFrame(columns, numbers_of(frame.cells), column_texts(frame.cells), problems)


def map_rows(
    columns: Columns,
    rows: Mapping[int, Sequence[str]],
    problems: Mapping[int, Sequence[Problem]] = MappingProxyType({}),
    named_ids: Mapping[int, str] = MappingProxyType({}),
) -> MappedFrame:
    """Map single rows, given by number as one text per column, as a frame of them is mapped.

    `problems` are those their cells came with; `named_ids` are contact ids that the user gave for rows outside
    their cells.
    """
    texts = [*zip(*rows.values(), strict=True)] or [()] * len(columns.columns)
    return MappedFrame(columns, [*rows], texts, problems, named_ids)


class MappedFrame:
    """Rows of a sheet as HeyX is to have them. Its DataFrames have the rows' numbers as index.

    `numbers` are the rows' numbers, `cells` the texts of the sheet, a list for each column. `problems_by_row` and
    `remarks` are by number; remarks are shown with the outcome. The lists inside stand for the DataFrames that
    `values`, `keys` and `problems` make of them.
    """

    def __init__(
        self,
        columns: Columns,
        numbers: Sequence[int],
        cells: Sequence[Sequence[str]],
        problems: Mapping[int, Sequence[Problem]] = MappingProxyType({}),
        named_ids: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Map `cells`, a list for each column of the sheet; `problems` and `named_ids` as in `map_rows`."""
        self.numbers = numbers
        self.cells = cells
        self.problems_by_row: dict[int, list[Problem]] = {number: [*found] for number, found in problems.items()}
        self.remarks: dict[int, list[str]] = {}
        self._columns = columns
        self._fields: list[tuple[Column, list[str]]] = []
        self._lists: list[tuple[Column, list[str]]] = []
        self._ids = [""] * len(numbers)
        for column in columns.sent:
            self._map(column)
        if named_ids:
            self._ids = [named_ids.get(number, text) for number, text in zip(numbers, self._ids, strict=True)]
        self._check_tags()
        self._check_keys()

    @property
    def values(self) -> Frame:
        """The texts that are sent: '' for nothing, `CLEAR` to empty.

        A column has HeyX's name of its field, or if it holds tags, its use and its place in the sheet.
        """
        named = {ID_KEY: self._ids} if any(self._ids) else {}
        named |= {column.field: texts for column, texts in self._fields}
        named |= {f"{column.use}: {column}": texts for column, texts in self._lists}
        return text_frame(named, self.numbers)

    @property
    def keys(self) -> Frame:
        """What valid rows are matched by, as it is compared; '' where a row has none.

        It has a column for each key, by name and best first.
        """
        named = self._compared_keys()
        if not self.problems_by_row:
            return text_frame(named, self.numbers)
        valid = [number not in self.problems_by_row for number in self.numbers]
        return text_frame(
            {name: [*compress(texts, valid)] for name, texts in named.items()}, [*compress(self.numbers, valid)]
        )

    @property
    def problems(self) -> Frame:
        """The problems of rows that cannot be sent: a line of `RowProblem` each."""
        found = self.problems_by_row.items()
        return line_frame(
            RowProblem, [RowProblem(row, one.cause, one.detail) for row, some in found for one in some]
        )

    @property
    def lists(self) -> Sequence[tuple[Column, list[str]]]:
        """The columns of tags, and the texts of each."""
        return self._lists

    def rows(self) -> Iterator[ContactRow]:
        """What each row asks for, in the frame's order."""
        return map(self.row, range(len(self.numbers)))

    def row(self, index: int) -> ContactRow:
        """What the row at `index`, counted from 0, asks for."""
        present = ((column, texts[index]) for column, texts in self._fields if texts[index])
        fields = (
            *(Field(column.field, "" if text == CLEAR else text, column.policy) for column, text in present),
            *self._columns.constants,
        )
        number = self.numbers[index]
        add, remove, sets = self._row_tags(index) if self._has_tags else ((), (), ())
        return ContactRow(
            number,
            self._ids[index] or None,
            tuple(one for name in self._columns.keys for one in fields if one.name == name and one.value),
            fields,
            add,
            remove,
            tuple(self.problems_by_row.get(number, ())),
            sets,
            tuple(self.remarks.get(number, ())),
        )

    def row_keys(self) -> Iterator[RowKey]:
        """The values of `keys` that are not blank, row by row."""
        named = self._compared_keys()
        for index, number in enumerate(self.numbers):
            if number not in self.problems_by_row:
                present = ((name, texts[index]) for name, texts in named.items() if texts[index])
                yield from (RowKey(number, rank, name, text) for rank, (name, text) in enumerate(present))

    def _compared_keys(self) -> dict[str, list[str]]:
        named = {ID_KEY: self._ids} if any(self._ids) else {}
        return named | {name: key_texts(name, texts) for name, texts in self._key_texts()}

    def _key_texts(self) -> list[tuple[str, list[str]]]:
        """The match keys' values, best key first; blank where a row has none."""
        by_field = {column.field: texts for column, texts in self._fields}
        present = [(name, by_field[name]) for name in self._columns.keys if name in by_field]
        return [
            (name, ["" if text == CLEAR else text for text in texts] if CLEAR in texts else texts)
            for name, texts in present
        ]

    def _map(self, column: Column) -> None:
        strict = not self._columns.lenient or column.field in self._columns.keys
        add_mismatch = self._add_problem if strict else self._add_remark
        cells = self.cells[column.position]
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
                is_open = column.use is not Use.TAG and not column.separator
                if is_open and any(map(is_ambiguous, {*texts})):
                    validate(texts, partial(tag_list_problems, column), self._add_problem)
                self._lists.append((column, texts))

    def _other(self, position: int) -> list[str]:
        texts = self.cells[position]
        return trimmed(texts, "".join(texts))

    def _add_problem(self, index: int, problem: Problem) -> None:
        self.problems_by_row.setdefault(self.numbers[index], []).append(problem)

    def _add_remark(self, index: int, problem: Problem) -> None:
        self.remarks.setdefault(self.numbers[index], []).append(f"sent unchanged: {problem.detail}")

    @property
    def _has_tags(self) -> bool:
        return bool(self._lists or self._columns.add_tags or self._columns.remove_tags)

    def _row_tags(self, index: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[TagSet, ...]]:
        """The tags that a row adds, those it removes, and its exact sets."""
        sets = tuple(self._tag_sets(index))
        add = (*self._tags(Use.ADD_TAGS, index), *(tag for one in sets for tag in one.tags))
        return unique(add), self._tags(Use.REMOVE_TAGS, index), sets

    def _tags(self, use: Use, index: int) -> tuple[str, ...]:
        """The tags that a row adds, or removes, apart from its exact sets."""
        adds = use is Use.ADD_TAGS
        found: list[str] = []
        for column, texts in self._lists:
            if column.use is use and texts[index]:
                found += split_list(texts[index], column.separator)
            elif column.use is Use.TAG and texts[index] and (texts[index] == "true") is adds:
                found.append(column.field)
        return unique((*found, *(self._columns.add_tags if adds else self._columns.remove_tags)))

    def _tag_sets(self, index: int) -> Iterator[TagSet]:
        for column, texts in self._lists:
            if column.use is Use.SET_TAGS and (text := texts[index]):
                prefix = column.field
                tags = [] if text == CLEAR else split_list(text, column.separator)
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
            self._add_problems(index, tag_problems(*self._row_tags(index)))

    def _check_keys(self) -> None:
        keys = self._key_texts()
        for name, texts in keys:
            if longest(texts) > LONGEST_KEY:
                validate(texts, partial(key_problems, name), self._add_problem)
        if any(self._ids):
            validate(self._ids, contact_id_problems, self._add_problem)
        for index in _blank_everywhere([self._ids, *(texts for _, texts in keys)]):
            has_fields = any(texts[index] for _, texts in self._fields)
            self._add_problems(index, self._columns.identity_problems(has_fields=has_fields))

    def _add_problems(self, index: int, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._add_problem(index, problem)


def row_keys(row: ContactRow) -> Iterator[RowKey]:
    """What a row is matched by."""
    values = [(ID_KEY, row.id)] if row.id is not None else []
    values += [(key.name, key_text(key.name, key.value)) for key in row.keys]
    return (RowKey(row.number, rank, name, value) for rank, (name, value) in enumerate(values))


def keys_by_row(keys: Frame) -> Iterator[RowKey]:
    """The keys of a DataFrame as `MappedFrame.keys` is one, row by row."""
    fields, texts = [*map(str, keys)], column_texts(keys)
    for index, number in enumerate(numbers_of(keys)):
        present = ((field, column[index]) for field, column in zip(fields, texts, strict=True) if column[index])
        yield from (RowKey(number, rank, field, text) for rank, (field, text) in enumerate(present))


def _blank_everywhere(lists: Sequence[Sequence[str]]) -> list[int]:
    """The indices at which all lists, of one length, have a blank text."""
    if any(map(all, lists)):
        return []
    return [index for index, texts in enumerate(zip(*lists, strict=True)) if not any(texts)]
