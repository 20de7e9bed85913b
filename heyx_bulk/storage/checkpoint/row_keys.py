"""The keys of a checkpoint's rows, worked out from their cells: the checkpoint holds no other text of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from heyx_bulk.database import Database
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.mapped_frame import MappedFrame, RowKey, map_rows, row_keys
from heyx_bulk.mapping.merge_rows import merge_rows
from heyx_bulk.models.contacts import ContactRow
from heyx_bulk.storage.checkpoint.key_index import KeyIndex
from heyx_bulk.storage.checkpoint.row_record import ROW_COLUMNS, RowRecord, parse_row_records
from heyx_bulk.storage.checkpoint.shared_keys import SharedKeys

_ROWS_AT_ONCE = 500


def map_records(columns: Columns, records: Sequence[RowRecord]) -> MappedFrame:
    """Map rows of a checkpoint."""
    return map_rows(
        columns,
        {record.number: record.cells for record in records},
        {record.number: record.problems for record in records if record.problems},
        {record.number: record.assigned_id for record in records if record.assigned_id is not None},
    )


def merged_row(columns: Columns, records: Sequence[RowRecord]) -> ContactRow:
    """The row that rows of one contact come to, in the sheet's order."""
    return merge_rows([*map_records(columns, records).rows()], columns.keys)


class RowKeys:
    """The keys that rows of a checkpoint have by their cells; rows that are invalid or superseded have none."""

    def __init__(self, db: Database, columns: Columns) -> None:
        self._db = db
        self._columns = columns
        self._index = KeyIndex(db)
        self._shared = SharedKeys(db)

    def own(self, numbers: Iterable[int]) -> Iterator[RowKey]:
        """The keys of rows, best first, row by row, without those of rows that they stand for."""
        rows = sorted(numbers)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = ", ".join(map(str, rows[start : start + _ROWS_AT_ONCE]))
            yield from map_records(self._columns, self._records(f"number IN ({some})")).row_keys()

    def in_cells(self, numbers: Iterable[int]) -> Iterator[RowKey]:
        """The keys of the cells of rows, also of those that may not be sent beside another row."""
        query = f"SELECT {ROW_COLUMNS} FROM row WHERE number = ?"
        for number in numbers:
            for record in parse_row_records(self._db.rows(query, number)):
                yield from map_rows(self._columns, {number: record.cells}).row_keys()

    def related(self, values: Iterable[tuple[str, str]]) -> list[RowKey]:
        """The keys of all rows that have one of these `values` (field, value), or share one with such a row.

        They come row by row, with those of a few other rows.
        """
        found: dict[int, list[RowKey]] = {}
        seen, new = set[tuple[str, str]](), {*values}
        while new:
            seen |= new
            numbers = {number for value in new for number in self._index.rows(*value)} - found.keys()
            found.update((number, []) for number in numbers)
            for key in self.own(numbers):
                found[key.row].append(key)
            new = {(key.field, key.value) for number in numbers for key in found[number]} - seen
        return [key for number in sorted(found) for key in found[number]]

    def of_contact(self, number: int) -> list[RowKey]:
        """The keys of the contact that a row stands for, best first: those of all its rows, merged.

        A lesser key whose value different contacts share is none.
        """
        records = self._records("number = ? OR merged_into = ?", number, number)
        if number not in [record.number for record in records]:
            return []
        row = merged_row(self._columns, records)
        keys = () if row.problems else (RowKey(number, *key[1:]) for key in row_keys(row))
        return [key for key in keys if key.rank == 0 or self._shared.find(key.field, key.value) is None]

    def possible_rows(self, field: str, value: str) -> list[int]:
        """The rows that may have a key and stand for their contact, in the sheet's order; some may not have it."""
        rows, found = self._index.rows(field, value), set[int]()
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = ", ".join(map(str, rows[start : start + _ROWS_AT_ONCE]))
            query = f"SELECT coalesce(merged_into, number) FROM row WHERE number IN ({some})"
            found.update(number for (number,) in self._db.rows(query))
        return sorted(found)

    def _records(self, condition: str, *values: object) -> list[RowRecord]:
        query = (
            f"SELECT {ROW_COLUMNS} FROM row WHERE ({condition}) AND problems IS NULL AND superseded_by IS NULL "
            "ORDER BY number"
        )
        return parse_row_records(self._db.rows(query, *values))
