"""Opening a sheet: recognise the file, choose the worksheet, find the header, read the rows once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets import archives as envelope
from heyx_bulk.sheets import worksheet_choice as choice
from heyx_bulk.sheets.batch import batches
from heyx_bulk.sheets.csv import encoding as encodings
from heyx_bulk.sheets.csv import separator
from heyx_bulk.sheets.csv.csv_reader import CsvFile
from heyx_bulk.sheets.detect_format import Format
from heyx_bulk.sheets.header_detection import Table, detect_table
from heyx_bulk.sheets.legacy.legacy_reader import open_legacy_book
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.xlsx.xlsx_book import XlsxBook

_SAMPLE_LINES = 2_000
_SAMPLE_CHARACTERS = 1 << 22
_DETECTED = SheetOptions()
_NAMES_OF_SEPARATORS = {"\t": "tab", " ": "a blank"}


def open_sheet(path: Path, options: SheetOptions = _DETECTED) -> Sheet:
    """Read the sheet at `path` (`-` is standard input) once from end to end; raises `SheetError`."""
    if options.header_row is not None and options.header_row < 1:
        what = f"there is no row {options.header_row}"
        raise SheetError(what, "Count rows as Excel does: the first one is row 1.")
    with envelope.unpack(path) as (place, form):
        _refuse_misplaced(place, form, options)
        sheet = _open_csv(place, options) if form is Format.CSV else _open_workbook(place, form, options)
    return replace(sheet, path=path)


def _refuse_misplaced(path: Path, form: Format, options: SheetOptions) -> None:
    """Refuse an option that this format does not have."""
    if form is Format.CSV and options.worksheet is not None:
        raise SheetError(f"{path.name} is a CSV file and has no worksheets", "Leave out --worksheet.")
    for option, value in (("encoding", options.encoding), ("separator", options.separator)):
        if form is not Format.CSV and value is not None:
            raise SheetError(f"{path.name} is an {form} and has no {option} to choose", f"Leave out --{option}.")


def _open_csv(path: Path, options: SheetOptions) -> Sheet:
    wished = separator.parse_separator(options.separator) if options.separator is not None else None
    codec = (
        encodings.check_encoding(path, options.encoding)
        if options.encoding is not None
        else encodings.detect_encoding(path)
    )
    sample = _sample(CsvFile(path, codec.codec, ","))
    declared = separator.declared_separator(sample[0]) if sample else None
    chosen = wished or declared or separator.detect_separator(sample)
    source, table = _survey_csv(
        CsvFile(path, codec.codec, chosen, 1 if declared else 0, raw=options.raw_csv), sample, options.header_row
    )
    notes = (
        codec.note,
        "" if chosen == "," else f"separator is {_NAMES_OF_SEPARATORS.get(chosen, chosen)}",
        "blanks after the separators are left off" if source.skip_blanks else "",
    )
    return _sheet(path, Format.CSV, table, notes)


def _sample(source: CsvFile) -> list[str]:
    lines: list[str] = []
    room = _SAMPLE_CHARACTERS
    for line in islice(source.lines(), _SAMPLE_LINES):
        lines.append(line)
        room -= len(line)
        if room < 0:
            break
    return lines


def _survey_csv(plain: CsvFile, sample: list[str], header_row: int | None) -> tuple[CsvFile, Table]:
    """Blanks before quotes (`, "x"`) are part of the separator only where that makes all rows alike."""

    def attempt(source: CsvFile) -> Table:
        return detect_table(source.batches(), plain.path.name, header_row, delimited=True)

    loose = replace(plain, skip_blanks=True)
    has_blanks = any(f'{plain.separator} "' in line for line in sample)
    try:
        table = attempt(plain)
    except SheetError:
        if has_blanks and (again := _uniform(attempt, loose)):
            return loose, again
        raise
    if has_blanks and not table.uniform and (again := _uniform(attempt, loose)):
        return loose, again
    return plain, table


def _uniform(attempt: Callable[[CsvFile], Table], source: CsvFile) -> Table | None:
    try:
        table = attempt(source)
    except SheetError:
        return None
    return table if table.uniform else None


def _open_workbook(path: Path, form: Format, options: SheetOptions) -> Sheet:
    with ExitStack() as stack:
        book: choice.Book
        book = XlsxBook(path) if form is Format.EXCEL else stack.enter_context(open_legacy_book(path, form))
        info = (
            choice.only_worksheet(book)
            if options.worksheet is None
            else choice.worksheet_named(book, options.worksheet)
        )
        rows = book.worksheet(info)
        place = f"{path.name}, worksheet {info.name!r}"
        table = detect_table(batches(rows.records()), place, options.header_row, delimited=False)
        _refuse_merged(rows, table, place)
        hidden = _hidden(book) if options.worksheet is None else ()
        sheet = _sheet(path, form, table, (*hidden, *book.notes))
        return replace(sheet, worksheet=info.name, worksheets=tuple(other.name for other in book.worksheets))


def _hidden(book: choice.Book) -> list[str]:
    return [f"hidden worksheet {info.name!r} left alone" for info in book.worksheets if not info.visible]


def _sheet(path: Path, form: Format, table: Table, notes: tuple[str, ...]) -> Sheet:
    return Sheet(
        path=path,
        name=path.name,
        format=str(form),
        worksheet=None,
        worksheets=(),
        header=table.header,
        header_row=table.header_row,
        row_count=table.row_count,
        notes=(*filter(None, notes), *table.notes),
        blank=table.blank,
        _row_store=table.row_store,
    )


def _refuse_merged(rows: choice.Rows, table: Table, place: str) -> None:
    """A header cell that spans columns leaves the others without a name."""
    for area in rows.merged:
        across = area.left < min(area.right, len(table.header))
        if across and area.top <= table.header_row <= area.bottom:
            raise SheetError(
                f"{place}: the header cells {area.reference()} are merged, so their columns have no names",
                f"Give every column a header cell; if row {area.bottom + 1} holds them, say "
                f"--header-row {area.bottom + 1}, or delete the rows above it.",
            )
