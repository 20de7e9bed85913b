"""What is asked on a terminal about the columns of a sheet and the country of its phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from heyx_bulk.cli.asking import HELP, Choice, GoBack, ask, confirm, keep, set_in_mapping
from heyx_bulk.cli.console import Console
from heyx_bulk.errors import RegionNeeded, SeparatorNeeded
from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.known_headers import Suggestion
from heyx_bulk.mapping.mapping_file import (
    SUFFIX,
    create_mapping,
    find_mapping,
    parse_mapping,
    read_mapping,
    remember_mapping,
    rewrite_mapping,
)
from heyx_bulk.mapping.recognition import KnownFields, MappingResult, map_columns
from heyx_bulk.mapping.rules import FULL_NAME, parse_rule, split_rule
from heyx_bulk.mapping.tag_lists import SEPARATORS, separator_mistake
from heyx_bulk.mapping.template import ColumnSample, is_begun, render_template, with_columns
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from heyx_bulk.models.phrases import did_you_mean
from heyx_bulk.reports.written_files import free_name
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.inspection import sample_columns
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.phone import NO_REGION, is_region
from heyx_bulk.values.value_types import ValueKind

LEAVE_OUT = "-"


def choose_mapping(
    sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console, *, look: bool, ask: bool = False
) -> UploadOptions:
    """The options with the mapping file for the sheet, if they name none and one is found.

    With `ask`, the user is asked about columns that were not recognized. `fields` are the known fields of the
    channel.
    """
    file = options.mapping.file
    found = find_mapping(sheet.path, sheet.header, sheet.worksheet) if file is None and look else None
    if found is not None:
        console.say(f"Using the mapping file {short_path(found)} (found automatically; --no-mapping ignores it).")
        file = read_mapping(found)
    elif file is not None:
        console.say(f"Using the mapping file {short_path(file.path)}.")
    options = replace(options, mapping=replace(options.mapping, file=file))
    return _ask(sheet, options, fields, console) if ask and console.can_ask else options


def _ask(sheet: Sheet, options: UploadOptions, fields: KnownFields, console: Console) -> UploadOptions:
    """The options with the user's answers about unknown columns, which are saved in a mapping file.

    Those that were given before a Ctrl-C are saved too.
    """
    found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
    if not found.unknown:
        return options
    console.show(
        f"Some columns of {sheet.path.name} were not recognized. For each, enter the name of the HeyX field,"
    )
    console.show(
        f"tags for a list of tags, tag:VIP for a yes/no column of one tag, {LEAVE_OUT} to ignore the column, or "
        f"{HELP} for help."
    )
    looks = sample_columns(sheet)
    asked, steps = [column.position for column, _ in found.unknown], [options]
    try:
        while len(steps) <= len(found.unknown):
            column, hint = found.unknown[len(steps) - 1]
            taken = _fields_of(sheet, steps[-1], fields)
            try:
                look, first = looks[column.position], len(steps) == 1
                answer = _answer(console, column, look, hint, fields, taken, can_go_back=not first)
                steps.append(_with(steps[-1], column, answer))
            except GoBack:
                steps.pop()
    except KeyboardInterrupt:
        _save_columns(sheet, options, steps[-1], asked[: len(steps) - 1], fields, looks, console)
        raise
    return _save_columns(sheet, options, steps[-1], asked, fields, looks, console)


def _fields_of(sheet: Sheet, options: UploadOptions, fields: KnownFields) -> dict[str, Column]:
    """The fields that columns are sent as, each with its column."""
    columns = map_columns(sheet.header, options.mapping, sheet.blank, fields).columns
    return {column.field: column for column in columns.used(Use.FIELD) if column.field}


def _with(options: UploadOptions, column: Column, answer: str) -> UploadOptions:
    """The options with what the user says a column is."""
    given = options.mapping
    if answer == LEAVE_OUT:
        return replace(options, mapping=replace(given, ignore=(*given.ignore, column.name)))
    return replace(options, mapping=replace(given, map=(*given.map, f"{column.name}={answer}")))


def _save_columns(
    sheet: Sheet,
    options: UploadOptions,
    answered: UploadOptions,
    asked: Sequence[int],
    fields: KnownFields,
    looks: Sequence[ColumnSample],
    console: Console,
) -> UploadOptions:
    """The options with the mapping file that the answers are saved in; `answered` if they cannot be."""
    found = map_columns(sheet.header, answered.mapping, sheet.blank, fields)
    left = {column.position for column, _ in found.unknown}
    if not asked or (found.mistakes and not left):
        return answered

    def save() -> Path:
        path, is_new = _write(sheet, options, found, looks)
        if not is_new:
            text = with_columns(_text(path), found, _as_text(looks), asked)
            parse_mapping(text, path.name)
            rewrite_mapping(path, text)
        return path

    path = keep(console, save)
    return answered if path is None else _using(options, path)


def _using(options: UploadOptions, path: Path) -> UploadOptions:
    return replace(options, mapping=replace(options.mapping, file=read_mapping(path)))


def _write(
    sheet: Sheet, options: UploadOptions, found: MappingResult, looks: Sequence[ColumnSample]
) -> tuple[Path, bool]:
    """The mapping file for answers, and whether it was written now with what all columns mean."""
    file = options.mapping.file
    # The file with the sheet's name may be for another worksheet.
    path = free_name(sheet.path.with_suffix(SUFFIX)) if file is None else file.path
    if file is not None and not is_begun(_text(path), sheet.path.name):
        return path, False
    text = render_template(sheet.path.name, path.name, found, _as_text(looks), options.sheet)
    if file is None:
        create_mapping(path, text)
    else:
        rewrite_mapping(path, text)
    remember_mapping(path, sheet.header)
    return path, True


def _as_text(looks: Sequence[ColumnSample]) -> list[ColumnSample]:
    """Looks of columns whose texts stay texts."""
    return [ColumnSample(look.samples, ValueKind.TEXT) for look in looks]


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def choose_for_sheet(
    sheet: Sheet,
    options: UploadOptions,
    fields: KnownFields,
    needed: RegionNeeded | SeparatorNeeded,
    console: Console,
    *,
    save: bool,
) -> UploadOptions:
    """The options with the user's answer to what is needed, which decides for the whole sheet.

    With `save`, it is saved in the mapping file, or in a new one.
    """
    console.show(needed.what)
    if isinstance(needed, RegionNeeded):
        key, answer = "region", _region(console, needed.suggested)
        this_time = replace(options, mapping=replace(options.mapping, region=answer))
    else:
        key, answer = "tag_separator", _separator(console)
        this_time = replace(options, mapping=replace(options.mapping, tag_separator=answer))
    if not save:
        return this_time

    def write() -> Path:
        found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
        path, _ = _write(sheet, options, found, sample_columns(sheet))
        set_in_mapping(path, key, answer.lower() if answer == NO_REGION else answer)
        return path

    path = keep(console, write)
    return this_time if path is None else _using(options, path)


def _separator(console: Console) -> str:
    def understand(text: str) -> str | None:
        if mistake := separator_mistake(text):
            console.show(f"  {mistake[:1].upper()}{mistake[1:]}.")
            return None
        return text

    signs = f"{', '.join(SEPARATORS[:-1])} or {SEPARATORS[-1]}"
    about = "The sign between two tags in a cell. All lists of tags of the sheet are split by it alone."
    return ask(console, f"  What separates tags: {signs}", understand, about)


def _region(console: Console, suggested: str) -> str:
    def understand(text: str) -> str | None:
        region = text.upper()
        if region == NO_REGION or is_region(region):
            return region
        console.show(f"  {text!r} is not the two-letter code of a country.")
        return None

    question = "  Their country in two letters, such as PK, or none to send them as they are"
    about = (
        "A phone without a country code, such as 0300 1234567, is a different phone in each country.\n"
        "With PK, it is sent as +923001234567. With none, it is sent as it is."
    )
    return ask(console, question, understand, about, default=suggested)


def _answer(
    console: Console,
    column: Column,
    look: ColumnSample,
    hint: Suggestion | None,
    fields: KnownFields,
    taken: Mapping[str, Column],
    *,
    can_go_back: bool,
) -> str:
    """What the user says a column is; asked again until a field that is not known is confirmed.

    `taken` are the columns of the fields that have one already.
    """
    values = f" ({', '.join(look.samples)})" if look.samples else ""
    why = f", {hint.reason}" if hint else ""
    named = hint.field.split("+") if hint else []
    default = hint.field if hint and taken.keys().isdisjoint(named) else LEAVE_OUT
    known = (*STANDARD_FIELDS, *READ_ONLY_FIELDS, *fields)

    def understand(answer: str) -> str | None:
        rule = parse_rule(column.name, answer, "")
        if answer == LEAVE_OUT or rule.use is not Use.FIELD:
            return answer
        names = [part.target for part in split_rule(rule)]
        for name in names:
            if (other := taken.get(name)) is not None:
                console.show(f"  {name} is column {other} already. Enter another field.")
                return None
        if {*names}.issubset(known):
            return answer
        near = did_you_mean(rule.target, known)
        question = f"  {rule.target} is not a known field.{near} Send the column as this custom field?"
        exactly = (
            f"Enter y if {rule.target} is exactly the name of a custom field in HeyX, and n to enter another."
        )
        try:
            return answer if confirm(console, question, exactly, can_go_back=True) else None
        except GoBack:
            return None

    about = (
        f"HeyX's fields: {', '.join(STANDARD_FIELDS)}.\n"
        f"Custom fields: {', '.join(fields) or 'none known; enter its name exactly as HeyX has it'}.\n"
        f"Enter {FULL_NAME} to split a full name at its first blank, tags for a list of tags,\n"
        f"tag:VIP for a yes/no column of one tag, or {LEAVE_OUT} to ignore the "
        "column."
    )
    return ask(
        console,
        f"  {column}{values}{why}",
        understand,
        about,
        default=default,
        choices=_choices(fields),
        can_go_back=can_go_back,
    )


def _choices(fields: KnownFields) -> list[Choice]:
    """What a column can be."""
    return [
        *(Choice(name, "a field of HeyX") for name in STANDARD_FIELDS),
        *(Choice(name, "a custom field of this channel") for name in fields),
        Choice(FULL_NAME, "a full name, split at its first blank"),
        Choice("tags", "a list of tags"),
        Choice("tag:", "yes or no for one tag"),
        Choice(LEAVE_OUT, "ignore the column"),
    ]
