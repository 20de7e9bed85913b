"""Recognition of columns: by rules, by the field's own name, by headers that people use."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.columns import (
    ID_COLUMN,
    OUR_COLUMNS,
    Column,
    Columns,
    Use,
    alphanumeric_key,
    normalize_name,
)
from heyx_bulk.mapping.known_headers import FULL_NAME, TAGS, Suggestion, known_headers, suggest
from heyx_bulk.mapping.mapping_file import NO_MAPPING
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.rules import LISTS, TAG, MappingRule, RuleSet, ValueOptions, parse_rule
from heyx_bulk.mapping.tag_lists import unique
from heyx_bulk.mapping.validation import find_mistakes
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.contacts import Field
from heyx_bulk.values.phone import NO_REGION
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

DEFAULT_KEYS = ("phone", "email")

_CUSTOM = "custom_field."
"""What respond.io's own import puts before the id of a custom field."""

_TYPES = tuple(kind for kind in ValueKind if kind is not ValueKind.LIST)
"""The types that an option can give; the allowed values of a list need a mapping file."""

KnownFields = Mapping[str, ValueKind]
"""The custom fields that a channel is known to have, and the types of their values."""

NO_FIELDS: KnownFields = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MappingResult:
    """The columns of a sheet, as far as they are recognized.

    A column that is not recognized is a field without a name, and is in `unknown` with a suggestion. `mistakes`
    have to be corrected before the sheet can be sent.
    """

    columns: Columns
    unknown: tuple[tuple[Column, Suggestion | None], ...]
    mistakes: tuple[str, ...]

    def valid_columns(self) -> Columns:
        """The columns; raises `MappingError` that names every mistake at once."""
        if self.mistakes:
            raise MappingError("\n".join(self.mistakes))
        return self.columns


def map_columns(
    header: Sequence[str],
    options: MappingOptions,
    blank: Container[int] | None = None,
    fields: KnownFields = NO_FIELDS,
    *,
    no_match: bool = False,
) -> MappingResult:
    """Recognize the columns under `header`; those at the positions `blank` have no values.

    If `blank` is not given, only columns without a header count as having none. `fields` are those the channel is
    known to have.
    """
    file, value_options = options.file or NO_MAPPING, _value_options(options)
    rules = RuleSet(header, value_options)
    rules.apply([*_option_rules(options, rules.mistakes)], "as you specified")
    rules.apply(file.columns, f"as {file.name} says", several=True)
    by_header = _ByHeader(rules, options, blank or (), fields)
    columns = tuple(
        _typed(rules.columns.get(position) or by_header.column(position), rules) for position in range(len(header))
    )
    constants = tuple(_constants(options, rules.mistakes))
    same = {constant.name for constant in constants}
    found = Columns(
        columns,
        # A value that is the same for every row identifies no contact.
        unique(key for key in options.key or file.key or DEFAULT_KEYS if key not in same),
        no_match,
        unique((*file.add_tags, *filter(None, map(trim, options.add_tags)))),
        unique((*file.remove_tags, *filter(None, map(trim, options.remove_tags)))),
        tuple(rules.more),
        constants,
        value_options.lenient,
        trim(options.tracking_field),
        unique(filter(None, map(trim, options.created_tags))),
    )
    unknown = tuple(
        (column, suggest(column.header, fields))
        for column in columns
        if column.use is Use.FIELD and not column.field
    )
    named = [(key, f"--key {key}") for key in options.key] or [
        (key, f"{file.name}, key {key}") for key in file.key
    ]
    return MappingResult(
        found, unknown, (*rules.mistakes, *find_mistakes(found, unknown, named, blank=blank, fields=fields))
    )


def _value_options(options: MappingOptions) -> ValueOptions:
    """The value options of the command line, completed by those of the mapping file."""
    mapped, region = (options.file or NO_MAPPING).value_options, options.chosen_region
    return ValueOptions(
        None if region in ("", NO_REGION) else region,
        options.phone_format or mapped.phone_format or options.usual_phone_format,
        options.date_order or mapped.date_order,
        options.lenient or mapped.lenient,
        options.tag_separator or mapped.tag_separator,
    )


def _option_rules(options: MappingOptions, mistakes: list[str]) -> Iterator[MappingRule]:
    for name in options.ignore:
        yield MappingRule(name, "--ignore", Use.IGNORED)
    if options.id_column is not None:
        yield MappingRule(options.id_column, "--id-column", Use.ID)
    for text in options.map:
        name, equals, target = text.rpartition("=")
        if not equals or not trim(name) or not trim(target):
            mistakes.append(f'--map "{text}" is not of the form "COLUMN=field".')
            continue
        yield parse_rule(name, target, f'--map "{text}"')
    for text in options.types:
        name, _, kind = text.rpartition("=")
        if not trim(name) or trim(kind).lower() not in _TYPES:
            mistakes.append(
                f'--type "{text}" is not of the form "COLUMN=type"; the types are {", ".join(_TYPES)}.'
            )
            continue
        yield MappingRule(name, f'--type "{text}"', kind=ValueKind(trim(kind).lower()))


def _typed(column: Column, rules: RuleSet) -> Column:
    """The column with the type that `--type` gives it."""
    typed = rules.typed.get(column.position)
    if typed is None:
        return column
    if column.use is not Use.FIELD:
        rules.mistakes.append(f"{typed.where}: the column {column} is not sent as a field.")
        return column
    return replace(column, value_type=rules.value_options.value_type(column.field, typed))


def _constants(options: MappingOptions, mistakes: list[str]) -> Iterator[Field]:
    """Fields that are the same for every row; the command line overrules the mapping file."""
    found = dict((options.file or NO_MAPPING).constants)
    for text in options.constants:
        rule, value = parse_rule("", text.partition("=")[0], "--set"), trim(text.partition("=")[2])
        if rule.use is not Use.FIELD or not rule.target or not value:
            mistakes.append(f'--set "{text}" is not of the form "FIELD=value".')
        elif rule.target in READ_ONLY_FIELDS:
            mistakes.append(f'--set "{text}": HeyX does not allow writing {rule.target}.')
        else:
            found[rule.target] = value
    return itertools.starmap(Field, found.items())


class _ByHeader:
    """Recognizes a column by its header alone.

    The field's own name comes first, then the same name apart from case and punctuation, then headers that people
    use. A column with a rule leaves its header to the others.
    """

    def __init__(
        self, rules: RuleSet, options: MappingOptions, blank: Container[int], fields: KnownFields
    ) -> None:
        self._rules, self._options, self._blank, self._fields = rules, options, blank, fields
        header = ["" if position in rules.columns else text for position, text in enumerate(rules.header)]
        taken = {name for text in header if (name := self._named(text)[0])}
        taken |= {column.field for column in rules.columns.values() if column.use is Use.FIELD}
        self._known: dict[int, tuple[str, str]] = {}
        for position, known in enumerate(known_headers(header)):
            if known is not None and known.field not in (FULL_NAME, *taken):
                origin = known.origin if known.origin.startswith("a header") else f"a header in {known.origin}"
                self._known[position] = known.field, origin

    def column(self, position: int) -> Column:
        """The column at `position`."""
        text = self._rules.header[position]
        use, target, reason = self._special(text) or self._field(position, text)
        kind = self._fields.get(target, ValueKind.TEXT) if use is Use.FIELD else ValueKind.TEXT
        rule = MappingRule(use=use, target=target, kind=None if kind is ValueKind.TEXT else kind)
        unfinished = self._rules.unfinished.get(position)
        if unfinished is not None and use is Use.FIELD:
            rule = replace(unfinished, target=target, kind=unfinished.kind or rule.kind)
            reason = reason or f"{unfinished.where} does not say which field"
        return self._rules.column(position, rule, reason)

    def _special(self, text: str) -> tuple[Use, str, str] | None:
        """The use, target and reason of a column that is not sent as a field; None for any other."""
        name = normalize_name(text)
        if name == normalize_name(ID_COLUMN) and self._options.id_column is None:
            return Use.ID, "", ""
        if name in map(normalize_name, OUR_COLUMNS):
            return Use.OURS, "", ""
        if name in map(normalize_name, READ_ONLY_FIELDS):
            return Use.READ_ONLY, "", ""
        if not trim(text):
            return Use.BLANK, "", ""
        if name in LISTS:
            return LISTS[name], "", "a list of tags"
        if name.startswith(TAG) and (tag := trim(re.split("[:：]", text, maxsplit=1)[1])):
            return Use.TAG, tag, "a column of one tag"
        return None

    def _field(self, position: int, text: str) -> tuple[Use, str, str]:
        name, reason = self._named(text)
        if not name:
            name, reason = self._known.get(position, ("", ""))
        if name == TAGS:
            return Use.ADD_TAGS, "", reason
        if name in READ_ONLY_FIELDS:
            return Use.READ_ONLY, "", reason
        if not name and self._options.custom_fields and normalize_name(text) != "id":
            return Use.FIELD, trim(text), "a custom field of this name"
        if not name and position in self._blank:
            return Use.IGNORED, "", "no values"
        if not name and self._options.ignore_unknown:
            return Use.IGNORED, "", "not recognized"
        return Use.FIELD, name, reason

    def _named(self, text: str) -> tuple[str, str]:
        """The field that a header names, and the reason; blank if there is none."""
        name = trim(text)
        names = (*STANDARD_FIELDS, *self._fields)
        if name in names:
            return name, "the field's own name"
        if name.casefold().startswith(_CUSTOM) and (custom := name[len(_CUSTOM) :]):
            return custom, "a custom field, as respond.io writes it"
        alike = [one for one in names if alphanumeric_key(one) == alphanumeric_key(text)]
        return (alike[0], "the same name apart from case and punctuation") if len(alike) == 1 else ("", "")
