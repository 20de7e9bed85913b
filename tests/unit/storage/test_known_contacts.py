"""The contacts that a channel is known to have: fed by answers, kept once, forgotten for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heyx_bulk.cli.app import app
from heyx_bulk.models.calls import (
    AddTags,
    CreateContact,
    Created,
    Done,
    FindContacts,
    Page,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Field
from heyx_bulk.sandbox import Sandbox, SandboxServer
from heyx_bulk.settings.environment import validate_settings
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.cache.known_contacts import KnownExport

ROW = ContactRow(2)
ANN = Contact("1776025372480910", {"firstName": "Ann", "vip": True, "zip": "007"}, frozenset("ab"), complete=True)


@contextmanager
def cache(
    folder: Path, clock: Callable[[], float] = lambda: 100.0, *, remember: bool = True
) -> Iterator[ChannelCache]:
    with ChannelCache("channel", 60.0, folder=folder, clock=clock, remember=remember) as opened:
        yield opened


def known(folder: Path) -> list[Contact]:
    with cache(folder) as opened:
        return [one.contact for one in opened.contacts.get(list(opened.contacts.ids()))]


def test_what_heyx_shows_is_known_with_its_kinds_and_when(tmp_path: Path) -> None:
    with cache(tmp_path) as opened:
        opened.observe(ROW, FindContacts("phone", "1"), Page((ANN, Contact("7", {}, complete=True)), 1))
    with cache(tmp_path, lambda: 200.0) as opened:
        assert [(one.contact, one.seen) for one in opened.contacts.get((ANN.id, "nobody"))] == [(ANN, 100.0)]
        assert list(opened.contacts.ids()) == [ANN.id, "7"]
        assert (opened.contacts.count(), opened.contacts.seen()) == (2, (100.0, 100.0))


def test_what_we_write_is_known_too(tmp_path: Path) -> None:
    with cache(tmp_path) as opened:
        opened.observe(ROW, CreateContact((Field("phone", "+44"),)), Created("new"))
        opened.observe(ROW, UpdateContact("new", (Field("City", "Oslo"),)), Done())
        opened.observe(ROW, AddTags("new", ("a", "b")), Done())
        opened.observe(ROW, RemoveTags("new", ("a",)), Done())
    assert known(tmp_path) == [Contact("new", {"phone": "+44", "City": "Oslo"}, frozenset("b"), complete=False)]


def test_one_that_heyx_does_not_know_is_known_no_more(tmp_path: Path) -> None:
    with cache(tmp_path) as opened:
        opened.contacts.observe_contacts((ANN,))
        opened.contacts.forget_contact(ANN.id)
    assert known(tmp_path) == []


def test_an_export_keeps_what_it_showed_though_the_contact_changed_since(tmp_path: Path) -> None:
    with cache(tmp_path) as opened:
        number = opened.contacts.record_export("vip.xlsx", (ANN,))
        opened.observe(ROW, UpdateContact(ANN.id, (Field("firstName", "Bea"),)), Done())
        assert list(opened.contacts.exported(number, (ANN.id, "nobody"))) == [ANN]
        assert opened.contacts.exports() == (KnownExport(number, "vip.xlsx", 100.0, 1),)


def test_the_newest_exports_are_kept_and_what_they_share_lies_there_once(tmp_path: Path) -> None:
    with cache(tmp_path) as opened:
        opened.contacts.record_export("0.csv", (Contact("gone", complete=True),))
        for number in range(1, 11):
            opened.contacts.record_export(f"{number}.csv", (ANN,))
        assert [one.name for one in opened.contacts.exports()] == [f"{number}.csv" for number in range(10, 0, -1)]
        assert opened._db.execute("SELECT count(*) FROM document").fetchone() == (1,)


def test_what_a_contact_does_not_look_like_any_more_is_not_kept(tmp_path: Path) -> None:
    with cache(tmp_path) as opened:
        opened.contacts.observe_contacts((ANN,))
        opened.contacts.record_export("vip.xlsx", (ANN,))
        for city in ("Oslo", "Bergen", "Paris"):
            opened.observe(ROW, UpdateContact(ANN.id, (Field("City", city),)), Done())
        texts = [text for (text,) in opened._db.execute("SELECT text FROM document ORDER BY number")]
        assert [("Paris" in text, "City" in text) for text in texts] == [(False, False), (True, True)]
        opened.contacts.forget_contact(ANN.id)
        assert opened._db.execute("SELECT count(*) FROM document").fetchone() == (1,)


def test_forgotten_contacts_are_not_in_the_file_any_more(tmp_path: Path) -> None:
    with cache(tmp_path) as opened:
        opened.contacts.observe_contacts((Contact("7", {"firstName": "Unforgettable"}, complete=True),))
        opened.contacts.record_export("x.csv", (ANN,))
        assert opened.contacts.forget() == 1
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Unforgettable" not in held
    assert b"1776025372480910" not in held
    assert known(tmp_path) == []


def test_nothing_is_kept_where_that_is_switched_off(tmp_path: Path) -> None:
    with cache(tmp_path, remember=False) as opened:
        opened.observe(ROW, FindContacts("phone", "1"), Page((ANN,), 1))
        opened.observe(ROW, CreateContact((Field("phone", "+44"),)), Created("new"))
        assert opened.contacts.record_export("x.csv", (ANN,)) == 0
    assert known(tmp_path) == []


@pytest.mark.parametrize(("said", "remember"), [("off", False), ("no", False), ("on", True)])
def test_the_environment_switches_it_off(said: str, remember: bool) -> None:
    assert validate_settings(token="t", cache=said).cache is remember


@pytest.mark.slow
def test_uploads_and_exports_feed_it_and_a_person_sees_and_forgets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("contacts.csv").write_text("phone,firstName\n+44207946000,Ann\n+44207946001,Bob\n", encoding="utf-8")

    def typed(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, words)
        return done.exit_code, done.stdout

    with SandboxServer(Sandbox(tokens=("t",))) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", "t")
        server.sandbox.add({"City": "Oslo"}, id="7")
        assert typed("upload", "contacts.csv")[0] == 0
        assert typed("cache", "show") == (0, "2 contacts remembered\n")
        assert typed("export", "x.csv", "--where", "City=Oslo")[0] == 0
        assert typed("cache", "show") == (0, "3 contacts remembered\n")
        server.sandbox.remove("7")
        assert typed("export", "all.csv", "--known", "--if", "firstName not blank") == (0, "2 contacts\n")
        assert typed("cache", "show") == (0, "2 contacts remembered\n")
        assert typed("cache", "forget")[0] == 2
        assert typed("cache", "forget", "--yes") == (0, "2 contacts and 2 exports forgotten\n")
        assert typed("cache", "show") == (0, "0 contacts remembered\n")


def test_a_run_that_does_not_look_feeds_it_and_one_that_finds_nobody_empties_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("new.csv").write_text("phone,firstName\n+44207946000,Ann\n+44207946001,Ann\n", encoding="utf-8")
    with SandboxServer(Sandbox(tokens=("t",))) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", "t")
        assert CliRunner().invoke(app, ["upload", "new.csv", "--no-match"]).stdout == "2 rows: 2 created\n"
        first, second = sorted(contact.id for contact in server.sandbox.contacts)
        server.sandbox.remove(first)
        text = f"heyx contact id,firstName\n{first},Bob\n{second},Bob\n"
        Path("ids.csv").write_text(text, encoding="utf-8")
        done = CliRunner().invoke(app, ["upload", "ids.csv", "--read-first", "--reconcile-delay", "0"])
        assert done.stdout == "2 rows: 1 updated, 1 failed\n", done.output
    with ChannelCache(validate_settings(url=server.url, token="t").channel, 0.0) as opened:
        assert [
            (one.contact.id, one.contact.fields["firstName"])
            for one in opened.contacts.get(list(opened.contacts.ids()))
        ] == [(second, "Bob")]
