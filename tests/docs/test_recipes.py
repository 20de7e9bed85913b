"""The recipes for scheduled jobs: their commands run without a terminal, and their files have the right form."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from heyx_bulk.sandbox import SandboxServer
from tests.support.program import TOKEN

PAGE = Path(__file__).parents[2] / "docs/guide/scheduled-jobs.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
COMMANDS = [found for _, text in BLOCKS for found in re.findall(r"heyx-bulk(?:\.exe)? sync ([^\"\n]+)", text)]


def block(language: str, number: int = 0) -> str:
    found: list[str] = [text for one, text in BLOCKS if one == language]
    return found[number]


def test_every_recipe_but_the_library_s_has_a_command_line() -> None:
    assert len(COMMANDS) == 6


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_of_a_recipe_runs_in_an_empty_environment(
    command: str, tmp_path: Path, server: SandboxServer
) -> None:
    (tmp_path / "contacts.csv").write_text("phone,email\n+447900000001,a@example.com\n", "utf-8")
    (tmp_path / "token.txt").write_text(TOKEN, "utf-8")
    words = [re.sub(r".*contacts\.xlsx", "contacts.csv", word) for word in shlex.split(command, posix=False)]
    environment = {
        "HEYX_URL": server.url,
        "HEYX_TOKEN_FILE": str(tmp_path / "token.txt"),
        "HEYX_BULK_STATE": str(tmp_path / "state"),
        **({"SYSTEMROOT": os.environ["SYSTEMROOT"]} if os.name == "nt" else {}),
    }
    done = subprocess.run(
        [sys.executable, "-m", "heyx_bulk", "sync", *words],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1 row: 1 created"


def test_the_crontab_line_has_five_times_and_a_command() -> None:
    (line,) = block("text").splitlines()
    assert re.match(r"(?:[\d*/,-]+ ){5}\w+=\S+ /\S+ sync ", line)


def test_the_systemd_units_have_the_parts_that_a_timer_needs() -> None:
    for number, wanted in enumerate(({"Unit", "Service"}, {"Timer", "Install"})):
        unit = configparser.RawConfigParser()
        unit.read_string(block("ini", number))
        assert {*unit.sections()} == wanted


def test_the_workflow_is_scheduled_and_takes_the_token_from_a_secret() -> None:
    workflow: dict[Any, Any] = yaml.safe_load(block("yaml"))
    steps = workflow["jobs"]["sync"]["steps"]
    assert workflow[True]["schedule"][0]["cron"].count(" ") == 4  # YAML reads `on` as true
    assert steps[-1]["env"] == {"HEYX_TOKEN": "${{ secrets.HEYX_TOKEN }}"}


def test_the_task_of_airflow_calls_the_library_as_it_is() -> None:
    calls = [one for one in ast.walk(ast.parse(block("python"))) if isinstance(one, ast.Call)]
    (sync,) = [one for one in calls if isinstance(one.func, ast.Attribute) and one.func.attr == "sync"]
    assert {one.arg for one in sync.keywords} == {"progress", "max_invalid"}
