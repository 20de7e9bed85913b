"""An export uploaded again: unchanged it writes nothing, whoever saved it meanwhile; edited, the edits alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from heyx_bulk.cli.app import app
from heyx_bulk.sandbox import Sandbox, SandboxServer

TOKEN = "sandbox-token"
WRITES = ("create", "update", "add_tags", "remove_tags")
TWELVE = tuple(f"tag {number}" for number in range(12))

PEOPLE: tuple[tuple[str, Mapping[str, str | bool | None], tuple[str, ...]], ...] = (
    ("1776025372480910", {"firstName": "=1+1", "lastName": "-5", "phone": "+447700900123"}, TWELVE),
    ("17760253724809123", {"firstName": "+44 is a code", "phone": "00447700900124", "Zip": "00427"}, ("VIP",)),
    ("0012345678901234", {"firstName": "@x", "phone": "447700900125", "Newsletter": True}, ("a;b", "c,d")),
    ("cus_/+=@", {"firstName": "😀 Zoë", "lastName": "O'Neil", "birthday": "1988-03-14", "Newsletter": False}, ()),
    (
        "923000000001",
        {"firstName": "'quoted", "lastName": '"dou;ble"', "Score": "5.0", "email": "a@b.io"},
        ('"q"',),
    ),
    ("923000000002", {"firstName": "two\nlines", "lastName": None, "Score": "1E5", "birthday": "14/03/1988"}, ()),
    ("923000000003", {"firstName": "TRUE", "lastName": "NA", "Newsletter": "yes", "Zip": "0"}, ("#N/A", "=tag")),
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SandboxServer]:
    monkeypatch.chdir(tmp_path)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        for contact_id, fields, tags in PEOPLE:
            own: dict[str, str | bool | None] = {
                "isLead": True,
                "locale": "en_GB",
                "timezone": "5",
                "gender": "male",
            }
            server.sandbox.add({**own, **fields}, tags, contact_id)
        yield server


def typed(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, [*words, "--rate", "10000/min"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done


def exported(name: str, *more: str) -> Path:
    typed("export", name, "--where", "isLead=true", *more)
    return Path(name)


def writes(server: SandboxServer) -> int:
    return sum(server.sandbox.calls[kind] for kind in WRITES)


def as_it_is(path: Path) -> Path:
    return path


def by_openpyxl(path: Path) -> Path:
    book = openpyxl.load_workbook(path)
    book.save("again.xlsx")
    return Path("again.xlsx")


def by_libreoffice(path: Path) -> Path:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed here")
    words = ("--headless", "--convert-to", "xlsx", "--outdir", "saved", str(path))
    home = f"-env:UserInstallation=file://{Path('office').absolute()}"
    subprocess.run([office, home, *words], check=True, capture_output=True, timeout=120)
    return Path("saved") / f"{path.stem}.xlsx"


@pytest.mark.parametrize(
    ("name", "saved", "more"),
    [
        ("all.xlsx", as_it_is, ()),
        ("all.csv", as_it_is, ()),
        ("all.csv", as_it_is, ("--tag-columns",)),
        ("all.xlsx", by_openpyxl, ()),
        ("all.xlsx", by_libreoffice, ()),
    ],
    ids=["xlsx", "csv", "tag columns", "openpyxl", "LibreOffice"],
)
@pytest.mark.parametrize("how", [(), ("--since-export",)], ids=["plain", "since"])
def test_an_export_that_was_not_changed_writes_nothing(
    server: SandboxServer,
    name: str,
    saved: Callable[[Path], Path],
    more: tuple[str, ...],
    how: tuple[str, ...],
) -> None:
    sheet, before = saved(exported(name, *more)), server.sandbox.contacts
    calls = server.sandbox.calls["accepted"]
    dry = typed("upload", str(sheet), *how, "--dry-run")
    assert "no writes: HeyX has everything already." in dry.stderr, dry.output
    done = typed("upload", str(sheet), *how)
    assert done.stdout == f"{len(PEOPLE)} rows: {len(PEOPLE)} unchanged\n"
    assert ("Tags added" in done.stderr) == (not how), "the tags of contacts that stay as they are"
    assert (writes(server), server.sandbox.contacts) == (0, before)
    reads = 0 if how else 2 * len(PEOPLE)
    assert server.sandbox.calls["accepted"] - calls == reads, "one read a row, or none at all"
