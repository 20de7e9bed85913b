"""Which rows of a sheet mean one contact, by all their keys. Pure.

Rows mean one contact if they share the value of a key and agree in every better key. Rows that share a value and
have different better keys are different contacts: a family shares an address, a company's staff share one. Such a
value identifies nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class SharedKey(NamedTuple):
    """A key's value that rows of different contacts have: `numbers` are the rows, `differing` their better key."""

    field: str
    value: str
    differing: str
    numbers: tuple[int, ...]


class EarlierRow(NamedTuple):
    """A row of the same contact that stands earlier in the sheet, and the best key that both have."""

    number: int
    field: str


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Rows of one contact, and what rows of different contacts share.

    `groups` are the rows of each contact that several rows mean, in the sheet's order. `earlier` says, for a row
    of a group, which earlier one it repeats. `unidentified` are rows whose best key is shared by others.
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


def group_rows(keys: Iterable[tuple[int, int, str, str]], fields: Sequence[str]) -> RowGroups:
    """The groups of rows with these `keys` (number, rank, field, value as it is compared), row by row.

    `fields` are the keys' names, best first.
    """
    group_of: dict[int, _Group] = {}
    best: dict[int, str] = {}
    rows_with: dict[str, dict[str, list[int]]] = {name: {} for name in fields}
    for number, rank, name, value in keys:
        group_of.setdefault(number, _Group([number], {})).values[name] = (value,)
        rows_with[name].setdefault(value, []).append(number)
        if rank == 0:
            best[number] = name
    shared: list[SharedKey] = []
    for place, name in enumerate(fields):
        for value, numbers in rows_with[name].items():
            groups = list(dict.fromkeys(group_of[number] for number in numbers))
            differing = _differing(groups, fields[:place])
            if differing:
                shared.append(SharedKey(name, value, differing, tuple(numbers)))
            elif len(groups) > 1:
                _join(groups, group_of)
    return RowGroups(
        groups=tuple(
            tuple(sorted(one.numbers)) for one in dict.fromkeys(group_of.values()) if len(one.numbers) > 1
        ),
        earlier=dict(_earlier(rows_with, group_of)),
        shared=tuple(shared),
        unidentified={number: one for one in shared for number in one.numbers if best.get(number) == one.field},
    )


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
    rows_with: dict[str, dict[str, list[int]]], group_of: dict[int, _Group]
) -> Iterable[tuple[int, EarlierRow]]:
    """Each row that repeats an earlier one of its group, lesser keys first, so that the best one is kept."""
    for name in reversed(rows_with):
        for numbers in rows_with[name].values():
            first: dict[_Group, int] = {}
            for number in numbers:
                earlier = first.setdefault(group_of[number], number)
                if earlier != number:
                    yield number, EarlierRow(earlier, name)
