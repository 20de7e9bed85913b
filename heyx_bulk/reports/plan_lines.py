"""The plan of a run as a table: a line for each value that is to be changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from heyx_bulk.mapping.columns import ID_COLUMN
from heyx_bulk.models.contacts import ContactRow, Status
from heyx_bulk.models.phrases import count
from heyx_bulk.planning.changes import Action, Change
from heyx_bulk.sheets.frames import Frame
from heyx_bulk.sheets.writer import to_frame
from heyx_bulk.storage.checkpoint.run import Run

LINE, APPLY = "line", "apply?"
PLAN_COLUMNS = (LINE, "row", "who", ID_COLUMN, "field", "old", "new", "call", APPLY)
TAGS = "tags"
UNKNOWN = "(not known)"
YES, NO = "yes", "no"


class PlanLine(NamedTuple):
    """A change as a line of a plan: the `number` of the line, and its place, the line (from 1) of its row.

    `who` is the name or key of the contact, as the sheet has it; `contact_id` is blank if it is to be created.
    """

    number: int
    row: int
    place: int
    who: str
    contact_id: str
    change: Change
    approved: bool

    @property
    def can_be_applied(self) -> bool:
        """Whether a call would make the change."""
        return self.change.action is not Action.LEAVE

    def cells(self) -> tuple[str, ...]:
        """The line as texts, in the order of `PLAN_COLUMNS`."""
        made = self.change
        call = f"{made.action}: {made.note}" if made.note else str(made.action)
        old = UNKNOWN if made.before is None else made.before
        apply = YES if self.approved and self.can_be_applied else NO
        what = (made.field or TAGS, old, made.after, call, apply)
        return (str(self.number), str(self.row), self.who, self.contact_id, *what)


def plan_lines(run: Run) -> Iterator[PlanLine]:
    """The lines of a run's plan, in the sheet's order."""
    number = 0
    stored, queue = run.checkpoint.changes, run.checkpoint.queue
    for row_number, found in groupby(stored.lines(), key=lambda one: one.number):
        row = run.sheet_row(queue.row(row_number))
        made, target, who = [*found], stored.target_of(row_number), _who(row)
        is_new = target.creator is not None or any(one.change.action is Action.CREATE for one in made)
        contact_id = "" if is_new else target.contact_id or ""  # as it was when the plan was made
        for one in made:
            number += 1
            yield PlanLine(number, row_number, one.line, who, contact_id, one.change, one.approved)


def plan_frame(run: Run) -> Frame:
    """The lines of a run's plan as a DataFrame of texts; the row's number is the index, None is not known."""
    columns = [at for at, name in enumerate(PLAN_COLUMNS) if name != "row"]
    numbers, rows = [], []
    for line in plan_lines(run):
        cells: list[str | int | None] = [*line.cells()]
        cells[0] = line.number
        cells[PLAN_COLUMNS.index("old")] = line.change.before
        numbers.append(line.row)
        rows.append([cells[at] for at in columns])
    return to_frame([PLAN_COLUMNS[at] for at in columns], rows, numbers)


def plan_totals(run: Run) -> dict[str, int]:
    """Rows by the status that they will have once the plan is applied."""
    totals = Counter(run.checkpoint.queries.totals())
    planned = run.checkpoint.changes.planned_rows()
    totals[Status.CREATED] += planned.created
    totals[Status.UPDATED] += planned.updated
    totals["to do"] -= planned.created + planned.updated
    return {word: rows for word, rows in totals.items() if rows}


def plan_sentence(run: Run) -> str:
    """What a plan comes to: `+ 320 create   ~ 41 update   = 512 unchanged   - 3 tags`."""
    totals, changed = plan_totals(run), run.checkpoint.changes.totals()
    tags = (("+", changed.tags_added), ("-", changed.tags_removed))
    parts = [
        f"{sign} {totals[status]:,} {word}"
        for sign, status, word in (
            ("+", Status.CREATED, "create"),
            ("~", Status.UPDATED, "update"),
            ("=", Status.UNCHANGED, "unchanged"),
            ("·", Status.SKIPPED, "skipped"),
            ("!", Status.FAILED, "failed"),
            ("!", Status.INVALID, "invalid"),
        )
        if totals.get(status)
    ]
    parts += [f"{sign} {count(number, 'tag')}" for sign, number in tags if number]
    return "   ".join(parts) or "no rows"


def _who(row: ContactRow) -> str:
    values = {field.name: field.value for field in row.fields}
    name = " ".join(filter(None, (values.get("firstName"), values.get("lastName"))))
    key = row.keys[0].value if row.keys else ""
    return name or key or row.id or ""
