"""Contacts as a table: which columns it has, and how a contact's values stand in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from itertools import chain
from types import MappingProxyType

from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.columns import ID_COLUMN, TAGS_COLUMN, Use, normalize_name, parse_field_name
from heyx_bulk.mapping.mapping_file import MappingFile
from heyx_bulk.mapping.rules import MappingRule
from heyx_bulk.mapping.tag_lists import join_list
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.contacts import Contact
from heyx_bulk.sheets.writer import TableValue
from heyx_bulk.values.equality import text_of
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

TAG = "tag:"
PHONE = "phone"
CREATED = "created_at"

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_NO_KINDS: Mapping[str, ValueKind] = MappingProxyType({})
_JSON_KINDS = {bool: ValueKind.BOOLEAN, int: ValueKind.NUMBER, float: ValueKind.NUMBER}


@dataclass(frozen=True, slots=True)
class TableLayout:
    """How contacts become a table.

    `columns` are the fields to write, in their order; none: all. `names` are headers that differ from the field's
    own; `kinds` are the kinds of fields that a mapping says. With `tag_columns` each tag has a column of its own.
    `zone` is the time zone in which it is told when a contact was made.
    """

    columns: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_NAMES)
    kinds: Mapping[str, ValueKind] = field(default_factory=lambda: _NO_KINDS)
    tag_columns: bool = False
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Table:
    """Contacts as rows under `header`; `missing` are columns that were asked for and that no contact has.

    `kinds` are those of the columns, where they are known.
    """

    header: tuple[str, ...]
    kinds: tuple[ValueKind | None, ...]
    rows: Iterable[Sequence[TableValue]]
    missing: tuple[str, ...]


def build_table(contacts: Callable[[], Iterator[Contact]], layout: TableLayout) -> Table:
    """The contacts as a table; they are gone through once for its columns, and again for its rows.

    The id comes first, then HeyX's own fields, the custom ones by their name, those that nobody can write, the
    tags, and when the contact was made. Raises `SettingsError` where two columns would have the same header.
    """
    fields: dict[str, set[ValueKind | None]] = {}
    tags: set[str] = set()
    for contact in contacts():
        for name, value in contact.fields.items():
            kinds = fields.setdefault(name, set())
            if value is not None:
                kinds.add(_JSON_KINDS.get(type(value)))
        tags.update(contact.tags)
    names = layout.columns or _all(set(fields))
    tag_columns = [f"{TAG}{tag}" for tag in sorted(tags, key=_alphabetical)] if layout.tag_columns else []
    expanded = (tag_columns if name == TAGS_COLUMN and tag_columns else [name] for name in names)
    columns = tuple(chain.from_iterable(expanded))
    header = tuple(layout.headers.get(name, name) for name in columns)
    _check(header, columns)
    missing = [name for name in names if name not in fields and name not in (ID_COLUMN, TAGS_COLUMN, CREATED)]
    missing = [name for name in missing if not name.startswith(TAG) or name.removeprefix(TAG) not in tags]
    one_tag = {name: ValueKind.BOOLEAN for name in columns if name.startswith(TAG)}
    known = {**one_tag, **_kinds(fields), **layout.kinds}
    kinds_of_columns = tuple(known.get(name) for name in columns)
    return Table(header, kinds_of_columns, _Rows(contacts, columns, layout.zone), tuple(missing))


def _kinds(fields: Mapping[str, Set[ValueKind | None]]) -> dict[str, ValueKind | None]:
    """The kinds of fields whose values are all of one kind in HeyX's JSON; a phone is always a text."""
    return {name: kind for name, kinds in fields.items() if len(kinds) == 1 and name != PHONE for kind in kinds}


def kinds_by_field(mapping: MappingFile | None) -> Mapping[str, ValueKind]:
    """The kinds that a mapping says of fields."""
    return {
        rule.target: rule.kind
        for rule in _plain_rules(mapping)
        if rule.use is Use.FIELD and rule.kind is not None and rule.target != PHONE
    }


def headers_by_field(renames: Iterable[str], mapping: MappingFile | None) -> Mapping[str, str]:
    """Headers by field: those of a mapping file, the other way round, and `FIELD=HEADER` before them.

    Raises `SettingsError`. A mapping's columns that are several fields, or are changed on the way, do not come
    back.
    """
    names: dict[str, str] = {}
    for rule in _plain_rules(mapping):
        match rule.use:
            case Use.FIELD:
                names.setdefault(rule.target, rule.column)
            case Use.ADD_TAGS | Use.SET_TAGS:
                names.setdefault(TAGS_COLUMN, rule.column)
            case Use.TAG:
                names.setdefault(f"{TAG}{rule.target}", rule.column)
            case Use.ID:
                names.setdefault(ID_COLUMN, rule.column)
            case _:
                pass
    for text in renames:
        name, equals, header = text.partition("=")
        if not equals or not trim(name) or not trim(header):
            raise SettingsError(
                f'--rename "{text}" is not of the form FIELD=HEADER.', 'Write it like --rename "phone=Mobile".'
            )
        names[parse_column_name(name)] = trim(header)
    return names


def _plain_rules(mapping: MappingFile | None) -> list[MappingRule]:
    """The rules of a mapping for columns that stand for one thing each, unchanged."""
    if mapping is None:
        return []
    times = Counter(rule.column for rule in mapping.columns)
    return [rule for rule in mapping.columns if times[rule.column] == 1 and not rule.transforms]


def parse_column_name(name: str) -> str:
    """The name of a column that a person names: a field, the id, the tags, or one tag as `tag:VIP`."""
    plain = normalize_name(name)
    if plain in (normalize_name(ID_COLUMN), "id", "contactid"):
        return ID_COLUMN
    if plain == TAGS_COLUMN:
        return TAGS_COLUMN
    if trim(name).casefold().startswith(TAG):
        return TAG + trim(trim(name)[len(TAG) :])
    return parse_field_name(name)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a table, gone through anew each time."""

    contacts: Callable[[], Iterator[Contact]]
    columns: tuple[str, ...]
    zone: tzinfo

    def __iter__(self) -> Iterator[list[TableValue]]:
        for contact in self.contacts():
            yield [self._cell(contact, name) for name in self.columns]

    def _cell(self, contact: Contact, name: str) -> TableValue:
        match name:
            case _ if name == ID_COLUMN:
                return contact.id
            case _ if name == TAGS_COLUMN:
                return tuple(sorted(contact.tags))
            case _ if name == CREATED:
                made = contact.created_at
                return None if made is None else datetime.fromtimestamp(made, self.zone)
            case _ if name.startswith(TAG) and name not in contact.fields:
                return name.removeprefix(TAG) in contact.tags
            case _:
                return contact.fields.get(name)


def text_in_cell(value: TableValue) -> str:
    """A value as a sheet's text: what an upload reads back as the same."""
    match value:
        case tuple():
            return join_list(value)
        case datetime():
            return value.isoformat()
        case _:
            return text_of(value)


def as_texts(rows: Iterable[Sequence[TableValue]]) -> Iterator[list[str]]:
    """Rows as a sheet's texts."""
    return ([text_in_cell(value) for value in row] for row in rows)


def _all(fields: set[str]) -> tuple[str, ...]:
    own = (*STANDARD_FIELDS, *READ_ONLY_FIELDS)
    custom = sorted((name for name in fields if name not in own and name != CREATED), key=_alphabetical)
    return (
        ID_COLUMN,
        *(name for name in STANDARD_FIELDS if name in fields),
        *custom,
        *(name for name in READ_ONLY_FIELDS if name in fields and name != CREATED),
        TAGS_COLUMN,
        CREATED,
    )


def _alphabetical(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _check(header: Sequence[str], columns: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for title, name in zip(header, columns, strict=True):
        other = seen.setdefault(trim(title), name)
        if other != name:
            raise SettingsError(
                f"Two columns would be called “{title}”: {other} and {name}.",
                f'Give one of them another name: --rename "{name}=…".',
            )
