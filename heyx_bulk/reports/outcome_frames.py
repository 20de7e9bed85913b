"""The rows of a run with their outcomes, as DataFrames: what every file of results and the library show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from heyx_bulk.mapping.columns import OUR_COLUMNS, Column, Use
from heyx_bulk.reports.outcome_cells import outcome_cells, row_label, sheet_positions
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION
from heyx_bulk.sheets.frames import Frame, label_columns, text_frame
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run

_ROWS_IN_A_FRAME = 5_000

Label = Callable[[RowRecord], str]
"""What names a row in the column `heyx row`."""


def outcome_header(header: Sequence[str]) -> list[str]:
    """The columns of the outcomes of a sheet with this header: its own, then ours."""
    return [*(header[position] for position in sheet_positions(header)), *OUR_COLUMNS]


def outcome_frames(run: Run, *, attention_only: bool = False, run_named: bool | None = None) -> Iterator[Frame]:
    """The rows of a run with their outcomes, in the sheet's order: DataFrames of at most 5,000 rows, at least one.

    All values are text. The columns are the sheet's own, by their headers, which may occur twice; then
    `heyx status`, `heyx contact id`, `heyx message` and `heyx row`. The index holds the rows' numbers. With
    `attention_only` only the rows that failed, are invalid or uncertain are there. `heyx row` names the run as
    well, where rows are to be corrected and given back: if `run_named`, by default with `attention_only`.
    """
    info, queue = run.checkpoint.info, run.checkpoint.queue
    ids = run.columns.used(Use.ID)
    records = queue.rows_with(NEEDS_ATTENTION) if attention_only else queue.rows()
    if not (attention_only if run_named is None else run_named):
        return frame_outcomes(records, info.header, ids)
    return frame_outcomes(records, info.header, ids, lambda record: row_label(info.run_id, record.number))


def frame_outcomes(
    records: Iterable[RowRecord],
    header: Sequence[str],
    ids: Sequence[Column] = (),
    label: Label = lambda record: str(record.number),
) -> Iterator[Frame]:
    """The DataFrames of `outcome_frames` for rows of a sheet with this header, each with its `label`.

    `ids` are the sheet's columns of contact ids.
    """
    kept, labels = sheet_positions(header), outcome_header(header)
    rest = iter(records)
    first = [*islice(rest, _ROWS_IN_A_FRAME)]
    for some in chain([first], iter(lambda: [*islice(rest, _ROWS_IN_A_FRAME)], [])):
        rows = [
            (*(record.cells[position] for position in kept), *outcome_cells(record, ids, label(record)))
            for record in some
        ]
        columns = enumerate(zip(*rows, strict=True)) if rows else ((place, ()) for place in range(len(labels)))
        yield label_columns(text_frame(dict(columns), [record.number for record in some]), labels)
