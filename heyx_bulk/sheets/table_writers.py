"""Write tables whose values keep their type: JSON lines, Parquet, or a DataFrame in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from heyx_bulk.errors import UsageError
from heyx_bulk.models.contacts import Value
from heyx_bulk.sheets.atomic_write import atomic_write
from heyx_bulk.sheets.writer import replace_surrogates

if TYPE_CHECKING:
    import pandas as pd

TableValue: TypeAlias = Value | tuple[str, ...] | datetime
"""A value of a table: a field's, a list of texts, or a moment with its time zone."""

Frame: TypeAlias = "pd.DataFrame"

_ROWS_IN_A_GROUP = 20_000


def write_json_lines(path: Path, header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> None:
    """Write a JSON object for each row, with the header's names; true stays true, a list stays a list."""
    with atomic_write(path) as place, place.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            values = (value.isoformat() if isinstance(value, datetime) else value for value in row)
            line = json.dumps(dict(zip(header, values, strict=True)), ensure_ascii=False)
            file.write(replace_surrogates(line) + "\n")


def check_parquet() -> None:
    """Raise `UsageError` where pyarrow, which writes Parquet files, is not installed."""
    if find_spec("pyarrow") is None:
        raise UsageError(
            "Parquet files are written by pyarrow, which is not installed.",
            'Install it: pip install "heyx-bulk[parquet]". Or name a file that ends in .xlsx, .csv or .jsonl.',
        )


def write_parquet(path: Path, header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> None:
    """Write a Parquet file: texts, lists of texts, and moments to the second.

    A column of true and false alone is of booleans; any other is of texts, since a field may hold both. Needs
    pyarrow: see `check_parquet`.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra that few need
    import pyarrow.parquet as pq  # noqa: PLC0415 - likewise

    types = {bool: pa.bool_(), datetime: pa.timestamp("s", tz="UTC"), tuple: pa.list_(pa.string())}
    seen: list[set[type]] = [set() for _ in header]
    for row in rows:
        for kinds, value in zip(seen, row, strict=True):
            kinds.add(type(value))
    kinds_of_columns = [[*kinds - {type(None)}] for kinds in seen]
    columns = [types.get(kinds[0], pa.string()) if len(kinds) == 1 else pa.string() for kinds in kinds_of_columns]
    schema = pa.schema([*zip(header, columns, strict=True)])
    stream = iter(rows)
    with atomic_write(path) as place, pq.ParquetWriter(place, schema) as writer:
        while group := list(islice(stream, _ROWS_IN_A_GROUP)):
            arrays = [
                pa.array(map(_text, values) if column == pa.string() else values, column)
                for column, values in zip(columns, zip(*group, strict=True), strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def to_frame(header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> Frame:
    """The rows as a DataFrame of objects: values as HeyX has them, None where there is none."""
    import pandas as pd  # noqa: PLC0415 - takes a third of a second, which only users of frames pay

    return pd.DataFrame([list(row) for row in rows], columns=list(header), dtype=object)


def _text(value: TableValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else replace_surrogates(str(value))
