"""What is wrong with a sheet's columns, each mistake with its remedy; all of them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence

from heyx_bulk.mapping.column import Column, Use, normalize_name
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.row_errors import SURROGATE
from heyx_bulk.mapping.suggestions import Suggestion, closest
from heyx_bulk.models.calls import MAX_TAG_LENGTH, READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.values.phone import is_region
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

Unknown = Sequence[tuple[Column, Suggestion | None]]


def find_mistakes(
    columns: Columns,
    unknown: Unknown,
    *,
    key: Sequence[tuple[str, str]],
    blank: Container[int] | None,
    fields: Mapping[str, ValueKind],
) -> Iterator[str]:
    """Every mistake of `columns`; `key` are the match keys that a person named, each with where they did."""
    if unknown:
        yield _unknown_message(unknown)
    if headless := _headless(columns, blank):
        yield _headless_message(headless)
    yield from _duplicates(columns)
    yield from _sets(columns)
    yield from _misspelled(columns, fields)
    yield from _key_mistakes(columns, key, complete=not unknown)
    yield from _tracking_field_mistakes(columns)
    for tag in columns.add_tags:
        if tag in columns.remove_tags:
            yield f"The tag {tag!r} is both added and removed for every row; leave one out."
    for tag in (*columns.add_tags, *columns.remove_tags, *(one.field for one in columns.used(Use.TAG))):
        if len(tag) > MAX_TAG_LENGTH:
            yield f"The tag {tag[:40]!r}… has {len(tag)} characters, HeyX takes {MAX_TAG_LENGTH}: shorten it."
    yield from (f"{text!r} holds signs that are no text." for text in _texts(columns) if SURROGATE.search(text))
    yield from _regions(columns)


def _texts(columns: Columns) -> Iterator[str]:
    yield from (column.field for column in columns.sent)
    yield from (*columns.keys, *columns.add_tags, *columns.remove_tags, columns.tracking_field)
    yield from (text for field in columns.constants for text in (field.name, field.value))


def _tracking_field_mistakes(columns: Columns) -> Iterator[str]:
    stamp = columns.tracking_field
    if not stamp:
        return
    if normalize_name(stamp) in map(normalize_name, (*STANDARD_FIELDS, *READ_ONLY_FIELDS)):
        yield f"--tracking-field {stamp}: the mark needs a custom field of its own; make one in HeyX and name it."
    for column in columns.sent:
        if column.use is Use.FIELD and normalize_name(column.field) == normalize_name(stamp):
            yield f"--tracking-field {stamp}: column {column} is sent as this field; name another field."
    if stamp in {constant.name for constant in columns.constants}:
        yield f"--tracking-field {stamp}: every row sets this field to one value; name another field."


def _regions(columns: Columns) -> Iterator[str]:
    regions = {column.value_type.region for column in columns.sent if column.value_type.region is not None}
    for region in sorted(regions):
        if not is_region(region):
            yield f"--region {region}: there is no such country; write its two letters, such as PK, GB or AE."


def _unknown_message(unknown: Unknown) -> str:
    lines = [f"  {column}{f'   perhaps {hint.field} ({hint.reason})' if hint else ''}" for column, hint in unknown]
    count = "1 column maps" if len(unknown) == 1 else f"{len(unknown)} columns map"
    first, hint = unknown[0]
    name, field = _name(first), hint.field if hint else "FIELD"
    return "\n".join(
        [
            f"{count} to nothing that HeyX is known to have:",
            *lines,
            f'For each of them: --map "{name}={field}" says which field of HeyX it is; --ignore "{name}" leaves '
            "it out. For all of them: --custom-fields sends them under their own headers as custom fields; "
            "--ignore-unknown leaves them out.",
        ]
    )


def _name(column: Column) -> str:
    return trim(column.header) or f"column {column_letter(column.position)}"


def _headless(columns: Columns, blank: Container[int] | None) -> list[Column]:
    if blank is None:
        return []
    return [column for column in columns.columns if column.use is Use.BLANK and column.position not in blank]


def _headless_message(headless: Sequence[Column]) -> str:
    names = ", ".join(f"column {column_letter(column.position)}" for column in headless)
    first = column_letter(headless[0].position)
    return (
        f"There are values without a header: {names}. Write a header above them, "
        f'or say --ignore "column {first}" or --map "column {first}=FIELD".'
    )


def _duplicates(columns: Columns) -> Iterator[str]:
    fields = [column for column in columns.sent if column.use is Use.FIELD and column.field]
    counts = Counter(column.field for column in fields)
    for field, count in counts.items():
        if count > 1:
            places = " and ".join(str(column) for column in fields if column.field == field)
            number = "Two" if count == 2 else str(count)
            yield f'{number} columns for the field {field}: {places}. Leave one out with --ignore "COLUMN".'
    for constant in columns.constants:
        if constant.name in counts:
            places = " and ".join(str(column) for column in fields if column.field == constant.name)
            yield f"The field {constant.name} is set for every row, and column {places} holds it: leave one out."
    ids = columns.used(Use.ID)
    if len(ids) > 1:
        places = " and ".join(str(column) for column in ids)
        yield f'Two columns for the contact id: {places}. Leave one out with --ignore "COLUMN".'


def _sets(columns: Columns) -> Iterator[str]:
    """Sets of tags that speak of the same tags contradict each other."""
    sets = columns.used(Use.SET_TAGS)
    for column in sets:
        if not column.field:
            yield f"The set of tags in column {column} has no prefix: say which tags it speaks of, such as seg:."
    for number, one in enumerate(sets):
        for other in sets[number + 1 :]:
            if one.field.startswith(other.field) or other.field.startswith(one.field):
                yield (
                    f"Columns {one} and {other} both say exactly which tags that begin with {one.field!r} a "
                    "contact has; leave one out."
                )


def _misspelled(columns: Columns, fields: Mapping[str, ValueKind]) -> Iterator[str]:
    """Custom fields that the channel has not shown, and whose name is close to one that it has."""
    for column in unknown_custom_fields(columns, fields):
        if (hint := closest(column.field, fields)) is not None:
            yield (
                f"Column {column} is sent as “{column.field}”, which this channel has not shown; it has "
                f'“{hint.field}”. Say --map "{_name(column)}={hint.field}", or heyx-bulk fields --add '
                f'"{column.field}" if both are there.'
            )


def unknown_custom_fields(columns: Columns, fields: Mapping[str, ValueKind]) -> Iterator[Column]:
    """The columns sent as custom fields that the channel has not shown; none where it has shown no field."""
    for column in columns.sent if fields else ():
        if column.use is Use.FIELD and column.field and column.field not in (*STANDARD_FIELDS, *fields):
            yield column


def _key_mistakes(columns: Columns, named: Sequence[tuple[str, str]], *, complete: bool) -> Iterator[str]:
    fields = {column.field for column in columns.sent if column.use is Use.FIELD}
    for key, where in named:
        if complete and key not in fields:
            there = ", ".join(sorted(fields)) or "none"
            yield f"{where}: no column of the sheet maps to the field {key}; its fields are {there}."
    nameless = not columns.used(Use.ID) and not columns.no_match and not fields & set(columns.keys)
    if complete and not named and nameless:
        yield (
            "No column says which contact a row means: there is no phone, no email and no contact id. "
            'Name one with --map "COLUMN=phone", --key FIELD or --id-column COLUMN; '
            "--no-match creates a new contact for every row without looking."
        )
