"""Rows that a person corrected, on their way into the tables of a checkpoint, within a transaction.

Which rows mean one contact, and which values different contacts share, is decided again for the corrected rows and
all that share a key with them, in the way it was decided when the sheet was staged.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence, Set
from typing import NamedTuple

from heyx_bulk.database import Database
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.mapped_frame import RowKey
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.mapping.same_contact import RowGroups, group_rows
from heyx_bulk.models.contacts import Problem, Status
from heyx_bulk.models.documents import restore
from heyx_bulk.planning.matching import Matching
from heyx_bulk.storage.checkpoint.key_index import KeyIndex
from heyx_bulk.storage.checkpoint.queue import set_invalid
from heyx_bulk.storage.checkpoint.row_keys import RowKeys
from heyx_bulk.storage.checkpoint.row_links import RowLinks
from heyx_bulk.storage.checkpoint.row_record import (
    WHERE_IT_STANDS,
    CorrectedRow,
    RowState,
    problems_to_json,
    to_json,
)
from heyx_bulk.storage.checkpoint.run_info import RunInfo
from heyx_bulk.storage.checkpoint.shared_keys import SharedKeys

_Value = tuple[str, str]


class _Standing(NamedTuple):
    """Where a row stands before the corrections."""

    leader: int
    """The row that stands for it, maybe itself."""
    may_exist: bool
    """Whether the run made its contact, or may have."""
    wrote: bool
    """Whether the run made or changed its contact, which it knows by id."""
    is_open: bool
    """Whether it was not sent yet, or failed."""


class _RowsInCommon:
    """Which rows have a key in common."""

    def __init__(self, keys: Iterable[RowKey]) -> None:
        self._values: dict[int, list[_Value]] = {}
        self._rows: dict[_Value, list[int]] = {}
        for key in keys:
            self._values.setdefault(key.row, []).append((key.field, key.value))
            self._rows.setdefault((key.field, key.value), []).append(key.row)

    def first(self, number: int, others: Container[int]) -> tuple[str, int] | None:
        """The best key that row `number` has in common with one of `others`, and the first such row."""
        found = (
            (value[0], other)
            for value in self._values[number]
            for other in self._rows[value]
            if other != number and other in others
        )
        return next(found, None)


class RowCorrections:
    """The corrected rows of one file."""

    def __init__(self, db: Database, rows: Sequence[CorrectedRow]) -> None:
        self._db = db
        self._rows = {row.number: row for row in rows}
        info = RunInfo.read(db)
        self._columns = Columns.from_document(info.columns)
        self._matching = restore(Matching, info.matching)
        self._merges = info.duplicates == Duplicates.MERGE
        self._keys = RowKeys(db, self._columns)
        self._problems = {row.number: row.problems for row in rows if row.problems}
        self._touched = {*self._rows}
        """The rows whose keys may have changed."""
        self._moved = set[int]()
        """The rows that stand for others than before, or for which another does."""

    def apply(self) -> None:
        """Take the rows, and settle what they and all related rows mean."""
        values = {(key.field, key.value) for key in self._keys.in_cells(self._rows)}
        values.update(key for row in self._rows.values() for key in row.keys)
        self._store_cells()
        KeyIndex(self._db).add(
            RowKey(row.number, rank, *key) for row in self._rows.values() for rank, key in enumerate(row.keys)
        )
        keys = self._keys.related(values)
        found = group_rows(keys, self._columns.keys, first_only=self._matching.first_key_only)
        values.update((key.field, key.value) for key in keys)
        self._share(values, keys, found)
        self._regroup(keys, found)
        for number in self._rows:
            self._reopen(number)
        self._reopen_leaders()
        self._link()

    def _store_cells(self) -> None:
        self._db.executemany(
            "UPDATE row SET cells = ?, assigned_id = ?, problems = ? WHERE number = ?",
            [
                (to_json(list(row.cells)), row.assigned_id, problems_to_json(row.problems), row.number)
                for row in self._rows.values()
            ],
        )

    def _share(self, values: Set[_Value], keys: Sequence[RowKey], found: RowGroups) -> None:
        """Keep which values different contacts share now; rows that have no better key are not to be sent."""
        changed = SharedKeys(self._db).replace(values, found.shared)
        self._touched.update(key.row for key in keys if (key.field, key.value) in changed)
        standing = self._standing(found.unidentified)
        for number, shared in found.unidentified.items():
            problems = (shared.problem_of(number),)
            if number in self._rows and not standing[number].wrote:
                self._problems[number] = problems
            elif standing[number].is_open:
                self._touched.update(set_invalid(self._db, [(number, problems)]))
                self._leave(number)

    def _regroup(self, keys: Sequence[RowKey], found: RowGroups) -> None:
        """Let each row be with those that mean its contact, where it can; otherwise it is invalid."""
        query = (
            "SELECT number FROM row WHERE number IN (?1, (SELECT merged_into FROM row WHERE number = ?1)) "
            "OR merged_into = (SELECT coalesce(merged_into, number) FROM row WHERE number = ?1)"
        )
        concerned = {one for number in self._rows for (one,) in self._db.rows(query, number)}
        group_of = {number: group for group in found.groups for number in group}
        in_common = _RowsInCommon(keys)
        for group in sorted({group_of.get(number, (number,)) for number in concerned - self._problems.keys()}):
            self._settle(group, in_common)
        for number in sorted(self._problems):
            self._leave(number)

    def _settle(self, group: Sequence[int], in_common: _RowsInCommon) -> None:
        """Settle rows of one contact: a corrected row joins the others, or may not be sent beside them."""
        standing = self._standing(group)
        corrected = {number for number in group if number in self._rows}
        firm = [
            number
            for number in group
            if standing[number].leader == number and (number not in corrected or standing[number].may_exist)
        ]
        first = min(firm, key=lambda number: (number in corrected, number), default=group[0])
        if self._merges and len(firm) < 2:
            self._join(first, (number for number in group if standing[number].leader != first))
            return
        for number in corrected - {first}:
            repeated = [other for other in group if self._merges or other < number or other in firm]
            if found := in_common.first(number, repeated):
                field, other = found
                self._problems[number] = (Problem(f"same {field} as another row", f"same {field} as row {other}"),)
        if left := [
            number for number in group if number not in corrected and standing[number].leader not in group
        ]:
            self._join(left[0], left)

    def _join(self, leader: int, numbers: Iterable[int]) -> None:
        """Let `leader` stand for rows, one of which may be itself."""
        for number in numbers:
            self._moved |= {number, *self._leaders([number])}
            into = None if number == leader else leader
            self._db.execute("UPDATE row SET merged_into = ? WHERE number = ?", (into, number))

    def _leave(self, number: int) -> None:
        """Let a row that is invalid stand for itself alone, and the first of those it stood for for the others."""
        query = "SELECT number FROM row WHERE merged_into = ? ORDER BY number"
        left = [one for (one,) in self._db.rows(query, number)]
        self._join(number, [number])
        if left:
            self._join(left[0], left)

    def _reopen(self, number: int) -> None:
        problems = self._problems.get(number, ())
        ((state, before),) = self._db.rows(f"SELECT {WHERE_IT_STANDS}, status FROM row WHERE number = ?", number)
        status, message = None, ""
        if problems:
            state, status = RowState.DONE, Status.INVALID if state == RowState.READY else before
            message = "; ".join(problem.detail for problem in problems)
        self._db.execute(
            "UPDATE row SET state = ?, status = ?, message = ?, problems = ? WHERE number = ?",
            (state, status, message, problems_to_json(problems), number),
        )

    def _reopen_leaders(self) -> None:
        """Open the rows that stand for changed ones, whatever became of them: they want something else now."""
        self._db.executemany(
            f"UPDATE row SET state = {WHERE_IT_STANDS}, status = NULL, message = '' "
            f"WHERE state = '{RowState.DONE}' AND number = (SELECT merged_into FROM row WHERE number = ?)",
            [(number,) for number in self._rows.keys() | self._moved],
        )

    def _link(self) -> None:
        """Put the rows whose keys may have changed into the chains of their values, where they stand now."""
        links = RowLinks(self._db)
        touched = self._touched | self._moved
        leaders = self._leaders(touched)
        for number in touched | leaders:
            links.unlink(number)
        for number in leaders:
            for key in self._keys.of_contact(number):
                possible = self._keys.possible_rows(key.field, key.value)
                earlier = (other for other in reversed(possible) if other < number and self._has(other, key))
                later = (other for other in possible if other > number and self._has(other, key))
                links.link(number, key.field, next(earlier, None), next(later, None))

    def _has(self, number: int, key: RowKey) -> bool:
        """Whether the contact that a row stands for has the value of a key."""
        return any((one.field, one.value) == (key.field, key.value) for one in self._keys.of_contact(number))

    def _leaders(self, numbers: Iterable[int]) -> set[int]:
        """The rows that stand for rows, many of them themselves."""
        return {standing.leader for standing in self._standing(numbers).values()}

    def _standing(self, numbers: Iterable[int]) -> dict[int, _Standing]:
        query = (
            "SELECT coalesce(merged_into, number), created_by_run OR status IS ?, "
            "created_by_run OR updated_by_run, state = ? OR status IS ? FROM row WHERE number = ?"
        )
        values = (Status.UNCERTAIN, RowState.READY, Status.FAILED)
        return {
            number: _Standing(int(leader), bool(may_exist), bool(wrote), bool(is_open))
            for number in numbers
            for leader, may_exist, wrote, is_open in self._db.rows(query, *values, number)
        }
