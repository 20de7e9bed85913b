"""Going back on a terminal: from each question about a sheet to the one before, of whatever kind."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from heyx_bulk.sandbox import SandboxServer
from tests.support.program import heyx, left, sheet
from tests.support.terminal import CTRL_C, at_a_terminal, has_terminals

pytestmark = has_terminals

WORKSHEET = "Which worksheet? Its number or name, or ? for help: "
ROW = "Which row has the headers? Its number, or ? for help [3]: "
MOOD = "Mood” (x) [-]: "
BORN = "Born” (1988) [-]: "
JOB = "Job” (Cook) [-]: "
SEPARATOR = "  What separates tags: :::, ;, ,, | or 、: "
COUNTRY = "  Their country in two letters, such as PK, or none to send them as they are: "

HEADER = ["Phone", "Mood", "Born", "Tags"]
ROWS = [["0300 1234567", "x", "1988", "a; b, c"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workbook with one worksheet that leaves everything open, and one that leaves open a column."""
    workbook = openpyxl.Workbook()
    del workbook["Sheet"]
    for title, rows in {
        "Customers": [["Customers"], ["of today"], HEADER, *ROWS],
        "Leads": [["Phone", "Job"], ["+923001234568", "Cook"]],
    }.items():
        page = workbook.create_sheet(title)
        for row in rows:
            page.append(row)
    workbook.save(tmp_path / "people.xlsx")
    return tmp_path


def mapping(folder: Path, name: str = "people.toml") -> str:
    """What a mapping file says, without its comments."""
    return re.sub(r" *#.*", "", (folder / name).read_text(encoding="utf-8"))


FORTH = [(WORKSHEET, "1"), (ROW, ""), (MOOD, "tag:Happy"), (BORN, "-"), (SEPARATOR, ";")]
BACK = [(COUNTRY, "<"), (SEPARATOR, "<"), (BORN, "<"), (MOOD, "<"), (ROW, "<")]


def test_each_question_leads_back_to_the_one_before_and_takes_its_answer_back(
    folder: Path, server: SandboxServer
) -> None:
    answers = [*FORTH, *BACK, (WORKSHEET, "<"), (WORKSHEET, "Leads"), (JOB, "tags")]
    code, shown = at_a_terminal(folder, server, "upload", "people.xlsx", answers=answers)
    assert (code, shown.count("There is no question to go back to.")) == (0, 1), shown
    (contact,) = server.sandbox.contacts
    assert (contact.fields["phone"], {*contact.tags}) == ("+923001234568", {"Cook"})
    assert [name for name in left(folder) if name.endswith(".toml")] == ["people.toml"]
    assert 'worksheet = "Leads"\n' in mapping(folder)
    assert [word for word in ("header_row", "tag_separator", "Mood") if word in mapping(folder)] == [], mapping(
        folder
    )
    again = heyx(folder, "upload", "people.xlsx", server=server)
    assert (again.code, "is finished" in again.err) == (0, True), again.err


def test_other_answers_are_sent_and_saved_in_place_of_those_that_were_taken_back(
    folder: Path, server: SandboxServer
) -> None:
    other = [(WORKSHEET, "1"), (ROW, "3"), (MOOD, "tag:Moody"), (BORN, ""), (SEPARATOR, ","), (COUNTRY, "pk")]
    code, shown = at_a_terminal(folder, server, "upload", "people.xlsx", answers=[*FORTH, *BACK, *other])
    assert code == 0, shown
    (contact,) = server.sandbox.contacts
    assert (contact.fields["phone"], {*contact.tags}) == ("+923001234567", {"a; b", "c", "Moody"})
    for line in (
        'worksheet = "Customers"',
        "header_row = 3",
        'tag = "Moody"',
        'region = "PK"',
        'tag_separator = ","',
    ):
        assert mapping(folder).count(f"{line}\n") == 1, mapping(folder)
    again = heyx(folder, "upload", "people.xlsx", server=server)
    assert (again.code, "is finished" in again.err) == (0, True), again.err


@pytest.mark.parametrize(
    ("back", "kept", "not_kept"),
    [
        (0, ("worksheet", "header_row", "Mood", "tag_separator"), ()),
        (1, ("worksheet", "header_row", "Mood"), ("tag_separator",)),
        (2, ("worksheet", "header_row", 'tag = "Happy"'), ("ignore = true", "tag_separator")),
        (3, ("worksheet", "header_row"), ("Mood", "Born")),
        (4, ("worksheet",), ("header_row",)),
    ],
)
def test_a_ctrl_c_keeps_the_answers_before_the_question_that_was_gone_back_to(
    folder: Path, server: SandboxServer, back: int, kept: tuple[str, ...], not_kept: tuple[str, ...]
) -> None:
    question = [COUNTRY, SEPARATOR, BORN, MOOD, ROW][back]
    answers = [*FORTH, *BACK[:back], (question, CTRL_C)]
    code, shown = at_a_terminal(folder, server, "upload", "people.xlsx", answers=answers)
    assert (code, server.sandbox.calls["accepted"], left(folder)) == (130, 0, {"people.xlsx", "people.toml"}), (
        shown
    )
    assert [word for word in kept if word not in mapping(folder)] == []
    assert [word for word in not_kept if word in mapping(folder)] == [], mapping(folder)
    code, shown = at_a_terminal(folder, server, "upload", "people.xlsx", answers=[(question, CTRL_C)])
    assert code == 130, shown


def test_at_the_first_question_the_mapping_file_is_gone_again(folder: Path, server: SandboxServer) -> None:
    answers = [*FORTH, *BACK, (WORKSHEET, CTRL_C)]
    code, shown = at_a_terminal(folder, server, "upload", "people.xlsx", answers=answers)
    assert (code, left(folder)) == (130, {"people.xlsx"}), shown


def test_a_mapping_file_that_was_there_is_as_it_was_when_its_answers_are_taken_back(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, *map(tuple, ROWS), header=tuple(HEADER))
    before = b"\xef\xbb\xbf# ours\r\n[columns.Born]\r\nignore = true\r\n"
    (tmp_path / "ours.toml").write_bytes(before)
    command = ("upload", "contacts.csv", "--mapping", "ours.toml")
    forth, back = [(MOOD, "tag:Happy"), (SEPARATOR, ";")], [(COUNTRY, "<"), (SEPARATOR, "<")]
    code, shown = at_a_terminal(tmp_path, server, *command, answers=[*forth, *back, (MOOD, CTRL_C)])
    assert (code, (tmp_path / "ours.toml").read_bytes()) == (130, before), shown
    code, shown = at_a_terminal(tmp_path, server, *command, answers=[*forth, *back, *forth, (COUNTRY, "none")])
    assert code == 0, shown
    written = (tmp_path / "ours.toml").read_bytes()
    assert (written.count(b'tag = "Happy"'), written.count(b"# ours\r\n")) == (1, 1), written


def test_the_question_before_writing_leads_back_too(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *((f"+923001234{number:03}", "x") for number in range(101)), header=("Phone", "Mood"))
    write = f"Write to 101 contacts in the sandbox at {server.url}? [y/N]: "
    answers = [(MOOD, "tag:Happy"), (write, "<"), (MOOD, "-"), (write, "?"), (write, "y")]
    words = ("upload", "contacts.csv", "--rate", "100000/min")
    code, shown = at_a_terminal(tmp_path, server, *words, answers=answers)
    assert (code, len(server.sandbox.contacts)) == (0, 101), shown
    assert "Enter < to answer the question before again." in shown
    assert {tag for contact in server.sandbox.contacts for tag in contact.tags} == set()
    assert "ignore = true" in mapping(tmp_path, "contacts.toml")


def test_answers_that_no_mapping_file_keeps_are_part_of_the_command_that_resumes(
    folder: Path, server: SandboxServer
) -> None:
    words = ("upload", "people.xlsx", "--no-mapping", "--max-calls", "1")
    forth = [*FORTH, (COUNTRY, "<"), (SEPARATOR, ","), (COUNTRY, "PK")]
    code, shown = at_a_terminal(folder, server, *words, answers=forth)
    assert (code, "people.toml" in left(folder)) == (4, False), shown
    answered = (
        "--worksheet Customers --header-row 3 --map Mood=tag:Happy --ignore Born --region PK --tag-separator ,"
    )
    assert f"heyx-bulk {' '.join(words)} {answered}" in " ".join(shown.split())
    again = heyx(folder, *words[:-2], *answered.split(), server=server)
    assert (again.code, again.out) == (0, "1 row: 1 created\n"), again.err
