"""The library's front: what the guide shows runs as it stands there, and what `import heyx_bulk` costs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import heyx_bulk as hb
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.program import TOKEN

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "python-api.md"


def examples() -> list[str]:
    """The Python of the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run(example: str) -> None:
    exec(compile(example, GUIDE.name, "exec"), {})  # noqa: S102  the guide's own words


@pytest.mark.slow
def test_the_guide_uploads_a_file_and_reruns_what_was_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "samples" / "contacts.xlsx", tmp_path)
    monkeypatch.chdir(tmp_path)
    with SandboxServer(Sandbox(Faults(seed=7), tokens=(TOKEN,), limit=1000)) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        run(examples()[0])
    assert capsys.readouterr().out.splitlines() == [
        "32 created, 3 failed",
        "40 rows: 33 created, 3 failed, 4 invalid",
    ]


def test_the_guide_uploads_a_frame_and_reads_it_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: SandboxServer
) -> None:
    monkeypatch.setenv("HEYX_URL", server.url)
    monkeypatch.setenv("HEYX_TOKEN", TOKEN)
    run(examples()[1])
    assert capsys.readouterr().out == "1 2026-03-14\n"


def test_the_guide_uploads_two_sheets_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: SandboxServer
) -> None:
    for name, phone in (("north.csv", "+923001234567"), ("south.csv", "+923007654321")):
        (tmp_path / name).write_text(f"phone\n{phone}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEYX_URL", server.url)
    run(examples()[2].replace("…", TOKEN))
    assert capsys.readouterr().out.count("'created': 1") == 2


def test_inspection_and_simulation_know_the_same_fields_of_a_channel(
    monkeypatch: pytest.MonkeyPatch, server: SandboxServer
) -> None:
    monkeypatch.setenv("HEYX_URL", server.url)
    server.sandbox.add({"phone": "+447700900123", "Shoe": "42"}, id="7")
    sheet = pd.DataFrame({"phone": ["+447700900124"], "shoe": ["43"]})
    with pytest.raises(hb.UsageError, match="shoe"):
        hb.simulate(sheet, token=TOKEN)
    hb.export(ids=["7"], token=TOKEN)
    assert hb.inspect(sheet, token=TOKEN).mistakes == ()
    assert hb.simulate(sheet, token=TOKEN).totals["created"] == 1


def test_everything_the_front_names_is_there_in_order() -> None:
    assert list(hb.__all__) == sorted(hb.__all__)
    assert [name for name in hb.__all__ if not hasattr(hb, name)] == []


def test_type_checkers_see_the_names_that_are_imported_at_run_time() -> None:
    tree = ast.parse(Path(str(hb.__file__)).read_text(encoding="utf-8"))
    imported = {
        alias.asname: f"{node.module}.{alias.name}" if alias.name == "aio" else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("heyx_bulk.")
        for alias in node.names
    }
    assert imported == hb._HOME


@pytest.mark.parametrize("package", ["upload", "export"])
def test_a_function_keeps_its_name_when_the_package_of_that_name_is_imported(package: str) -> None:
    script = f"""
import heyx_bulk.{package}
import heyx_bulk as hb
assert callable(hb.{package}), hb.{package}
from heyx_bulk.upload.pipeline import upload_sheet
from heyx_bulk.export.exporter import open_export
assert callable(hb.{package})
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_importing_the_package_loads_neither_pandas_nor_httpx() -> None:
    script = (
        "import sys, heyx_bulk; print(*({'pandas', 'httpx', 'asyncio', 'pydantic', 'typer'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_version_is_the_installed_one() -> None:
    assert hb.__version__ == "0.1.0"
