"""Opening a sheet: recognise the file, choose the worksheet, find the header, count the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets import encoding as encodings
from heyx_bulk.sheets import separator
from heyx_bulk.sheets.delimited import Delimited
from heyx_bulk.sheets.recognition import Format, recognise
from heyx_bulk.sheets.sheet import Record, Sheet
from heyx_bulk.sheets.table import Table, survey
from heyx_bulk.sheets.workbook import Leaf, Workbook, open_workbook
from heyx_bulk.sheets.worksheet import Worksheet, column_position

_SAMPLE_LINES = 2_000
_NAMES_OF_SEPARATORS = {"\t": "tab"}


def open_sheet(
    path: Path,
    *,
    worksheet: str | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Sheet:
    """The sheet at `path`, read once from end to end; `SheetError` says what is wrong and how to mend it.

    `worksheet` is matched without regard to case; `header_row` counts as a person does, from 1; `encoding`
    and `delimiter` are for text files and otherwise judged by the content.
    """
    if recognise(path) is Format.CSV:
        if worksheet is not None:
            raise SheetError(f"{path.name} is a CSV file and has no worksheets", "Leave out --sheet.")
        return _open_csv(path, header_row, encoding, delimiter)
    return _open_excel(path, worksheet, header_row)


def _open_csv(path: Path, header_row: int | None, encoding: str | None, delimiter: str | None) -> Sheet:
    codec = encodings.given(path, encoding) if encoding else encodings.detect(path)
    sample = list(islice(Delimited(path, codec.codec, ",").lines(), _SAMPLE_LINES))
    declared = separator.declared(sample[0]) if sample else None
    skipped = 1 if declared else 0
    chosen = delimiter or declared or separator.choose(sample)
    source, table = _survey_csv(Delimited(path, codec.codec, chosen, skipped), sample, header_row)
    notes = (
        codec.note,
        "" if chosen == "," else f"separator is {_NAMES_OF_SEPARATORS.get(chosen, chosen)}",
        "blanks after the separators are left off" if source.skip_blanks else "",
    )
    return _sheet(path, Format.CSV, table, notes, source.records)


def _survey_csv(plain: Delimited, sample: list[str], header_row: int | None) -> tuple[Delimited, Table]:
    """Blanks before quotes (`, "x"`) are part of the separator only where that makes all rows alike."""

    def attempt(source: Delimited) -> Table:
        return survey(source.records(), plain.path.name, header_row, delimited=True)

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


def _uniform(attempt: Callable[[Delimited], Table], source: Delimited) -> Table | None:
    try:
        table = attempt(source)
    except SheetError:
        return None
    return table if table.uniform else None


def _open_excel(path: Path, name: str | None, header_row: int | None) -> Sheet:
    workbook = open_workbook(path)
    leaf = _named(workbook, name) if name is not None else _only(workbook)
    source = Worksheet(workbook, leaf)
    table = survey(source.records(), f"{path.name}, worksheet {leaf.name!r}", header_row, delimited=False)
    _refuse_merged(source, table)
    hidden = [f"hidden worksheet {other.name!r} left alone" for other in workbook.leaves if not other.visible]
    names = tuple(other.name for other in workbook.leaves)
    sheet = _sheet(path, Format.EXCEL, table, hidden if name is None else (), source.records)
    return replace(sheet, worksheet=leaf.name, worksheets=names)


def _sheet(
    path: Path,
    form: Format,
    table: Table,
    notes: tuple[str, ...] | list[str],
    records: Callable[[], Iterator[Record]],
) -> Sheet:
    told = (*filter(None, notes), *table.notes)
    return Sheet(
        path,
        str(form),
        None,
        (),
        table.header,
        table.header_row,
        table.row_count,
        told,
        records,
        table.fields,
    )


def _named(workbook: Workbook, name: str) -> Leaf:
    exact = [leaf for leaf in workbook.leaves if leaf.name == name]
    alike = [leaf for leaf in workbook.leaves if leaf.name.casefold() == name.strip().casefold()]
    if exact or alike:
        return (exact or alike)[0]
    what = f"{workbook.path.name} has no worksheet {name!r}; it has {_listed(workbook.leaves)}"
    raise SheetError(what, "Name one of them with --sheet NAME.")


def _only(workbook: Workbook) -> Leaf:
    """The only visible worksheet with data; hidden ones are never chosen unasked."""
    filled = [leaf for leaf in workbook.leaves if leaf.visible and _has_data(workbook, leaf)]
    if len(filled) == 1:
        return filled[0]
    path = workbook.path
    if filled:
        what = f"{path.name} has several worksheets with data: {_listed(filled)}"
        raise SheetError(what, "Name the one to read with --sheet NAME.")
    hidden = [leaf for leaf in workbook.leaves if not leaf.visible]
    if hidden:
        what = f"{path.name} is empty but for the hidden worksheets {_listed(hidden)}"
        raise SheetError(what, "Name the one to read with --sheet NAME.")
    raise SheetError(f"{path.name} is empty", "Give a sheet with a header row and a row for each contact.")


def _has_data(workbook: Workbook, leaf: Leaf) -> bool:
    return any(record.width() for record in Worksheet(workbook, leaf).records())


def _listed(leaves: list[Leaf] | tuple[Leaf, ...]) -> str:
    return ", ".join(repr(leaf.name) for leaf in leaves)


def _refuse_merged(source: Worksheet, table: Table) -> None:
    """A header cell that spans columns leaves the others without a name."""
    for area in source.merged:
        first, _, last = area.partition(":")
        columns = [column_position(corner.rstrip("0123456789")) for corner in (first, last or first)]
        top, bottom = (int(corner.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") or 0) for corner in (first, last or first))
        if columns[0] < columns[1] and top <= table.header_row <= bottom and columns[0] < len(table.header):
            place = f"{source.workbook.path.name}, worksheet {source.leaf.name!r}"
            raise SheetError(
                f"{place}: the header cells {area} are merged, so their columns have no names of their own",
                f"Give every column a header cell; if row {bottom + 1} holds them, delete the rows above it.",
            )
