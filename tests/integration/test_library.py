"""The library's face: what the README shows is run as it stands there."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

import heyx_bulk
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer

ROOT = Path(__file__).parents[2]
TOKEN = "sandbox-token"


def example(heading: str) -> str:
    """The first Python below a heading of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text[text.index(heading) :], re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.slow
def test_the_readme_s_example_uploads_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "samples" / "contacts.xlsx", tmp_path)
    monkeypatch.chdir(tmp_path)
    with SandboxServer(Sandbox(Faults(seed=7), tokens=(TOKEN,), limit=1000)) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        exec(compile(example("## As a library"), "README.md", "exec"), {})  # noqa: S102  the README's own words
        assert len(server.sandbox.contacts) == 32
    printed = capsys.readouterr().out
    assert ast.literal_eval(printed[: printed.index("}") + 1]) == {"created": 32, "failed": 3, "invalid": 5}
    assert printed.strip().endswith("contacts.results.xlsx")


def test_the_readme_s_example_reads_contacts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=1000)) as server:
        for number in range(12):
            tags = ("VIP",) if number % 2 else ()
            server.sandbox.add({"firstName": f"Ann {number:02}", "isLead": number < 8}, tags)
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        exec(compile(example("### Contacts out of HeyX"), "README.md", "exec"), {})  # noqa: S102  its own words
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed[:6]) == [f"Ann {number:02}" for number in (1, 3, 5, 7, 9, 11)]
    assert printed[-1] == "6"


def test_everything_the_face_names_is_there_in_order() -> None:
    assert list(heyx_bulk.__all__) == sorted(heyx_bulk.__all__)
    assert [name for name in heyx_bulk.__all__ if not hasattr(heyx_bulk, name)] == []
