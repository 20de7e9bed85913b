"""The samples are what the README says they are, and the demo ends well."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from heyx_bulk.cli.sandbox import SEEDS
from heyx_bulk.sandbox import Sandbox
from heyx_bulk.sheets.frames import row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from tests.support.json_schema import read_document
from tests.support.program import nonzero

HOME = Path(__file__).parents[2]
SAMPLES = HOME / "samples"
AS_MEANT = ("--ignore", "Notes", "--custom-fields")
REFUSED = {
    13: "no contact id, phone or email",
    19: "same phone as an earlier row",
    23: "a phone that the spreadsheet has rounded",
    30: "a cell that shows the error #N/A",
    37: "a tag both added and removed",
}
ONLY_IN_EXCEL = 30


def rehearse(name: str, *options: str) -> tuple[dict[str, int], dict[int, str]]:
    """The totals of a rehearsal, and why which row is refused."""
    done = subprocess.run(
        [sys.executable, "-m", "heyx_bulk", "upload", str(SAMPLES / name), *options, "--simulate", "--json"],
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    document = read_document(done.stdout)
    assert document["exit"] == done.returncode
    invalid = done.stderr.partition("Check these rows:")[0]
    refused = re.findall(r"^ +1 × (.+) \(row (\d+)\)$", invalid, re.MULTILINE)
    return nonzero(document["totals"]), {int(row): cause for cause, row in refused}


def cells(name: str) -> list[dict[str, str]]:
    """The rows of a sample as the program reads them, each cell under its header."""
    sheet = open_sheet(SAMPLES / name)
    rows = [list(row) for cells, _ in sheet.frames() for row in row_texts(cells)]
    return [dict(zip(sheet.header, row, strict=True)) for row in rows]


def test_the_contacts_in_excel_have_five_rows_to_refuse_each_for_another_reason() -> None:
    totals, refused = rehearse("contacts.xlsx", *AS_MEANT)
    assert totals == {"created": 32, "updated": 3, "invalid": 5}
    assert refused == REFUSED


def test_the_contacts_in_csv_are_refused_alike_but_for_the_error_cell() -> None:
    totals, refused = rehearse("contacts.csv", *AS_MEANT)
    assert totals == {"created": 33, "updated": 3, "invalid": 4}
    assert refused == {row: cause for row, cause in REFUSED.items() if row != ONLY_IN_EXCEL}


def test_the_two_files_of_contacts_hold_the_same_people() -> None:
    assert cells("contacts.csv") == cells("contacts.xlsx")


def test_leading_zeros_ids_dates_and_ticks_are_read_as_they_were_meant() -> None:
    people = cells("contacts.xlsx")
    assert (people[0]["Customer Number"], people[0]["Birthday"]) == ("000427", "1988-03-14")
    assert people[6]["Postal Code"] == "01067"
    assert {person["Newsletter"] for person in people} == {"true", "false"}


def test_three_people_have_twelve_tags() -> None:
    tags = [re.split("; ?", person["Tags"]) for person in cells("contacts.csv")]
    assert [len(set(some)) for some in tags if len(some) > 10] == [12, 12, 12]


def test_the_ids_are_those_of_the_contacts_a_sandbox_begins_with() -> None:
    sandbox = Sandbox()
    seeded = [sandbox.add(fields, tags) for fields, tags in SEEDS]
    assert seeded == [person["heyx contact id"] for person in cells("contacts.xlsx") if person["heyx contact id"]]


def test_the_wide_sheet_has_45_fields_and_the_phone_is_the_last() -> None:
    header = open_sheet(SAMPLES / "wide.csv").header
    assert (len(header), header[-1]) == (45, "Phone")
    totals, refused = rehearse("wide.csv", "--custom-fields")
    assert (totals, refused) == ({"created": 12}, {})


def test_made_again_the_samples_are_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SAMPLES / "make.py"), str(tmp_path)], check=True)
    for name in ("contacts.csv", "wide.csv"):
        assert (SAMPLES / name).read_bytes() == (tmp_path / name).read_bytes()
    assert contents(SAMPLES / "contacts.xlsx") == contents(tmp_path / "contacts.xlsx")


def contents(workbook: Path) -> dict[str, bytes]:
    """What is packed in a workbook: another zlib packs the same things into other bytes."""
    with zipfile.ZipFile(workbook) as package:
        return {name: package.read(name) for name in package.namelist()}


@pytest.mark.skipif(shutil.which("sh") is None, reason="the demo is a shell script")
def test_the_demo_ends_well_also_in_a_folder_with_blanks_in_its_name(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("heyx-bulk")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEYX_")}
    environment |= {"HEYX_BULK": str(program), "DEMO": str(tmp_path / "a demo")}
    done = subprocess.run(
        ["sh", str(SAMPLES / "demo.sh")],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "a demo" / "vip.xlsx").is_file()
