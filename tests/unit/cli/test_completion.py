from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from heyx_bulk.cli.app import app
from tests.support.program import sheet

PROGRAM = Path(sys.executable).with_name("heyx-bulk")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    book = openpyxl.Workbook()
    for title in ("Leads 2026", "Lookup"):
        book.create_sheet(title).append(("First Name", "Phone"))
    del book["Sheet"]
    book.save("leads.xlsx")
    sheet(tmp_path, header=("First Name", "Phone", "City"), name="people.csv")
    return tmp_path


def offered(shell: str, line: str) -> list[str]:
    """What is offered where the cursor is at the end of `line`."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_TYPER_COMPLETE_ARGS": line}
    more = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": line.rpartition(" ")[2]}
    asked = {"_HEYX_BULK_COMPLETE": f"complete_{shell}", **words, **more}
    done = CliRunner().invoke(app, [], env=asked, prog_name="heyx-bulk")
    assert (done.exit_code, done.stderr) == (0, "")
    return [one.split("\t")[0] for one in done.stdout.splitlines() if one]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("heyx-bulk up", ["upload"]),
        ("heyx-bulk upload --dr", ["--dry-run"]),
        ("heyx-bulk export all.csv --phone-lookup p", ["plus"]),
        ("heyx-bulk cache f", ["forget"]),
        ("heyx-bulk upload leads.xlsx --worksheet ", ["Leads 2026", "Lookup"]),
        ("heyx-bulk inspect leads.xlsx --worksheet Lo", ["Lookup"]),
        ("heyx-bulk upload people.csv --ignore ", ["First Name", "Phone", "City"]),
        ("heyx-bulk columns people.csv --map C", ["City="]),
        ("heyx-bulk upload people.csv --map City=la", ["City=lastName", "City=language"]),
        ("heyx-bulk upload people.csv --type P", ["Phone="]),
        ("heyx-bulk upload --worksheet Lookup leads.xlsx --id-column F", ["First Name"]),
        ("heyx-bulk upload leads.xlsx --ignore ", []),
        ("heyx-bulk upload nowhere.xlsx --worksheet ", []),
        ("heyx-bulk upload people.csv --worksheet ", []),
        ("heyx-bulk upload - --ignore ", []),
    ],
)
@pytest.mark.usefixtures("folder")
def test_commands_options_worksheets_and_columns_are_offered(line: str, expected: list[str]) -> None:
    assert offered("fish", line) == expected


@pytest.mark.usefixtures("folder")
def test_bash_gets_names_with_their_blanks_escaped() -> None:
    assert offered("bash", "heyx-bulk upload leads.xlsx --worksheet Le") == [r"Leads\ 2026"]


@pytest.mark.parametrize("shell", ["zsh", "powershell", "pwsh"])
@pytest.mark.usefixtures("folder")
def test_every_shell_is_answered(shell: str) -> None:
    assert "Lookup" in "".join(offered(shell, "heyx-bulk upload leads.xlsx --worksheet Lo"))


def test_the_columns_of_a_long_text_file_are_offered_by_its_first_lines(folder: Path) -> None:
    lines = ["First Name;Phone", *(f"Name {number};+92300{number:07}" for number in range(20_000))]
    (folder / "long.csv").write_text("\n".join(lines), encoding="utf-8")
    assert offered("fish", "heyx-bulk upload long.csv --ignore ") == ["First Name", "Phone"]


def test_the_columns_of_the_worksheet_that_the_mapping_file_names_are_offered(folder: Path) -> None:
    assert offered("fish", "heyx-bulk upload leads.xlsx --id-column F") == []
    (folder / "leads.toml").write_text('worksheet = "Lookup"\n', encoding="utf-8")
    assert offered("fish", "heyx-bulk upload leads.xlsx --id-column F") == ["First Name"]


def test_a_damaged_workbook_offers_nothing(folder: Path) -> None:
    (folder / "bad.xlsx").write_bytes((folder / "leads.xlsx").read_bytes()[:900])
    assert offered("fish", "heyx-bulk upload bad.xlsx --worksheet ") == []
    assert offered("fish", "heyx-bulk upload bad.xlsx --ignore ") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_the_script_of_every_shell_is_shown(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    done = CliRunner().invoke(app, ["--show-completion", shell], prog_name="heyx-bulk")
    assert done.exit_code == 0, done.output
    assert "_HEYX_BULK_COMPLETE" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="there is no bash")
def test_bash_completes_what_is_typed_once_the_script_is_installed(folder: Path) -> None:
    script = f"""
        {PROGRAM} --install-completion && source ~/.bashrc
        COMP_WORDS=({PROGRAM} upload leads.xlsx --worksheet Le) COMP_CWORD=4
        _heyx_bulk_completion {PROGRAM}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == r"Leads\ 2026"
