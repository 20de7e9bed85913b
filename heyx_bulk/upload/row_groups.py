"""The rows of a staged sheet that mean one contact, settled before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from heyx_bulk.mapping.column_check import FIRST_ROWS, DataWarning, Rows, together
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.mapped_frame import ID_KEY, RowKey, map_rows, row_keys
from heyx_bulk.mapping.merge_rows import Duplicates, merge_rows
from heyx_bulk.mapping.same_contact import RowGroups, SharedKey, group_rows
from heyx_bulk.models.contacts import Problem
from heyx_bulk.models.phrases import rows_named
from heyx_bulk.planning.matching import Match, Matching
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
        found = group_rows(_matched_by(keys, options.matching), (ID_KEY, *columns.keys))
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


def _matched_by(keys: Iterable[RowKey], matching: Matching) -> Iterable[RowKey]:
    first_only = matching.no_match or matching.match is Match.FIRST
    return (key for key in keys if key.rank == 0) if first_only else keys


def _settle_shared(builder: CheckpointBuilder, found: RowGroups) -> Iterator[tuple[str, Rows]]:
    """Keep what rows of different contacts share; what is said of it, and of which rows."""
    # Rows with contact ids are matched by these alone.
    shared = [one for one in found.shared if one.differing != ID_KEY]
    if not shared:
        return
    builder.add_shared_keys((one.field, one.value, one.differing, one.numbers[0]) for one in shared)
    unidentified = {number: one for number, one in found.unidentified.items() if one.differing != ID_KEY}
    for number, one in unidentified.items():
        builder.mark_invalid(number, [_unidentified(number, one)])
    for one in shared:
        numbers = [number for number in one.numbers if number not in unidentified][1:]
        what = f"same {one.field} as an earlier row, different {one.differing}: sent as different contacts"
        yield what, Rows(len(numbers), numbers[:FIRST_ROWS])


def _refuse(builder: CheckpointBuilder, found: RowGroups) -> None:
    for number, (earlier, name) in sorted(found.earlier.items()):
        what = f"same {name} as row {earlier}: leave one out, or add --duplicates merge or last"
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


def _unidentified(number: int, shared: SharedKey) -> Problem:
    name, differing = shared.field, shared.differing
    others = [other for other in shared.numbers if other != number]
    return Problem(
        f"the {name} of several contacts",
        f"same {name} as {rows_named(len(others), others[:FIRST_ROWS])}, which differ in {differing}: add the "
        f"{differing} of the contact that is meant, or upload with --match first",
    )
