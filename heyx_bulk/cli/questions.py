"""What is asked on a terminal about a sheet, and kept in its mapping file: columns, and the region of phones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from heyx_bulk.cli.console import Console
from heyx_bulk.cli.sheet_input import read_sheet
from heyx_bulk.errors import RegionNeeded, WriteError
from heyx_bulk.mapping import mapping_file as mapping
from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.recognition import KnownFields, MappingResult, map_columns
from heyx_bulk.mapping.rules import parse_rule
from heyx_bulk.mapping.template import ColumnSample, render_template, with_setting
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.phrases import did_you_mean
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.inspection import sample_columns
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.phone import NO_REGION, is_region
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

LEAVE_OUT = STANDARD_INPUT = "-"


def open_mapped(path: Path, options: UploadOptions, *, look: bool) -> tuple[Sheet, UploadOptions]:
    """A sheet, read as options and mapping file say, and the options with what the file says of it.

    With `look`, the mapping file beside the sheet is read where the options name none.
    """
    is_file = str(path) != STANDARD_INPUT
    preset = mapping.find_preset(path) if look and is_file and options.mapping.file is None else options.preset
    opened = read_sheet(path, options.sheet, preset)
    return opened, options.as_read(opened, preset)


def choose_mapping(
    sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console, *, look: bool, ask: bool = False
) -> UploadOptions:
    """The options with the mapping file for the sheet, if they name none and one is found.

    With `ask`, the user is asked about columns that were not recognized. `fields` are the known fields of the
    channel.
    """
    file = options.mapping.file
    found = mapping.find_mapping(sheet.path, sheet.header, sheet.worksheet) if file is None and look else None
    if found is not None:
        console.say(f"Using the mapping file {short_path(found)} (found automatically; --no-mapping ignores it).")
        file = mapping.read_mapping(found)
    elif file is not None:
        console.say(f"Using the mapping file {short_path(file.path)}.")
    options = replace(options, mapping=replace(options.mapping, file=file))
    return _ask(sheet, options, fields, console) if ask and console.can_ask else options


def _ask(sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console) -> UploadOptions:
    """The options with the user's answers about unknown columns, which are saved in a mapping file."""
    found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
    if not found.unknown:
        return options
    console.say(
        f"Some columns of {sheet.path.name} were not recognized. For each, enter the name of the HeyX field,"
    )
    console.say(
        f"tags for a list of tags, tag:VIP for a yes/no column of one tag, or {LEAVE_OUT} to ignore the column."
    )
    looks = sample_columns(sheet)
    mapping_options = options.mapping
    for column, hint in found.unknown:
        answer = _answer(column, looks[column.position], hint.field if hint else LEAVE_OUT, fields)
        if answer == LEAVE_OUT:
            mapping_options = replace(mapping_options, ignore=(*mapping_options.ignore, column.name))
        else:
            mapping_options = replace(mapping_options, map=(*mapping_options.map, f"{column.name}={answer}"))
    answered = replace(options, mapping=mapping_options)
    again = map_columns(sheet.header, mapping_options, sheet.blank, fields)
    if again.mistakes or mapping_options.file is not None:
        return answered
    return _saved(options, answered, lambda: _write_new(sheet, options, again, looks), console)


def _saved(
    options: UploadOptions, this_time: UploadOptions, save: Callable[[], Path], console: Console
) -> UploadOptions:
    """The options with the mapping file that `save` wrote the answers to; `this_time` if it cannot be written."""
    try:
        path = save()
    except WriteError as error:
        console.say(f"Your answers are used this time only: {error.what}")
        return this_time
    console.say(f"Your answers are saved in {short_path(path)}; edit them there.")
    return replace(options, mapping=replace(options.mapping, file=mapping.read_mapping(path)))


def _write_new(sheet: Sheet, options: UploadOptions, found: MappingResult, looks: Sequence[ColumnSample]) -> Path:
    """Write what the columns mean to a new mapping file beside the sheet; texts stay texts."""
    path = sheet.path.with_suffix(mapping.SUFFIX)
    as_text = [ColumnSample(look.samples, ValueKind.TEXT) for look in looks]
    text = render_template(sheet.path.name, path.name, found, as_text, options.sheet)
    mapping.write_mapping(path, text, sheet.header)
    return path


def _set(path: Path, key: str, value: str | int) -> None:
    """Write a setting for the whole sheet into a mapping file."""
    mapping.rewrite_mapping(path, with_setting(path.read_bytes().decode("utf-8-sig"), key, value))


def choose_region(
    sheet: Sheet,
    options: UploadOptions,
    fields: KnownFields,
    needed: RegionNeeded,
    console: Console,
    *,
    keep: bool,
) -> UploadOptions:
    """The options with the user's answer to which country phones without a country code belong.

    With `keep`, it is saved in the mapping file, or in a new one.
    """
    console.say(needed.what)
    region = _region(needed.suggested)

    def save() -> Path:
        if (file := options.mapping.file) is not None:
            path = file.path
        else:
            found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
            path = _write_new(sheet, options, found, sample_columns(sheet))
        _set(path, "region", region.lower() if region == NO_REGION else region)
        return path

    this_time = replace(options, mapping=replace(options.mapping, region=region))
    return _saved(options, this_time, save, console) if keep else this_time


def _region(suggested: str) -> str:
    question = "  Their country in two letters, such as PK, or none to send them as they are"
    try:
        while True:
            region = trim(typer.prompt(question, default=suggested or None, err=True)).upper()
            if region == NO_REGION or is_region(region):
                return region
    except typer.Abort:
        raise KeyboardInterrupt from None


def _answer(column: Column, look: ColumnSample, default: str, fields: KnownFields) -> str:
    """What the user says a column is; asked again until a field that is not known is confirmed."""
    values = f" ({', '.join(look.samples)})" if look.samples else ""
    known = (*STANDARD_FIELDS, *READ_ONLY_FIELDS, *fields)
    try:
        while True:
            answer = trim(typer.prompt(f"  {column}{values}", default=default, err=True))
            rule = parse_rule(column.name, answer, "")
            if answer == LEAVE_OUT or rule.use is not Use.FIELD or rule.target in known:
                return answer
            near = did_you_mean(rule.target, known)
            question = f"  {rule.target} is not a known field.{near} Send the column as this custom field?"
            if typer.confirm(question, default=False, err=True):
                return answer
    except typer.Abort:
        raise KeyboardInterrupt from None
