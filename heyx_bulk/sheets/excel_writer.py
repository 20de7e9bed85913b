"""Write Excel workbooks as a stream: tables of texts and typed cells, and a summary in front of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from html import escape
from io import BufferedWriter, FileIO
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from heyx_bulk.errors import WriteError
from heyx_bulk.sheets.atomic_file import atomic_write
from heyx_bulk.sheets.cell_reference import column_letter, quote_worksheet
from heyx_bulk.sheets.limits import LONGEST_TEXT, MOST_COLUMNS, MOST_ROWS
from heyx_bulk.sheets.summary_page import SUMMARY_TITLE, SUMMARY_WIDTHS, SummaryPage
from heyx_bulk.sheets.typed_cell import NUMBER_FORMATS, typed_value
from heyx_bulk.sheets.xlsx.cell_text import encode_escapes, stored_length
from heyx_bulk.values.text import replace_surrogates
from heyx_bulk.values.value_types import ValueKind

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_ROWS_MEASURED = 100
_NARROWEST_CHARACTERS, _WIDEST_CHARACTERS = 8, 60
_LONGEST_NAME = 31
_MISWRITTEN = re.compile(r"_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_|^<r>")


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a table looks in a workbook.

    `kinds` are the kinds of its columns where they are known; their cells are typed. The cells of `column` have a
    background color (`#RRGGBB`) by their text. Lines of text stand `above` the header, the first one bold; the
    last column offers `choices`.
    """

    kinds: Sequence[ValueKind | None] = ()
    column: int = 0
    colors: Mapping[str, str] = field(default_factory=dict)
    above: Sequence[str] = ()
    choices: Sequence[str] = ()


PLAIN = CellStyle()


def write_excel(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    worksheet: str = "Sheet1",
    style: CellStyle = PLAIN,
    summary: SummaryPage | None = None,
) -> None:
    """Write a table to a workbook, on as many worksheets as its rows need, with a summary in front of them.

    Half a surrogate pair becomes U+FFFD. Raises `WriteError` for what a workbook cannot hold or the folder does
    not take; a full disk stays an `OSError`.
    """
    if len(header) > MOST_COLUMNS:
        what = f"{path}: {len(header):,} columns are more than Excel's {MOST_COLUMNS:,}"
        raise WriteError(what, "Write .csv instead.")
    stream = iter(rows)
    with atomic_write(path) as place, _workbook(place) as workbook:
        if summary is not None:
            _write_summary(workbook, summary)
        table = _TableWriter(path, workbook, style, header)
        table.write(worksheet, stream, opens=summary is None or not summary.opens)
        for number, row in enumerate(stream, 2):
            table.write(_numbered(worksheet, number), chain([row], stream))


def reference_of_row(worksheet: str, index: int) -> str:
    """Where row `index` (from 0) of a table stands that `write_excel` writes: `'Results'!A2`."""
    page, row = divmod(index, MOST_ROWS - 1)
    name = _numbered(worksheet, page + 1) if page else worksheet
    return f"{quote_worksheet(name)}!A{row + 2}"


def _numbered(worksheet: str, number: int) -> str:
    suffix = f" ({number})"
    return f"{worksheet[: _LONGEST_NAME - len(suffix)]}{suffix}"


def _write_summary(workbook: Workbook, summary: SummaryPage) -> None:
    page = workbook.add_worksheet(SUMMARY_TITLE)
    formats: dict[tuple[str, bool, bool], Format] = {}
    for position, width in enumerate(SUMMARY_WIDTHS):
        page.set_column(position, position, width)
    for number, row in enumerate(summary.rows):
        for position, cell in enumerate(row):
            look = cell.color, cell.bold, bool(cell.link)
            if look not in formats:
                formats[look] = workbook.add_format(
                    {"num_format": "@", "bold": cell.bold}
                    | ({"bg_color": cell.color} if cell.color else {})
                    | ({"font_color": "#0563C1", "underline": 1} if cell.link else {})
                )
            if isinstance(cell.text, int):
                page.write_number(number, position, cell.text)
            elif cell.link:
                page.write_url(number, position, f"internal:{cell.link}", formats[look], cell.text)
            elif cell.text or cell.color:
                text = _for_xlsxwriter(replace_surrogates(cell.text[:LONGEST_TEXT]))
                page.write_string(number, position, text, formats[look])
    if summary.opens:
        page.activate()


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


class _TableWriter:
    """Writes a table to worksheets with a frozen header and a filter; every cell without a type is text."""

    def __init__(self, path: Path, workbook: Workbook, style: CellStyle, header: Sequence[str]) -> None:
        self._path = path
        self._workbook = workbook
        self._style = style
        self._header = header
        self._plain = workbook.add_format({"num_format": "@"})
        self._bold = workbook.add_format({"num_format": "@", "bold": True})
        self._colored = {
            text: workbook.add_format({"num_format": "@", "bg_color": color})
            for text, color in style.colors.items()
        }
        self._typed = {
            kind: workbook.add_format({"num_format": NUMBER_FORMATS.get(kind, "General")})
            for kind in dict.fromkeys(style.kinds)
            if kind is not None
        }
        self._kinds = [*style.kinds, *[None] * len(header)][: len(header)]

    def write(self, name: str, rows: Iterator[Sequence[str]], *, opens: bool = False) -> None:
        """Write the header and as many of `rows` as a worksheet holds."""
        worksheet = self._workbook.add_worksheet(name)
        top = len(self._style.above)
        room = MOST_ROWS - 1 - top
        first = list(islice(rows, min(_ROWS_MEASURED, room)))
        for position, title in enumerate(self._header):
            longest = max((len(row[position]) for row in first if position < len(row)), default=0)
            width = max(longest, len(title) + 3) + 2
            width = max(_NARROWEST_CHARACTERS, min(_WIDEST_CHARACTERS, width))
            worksheet.set_column(position, position, width, self._plain)
        worksheet.freeze_panes(top + 1, 0)
        if opens:
            worksheet.activate()
        for number, text in enumerate(self._style.above):
            self._write_text(worksheet, number, 0, text, self._plain if number else self._bold)
        for position, title in enumerate(self._header):
            self._check(self._write_text(worksheet, top, position, title, self._bold), name, top, position, title)
        last = top
        for last, row in enumerate(chain(first, islice(rows, room - len(first))), top + 1):
            for position, cell in enumerate(row):
                code = self._write_cell(worksheet, last, position, cell)
                if code:
                    self._check(code, name, last, position, cell)
        if self._header:
            worksheet.autofilter(top, 0, last, len(self._header) - 1)
        if self._style.choices and last > top:
            offered = {"validate": "list", "source": [*self._style.choices]}
            worksheet.data_validation(top + 1, len(self._header) - 1, last, len(self._header) - 1, offered)

    def _write_cell(self, worksheet: Worksheet, row: int, position: int, cell: str) -> int:
        kind = self._kinds[position] if position < len(self._kinds) else None
        if kind is not None and (value := typed_value(cell, kind)) is not None:
            text_format = self._typed[kind]
            if isinstance(value, bool):
                return int(worksheet.write_boolean(row, position, value, text_format) or 0)
            if isinstance(value, date):
                return int(worksheet.write_datetime(row, position, value, text_format) or 0)
            return int(worksheet.write_number(row, position, value, text_format) or 0)
        if position == self._style.column and cell in self._colored:
            return int(worksheet.write_string(row, position, cell, self._colored[cell]) or 0)
        return self._write_text(worksheet, row, position, cell, self._plain)

    def _write_text(self, worksheet: Worksheet, row: int, position: int, cell: str, look: Format) -> int:
        if not cell:
            return int(worksheet.write_blank(row, position, None, look) or 0)
        return int(worksheet.write_string(row, position, _for_xlsxwriter(replace_surrogates(cell)), look) or 0)

    def _check(self, code: int, name: str, row: int, position: int, cell: str) -> None:
        """Raise `WriteError` for the code of a cell that was not written."""
        if code:
            what = "is beyond the last column of a worksheet"
            if code == -2:
                stored = stored_length(_for_xlsxwriter(replace_surrogates(cell)))
                what = f"takes {stored:,} characters in a workbook, where a cell holds at most {LONGEST_TEXT:,}"
            place = f"{self._path}, worksheet {name!r}, row {row + 1}, column {column_letter(position)}"
            raise WriteError(f"{place}: {what}", "Write .csv instead.")


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
