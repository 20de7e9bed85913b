"""The library's face: what the README shows is run as it stands there."""

from __future__ import annotations

import ast
import asyncio
import re
import shutil
from pathlib import Path

import pytest

import heyx_bulk
from heyx_bulk import Client, Field, Pace, Selection, Settings, export
from heyx_bulk.sandbox import Misbehaviour, Sandbox, SandboxServer
from heyx_bulk.settings import checked

ROOT = Path(__file__).parents[1]
TOKEN = "sandbox-token"


def example() -> str:
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_readme_s_example_uploads_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "samples" / "contacts.xlsx", tmp_path)
    monkeypatch.chdir(tmp_path)
    with SandboxServer(Sandbox(Misbehaviour(seed=7), tokens=(TOKEN,), limit=1000)) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        exec(compile(example(), "README.md", "exec"), {})  # noqa: S102  the README's own words
        assert len(server.sandbox.contacts) == 32
    printed = capsys.readouterr().out
    assert ast.literal_eval(printed[: printed.index("}") + 1]) == {"created": 32, "failed": 3, "invalid": 5}
    assert printed.strip().endswith("contacts.results.xlsx")


def test_contacts_are_read_through_a_client() -> None:
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=1000)) as server:
        for number in range(12):
            server.sandbox.add({"phone": f"+92300{number:03}", "isLead": True}, ("VIP",) if number % 2 else ())
        settings = checked(url=server.url, token=TOKEN)
        exported = asyncio.run(_read(settings))
    assert (exported.found, len(exported.contacts)) == (12, 6)


async def _read(settings: Settings) -> heyx_bulk.Exported:
    async with Client(settings, Pace(settings.rate)) as client:
        return await export(client, Selection((Field("isLead", "true"),), tags=("VIP",)))


def test_everything_the_face_names_is_there_in_order() -> None:
    assert list(heyx_bulk.__all__) == sorted(heyx_bulk.__all__)
    assert [name for name in heyx_bulk.__all__ if not hasattr(heyx_bulk, name)] == []
