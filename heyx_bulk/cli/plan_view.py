"""What a run would do to its first rows, shown as a person reads a change: old, new, added, removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from heyx_bulk.models.calls import AddTags, Call, CreateContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.planner import NotFound
from heyx_bulk.values.equality import text_of
from heyx_bulk.values.phrases import count, shorten

LONGEST_VALUE = 60


class PlanView:
    """Takes the plan of every row, keeps the first rows' as text, and counts the writes of all."""

    def __init__(self, first: int) -> None:
        self.writes = 0
        self.counts: Counter[str] = Counter()
        self._first = first
        self._plans: dict[int, tuple[str, ...]] = {}

    def add(self, row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> None:
        """Take the plan of one row, in whatever order rows come."""
        self.writes += len(calls)
        for call in calls:
            self._count(call)
        self._plans[row.number] = tuple(_lines(row, known, calls))
        if len(self._plans) > self._first:
            del self._plans[max(self._plans)]

    def _count(self, call: Call) -> None:
        match call:
            case CreateContact() | UpdateContact():
                self.counts["field written"] += len(call.fields)
            case AddTags():
                self.counts["tag added"] += len(call.tags)
            case RemoveTags():
                self.counts["tag removed"] += len(call.tags)

    def total(self) -> str:
        """What all rows' plans come to: calls, fields, tags."""
        fields, added, removed = (self.counts[name] for name in ("field written", "tag added", "tag removed"))
        tags = f"{count(added, 'tag')} added and {removed:,} removed"
        return f"{count(self.writes, 'call')}: {count(fields, 'field')} written, {tags}"

    def plans(self) -> list[tuple[int, tuple[str, ...]]]:
        """The first rows' plans, each a number and its lines."""
        return sorted(self._plans.items())


def _lines(row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> Iterator[str]:
    match known:
        case NotFound():
            yield f"+ create, {count(len(row.fields), 'field')}, {count(len(calls), 'call')}"
        case Contact() if calls:
            yield f"~ update {known.id}, {count(len(calls), 'call')}"
        case Contact():
            yield f"= {known.id} is as wanted"
    for call in calls:
        match call:
            case CreateContact() | UpdateContact():
                for field in call.fields:
                    yield f"    {field.name}: {_change(row, known, field.name, field.value)}"
            case AddTags():
                yield from (f"    + tag {tag}" for tag in call.tags)
            case RemoveTags():
                yield from (f"    - tag {tag}" for tag in call.tags)


def _change(row: ContactRow, known: NotFound | Contact, name: str, new: str) -> str:
    if not isinstance(known, Contact):
        return _short(new)
    shown = {edit.name: edit.exported for edit in row.edits or ()}
    if not known.complete and name not in shown:
        return f"→ {_short(new) or '(blank)'}"
    old = text_of(known.fields.get(name)) if known.complete else shown[name]
    return f"{_short(old) or '(blank)'} → {_short(new) or '(blank)'}"


def _short(text: str) -> str:
    return shorten(text, LONGEST_VALUE)
