"""The file of a plan taken back: which of its changes a person wants, and that nothing else in it was changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from heyx_bulk.errors import SheetError
from heyx_bulk.models.phrases import count, shorten
from heyx_bulk.reports.plan_file import LINES_ABOVE, PLAN_WORKSHEET
from heyx_bulk.reports.plan_lines import APPLY, LINE, NO, PLAN_COLUMNS, UNKNOWN, YES, PlanLine, plan_lines
from heyx_bulk.sheets.frames import Frame, numbers_of, row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.kept_cells import KeptCells
from heyx_bulk.values.convert import parse_boolean
from heyx_bulk.values.text import trim

MISTAKES_SHOWN = 20
LONGEST_VALUE = 60


class GivenLine(NamedTuple):
    """A line of a plan as it was given back: where it stands (`row 12`), and its texts, as in `PLAN_COLUMNS`."""

    place: str
    cells: Sequence[str]


def refused_changes(run: Run, name: str, given: Iterable[GivenLine]) -> list[tuple[int, int]]:
    """The changes (row, line in the row) that a person does not want, by the plan `given` back.

    A line that is not there any more is not wanted. Raises `SheetError` that names every line that is unknown,
    there twice, or has anything changed but `apply?`; what a spreadsheet changes by itself is no change.
    """
    mistakes: list[str] = []
    lines: dict[int, GivenLine] = {}
    for line in given:
        text = trim(line.cells[0])
        number = int(text) if text.isascii() and text.isdigit() else 0
        if number in lines:
            mistakes.append(f"{line.place}: line {number} of the plan is already in {lines[number].place}")
        elif not number:
            mistakes.append(f"{line.place}: “{shorten(text, LONGEST_VALUE)}” is not the number of a line")
        else:
            lines[number] = line
    refused: list[tuple[int, int]] = []
    for planned in plan_lines(run):
        back = lines.pop(planned.number, None)
        wanted = back is not None and _decision(planned, back, mistakes)
        if planned.can_be_applied and not wanted:
            refused.append((planned.row, planned.place))
    mistakes += (f"{line.place}: the plan has no line {number}" for number, line in lines.items())
    mistakes += _incomplete_creates(run, {*refused})
    if mistakes:
        shown = mistakes[:MISTAKES_SHOWN]
        if len(mistakes) > len(shown):
            shown.append(f"and {len(mistakes) - len(shown):,} more")
        raise SheetError(
            f"{name} is not the plan as it was made:\n  " + "\n  ".join(shown),
            f"Nothing was sent. Change only {APPLY}, which is {YES} or {NO}; you may sort lines and delete some.",
        )
    return refused


def _decision(planned: PlanLine, given: GivenLine, mistakes: list[str]) -> bool:
    """Whether a line is wanted; what is wrong with it is added to the `mistakes`."""
    kept = KeptCells()
    for name, known, found in zip(PLAN_COLUMNS[:-1], planned.cells(), given.cells, strict=False):
        text = kept.choose(known, found, planned.row, name)
        if trim(text) != trim(known):
            was, now = shorten(trim(known), LONGEST_VALUE), shorten(trim(text), LONGEST_VALUE)
            mistakes.append(f"{given.place}, column {name}: “{now}” was “{was}” when the plan was made")
    text = trim(given.cells[-1])
    wanted = parse_boolean(text)
    if wanted is None:
        mistakes.append(f"{given.place}, column {APPLY}: “{shorten(text, LONGEST_VALUE)}” is not {YES} or {NO}")
    elif wanted and not planned.can_be_applied:
        mistakes.append(f"{given.place}, column {APPLY}: this value stays as it is; only {NO} is possible")
    return bool(wanted)


def _incomplete_creates(run: Run, refused: set[tuple[int, int]]) -> Iterator[str]:
    """Contacts that would be created without a field that they are found by."""
    stored, queue = run.checkpoint.changes, run.checkpoint.queue
    for number in sorted({number for number, _ in refused}):
        if not stored.creates(number):
            continue
        row = run.sheet_row(queue.row(number))
        needed = {field.name for field in (*row.keys, row.tracking_field) if field is not None}
        made = [(place, one) for place, one in enumerate(stored.of(number, refused=True), 1)]
        if all((number, place) in refused for place, _ in made):
            continue
        for place, one in made:
            if one.field in needed and (number, place) in refused:
                yield (
                    f"row {number} of the sheet: a contact is not created without its {one.field}, by which it is "
                    f"found; set all lines of the row to {NO}, or this one to {YES}"
                )


def lines_of_file(path: Path) -> Iterator[GivenLine]:
    """The lines of the file of a plan; raises `SheetError` where it is none."""
    match path.suffix.lower():
        case ".json":
            yield from _lines_of_json(path)
        case ".html":
            raise SheetError(
                f"{path.name} is a plan for reading only.",
                "Make the plan as a file that ends in .xlsx, .csv or .json, and apply that.",
            )
        case _:
            yield from _lines_of_sheet(path)


def lines_of_frame(frame: Frame) -> Iterator[GivenLine]:
    """The lines of the DataFrame of a plan."""
    missing = [name for name in PLAN_COLUMNS if name != "row" and name not in frame.columns]
    if missing or frame.index.name != "row":
        names = ", ".join(missing) or "row, as its index"
        raise SheetError(
            f"The DataFrame is no plan: it has no {names}.", "Pass the DataFrame that hb.plan returned."
        )
    columns = [frame.index.tolist() if name == "row" else frame[name].tolist() for name in PLAN_COLUMNS]
    for cells in zip(*columns, strict=True):
        texts = [UNKNOWN if cell is None or cell != cell else str(cell) for cell in cells]  # noqa: PLR0124  NaN
        yield GivenLine(f"line {texts[0]}", texts)


def _lines_of_json(path: Path) -> Iterator[GivenLine]:
    try:
        lines = json.loads(path.read_text("utf-8-sig"))["lines"]
        found = [[str(line[name]) for name in PLAN_COLUMNS] for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SheetError(f"{path.name} is no plan: {error}.", "Name the file that heyx-bulk plan wrote.") from None
    return (GivenLine(f"line {cells[0]}", cells) for cells in found)


def _lines_of_sheet(path: Path) -> Iterator[GivenLine]:
    is_workbook = path.suffix.lower() != ".csv"
    worksheet = PLAN_WORKSHEET if is_workbook else None
    header_rows = (LINES_ABOVE + 1, 1) if is_workbook else (1, LINES_ABOVE + 1)
    headers: list[tuple[str, ...]] = []
    for header_row in header_rows:
        try:
            sheet = open_sheet(path, SheetOptions(worksheet=worksheet, header_row=header_row))
        except SheetError:
            if header_row == header_rows[-1]:
                raise
            continue
        header = [trim(name) for name in sheet.header]
        headers.append(tuple(header))
        if all(header.count(name) == 1 for name in PLAN_COLUMNS):
            places = [header.index(name) for name in PLAN_COLUMNS]
            for frame in sheet.frames():
                for number, texts in zip(numbers_of(frame.cells), row_texts(frame.cells), strict=True):
                    yield GivenLine(f"row {number}", [texts[at] for at in places])
            return
    nearest = max(headers, key=lambda header: sum(name in header for name in PLAN_COLUMNS))
    missing = [name for name in PLAN_COLUMNS if name not in nearest]
    what = f"{count(len(missing), 'column')} {', '.join(missing)}" if missing else "one of each of its columns"
    raise SheetError(
        f"{path.name} is no plan: it does not have {what}.",
        f"Name the file that heyx-bulk plan wrote, with its columns {LINE} to {APPLY} and the lines above them.",
    )
