"""Open a sheet: detect its format, choose the worksheet, find the header, read all rows once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import chain, islice
from math import inf
from pathlib import Path

from heyx_bulk.errors import HeaderRowMissing, HeaderRowNeeded, SheetError, WorksheetNeeded
from heyx_bulk.models.phrases import did_you_mean
from heyx_bulk.sheets.cell_reference import Area, column_letter
from heyx_bulk.sheets.csv.csv_reader import CsvFile
from heyx_bulk.sheets.csv.dialect import (
    check_encoding,
    declared_separator,
    detect_encoding,
    detect_separator,
    parse_separator,
)
from heyx_bulk.sheets.detect_format import Format, unpack
from heyx_bulk.sheets.header_detection import read_sheet
from heyx_bulk.sheets.legacy import open_legacy_book
from heyx_bulk.sheets.merged_cells import treat_merged
from heyx_bulk.sheets.record import ROW_COLUMN, Book, Page, WorksheetInfo
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import DETECT_ALL, NO_PRESET, SheetOptions, SheetPreset, same_worksheet
from heyx_bulk.sheets.xlsx.workbook import Workbook
from heyx_bulk.values.text import trim

_HEADER_SEARCHED = 100
_SAMPLE_LINES = 2_000
_SAMPLE_CHARACTERS = 1 << 22
_NAME_ONE = "Name the one to read with --worksheet NAME."
_SEPARATOR_NAMES = {"\t": "tab", " ": "a space"}


def open_sheet(path: Path, options: SheetOptions = DETECT_ALL, preset: SheetPreset = NO_PRESET) -> Sheet:
    """Read the sheet at `path` (`-` is standard input) once from end to end; raises `SheetError`.

    `preset` completes the options. A mistake in it names where it stands.
    """
    if options.header_row is not None and options.header_row < 1:
        what = f"there is no row {options.header_row}"
        raise SheetError(what, "Count rows as Excel does: the first one is row 1.")
    with unpack(path) as (place, form):
        completed = preset.complete(options, is_workbook=form is not Format.CSV)
        named_in = preset.worksheet_place if options.worksheet is None else ""
        try:
            sheet = _open(place, form, completed, named_in)
        except HeaderRowNeeded as error:
            if not error.is_plain:
                raise
            row, title = error.suggested, error.rows[0][0]
            sheet = _open(place, form, replace(completed, header_row=row), named_in)
            note = f"row {title} is taken for a title, and row {row} has the headers; for others, use --header-row"
            sheet = replace(sheet, notes=(f"{note} ROW", *sheet.notes))
        except HeaderRowMissing as error:
            if completed.header_row == options.header_row:
                raise
            what = f"{preset.header_row_place}: {error.what}"
            raise HeaderRowMissing(what, "Correct that line, or name the row with --header-row ROW.") from None
    if completed.header_row != options.header_row:
        note = f"the headers are in row {completed.header_row}, as {preset.header_row_place} says"
        sheet = replace(sheet, notes=(note, *sheet.notes))
    return replace(sheet, path=path)


def _open(path: Path, form: Format, options: SheetOptions, named_in: str) -> Sheet:
    return _open_csv(path, options) if form is Format.CSV else _open_workbook(path, form, options, named_in)


def _open_csv(path: Path, options: SheetOptions) -> Sheet:
    if options.worksheet is not None:
        raise SheetError(f"{path.name} is a CSV file and has no worksheets", "Leave out --worksheet.")
    named = None if options.separator is None else parse_separator(options.separator)
    named_codec = None if options.encoding is None else check_encoding(path, options.encoding)
    codec, note = (named_codec, "") if named_codec else detect_encoding(path)
    source = CsvFile(path, codec, ",", raw=options.raw_csv)
    sample = [*_sample(source)]
    declared = declared_separator(sample[0]) if sample else None
    separator = named or declared or detect_separator(sample)
    source = replace(source, separator=separator, skipped_lines=1 if declared else 0)
    source, sheet = _read_csv(source, sample, options.header_row)
    notes = (
        note,
        "" if separator == "," else f"separator is {_SEPARATOR_NAMES.get(separator, separator)}",
        "carriage returns alone are part of the values: rows end with a line feed"
        if source.returns_within
        else "",
        "spaces after the separators are ignored" if source.skip_blanks else "",
    )
    return replace(sheet, notes=(*filter(None, notes), *sheet.notes))


def _sample(source: CsvFile) -> Iterator[str]:
    room = _SAMPLE_CHARACTERS
    for line in islice(source.lines(), _SAMPLE_LINES):
        yield line
        room -= len(line)
        if room < 0:
            break


def _read_csv(source: CsvFile, sample: list[str], header_row: int | None) -> tuple[CsvFile, Sheet]:
    """Read the rows in the way that makes the most of them as long as the header.

    Blanks before quotes (`, "x"`) go with the separator where only that makes all rows alike. A carriage return
    alone is a part of a value in a file whose lines end otherwise, if the header stays the same and more rows are
    as long as it then.
    """
    may_skip_blanks = any(f'{source.separator} "' in line for line in sample)

    def read(source: CsvFile) -> Sheet | SheetError:
        try:
            return read_sheet(source.pages(), source.path, Format.CSV, None, header_row)
        except SheetError as error:
            return error

    def read_best(source: CsvFile) -> tuple[CsvFile, Sheet | SheetError]:
        found, without_blanks = read(source), replace(source, skip_blanks=True)
        if _uneven(found) and may_skip_blanks and not _uneven(again := read(without_blanks)):
            return without_blanks, again
        return source, found

    source, found = read_best(source)
    if _uneven(found) and source.has_lone_returns():
        with_returns, again = read_best(replace(source, returns_within=True))
        if _uneven(again) < _uneven(found) and _has_header_of(again, found):
            source, found = with_returns, again
    if isinstance(found, SheetError):
        raise found
    return source, found


def _has_header_of(again: Sheet | SheetError, found: Sheet | SheetError) -> bool:
    """Whether another reading of a file leaves the header as it was, or if there was none, finds whole cells."""
    if not isinstance(again, Sheet):
        return False
    return again.header == found.header if isinstance(found, Sheet) else "\r" not in "".join(again.header)


def _uneven(found: Sheet | SheetError) -> float:
    """How many rows are not as long as the header."""
    return found.uneven if isinstance(found, Sheet) else inf


def _open_workbook(path: Path, form: Format, options: SheetOptions, named_in: str) -> Sheet:
    """Read a workbook; `named_in` is the place in a mapping file that names the worksheet, if one does."""
    for option, value in (("encoding", options.encoding), ("separator", options.separator)):
        if value is not None:
            raise SheetError(
                f"{path.name} is no CSV file, so it has no {option} to choose", f"Leave out --{option}."
            )
    with _open_book(path, form) as book:
        info, without_rows = _choose_worksheet(book, options.worksheet, named_in)
        worksheet = book.worksheet(info)
        rest = iter(worksheet.pages)
        first = [*islice(rest, 1)]
        header_row = options.header_row or _header_of_results(first)
        sheet = read_sheet(chain(first, rest), path, form, info.name, header_row)
    for area in worksheet.merged:
        _refuse_merged_header(area, sheet)
    sheet = treat_merged(sheet, worksheet.merged, fill=options.fill_merged)
    ignored = [
        f"the worksheet {other.name!r} is ignored: it has no rows below its first" for other in without_rows
    ]
    hidden = [
        f"the hidden worksheet {other.name!r} is ignored"
        for other in book.worksheets
        if options.worksheet is None and not other.visible
    ]
    worksheets = tuple(other.name for other in book.worksheets)
    notes = (*ignored, *hidden, *book.notes, *sheet.notes, *_hidden_columns(sheet, worksheet.hidden_columns))
    return replace(sheet, worksheets=worksheets, notes=notes)


def _hidden_columns(sheet: Sheet, hidden: Iterable[range]) -> Iterator[str]:
    """A note about columns with a header that are hidden."""
    width = len(sheet.header)
    positions = sorted({position for one in hidden for position in range(one.start, min(one.stop, width))})
    names = [f"{column_letter(position)} “{trim(sheet.header[position])}”" for position in positions]
    named = [name for position, name in zip(positions, names, strict=True) if trim(sheet.header[position])]
    if named:
        what = f"column {named[0]} is" if len(named) == 1 else f"columns {', '.join(named)} are"
        yield f"{what} hidden in the worksheet and read like the others"


@contextmanager
def open_book(path: Path) -> Iterator[Book]:
    """The workbook at `path`."""
    with unpack(path) as (place, form), _open_book(place, form) as book:
        yield book


def _open_book(path: Path, form: Format) -> AbstractContextManager[Book]:
    return nullcontext(Workbook(path)) if form is Format.EXCEL else open_legacy_book(path, form)


def _choose_worksheet(
    book: Book, name: str | None, named_in: str
) -> tuple[WorksheetInfo, Sequence[WorksheetInfo]]:
    """The worksheet called `name`, in any case, or the only visible one with data; raises `SheetError`.

    Of several with data it is the only one whose table is of a file of results, or else the only one with several
    rows; the others are the second value then.
    """
    if name is not None:
        exact = [info for info in book.worksheets if info.name == name]
        folded = [info for info in book.worksheets if same_worksheet(info.name, name)]
        if exact or folded:
            return (exact or folded)[0], ()
        near = did_you_mean(name, (info.name for info in book.worksheets))
        what = f"{book.path.name} has no worksheet {name!r}; it has {_listed(book.worksheets)}.{near}"
        if named_in:
            what = f"{named_in}: {what}"
            raise SheetError(what, "Correct that line, or name one of them with --worksheet NAME.")
        raise SheetError(what, "Name one of them with --worksheet NAME.")
    filled = [info for info in book.worksheets if info.visible and book.has_data(info)]
    of_results = filled
    if len(filled) > 1:
        of_results = [info for info in filled if _header_of_results(islice(book.worksheet(info).pages, 1))]
    if len(of_results) == 1:
        return of_results[0], ()
    with_rows = [info for info in filled if _has_rows(book.worksheet(info).pages)]
    if len(with_rows) == 1:
        return with_rows[0], [info for info in filled if info not in with_rows]
    if filled:
        what = f"{book.path.name} has several worksheets with data: {_listed(filled)}"
        raise WorksheetNeeded(
            what, _NAME_ONE, *(tuple(info.name for info in infos) for infos in (filled, of_results))
        )
    hidden = [info for info in book.worksheets if not info.visible]
    if hidden:
        raise SheetError(f"{book.path.name} is empty except for hidden worksheets: {_listed(hidden)}", _NAME_ONE)
    raise SheetError(f"{book.path.name} is empty", "Give a sheet with a header row and a row for each contact.")


def _has_rows(pages: Iterable[Page]) -> bool:
    """Whether there is a row below the first one that is not blank."""
    rows = 0
    for page in pages:
        rows += len(page.filled().numbers)
        if rows > 1:
            return True
    return False


def _header_of_results(pages: Iterable[Page]) -> int | None:
    """The number of the row that is the header of a file of results: its column `heyx row` names the rows.

    Only the first rows of the first of `pages` are searched.
    """
    for page in islice(pages, 1):
        for column in page.columns:
            for number, text in zip(page.numbers[:_HEADER_SEARCHED], column, strict=False):
                if text.strip() == ROW_COLUMN:
                    return number
    return None


def _listed(worksheets: Sequence[WorksheetInfo]) -> str:
    return ", ".join(repr(info.name) for info in worksheets)


def _refuse_merged_header(area: Area, sheet: Sheet) -> None:
    """A header cell that spans columns leaves the others without a name."""
    across = area.left < min(area.right, len(sheet.header))
    if across and area.top <= sheet.header_row <= area.bottom:
        below = area.bottom + 1
        raise SheetError(
            f"{sheet.name}, worksheet {sheet.worksheet!r}: the header cells {area.reference()} are merged, so "
            "their columns have no names",
            f"Give every column a header cell; if row {below} has them, use --header-row {below}, or delete the "
            "rows above it.",
        )
