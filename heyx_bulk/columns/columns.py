"""A sheet's columns, understood: cells to rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from heyx_bulk.columns import problems as problems_of
from heyx_bulk.columns.header import Column, Use
from heyx_bulk.columns.lists import split_list
from heyx_bulk.model import ContactRow, Field, Problem
from heyx_bulk.values import trim

if TYPE_CHECKING:
    import pandas as pd

_SENT = frozenset({Use.FIELD, Use.ADD_TAGS, Use.REMOVE_TAGS, Use.ID})
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Columns:
    """A sheet's columns, understood. `keys` are the match keys, best first; the tags are for every row."""

    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    no_match: bool = False
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    sent: tuple[Column, ...] = field(init=False, repr=False, compare=False)
    """The columns whose cells are sent."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sent", tuple(column for column in self.columns if column.use in _SENT))

    def used(self, use: Use) -> tuple[Column, ...]:
        """The columns for `use`."""
        return tuple(column for column in self.columns if column.use is use)

    def sends(self, position: int) -> bool:
        """Whether the cells at `position` matter for what is sent."""
        return self.columns[position].use in _SENT

    def observe(self, cells: pd.DataFrame) -> Columns:
        """These columns, after seeing `cells`: a list column with one `;` outside quotes is parted by `;`."""
        return replace(self, columns=tuple(_observed(column, cells) for column in self.columns))

    def headless(self, cells: pd.DataFrame) -> tuple[Column, ...]:
        """The columns without a header that hold a value in `cells` all the same."""
        return tuple(
            column for column in self.used(Use.BLANK) if cells[column.position].map(trim).astype(bool).any()
        )

    def row(self, number: int, cells: Sequence[str], problems: tuple[Problem, ...] = ()) -> ContactRow:
        """The row that `cells` (one text a column) describe; `problems` are those its cells came with."""
        fields: list[Field] = []
        add: list[str] = []
        remove: list[str] = []
        contact_id: str | None = None
        found = list(problems)
        for column in self.sent:
            text = trim(cells[column.position])
            if not text:
                continue
            if problem := problems_of.text_problem(column, text):
                found.append(problem)
            elif column.use is Use.FIELD:
                fields.append(Field(column.field, text))
                if column.field == "phone":
                    found += problems_of.phone_problems(column, text)
            elif column.use is Use.ADD_TAGS:
                add += split_list(text, column.separator)
            elif column.use is Use.REMOVE_TAGS:
                remove += split_list(text, column.separator)
            else:
                contact_id = text
                found += problems_of.id_problems(column, text)
        add_tags, remove_tags = unique((*add, *self.add_tags)), unique((*remove, *self.remove_tags))
        keys = tuple(one for name in self.keys for one in fields if one.name == name)
        found += problems_of.tag_problems(add_tags, remove_tags)
        found += problems_of.key_problems(keys, contact_id)
        if contact_id is None and not keys:
            found += self._identity_problems(fields)
        return ContactRow(number, contact_id, keys, tuple(fields), add_tags, remove_tags, tuple(found))

    def _identity_problems(self, fields: Sequence[Field]) -> Iterator[Problem]:
        if self.no_match:
            if not fields:
                yield Problem("no field to create a contact with", "the row has no field to create a contact with")
            return
        wanted = [*(["contact id"] if self.used(Use.ID) else []), *self._key_headers()] or list(self.keys)
        cause = "no " + " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
        yield Problem(cause, f"the row has {cause}, so it names no contact")

    def _key_headers(self) -> list[str]:
        fields = {column.field for column in self.used(Use.FIELD)}
        return [key for key in self.keys if key in fields]

    def document(self) -> dict[str, object]:
        """These columns as plain data, for the checkpoint."""
        return {name: value for name, value in asdict(self).items() if name != "sent"}

    @classmethod
    def from_document(cls, document: dict[str, object]) -> Columns:
        """The columns that `document` holds."""
        columns = document["columns"]
        assert isinstance(columns, list)  # noqa: S101  our own document
        return cls(
            tuple(Column(**{**column, "use": Use(column["use"])}) for column in columns),
            _texts(document["keys"]),
            no_match=bool(document["no_match"]),
            add_tags=_texts(document["add_tags"]),
            remove_tags=_texts(document["remove_tags"]),
        )


def _observed(column: Column, cells: pd.DataFrame) -> Column:
    if column.use not in (Use.ADD_TAGS, Use.REMOVE_TAGS) or column.separator == ";":
        return column
    texts = cells[column.position]
    suspects = texts[texts.str.contains(";", regex=False)]
    return replace(column, separator=";") if any(";" in _QUOTED.sub("", text) for text in suspects) else column


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """The items in their order, each once."""
    return tuple(dict.fromkeys(items))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()
