"""Which column is what: by what a person says, by its header, by our own names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from heyx_bulk.api import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.columns.columns import Columns
from heyx_bulk.columns.header import ID_COLUMN, OUR_COLUMNS, Column, Use, field_named, folded, letter
from heyx_bulk.columns.lists import unique
from heyx_bulk.columns.problems import SURROGATE
from heyx_bulk.errors import MappingError
from heyx_bulk.values import trim

DEFAULT_KEYS = ("phone", "email")

_LISTS = {"tags": Use.ADD_TAGS, "addtags": Use.ADD_TAGS, "removetags": Use.REMOVE_TAGS}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says about the columns: the options of the command line, and tags for every row."""

    map: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    custom_fields: bool = False
    id_column: str | None = None
    key: tuple[str, ...] = ()
    no_match: bool = False
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


def recognise(header: Sequence[str], wishes: Wishes, blank: Container[int] | None = None) -> Columns:
    """What the columns under `header` are for; those at the positions `blank` hold no value.

    Where `blank` is not given, a column without a header is taken to hold none.

    Raises `MappingError` that names every mistake at once.
    """
    columns, mistakes = understood(header, wishes, blank)
    if mistakes:
        raise MappingError("\n".join(mistakes))
    return columns


def understood(
    header: Sequence[str], wishes: Wishes, blank: Container[int] | None = None
) -> tuple[Columns, list[str]]:
    """What the columns under `header` are for, as far as that can be said, and every mistake.

    A column that nobody knows is a field without a name.
    """
    mistakes: list[str] = []
    said = _said(header, wishes, mistakes)
    columns = tuple(
        said.get(position) or _by_header(position, text, wishes) for position, text in enumerate(header)
    )
    unknown = [column for column in columns if column.use is Use.FIELD and not column.field]
    if unknown:
        mistakes.append(_unknown_message(unknown))
    headless = [
        column
        for column in columns
        if column.use is Use.BLANK and blank is not None and column.position not in blank
    ]
    if headless:
        mistakes.append(_headless_message(headless))
    mistakes += _doubled(columns)
    fields = {column.field for column in columns if column.use is Use.FIELD}
    keys = unique(wishes.key or DEFAULT_KEYS)
    mistakes += _key_mistakes(columns, fields, wishes, complete=not unknown)
    mistakes += [
        f"The tag {tag!r} is both added and removed for every row; leave one out."
        for tag in wishes.add_tags
        if tag in wishes.remove_tags
    ]
    said_texts = (*wishes.map, *wishes.ignore, *wishes.key, *wishes.add_tags, *wishes.remove_tags)
    mistakes += [f"{text!r} holds signs that are no text." for text in said_texts if SURROGATE.search(text)]
    add_tags, remove_tags = unique(wishes.add_tags), unique(wishes.remove_tags)
    return Columns(columns, keys, wishes.no_match, add_tags, remove_tags), mistakes


def _said(header: Sequence[str], wishes: Wishes, mistakes: list[str]) -> dict[int, Column]:
    said: dict[int, Column] = {}
    wanted = [(name, "--ignore", Use.IGNORED, "") for name in wishes.ignore]
    if wishes.id_column is not None:
        wanted.append((wishes.id_column, "--id-column", Use.ID, ""))
    for text in wishes.map:
        name, equals, field = text.rpartition("=")
        if not equals or not trim(name) or not trim(field):
            mistakes.append(f'--map "{text}" is not of the form "COLUMN=field".')
            continue
        use = _LISTS.get(folded(field), Use.FIELD)
        wanted.append((name, "--map", use, field_named(field) if use is Use.FIELD else ""))
    for name, option, use, field in wanted:
        positions = _positions(header, name)
        if len(positions) != 1:
            mistakes.append(_no_such_column(header, name, option, positions))
        elif folded(field) in map(folded, (ID_COLUMN, "id", "contact id")):
            mistakes.append(
                f'{option} "{name}={field}": a column of contact ids is named by --id-column "{name}".'
            )
        elif field in READ_ONLY_FIELDS:
            mistakes.append(f'{option} "{name}={field}": HeyX does not let {field} be written.')
        elif positions[0] in said:
            mistakes.append(f'The column "{trim(name)}" is given two meanings; leave out one of the options.')
        else:
            said[positions[0]] = Column(positions[0], header[positions[0]], use, field)
    return said


def _positions(header: Sequence[str], name: str) -> list[int]:
    exact = [position for position, text in enumerate(header) if trim(text) == trim(name)]
    alike = [position for position, text in enumerate(header) if folded(text) == folded(name)]
    by_letter = [
        position for position in range(len(header)) if folded(name) == f"column{letter(position).casefold()}"
    ]
    return exact or alike or by_letter


def _no_such_column(header: Sequence[str], name: str, option: str, positions: list[int]) -> str:
    if positions:
        places = " and ".join(letter(position) for position in positions)
        return f'{option}: "{trim(name)}" stands above {len(positions)} columns, {places}; rename one of them.'
    there = ", ".join(f'"{trim(text)}"' for text in header if trim(text))
    return f'{option}: the sheet has no column "{trim(name)}"; it has {there}.'


def _by_header(position: int, header: str, wishes: Wishes) -> Column:
    name = folded(header)
    standard = {folded(field): field for field in STANDARD_FIELDS}
    if name == folded(ID_COLUMN):
        return Column(position, header, Use.OURS if wishes.id_column is not None else Use.ID)
    if name in map(folded, OUR_COLUMNS):
        return Column(position, header, Use.OURS)
    if name in standard:
        return Column(position, header, Use.FIELD, standard[name])
    if name in _LISTS:
        return Column(position, header, _LISTS[name])
    if name in map(folded, READ_ONLY_FIELDS):
        return Column(position, header, Use.READ_ONLY)
    if not trim(header):
        return Column(position, header, Use.BLANK)
    is_custom = wishes.custom_fields and name != "id"
    return Column(position, header, Use.FIELD, trim(header) if is_custom else "")


def _unknown_message(unknown: Sequence[Column]) -> str:
    lines = [f"  {column}" for column in unknown]
    named = trim(unknown[0].header)
    count = "1 column maps" if len(unknown) == 1 else f"{len(unknown)} columns map"
    return "\n".join(
        [
            f"{count} to nothing that HeyX is known to have:",
            *lines,
            f'For each of them: --map "{named}=FIELD" says which field of HeyX it is; --ignore "{named}" '
            "leaves it out; --custom-fields sends all of them under their own headers as custom fields.",
        ]
    )


def _headless(columns: Sequence[Column], blank: Container[int] | None) -> list[Column]:
    if blank is None:
        return []
    return [column for column in columns if column.use is Use.BLANK and column.position not in blank]


def _headless_message(headless: Sequence[Column]) -> str:
    names = ", ".join(f"column {letter(column.position)}" for column in headless)
    first = letter(headless[0].position)
    return (
        f"There are values without a header: {names}. Write a header above them, "
        f'or say --ignore "column {first}" or --map "column {first}=FIELD".'
    )


def _doubled(columns: Sequence[Column]) -> Iterator[str]:
    counts = Counter(column.field for column in columns if column.use is Use.FIELD and column.field)
    for field, count in counts.items():
        if count > 1:
            places = " and ".join(str(c) for c in columns if c.use is Use.FIELD and c.field == field)
            yield f'Two columns for the field {field}: {places}. Leave one out with --ignore "COLUMN".'
    ids = [column for column in columns if column.use is Use.ID]
    if len(ids) > 1:
        places = " and ".join(str(column) for column in ids)
        yield f'Two columns for the contact id: {places}. Leave one out with --ignore "COLUMN".'


def _key_mistakes(columns: Sequence[Column], fields: set[str], wishes: Wishes, *, complete: bool) -> Iterator[str]:
    for key in wishes.key:
        if complete and key not in fields:
            there = ", ".join(sorted(fields)) or "none"
            yield f"--key {key}: no column of the sheet maps to the field {key}; its fields are {there}."
    has_id = any(column.use is Use.ID for column in columns)
    if complete and not wishes.key and not has_id and not wishes.no_match and not fields & set(DEFAULT_KEYS):
        yield (
            "No column says which contact a row means: there is no phone, no email and no contact id. "
            'Name one with --map "COLUMN=phone", --key FIELD or --id-column COLUMN; '
            "--no-match creates a new contact for every row without looking."
        )
