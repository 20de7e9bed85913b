"""Hostile and damaged files are refused in clear words, quickly, and within bounded memory."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heyx_bulk.sheets.open_sheet import open_sheet
from tests.support.sheet_files import RELATIONS, csv_file, one_cell, raw_workbook, refusal, rows_of
from tests.support.sheet_fuzzer import MOST_MB, Report, fuzz

MEGABYTE = 1 << 20
MOST_LOOPS = 60
"""The slowest of these files takes 20 of them."""

READ = """
import os, resource, sys
from pathlib import Path
from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.open_sheet import open_sheet

def peak():
    # What ru_maxrss begins with on Linux is the parent's.
    if Path("/proc/self/status").exists():
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, began = peak(), sum(os.times()[:4])
try:
    print("read", open_sheet(Path(sys.argv[1])).header)
except SheetError as error:
    print(error.what)
read = sum(os.times()[:4])
for _ in range(10_000_000):
    pass
print((read - began) / (sum(os.times()[:4]) - read))
print(peak() - before)
"""


def told(path: Path) -> tuple[str, float, float]:
    """What a person is told of the file, its CPU time in that of an empty loop of ten million, and its MB."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    what, loops, megabytes = done.stdout.splitlines()
    return what, float(loops), float(megabytes)


def replaced(path: Path, part: str, pieces: Iterator[bytes]) -> Path:
    """The workbook with another content of one part, compressed."""
    with zipfile.ZipFile(path) as archive:
        others = {name: archive.read(name) for name in archive.namelist() if name != part}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in others.items():
            archive.writestr(name, content)
        with archive.open(part, "w") as written:
            for piece in pieces:
                written.write(piece)
    return path


SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"


def times(count: int, piece: bytes) -> Iterator[bytes]:
    """A piece again and again, about a megabyte at once."""
    block = max(1, MEGABYTE // len(piece))
    for _ in range(count // block):
        yield piece * block
    yield piece * (count % block)


def within(before: bytes, pieces: Iterator[bytes], after: bytes) -> Iterator[bytes]:
    yield before
    yield from pieces
    yield after


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a part that unpacks a thousandfold": (
        lambda folder: replaced(raw_workbook(folder, ""), SHEET, times(80 * MEGABYTE, b" ")),
        "holds a part that unpacks to",
    ),
    "a csv in gzip that unpacks a thousandfold": (
        lambda folder: csv_file(folder, gzip.compress(b"a,b\n" * (30 * MEGABYTE), 1), "contacts.csv.gz"),
        "holds a part that unpacks to",
    ),
    "elements within elements": (
        lambda folder: replaced(raw_workbook(folder, ""), SHEET, times(4 * MEGABYTE, b"<a>")),
        "nests XML over 100 levels deep",
    ),
    "cells within cells": (
        lambda folder: raw_workbook(folder, '<row r="1">' + "<c>" * 999),
        "is more than its row can hold",
    ),
    "rows within rows": (
        lambda folder: raw_workbook(folder, '<row r="1"><row r="2">'),
        "comes after row 1, out of order",
    ),
    "values within values": (
        lambda folder: raw_workbook(folder, '<row r="1"><c r="A1"><v><v>'),
        "holds a value within a value",
    ),
    "shared texts within texts": (
        lambda folder: replaced(raw_workbook(folder, ""), TEXTS, times(4 * MEGABYTE, b"<si>")),
        "nests XML over 100 levels deep",
    ),
    "an attribute of 30 MB": (
        lambda folder: replaced(
            raw_workbook(folder, ""), SHEET, within(b'<worksheet a="', times(30 * MEGABYTE, b"x"), b'"/>')
        ),
        "holds a piece of XML of over 8 MB",
    ),
    "a shared text of 30 MB": (
        lambda folder: replaced(
            raw_workbook(folder, ""),
            TEXTS,
            within(b"<sst><si><t>", times(30 * MEGABYTE, b"x"), b"</t></si></sst>"),
        ),
        "shared text 1: holds over 1 MB in one cell",
    ),
    "a cell of 30 MB": (
        lambda folder: raw_workbook(
            folder, f'<row r="1"><c r="A1" t="str"><v>{"x" * 30 * MEGABYTE}</v></c></row>'
        ),
        "cell A1: holds over 1 MB in one cell",
    ),
    "a million cells in a row": (
        lambda folder: raw_workbook(folder, f"<row>{'<c><v>1</v></c>' * 1_000_000}</row>"),
        "is more than its row can hold",
    ),
    "a million blank cells in one place": (
        lambda folder: raw_workbook(folder, '<row r="1">' + '<c r="A1"/>' * 1_000_000),
        "is more than its row can hold",
    ),
    "two million rows": (
        lambda folder: raw_workbook(folder, "<row/>" * 2_000_000),
        "is beyond the end of a worksheet",
    ),
    "a row that comes again": (
        lambda folder: raw_workbook(folder, '<row r="1"><c><v>1</v></c></row>' * 2),
        "cell A1 comes after row 1, out of order",
    ),
    "a cell that comes again": (
        lambda folder: raw_workbook(folder, '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>'),
        "cell A1 is there twice",
    ),
    "a billion laughs": (
        lambda folder: replaced(
            raw_workbook(folder, ""),
            TEXTS,
            iter([b'<!DOCTYPE sst [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst>&b;</sst>']),
        ),
        "holds a DOCTYPE",
    ),
    "an external entity": (
        lambda folder: replaced(
            raw_workbook(folder, ""), SHEET, iter([b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet/>'])
        ),
        "holds a DOCTYPE",
    ),
    "a csv of a million columns": (lambda folder: csv_file(folder, "a," * 1_000_000), "has 1,000,001 values"),
    "a csv line of 60 MB": (
        lambda folder: csv_file(folder, b"x" * (60 * MEGABYTE)),
        "line 1: holds over 1 MB in one cell",
    ),
    "a csv cell of 2 MB": (
        lambda folder: csv_file(folder, f"a,b\n1,{'x' * 2 * MEGABYTE}\n"),
        "row 2: the cell in line 2 holds over 1 MB",
    ),
    "a quote that is never closed in 30 MB": (
        lambda folder: csv_file(folder, 'a,b\n1,"x\n' + "1,2\n" * (8 * MEGABYTE)),
        "row 2: the cell in line 2 holds over 1 MB, or its quote is never closed",
    ),
    "a csv row of endless quoted lines": (
        lambda folder: csv_file(folder, "a,b\n" + '"' + ("x\n" * 400_000 + '","') * 100 + '"\n'),
        "row 2: the row that begins in line 2 holds over 16 MB",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_bounded_cpu_time_and_300_megabytes(tmp_path: Path, name: str) -> None:
    make, expected = HOSTILE[name]
    what, loops, megabytes = told(make(tmp_path))
    assert expected in what
    assert loops < MOST_LOOPS
    assert megabytes < 300


def test_a_zip_that_claims_over_three_gigabytes_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = raw_workbook(tmp_path, "")
    content = bytearray(path.read_bytes())
    record = content.rindex(b"PK\x01\x02")
    content[record + 20 : record + 28] = struct.pack("<II", 0xF000_0000, 0xF000_0000)
    path.write_bytes(bytes(content))
    assert "unpacks to 3.8 GB, more than the 3 GB that are read" in refusal(path).what


def test_a_workbook_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content = raw_workbook(tmp_path, '<row r="1"><c r="A1"><v>1</v></c></row>').read_bytes()
    for size in range(4, len(content) - 22, 97):
        assert "contacts.xlsx is damaged" in refusal(csv_file(tmp_path, content[:size], "contacts.xlsx")).what


def test_links_and_macros_are_never_followed(tmp_path: Path) -> None:
    cells = '<c r="A1"><f>[1]Sheet1!A1</f><v>7</v></c><c r="B1" t="s"><v>0</v></c>'
    path = raw_workbook(tmp_path, f'<row r="1">{cells}</row>', texts="<si><t>own</t></si>")
    link = f'<Relationship Id="{{}}" Type="{RELATIONS}/{{}}" Target="{{}}" TargetMode="External"/>'
    relations = (
        "<Relationships>"
        f'<Relationship Id="b" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="c" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
        f"{link.format('x', 'sharedStrings', 'http://127.0.0.1:9/texts.xml')}"
        f"{link.format('y', 'styles', 'file:///etc/passwd')}</Relationships>"
    )
    replaced(path, "xl/_rels/workbook.xml.rels", iter([relations.encode()]))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    assert open_sheet(path.rename(tmp_path / "contacts.xlsm")).header == ("7", "own")


def test_a_megabyte_in_a_cell_of_a_workbook_is_read(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    assert rows_of(one_cell(tmp_path, f'<c r="A2" t="inlineStr"><is><t>{long}</t></is></c>')) == [[long]]


@pytest.mark.slow
def test_mutated_files_are_read_or_refused_quickly_within_bounded_memory() -> None:
    report = Report()
    for met in fuzz(range(200), 1):
        report.add(met)
    assert report.bad == []
    assert min(report.outcomes["read"], report.outcomes["refused"]) > 10
    assert report.peak_mb < MOST_MB
