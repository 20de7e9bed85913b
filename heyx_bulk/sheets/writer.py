"""Write tables: sheets of text that are read back exactly, or JSON lines, Parquet and DataFrames of typed values.

A file appears whole or not at all.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from importlib.util import find_spec
from io import BufferedWriter, FileIO
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from heyx_bulk.errors import DISK_FULL_ERRNOS, UsageError, WriteError
from heyx_bulk.models.contacts import Value
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.csv.injection import guard
from heyx_bulk.sheets.limits import MOST_COLUMNS, MOST_ROWS
from heyx_bulk.sheets.record import RUN_WORKSHEET
from heyx_bulk.sheets.xlsx.cell_text import encode_escapes

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import ReadableBuffer
    from xlsxwriter import Workbook

TableValue: TypeAlias = Value | tuple[str, ...] | datetime
"""A value of a table: a field's, a list of texts, or a moment with its time zone."""

Frame: TypeAlias = "pd.DataFrame"

_ROWS_IN_A_GROUP = 20_000
_ROWS_MEASURED = 100
_NARROWEST_CHARACTERS, _WIDEST_CHARACTERS = 8, 60
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_MISWRITTEN = re.compile(r"_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_|^<r>")


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a workbook looks: the cells of one column have a background color (`#RRGGBB`) by their text."""

    column: int = 0
    colors: Mapping[str, str] = field(default_factory=dict)


_PLAIN = CellStyle()


def write_sheet(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    worksheet: str = "Sheet1",
    style: CellStyle = _PLAIN,
    about: Sequence[Sequence[str]] = (),
    raw_csv: bool = False,
) -> None:
    """Write `header` and `rows`, which are streamed, to `path`: CSV or an Excel workbook, by its suffix.

    A workbook may have `style`, and `about` (rows of text, the first a header) in a worksheet that is read only
    where it is named. In a CSV file, values that a spreadsheet would run as formulas are guarded, except with
    `raw_csv`. Half a surrogate pair, which no file can hold, becomes U+FFFD. Raises `WriteError` for what the
    format cannot hold or the folder does not take; a full disk stays an `OSError`.
    """
    match path.suffix.lower():
        case ".csv":
            _write_csv(path, header, rows, raw=raw_csv)
        case ".xlsx":
            _write_excel(path, header, rows, worksheet, style, about)
        case suffix:
            what = f"{path}: {suffix or 'a file without a suffix'} cannot be written"
            raise WriteError(what, "Name a file that ends in .csv or .xlsx.")


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in UTF-8; raises as `write_sheet` does."""
    with _atomic_write(path) as place:
        place.write_text(replace_surrogates(text), encoding="utf-8", newline="\n")


def replace_surrogates(text: str) -> str:
    """`text` with U+FFFD for halves of surrogate pairs."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, raw: bool) -> None:
    protect: Callable[[str], str] = str if raw else guard
    with _atomic_write(path) as place, place.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for row in chain([header], rows):
            writer.writerow([protect(replace_surrogates(cell).replace("\0", "\ufffd")) for cell in row])


def _write_excel(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    name: str,
    style: CellStyle,
    about: Sequence[Sequence[str]],
) -> None:
    if len(header) > MOST_COLUMNS:
        what = f"{path}: {len(header):,} columns are more than Excel's {MOST_COLUMNS:,}"
        raise WriteError(what, "Write .csv instead.")
    stream = iter(rows)
    with _atomic_write(path) as place, _workbook(place) as workbook:
        _write_worksheet(path, workbook, name, style, header, stream)
        for number, row in enumerate(stream, 2):
            suffix = f" ({number})"
            numbered = f"{name[: _LONGEST_NAME - len(suffix)]}{suffix}"
            _write_worksheet(path, workbook, numbered, style, header, chain([row], stream))
        if about:
            _write_worksheet(path, workbook, RUN_WORKSHEET, _PLAIN, about[0], iter(about[1:]))


@contextmanager
def _workbook(place: Path) -> Iterator[Workbook]:
    """An XlsxWriter workbook whose files are closed either way; errors of the disk are raised as they are."""
    import xlsxwriter  # noqa: PLC0415 - only a writer of workbooks pays for it
    from xlsxwriter.exceptions import FileCreateError, XlsxWriterException  # noqa: PLC0415 - likewise

    file = _AbandonableFile(FileIO(place, "w"))
    options = {
        "constant_memory": True,
        "tmpdir": str(place.parent),
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "use_zip64": True,
    }
    workbook = xlsxwriter.Workbook(file, options)
    try:
        yield workbook
        workbook.close()
        file.close()
    except FileCreateError as error:
        raise error.args[0] from None
    except XlsxWriterException as error:
        raise WriteError(f"{place.name} cannot be written: {error}", "Choose another worksheet name.") from error
    finally:
        file.abandon()
        for worksheet in workbook.worksheets():
            with suppress(OSError):  # the first failure is already on its way
                worksheet.row_data_fh.close()


class _AbandonableFile(BufferedWriter):
    """A file that, once abandoned, ignores what is written to it.

    After a failure the zip that XlsxWriter leaves behind still writes its end when it is garbage-collected.
    """

    abandoned = False

    def abandon(self) -> None:
        self.abandoned = True
        self.close()

    def write(self, data: ReadableBuffer) -> int:
        return memoryview(data).nbytes if self.abandoned else super().write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0 if self.abandoned else super().seek(offset, whence)

    def tell(self) -> int:
        return 2**62 if self.abandoned else super().tell()  # further than any place that a zip looks for

    def flush(self) -> None:
        if not self.abandoned:
            super().flush()


def _write_worksheet(
    path: Path,
    workbook: Workbook,
    name: str,
    style: CellStyle,
    header: Sequence[str],
    rows: Iterator[Sequence[str]],
) -> None:
    """Write the header and as many rows as a worksheet holds: a frozen header, a filter, every cell as text."""
    colored = {
        text: workbook.add_format({"num_format": "@", "bg_color": color}) for text, color in style.colors.items()
    }
    worksheet = workbook.add_worksheet(name)
    plain = workbook.add_format({"num_format": "@"})
    bold = workbook.add_format({"num_format": "@", "bold": True})
    room = MOST_ROWS - 1
    first = list(islice(rows, min(_ROWS_MEASURED, room)))
    for position, title in enumerate(header):
        longest = max((len(row[position]) for row in first if position < len(row)), default=0)
        width = max(longest, len(title) + 3) + 2
        width = max(_NARROWEST_CHARACTERS, min(_WIDEST_CHARACTERS, width))
        worksheet.set_column(position, position, width, plain)
    worksheet.freeze_panes(1, 0)
    last = 0
    for last, row in enumerate(chain([header], first, islice(rows, room - len(first)))):
        for position, cell in enumerate(row):
            text_format = plain if last else bold
            if position == style.column and cell in colored:
                code = worksheet.write_string(last, position, cell, colored[cell])
            elif not cell:
                code = worksheet.write_blank(last, position, None, text_format)
            else:
                text = _for_xlsxwriter(replace_surrogates(cell))
                code = worksheet.write_string(last, position, text, text_format)
            if code:
                what = "lies outside of any worksheet"
                if code == -2:
                    what = f"{len(cell):,} characters are more than the {_LONGEST_TEXT:,} Excel can hold"
                place = f"{path}, worksheet {name!r}, row {last + 1}, column {column_letter(position)}"
                raise WriteError(f"{place}: {what}", "Write .csv instead.")
    if header:
        worksheet.autofilter(0, 0, last, len(header) - 1)


def _for_xlsxwriter(text: str) -> str:
    """`text` in the form from which XlsxWriter writes it exactly.

    It takes a text that begins with `<r>` for the XML of a rich text, and escapes only the first of two `_xHHHH_`
    that share an underscore. Such a text is therefore handed over as rich text, with its underscores as character
    references, so that XlsxWriter does not escape them once more.
    """
    if not _MISWRITTEN.search(text):
        return text
    inside = escape(encode_escapes(text), quote=False).replace("_", "&#95;")
    return f'<r><t xml:space="preserve">{inside}</t></r>'


def write_json_lines(path: Path, header: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> None:
    """Write a JSON object for each row, with the header's names; true stays true, a list stays a list."""
    with _atomic_write(path) as place, place.open("w", encoding="utf-8", newline="\n") as file:
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
    with _atomic_write(path) as place, pq.ParquetWriter(place, schema) as writer:
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


@contextmanager
def _atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path whose file replaces `path` when the block ends, and is deleted if it raises.

    Its folder may hold other temporary files. A full disk stays an `OSError`; any other failure of the file system
    becomes a `WriteError`.
    """
    target = path.resolve()
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            written = Path(folder) / target.name
            written.touch(mode=0o600)
            yield written
            _sync(written)
            written.replace(target)
        _sync(target.parent)
    except OSError as error:
        if error.errno in DISK_FULL_ERRNOS:
            raise
        raise _write_error(path, error) from error


def _sync(path: Path) -> None:
    """Wait until the disk has it. Windows cannot open a folder for that and need not."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_error(path: Path, error: OSError) -> WriteError:
    remedy = "Name another file or folder."
    match error:
        case FileNotFoundError() | NotADirectoryError():
            remedy = f"Make the folder {path.parent} first, or name another one."
        case OSError(errno=errno.ENAMETOOLONG):
            remedy = "Choose a shorter name."
        case PermissionError():
            remedy = "Close the file where it is open, or name a folder you may write to."
    return WriteError(f"{path} cannot be written ({error.strerror or error})", remedy)
