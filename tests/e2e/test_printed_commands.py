"""Every command that the program prints works as it is printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.program import TOKEN, Ended, heyx, sheet

HEADER = ("phone", "firstName", "Remarks")
PEOPLE = [(f"+92300123456{number}", f"Name {number}", "") for number in range(6)]
FAST = ("--rate", "100000/min")
WORKED = {0, 3}
"""Every row succeeded, or some are still invalid."""


def printed(ended: Ended) -> list[list[str]]:
    """The commands on lines of their own: what is behind the program's name, without options of the test."""
    lines = re.findall(r"^ +((?:cd .* && )?heyx-bulk .*)$", ended.out + ended.err, re.MULTILINE)
    return [shlex.split(line) for line in lines]


def run(folder: Path, *words: str, server: SandboxServer | None = None) -> Ended:
    return heyx(folder, *words, server=server)


def as_printed(folder: Path, words: list[str], server: SandboxServer | None) -> Ended:
    if words[0] == "cd":
        folder, words = folder / words[1], words[3:]
    assert words[0] == "heyx-bulk"
    return run(folder, *words[1:], server=server)


def all_work(folder: Path, ended: Ended, server: SandboxServer | None) -> list[str]:
    """Run every command that was printed, in its order; their names."""
    commands = printed(ended)
    for words in commands:
        done = as_printed(folder, words, server)
        assert done.code in WORKED, f"{shlex.join(words)}\n{done.err}"
    return [words[words.index("heyx-bulk") + 1] for words in commands]


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000)) as server:
        yield server


def two_worksheets(folder: Path, header: tuple[str, ...] = HEADER, name: str = "my leads.xlsx") -> Path:
    book = openpyxl.Workbook()
    for title in ("Leads", "Lookup"):
        page = book.create_sheet(title)
        for line in (header, *PEOPLE):
            page.append(line)
    del book["Sheet"]
    book.save(folder / name)
    return folder / name


def test_columns_of_one_worksheet_among_several(tmp_path: Path) -> None:
    two_worksheets(tmp_path)
    shown = run(tmp_path, "columns", "my leads.xlsx", "--worksheet", "Leads", "--ignore", "Remarks")
    assert "--save" in printed(shown)[0]
    saved = as_printed(tmp_path, printed(shown)[0], None)
    assert saved.code == 0, saved.err
    assert all_work(tmp_path, saved, None) == ["upload"]


def test_columns_where_a_file_of_that_name_is_there_already(tmp_path: Path) -> None:
    sheet(tmp_path, *PEOPLE, header=HEADER, name="leads.csv")
    (tmp_path / "leads.toml").write_text("[tool.other]\n", encoding="utf-8")
    shown = run(tmp_path, "columns", "leads.csv", "--ignore", "Remarks")
    saved = as_printed(tmp_path, printed(shown)[0], None)
    assert saved.code == 0, saved.err
    assert all_work(tmp_path, saved, None) == ["upload"]


def test_columns_that_a_mapping_file_describes_are_corrected_in_that_file(tmp_path: Path) -> None:
    sheet(tmp_path, *PEOPLE, header=HEADER, name="leads.csv")
    assert run(tmp_path, "columns", "leads.csv", "--ignore", "Remarks", "--save", "leads.toml").code == 0
    shown = run(tmp_path, "columns", "leads.csv")
    assert printed(shown) == []
    assert "edit leads.toml" in shown.err


def test_a_text_file_that_needs_options_to_be_read(tmp_path: Path) -> None:
    content = "\n".join(["a note", "phone;firstName", "+923001234567;Zoë"])
    (tmp_path / "leads.csv").write_bytes(content.encode("cp1252"))
    options = ("--separator", ";", "--encoding", "cp1252", "--header-row", "2")
    saved = as_printed(tmp_path, printed(run(tmp_path, "columns", "leads.csv", *options))[0], None)
    assert saved.code == 0, saved.err
    assert all_work(tmp_path, saved, None) == ["upload"]


def test_an_upload_of_one_worksheet_that_was_stopped_and_all_that_is_said_of_it(
    tmp_path: Path, server: SandboxServer
) -> None:
    two_worksheets(tmp_path)
    upload = ("upload", "my leads.xlsx", "--worksheet", "Leads", "--ignore", "Remarks", *FAST)
    stopped = run(tmp_path, *upload, "--max-creates", "2", server=server)
    assert stopped.code == 4
    assert printed(stopped) == [["heyx-bulk", *upload, "--max-creates", "2"]]
    assert [run(tmp_path, *command[1:], server=server).code for command in printed(stopped)] == [4]
    for name in ("my leads.xlsx", "my leads.xlsx.Leads.checkpoint"):
        told = run(tmp_path, "status", name)
        assert (told.code, printed(told)) == (3, [["heyx-bulk", *upload, "--max-creates", "2"]]), told.err
    assert run(tmp_path, *upload, server=server).code == 0
    for command in ("status", "report", "verify", "rerun"):
        done = run(tmp_path, command, "my leads.xlsx", server=server)
        assert done.code == 0, done.err
    assert run(tmp_path, "explain", "my leads.xlsx", "2").code == 0


def test_a_sheet_with_runs_of_several_worksheets_says_which_they_are(
    tmp_path: Path, server: SandboxServer
) -> None:
    two_worksheets(tmp_path)
    for name in ("Leads", "Lookup"):
        words = ("upload", "my leads.xlsx", "--worksheet", name, "--ignore", "Remarks", *FAST)
        assert run(tmp_path, *words, server=server).code == 0
    asked = run(tmp_path, "status", "my leads.xlsx")
    assert asked.code == 2
    assert all_work(tmp_path, asked, server) == ["status", "status"]
    assert all_work(tmp_path, run(tmp_path, "status"), server) == ["status", "status"]


def test_rows_that_failed_and_rows_to_correct(tmp_path: Path) -> None:
    sheet(tmp_path, *PEOPLE, ("", "Nobody", ""), header=HEADER, name="-leads.csv")
    with SandboxServer(Sandbox(Faults(refuse_creates=2), tokens=(TOKEN,), limit=100_000)) as server:
        done = run(tmp_path, "upload", "--ignore", "Remarks", *FAST, "--", "-leads.csv", server=server)
        assert done.code == 3
        assert all_work(tmp_path, done, server) == ["rerun", "rerun"]


def test_a_run_seen_from_another_folder_is_resumed_in_its_own(tmp_path: Path, server: SandboxServer) -> None:
    home, elsewhere = tmp_path / "the run", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    sheet(home, *PEOPLE, header=HEADER)
    upload = ("upload", "contacts.csv", "--ignore", "Remarks", *FAST)
    assert run(home, *upload, "--max-creates", "2", server=server).code == 4
    told = run(elsewhere, "status", str(home / "contacts.csv.checkpoint"))
    assert printed(told) == [["cd", str(home), "&&", "heyx-bulk", *upload, "--max-creates", "2"]]
    assert as_printed(elsewhere, printed(told)[0], server).code == 4


def test_rows_recovered_from_another_folder_are_resumed_in_the_folder_of_the_run(
    tmp_path: Path, server: SandboxServer
) -> None:
    home, elsewhere = tmp_path / "the run", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    sheet(home, *PEOPLE, header=HEADER)
    upload = ("upload", "contacts.csv", "--ignore", "Remarks", *FAST)
    assert run(home, *upload, server=server).code == 0
    told = run(elsewhere, "report", str(home / "contacts.csv.checkpoint"), "--recover")
    assert printed(told) == [["cd", str(home), "&&", "heyx-bulk", *upload, "--restart"]]
    assert all_work(elsewhere, told, server) == ["upload"]


def test_a_file_of_results_is_no_file_of_corrections(tmp_path: Path) -> None:
    sheet(tmp_path, *PEOPLE, header=HEADER)
    with SandboxServer(Sandbox(Faults(refuse_creates=2), tokens=(TOKEN,), limit=100_000)) as server:
        assert run(tmp_path, "upload", "contacts.csv", "--ignore", "Remarks", *FAST, server=server).code == 3
        told = run(tmp_path, "rerun", "contacts.results.csv", server=server)
        assert (told.code, told.out) == (2, "")
        assert "contacts.results.csv holds the results of a run" in told.err
        assert printed(told) == [["heyx-bulk", "rerun", "contacts.csv.checkpoint"]]
        assert all_work(tmp_path, told, server) == ["rerun"]


def test_a_sheet_that_has_changed_is_sent_anew_as_printed(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *PEOPLE, header=HEADER)
    assert run(tmp_path, "upload", "contacts.csv", "--ignore", "Remarks", *FAST, server=server).code == 0
    sheet(tmp_path, *PEOPLE[1:], header=HEADER)
    told = run(tmp_path, "rerun", "contacts.csv.checkpoint", server=server)
    assert all_work(tmp_path, told, server) == ["upload"]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--raw-csv",),
        ("--rename", "id=Number", "--rename", "City=Where they live"),
        ("--rename", "tags=Groups", "--rename", "phone=Telly"),
        ("--columns", "id,phone,City"),
        ("--tag-columns",),
        ("--timezone", "Asia/Karachi"),
        ("--mapping", "names.toml"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["out.xlsx", "an export.csv"])
def test_an_export_comes_back_as_printed(
    tmp_path: Path, server: SandboxServer, options: tuple[str, ...], name: str
) -> None:
    for number in range(4):
        fields: dict[str, str | bool | None] = {
            "phone": f"+92300123456{number}",
            "City": "Oslo",
            "isLead": True,
            "Remark": "=1+1",
        }
        server.sandbox.add(fields, ("VIP", "Blog"))
    (tmp_path / "names.toml").write_text(
        '[columns."Ort"]\nfield = "City"\n[columns."Gruppen"]\ntags = "add"\n', encoding="utf-8"
    )
    done = run(tmp_path, "export", name, "--where", "isLead=true", *options, *FAST, server=server)
    assert done.code == 0, done.err
    writes = server.sandbox.calls["update"]
    assert all_work(tmp_path, done, server) == ["upload"]
    assert server.sandbox.calls["update"] == writes


def test_an_export_that_was_stopped_is_resumed_as_printed(tmp_path: Path, server: SandboxServer) -> None:
    for number in range(40):
        server.sandbox.add({"phone": f"+9230012345{number}", "isLead": True}, ())
    words = ("export", "all.csv", "--where", "isLead=true", "--max-calls", "2", *FAST)
    stopped = run(tmp_path, *words, server=server)
    assert stopped.code == 4
    assert printed(stopped) == [["heyx-bulk", *words]]
