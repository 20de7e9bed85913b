"""What a sheet and its columns are taken for: shown, read from a mapping file, and asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import typer

from heyx_bulk.cli.console import Console, short_path
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.sheet_input import read_sheet
from heyx_bulk.cli.upload_view import tell_invalid, tell_phones, tell_unknown_fields, tell_warnings
from heyx_bulk.errors import WriteError
from heyx_bulk.mapping import mapping_file as mapping
from heyx_bulk.mapping.columns import Column
from heyx_bulk.mapping.recognition import KnownFields, MappingResult, map_columns
from heyx_bulk.mapping.template import ColumnSample, render_template
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import count, example
from heyx_bulk.reports.run_totals import TO_DO, exit_code
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.upload.inspection import Inspection, column_document, inspect_sheet, meaning, sample_columns
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

LEAVE_OUT = "-"


def show_columns(sheet: Path, options: UploadOptions, console: Console, save: Path | None, *, look: bool) -> int:
    """Show what each column is taken for, or write it into the mapping file `save`; the exit code."""
    opened, known = read_sheet(sheet, options.sheet), known_here()
    options = choose_mapping(opened, options, known, console, look=look and save is None)
    found = map_columns(opened.header, options.mapping, opened.blank, known)
    looks = sample_columns(opened)
    tell_columns(console, (*found.columns.columns, *found.columns.more), [look.samples for look in looks])
    if save is None:
        for mistake in found.mistakes:
            console.say(mistake)
        command = command_line(
            "columns", short_path(sheet), "--save", short_path(sheet.with_suffix(mapping.SUFFIX))
        )
        console.say(f"To correct it in one place:\n  {command}")
    else:
        mapping.write_mapping(save, render_template(opened.path.name, save.name, found, looks), opened.header)
        _tell_saved(console, sheet, save, found)
    total = len(found.columns.columns)
    known_columns = total - len(found.unknown)
    code = 2 if found.mistakes else 0
    console.result(
        f"{count(total, 'column')}: {known_columns} understood, {len(found.unknown)} not",
        _columns_document(found, save, code),
    )
    return code


def _tell_saved(console: Console, path: Path, save: Path, found: MappingResult) -> None:
    console.say(f"Written: {short_path(save)}")
    if found.unknown:
        text = save.read_text(encoding="utf-8")
        lines = [str(number) for number, line in enumerate(text.splitlines(), 1) if line.startswith('field = ""')]
        need, noun = ("needs", "line") if len(lines) == 1 else ("need", "lines")
        console.say(f"{count(len(lines), 'column')} {need} a word of yours: {noun} {', '.join(lines)}.")
    by_itself = save.absolute() == path.with_suffix(mapping.SUFFIX).absolute()
    words = ["upload", short_path(path), "--simulate"] + ([] if by_itself else ["--mapping", short_path(save)])
    console.say(f"Then:\n  {command_line(*words)}")


def _columns_document(found: MappingResult, save: Path | None, code: int) -> dict[str, object]:
    hints = {column.position: hint.field for column, hint in found.unknown if hint is not None}
    return {
        "columns": [
            {**column_document(column), "suggestion": hints.get(column.position)}
            for column in (*found.columns.columns, *found.columns.more)
        ],
        "mistakes": list(found.mistakes),
        "mapping": str(save) if save else None,
        "exit": code,
    }


def show_inspection(sheet: Path, options: UploadOptions, console: Console, *, look: bool) -> int:
    """Show how a sheet is read and what is wrong with it; the exit code."""
    opened, known = read_sheet(sheet, options.sheet), known_here()
    options = choose_mapping(opened, options, known, console, look=look)
    looked = inspect_sheet(opened, options, known)
    _tell_reading(console, looked)
    tell_columns(console, looked.columns, looked.samples)
    tell_invalid(console, looked.causes)
    tell_warnings(console, looked.warnings)
    tell_phones(console, looked.phones)
    tell_unknown_fields(console, looked.unknown_fields)
    for mistake in looked.mistakes:
        console.say(mistake)
    code = 2 if looked.mistakes else exit_code({**looked.totals, TO_DO: 0})
    ready = looked.totals.get(TO_DO, 0)
    invalid = sum(looked.totals.values()) - ready
    console.result(
        f"{count(ready + invalid, 'row')}: {ready:,} can be sent, {invalid:,} invalid",
        _inspection_document(looked, code),
    )
    return code


def _tell_reading(console: Console, looked: Inspection) -> None:
    sheet = looked.sheet
    worksheet = f", worksheet “{sheet.worksheet}”" if sheet.worksheet else ""
    console.say(f"{sheet.path.name}: {sheet.format}{worksheet}, headers in row {sheet.header_row}")
    for note in sheet.notes:
        console.say(f"  {note}")


def _inspection_document(looked: Inspection, code: int) -> dict[str, object]:
    sheet = looked.sheet
    return {
        "sheet": sheet.path.name,
        "format": sheet.format,
        "worksheet": sheet.worksheet,
        "header_row": sheet.header_row,
        "notes": list(sheet.notes),
        "columns": [
            {**column_document(column), "values": looked.samples[column.position]} for column in looked.columns
        ],
        "mistakes": list(looked.mistakes),
        "problems": [dict(zip(("cause", *cause._fields[1:]), cause, strict=True)) for cause in looked.causes],
        "warnings": [asdict(found) for found in looked.warnings],
        "phones": [asdict(found) for found in looked.phones],
        "unknown_custom_fields": [column.field for column in looked.unknown_fields],
        "totals": looked.totals,
        "exit": code,
    }


def tell_columns(console: Console, columns: Sequence[Column], samples: Sequence[Sequence[str]]) -> None:
    """Say of each column what it is taken for, why, and a few of its values; once more for each further field."""
    width = max((len(trim(column.header)) for column in columns), default=0)
    for column in columns:
        shown = ", ".join(example(text) for text in samples[column.position])
        why = f", {column.reason}" if column.reason else ""
        name = trim(column.header).ljust(width)
        values = f"   ({shown})" if shown else ""
        console.say(f"  {column_letter(column.position):>3}  {name}  → {meaning(column)}{why}{values}")


def choose_mapping(
    sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console, *, look: bool, ask: bool = False
) -> UploadOptions:
    """The options with what the mapping file says that is meant for the sheet, if they name none and one is found.

    Where `ask`, a person at a terminal is asked about columns that nobody knows. `fields` are those the channel is
    known to have.
    """
    file = options.mapping.file
    if file is None and look and (path := mapping.find_mapping(sheet.path, sheet.header)) is not None:
        console.say(f"The columns are as {short_path(path)} says (found by itself; --no-mapping leaves it alone).")
        file = mapping.read_mapping(path)
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
