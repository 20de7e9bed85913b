"""What the columns of a sheet mean: shown, read from a mapping file, and asked about where nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import typer

from heyx_bulk.cli.console import Console, short_path
from heyx_bulk.errors import WriteError
from heyx_bulk.mapping import mapping_file as mapping
from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.recognition import KnownFields, map_columns
from heyx_bulk.mapping.template import ColumnSample, render_template
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.upload.inspection import sample_columns
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.phrases import shorten
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

LONGEST_SAMPLE = 24
LEAVE_OUT = "-"

_USES = {
    Use.ADD_TAGS: "tags to add",
    Use.REMOVE_TAGS: "tags to remove",
    Use.ID: "contact id",
    Use.IGNORED: "left out",
    Use.OURS: "our own, never sent",
    Use.READ_ONLY: "left out: HeyX does not let it be written",
    Use.BLANK: "left out: no header",
}


def tell_columns(console: Console, columns: Sequence[Column], samples: Sequence[Sequence[str]]) -> None:
    """Say of each column what it is taken for, why, and a few of its values; once more for each further field."""
    width = max((len(trim(column.header)) for column in columns), default=0)
    for column in columns:
        shown = ", ".join(sample(text) for text in samples[column.position])
        why = f", {column.reason}" if column.reason else ""
        name = trim(column.header).ljust(width)
        values = f"   ({shown})" if shown else ""
        console.say(f"  {column_letter(column.position):>3}  {name}  → {meaning(column)}{why}{values}")


def meaning(column: Column) -> str:
    """What a column is taken for, in words."""
    kind = "" if column.value_type.kind is ValueKind.TEXT else f" ({column.value_type.kind})"
    match column.use:
        case Use.FIELD:
            return f"{column.field}{kind}" if column.field else "?"
        case Use.SET_TAGS:
            return f"exactly these tags of {column.field}…"
        case Use.TAG:
            return f"the tag {column.field}"
        case _:
            return _USES[column.use]


def sample(text: str) -> str:
    """A value as an example of its column's: on one line, and cut short."""
    return shorten(" ".join(text.split()), LONGEST_SAMPLE)


def column_document(column: Column) -> dict[str, object]:
    """What a column is taken for, as plain data."""
    return {
        "column": column_letter(column.position),
        "header": column.header,
        "meaning": meaning(column),
        "reason": column.reason,
    }


def choose_mapping(
    sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console, *, look: bool, ask: bool = False
) -> UploadOptions:
    """The options with what the mapping file says that is meant for the sheet, if they name none and one is found.

    Where `ask`, a person at a terminal is asked about columns that nobody knows. `fields` are those the channel is
    known to have.
    """
    file = options.mapping.file
    if file is None and look and (path := mapping.find_mapping(sheet.path, sheet.header)) is not None:
        file = mapping.read_mapping(path)
        console.say(f"The columns are as {short_path(path)} says (found by itself; --no-mapping leaves it alone).")
    elif file is not None:
        console.say(f"The columns are as {short_path(file.path)} says.")
    options = replace(options, mapping=replace(options.mapping, file=file))
    return _ask(sheet, options, fields, console) if ask and console.can_ask else options


def _ask(sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console) -> UploadOptions:
    """The options with a person's answers about unknown columns, which a mapping file keeps."""
    found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
    if not found.unknown:
        return options
    console.say(f"Of {sheet.path.name} these columns are not understood. For each: HeyX's name of the field,")
    console.say(f"tags for a list of tags, tag:VIP for yes and no to one tag, or {LEAVE_OUT} to leave it out.")
    looks = sample_columns(sheet)
    mapping_options = options.mapping
    for column, hint in found.unknown:
        answer = _answer(column, looks[column.position], hint.field if hint else LEAVE_OUT)
        if answer == LEAVE_OUT:
            mapping_options = replace(mapping_options, ignore=(*mapping_options.ignore, column.name))
        else:
            mapping_options = replace(mapping_options, map=(*mapping_options.map, f"{column.name}={answer}"))
    answered = replace(options, mapping=mapping_options)
    again = map_columns(sheet.header, mapping_options, sheet.blank, fields)
    if again.mistakes or mapping_options.file is not None:
        return answered
    path = sheet.path.with_suffix(mapping.SUFFIX)
    as_text = [ColumnSample(look.samples, ValueKind.TEXT) for look in looks]
    try:
        mapping.write_mapping(path, render_template(sheet.path.name, path.name, again, as_text), sheet.header)
    except WriteError as error:
        console.say(f"Your answers hold for this time: {error.what}")
        return answered
    console.say(f"Your answers are kept in {short_path(path)}; correct them there.")
    return replace(options, mapping=replace(options.mapping, file=mapping.read_mapping(path)))


def _answer(column: Column, look: ColumnSample, default: str) -> str:
    values = f" ({', '.join(look.samples)})" if look.samples else ""
    try:
        return trim(typer.prompt(f"  {column}{values}", default=default, err=True))
    except typer.Abort:
        raise KeyboardInterrupt from None
