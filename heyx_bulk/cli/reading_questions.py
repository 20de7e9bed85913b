"""What is asked on a terminal about how a sheet is read: its worksheet, and the row of its headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from heyx_bulk.cli.asking import HELP, STOP, Choice, SavedAnswers, ask, set_in_mapping
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.sheet_input import UnreadSheet
from heyx_bulk.errors import HeaderRowNeeded, WorksheetNeeded, WriteError
from heyx_bulk.mapping import mapping_file as mapping
from heyx_bulk.mapping.template import begin_mapping
from heyx_bulk.models.phrases import count, did_you_mean, example
from heyx_bulk.sheets.sheet_options import SheetOptions, same_worksheet
from heyx_bulk.sheets.worksheet_choices import WorksheetChoice, worksheet_choices
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.options import UploadOptions

_CELLS_SHOWN = 5
_KEPT = "The answer is kept in {file}, so this is asked only once; {flag} wins over it."
_USED_ONCE = "To choose without being asked, add {flag}."


class _Answer(NamedTuple):
    """The answer to a question, the setting that it is, and the header that it leads to."""

    setting: str
    value: str | int
    header: Sequence[str]


def ask_how_to_read(
    unread: UnreadSheet, needed: WorksheetNeeded | HeaderRowNeeded, saved: SavedAnswers, *, can_go_back: bool
) -> UnreadSheet:
    """Ask which worksheet, or which row of headers is meant; the answer is saved in the mapping file."""
    answer = _answer(unread, needed, saved, can_go_back=can_go_back)
    options = unread.options
    file = _save(unread, answer, saved)
    if file is None:
        return replace(unread, options=replace(options, sheet=_with(options.sheet, answer)))
    if options.mapping.file is not None:
        options = replace(options, mapping=replace(options.mapping, file=file))
    return replace(unread, options=options, preset=file.preset)


def _with(options: SheetOptions, answer: _Answer) -> SheetOptions:
    if isinstance(answer.value, int):
        return replace(options, header_row=answer.value)
    return replace(options, worksheet=answer.value)


def _mapping_path(sheet: Path, options: UploadOptions) -> Path:
    """The mapping file that keeps how a sheet is read."""
    return sheet.with_suffix(mapping.SUFFIX) if options.mapping.file is None else options.mapping.file.path


def _save(unread: UnreadSheet, answer: _Answer, saved: SavedAnswers) -> mapping.MappingFile | None:
    """Save an answer in the mapping file; None if it cannot be kept."""
    path = _mapping_path(unread.path, unread.options)

    def write() -> None:
        if not path.exists():
            mapping.create_mapping(path, begin_mapping(unread.path.name))
        file = mapping.read_mapping(path)
        if not file.is_for(answer.header):
            raise WriteError(f"{short_path(path)} is for a sheet with other headers.")
        if (worksheet := unread.options.sheet.worksheet) is not None:
            if not same_worksheet(file.preset.worksheet or worksheet, worksheet):
                raise WriteError(f"{short_path(path)} is for the worksheet {file.preset.worksheet!r}.")
            set_in_mapping(path, "worksheet", worksheet)
        set_in_mapping(path, answer.setting, answer.value)

    return saved.save(path, write)


def _answer(
    unread: UnreadSheet, needed: WorksheetNeeded | HeaderRowNeeded, saved: SavedAnswers, *, can_go_back: bool
) -> _Answer:
    console = saved.console
    kept = short_path(_mapping_path(unread.path, unread.options)) if saved.saves else None
    if isinstance(needed, WorksheetNeeded):
        which = "heyx-bulk reads one worksheet: the one with your contacts. Enter its number or its name."
        about = f"{which}\n{_about(kept, '--worksheet NAME')}"
        chosen = ask_worksheet(unread.path, needed, console, about, can_go_back=can_go_back, stop=saved.stop)
        return _Answer("worksheet", chosen.name, chosen.header)
    about = _about(kept, "--header-row ROW")
    return _header_row(needed, console, about, can_go_back=can_go_back, stop=saved.stop)


def _about(kept: str | None, flag: str) -> str:
    return (_USED_ONCE if kept is None else _KEPT).format(file=kept, flag=flag)


def ask_worksheet(
    path: Path,
    needed: WorksheetNeeded,
    console: Console,
    about: str,
    *,
    can_go_back: bool = False,
    stop: str = STOP,
) -> WorksheetChoice:
    """The worksheet of a workbook that the user means; see `ask`."""
    console.show(f"{needed.what}.")
    choices = [*worksheet_choices(path, needed.names)]
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

    question = f"  Which worksheet? Its number or name, or {HELP} for help"
    offered = [Choice(choice.name, f"worksheet {number}") for number, choice in enumerate(choices, 1)]
    return ask(console, question, understand, about, choices=offered, can_go_back=can_go_back, stop=stop)


def _header_row(needed: HeaderRowNeeded, console: Console, about: str, *, can_go_back: bool, stop: str) -> _Answer:
    console.show(f"{needed.what}.")
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
    chosen = ask(
        console,
        question,
        understand,
        about,
        default=str(needed.suggested),
        choices=offered,
        can_go_back=can_go_back,
        stop=stop,
    )
    return _Answer("header_row", chosen, rows[chosen])


def _cells(cells: Iterable[str]) -> str:
    """The first values of a row."""
    texts = [example(cell) for cell in cells if cell.strip()]
    return ", ".join((*texts[:_CELLS_SHOWN], *(["…"] if len(texts) > _CELLS_SHOWN else [])))
