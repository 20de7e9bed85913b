"""The columns of a sheet: their headers, letters and uses, and what only a whole column shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.tag_lists import LIST_SEPARATOR
from heyx_bulk.mapping.transforms import Transform
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.contacts import Field, Policy, Problem
from heyx_bulk.models.documents import restore
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.record import ROW_COLUMN
from heyx_bulk.values.dates import proven_order
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, ValueKind, ValueType

STATUS_COLUMN = "heyx status"
ID_COLUMN = "heyx contact id"
MESSAGE_COLUMN = "heyx message"
TAGS_COLUMN = "tags"
"""The header of a contact's tags in an export."""

OUR_COLUMNS = (STATUS_COLUMN, ID_COLUMN, MESSAGE_COLUMN, ROW_COLUMN)


class Use(StrEnum):
    """The use of a column."""

    FIELD = "field"
    ADD_TAGS = "add tags"
    REMOVE_TAGS = "remove tags"
    SET_TAGS = "set tags"
    TAG = "tag"
    ID = "contact id"
    IGNORED = "ignored"
    OURS = "ours"
    READ_ONLY = "read-only"
    BLANK = "blank"


def letter_name(position: int) -> str:
    """What options call a column by its letter: `column C`."""
    return f"column {column_letter(position)}"


def normalize_name(name: str) -> str:
    """A header or field name without case, blanks, `_` and `-`: the form in which names are compared."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", trim(name))).casefold()


def alphanumeric_key(name: str) -> str:
    """The letters and digits of a header or field name, or the normalized name if it has none."""
    normalized = normalize_name(name)
    return re.sub(r"[\W_]+", "", normalized) or normalized


AS_TEXT = ValueType()

_ROWS_AT_ONCE = 1_000

LISTS = (Use.ADD_TAGS, Use.REMOVE_TAGS, Use.SET_TAGS)
DATES = (ValueKind.DATE, ValueKind.DATETIME)
_SENT = frozenset({Use.FIELD, Use.ADD_TAGS, Use.REMOVE_TAGS, Use.SET_TAGS, Use.TAG, Use.ID})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: its position, its exact header, its use and the `reason` for it.

    `field` is HeyX's name of a field, the tag of a column for one tag, the prefix of a set of tags. `separator`
    splits a list; blank: each cell is split by the separator that it has. `policy` says what the values may do to
    an existing contact, `default` what a blank cell stands for.
    """

    position: int
    header: str
    use: Use
    field: str = ""
    separator: str = ""
    reason: str = ""
    value_type: ValueType = AS_TEXT
    policy: Policy = Policy.OVERWRITE
    default: str = ""
    transforms: tuple[Transform, ...] = ()

    @property
    def name(self) -> str:
        """What options call the column: its header, or its letter if it has none."""
        return trim(self.header) or letter_name(self.position)

    def __str__(self) -> str:
        header = trim(self.header)
        return f"{column_letter(self.position)} {f'“{header}”' if header else '(no header)'}"


def parse_field_name(name: str) -> str:
    """HeyX's spelling of a field that the user names: a standard field in any case, another exactly as written."""
    known = {normalize_name(field): field for field in (*STANDARD_FIELDS, *READ_ONLY_FIELDS)}
    return known.get(normalize_name(name), trim(name))


def parse_field_value(text: str, option: str = "--where") -> Field:
    """The field and value of `FIELD=VALUE`, as a person writes it; raises `SettingsError`."""
    name, equals, value = text.partition("=")
    if not equals or not trim(name) or not trim(value):
        raise SettingsError(
            f'{option} "{text}" is not of the form FIELD=VALUE.', f"Write it like {option} isLead=true."
        )
    return Field(parse_field_name(name), trim(value))


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a sheet and the options that hold for all its rows.

    `columns` has one for each position, `more` those that stand for a further field; `keys` are the match keys,
    best first. The constants and tags are for every row. If `lenient`, a text that is not of its column's type is
    sent unchanged, except in match keys. `tracking_field` is written by a create to recognize its contact; blank:
    none. `created_tags` are for contacts that are created.
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
    created_tags: tuple[str, ...] = ()
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
        return tuple(column for column in self.sent if column.use in LISTS and column.header == TAGS_COLUMN)

    def with_sheet_facts(
        self, cells: Callable[[Sequence[int]], Iterable[Sequence[str]]], *, exported: bool = False
    ) -> Columns:
        """These columns, with what only a whole sheet shows.

        The lists of a sheet that was `exported` are separated by `;`. Dates have the order that some of them prove
        after the column's transforms, if none proves another. `cells` gives the texts at some positions, row by
        row.
        """
        ours = self.exported_lists() if exported else ()
        dates = [column for column in self.sent if _needs_order(column)]
        if not ours and not dates:
            return self
        orders: dict[Column, set[DateOrder]] = {column: set() for column in dates}
        rows = iter(cells([column.position for column in dates]) if dates else ())
        while some := [*islice(rows, _ROWS_AT_ONCE)]:
            for column, date_texts in zip(dates, zip(*some, strict=True), strict=True):
                orders[column].update(_proven_orders(column, date_texts))

        def with_facts(column: Column) -> Column:
            if column in ours:
                return replace(column, separator=column.separator or LIST_SEPARATOR)
            if not _needs_order(column):
                return column
            order = next(iter(orders[column])) if len(orders[column]) == 1 else None
            return replace(column, value_type=replace(column.value_type, date_order=order))

        return self._changed(with_facts)

    def _changed(self, change: Callable[[Column], Column]) -> Columns:
        return replace(self, columns=tuple(map(change, self.columns)), more=tuple(map(change, self.more)))

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
        yield Problem(cause, f"the row has {cause}, so the contact cannot be identified")

    def document(self) -> dict[str, object]:
        """These columns as plain data, for the checkpoint."""
        return {name: value for name, value in asdict(self).items() if name != "sent"}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Columns:
        """Read the columns from plain data."""
        return restore(cls, document)


def _needs_order(column: Column) -> bool:
    return column.use is Use.FIELD and column.value_type.kind in DATES and column.value_type.date_order is None


def _proven_orders(column: Column, texts: Iterable[str]) -> Iterator[DateOrder]:
    """The orders that dates prove after the column's transforms, as if the other columns were blank."""
    for text in filter(None, texts):
        changed = [trim(text)]
        for step in column.transforms:
            changed = step.apply(changed, lambda _: [""])
        if (order := proven_order(changed[0])) in (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST):
            yield order
