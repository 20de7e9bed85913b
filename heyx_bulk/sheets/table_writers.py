"""Tables whose values keep their kind: JSON lines, Parquet, a DataFrame in the process."""

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

if TYPE_CHECKING:
    import pandas as pd

TableValue: TypeAlias = Value | tuple[str, ...] | datetime
"""A value of a table: a field's, a list of texts, or a moment with its time zone."""

Frame: TypeAlias = "pd.DataFrame"

ROWS_IN_A_GROUP = 20_000


def write_json_lines(path: Path, header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> None:
    """Write a JSON object a row, with the header's names; true stays true, a list stays a list."""
    with atomic_write(path) as place, place.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            line = {name: _plain(value) for name, value in zip(header, row, strict=True)}
            file.write(_whole(json.dumps(line, ensure_ascii=False)) + "\n")


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
        while group := list(islice(stream, ROWS_IN_A_GROUP)):
            columns = [
                pa.array([_of_kind(row[position], kind) for row in group], types[kind])
                for position, kind in enumerate(kinds)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def to_frame(header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> Frame:
    """The rows as a DataFrame of objects: values as HeyX has them, None where there is none."""
    import pandas as pd  # noqa: PLC0415 - a third of a second that only who wants a frame pays

    return pd.DataFrame([list(row) for row in rows], columns=list(header), dtype=object)


def _whole(text: str) -> str:
    """`text` without halves of characters, which no file can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: TableValue) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _kinds(header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> list[str]:
    seen: list[set[str]] = [set() for _ in header]
    for row in rows:
        for kinds, value in zip(seen, row, strict=True):
            match value:
                case None:
                    continue
                case bool():
                    kinds.add("boolean")
                case datetime():
                    kinds.add("moment")
                case tuple():
                    kinds.add("list")
                case _:
                    kinds.add("text")
    return [next(iter(kinds)) if len(kinds) == 1 else "text" for kinds in seen]


def _of_kind(value: TableValue, kind: str) -> Any:
    if value is None or kind != "text":
        return value
    return ("true" if value else "false") if isinstance(value, bool) else _whole(str(value))
