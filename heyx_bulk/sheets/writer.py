"""Write tables: sheets that are read back exactly, or JSON lines, Parquet and DataFrames of typed values."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

from heyx_bulk.errors import UsageError, WriteError
from heyx_bulk.models.contacts import Value
from heyx_bulk.sheets.atomic_file import atomic_write
from heyx_bulk.sheets.csv.injection import guard
from heyx_bulk.sheets.excel_writer import PLAIN, CellStyle, write_excel
from heyx_bulk.sheets.frames import Frame
from heyx_bulk.sheets.summary_page import SummaryPage
from heyx_bulk.values.text import replace_surrogates

TableValue: TypeAlias = Value | tuple[str, ...] | datetime
"""A value of a table: a field's, a list of texts, or a moment with its time zone."""

_ROWS_IN_A_GROUP = 20_000


def write_sheet(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    worksheet: str = "Sheet1",
    style: CellStyle = PLAIN,
    summary: SummaryPage | None = None,
    raw_csv: bool = False,
) -> None:
    """Write `header` and `rows`, which are streamed, to `path`: CSV or an Excel workbook, by its suffix.

    A workbook may have `style`, and a `summary` in front. In a CSV file, values that a spreadsheet would run as
    formulas are guarded, except with `raw_csv`. Half a surrogate pair, which no file can hold, becomes U+FFFD.
    Raises `WriteError` for what the format cannot hold or the folder does not take; a full disk stays an
    `OSError`.
    """
    match path.suffix.lower():
        case ".csv":
            _write_csv(path, header, rows, raw=raw_csv)
        case ".xlsx":
            write_excel(path, header, rows, worksheet, style, summary)
        case suffix:
            what = f"{path}: {suffix or 'a file without a suffix'} cannot be written"
            raise WriteError(what, "Name a file that ends in .csv or .xlsx.")


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in UTF-8; raises as `write_sheet` does."""
    with atomic_write(path) as place:
        place.write_text(replace_surrogates(text), encoding="utf-8", newline="\n")


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, raw: bool) -> None:
    protect: Callable[[str], str] = str if raw else guard
    with atomic_write(path) as place, place.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for row in chain([header], rows):
            writer.writerow([protect(replace_surrogates(cell).replace("\0", "\ufffd")) for cell in row])


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


def to_frame(
    header: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] | None = None
) -> Frame:
    """The rows as a DataFrame of objects: values as HeyX has them, None where there is none.

    `numbers` are the rows' numbers, if they have any: then they are the index, which is called `row`.
    """
    import pandas as pd  # noqa: PLC0415 - takes a third of a second, which only users of frames pay

    index = None if numbers is None else pd.Index([*numbers], dtype="int64", name="row")
    return pd.DataFrame([list(row) for row in rows], index, list(header), dtype=object)


def _text(value: TableValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else replace_surrogates(str(value))
