"""What a sheet means: which column is which field, list of tags or contact id; and cells to rows."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from heyx_bulk.api import MAX_TAG_LENGTH, READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.errors import MappingError
from heyx_bulk.model import ContactRow, Field, Problem
from heyx_bulk.values import digits, is_damaged_number, trim

if TYPE_CHECKING:
    import pandas as pd

STATUS_COLUMN = "heyx status"
ID_COLUMN = "heyx contact id"
MESSAGE_COLUMN = "heyx message"
ROW_COLUMN = "heyx row"
OUR_COLUMNS = (STATUS_COLUMN, ID_COLUMN, MESSAGE_COLUMN, ROW_COLUMN)

DEFAULT_KEYS = ("phone", "email")

_QUOTED = re.compile(r'"[^"]*"')


class Use(StrEnum):
    """What a column is for."""

    FIELD = "field"
    ADD_TAGS = "add tags"
    REMOVE_TAGS = "remove tags"
    ID = "contact id"
    IGNORED = "ignored"
    OURS = "ours"
    READ_ONLY = "read-only"
    BLANK = "blank"


_LISTS = {"tags": Use.ADD_TAGS, "addtags": Use.ADD_TAGS, "removetags": Use.REMOVE_TAGS}


def folded(name: str) -> str:
    """A header or field name without case, blanks, `_` and `-`: the form in which names are compared."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", trim(name))).casefold()


def letter(position: int) -> str:
    """The letters a spreadsheet shows above the column at `position` (0 is A, 26 is AA)."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


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


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: where it stands, its exact header, what it is for.

    `field` is HeyX's name of a field; `separator` is what parts a list.
    """

    position: int
    header: str
    use: Use
    field: str = ""
    separator: str = ","

    def __str__(self) -> str:
        header = trim(self.header)
        return f"{letter(self.position)} “{header}”" if header else f"{letter(self.position)} (no header)"


@dataclass(frozen=True, slots=True)
class Columns:
    """A sheet's columns, understood. `keys` are the match keys, best first; the tags are for every row."""

    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    no_match: bool = False
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()

    def used(self, use: Use) -> tuple[Column, ...]:
        """The columns for `use`."""
        return tuple(column for column in self.columns if column.use is use)

    def sends(self, position: int) -> bool:
        """Whether the cells at `position` matter for what is sent."""
        return self.columns[position].use in (Use.FIELD, Use.ADD_TAGS, Use.REMOVE_TAGS, Use.ID)

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
        tags: dict[Use, list[str]] = {Use.ADD_TAGS: [], Use.REMOVE_TAGS: []}
        contact_id: str | None = None
        found = list(problems)
        for column in self.columns:
            text = trim(cells[column.position])
            if not text:
                continue
            match column.use:
                case Use.FIELD:
                    fields.append(Field(column.field, text))
                    found += _field_problems(column, text)
                case Use.ADD_TAGS | Use.REMOVE_TAGS:
                    tags[column.use] += split_list(text, column.separator)
                case Use.ID:
                    contact_id = text
                    found += _id_problems(column, text)
        add = _unique([*tags[Use.ADD_TAGS], *self.add_tags])
        remove = _unique([*tags[Use.REMOVE_TAGS], *self.remove_tags])
        by_name = {field.name: field for field in fields}
        row = ContactRow(
            number=number,
            id=contact_id,
            keys=tuple(by_name[name] for name in self.keys if name in by_name),
            fields=tuple(fields),
            add_tags=add,
            remove_tags=remove,
        )
        return replace(row, problems=(*found, *_tag_problems(row), *self._identity_problems(row)))

    def _identity_problems(self, row: ContactRow) -> Iterator[Problem]:
        if row.id is not None or row.keys:
            return
        if self.no_match:
            if not row.fields:
                yield Problem("no field to create a contact with", "the row has no field to create a contact with")
            return
        wanted = [*(["contact id"] if self.used(Use.ID) else []), *self._key_headers()]
        cause = "no " + " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
        yield Problem(cause, f"the row has {cause}, so it names no contact")

    def _key_headers(self) -> list[str]:
        fields = {column.field for column in self.used(Use.FIELD)}
        return [key for key in self.keys if key in fields]

    def document(self) -> dict[str, object]:
        """These columns as plain data, for the checkpoint."""
        return asdict(self)

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


def recognise(header: Sequence[str], wishes: Wishes) -> Columns:
    """What the columns under `header` are for; one without a header is taken to hold nothing.

    Raises `MappingError` that names every mistake at once.
    """
    mistakes: list[str] = []
    said = _said(header, wishes, mistakes)
    columns = tuple(
        said.get(position) or _by_header(position, text, wishes) for position, text in enumerate(header)
    )
    unknown = [column for column in columns if column.use is Use.FIELD and not column.field]
    if unknown:
        mistakes.append(_unknown_message(unknown))
    mistakes += _doubled(columns)
    fields = {column.field for column in columns if column.use is Use.FIELD}
    keys = wishes.key or DEFAULT_KEYS
    mistakes += _key_mistakes(columns, fields, wishes, complete=not unknown)
    mistakes += [
        f"The tag {tag!r} is both added and removed for every row; leave one out."
        for tag in wishes.add_tags
        if tag in wishes.remove_tags
    ]
    if mistakes:
        raise MappingError("\n".join(mistakes))
    return Columns(columns, keys, wishes.no_match, _unique(wishes.add_tags), _unique(wishes.remove_tags))


def split_list(text: str, separator: str) -> list[str]:
    """The items of a list cell: parted by `separator` or line breaks, quotes respected, blanks dropped."""
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return [item for record in records for part in record if (item := trim(part))]


def join_list(items: Iterable[str], separator: str = ";") -> str:
    """A list cell that `split_list` reads back, with quotes where an item needs them."""
    return separator.join(
        '"' + item.replace('"', '""') + '"' if any(sign in item for sign in ',;"\r\n') else item for item in items
    )


def field_named(name: str) -> str:
    """HeyX's spelling of a field a person names: a standard field in any case, another exactly as said."""
    known = {folded(field): field for field in (*STANDARD_FIELDS, *READ_ONLY_FIELDS)}
    return known.get(folded(name), trim(name))


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
    if not name:
        return Column(position, header, Use.BLANK)
    return Column(position, header, Use.FIELD, trim(header) if wishes.custom_fields else "")


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


def _observed(column: Column, cells: pd.DataFrame) -> Column:
    if column.use not in (Use.ADD_TAGS, Use.REMOVE_TAGS) or column.separator == ";":
        return column
    texts = cells[column.position]
    suspects = texts[texts.str.contains(";", regex=False)]
    return replace(column, separator=";") if any(";" in _QUOTED.sub("", text) for text in suspects) else column


def _field_problems(column: Column, text: str) -> Iterator[Problem]:
    if column.field != "phone":
        return
    if is_damaged_number(text):
        yield Problem(
            "a phone that the spreadsheet has rounded",
            f"column {column} holds {text}, a number that the spreadsheet has rounded: its digits are lost. "
            "Format the column as Text and paste the phone again.",
        )
    elif not digits(text):
        yield Problem("a phone without digits", f"column {column} holds {text!r}, which has no digits")


def _id_problems(column: Column, text: str) -> Iterator[Problem]:
    if is_damaged_number(text):
        yield Problem(
            "a contact id that the spreadsheet has rounded",
            f"column {column} holds {text}, a number that the spreadsheet has rounded: its digits are lost. "
            "Format the column as Text and paste the id again.",
        )


def _tag_problems(row: ContactRow) -> Iterator[Problem]:
    for tag in row.add_tags:
        if tag in row.remove_tags:
            yield Problem("a tag both added and removed", f"the tag {tag!r} is both added and removed")
        if len(tag) > MAX_TAG_LENGTH:
            yield Problem(
                f"a tag of more than {MAX_TAG_LENGTH} characters",
                f"the tag {tag[:40]!r}… has {len(tag)} characters, HeyX takes {MAX_TAG_LENGTH}",
            )


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()
