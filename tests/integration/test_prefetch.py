"""Contacts that need no look-up: those of an index that is read first, and those of the cache that is trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import heyx_bulk as hb
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
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
