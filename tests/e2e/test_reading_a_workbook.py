"""Which worksheet is read, and where its header is: as a mapping file says, and as a person says on a terminal."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import heyx_bulk as hb
from heyx_bulk.sandbox import SandboxServer
from tests.support.program import TOKEN, heyx, left

Rows = list[list[str | None]]

CUSTOMERS: Rows = [
    ["Customers of today"],
    [],
    ["Phone", "First Name"],
    ["+923001234567", "Ann"],
    ["+923001234568", "Bo"],
]
LEADS: Rows = [["First Name", "Email"], ["Cy", "cy@example.com"]]
LINES = 'worksheet = "customers"\nheader_row = 3\n'


def book(folder: Path, name: str = "people.xlsx", **worksheets: Rows) -> Path:
    workbook = openpyxl.Workbook()
    del workbook["Sheet"]
    for title, rows in (worksheets or {"Customers": CUSTOMERS, "Leads": LEADS}).items():
        page = workbook.create_sheet(title)
        for row in rows:
            page.append(row)
    workbook.save(folder / name)
    return folder / name


@pytest.mark.parametrize("named", [False, True], ids=["found", "named"])
def test_a_mapping_file_says_which_worksheet_and_row_are_read(
    tmp_path: Path, server: SandboxServer, *, named: bool
) -> None:
    book(tmp_path)
    (tmp_path / ("ours.toml" if named else "people.toml")).write_text(LINES)
    sheet = ("people.xlsx", *(("--mapping", "ours.toml") if named else ()))
    inspected = heyx(tmp_path, "inspect", *sheet, "--json").document
    assert (inspected["worksheet"], inspected["header_row"]) == ("Customers", 3)
    assert heyx(tmp_path, "columns", *sheet).out == "2 columns: 2 recognized, 0 not recognized\n"
    for words in (("--simulate",), ("--dry-run",), (), ()):
        done = heyx(tmp_path, "upload", *sheet, *words, server=server)
        assert (done.code, "2 created" in done.out) == (0, True), done.err
    assert len(server.sandbox.contacts) == 2
    assert heyx(tmp_path, "explain", "people.xlsx", "4", server=server).code == 0
    assert heyx(tmp_path, "rerun", "people.xlsx", server=server).code == 0
    columns = heyx(tmp_path, "columns", *sheet, "--save", "again.toml")
    assert 'worksheet = "customers"\nheader_row = 3\n' in (tmp_path / "again.toml").read_text(), columns.err
    assert columns.err.endswith("heyx-bulk upload people.xlsx --mapping again.toml --simulate\n")


def test_the_library_reads_what_its_mapping_file_says(tmp_path: Path, server: SandboxServer) -> None:
    path = book(tmp_path)
    mapping = tmp_path / "ours.toml"
    mapping.write_text(LINES)
    seen = hb.inspect(path, mapping=mapping)
    assert (seen.worksheet, seen.header_row) == ("Customers", 3)
    for _ in range(2):
        result = hb.upload(path, mapping=mapping, token=TOKEN, url=server.url)
        assert dict(result.totals)["created"] == 2
    assert hb.simulate(path, mapping=mapping, worksheet="Leads").totals["created"] == 1


def test_an_option_wins_over_the_mapping_file(tmp_path: Path) -> None:
    book(tmp_path, Customers=CUSTOMERS, Leads=LEADS)
    (tmp_path / "people.toml").write_text(LINES)
    leads = heyx(tmp_path, "inspect", "people.xlsx", "--worksheet", "leads", "--json").document
    assert (leads["worksheet"], leads["header_row"]) == ("Leads", 1)
    unmapped = heyx(tmp_path, "inspect", "people.xlsx", "--no-mapping")
    assert (unmapped.code, "several worksheets" in unmapped.err) == (2, True)
    other_row = heyx(tmp_path, "inspect", "people.xlsx", "--header-row", "4", "--json").document
    assert (other_row["worksheet"], other_row["header_row"]) == ("Customers", 4)


def test_a_mapping_file_with_columns_of_another_worksheet_is_not_used(tmp_path: Path) -> None:
    book(tmp_path)
    columns = '[columns."Phone"]\nfield = "phone"\n'
    (tmp_path / "people.toml").write_text(LINES + columns)
    leads = heyx(tmp_path, "inspect", "people.xlsx", "--worksheet", "Leads")
    assert (leads.code, "people.toml" in leads.err) == (0, False), leads.err
    assert "people.toml" in heyx(tmp_path, "inspect", "people.xlsx").err


def test_a_mapping_file_that_names_a_worksheet_or_row_that_is_not_there_is_refused_by_its_line(
    tmp_path: Path, server: SandboxServer
) -> None:
    book(tmp_path)
    before = left(tmp_path) | {"people.toml"}
    (tmp_path / "people.toml").write_text('# ours\nworksheet = "Customer"\n')
    done = heyx(tmp_path, "upload", "people.xlsx", server=server)
    assert (done.code, left(tmp_path)) == (2, before)
    assert " ".join(done.err.split()) == (
        "people.toml, line 2: people.xlsx has no worksheet 'Customer'; it has 'Customers', 'Leads'. "
        "Did you mean Customers? Correct that line, or name one of them with --worksheet NAME."
    )
    (tmp_path / "people.toml").write_text('worksheet = "Leads"\n\nheader_row = 9\n')
    done = heyx(tmp_path, "upload", "people.xlsx", server=server)
    assert (done.code, [*server.sandbox.contacts]) == (2, [])
    assert "people.toml, line 3: people.xlsx, worksheet 'Leads': row 9 is blank or does not exist" in done.err
    assert done.err.endswith("Correct that line, or name the row with --header-row ROW.\n")


def test_a_worksheet_in_a_mapping_file_is_nothing_to_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Customers of today\n\nPhone,First Name\n+923001234567,Ann\n")
    (tmp_path / "people.toml").write_text(LINES)
    done = heyx(tmp_path, "inspect", "people.csv", "--json").document
    assert (done["worksheet"], done["header_row"]) == (None, 3)
