from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperOption
from typer.testing import CliRunner

from heyx_bulk.cli.app import COMMANDS, app
from heyx_bulk.cli.help_page import panel_of
from heyx_bulk.models.option import Panel
from tests.support.terminal import has_terminals, on_a_terminal

GROUPS = {name: place.commands for name, place in COMMANDS.items() if place.commands}
PAGES = [
    (),
    *((name,) for name in COMMANDS),
    *((name, one) for name, commands in GROUPS.items() for one in commands),
]
ESCAPE = "\x1b["

HEAVY = {
    *(
        "asyncio",
        "hashlib",
        "httpx",
        "jinja2",
        "keyring",
        "numpy",
        "openpyxl",
        "pandas",
        "phonenumbers",
        "prompt_toolkit",
    ),
    *("pydantic", "redis", "rich", "sqlite3", "tomlkit", "tomllib", "tqdm", "xlsxwriter"),
}
"""Libraries that take a while to import."""

DECLARING = {
    *(f"heyx_bulk.models.{name}" for name in ("option", "phrases")),
    *(f"heyx_bulk.settings.{name}" for name in ("connection", "rate")),
    *(f"heyx_bulk.values.{name}" for name in ("equality", "phone_country", "text", "value_types")),
    *(f"heyx_bulk.mapping.{name}" for name in ("mapping_options", "merge_rows", "tag_lists")),
    *("heyx_bulk.sheets.sheet_options", "heyx_bulk.api.call_log_options", "heyx_bulk.planning.matching"),
    *("heyx_bulk.reports.stop_conditions", "heyx_bulk.export.export_options"),
    *("heyx_bulk.upload.options", "heyx_bulk.upload.sync_options"),
}
"""The modules that declare options, and those that these need."""


def page(*words: str, columns: int = 80, **more: str) -> str:
    shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": str(columns), **more})
    assert shown.exit_code == 0, shown.output
    return shown.output


def options(name: str) -> Iterator[TyperOption]:
    program = typer.main.get_command(app)
    assert isinstance(program, typer.core.TyperGroup)
    context = program.make_context("heyx-bulk", [], resilient_parsing=True)
    command = program.get_command(context, name)
    assert command is not None
    return (one for one in command.params if isinstance(one, TyperOption))


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_help_is_wrapped_between_words_and_no_wider_than_the_terminal(
    words: tuple[str, ...], columns: int
) -> None:
    lines = page(*words, columns=columns).splitlines()
    assert [line for line in lines if len(line) > min(max(columns, 60), 120)] == []
    narrow, wide = page(*words, columns=columns), page(*words, columns=120)
    assert sorted(narrow.replace("\\\n", "").split()) == sorted(wide.replace("\\\n", "").split())


def test_the_usual_options_are_on_the_first_screen_behind_the_examples() -> None:
    lines = page("upload").splitlines()
    last_example = max(number for number, line in enumerate(lines) if line.startswith("  heyx-bulk "))
    end = lines.index("", lines.index("Usual options:"))
    assert 24 <= end - last_example <= 30
    usual = [one.opts[0] for one in options("upload") if panel_of(one) is Panel.USUAL]
    assert len(usual) == 13
    assert usual[:2] == ["--simulate", "--dry-run"]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in GROUPS])
def test_every_option_has_a_panel_and_the_name_of_its_value(name: str) -> None:
    assert [one.opts[0] for one in options(name) if one.rich_help_panel is None] == []
    assert re.findall(r"<\w+[ \w]*>", page(name)) == []


def test_the_panels_of_an_upload_are_in_their_order() -> None:
    headings = re.findall(r"^(\w.*):$", page("upload"), re.MULTILINE)
    assert headings == [
        *("Arguments", "Usual options", "Reading the sheet", "Columns", "Values", "Which contact"),
        *("What to write", "Trying it out", "Limits and stops", "Output", "Exit codes"),
    ]


@pytest.mark.parametrize(
    "words", [words for words in PAGES if words not in {(name,) for name in GROUPS}], ids=" ".join
)
def test_each_command_says_its_exit_codes_and_shows_an_example_first(words: tuple[str, ...]) -> None:
    shown = page(*words)
    assert "Exit codes" in shown
    assert shown.index("  heyx-bulk ") < min(
        shown.index(f"\n{panel}:") for panel in ("Output", "Options") if panel in shown
    )


@pytest.mark.parametrize("name", ["upload", "export"])
def test_a_pipe_gets_help_without_colors(name: str) -> None:
    assert ESCAPE not in page(name)


@has_terminals
@pytest.mark.parametrize(
    ("more", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_a_terminal_gets_help_in_color_unless_it_asks_for_none(more: dict[str, str], *, colored: bool) -> None:
    shown = on_a_terminal(["inspect", "--help"], **more)
    assert (ESCAPE in shown) is colored
    assert re.sub(r"\x1b\[\d*m", "", shown) == page("inspect")


def test_a_code_page_without_an_ellipsis_gets_three_dots() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heyx_bulk", "--help"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"COMMAND [OPTIONS] ..." in done.stdout


def imported(*words: str, **more: str) -> set[str]:
    """The modules that the program imports until it ends."""
    script = (
        f"import sys; before = {{*sys.modules}}; sys.argv = ['heyx-bulk', *{words}]\n"
        "from heyx_bulk.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*(sys.modules.keys() - before))"
    )
    environment = {**os.environ, **more}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_one_command_is_imported_for_its_help_and_no_other() -> None:
    commands = {f"heyx_bulk.cli.{name}" for name in COMMANDS}
    assert imported("status", "--help") & commands == {"heyx_bulk.cli.status"}


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["--version"], ""),
        (["--help"], ""),
        *(([name, "--help"], "") for name in COMMANDS),
        ([], "heyx-bulk up"),
        ([], "heyx-bulk upload contacts.csv --restart --map A=phone --si"),
    ],
    ids=str,
)
def test_help_and_completion_import_the_declarations_of_options_and_nothing_that_works_with_them(
    words: list[str], completed: str
) -> None:
    asked = {"COMP_WORDS": completed, "COMP_CWORD": str(completed.count(" "))}
    modules = imported(*words, **({"_HEYX_BULK_COMPLETE": "complete_bash", **asked} if completed else {}))
    assert modules & HEAVY == set()
    ours = {name for name in modules if name.startswith("heyx_bulk.") and name.count(".") > 1}
    assert {name for name in ours if not name.startswith("heyx_bulk.cli.")} <= DECLARING
    asking = ("_view", "_session", "_dialog", "questions", "asking")
    assert {name for name in ours if name.endswith(asking)} == set()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["uplaod"], "uplaod is not a command of heyx-bulk. Did you mean upload?"),
        (["cache", "shwo"], "shwo is not a command of heyx-bulk cache. Did you mean show?"),
        (
            ["upload", "a.csv", "--dryrun"],
            "--dryrun is not an option of heyx-bulk upload. Did you mean --dry-run?",
        ),
        (
            ["rerun", "a.csv", "--duplicates", "merge"],
            "--duplicates is not an option of heyx-bulk rerun. It is an option of upload, plan, sync.",
        ),
        (["--verison"], "--verison is not an option of heyx-bulk. Did you mean --version?"),
        (["xyzzy"], "xyzzy is not a command of heyx-bulk."),
    ],
)
def test_a_mistyped_command_or_option_is_answered_with_the_near_one(words: list[str], expected: str) -> None:
    done = CliRunner().invoke(app, words, prog_name="heyx-bulk")
    assert done.exit_code == 2
    assert done.output.rstrip().endswith(expected)
