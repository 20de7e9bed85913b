"""What is asked on a terminal about how a sheet is read: its worksheet, and the row of its headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from heyx_bulk.cli.asking import HELP, Choice, GoBack, ask, keep, set_in_mapping
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.sheet_input import read_sheet
from heyx_bulk.errors import HeaderRowNeeded, WorksheetNeeded, WriteError
from heyx_bulk.mapping import mapping_file as mapping
from heyx_bulk.mapping.template import begin_mapping
from heyx_bulk.models.option import words
from heyx_bulk.models.phrases import count, did_you_mean, example
from heyx_bulk.sheets.detect_format import STANDARD_INPUT
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions, same_worksheet
from heyx_bulk.sheets.worksheet_choices import WorksheetChoice, worksheet_choices
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.options import UploadOptions

_CELLS_SHOWN = 5
_KEPT = "The answer is kept in {file}, so this is asked only once; {flag} wins over it."
_USED_ONCE = "To choose without being asked, add {flag}."


class OpenedSheet(NamedTuple):
    """A sheet, the options with how it was read, and the words of the answers that no mapping file keeps."""

    sheet: Sheet
    options: UploadOptions
    not_kept: tuple[str, ...]


class _Answer(NamedTuple):
    """The answer to a question, the setting that it is, and the header that it leads to."""

    setting: str
    value: str | int
    header: Sequence[str]


def open_mapped(
    path: Path, options: UploadOptions, console: Console, *, look: bool, may_ask: bool = True, save: bool = True
) -> OpenedSheet:
    """Open a sheet as options and mapping file say.

    With `look`, the mapping file beside the sheet is read where the options name none. With `may_ask`, the user
    is asked what is left open, and with `save`, the answers are saved in the mapping file, or in a new one.
    """
    is_file = path != STANDARD_INPUT
    found = look and is_file and options.mapping.file is None
    preset = mapping.find_preset(path) if found else options.preset
    not_kept: dict[str, list[str]] = {}
    given = options.sheet.worksheet
    while True:
        try:
            opened = read_sheet(path, options.sheet, preset)
        except (WorksheetNeeded, HeaderRowNeeded) as needed:
            if not (may_ask and is_file and console.can_ask):
                raise
            kept = _mapping_path(path, options) if save else None
            try:
                answer = _answer(path, needed, console, kept, can_go_back=options.sheet.worksheet != given)
            except GoBack:
                options = replace(options, sheet=replace(options.sheet, worksheet=given))
                continue
            if save and (saved := _save(path, options, answer, console)) is not None:
                if options.mapping.file is not None:
                    file = mapping.read_mapping(saved)
                    options = replace(options, mapping=replace(options.mapping, file=file))
            else:
                not_kept[answer.setting] = [*words(_with(SheetOptions(), answer))]
            options = replace(options, sheet=_with(options.sheet, answer))
        else:
            return OpenedSheet(opened, options.as_read(opened, preset), tuple(chain(*not_kept.values())))


def _with(options: SheetOptions, answer: _Answer) -> SheetOptions:
    if isinstance(answer.value, int):
        return replace(options, header_row=answer.value)
    return replace(options, worksheet=answer.value)


def _mapping_path(sheet: Path, options: UploadOptions) -> Path:
    """The mapping file that keeps how a sheet is read."""
    return sheet.with_suffix(mapping.SUFFIX) if options.mapping.file is None else options.mapping.file.path


def _save(sheet: Path, options: UploadOptions, answer: _Answer, console: Console) -> Path | None:
    """Save an answer in the mapping file; None if it cannot be kept."""

    def save() -> Path:
        path = _mapping_path(sheet, options)
        if not path.exists():
            mapping.create_mapping(path, begin_mapping(sheet.name))
        file = mapping.read_mapping(path)
        if not file.is_for(answer.header):
            raise WriteError(f"{short_path(path)} is for a sheet with other headers.")
        if (worksheet := options.sheet.worksheet) is not None:
            if not same_worksheet(file.preset.worksheet or worksheet, worksheet):
                raise WriteError(f"{short_path(path)} is for the worksheet {file.preset.worksheet!r}.")
            set_in_mapping(path, "worksheet", worksheet)
        set_in_mapping(path, answer.setting, answer.value)
        return path

    return keep(console, save)


def _answer(
    path: Path,
    needed: WorksheetNeeded | HeaderRowNeeded,
    console: Console,
    kept: Path | None,
    *,
    can_go_back: bool,
) -> _Answer:
    """Ask which worksheet, or which row is meant; the answer is kept in the file `kept`, if any."""
    console.show(f"{needed.what}.")
    if isinstance(needed, WorksheetNeeded):
        return _worksheet([*worksheet_choices(path, needed.names)], console, _about(kept, "--worksheet NAME"))
    return _header_row(needed, console, _about(kept, "--header-row ROW"), can_go_back=can_go_back)


def _about(kept: Path | None, flag: str) -> str:
    return (_USED_ONCE if kept is None else _KEPT).format(file=kept and short_path(kept), flag=flag)


def _worksheet(choices: Sequence[WorksheetChoice], console: Console, about: str) -> _Answer:
    names = [choice.name for choice in choices]
    width = max(map(len, map(example, names)))
    for number, choice in enumerate(choices, 1):
        rows = f"over {count(choice.rows, 'row')}" if choice.more else count(choice.rows, "row")
        size = f"{rows}, {count(choice.columns, 'column')}"
        console.show(f"  {number:>2}  {example(choice.name):{width}}  {size}: {_cells(choice.header)}")

    def understand(text: str) -> WorksheetChoice | None:
        exact = [choice for choice in choices if choice.name == text]
        folded = [choice for choice in choices if same_worksheet(choice.name, text)]
        if exact or folded:
            return (exact or folded)[0]
        if text.isdecimal() and 0 < int(text) <= len(choices):
            return choices[int(text) - 1]
        near = did_you_mean(text, names)
        console.show(f"  {text!r} is not one of them.{near} Enter a number from 1 to {len(choices)}, or a name.")
        return None

    about = f"heyx-bulk reads one worksheet: the one with your contacts. Enter its number or its name.\n{about}"
    question = f"  Which worksheet? Its number or name, or {HELP} for help"
    offered = [Choice(choice.name, f"worksheet {number}") for number, choice in enumerate(choices, 1)]
    chosen = ask(console, question, understand, about, choices=offered)
    return _Answer("worksheet", chosen.name, chosen.header)


def _header_row(needed: HeaderRowNeeded, console: Console, about: str, *, can_go_back: bool) -> _Answer:
    rows = dict(needed.rows)
    width = len(str(max(rows)))
    for number, cells in rows.items():
        console.show(f"  row {number:>{width}}  {_cells(cells)}")

    def understand(text: str) -> int | None:
        if text.isdecimal() and int(text) in rows:
            return int(text)
        console.show(f"  {text!r} is not one of these rows. For any other row, add --header-row ROW.")
        return None

    about = (
        "The headers say what each column is, such as Phone. Rows above them are ignored, rows below are "
        f"contacts.\n{about}"
    )
    question = f"  Which row has the headers? Its number, or {HELP} for help"
    offered = [Choice(str(number), _cells(cells)) for number, cells in rows.items()]
    default = str(needed.suggested)
    chosen = ask(console, question, understand, about, default=default, choices=offered, can_go_back=can_go_back)
    return _Answer("header_row", chosen, rows[chosen])


def _cells(cells: Iterable[str]) -> str:
    """The first values of a row."""
    texts = [example(cell) for cell in cells if cell.strip()]
    return ", ".join((*texts[:_CELLS_SHOWN], *(["…"] if len(texts) > _CELLS_SHOWN else [])))
