"""What a plan shows: the changes of its first rows, and what all come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from heyx_bulk.cli.console import Console
from heyx_bulk.cli.documents import PlanKeys
from heyx_bulk.mapping.phone_checks import PhoneCountry
from heyx_bulk.models.contacts import Status
from heyx_bulk.models.phrases import count, shorten
from heyx_bulk.planning.changes import Action, Change, left_as_it_is
from heyx_bulk.reports.plan_lines import plan_totals
from heyx_bulk.storage.checkpoint.change_table import PlanTotals
from heyx_bulk.storage.checkpoint.row_record import RowRecord, RowState
from heyx_bulk.storage.checkpoint.run import Run

LONGEST_VALUE = 60
LEFT_SHOWN = 20


class PlanView:
    """Keeps the plans of the `first` rows as text, and what the plans of all rows come to.

    `phones` are the sheet's phones by country.
    """

    def __init__(self, first: int) -> None:
        self.changes = PlanTotals(0, 0, 0, 0, 0)
        self.phones: list[PhoneCountry] = []
        self._first = first
        self._rows = 0
        self._plans: list[tuple[int, tuple[str, ...]]] = []
        self._left: list[str] = []

    def take(self, run: Run) -> None:
        """Take the plan of a run."""
        totals, stored = plan_totals(run), run.checkpoint.changes
        self.changes = stored.totals()
        self._rows = sum(totals.get(status, 0) for status in (Status.CREATED, Status.UPDATED, Status.UNCHANGED))
        for record in run.checkpoint.queue.rows():
            if len(self._plans) >= min(self._first, self._rows):
                break
            if record.state is RowState.PLANNED or record.status is Status.UNCHANGED:
                self._plans.append((record.number, tuple(_lines(run, record))))
        if self.changes.left:
            found = (one for one in stored.lines() if one.change.action is Action.LEAVE)
            self._left = [
                f"row {one.number}, contact {stored.target_of(one.number).contact_id}: {left_as_it_is(one.change)}"
                for one in islice(found, LEFT_SHOWN)
            ]

    def tell(self, console: Console) -> None:
        """Show the plans of the first rows, and what cannot be set back."""
        for number, lines in self._plans:
            for line in (f"row {number}  {lines[0]}", *lines[1:]):
                console.say(line)
        if self._plans and (more := self._rows - len(self._plans)):
            rows = count(more, "more row")
            console.say(f"… and {rows}, not shown. --first N shows the changes of the first N rows.")
        if self._left:
            console.say(f"{count(self.changes.left, 'value')} not set back:")
            for line in self._left:
                console.say(f"  {line}")
            if self.changes.left > len(self._left):
                console.say(f"  and {self.changes.left - len(self._left):,} more")

    def total(self) -> str:
        """What all rows' plans come to: writes, fields, tags."""
        made = self.changes
        if not made.calls:
            return "no writes: HeyX has everything already"
        tags = f"{count(made.tags_added, 'tag')} added and {made.tags_removed:,} removed"
        return f"{count(made.calls, 'write')}: {count(made.fields, 'field')} written, {tags}"

    def document(self) -> PlanKeys:
        """What all rows' plans come to, and the first of them, as JSON."""
        made = self.changes
        counted = {"field written": made.fields, "tag added": made.tags_added, "tag removed": made.tags_removed}
        return {
            "writes": made.calls,
            "changes": {name: number for name, number in counted.items() if number},
            "phones": self.phones,
            "plans": [{"row": number, "plan": lines} for number, lines in self._plans],
        }


def _lines(run: Run, record: RowRecord) -> Iterator[str]:
    stored = run.checkpoint.changes
    made, target = stored.of(record.number), stored.target_of(record.number)
    contact_id = target.contact_id or record.contact_id
    yield _heading(made, contact_id, target.creator)
    for change in made:
        if change.tag:
            yield f"    {'+' if change.after else '-'} tag {change.tag}"
        else:
            new = shorten(change.after, LONGEST_VALUE)
            yield f"    {change.field}: {new if contact_id is None else _replaced(change.before, new)}"


def _heading(made: Sequence[Change], contact_id: str | None, creator: int | None) -> str:
    if not made:
        return f"= {contact_id} needs no change"
    calls = count(max(one.call for one in made), "call")
    if contact_id is None and creator is None:
        return f"+ create, {count(sum(bool(one.field) for one in made), 'field')}, {calls}"
    return f"~ update {contact_id or f'the contact of row {creator}'}, {calls}"


def _replaced(old: str | None, new: str) -> str:
    before = "" if old is None else f"{shorten(old, LONGEST_VALUE) or '(blank)'} "
    return f"{before}→ {new or '(blank)'}"
