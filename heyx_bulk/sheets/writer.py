"""Writing a sheet that comes back exactly: every cell is text, the file whole or not there at all."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import escape
from io import BufferedWriter, FileIO
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from heyx_bulk.errors import WriteError
from heyx_bulk.sheets.atomic_write import atomic_write
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.csv.injection import guard
from heyx_bulk.sheets.limits import MOST_COLUMNS, MOST_ROWS
from heyx_bulk.sheets.worksheet_choice import RUN_WORKSHEET
from heyx_bulk.sheets.xlsx import escapes

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_ROWS_MEASURED = 100
_WIDTHS_IN_CHARACTERS = (8, 60)
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_FAR = 2**62  # further than any place a zip knows
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MISWRITTEN = re.compile(r"_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_|^<r>")


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a workbook looks: the cells of one column are coloured by their text (`#RRGGBB`, by text)."""

    column: int
    colors: Mapping[str, str]


def write_sheet(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    worksheet: str = "Sheet1",
    style: CellStyle | None = None,
    about: Sequence[Sequence[str]] = (),
    raw_csv: bool = False,
) -> None:
    """Writes `header` and `rows` to `path`, by its suffix as CSV or as an Excel workbook.

    A workbook may have `style`, and `about` (rows of text, the first a header) in a second worksheet, which our
    reader never takes for the sheet itself. A CSV file has neither; in it, values that a spreadsheet would run as
    formulas are guarded, unless `raw_csv`.

    The rows are streamed. Half a surrogate pair, which no file can hold, becomes U+FFFD. Raises `WriteError`
    for what the format cannot hold or the folder does not take; a full disk stays an `OSError`.
    """
    match path.suffix.lower():
        case ".csv":
            _write_csv(path, header, rows, raw=raw_csv)
        case ".xlsx":
            _write_excel(path, header, rows, worksheet, style or CellStyle(0, {}), about)
        case suffix:
            what = f"{path}: {suffix or 'a file without a suffix'} cannot be written"
            raise WriteError(what, "Name a file that ends in .csv or .xlsx.")


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, raw: bool) -> None:
    keep: Callable[[str], str] = str if raw else guard
    with atomic_write(path) as place, place.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for row in chain([header], rows):
            writer.writerow([keep(_writable(cell).replace("\0", "\ufffd")) for cell in row])


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
    with atomic_write(path) as place, _workbook(place) as workbook:
        _Page(path, workbook, name, style).fill(header, stream)
        for number, row in enumerate(stream, 2):
            _Page(path, workbook, _numbered(name, number), style).fill(header, chain([row], stream))
        if about:
            _Page(path, workbook, RUN_WORKSHEET, CellStyle(0, {})).fill(about[0], iter(about[1:]))


def _numbered(name: str, number: int) -> str:
    mark = f" ({number})"
    return f"{name[: _LONGEST_NAME - len(mark)]}{mark}"


@contextmanager
def _workbook(place: Path) -> Iterator[Workbook]:
    """An XlsxWriter workbook whose errors are told as what they are and whose files are closed either way."""
    import xlsxwriter  # noqa: PLC0415 - only a writer of workbooks pays for it
    from xlsxwriter.exceptions import FileCreateError, XlsxWriterException  # noqa: PLC0415 - likewise

    outlet = _Outlet(FileIO(place, "w"))
    workbook = xlsxwriter.Workbook(outlet, _options(place.parent))
    try:
        yield workbook
        workbook.close()
        outlet.close()
    except FileCreateError as error:
        raise error.args[0] from None
    except XlsxWriterException as error:
        raise WriteError(f"{place.name} cannot be written: {error}", "Choose another worksheet name.") from error
    finally:
        outlet.abandon()
        for page in workbook.worksheets():
            with suppress(OSError):  # the failure that brought us here has been told
                page.row_data_fh.close()


def _options(folder: Path) -> dict[str, bool | str]:
    """Rows go to a temporary file in `folder`, and a text stays a text."""
    return {
        "constant_memory": True,
        "tmpdir": str(folder),
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "use_zip64": True,
    }


class _Outlet(BufferedWriter):
    """A file that, once abandoned, takes everything and keeps nothing.

    After a failure the zip that XlsxWriter leaves behind still writes its end when it is collected.
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
        return _FAR if self.abandoned else super().tell()

    def flush(self) -> None:
        if not self.abandoned:
            super().flush()


class _Page:
    """A worksheet being written: a frozen header, a filter, every cell and column as text."""

    def __init__(self, path: Path, workbook: Workbook, name: str, style: CellStyle) -> None:
        self.path = path
        self.style = style
        self.coloured: dict[str, Format] = {
            text: workbook.add_format({"num_format": "@", "bg_color": colour})
            for text, colour in style.colors.items()
        }
        self.name = name
        self.worksheet: Worksheet = workbook.add_worksheet(name)
        self.text: Format = workbook.add_format({"num_format": "@"})
        self.bold: Format = workbook.add_format({"num_format": "@", "bold": True})

    def fill(self, header: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
        """Writes the header and takes as many rows as a worksheet holds."""
        room = MOST_ROWS - 1
        first = list(islice(rows, min(_ROWS_MEASURED, room)))
        for position, width in enumerate(_widths(header, first)):
            self.worksheet.set_column(position, position, width, self.text)
        self.worksheet.freeze_panes(1, 0)
        self._write_row(0, header, self.bold)
        last = 0
        for last, row in enumerate(chain(first, islice(rows, room - len(first))), 1):
            self._write_row(last, row, self.text)
        if header:
            self.worksheet.autofilter(0, 0, last, len(header) - 1)

    def _write_row(self, row: int, cells: Sequence[str], style: Format) -> None:
        for position, cell in enumerate(cells):
            if position == self.style.column and cell in self.coloured:
                code = self.worksheet.write_string(row, position, cell, self.coloured[cell])
            elif not cell:
                code = self.worksheet.write_blank(row, position, None, style)
            else:
                code = self.worksheet.write_string(row, position, _as_written(_writable(cell)), style)
            if code:
                raise self._refused(code, row, position, cell)

    def _refused(self, code: int, row: int, position: int, cell: str) -> WriteError:
        place = f"{self.path}, worksheet {self.name!r}, row {row + 1}, column {column_letter(position)}"
        if code == -2:
            what = f"{place}: {len(cell):,} characters are more than the {_LONGEST_TEXT:,} Excel can hold"
            return WriteError(what, "Write .csv instead.")
        return WriteError(f"{place}: lies outside of any worksheet", "Write .csv instead.")


def _widths(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[int]:
    least, most = _WIDTHS_IN_CHARACTERS
    for position, title in enumerate(header):
        longest = max((len(row[position]) for row in rows if position < len(row)), default=0)
        yield max(least, min(most, max(longest, len(title) + 3) + 2))


def _writable(text: str) -> str:
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _as_written(text: str) -> str:
    """`text` as XlsxWriter has to be given it to write it exactly.

    It takes a text that begins with `<r>` for the XML of a rich text, and escapes only the first of two
    `_xHHHH_` that share an underscore. Such a text is handed over as the rich text it then is; its
    underscores are character references, so that XlsxWriter does not escape them once more.
    """
    if not _MISWRITTEN.search(text):
        return text
    inside = escape(escapes.encode(text), quote=False).replace("_", "&#95;")
    return f'<r><t xml:space="preserve">{inside}</t></r>'
