"""Which rows of a sheet mean one contact, by all their keys. Pure.

Rows mean one contact if they share the value of a key and agree in every better key. Rows that share a value and
have different better keys are different contacts: a family shares an address, a company's staff share one. Such a
value identifies nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from heyx_bulk.mapping.column_check import FIRST_ROWS
from heyx_bulk.mapping.mapped_frame import ID_KEY
from heyx_bulk.models.contacts import Problem
from heyx_bulk.models.phrases import rows_named


class SharedKey(NamedTuple):
    """A key's value that rows of different contacts have: `numbers` are the rows, `differing` their better key."""

    field: str
    value: str
    differing: str
    numbers: tuple[int, ...]

    def problem_of(self, number: int) -> Problem:
        """Why row `number`, which has no better key, cannot be sent."""
        others = [other for other in self.numbers if other != number]
        return Problem(
            f"the {self.field} of several contacts",
            f"same {self.field} as {rows_named(len(others), others[:FIRST_ROWS])}, which differ in "
            f"{self.differing}: add the {self.differing} of the contact that is meant, or upload with --match "
            "first",
        )


class EarlierRow(NamedTuple):
    """A row of the same contact that stands earlier in the sheet, and the best key that both have."""

    number: int
    field: str


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Rows of one contact, and what rows of different contacts share.

    `groups` are the rows of each contact that several rows mean, in the sheet's order. `earlier` says, for a row
    of a group, which earlier one it repeats. `unidentified` are rows whose best key different contacts share; they
    are in no group.
    """

    groups: tuple[tuple[int, ...], ...] = ()
    earlier: dict[int, EarlierRow] = field(default_factory=dict)
    shared: tuple[SharedKey, ...] = ()
    unidentified: dict[int, SharedKey] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Group:
    numbers: list[int]
    values: dict[str, tuple[str, ...]]
    """The different values of each key."""


def group_rows(
    keys: Iterable[tuple[int, int, str, str]], names: Sequence[str], *, first_only: bool = False
) -> RowGroups:
    """The groups of rows with these `keys` (number, rank, field, value as it is compared), row by row.

    `names` are those of the keys, best first. A contact id is better than all of them, and rows that have one are
    matched by it alone: it does not matter what else they share. With `first_only`, a row's best key alone counts.
    """
    fields = (ID_KEY, *names)
    group_of: dict[int, _Group] = {}
    best: dict[int, str] = {}
    rows_with: dict[str, dict[str, list[int]]] = {name: {} for name in fields}
    for number, rank, name, value in keys:
        if first_only and rank > 0:
            continue
        group_of.setdefault(number, _Group([number], {})).values[name] = (value,)
        rows_with[name].setdefault(value, []).append(number)
        if rank == 0:
            best[number] = name
    shared: list[SharedKey] = []
    for place, name in enumerate(fields):
        for value, numbers in rows_with[name].items():
            groups = list(dict.fromkeys(group_of[number] for number in numbers))
            differing = _differing(groups, fields[:place])
            if differing and differing != ID_KEY:
                shared.append(SharedKey(name, value, differing, tuple(numbers)))
            elif not differing and len(groups) > 1:
                _join(groups, group_of)
    unidentified = {number: one for one in shared for number in one.numbers if best.get(number) == one.field}
    identified = {number: group for number, group in group_of.items() if number not in unidentified}
    return RowGroups(
        groups=tuple(_groups(identified)),
        earlier=dict(_earlier(rows_with, identified)),
        shared=tuple(shared),
        unidentified=unidentified,
    )


def _groups(group_of: Mapping[int, _Group]) -> Iterator[tuple[int, ...]]:
    for group in dict.fromkeys(group_of.values()):
        numbers = sorted(number for number in group.numbers if number in group_of)
        if len(numbers) > 1:
            yield tuple(numbers)


def _differing(groups: Sequence[_Group], better: Sequence[str]) -> str:
    """The first of the `better` keys of which the groups have no common value; blank if they agree."""
    for name in better:
        values = [group.values[name] for group in groups if name in group.values]
        if values and not set(values[0]).intersection(*values[1:]):
            return name
    return ""


def _join(groups: Sequence[_Group], group_of: dict[int, _Group]) -> None:
    into = max(groups, key=lambda group: len(group.numbers))
    for group in groups:
        if group is not into:
            into.numbers += group.numbers
            for name, values in group.values.items():
                into.values[name] = tuple(dict.fromkeys((*into.values.get(name, ()), *values)))
            group_of.update(dict.fromkeys(group.numbers, into))


def _earlier(
    rows_with: dict[str, dict[str, list[int]]], group_of: Mapping[int, _Group]
) -> Iterable[tuple[int, EarlierRow]]:
    """Each row that repeats an earlier one of its group, lesser keys first, so that the best one is kept."""
    for name in reversed(rows_with):
        for numbers in rows_with[name].values():
            first: dict[_Group, int] = {}
            for number in filter(group_of.__contains__, numbers):
                earlier = first.setdefault(group_of[number], number)
                if earlier != number:
                    yield number, EarlierRow(earlier, name)
