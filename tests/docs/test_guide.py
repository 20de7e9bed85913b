"""What the README and the guide show is true: commands exist and print what is shown, files are there."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from typer.core import TyperOption

from heyx_bulk.cli.sandbox import SEEDS
from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from heyx_bulk.settings.settings_file import read_user_file, user_file
from tests.support import reference_pages

HOME = Path(__file__).parents[2]
PAGES = [HOME / "README.md", HOME / "docs" / "README.md", *sorted((HOME / "docs" / "guide").glob("*.md"))]
TEXTS = {path.relative_to(HOME).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
README = TEXTS["README.md"]
LEFT_OUT = "…"
RECIPES = "docs/guide/scheduled-jobs.md"
MOST_WORDS = 1000
ON_A_SANDBOX = "<!-- run on a sandbox -->\n"
BLOCK = re.compile(rf"((?:{ON_A_SANDBOX})?)^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code of a page; `played`: its commands print what is shown, on a sandbox, one after the other."""

    page: str
    language: str
    text: str
    played: bool

    def shown(self) -> Iterator[Shown]:
        """The commands of a console block: lines that begin with `$ `, and what follows each."""
        lines = self.text.splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        assert starts[:1] == [0], f"a console block of {self.page} begins without a command: {lines[0]}"
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield Shown(self.page, lines[start][2:], tuple(lines[start + 1 : end]))

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0]}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page and the output it is shown with."""

    page: str
    line: str
    output: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line.removesuffix("&"), comments=True)

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def blocks() -> Iterator[Block]:
    """The blocks of code of all pages, without their indentation."""
    for page, text in TEXTS.items():
        for mark, indent, language, block in BLOCK.findall(text):
            lines = (line.removeprefix(indent) for line in block.splitlines())
            yield Block(page, language, "\n".join(lines), bool(mark))


BLOCKS = [*blocks()]
CONSOLE = [block for block in BLOCKS if block.language == "console"]
COMMANDS = [one for block in CONSOLE for one in block.shown() if one.words[0] == "heyx-bulk"]
PLAYED = [block for block in CONSOLE if block.played]
REHEARSALS = [one for one in COMMANDS if "--simulate" in one.words]


COMMAND_OF = {title: command for title, command, _ in reference_pages.every_command()}
"""The program's commands, by their names, such as `upload` and `cache show`."""


def title_of(command: Shown) -> str:
    """The name of a command that a page shows, such as `upload`; `--version` for the program's own option."""
    first, *more = command.words[1:]
    return first if first in COMMAND_OF or first.startswith("-") else " ".join([first, *more[:1]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with copies of the samples, as beside the README."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(HOME / "samples", folder / "samples")
    return folder


def output_of(words: list[str], folder: Path, **more: str) -> list[str]:
    """The lines that a command prints in `folder`, in the order a terminal shows them.

    What this user's own runs have left in the state folder is not seen: a mapping found there would be used.
    """
    kept = ("HEYX_BULK_STATE", "HEYX_BULK_CONFIG")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("HEYX_") or name in kept
    }
    done = subprocess.run(
        [sys.executable, "-m", "heyx_bulk", *words[1:]],
        cwd=folder,
        env={**environment, "PYTHONUTF8": "1", **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_the_first_thing_the_readme_shows_is_a_rehearsal() -> None:
    first = next(CONSOLE[0].shown())
    assert first in REHEARSALS
    assert README.index("```console") < 300


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= MOST_WORDS


def test_the_pages_show_every_command_of_the_program() -> None:
    assert {title_of(command) for command in COMMANDS} - {"--version"} == set(COMMAND_OF)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_of_the_pages_is_one_the_program_understands(command: Shown) -> None:
    title = title_of(command)
    if title != "--version":
        COMMAND_OF[title].make_context(title, command.words[1 + len(title.split()) :])


@pytest.mark.parametrize("command", REHEARSALS, ids=str)
def test_a_rehearsal_prints_what_its_page_shows(command: Shown, folder: Path) -> None:
    prints_as_shown(command, output_of(command.words, folder))


def prints_as_shown(command: Shown, printed: list[str]) -> None:
    at = 0
    exact = True
    for line in command.output:
        if line == LEFT_OUT:
            exact = False
            continue
        rest = printed[at : at + 1] if exact else printed[at:]
        assert line in rest, "\n".join(printed)
        at += rest.index(line) + 1
        exact = True
    assert not exact or at == len(printed)


@pytest.mark.parametrize("block", PLAYED, ids=str)
def test_commands_print_what_their_page_shows(block: Block, tmp_path: Path) -> None:
    shutil.copytree(HOME / "samples", tmp_path / "samples")
    sandbox = Sandbox(Faults(refuse_creates=3), tokens=("t",))
    for fields, tags in SEEDS:
        sandbox.add(fields, tags)
    with SandboxServer(sandbox) as server:
        for command in block.shown():
            prints_as_shown(command, output_of(command.words, tmp_path, HEYX_URL=server.url, HEYX_TOKEN="t"))


def test_the_readme_and_the_quick_start_have_commands_that_are_played() -> None:
    pages = {block.page: len([*block.shown()]) for block in PLAYED}
    assert pages == {"README.md": 3, "docs/guide/quick-start.md": 1, "docs/guide/plans-and-undo.md": 1}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language != "console"], ids=str)
def test_a_block_of_code_can_be_parsed(block: Block) -> None:
    match block.language:
        case "python":
            compile(block.text, block.page, "exec")
        case "toml" if "[channels." in block.text:
            user_file().parent.mkdir()
            user_file().write_text(block.text, encoding="utf-8")
            assert read_user_file().channels
        case "toml":
            assert parse_mapping(block.text, block.page).columns
        case "sh":
            subprocess.run(["sh", "-n"], input=block.text, encoding="utf-8", check=True)
        case language if block.page == RECIPES:
            assert language in ("text", "ini", "yaml", "bat")  # their form is checked with the recipes
        case language:
            assert language == "text"


@pytest.mark.skipif(sys.platform == "win32", reason="the script is one for sh")
def test_the_scheduled_upload_sends_a_sheet_once(tmp_path: Path) -> None:
    (script,) = (block.text for block in BLOCKS if block.language == "sh" and block.page != RECIPES)
    sheet = tmp_path / f"contacts-{datetime.now():%Y-%m-%d}.csv"
    (tmp_path / "contacts.toml").write_text('[columns.Town]\nfield = "City"\n', encoding="utf-8")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "heyx-bulk"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m heyx_bulk "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    sandbox = Sandbox(tokens=("t",))
    with SandboxServer(sandbox) as server:
        environment = {
            **os.environ,
            "HEYX_URL": server.url,
            "HEYX_TOKEN": "t",
            "PATH": f"{program.parent}:{os.environ['PATH']}",
        }
        codes = []
        for rows in (None, "+4420794609", "+4420794609"):
            if rows is not None:
                lines = [f"{rows}{number},Oslo" for number in range(10, 40)]
                sheet.write_text("\n".join(["phone,Town", *lines]), encoding="utf-8")
            done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, check=False)
            codes.append(done.returncode)
    assert codes == [1, 0, 0]
    assert len(sandbox.contacts) == 30


def test_the_version_is_the_one_the_readme_shows(folder: Path) -> None:
    asked = next(command for command in COMMANDS if "--version" in command.words)
    assert list(asked.output) == output_of(asked.words, folder)


def test_a_rehearsal_leaves_nothing_behind(folder: Path) -> None:
    before = sorted(path.name for path in (HOME / "samples").iterdir())
    output_of(REHEARSALS[0].words, folder)
    assert before == sorted(path.name for path in (folder / "samples").iterdir())


def test_every_sample_that_a_page_names_is_there() -> None:
    written = {
        *("samples/contacts.results.xlsx", "samples/contacts.failed.xlsx", "samples/contacts.report.html"),
        *("samples/contacts.xlsx.checkpoint", "samples/contacts.failed.csv"),
    }
    named = {name for text in TEXTS.values() for name in re.findall(r"samples/[\w./-]*\w", text)} - written
    assert named >= {"samples/contacts.xlsx", "samples/contacts.csv", "samples/wide.csv"}
    assert [name for name in sorted(named) if not (HOME / name).is_file()] == []


@pytest.mark.parametrize("page", TEXTS)
def test_every_option_and_exit_code_that_a_page_names_exists(page: str) -> None:
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXTS[page])) - options() == set()
    codes = [
        int(code)
        for cell in re.findall(r"^\| (\d[\d, ]*) \|", TEXTS[page], re.MULTILINE)
        for code in cell.split(",")
    ]
    assert codes in ([], [0, 1, 2, 3, 4, 129, 130, 143])


def test_the_guide_explains_every_option() -> None:
    guide = "\n".join(text for page, text in TEXTS.items() if page.startswith("docs/guide/"))
    explained = {"--help", *re.findall(r"(?<![\w-])--[a-z][a-z-]+", guide)}
    missing = [
        f"{title} {option.opts[0]}"
        for title, command in COMMAND_OF.items()
        for option in command.params
        if isinstance(option, TyperOption) and not explained & {*option.opts, *option.secondary_opts}
    ]
    assert missing == []


def options() -> set[str]:
    """The long names of all options of the program."""
    every = {"--help", "--version", "--install-completion", "--show-completion", "--rm"}  # `docker run --rm`
    every |= {
        name
        for command in COMMAND_OF.values()
        for option in command.params
        for name in (*option.opts, *option.secondary_opts)
    }
    return {name for name in every if name.startswith("--")}


def test_the_messages_of_the_troubleshooting_page_are_the_programs() -> None:
    headings = re.findall(r"^### (.+)$", TEXTS["docs/guide/troubleshooting.md"], re.MULTILINE)
    source = " ".join(literals())
    assert len(headings) > 20
    pieces = {piece.strip() for heading in headings for piece in heading.split(LEFT_OUT)}
    assert [piece for piece in sorted(pieces) if piece not in source] == []


def literals() -> Iterator[str]:
    """The texts in the code, those of one formatted text joined by `LEFT_OUT`."""
    for path in (HOME / "heyx_bulk").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Constant(value=str(text)):
                    yield text
                case ast.JoinedStr(values=parts):
                    yield LEFT_OUT.join(str(one.value) for one in parts if isinstance(one, ast.Constant))


@pytest.mark.parametrize("name", reference_pages.PAGES)
def test_a_page_of_the_reference_is_as_the_code_writes_it(name: str) -> None:
    written = (reference_pages.REFERENCE / name).read_text(encoding="utf-8")
    assert written == reference_pages.PAGES[name](), "write it again: python -m tests.support.reference_pages"


def test_the_website_has_every_page() -> None:
    site = tomllib.loads((HOME / "zensical.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"[\w/-]+\.md", str(site["nav"]))
    assert sorted(named) == sorted(
        path.relative_to(HOME / "docs").as_posix() for path in (HOME / "docs").rglob("*.md")
    )
