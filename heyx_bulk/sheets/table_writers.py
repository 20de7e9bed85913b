"""Write tables whose values keep their type: JSON lines, Parquet, or a DataFrame in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from heyx_bulk.errors import UsageError
from heyx_bulk.models.contacts import Value
from heyx_bulk.sheets.atomic_write import atomic_write
from heyx_bulk.sheets.writer import replace_surrogates

if TYPE_CHECKING:
    import pandas as pd

TableValue: TypeAlias = Value | tuple[str, ...] | datetime
"""A value of a table: a field's, a list of texts, or a moment with its time zone."""

Frame: TypeAlias = "pd.DataFrame"

_KINDS: dict[type, str] = {bool: "boolean", datetime: "moment", tuple: "list"}
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

    kinds = _kinds(header, rows)
    types = {
        "boolean": pa.bool_(),
        "moment": pa.timestamp("s", tz="UTC"),
        "list": pa.list_(pa.string()),
        "text": pa.string(),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in zip(header, kinds, strict=True)])
    stream = iter(rows)
    with atomic_write(path) as place, pq.ParquetWriter(place, schema) as writer:
        while group := list(islice(stream, _ROWS_IN_A_GROUP)):
            columns = [
                pa.array([_of_kind(row[position], kind) for row in group], types[kind])
                for position, kind in enumerate(kinds)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def to_frame(header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> Frame:
    """The rows as a DataFrame of objects: values as HeyX has them, None where there is none."""
    import pandas as pd  # noqa: PLC0415 - takes a third of a second, which only users of frames pay

    return pd.DataFrame([list(row) for row in rows], columns=list(header), dtype=object)


def _kinds(header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> list[str]:
    seen: list[set[str]] = [set() for _ in header]
    for row in rows:
        for kinds, value in zip(seen, row, strict=True):
            if value is not None:
                kinds.add(_KINDS.get(type(value), "text"))
    return [kinds.pop() if len(kinds) == 1 else "text" for kinds in seen]


def _of_kind(value: TableValue, kind: str) -> Any:
    if value is None or kind != "text":
        return value
    return ("true" if value else "false") if isinstance(value, bool) else replace_surrogates(str(value))
