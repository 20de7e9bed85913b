"""What the README shows is true: its commands exist, its rehearsals end as shown, its files are there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from heyx_bulk.cli.app import app
from heyx_bulk.cli.sandbox import SEEDS
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer

HOME = Path(__file__).parents[2]
README = (HOME / "README.md").read_text(encoding="utf-8")
LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of the README and the output it is shown with."""

    line: str
    output: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line.removesuffix("&"), comments=True)

    def __str__(self) -> str:
        return self.line


def shown() -> Iterator[Shown]:
    """The commands in the README's console blocks: lines that begin with `$ `, and what follows each."""
    for indent, block in re.findall(r"^( *)```console\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL):
        lines = [line.removeprefix(indent) for line in block.splitlines()]
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        assert starts[:1] == [0], f"a console block begins without a command: {lines[0]}"
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield Shown(lines[start][2:], tuple(lines[start + 1 : end]))


COMMANDS = [command for command in shown() if command.words[0] == "heyx-bulk"]
DRY_RUNS = [command for command in COMMANDS if "--dry-run" in command.words]
REHEARSALS = [command for command in COMMANDS if "--simulate" in command.words]


def commands() -> dict[str, typer.core.TyperCommand]:
    """The program's commands, by their names."""
    program = typer.main.get_command(app)
    assert isinstance(program, typer.core.TyperGroup)
    context = program.make_context("heyx-bulk", [], resilient_parsing=True)
    found = {name: program.get_command(context, name) for name in program.list_commands(context)}
    return {name: command for name, command in found.items() if isinstance(command, typer.core.TyperCommand)}


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
    kept = ("HEYX_BULK_STATE",)
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
    first, *_ = shown()
    assert first in REHEARSALS
    assert README.index("```console") < 300


def test_the_readme_shows_every_command_of_the_program() -> None:
    assert {command.words[1] for command in COMMANDS} - {"--version"} == set(commands())


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_of_the_readme_is_one_the_program_understands(command: Shown) -> None:
    name, *arguments = command.words[1:]
    if name != "--version":
        commands()[name].make_context(name, arguments)


@pytest.mark.parametrize("command", REHEARSALS, ids=str)
def test_a_rehearsal_of_the_readme_prints_what_the_readme_shows(command: Shown, folder: Path) -> None:
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


@pytest.mark.parametrize("session", [COMMANDS[1:4], DRY_RUNS], ids=["upload, rerun, export", "dry run"])
def test_commands_print_what_the_readme_shows(session: list[Shown], tmp_path: Path) -> None:
    shutil.copytree(HOME / "samples", tmp_path / "samples")
    sandbox = Sandbox(Faults(refuse_creates=3), tokens=("t",))
    for fields, tags in SEEDS:
        sandbox.add(fields, tags)
    assert session
    with SandboxServer(sandbox) as server:
        for command in session:
            prints_as_shown(command, output_of(command.words, tmp_path, HEYX_URL=server.url, HEYX_TOKEN="t"))


def test_the_version_is_the_one_the_readme_shows(folder: Path) -> None:
    asked = next(command for command in COMMANDS if "--version" in command.words)
    assert list(asked.output) == output_of(asked.words, folder)


def test_a_rehearsal_leaves_nothing_behind(folder: Path) -> None:
    before = sorted(path.name for path in (HOME / "samples").iterdir())
    output_of(REHEARSALS[0].words, folder)
    assert before == sorted(path.name for path in (folder / "samples").iterdir())


def test_every_sample_the_readme_names_is_there() -> None:
    written = {
        *("samples/contacts.results.xlsx", "samples/contacts.failed.xlsx", "samples/contacts.report.html"),
        "samples/contacts.xlsx.checkpoint",
    }
    named = set(re.findall(r"samples/[\w./-]*\w", README)) - written
    assert named >= {"samples/contacts.xlsx", "samples/contacts.csv", "samples/wide.csv"}
    assert [name for name in sorted(named) if not (HOME / name).is_file()] == []


def test_every_option_and_exit_code_the_readme_names_exists() -> None:
    every = {"--help", "--version", "--install-completion", "--show-completion"}
    every |= {
        name
        for command in commands().values()
        for option in command.params
        for name in (*option.opts, *option.secondary_opts)
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - every == set()
    codes = [
        int(code) for cell in re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE) for code in cell.split(",")
    ]
    assert codes == [0, 1, 2, 3, 4, 129, 130, 143]
