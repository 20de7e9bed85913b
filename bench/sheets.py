"""Time and peak memory of reading, staging and writing sheets: 100,000 rows × 12 columns, as CSV and as .xlsx.

Each function is measured once, in a process of its own; the imports that it needs count. The ratio is to the
first function of the same file, a library alone: pandas in chunks, openpyxl's read-only rows, the csv module,
XlsxWriter. Results of 300 and 5,000 rows × 20 columns are written as a new workbook, and as a copy of the
person's workbook; the ratio is to the new one. Run `python bench/sheets.py [ROWS]`, on Linux.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

HEADER = [
    *("phone", "email", "firstName", "lastName", "city", "status"),
    *("company", "source", "score", "when", "note", "tags"),
]
COLUMNS = len(HEADER)
CITIES = ("Lahore", "Karachi", "Łódź", "São Paulo", "القاهرة", "Multan")
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def made_row(row: int) -> list[str]:
    """A row with texts that only it has, texts that repeat, and two numbers."""
    return [
        f"+9232{row:08}",
        f"person{row}@example.com",
        f"Name {row % 5000}",
        f"Family {row}",
        CITIES[row % 6],
        ("new", "open", "won")[row % 3],
        f"Company {row % 20_000}, Ltd",
        "import",
        str(row % 1000),
        str(40_000 + row % 5000),
        f"Called on day {row}, all is well",
        f"a{row % 7};b{row % 11}",
    ]


def write_csv(path: Path, rows: int) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(map(made_row, range(rows)))
    return rows


def write_excel(path: Path, rows: int) -> int:
    """Write a workbook as Excel does: shared strings, numbers as numbers, a reference in every cell."""
    known: dict[str, int] = {}
    letters = "ABCDEFGHIJKL"

    def cell(column: int, row: int, text: str) -> str:
        place = f'r="{letters[column]}{row}"'
        if row > 1 and column in (8, 9):
            return f"<c {place}><v>{text}</v></c>"
        return f'<c {place} t="s"><v>{known.setdefault(text, len(known))}</v></c>'

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in excel_parts().items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for row in range(1, rows + 2):
                texts = HEADER if row == 1 else made_row(row - 2)
                cells = "".join(cell(column, row, text) for column, text in enumerate(texts))
                part.write(f'<row r="{row}" spans="1:12">{cells}</row>'.encode())
            part.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            part.write(f'<sst xmlns="{MAIN}" uniqueCount="{len(known)}">'.encode())
            for text in known:
                part.write(f"<si><t>{escape(text)}</t></si>".encode())
            part.write(b"</sst>")
    return rows


def excel_parts() -> dict[str, str]:
    """The small parts of a workbook with one worksheet."""
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    kinds = {
        "workbook.xml": "sheet.main",
        "worksheets/sheet1.xml": "worksheet",
        "sharedStrings.xml": "sharedStrings",
    }
    overrides = "".join(
        f'<Override PartName="/xl/{name}" ContentType="{types}.{kind}+xml"/>' for name, kind in kinds.items()
    )
    relation = '<Relationship Id="{}" Type="' + RELATIONS + '/{}" Target="{}"/>'
    namespace = "http://schemas.openxmlformats.org/package/2006"
    package = f'<Relationships xmlns="{namespace}/relationships">'
    return {
        "[Content_Types].xml": f'<Types xmlns="{namespace}/content-types">{overrides}</Types>',
        "_rels/.rels": f"{package}{relation.format('a', 'officeDocument', 'xl/workbook.xml')}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="People" sheetId="1" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": package
        + relation.format("b", "worksheet", "worksheets/sheet1.xml")
        + relation.format("c", "sharedStrings", "sharedStrings.xml")
        + "</Relationships>",
    }


# --- what is measured, each in a child ---------------------------------------------------------------------


def pandas_in_chunks(path: Path, _: int) -> int:
    import pandas as pd  # noqa: PLC0415 - a child pays for its own libraries

    frames = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, chunksize=50_000)
    return sum(len(frame) for frame in frames)


def openpyxl_rows(path: Path, _: int) -> int:
    import openpyxl  # noqa: PLC0415 - a child pays for its own libraries

    page = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    return sum(1 for _ in page.iter_rows(values_only=True)) - 1


def frames(path: Path, _: int) -> int:
    from heyx_bulk.sheets.open_sheet import open_sheet  # noqa: PLC0415 - a child pays for its own libraries

    return sum(len(cells) for cells, _ in open_sheet(path).frames())


def staged(path: Path, rows: int) -> int:
    return _staged(path, rows, durable=False)


def staged_durably(path: Path, rows: int) -> int:
    return _staged(path, rows, durable=True)


def _staged(path: Path, rows: int, *, durable: bool) -> int:
    from heyx_bulk.cli.sheet_input import read_sheet  # noqa: PLC0415 - a child pays for its own libraries
    from heyx_bulk.mapping.mapping_options import MappingOptions  # noqa: PLC0415 - likewise
    from heyx_bulk.sheets.sheet_options import SheetOptions  # noqa: PLC0415 - likewise
    from heyx_bulk.upload.options import UploadOptions  # noqa: PLC0415 - likewise
    from heyx_bulk.upload.staging import stage  # noqa: PLC0415 - likewise

    sheet = read_sheet(path, SheetOptions())
    place = path.with_name(f"{os.getpid()}.checkpoint")
    options = UploadOptions(mapping=MappingOptions(custom_fields=True))
    stage(sheet, options, place, channel="bench", started_at="2026-01-01", durable=durable)
    place.unlink()
    assert sheet.row_count == rows
    return rows


def _rows(rows: int) -> Iterator[list[str]]:
    return map(made_row, range(rows))


def xlsxwriter_alone(path: Path, rows: int) -> int:
    import xlsxwriter  # noqa: PLC0415 - a child pays for its own libraries

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet()
        text = book.add_format({"num_format": "@"})
        for number, row in enumerate(_rows(rows)):
            for position, cell in enumerate(row):
                page.write_string(number, position, cell, text)
    return rows


def written(path: Path, rows: int) -> int:
    from heyx_bulk.sheets.writer import write_sheet  # noqa: PLC0415 - a child pays for its own libraries

    write_sheet(path, HEADER, _rows(rows))
    return rows


def write_own(path: Path, rows: int) -> int:
    """Write a workbook of 20 columns, one of them a formula, and the checkpoint of its run; 1 row in 20 failed."""
    import xlsxwriter  # noqa: PLC0415 - a child pays for its own libraries

    from heyx_bulk.mapping.mapping_options import MappingOptions  # noqa: PLC0415 - likewise
    from heyx_bulk.models.contacts import Outcome, Status  # noqa: PLC0415 - likewise
    from heyx_bulk.sheets.open_sheet import open_sheet  # noqa: PLC0415 - likewise
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint  # noqa: PLC0415 - likewise
    from heyx_bulk.upload.options import UploadOptions  # noqa: PLC0415 - likewise
    from heyx_bulk.upload.staging import stage  # noqa: PLC0415 - likewise

    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("People")
        page.write_row(0, 0, [*HEADER, *(f"more {number}" for number in range(7)), "twice"])
        for row in range(1, rows + 1):
            page.write_row(row, 0, made_row(row))
            page.write_row(row, 12, [row / 8, "yes", row, "a", "b", row * 3, "c"])
            page.write_formula(row, 19, f"=M{row + 1}*2", None, row / 4)
    options = UploadOptions(mapping=MappingOptions(custom_fields=True))
    place = path.with_suffix(".checkpoint")
    stage(open_sheet(path), options, place, channel="bench", started_at="2026-01-01", durable=False)
    with Checkpoint.open(place, durable=False) as checkpoint:
        for number in range(2, rows + 2):
            failed = number % 20 == 0
            status = Status.FAILED if failed else Status.CREATED
            checkpoint.queue.finish(Outcome(number, status, None, "HeyX answered 403" if failed else ""))
    return rows


def streamed_results(path: Path, rows: int) -> int:
    """Write results while the person's workbook is missing, so that they are a new one."""
    aside = path.rename(path.with_name("aside.xlsx"))
    try:
        return _results(path, rows, copied=False)
    finally:
        aside.rename(path)


def copied_results(path: Path, rows: int) -> int:
    return _results(path, rows, copied=True)


def _results(path: Path, rows: int, *, copied: bool) -> int:
    from heyx_bulk.reports import results  # noqa: PLC0415 - a child pays for its own libraries
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint  # noqa: PLC0415 - likewise
    from heyx_bulk.storage.checkpoint.run import Run  # noqa: PLC0415 - likewise

    with Checkpoint.open(path.with_suffix(".checkpoint"), durable=False) as checkpoint:
        written = results.write_results(
            Run.from_checkpoint(checkpoint), path.with_name(f"{os.getpid()}.results.xlsx")
        )
        assert bool(written.note) is not copied, written
    return rows


Measured = Callable[[Path, int], int]
READERS: dict[str, tuple[Measured, ...]] = {
    "contacts.csv": (pandas_in_chunks, frames, staged, staged_durably),
    "contacts.xlsx": (openpyxl_rows, frames, staged, staged_durably),
}
WRITERS: dict[str, tuple[Measured, ...]] = {
    "results.csv": (write_csv, written),
    "results.xlsx": (xlsxwriter_alone, written),
}


def measure(work: Measured, path: Path, rows: int) -> tuple[float, float]:
    """Seconds and peak MB of `work` in a child process; it must have handled every row."""
    command = [sys.executable, __file__, "--child", work.__name__, str(path), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seconds, peak, handled = done.stdout.split()
    assert int(handled) == rows, (work.__name__, handled)
    return float(seconds), float(peak)


def compare(works: Sequence[Measured], path: Path, rows: int) -> None:
    """Measure each and print its ratio to the first."""
    plain = 0.0
    for work in works:
        seconds, peak = measure(work, path, rows)
        plain = plain or seconds
        print(f"    {work.__name__:18}{seconds:8.2f} s {peak:7.0f} MB {seconds / plain:7.2f} ×", flush=True)


def child(name: str, path: Path, rows: int) -> None:
    began = time.perf_counter()
    handled = globals()[name](path, rows)
    seconds = time.perf_counter() - began
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, handled)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{rows:,} rows × {COLUMNS} columns")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Children make the files, too: a child's peak begins with the size of this process, which must stay small.
        measure(write_csv, folder / "contacts.csv", rows)
        measure(write_excel, folder / "contacts.xlsx", rows)
        for number in (300, 5_000):
            measure(write_own, folder / "own.xlsx", number)
            print(f"  results, {number:,} rows × 20 columns")
            compare((streamed_results, copied_results), folder / "own.xlsx", number)
            (folder / "own.checkpoint").unlink()
        for file, works in (READERS | WRITERS).items():
            print(f"  {file}, {(folder / file).stat().st_size / 1e6:,.0f} MB" if file in READERS else f"  {file}")
            compare(works, folder / file, rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
