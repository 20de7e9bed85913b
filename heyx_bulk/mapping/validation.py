"""Mistakes in the mapping of a sheet's columns, each with its remedy; all of them at once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from heyx_bulk.mapping.cells import SURROGATE
from heyx_bulk.mapping.columns import Column, Columns, Use, normalize_name
from heyx_bulk.mapping.known_headers import Suggestion, similar_field
from heyx_bulk.models.calls import MAX_TAG_LENGTH, READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.phrases import count, did_you_mean
from heyx_bulk.values.phone import is_region
from heyx_bulk.values.value_types import ValueKind

Unknown = Sequence[tuple[Column, Suggestion | None]]


def find_mistakes(
    columns: Columns,
    unknown: Unknown,
    named_keys: Sequence[tuple[str, str]],
    *,
    blank: Container[int] | None,
    fields: Mapping[str, ValueKind],
) -> Iterator[str]:
    """Find every mistake of `columns`; `named_keys` are the match keys that the user named, each with where."""
    if unknown:
        yield _unknown_columns(unknown)
    headless = [column for column in columns.used(Use.BLANK) if blank is not None and column.position not in blank]
    if headless:
        names = ", ".join(column.name for column in headless)
        yield (
            f"There are values without a header: {names}. Write a header above them, "
            f'or use --ignore "{headless[0].name}" or --map "{headless[0].name}=FIELD".'
        )
    yield from _duplicates(columns)
    yield from _tag_sets(columns)
    for column in unknown_custom_fields(columns, fields):
        if (hint := similar_field(column.field, fields)) is not None:
            yield (
                f"Column {column} is sent as “{column.field}”, which this channel is not known to have; it has "
                f'“{hint.field}”. Use --map "{column.name}={hint.field}", or heyx-bulk fields --add '
                f'"{column.field}" if it has both.'
            )
    if not unknown:
        yield from _key_mistakes(columns, named_keys)
    yield from _tracking_field_mistakes(columns)
    yield from _text_mistakes(columns)


def unknown_custom_fields(columns: Columns, fields: Mapping[str, ValueKind]) -> Iterator[Column]:
    """The columns sent as custom fields that the channel has not shown; none where it has shown no field."""
    known = ("", *STANDARD_FIELDS, *fields)
    yield from (column for column in columns.used(Use.FIELD) if fields and column.field not in known)


def _unknown_columns(unknown: Unknown) -> str:
    lines = [
        f"  {column}{f', {column.reason}' if column.reason else ''}"
        f"{f'   perhaps {hint.field} ({hint.reason})' if hint else ''}"
        for column, hint in unknown
    ]
    be = "was" if len(unknown) == 1 else "were"
    first, hint = unknown[0]
    name, field = first.name, hint.field if hint else "FIELD"
    return "\n".join(
        [
            f"{count(len(unknown), 'column')} {be} not recognized:",
            *lines,
            f'For each of them, use --map "{name}={field}" to name its field in HeyX, or --ignore "{name}" to '
            "ignore it. For all of them, use --custom-fields to send them as custom fields under their own "
            "headers, or --ignore-unknown to ignore them.",
        ]
    )


def _duplicates(columns: Columns) -> Iterator[str]:
    by_field: dict[str, list[Column]] = {}
    for column in columns.used(Use.FIELD):
        if column.field:
            by_field.setdefault(column.field, []).append(column)
    for field, same in by_field.items():
        if len(same) > 1:
            number = "Two" if len(same) == 2 else str(len(same))
            yield f'{number} columns for the field {field}: {_places(same)}. Leave one out with --ignore "COLUMN".'
    for constant in columns.constants:
        if constant.name in by_field:
            places = _places(by_field[constant.name])
            yield f"The field {constant.name} is set for every row, and column {places} holds it: leave one out."
    ids = columns.used(Use.ID)
    if len(ids) > 1:
        yield f'Two columns for the contact id: {_places(ids)}. Leave one out with --ignore "COLUMN".'


def _places(columns: Iterable[Column]) -> str:
    return " and ".join(map(str, columns))


def _tag_sets(columns: Columns) -> Iterator[str]:
    """Exact sets of the same tags contradict each other."""
    sets = columns.used(Use.SET_TAGS)
    for column in sets:
        if not column.field:
            yield f"The set of tags in column {column} has no prefix: enter one, such as seg:."
    for one, other in combinations(sets, 2):
        if one.field.startswith(other.field) or other.field.startswith(one.field):
            yield (
                f"Columns {one} and {other} both set exactly which tags that begin with {one.field!r} a "
                "contact has; leave one out."
            )


def _key_mistakes(columns: Columns, named: Sequence[tuple[str, str]]) -> Iterator[str]:
    fields = {column.field for column in columns.used(Use.FIELD)}
    for key, where in named:
        if key not in fields:
            present = ", ".join(sorted(fields)) or "none"
            near = did_you_mean(key, fields)
            yield f"{where}: no column of the sheet maps to the field {key}; its fields are {present}.{near}"
    if not named and not columns.used(Use.ID) and not columns.no_match and not fields & set(columns.keys):
        yield (
            "No column identifies a row's contact: there is no phone, email or contact id. "
            'Name one with --map "COLUMN=phone", --key FIELD or --id-column COLUMN; '
            "--no-match creates a new contact for every row without looking."
        )


def _tracking_field_mistakes(columns: Columns) -> Iterator[str]:
    name = columns.tracking_field
    if not name:
        return
    if normalize_name(name) in map(normalize_name, (*STANDARD_FIELDS, *READ_ONLY_FIELDS)):
        yield f"--tracking-field {name}: it must be a separate custom field; create one in HeyX and name it."
    for column in columns.used(Use.FIELD):
        if normalize_name(column.field) == normalize_name(name):
            yield f"--tracking-field {name}: column {column} is sent as this field; name another field."
    if name in {constant.name for constant in columns.constants}:
        yield f"--tracking-field {name}: every row sets this field to one value; name another field."


def _text_mistakes(columns: Columns) -> Iterator[str]:
    """Tags, names and regions that HeyX or Unicode does not know."""
    tags = (*columns.add_tags, *columns.remove_tags, *columns.created_tags)
    for tag in columns.add_tags:
        if tag in columns.remove_tags:
            yield f"The tag {tag!r} is both added and removed for every row; leave one out."
    for tag in columns.created_tags:
        if tag in columns.remove_tags:
            yield f"--tag-created {tag}: every row removes this tag; leave one out."
    for tag in (*tags, *(column.field for column in columns.used(Use.TAG))):
        if len(tag) > MAX_TAG_LENGTH:
            yield f"The tag {tag[:40]!r}… has {len(tag)} characters, HeyX takes {MAX_TAG_LENGTH}: shorten it."
    texts = [column.field for column in columns.sent] + [*columns.keys, *tags, columns.tracking_field]
    texts += [text for field in columns.constants for text in (field.name, field.value)]
    yield from (f"{text!r} contains invalid characters." for text in texts if SURROGATE.search(text))
    regions = {column.value_type.region for column in columns.sent if column.value_type.region is not None}
    for region in sorted(regions):
        if not is_region(region):
            yield f"--region {region}: unknown country; enter its two-letter code, such as PK, GB or AE, or none."
