"""Which column is what: by what a person says, by the field's own name, by headers that people use."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping import validation as mistaken
from heyx_bulk.mapping.column import ID_COLUMN, OUR_COLUMNS, Column, Use, alphanumeric_key, normalize_name
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.known_headers import FULL_NAME, TAGS, known_headers
from heyx_bulk.mapping.mapping_file import NO_MAPPING
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.rules import LISTS, TAG, MappingRule, RuleSet, ValueOptions, parse_rule
from heyx_bulk.mapping.suggestions import Suggestion, suggest
from heyx_bulk.mapping.tag_lists import unique
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.contacts import Field
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind, ValueType

DEFAULT_KEYS = ("phone", "email")

_CUSTOM = "custom_field."
"""What respond.io's own import puts before the id of a custom field."""

_TYPES = tuple(kind for kind in ValueKind if kind is not ValueKind.LIST)
"""The types that an option can give: the allowed values of a list stand in a mapping file."""

KnownFields = Mapping[str, ValueKind]
"""The custom fields that a channel has shown, and what their values are."""

NO_FIELDS: KnownFields = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MappingResult:
    """What the columns of a sheet are for, as far as that can be said.

    A column that nobody knows is a field without a name, and stands in `unknown` with what it may be meant for.
    `mistakes` are all else that must be said before the sheet can be sent.
    """

    columns: Columns
    unknown: tuple[tuple[Column, Suggestion | None], ...]
    mistakes: tuple[str, ...]


def recognize(
    header: Sequence[str],
    mapping_options: MappingOptions,
    blank: Container[int] | None = None,
    fields: KnownFields = NO_FIELDS,
    *,
    no_match: bool = False,
) -> Columns:
    """What the columns under `header` are for; those at the positions `blank` hold no value.

    Where `blank` is not given, a column without a header is taken to hold none, and every other some. `fields` are
    those the channel is known to have. Raises `MappingError` that names every mistake at once.
    """
    found = map_columns(header, mapping_options, blank, fields, no_match=no_match)
    if found.mistakes:
        raise MappingError("\n".join(found.mistakes))
    return found.columns


def map_columns(
    header: Sequence[str],
    mapping_options: MappingOptions,
    blank: Container[int] | None = None,
    fields: KnownFields = NO_FIELDS,
    *,
    no_match: bool = False,
) -> MappingResult:
    """What the columns under `header` are for, what nobody knows, and every mistake."""
    file, value_options = mapping_options.file or NO_MAPPING, _value_options(mapping_options)
    said = RuleSet(header, value_options)
    said.take([*_option_rules(mapping_options, said.mistakes)], "as you say")
    said.take(file.columns, f"as {file.name} says", several=True)
    by_header = _ByHeader(header, mapping_options, said, blank or (), fields)
    columns = tuple(
        _typed(said.columns.get(position) or by_header.column(position), said, value_options)
        for position in range(len(header))
    )
    constants = tuple(_constants(mapping_options, said.mistakes))
    found = Columns(
        columns,
        _keys(mapping_options, constants),
        no_match,
        unique((*file.add_tags, *_trimmed(mapping_options.add_tags))),
        unique((*file.remove_tags, *_trimmed(mapping_options.remove_tags))),
        tuple(said.more),
        constants,
        value_options.lenient,
        trim(mapping_options.tracking_field),
    )
    unknown = tuple(
        (column, suggest(column.header, fields))
        for column in columns
        if column.use is Use.FIELD and not column.field
    )
    others = mistaken.find_mistakes(found, unknown, key=_named_keys(mapping_options), blank=blank, fields=fields)
    return MappingResult(found, unknown, (*said.mistakes, *others))


def _trimmed(tags: Sequence[str]) -> Iterator[str]:
    return filter(None, map(trim, tags))


def _keys(mapping_options: MappingOptions, constants: Sequence[Field]) -> tuple[str, ...]:
    """The match keys, best first: a value that is the same for every row says of none which contact it means."""
    keys = mapping_options.key or (mapping_options.file or NO_MAPPING).key or DEFAULT_KEYS
    same = {field.name for field in constants}
    return unique(key for key in keys if key not in same)


def _named_keys(mapping_options: MappingOptions) -> list[tuple[str, str]]:
    """The match keys that a person names, each with where they do."""
    if mapping_options.key or mapping_options.file is None:
        return [(key, f"--key {key}") for key in mapping_options.key]
    return [(key, f"{mapping_options.file.name}, key {key}") for key in mapping_options.file.key]


def _value_options(mapping_options: MappingOptions) -> ValueOptions:
    """How values are read: as the command line says, else as the mapping file does."""
    mapped = (mapping_options.file or NO_MAPPING).value_options
    return ValueOptions(
        trim(mapping_options.region or "").upper() or mapped.region,
        mapping_options.phone_format or mapped.phone_format,
        mapping_options.date_order or mapped.date_order,
        mapping_options.lenient or mapped.lenient,
    )


def _option_rules(mapping_options: MappingOptions, mistakes: list[str]) -> Iterator[MappingRule]:
    """The options of the command line that speak of a column."""
    for name in mapping_options.ignore:
        yield MappingRule(name, "--ignore", Use.IGNORED)
    if mapping_options.id_column is not None:
        yield MappingRule(mapping_options.id_column, "--id-column", Use.ID)
    for text in mapping_options.map:
        name, equals, target = text.rpartition("=")
        if not equals or not trim(name) or not trim(target):
            mistakes.append(f'--map "{text}" is not of the form "COLUMN=field".')
            continue
        yield parse_rule(name, target, f'--map "{text}"')
    for text in mapping_options.types:
        name, _, kind = text.rpartition("=")
        if not trim(name) or trim(kind).lower() not in _TYPES:
            mistakes.append(
                f'--type "{text}" is not of the form "COLUMN=type"; the types are {", ".join(_TYPES)}.'
            )
            continue
        yield MappingRule(name, f'--type "{text}"', kind=ValueKind(trim(kind).lower()))


def _typed(column: Column, said: RuleSet, value_options: ValueOptions) -> Column:
    """The column, with the type that a person gives it beside its field."""
    typed = said.typed.get(column.position)
    if typed is None:
        return column
    if column.use is not Use.FIELD:
        said.mistakes.append(f"{typed.where}: the column {column} is sent as no field.")
        return column
    return replace(column, value_type=value_options.value_type(column.field, typed))


def _constants(mapping_options: MappingOptions, mistakes: list[str]) -> Iterator[Field]:
    """Fields that are the same for every row; the command line overrules the mapping file."""
    found = dict((mapping_options.file or NO_MAPPING).constants)
    for text in mapping_options.constants:
        statement = parse_rule("", text.partition("=")[0], "--set")
        value = trim(text.partition("=")[2])
        if statement.use is not Use.FIELD or not statement.target or not value:
            mistakes.append(f'--set "{text}" is not of the form "FIELD=value".')
        elif statement.target in READ_ONLY_FIELDS:
            mistakes.append(f'--set "{text}": HeyX does not let {statement.target} be written.')
        else:
            found[statement.target] = value
    for name, value in found.items():
        yield Field(name, value)


@dataclass(slots=True)
class _ByHeader:
    """What a column is for by its header alone.

    The field's own name comes first, then the same name but for case and signs, then headers that people use. A
    column of which something is said is out of the way of the others.
    """

    header: Sequence[str]
    mapping_options: MappingOptions
    said: RuleSet
    blank: Container[int]
    fields: KnownFields
    _known: dict[int, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        header = ["" if position in self.said.columns else text for position, text in enumerate(self.header)]
        taken = {name for text in header if (name := self._named(text)[0])}
        taken |= {column.field for column in self.said.columns.values() if column.use is Use.FIELD}
        for position, known in enumerate(known_headers(header)):
            if known is not None and known.field not in (FULL_NAME, *taken):
                origin = known.origin if known.origin.startswith("a header") else f"a header in {known.origin}"
                self._known[position] = known.field, origin

    def column(self, position: int) -> Column:
        """What the column at `position` is for."""
        text = self.header[position]
        name = normalize_name(text)
        for use, known in (
            (
                Use.OURS if self.mapping_options.id_column is not None else Use.ID,
                name == normalize_name(ID_COLUMN),
            ),
            (Use.OURS, name in map(normalize_name, OUR_COLUMNS)),
            (Use.READ_ONLY, name in map(normalize_name, READ_ONLY_FIELDS)),
            (Use.BLANK, not trim(text)),
        ):
            if known:
                return Column(position, text, use)
        if name in LISTS:
            return Column(position, text, LISTS[name], reason="a list of tags")
        if name.startswith(TAG) and (tag := trim(re.split("[:：]", text, maxsplit=1)[1])):
            return Column(
                position, text, Use.TAG, tag, reason="a tag's column", value_type=ValueType(ValueKind.BOOLEAN)
            )
        field_name, reason = self._named(text)
        if not field_name:
            field_name, reason = self._known.get(position, ("", ""))
        return self._as_field(position, field_name, reason)

    def _as_field(self, position: int, name: str, reason: str) -> Column:
        text = self.header[position]
        if name == TAGS:
            return Column(position, text, Use.ADD_TAGS, reason=reason)
        if name in READ_ONLY_FIELDS:
            return Column(position, text, Use.READ_ONLY, reason=reason)
        if name:
            kind = self.fields.get(name, ValueKind.TEXT)
            meant = self.said.value_options.value_type(
                name, MappingRule("", "", kind=kind) if kind is not ValueKind.TEXT else None
            )
            return Column(position, text, Use.FIELD, name, reason=reason, value_type=meant)
        if self.mapping_options.custom_fields and normalize_name(text) != "id":
            meant = self.said.value_options.value_type(trim(text))
            return Column(
                position, text, Use.FIELD, trim(text), reason="a custom field of this name", value_type=meant
            )
        if position in self.blank:
            return Column(position, text, Use.IGNORED, reason="no values")
        if self.mapping_options.ignore_unknown:
            return Column(position, text, Use.IGNORED, reason="not known")
        return Column(position, text, Use.FIELD)

    def _named(self, text: str) -> tuple[str, str]:
        """The field that a header names, and how well."""
        name = trim(text)
        names = (*STANDARD_FIELDS, *self.fields)
        if name in names:
            return name, "the field's own name"
        if name.casefold().startswith(_CUSTOM) and (custom := name[len(_CUSTOM) :]):
            return custom, "a custom field, as respond.io writes it"
        alike = [one for one in names if alphanumeric_key(one) == alphanumeric_key(text)]
        return (alike[0], "the same name but for case and signs") if len(alike) == 1 else ("", "")
