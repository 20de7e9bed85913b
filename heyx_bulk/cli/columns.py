"""`heyx-bulk columns`: what each column of a sheet is taken for, shown, and written down to be corrected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import PlainConsole, SheetPath, Without
from heyx_bulk.cli.console import Console, short_path
from heyx_bulk.mapping.mapping_file import SUFFIX, write_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.option import command_line
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.phrases import count

if TYPE_CHECKING:
    from heyx_bulk.mapping.recognition import MappingResult


def columns(
    sheet: SheetPath,
    sheet_options: SheetOptions,
    mapping: Annotated[
        MappingOptions,
        Without(
            (
                *("add_tags", "remove_tags", "tracking_field", "constants"),
                *("region", "phone_format", "date_order", "lenient"),
            )
        ),
    ],
    console: PlainConsole,
    *,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Write what they mean into a mapping file, to be corrected."),
    ] = None,
    no_mapping: Annotated[bool, typer.Option("--no-mapping", help="Look for no mapping file.")] = False,
) -> int:
    """Show what each column of a sheet is taken for, and why; write it down, to be corrected in one place.

    \b
    heyx-bulk columns contacts.xlsx
    heyx-bulk columns contacts.xlsx --save contacts.toml

    An upload finds the mapping file by itself if it lies beside the sheet and has its name, or was written for the
    same headers. Needs no token; nothing is sent.
    """
    from heyx_bulk.cli.column_view import choose_mapping, tell_columns
    from heyx_bulk.cli.fields import known_here
    from heyx_bulk.mapping.recognition import map_columns
    from heyx_bulk.mapping.template import render_template
    from heyx_bulk.sheets.open_sheet import open_sheet
    from heyx_bulk.upload.inspection import sample_columns

    opened, known = open_sheet(sheet, sheet_options), known_here()
    options = UploadOptions(sheet_options, mapping)
    options = choose_mapping(opened, options, known, console, look=not no_mapping and save is None)
    found = map_columns(opened.header, options.mapping, opened.blank, known)
    looks = sample_columns(opened)
    tell_columns(console, (*found.columns.columns, *found.columns.more), [look.samples for look in looks])
    if save is None:
        for mistake in found.mistakes:
            console.say(mistake)
        command = command_line("columns", short_path(sheet), "--save", short_path(sheet.with_suffix(SUFFIX)))
        console.say(f"To correct it in one place:\n  {command}")
    else:
        write_mapping(save, render_template(opened.path.name, save.name, found, looks), opened.header)
        _tell_saved(console, sheet, save, found)
    total = len(found.columns.columns)
    known_columns = total - len(found.unknown)
    code = 2 if found.mistakes else 0
    console.result(
        f"{count(total, 'column')}: {known_columns} understood, {len(found.unknown)} not",
        _document(found, save, code),
    )
    return code


def _tell_saved(console: Console, path: Path, save: Path, found: MappingResult) -> None:
    console.say(f"Written: {short_path(save)}")
    if found.unknown:
        text = save.read_text(encoding="utf-8")
        lines = [str(number) for number, line in enumerate(text.splitlines(), 1) if line.startswith('field = ""')]
        need, noun = ("needs", "line") if len(lines) == 1 else ("need", "lines")
        console.say(f"{count(len(lines), 'column')} {need} a word of yours: {noun} {', '.join(lines)}.")
    by_itself = save.absolute() == path.with_suffix(SUFFIX).absolute()
    words = ["upload", short_path(path), "--simulate"] + ([] if by_itself else ["--mapping", short_path(save)])
    console.say(f"Then:\n  {command_line(*words)}")


def _document(found: MappingResult, save: Path | None, code: int) -> dict[str, object]:
    from heyx_bulk.cli.column_view import column_document

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
