"""How a sheet and its columns are read: shown, taken from a mapping file, and asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import typer

from heyx_bulk.cli.console import Console
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.sheet_input import read_sheet
from heyx_bulk.cli.summary import tell_invalid
from heyx_bulk.cli.upload_view import tell_phones, tell_tags, tell_unknown_fields, tell_warnings
from heyx_bulk.errors import RegionNeeded, WriteError
from heyx_bulk.mapping import mapping_file as mapping
from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.known_headers import Suggestion
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import KnownFields, MappingResult, map_columns
from heyx_bulk.mapping.rules import parse_rule
from heyx_bulk.mapping.template import ColumnSample, render_template, with_columns, with_region
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.option import command_line, words
from heyx_bulk.models.phrases import count, did_you_mean, example
from heyx_bulk.reports.run_totals import TO_DO, exit_code
from heyx_bulk.reports.written_files import free_name
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.inspection import Inspection, column_document, inspect_sheet, meaning, sample_columns
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.phone import NO_REGION, is_region
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import ValueKind

LEAVE_OUT = STANDARD_INPUT = "-"


def show_columns(sheet: Path, options: UploadOptions, console: Console, save: Path | None, *, look: bool) -> int:
    """Show which field each column is, or write it into the mapping file `save`; the exit code."""
    opened, known = read_sheet(sheet, options.sheet), known_here()
    options = choose_mapping(opened, options, known, console, look=look and save is None)
    found = map_columns(opened.header, options.mapping, opened.blank, known)
    looks = sample_columns(opened)
    tell_columns(console, (*found.columns.columns, *found.columns.more), [look.samples for look in looks])
    if save is None:
        for mistake in found.mistakes:
            console.say(mistake)
        _tell_correction(console, sheet, options)
    else:
        mapping.write_mapping(save, render_template(opened.path.name, save.name, found, looks), opened.header)
        _tell_saved(console, sheet, options.sheet, save, found)
    total = len(found.columns.columns)
    known_columns = total - len(found.unknown)
    code = 2 if found.mistakes else 0
    console.result(
        f"{count(total, 'column')}: {known_columns} recognized, {len(found.unknown)} not recognized",
        _columns_document(found, save, code),
    )
    return code


def _tell_correction(console: Console, sheet: Path, options: UploadOptions) -> None:
    """Say how to change which field a column is: in the mapping file, or in one to be written."""
    if str(sheet) == STANDARD_INPUT:
        return
    if options.mapping.file is not None:
        console.say(f"To change it, edit {short_path(options.mapping.file.path)}.")
        return
    save = free_name(sheet.with_suffix(mapping.SUFFIX))
    given = (*words(options.sheet), *words(options.mapping))
    command = command_line("columns", short_path(sheet), *given, "--save", short_path(save))
    console.suggest("To change it in a file", command)


def _tell_saved(
    console: Console, path: Path, sheet_options: SheetOptions, save: Path, found: MappingResult
) -> None:
    console.say(f"Written: {short_path(save)}")
    if found.unknown:
        text = save.read_text(encoding="utf-8")
        lines = [str(number) for number, line in enumerate(text.splitlines(), 1) if line.startswith('field = ""')]
        be, noun = ("is", "line") if len(lines) == 1 else ("are", "lines")
        console.say(f"{count(len(lines), 'column')} {be} not mapped yet: edit {noun} {', '.join(lines)}.")
    by_itself = save.absolute() == path.with_suffix(mapping.SUFFIX).absolute()
    named = () if by_itself else ("--mapping", short_path(save))
    command = command_line("upload", short_path(path), *words(sheet_options), *named, "--simulate")
    console.suggest("Then", command)


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
    """Show how a sheet is read and which rows are invalid; the exit code."""
    opened, known = read_sheet(sheet, options.sheet), known_here()
    options = choose_mapping(opened, options, known, console, look=look)
    looked = inspect_sheet(opened, options, known)
    _tell_reading(console, looked)
    tell_columns(console, looked.columns, looked.samples)
    tell_invalid(console, looked.causes)
    tell_warnings(console, looked.warnings)
    tell_phones(console, looked.phones)
    tell_tags(console, looked.tags)
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
        "tags": [one._asdict() for one in looked.tags],
        "unknown_custom_fields": [column.field for column in looked.unknown_fields],
        "totals": looked.totals,
        "exit": code,
    }


def tell_columns(console: Console, columns: Sequence[Column], samples: Sequence[Sequence[str]]) -> None:
    """Print a line for each column: its field, why, and a few values; one more for each further field."""
    names = [" ".join(trim(column.header).split()) for column in columns]
    width = max(map(len, names), default=0)
    for column, name in zip(columns, names, strict=True):
        shown = ", ".join(example(text) for text in samples[column.position])
        why = f", {column.reason}" if column.reason else ""
        values = f"   ({shown})" if shown else ""
        console.say(f"  {column_letter(column.position):>3}  {name:{width}}  → {meaning(column)}{why}{values}")


def choose_mapping(
    sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console, *, look: bool, ask: bool = False
) -> UploadOptions:
    """The options with the mapping file for the sheet, if they name none and one is found.

    With `ask`, the user is asked about columns that were not recognized. `fields` are the known fields of the
    channel.
    """
    file = options.mapping.file
    if file is None and look and (path := mapping.find_mapping(sheet.path, sheet.header)) is not None:
        console.say(f"Using the mapping file {short_path(path)} (found automatically; --no-mapping ignores it).")
        file = mapping.read_mapping(path)
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
    answers, interrupted = options.mapping, False
    taken = {column.field: column for column in found.columns.used(Use.FIELD) if column.field}
    for column, hint in found.unknown:
        try:
            answer = _answer(column, looks[column.position], hint, fields, taken)
        except KeyboardInterrupt:
            interrupted = True
            break
        if answer == LEAVE_OUT:
            answers = replace(answers, ignore=(*answers.ignore, column.name))
        else:
            answers = replace(answers, map=(*answers.map, f"{column.name}={answer}"))
            if (rule := parse_rule(column.name, answer, "")).use is Use.FIELD:
                taken[rule.target] = column
    options = _keep_answers(sheet, options, answers, fields, looks, console)
    if interrupted:
        raise KeyboardInterrupt
    return options


def _keep_answers(
    sheet: Sheet,
    options: UploadOptions,
    answers: MappingOptions,
    fields: KnownFields,
    looks: Sequence[ColumnSample],
    console: Console,
) -> UploadOptions:
    """The options with `answers`, also if not all questions were answered; they are saved in the mapping file, or
    in a new one, unless they contradict each other.
    """
    before = map_columns(sheet.header, options.mapping, sheet.blank, fields)
    now = map_columns(sheet.header, answers, sheet.blank, fields)
    answered = replace(options, mapping=answers)
    if answers == options.mapping or len(now.mistakes) > bool(now.unknown):
        return answered
    left = {column.position for column, _ in now.unknown}
    asked = (column.position for column, _ in before.unknown)
    columns = [now.columns.columns[position] for position in asked if position not in left]

    def save() -> Path:
        if (file := options.mapping.file) is None:
            return _write_new(sheet, now, looks)
        mapping.rewrite_mapping(file.path, with_columns(_text_of(file.path), sheet.header, columns))
        return file.path

    return _saved(options, answered, save, console, "Your answers so far" if left else "Your answers")


def _saved(
    options: UploadOptions,
    this_time: UploadOptions,
    save: Callable[[], Path],
    console: Console,
    what: str = "Your answers",
) -> UploadOptions:
    """The options with the mapping file that `save` wrote the answers to; `this_time` if it cannot be written."""
    try:
        path = save()
    except WriteError as error:
        console.say(f"{what} are used this time only: {error.what}")
        return this_time
    console.say(f"{what} are saved in {short_path(path)}; edit them there.")
    return replace(options, mapping=replace(options.mapping, file=mapping.read_mapping(path)))


def _write_new(sheet: Sheet, found: MappingResult, looks: Sequence[ColumnSample], region: str = "") -> Path:
    """Write what the columns mean, and the region, to a new mapping file beside the sheet; texts stay texts."""
    path = sheet.path.with_suffix(mapping.SUFFIX)
    as_text = [ColumnSample(look.samples, ValueKind.TEXT) for look in looks]
    text = render_template(sheet.path.name, path.name, found, as_text)
    mapping.write_mapping(path, with_region(text, region) if region else text, sheet.header)
    return path


def _text_of(file: Path) -> str:
    """The text of a mapping file with its line ends."""
    return file.read_bytes().decode("utf-8-sig")


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
        if (file := options.mapping.file) is None:
            found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
            return _write_new(sheet, found, sample_columns(sheet), region)
        mapping.rewrite_mapping(file.path, with_region(_text_of(file.path), region))
        return file.path

    this_time = replace(options, mapping=replace(options.mapping, region=region))
    return _saved(options, this_time, save, console) if keep else this_time


def _region(suggested: str) -> str:
    question = "  Their country in two letters, such as PK, or none to send them as they are"
    try:
        while True:
            region = trim(typer.prompt(question, default=suggested or None, err=True)).upper()
            if region == NO_REGION or is_region(region):
                return region
            typer.echo(f"  {region} is not a country in two letters, such as {suggested or 'PK'}.", err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None


def _answer(
    column: Column, look: ColumnSample, hint: Suggestion | None, fields: KnownFields, taken: Mapping[str, Column]
) -> str:
    """What the user says a column is; asked again until a field that is not known is confirmed.

    `taken` are the columns of the fields that have one already.
    """
    values = f" ({', '.join(look.samples)})" if look.samples else ""
    why = f", {hint.reason}" if hint else ""
    known = (*STANDARD_FIELDS, *READ_ONLY_FIELDS, *fields)
    try:
        while True:
            default = hint.field if hint and hint.field not in taken else LEAVE_OUT
            answer = trim(typer.prompt(f"  {column}{values}{why}", default=default, err=True))
            rule = parse_rule(column.name, answer, "")
            if answer == LEAVE_OUT or rule.use is not Use.FIELD:
                return answer
            if (other := taken.get(rule.target)) is not None:
                typer.echo(f"  {rule.target} is column {other} already. Enter another field.", err=True)
                continue
            if rule.target in known:
                return answer
            near = did_you_mean(rule.target, known)
            question = f"  {rule.target} is not a known field.{near} Send the column as this custom field?"
            if typer.confirm(question, default=False, err=True):
                return answer
    except typer.Abort:
        raise KeyboardInterrupt from None
