"""What is asked on a terminal about the columns of a sheet and the country of its phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from heyx_bulk.cli.asking import HELP, Choice, GoBack, Question, SavedAnswers, ask, confirm, set_in_mapping
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.sheet_input import OpenedSheet
from heyx_bulk.errors import Interrupted, RegionNeeded, SeparatorNeeded
from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.known_headers import Suggestion
from heyx_bulk.mapping.mapping_file import (
    SUFFIX,
    MappingFile,
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


def find_mapping_file(sheet: Sheet, options: UploadOptions, console: Console, *, look: bool) -> UploadOptions:
    """The options with the mapping file for the sheet, if they name none, one is found, and `look` is set."""
    file = options.mapping.file
    found = find_mapping(sheet.path, sheet.header, sheet.worksheet) if file is None and look else None
    if found is not None:
        console.say(f"Using the mapping file {short_path(found)} (found automatically; --no-mapping ignores it).")
        return _using(options, read_mapping(found))
    if file is not None:
        console.say(f"Using the mapping file {short_path(file.path)}.")
    return options


def column_question(opened: OpenedSheet, fields: KnownFields, saved: SavedAnswers) -> Question[OpenedSheet] | None:
    """The question about the next column that was not recognized and not asked about; None without such a column.

    `fields` are the known fields of the channel. If the question is interrupted, the answers before it are saved.
    """
    sheet, mapping = opened.sheet, opened.options.mapping
    unknown = map_columns(sheet.header, mapping, sheet.blank, fields).unknown
    left = [(column, hint) for column, hint in unknown if column.position not in opened.answered]
    if not left:
        return None
    (column, hint), console = left[0], saved.console
    if not opened.answered:
        console.show(
            f"Some columns of {sheet.path.name} were not recognized. For each, enter the name of the HeyX field,\n"
            f"tags for a list of tags, tag:VIP for a yes/no column of one tag, {LEAVE_OUT} to ignore the column, "
            f"or {HELP} for help."
        )
    look = sample_columns(sheet)[column.position]
    taken = _fields_of(sheet, opened.options, fields)

    def question(*, can_go_back: bool) -> OpenedSheet:
        try:
            answer = _answer(saved, column, look, hint, fields, taken, can_go_back=can_go_back)
        except (KeyboardInterrupt, Interrupted):
            save_columns(opened, fields, saved)
            raise
        answered = (*opened.answered, column.position)
        return replace(opened, options=_with(opened.options, column, answer), answered=answered)

    return question


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


def save_columns(opened: OpenedSheet, fields: KnownFields, saved: SavedAnswers) -> OpenedSheet:
    """The sheet with the answers about its columns in a mapping file, or as they are if they cannot be saved."""
    sheet, given = opened.sheet, opened.before
    found = map_columns(sheet.header, opened.options.mapping, sheet.blank, fields)
    left = {column.position for column, _ in found.unknown}
    if opened.options is given or (found.mistakes and not left):
        return opened
    looks, path = sample_columns(sheet), _mapping_path(sheet, given)

    def write() -> None:
        if not _begin(path, sheet, given, found, looks):
            text = with_columns(_text(path), found, _as_text(looks), opened.answered)
            parse_mapping(text, path.name)
            rewrite_mapping(path, text)

    file = saved.save(path, write)
    options = opened.options if file is None else _using(given, file)
    return replace(opened, options=options, before=options)


def _using(options: UploadOptions, file: MappingFile) -> UploadOptions:
    return replace(options, mapping=replace(options.mapping, file=file))


def _mapping_path(sheet: Sheet, options: UploadOptions) -> Path:
    """The mapping file for answers: the file with the sheet's name may be for another worksheet."""
    file = options.mapping.file
    return free_name(sheet.path.with_suffix(SUFFIX)) if file is None else file.path


def _begin(
    path: Path, sheet: Sheet, options: UploadOptions, found: MappingResult, looks: Sequence[ColumnSample]
) -> bool:
    """Whether the mapping file is new, and was written now with what all columns mean."""
    file = options.mapping.file
    if file is not None and not is_begun(_text(path), sheet.path.name):
        return False
    text = render_template(sheet.path.name, path.name, found, _as_text(looks), options.sheet)
    if file is None:
        create_mapping(path, text)
    else:
        rewrite_mapping(path, text)
    remember_mapping(path, sheet.header)
    return True


def _as_text(looks: Sequence[ColumnSample]) -> list[ColumnSample]:
    """Looks of columns whose texts stay texts."""
    return [ColumnSample(look.samples, ValueKind.TEXT) for look in looks]


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def ask_for_sheet(
    opened: OpenedSheet,
    needed: RegionNeeded | SeparatorNeeded,
    fields: KnownFields,
    saved: SavedAnswers,
    *,
    can_go_back: bool,
) -> OpenedSheet:
    """Ask what decides for the whole sheet: the country of its phones, or what separates its tags.

    The answer is saved in the mapping file, or in a new one.
    """
    saved.console.show(needed.what)
    sheet, options = opened.sheet, opened.options
    if isinstance(needed, RegionNeeded):
        key, answer = "region", _region(saved, needed.suggested, can_go_back=can_go_back)
        this_time = replace(options, mapping=replace(options.mapping, region=answer))
    else:
        key, answer = "tag_separator", _separator(saved, can_go_back=can_go_back)
        this_time = replace(options, mapping=replace(options.mapping, tag_separator=answer))
    path = _mapping_path(sheet, options)

    def write() -> None:
        found = map_columns(sheet.header, options.mapping, sheet.blank, fields)
        _begin(path, sheet, options, found, sample_columns(sheet))
        set_in_mapping(path, key, answer.lower() if answer == NO_REGION else answer)

    file = saved.save(path, write)
    options = this_time if file is None else _using(options, file)
    return replace(opened, options=options, before=options)


def _separator(saved: SavedAnswers, *, can_go_back: bool) -> str:
    console = saved.console

    def understand(text: str) -> str | None:
        if mistake := separator_mistake(text):
            console.show(f"  {mistake[:1].upper()}{mistake[1:]}.")
            return None
        return text

    signs = f"{', '.join(SEPARATORS[:-1])} or {SEPARATORS[-1]}"
    about = "The sign between two tags in a cell. All lists of tags of the sheet are split by it alone."
    question = f"  What separates tags: {signs}"
    return ask(console, question, understand, about, can_go_back=can_go_back, stop=saved.stop)


def _region(saved: SavedAnswers, suggested: str, *, can_go_back: bool) -> str:
    console = saved.console

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
    return ask(console, question, understand, about, default=suggested, can_go_back=can_go_back, stop=saved.stop)


def _answer(
    saved: SavedAnswers,
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
    console = saved.console
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
            return answer if confirm(console, question, exactly, can_go_back=True, stop=saved.stop) else None
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
        stop=saved.stop,
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
