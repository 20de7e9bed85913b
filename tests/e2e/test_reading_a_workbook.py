"""Which worksheet is read, and where its header is: as a mapping file says, and as a person says on a terminal."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import heyx_bulk as hb
from heyx_bulk.sandbox import SandboxServer
from tests.support.program import TOKEN, heyx, left
from tests.support.terminal import CTRL_C, Keys, at_a_terminal

Rows = list[list[str | None]]

CUSTOMERS: Rows = [
    ["Customers"],
    ["of today"],
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
    (tmp_path / "people.csv").write_text("Customers\nof today\nPhone,First Name\n+923001234567,Ann\n")
    (tmp_path / "people.toml").write_text(LINES)
    done = heyx(tmp_path, "inspect", "people.csv", "--json").document
    assert (done["worksheet"], done["header_row"]) == (None, 3)


WHICH_WORKSHEET = "Which worksheet? Its number or name, or ? for help: "
WHICH_ROW = "Which row has the headers? Its number, or ? for help [3]: "


def test_worksheet_and_header_row_are_asked_for_once_and_the_answers_kept(
    tmp_path: Path, server: SandboxServer
) -> None:
    book(tmp_path)
    answers = [
        (
            "people.xlsx has several worksheets with data: 'Customers', 'Leads'.\n"
            "   1  Customers  2 rows, 2 columns: Phone, First Name\n"
            "   2  Leads      1 row, 2 columns: First Name, Email\n"
            f"  {WHICH_WORKSHEET}",
            "?",
        ),
        (WHICH_WORKSHEET, "Customer"),
        (WHICH_WORKSHEET, "1"),
        (
            "  row 1  Customers\n"
            "  row 2  of today\n"
            "  row 3  Phone, First Name\n"
            "  row 4  +923001234567, Ann\n"
            "  row 5  +923001234568, Bo\n"
            f"  {WHICH_ROW}",
            "7",
        ),
        (WHICH_ROW, "?"),
        (WHICH_ROW, ""),
    ]
    code, shown = at_a_terminal(tmp_path, server, "upload", "people.xlsx", answers=answers)
    assert (code, len(server.sandbox.contacts)) == (0, 2), shown
    assert "The answer is kept in people.toml, so this is asked only once; --worksheet NAME wins over it." in shown
    assert "'Customer' is not one of them. Did you mean Customers?" in shown
    assert "'7' is not one of these rows." in shown
    assert "Rows above them are ignored" in shown
    mapping = (tmp_path / "people.toml").read_text(encoding="utf-8")
    assert mapping.endswith('\nworksheet = "Customers"\nheader_row = 3\n')
    again = heyx(tmp_path, "upload", "people.xlsx", server=server)
    assert (again.code, "is finished" in again.err) == (0, True), again.err
    assert heyx(tmp_path, "inspect", "people.xlsx").code == 0


def test_a_ctrl_c_keeps_the_answers_before_it_and_sends_nothing(tmp_path: Path, server: SandboxServer) -> None:
    customers: Rows = [["Customers"], ["of today"], ["Phone", "Mood", "Born"], ["0300 1234567", "x", "1988"]]
    book(tmp_path, Customers=customers, Leads=LEADS)
    asked = [(WHICH_WORKSHEET, "customers")], [(WHICH_ROW, "3")], [("Mood” (x) [-]: ", "tags")]
    begun: list[tuple[str, str]] = []
    for number, (answers, next_question) in enumerate(
        zip(asked, (WHICH_ROW, "Mood” (x) [-]: ", "Born” (1988) [-]: "), strict=True), 1
    ):
        begun = [*answers, (next_question, CTRL_C)]
        code, shown = at_a_terminal(tmp_path, server, "upload", "people.xlsx", answers=begun)
        assert (code, server.sandbox.calls["accepted"], left(tmp_path)) == (130, 0, {"people.xlsx", "people.toml"})
        assert (WHICH_WORKSHEET.rstrip() in shown, WHICH_ROW.rstrip() in shown) == (number == 1, number <= 2), (
            shown
        )
    mapping = (tmp_path / "people.toml").read_text(encoding="utf-8")
    assert 'worksheet = "Customers"\nheader_row = 3\n' in mapping
    assert 'tags = "add"' in mapping
    answers = [("Born” (1988) [-]: ", ""), ("none to send them as they are: ", "PK")]
    code, shown = at_a_terminal(tmp_path, server, "upload", "people.xlsx", answers=answers)
    assert (code, [contact.fields["phone"] for contact in server.sandbox.contacts]) == (0, ["+923001234567"]), (
        shown
    )
    again = heyx(tmp_path, "upload", "people.xlsx", server=server)
    assert (again.code, "is finished" in again.err) == (0, True), again.err


def test_an_answer_is_kept_in_the_mapping_file_that_is_named(tmp_path: Path, server: SandboxServer) -> None:
    book(tmp_path)
    (tmp_path / "ours.toml").write_text('# ours\n[columns."Email"]\nfield = "email"\n')
    command = ("upload", "people.xlsx", "--mapping", "ours.toml")
    code, shown = at_a_terminal(tmp_path, server, *command, answers=[(WHICH_WORKSHEET, "2")])
    assert (code, len(server.sandbox.contacts)) == (0, 1), shown
    assert "people.toml" not in left(tmp_path)
    written = (tmp_path / "ours.toml").read_text()
    assert written.startswith("# ours\n")
    assert 'worksheet = "Leads"\n' in written
    assert "is finished" in heyx(tmp_path, *command, server=server).err


def test_an_answer_that_belongs_into_no_mapping_file_is_part_of_the_command_that_resumes(
    tmp_path: Path, server: SandboxServer
) -> None:
    book(tmp_path)
    (tmp_path / "people.toml").write_text('headers = ["Other"]\n[columns."Other"]\nignore = true\n')
    before = (tmp_path / "people.toml").read_text()
    answers = [(WHICH_WORKSHEET, "Leads")]
    for unmapped in (["--no-mapping"], []):
        code, shown = at_a_terminal(tmp_path, server, "inspect", "people.xlsx", *unmapped, answers=answers)
        assert (tmp_path / "people.toml").read_text() == before
        assert ("people.toml is for a sheet with other headers" in shown) is not bool(unmapped)
        assert code == 0, shown
    words = ("upload", "people.xlsx", "--no-mapping", "--max-calls", "1")
    code, shown = at_a_terminal(tmp_path, server, *words, answers=answers)
    assert code == 4
    assert "heyx-bulk upload people.xlsx --no-mapping --max-calls 1 --worksheet Leads" in " ".join(shown.split())


def test_yes_answers_no_question_about_the_sheet(tmp_path: Path, server: SandboxServer) -> None:
    book(tmp_path)
    code, shown = at_a_terminal(tmp_path, server, "upload", "people.xlsx", "--yes", answers=[])
    assert (code, "Name the one to read with --worksheet NAME." in shown, left(tmp_path)) == (
        2,
        True,
        {"people.xlsx"},
    )
    code, shown = at_a_terminal(
        tmp_path, server, "upload", "people.xlsx", "--worksheet", "Customers", "--yes", answers=[]
    )
    assert (code, "Use --header-row 3" in shown, left(tmp_path)) == (2, True, {"people.xlsx"})
    for words in ((), ("--worksheet", "Customers")):
        assert heyx(tmp_path, "upload", "people.xlsx", *words, server=server).code == 2


def test_a_saved_mapping_keeps_what_was_answered(tmp_path: Path) -> None:
    book(tmp_path)
    answers = [(WHICH_WORKSHEET, "1"), (WHICH_ROW, "3")]
    code, shown = at_a_terminal(tmp_path, None, "columns", "people.xlsx", "--save", "people.toml", answers=answers)
    assert code == 0, shown
    assert 'worksheet = "Customers"\nheader_row = 3\n' in (tmp_path / "people.toml").read_text()
    assert heyx(tmp_path, "inspect", "people.xlsx").code == 0


def test_answers_about_columns_complete_the_mapping_file_that_is_there(
    tmp_path: Path, server: SandboxServer
) -> None:
    (tmp_path / "people.csv").write_text("Phone,Mood,Born\n+923001234567,x,1988\n")
    (tmp_path / "people.toml").write_text(
        '# ours\n[columns.Mood]\nfield = ""\n\n[columns.Phone]\nfield = "phone"\n'
    )
    answers = [("Mood” (x) [-]: ", "tags"), ("Born” (1988) [-]: ", "")]
    code, shown = at_a_terminal(tmp_path, server, "upload", "people.csv", answers=answers)
    assert code == 0, shown
    assert server.sandbox.contacts[0].tags == {"x"}
    written = (tmp_path / "people.toml").read_text(encoding="utf-8")
    assert written.startswith("# ours\n[columns.Mood]\n")
    assert 'tags = "add"' in written
    assert "is finished" in heyx(tmp_path, "upload", "people.csv", server=server).err


def test_a_question_can_be_gone_back_to(tmp_path: Path, server: SandboxServer) -> None:
    customers: Rows = [["Customers"], ["of today"], ["Phone", "Mood", "Born"], ["+923001234567", "x", "1988"]]
    book(tmp_path, Customers=customers, Leads=[["Leads"], ["of today"], *customers[2:]])
    answers = [
        (WHICH_WORKSHEET, "<"),
        (WHICH_WORKSHEET, "Leads"),
        (WHICH_ROW, "<"),
        (WHICH_WORKSHEET, "Customers"),
        (WHICH_ROW, ""),
        ("Mood” (x) [-]: ", "tags"),
        ("Born” (1988) [-]: ", "<"),
        ("Mood” (x) [-]: ", "<"),
        (WHICH_ROW, ""),
        ("Mood” (x) [-]: ", "tag:Moody"),
        ("Born” (1988) [-]: ", ""),
    ]
    code, shown = at_a_terminal(tmp_path, server, "upload", "people.xlsx", answers=answers)
    assert shown.count("There is no question to go back to.") == 1, shown
    assert 'worksheet = "Customers"\n' in (tmp_path / "people.toml").read_text(encoding="utf-8")
    assert (code, {*server.sandbox.contacts[0].tags}) == (0, {"Moody"}), shown


def test_fields_are_searched_while_their_names_are_typed(tmp_path: Path, server: SandboxServer) -> None:
    (tmp_path / "people.csv").write_text("Phone,Called\n+923001234567,Lee\n")
    answers = [
        ("Called” (Lee) [-]: ", Keys("ASTN")),
        ("a field of HeyX", Keys("\t")),
        ("", ""),
    ]
    code, shown = at_a_terminal(tmp_path, server, "upload", "people.csv", answers=answers)
    assert (code, server.sandbox.contacts[0].fields.get("lastName")) == (0, "Lee"), shown


def test_answers_about_another_worksheet_are_kept_in_a_file_of_their_own(
    tmp_path: Path, server: SandboxServer
) -> None:
    book(
        tmp_path,
        Customers=[["Phone", "Mood"], ["+923001234567", "x"]],
        Leads=[["Phone", "Job"], ["+923001234568", "y"]],
    )
    for worksheet, question in (("Customers", "Mood” (x) [-]: "), ("Leads", "Job” (y) [-]: ")):
        command = ("upload", "people.xlsx", "--worksheet", worksheet)
        code, shown = at_a_terminal(tmp_path, server, *command, answers=[(question, "tags")])
        assert (code, "are saved in people" in shown) == (0, True), shown
        assert "is finished" in heyx(tmp_path, *command, server=server).err
    assert sorted(tag for contact in server.sandbox.contacts for tag in contact.tags) == ["x", "y"]
    unasked = heyx(tmp_path, "upload", "people.xlsx", server=server)
    assert (unasked.code, "worksheet “Customers”" in unasked.err) == (0, True), unasked.err
