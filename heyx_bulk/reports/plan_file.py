"""The file of a plan: written for a person to read, and to choose what is to be applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from heyx_bulk.errors import SettingsError, WriteError
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import minute_of
from heyx_bulk.planning.changes import Action
from heyx_bulk.reports.plan_lines import APPLY, NO, PLAN_COLUMNS, YES, plan_lines, plan_sentence, plan_totals
from heyx_bulk.reports.written_files import is_unchanged, write_file
from heyx_bulk.sheets.excel_writer import CellStyle
from heyx_bulk.sheets.limits import MOST_ROWS
from heyx_bulk.sheets.writer import write_sheet, write_text
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import short_path

PLAN_WORKSHEET = "Plan"
LINES_ABOVE = 5
"""The lines of text above the header of a workbook."""

COLORS = {
    Action.CREATE: "#E2F0D9",
    Action.UPDATE: "#FFF2CC",
    Action.ADD_TAGS: "#DDEBF7",
    Action.REMOVE_TAGS: "#F8CBAD",
}


def check_plan_name(path: Path, checkpoint: Path) -> None:
    """Raise a `UsageError` where a plan cannot be written to `path`, before anything is looked up for it."""
    if path.suffix.lower() not in _WRITERS:
        raise SettingsError(
            f"A plan cannot be written to {path.name}.",
            f"Name a file that ends in {', '.join([*_WRITERS][:-1])} or {[*_WRITERS][-1]}.",
        )
    if not path.exists():
        return
    if checkpoint.exists():
        with Checkpoint.open(checkpoint) as opened:
            if is_unchanged(opened, path):
                return
    raise WriteError(
        f"{short_path(path)} exists already, and it is not a plan as heyx-bulk wrote it.",
        "Delete it, or name another file with -o.",
    )


def write_plan(run: Run, path: Path, address: str) -> Path:
    """Write the plan of a run to `path`, in the format of its suffix; returns where it was written.

    `address` is that of HeyX, or of a sandbox.
    """
    write = _WRITERS[path.suffix.lower()]
    return write_file(run.checkpoint, path, lambda place: write(run, place, _heading(run, path, address)))


def _heading(run: Run, path: Path, address: str) -> list[str]:
    info, plan = run.checkpoint.info, run.checkpoint.facts.plan_info
    made_at = minute_of(plan.made_at) if plan is not None else ""
    return [
        f"Plan {info.short_id}: what would change in HeyX ({address}) for {info.sheet}, looked up {made_at}",
        plan_sentence(run),
        f"To leave a change out, set {APPLY} to {NO}. Change nothing else; deleting a line is the same as {NO}.",
        f"To send the others, save this file and run: {command_line('apply', short_path(path))}",
        "",
    ]


def _write_workbook(run: Run, place: Path, heading: Sequence[str]) -> None:
    lines = run.checkpoint.changes.count()
    if lines > MOST_ROWS - 1 - len(heading):
        raise WriteError(
            f"The plan has {lines:,} lines, more than a worksheet holds.", "Name a file that ends in .csv."
        )
    colors = {str(action): color for action, color in COLORS.items()}
    style = CellStyle(column=PLAN_COLUMNS.index("call"), colors=colors, above=heading, choices=(YES, NO))
    write_sheet(
        place, PLAN_COLUMNS, (line.cells() for line in plan_lines(run)), worksheet=PLAN_WORKSHEET, style=style
    )


def _write_csv(run: Run, place: Path, _: Sequence[str]) -> None:
    write_sheet(place, PLAN_COLUMNS, (line.cells() for line in plan_lines(run)))


def _write_json(run: Run, place: Path, heading: Sequence[str]) -> None:
    info = run.checkpoint.info
    document = {
        "plan": info.short_id,
        "sheet": info.sheet,
        "summary": heading[0],
        "totals": plan_totals(run),
        "lines": [dict(zip(PLAN_COLUMNS, line.cells(), strict=True)) for line in plan_lines(run)],
    }
    write_text(place, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _write_page(run: Run, place: Path, heading: Sequence[str]) -> None:
    environment = Environment(
        loader=PackageLoader("heyx_bulk.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    lines = ((line.change.action, line.cells()[:-1]) for line in plan_lines(run))
    colors = [(action.name.lower(), action, color) for action, color in COLORS.items()]
    page = environment.get_template("plan.html").render(
        heading=heading[0], totals=heading[1], columns=PLAN_COLUMNS[:-1], lines=lines, colors=colors
    )
    write_text(place, page)


_WRITERS: dict[str, Callable[[Run, Path, Sequence[str]], None]] = {
    ".xlsx": _write_workbook,
    ".csv": _write_csv,
    ".json": _write_json,
    ".html": _write_page,
}
