"""A person's own workbook through upload, correction and rerun: at each stage all of theirs is as it was."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from heyx_bulk.sheets.open_sheet import open_sheet
from tests.support.own_workbooks import NOTES, PEOPLE, differences, write_workbook
from tests.support.program import TOKEN, heyx, left
from tests.support.sheet_files import errors_of, rows_of
from tests.support.terminal import CTRL_C, at_a_terminal, has_terminals

WORDS = ("--worksheet", PEOPLE, "--ignore", "Twice", "--custom-fields")


def statuses(path: Path) -> list[tuple[str, str]]:
    """First name and status of every row, as our own reader finds them without being told the worksheet."""
    sheet = open_sheet(path)
    assert sheet.worksheet == PEOPLE
    name, status = sheet.header.index("first name"), sheet.header.index("heyx status")
    return [(row[name], row[status]) for row in rows_of(sheet)]


def shown(path: Path) -> list[str]:
    """The first names in rows of the worksheet that are not hidden."""
    page = openpyxl.load_workbook(path)[PEOPLE]
    return [str(page.cell(row, 2).value) for row in range(2, 7) if not page.row_dimensions[row].hidden]


def test_everything_of_the_person_s_is_as_it_was_at_each_stage(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    results, failed = tmp_path / "people.Ann_s people.results.xlsx", tmp_path / "people.Ann_s people.failed.xlsx"
    with SandboxServer(Sandbox(Faults(refuse_creates=1), tokens=(TOKEN,), limit=10_000)) as server:
        done = heyx(tmp_path, "upload", "people.xlsx", *WORDS, "--workers", "1", "--json", server=server)
        assert (done.code, done.totals) == (3, {"created": 3, "failed": 1, "invalid": 1})
        assert (done.document["results_note"], done.document["failed_note"]) == (None, None)
        assert "not a copy" not in done.err
        for path, filtered in ((results, False), (failed, True)):
            assert differences(source, path, filtered=filtered) == []
            assert statuses(path) == [
                *[("Ann", "failed"), ("Bob", "invalid"), ("Zoë", "created"), ("Dan", "created")],
                ("Eve", "created"),
            ]
        assert (shown(results), shown(failed)) == (["Ann", "Bob", "Zoë", "Dan", "Eve"], ["Ann", "Bob"])

        book = openpyxl.load_workbook(failed, rich_text=True)
        assert book.active is book[PEOPLE]
        book[PEOPLE]["A3"] = "+4412345002"
        book[PEOPLE]["C3"] = 9.5
        book[PEOPLE]["G6"] = "an edit in a row that was sent"
        book.save(failed)
        again = heyx(tmp_path, "rerun", failed.name, "--json", server=server)
        assert (again.code, again.totals) == (0, {"created": 5})
        assert "people.failed.xlsx: 2 rows, 1 of them corrected." in again.err
        assert "3 other rows in it succeeded before: not sent again." in again.err
        assert "row 6 changed all the same; a rerun does not send that." in again.err
    contacts = {contact.fields["firstName"]: contact.fields for contact in server.sandbox.contacts}
    assert (contacts["Bob"]["phone"], contacts["Bob"]["Score"]) == ("+4412345002", "9.5")
    assert contacts["Eve"]["Code"] == "line\nbreak"
    assert differences(source, results, changed=("A3", "C3")) == []
    page = openpyxl.load_workbook(results)[PEOPLE]
    assert (page["A3"].value, page["C3"].value) == ("+4412345002", 9.5)
    assert {status for _, status in statuses(results)} == {"created"}
    assert failed.exists()  # it was changed by hand, and so is not removed


def test_a_failed_row_within_merged_cells_comes_back_with_their_value(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for row in (
        ["Company", "Phone", "Tags"],
        ["Acme", "+447700900230", "VIP"],
        [None, "bad"],
        ["Beta", "+447700900232"],
    ):
        page.append(row)
    page.merge_cells("A2:A3")
    page.merge_cells("C2:C3")
    book.save(tmp_path / "merged.xlsx")
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        options = ("--custom-fields", "--fill-merged")
        done = heyx(tmp_path, "upload", "merged.xlsx", *options, "--json", server=server)
        assert done.totals == {"created": 2, "invalid": 1}
        failed = openpyxl.load_workbook(tmp_path / "merged.failed.xlsx")
        failed[page.title]["B3"] = "+447700900231"
        failed.save(tmp_path / "merged.failed.xlsx")
        again = heyx(tmp_path, "rerun", "merged.failed.xlsx", "--json", server=server)
        assert again.totals == {"created": 3}
    found = {
        str(contact.fields["phone"])[-1]: (contact.fields["Company"], *contact.tags)
        for contact in server.sandbox.contacts
    }
    assert found == {"0": ("Acme", "VIP"), "1": ("Acme", "VIP"), "2": ("Beta",)}


def test_the_results_can_be_uploaded_again_without_naming_the_worksheet(tmp_path: Path) -> None:
    write_workbook(tmp_path / "people.xlsx")
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "people.xlsx", *WORDS, server=server)
        words = ("--ignore", "Twice", "--custom-fields", "--json")
        again = heyx(tmp_path, "upload", "people.Ann_s people.results.xlsx", *words, server=server)
    assert again.totals == {"unchanged": 4, "invalid": 1}
    place = tmp_path / "people.Ann_s people.results.results.xlsx"
    assert openpyxl.load_workbook(place).sheetnames == ["Summary", PEOPLE, NOTES, "Hidden"]
    header = [cell.value for cell in openpyxl.load_workbook(place)[PEOPLE][1]]
    assert header.count("heyx status") == 1


def test_a_workbook_that_a_copy_would_harm_is_named_with_the_reason(tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "people.xlsx")
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "people.xlsx", *WORDS, server=server)
        source.rename(tmp_path / "elsewhere.xlsx")
        done = heyx(tmp_path, "report", "people.xlsx.Ann_s people.checkpoint", "--json", server=server)
    line = next(line for line in done.err.splitlines() if line.startswith("Results:"))
    assert line.endswith("(a new workbook, not a copy of yours: people.xlsx is no longer where it was)")
    assert done.document["results_note"] == "people.xlsx is no longer where it was"
    book = openpyxl.load_workbook(tmp_path / "people.Ann_s people.results.xlsx")
    assert book.sheetnames == ["Summary", "Results"]
    assert "people.Ann_s people.failed.xlsx" in left(tmp_path)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_copies_and_what_it_saves_can_be_given_back(tmp_path: Path) -> None:
    write_workbook(tmp_path / "people.xlsx")
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        heyx(tmp_path, "upload", "people.xlsx", *WORDS, server=server)
        failed = tmp_path / "people.Ann_s people.failed.xlsx"
        before = open_sheet(failed)
        book = openpyxl.load_workbook(failed)
        book[PEOPLE]["A3"] = "+4412345002"
        book.save(failed)
        for suffix in ("xlsx", "ods"):
            profile = (tmp_path / "profile").as_uri()
            convert = ["soffice", "--headless", f"-env:UserInstallation={profile}", "--convert-to", suffix]
            convert += ["--outdir", str(tmp_path / "saved"), str(failed)]
            subprocess.run(convert, check=True, capture_output=True, timeout=120)
            saved = open_sheet(tmp_path / "saved" / f"{failed.stem}.{suffix}")
            assert (saved.worksheet, saved.header, errors_of(saved)) == (PEOPLE, before.header, [])
            vip = saved.header.index("VIP")  # LibreOffice saves its TRUE as the number 1 in .ods
            changed = [
                (old[at], new[at])
                for old, new in zip(rows_of(before), rows_of(saved), strict=True)
                for at in range(len(saved.header))
                if old[at] != new[at] and (at != vip or suffix == "xlsx")
            ]
            assert changed == [("no phone", "+4412345002")]
        shutil.move(tmp_path / "saved" / f"{failed.stem}.ods", tmp_path / "mine.ods")
        again = heyx(tmp_path, "rerun", "mine.ods", "--json", server=server)
    assert again.totals == {"created": 5}


def two_worksheets_of_rows(folder: Path, server: SandboxServer) -> str:
    """The name of a file of failed rows with two worksheets of rows of a run, of which the first is corrected."""
    write_workbook(folder / "people.xlsx")
    heyx(folder, "upload", "people.xlsx", *WORDS, server=server)
    failed = folder / "people.Ann_s people.failed.xlsx"
    book = openpyxl.load_workbook(failed)
    book.copy_worksheet(book[PEOPLE]).title = "A copy"
    book[PEOPLE]["A3"] = "+4412345002"
    book.save(failed)
    return failed.name


def test_where_two_worksheets_hold_rows_of_runs_the_one_given_back_is_named(
    tmp_path: Path, server: SandboxServer
) -> None:
    failed = two_worksheets_of_rows(tmp_path, server)
    words = ("rerun", failed, "--workers", "3")
    refused = heyx(tmp_path, *words, server=server)
    what, _, *commands = refused.err.splitlines()
    assert (refused.code, what) == (
        2,
        f"{failed} has several worksheets with a column heyx row: \"{PEOPLE}\", 'A copy'.",
    )
    given = [shlex.split(command) for command in commands]
    assert given == [["heyx-bulk", *words, "--worksheet", name] for name in (PEOPLE, "A copy")]
    again = heyx(tmp_path, *given[0][1:], "--json", server=server)
    assert again.totals == {"created": 5}


@has_terminals
def test_at_a_terminal_it_is_asked_which_worksheet_is_given_back(tmp_path: Path, server: SandboxServer) -> None:
    failed = two_worksheets_of_rows(tmp_path, server)
    question = "Which worksheet? Its number or name, or ? for help: "
    before = len(server.sandbox.contacts)
    code, shown = at_a_terminal(tmp_path, server, "rerun", failed, answers=[(question, "?"), (question, CTRL_C)])
    assert (code, len(server.sandbox.contacts)) == (130, before), shown
    assert "A rerun takes the corrected rows of one worksheet." in shown
    words = ("rerun", failed, "--max-calls", "1")
    code, shown = at_a_terminal(tmp_path, server, *words, answers=[(question, "3"), (question, "1")])
    assert (code, "'3' is not one of them." in shown) == (4, True), shown
    (resume,) = [line.strip() for line in shown.splitlines() if line.startswith("  heyx-bulk rerun ")]
    assert shlex.split(resume) == ["heyx-bulk", *words, "--worksheet", PEOPLE]
    done = heyx(tmp_path, *words[:2], "--worksheet", PEOPLE, "--json", server=server)
    assert done.totals == {"created": 5}


@has_terminals
def test_of_many_worksheets_only_those_with_rows_of_runs_are_offered(
    tmp_path: Path, server: SandboxServer
) -> None:
    failed = two_worksheets_of_rows(tmp_path, server)
    book = openpyxl.load_workbook(tmp_path / failed)
    book.create_sheet("Notes", 0).append(["Name", "Remark"])
    book["Notes"].append(["Ann", "calls back"])
    book.save(tmp_path / failed)
    question = "Which worksheet? Its number or name, or ? for help: "
    code, shown = at_a_terminal(tmp_path, server, "rerun", failed, answers=[(question, "1")])
    assert (code, "Notes" in shown, "1 of them corrected" in shown) == (0, False, True), shown
