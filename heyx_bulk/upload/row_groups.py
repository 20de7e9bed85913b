"""The rows of a staged sheet that mean one contact, settled before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator

from heyx_bulk.mapping.column_check import FIRST_ROWS, DataWarning, Rows, together
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.mapped_frame import map_rows, row_keys
from heyx_bulk.mapping.merge_rows import Duplicates, merge_rows
from heyx_bulk.mapping.same_contact import RowGroups, group_rows
from heyx_bulk.models.contacts import Problem
from heyx_bulk.storage.checkpoint.builder import CheckpointBuilder
from heyx_bulk.upload.options import UploadOptions


def group_staged_rows(
    builder: CheckpointBuilder, columns: Columns, options: UploadOptions
) -> tuple[DataWarning, ...]:
    """Settle which rows mean one contact; what is said of rows that only share a key's value.

    Of the rows of one contact all but one become invalid, or are skipped or merged, as is asked for. So does a row
    whose only key is the value that different contacts share.
    """
    told: dict[str, Rows] = {}
    for keys in builder.keys_of_related_rows():
        found = group_rows(keys, columns.keys, first_only=options.matching.first_key_only)
        match options.duplicates:
            case Duplicates.ERROR:
                _refuse(builder, found)
            case Duplicates.LAST:
                _skip(builder, found)
            case Duplicates.MERGE:
                _merge(builder, columns, found)
        for what, rows in _settle_shared(builder, found):
            told[what] = together((told.get(what, Rows()), rows))
    return tuple(DataWarning(what, rows.count, tuple(rows.first)) for what, rows in told.items())


def _settle_shared(builder: CheckpointBuilder, found: RowGroups) -> Iterator[tuple[str, Rows]]:
    """Keep what rows of different contacts share; what is said of it, and of which rows."""
    if not found.shared:
        return
    builder.add_shared_keys(found.shared)
    for number, shared in found.unidentified.items():
        builder.mark_invalid(number, [shared.problem_of(number)])
    for one in found.shared:
        numbers = [number for number in one.numbers if number not in found.unidentified][1:]
        what = f"same {one.field} as an earlier row, different {one.differing}: sent as different contacts"
        yield what, Rows(len(numbers), numbers[:FIRST_ROWS])


def _refuse(builder: CheckpointBuilder, found: RowGroups) -> None:
    for number, (earlier, name) in sorted(found.earlier.items()):
        what = f"same {name} as row {earlier}: leave one out, or upload with --duplicates merge or last"
        builder.mark_invalid(number, [Problem(f"same {name} as an earlier row", what)])


def _skip(builder: CheckpointBuilder, found: RowGroups) -> None:
    for *others, last in found.groups:
        for number in others:
            builder.mark_skipped(number, last, f"row {last} is the same contact, and the last one is sent")


def _merge(builder: CheckpointBuilder, columns: Columns, found: RowGroups) -> None:
    for numbers in found.groups:
        first, *others = numbers
        mapped = map_rows(columns, {number: builder.cells(number) for number in numbers})
        row = merge_rows([*mapped.rows()], columns.keys)
        builder.merge(first, others, row_keys(row))
