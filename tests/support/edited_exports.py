"""Exports that a person edits and sends back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heyx_bulk.cli.app import app
from heyx_bulk.sandbox import Sandbox, SandboxContact, SandboxServer

TOKEN = "sandbox-token"


PEOPLE: Mapping[str, tuple[Mapping[str, str | bool | None], tuple[str, ...]]] = {
    "1776025372480911": ({"firstName": "Ann", "phone": "+447700900123", "City": "Oslo"}, ("VIP", "a;b")),
    "cus_/+=@": ({"firstName": "Bob", "email": "bob@example.org", "Zip": "00427", "Score": "5.0"}, ()),
    "923000000003": ({"firstName": "Cleo", "City": "Łódź", "Score": "7"}, ("Churned",)),
}


Lines = list[dict[str, str]]


@contextmanager
def people_server(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[SandboxServer]:
    """A HeyX that has these people, for commands given in a folder."""
    monkeypatch.chdir(folder)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000)) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        for contact_id, (fields, tags) in PEOPLE.items():
            server.sandbox.add({"isLead": True, **fields}, tags, contact_id)
        yield server


def typed(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done


def exported(name: str = "all.csv", *more: str) -> Lines:
    typed("export", name, "--where", "isLead=true", "--rate", "100000/min", *more)
    return list(csv.DictReader(io.StringIO(Path(name).read_text(encoding="utf-8-sig"))))


def saved(lines: Lines, name: str = "edited.csv") -> None:
    text = io.StringIO(newline="")
    sheet = csv.DictWriter(text, list(lines[0]))
    sheet.writeheader()
    sheet.writerows(lines)
    Path(name).write_text(text.getvalue(), encoding="utf-8", newline="")


def line(lines: Lines, contact_id: str) -> dict[str, str]:
    return next(one for one in lines if one["heyx contact id"] == contact_id)


def sent_back(*more: str, code: int = 0) -> Result:
    return typed("upload", "edited.csv", "--since-export", "--rate", "100000/min", *more, code=code)


def held(server: SandboxServer, contact_id: str) -> SandboxContact:
    return next(contact for contact in server.sandbox.contacts if contact.id == contact_id)
