"""`heyx-bulk columns`: what each column of a sheet is taken for, shown, and written down to be corrected."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.cli.console import Console, command, count, short_path
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.inspect import meaning, tell_columns
from heyx_bulk.cli.mapping import MappingWish
from heyx_bulk.mapping import mapping_store as mapping
from heyx_bulk.mapping.recognition import MappingResult, map_columns
from heyx_bulk.mapping.template import render_template
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.upload.inspection import sample_columns
from heyx_bulk.upload.options import UploadOptions


def show_columns(
    path: Path, options: UploadOptions, wish: MappingWish, save: Path | None, console: Console
) -> int:
    """Show what the columns of a sheet are taken for, and save it where that is wanted; the exit code."""
    sheet = options.open(path)
    options = wish.applied(options, sheet, console)
    found = map_columns(sheet.header, options.mapping, sheet.blank, known_here())
    looks = sample_columns(sheet)
    tell_columns(console, (*found.columns.columns, *found.columns.more), [look.samples for look in looks])
    mistakes = found.mistakes
    if save is None:
        for mistake in mistakes:
            console.say(mistake)
        console.say(
            f"To correct it in one place:\n  {command('columns', short_path(path), '--save', _toml(path))}"
        )
    else:
        mapping.write_mapping(save, render_template(sheet.path.name, save.name, found, looks), sheet.header)
        _tell_saved(console, path, save, found)
    total = len(found.columns.columns)
    known = total - len(found.unknown)
    code = 2 if mistakes else 0
    console.result(
        f"{count(total, 'column')}: {known} understood, {len(found.unknown)} not", _document(found, save, code)
    )
    return code


def _toml(path: Path) -> str:
    return short_path(path.with_suffix(mapping.SUFFIX))


def _tell_saved(console: Console, path: Path, save: Path, found: MappingResult) -> None:
    console.say(f"Written: {short_path(save)}")
    if found.unknown:
        text = save.read_text(encoding="utf-8")
        open_ = [str(number) for number, line in enumerate(text.splitlines(), 1) if line.startswith('field = ""')]
        lines = f"line {open_[0]}" if len(open_) == 1 else f"lines {', '.join(open_)}"
        console.say(
            f"{count(len(open_), 'column')} need{'s' if len(open_) == 1 else ''} a word of yours: {lines}."
        )
    by_itself = save.absolute() == path.with_suffix(mapping.SUFFIX).absolute()
    words = ["upload", short_path(path), "--simulate"] + ([] if by_itself else ["--mapping", short_path(save)])
    console.say(f"Then:\n  {command(*words)}")


def _document(found: MappingResult, save: Path | None, code: int) -> dict[str, object]:
    hints = {column.position: hint.field for column, hint in found.unknown if hint is not None}
    return {
        "columns": [
            {
                "column": column_letter(column.position),
                "header": column.header,
                "meaning": meaning(column),
                "reason": column.reason,
                "suggestion": hints.get(column.position),
            }
            for column in (*found.columns.columns, *found.columns.more)
        ],
        "mistakes": list(found.mistakes),
        "mapping": str(save) if save else None,
        "exit": code,
    }
