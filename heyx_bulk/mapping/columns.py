"""The columns of a sheet, and what only a whole column shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

from heyx_bulk.mapping.column import TAGS_COLUMN, Column, Use
from heyx_bulk.mapping.tag_lists import LIST_SEPARATOR, unique
from heyx_bulk.models.contacts import Field, Problem
from heyx_bulk.values.dates import proven_order
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, ValueKind

_ROWS_AT_ONCE = 1_000

_LISTS = (Use.ADD_TAGS, Use.REMOVE_TAGS, Use.SET_TAGS)
_DATES = (ValueKind.DATE, ValueKind.DATETIME)
_SENT = frozenset({Use.FIELD, Use.ADD_TAGS, Use.REMOVE_TAGS, Use.SET_TAGS, Use.TAG, Use.ID})
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a sheet and the options that hold for all its rows.

    `columns` has one for each position, `more` those that stand for a further field; `keys` are the match keys,
    best first. The constants and tags are for every row. If `lenient`, a text that is not of its column's type is
    sent unchanged, except in match keys. `tracking_field` is written by a create to recognize its contact; blank:
    none.
    """

    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    no_match: bool = False
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    more: tuple[Column, ...] = ()
    constants: tuple[Field, ...] = ()
    lenient: bool = False
    tracking_field: str = ""
    sent: tuple[Column, ...] = field(init=False, repr=False, compare=False)
    """The columns whose cells are sent."""

    def __post_init__(self) -> None:
        sent = tuple(column for column in (*self.columns, *self.more) if column.use in _SENT)
        object.__setattr__(self, "sent", sent)

    def used(self, use: Use) -> tuple[Column, ...]:
        """The columns with this use."""
        return tuple(column for column in (*self.columns, *self.more) if column.use is use)

    def sends(self, position: int) -> bool:
        """Whether the cells at `position` matter for what is sent."""
        joined = (step.arguments[0] for column in self.sent for step in column.transforms if step.name == "join")
        return position in {column.position for column in self.sent} or position in joined

    @property
    def copies_contacts(self) -> bool:
        """Whether the sheet is a copy of contacts: it has ids, and a column that only HeyX can have filled."""
        return bool(self.used(Use.ID) and self.used(Use.READ_ONLY))

    def exported_lists(self) -> tuple[Column, ...]:
        """The columns of lists that an export writes."""
        return tuple(column for column in self.sent if column.use in _LISTS and column.header == TAGS_COLUMN)

    def with_sheet_facts(
        self, cells: Callable[[Sequence[int]], Iterable[Sequence[str]]], *, exported: bool = False
    ) -> Columns:
        """These columns, with what only a whole column shows.

        A list with one `;` outside quotes is separated by `;`, and so is one that was `exported`; dates have the
        order that some of them prove after the column's transforms. `cells` gives the texts at some positions, row
        by row.
        """
        if exported:
            return self._separated(self.exported_lists()).with_sheet_facts(cells)
        lists = unique(column.position for column in self.sent if column.use in _LISTS and not column.separator)
        dates = [column for column in self.sent if _needs_order(column)]
        if not lists and not dates:
            return self
        facts = _SheetFacts(dict.fromkeys(lists, ","), {column: set() for column in dates})
        rows = iter(cells([*lists, *(column.position for column in dates)]))
        while some := [*islice(rows, _ROWS_AT_ONCE)]:
            facts.see([*zip(*some, strict=True)])
        return replace(
            self, columns=tuple(map(facts.apply, self.columns)), more=tuple(map(facts.apply, self.more))
        )

    def _separated(self, lists: Collection[Column]) -> Columns:
        """These columns, these `lists` with the separator of an export, where a mapping gives them no other."""

        def separated(column: Column) -> Column:
            return replace(column, separator=column.separator or LIST_SEPARATOR) if column in lists else column

        return replace(self, columns=tuple(map(separated, self.columns)), more=tuple(map(separated, self.more)))

    def identity_problems(self, *, has_fields: bool) -> Iterator[Problem]:
        """Why a row without contact id and key cannot be sent."""
        if self.no_match:
            if not has_fields:
                yield Problem("no field to create a contact with", "the row has no field to create a contact with")
            return
        fields = {column.field for column in self.used(Use.FIELD)}
        ids = ["contact id"] if self.used(Use.ID) else []
        wanted = [*ids, *(key for key in self.keys if key in fields)] or self.keys
        cause = "no " + " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
        yield Problem(cause, f"the row has {cause}, so it names no contact")

    def document(self) -> dict[str, object]:
        """These columns as plain data, for the checkpoint."""
        return {name: value for name, value in asdict(self).items() if name != "sent"}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Columns:
        """Read the columns from plain data."""
        return cls(
            tuple(map(Column.from_document, document["columns"])),
            tuple(document["keys"]),
            no_match=document["no_match"],
            add_tags=tuple(document["add_tags"]),
            remove_tags=tuple(document["remove_tags"]),
            more=tuple(map(Column.from_document, document["more"])),
            constants=tuple(Field(one["name"], one["value"]) for one in document["constants"]),
            lenient=document["lenient"],
            tracking_field=str(document.get("tracking_field", "")),
        )


@dataclass(frozen=True, slots=True)
class _SheetFacts:
    """What whole columns show: the separator of the lists at a position, the orders that their dates prove."""

    separators: dict[int, str]
    orders: dict[Column, set[DateOrder]]

    def see(self, columns: Sequence[Sequence[str]]) -> None:
        """Look at some cells of each column: of the lists, then of the dates."""
        for (position, separator), texts in zip(self.separators.items(), columns, strict=False):
            if separator != ";" and ";" in "".join(texts) and any(map(_has_semicolon, texts)):
                self.separators[position] = ";"
        for (column, orders), texts in zip(self.orders.items(), columns[len(self.separators) :], strict=True):
            found = (proven_order(_transformed(column, text)) for text in texts if text)
            orders.update(order for order in found if order in (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST))

    def apply(self, column: Column) -> Column:
        """The column with what was seen; its dates have an order only if none of them proves another."""
        if not _needs_order(column):
            return replace(column, separator=column.separator or self.separators.get(column.position, ""))
        orders = self.orders[column]
        order = next(iter(orders)) if len(orders) == 1 else None
        return replace(column, value_type=replace(column.value_type, date_order=order))


def _has_semicolon(text: str) -> bool:
    """Whether `text` has a `;` outside quotes."""
    return ";" in text and ";" in _QUOTED.sub("", text)


def _needs_order(column: Column) -> bool:
    return column.use is Use.FIELD and column.value_type.kind in _DATES and column.value_type.date_order is None


def _transformed(column: Column, text: str) -> str:
    """A column's text after its transforms, as if the other columns were blank."""
    texts = [trim(text)]
    for step in column.transforms:
        texts = step.apply(texts, lambda _: [""])
    return texts[0]
