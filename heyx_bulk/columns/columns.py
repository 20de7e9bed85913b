"""A sheet's columns, understood: cells to rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

from heyx_bulk.columns.header import Column, Use
from heyx_bulk.columns.reading import Reading
from heyx_bulk.model import ContactRow, Problem

NO_PROBLEMS: Mapping[int, Sequence[Problem]] = MappingProxyType({})
NO_IDS: Mapping[int, str] = MappingProxyType({})

_LISTS = (Use.ADD_TAGS, Use.REMOVE_TAGS)
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

    def settled(self, cells: Callable[[Sequence[int]], Iterable[Sequence[str]]]) -> Columns:
        """These columns, with what only a whole column shows: a list with one `;` outside quotes is parted by `;`.

        `cells` gives the texts at some positions, row by row.
        """
        open_ = [column.position for column in self.columns if column.use in _LISTS and not column.separator]
        if not open_:
            return self
        parted = dict.fromkeys(open_, ",")
        for texts in cells(open_):
            for position, text in zip(open_, texts, strict=True):
                if ";" in text and ";" in _QUOTED.sub("", text):
                    parted[position] = ";"
        return replace(
            self,
            columns=tuple(
                replace(column, separator=parted.get(column.position, column.separator)) for column in self.columns
            ),
        )

    def read(
        self,
        numbers: Sequence[int],
        rows: Sequence[Sequence[str]],
        problems: Mapping[int, Sequence[Problem]] = NO_PROBLEMS,
        named_ids: Mapping[int, str] = NO_IDS,
    ) -> Reading:
        """What the rows with these numbers and cells (one text a column) want.

        By row number: the `problems` that their cells came with, and contact ids named beside the cells.
        """
        return Reading(self, numbers, rows, problems, named_ids)

    def row(self, number: int, cells: Sequence[str], problems: Sequence[Problem] = ()) -> ContactRow:
        """The row that `cells` (one text a column) describe; `problems` are those its cells came with."""
        return self.read([number], [cells], {number: problems} if problems else NO_PROBLEMS).row(0)

    def identity_problems(self, *, has_fields: bool) -> Iterator[Problem]:
        """Why a row without contact id and key cannot be sent."""
        if self.no_match:
            if not has_fields:
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


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()
