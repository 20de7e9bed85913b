"""One column of a sheet: its header, its letters, its use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from heyx_bulk.mapping.transforms import Transform
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.contacts import Policy
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind, ValueType

STATUS_COLUMN = "heyx status"
ID_COLUMN = "heyx contact id"
MESSAGE_COLUMN = "heyx message"
ROW_COLUMN = "heyx row"
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


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: its position, its exact header, its use and the `reason` for it.

    `field` is HeyX's name of a field, the tag of a column for one tag, the prefix of a set of tags. `separator`
    splits a list and is blank until the whole column was seen. `policy` says what the values may do to an existing
    contact, `default` what a blank cell stands for.
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

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Column:
        """Read a column of `Columns.document`."""
        value_type = document["value_type"]
        order = value_type["date_order"]
        return cls(
            **{
                **document,
                "use": Use(document["use"]),
                "policy": Policy(document["policy"]),
                "transforms": tuple(
                    Transform(one["name"], tuple(one["arguments"])) for one in document["transforms"]
                ),
                "value_type": ValueType(
                    ValueKind(value_type["kind"]),
                    value_type["region"],
                    PhoneFormat(value_type["phone_format"]),
                    None if order is None else DateOrder(order),
                    tuple(value_type["allowed"]),
                ),
            }
        )

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
