"""Contacts that need no look-up: those of an index that is read first, and those of the cache that is trusted."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import heyx_bulk as hb
from heyx_bulk.models.calls import Done, UpdateContact
from heyx_bulk.models.contacts import Field
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from heyx_bulk.settings.environment import Settings, from_environment
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from tests.support.program import TOKEN

PEOPLE = 30


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox(tokens=(TOKEN,), limit=10_000)
    for number in range(PEOPLE):
        sandbox.add({"phone": f"+4420794610{number:02d}", "isLead": "true", "City": "Oslo"}, ())
    return sandbox


@pytest.fixture(autouse=True)
def _channel(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        yield


def sheet(folder: Path, *, rows: int = PEOPLE, changed: int = 0, name: str = "people.csv") -> Path:
    path = folder / name
    lines = (f"+4420794610{number:02d},{'Rome' if number < changed else 'Oslo'}" for number in range(rows))
    path.write_text("\n".join(["phone,City", *lines]), encoding="utf-8")
    return path


def upload(sandbox: Sandbox, path: Path, **options: Any) -> tuple[dict[str, int], Counter[str]]:
    """What became of the rows, and the calls by kind, those of the index among them."""
    before = Counter(sandbox.calls)
    result = hb.upload(path, custom_fields=True, progress=False, restart=True, report=False, **options)
    calls = Counter(sandbox.calls)
    calls.subtract(before)
    kinds = ("find", "read", "create", "update", "add_tags", "remove_tags")
    return (
        {status: number for status, number in result.totals.items() if number},
        Counter({kind: calls[kind] for kind in kinds if calls[kind]}),
    )


def _settings() -> Settings:
    return from_environment(os.environ)


def test_rows_of_an_index_are_not_looked_up(sandbox: Sandbox, tmp_path: Path) -> None:
    path = sheet(tmp_path, rows=PEOPLE + 2, changed=3)
    totals, calls = upload(sandbox, path, index={"isLead": True})
    assert totals == {"created": 2, "updated": 3, "unchanged": PEOPLE - 3}
    assert calls == {"find": PEOPLE / 10 + 2 * 2, "create": 2, "update": 3}


def test_a_trusted_cache_costs_no_call_for_what_is_unchanged_and_one_for_what_is_not(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    upload(sandbox, sheet(tmp_path))
    assert upload(sandbox, sheet(tmp_path), trust_cache="1h") == ({"unchanged": PEOPLE}, {})
    totals, calls = upload(sandbox, sheet(tmp_path, changed=1), trust_cache="1h")
    assert (totals, calls) == ({"updated": 1, "unchanged": PEOPLE - 1}, {"update": 1})


def test_contacts_that_were_created_are_trusted_too(sandbox: Sandbox, tmp_path: Path) -> None:
    upload(sandbox, sheet(tmp_path, rows=PEOPLE + 5))
    totals, calls = upload(sandbox, sheet(tmp_path, rows=PEOPLE + 5), trust_cache="1h")
    assert (totals, calls) == ({"unchanged": PEOPLE + 5}, {})


def test_a_contact_that_is_older_than_the_trusted_age_is_looked_up(sandbox: Sandbox, tmp_path: Path) -> None:
    upload(sandbox, sheet(tmp_path))
    totals, calls = upload(sandbox, sheet(tmp_path), trust_cache=0.001)
    assert (totals, calls) == ({"unchanged": PEOPLE}, {"find": PEOPLE})


def test_a_stale_cache_never_makes_a_duplicate(sandbox: Sandbox, tmp_path: Path) -> None:
    upload(sandbox, sheet(tmp_path))
    gone, replaced = sandbox.contacts[:2]
    sandbox.remove(gone.id)
    sandbox.remove(replaced.id)
    new = sandbox.add({"phone": "+442079461001", "isLead": "true", "City": "Bonn"}, ())
    totals, _ = upload(sandbox, sheet(tmp_path, changed=2), trust_cache="1h")
    assert totals == {"created": 1, "updated": 1, "unchanged": PEOPLE - 2}
    phones = Counter(contact.fields["phone"] for contact in sandbox.contacts)
    assert (len(phones), set(phones.values())) == (PEOPLE, {1})
    assert {one.fields["City"] for one in sandbox.contacts if one.id == new} == {"Rome"}


def test_a_phone_that_several_known_contacts_have_is_looked_up(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.add({"phone": "442079461000", "isLead": "true"}, ())
    totals, calls = upload(sandbox, sheet(tmp_path), index="isLead=true")
    pages_of_the_index = PEOPLE // 10 + 1
    assert (totals, calls) == ({"unchanged": PEOPLE}, {"find": pages_of_the_index + 1})


def test_two_rows_of_one_known_contact_see_each_other_s_changes(sandbox: Sandbox, tmp_path: Path) -> None:
    first = sandbox.contacts[0]
    path = tmp_path / "twice.csv"
    path.write_text(f"phone,heyx contact id,City\n+442079461000,,Rome\n,{first.id},Oslo\n", encoding="utf-8")
    totals, calls = upload(sandbox, path, index="isLead=true", workers=1, read_first=True)
    assert (totals, calls["update"]) == ({"updated": 2}, 2)
    assert sandbox.contacts[0].fields["City"] == "Oslo"


def test_an_index_that_heyx_rejects_or_that_names_no_value_is_refused_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with pytest.raises(hb.SettingsError, match="is not of the form FIELD=VALUE"):
        upload(sandbox, sheet(tmp_path), index="isLead")
    with pytest.raises(hb.SettingsError, match="is not a duration"):
        upload(sandbox, sheet(tmp_path), trust_cache="soon")
    with pytest.raises(hb.SettingsError, match="a simulation sends none"):
        hb.simulate(sheet(tmp_path), custom_fields=True, index="isLead=true")
    assert sandbox.calls == {}


@pytest.mark.parametrize("calls", [0, 2])
def test_an_index_that_cannot_be_read_to_its_end_stops_the_upload_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    sandbox = Sandbox(Faults(revoke_after=calls), tokens=(TOKEN,), limit=10_000)
    for number in range(5 * PEOPLE):
        sandbox.add({"phone": f"+442079462{number:03d}", "isLead": "true"}, ())
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        with pytest.raises(hb.Stopped, match="HeyX does not accept the token"):
            upload(sandbox, sheet(tmp_path), index="isLead=true")
    assert len(sandbox.contacts) == 5 * PEOPLE
    assert [one.name for one in tmp_path.iterdir()] == ["people.csv"]


def test_what_is_taken_from_the_cache_teaches_nothing_about_what_heyx_shows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """HeyX finds contacts by a field that it does not show: the memory of our write is what keeps them one."""
    sandbox = Sandbox(Faults(rename_fields={"customerNo": "customer_no"}), tokens=(TOKEN,), limit=10_000)
    path = tmp_path / "people.csv"
    path.write_text("customerNo,firstName\n7,Ann\n", encoding="utf-8")
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        for options in ({}, {"trust_cache": "1h"}, {}):
            upload(sandbox, path, key="customerNo", reconcile_delay=0, **options)
    assert len(sandbox.contacts) == 1


def test_a_contact_known_in_part_is_not_taken_for_a_row_whose_keys_it_may_contradict(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    other = sandbox.add({"phone": "+442079462999", "email": "shared@x.org"}, ())
    first = tmp_path / "first.csv"
    first.write_text(f"heyx contact id,email\n{other},shared@x.org\n", encoding="utf-8")
    upload(sandbox, first, trust_ids=True)
    second = tmp_path / "second.csv"
    second.write_text("phone,email,firstName\n+442079462001,shared@x.org,Bob\n", encoding="utf-8")
    totals, _ = upload(sandbox, second, trust_cache="1h")
    assert totals == {"failed": 1}
    assert "firstName" not in next(one.fields for one in sandbox.contacts if one.id == other)


def test_our_own_write_does_not_renew_what_heyx_showed_long_ago(sandbox: Sandbox, tmp_path: Path) -> None:
    upload(sandbox, sheet(tmp_path))
    with ChannelCache(_settings().channel, 0, clock=lambda: time.time() + 7200) as cache:
        (contact,) = (one.contact for one in cache.contacts.get([sandbox.contacts[0].id]))
        cache.contacts.observe(UpdateContact(contact.id, (Field("City", "Oslo"),)), Done())
        later = {one.id for one in cache.contacts.seen_since(time.time() + 3600)}
    assert later == set()


def test_a_canary_does_not_go_with_a_trusted_cache(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(hb.SettingsError, match="Leave out one of them"):
        upload(sandbox, sheet(tmp_path), trust_cache="1h", canary=2)


def test_the_reading_of_an_index_ends_at_the_limits_of_the_session(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(hb.Stopped, match="2 calls"):
        upload(sandbox, sheet(tmp_path), index="isLead=true", max_calls=2)
    assert sandbox.calls["find"] == 2
