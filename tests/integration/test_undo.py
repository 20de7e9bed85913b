"""What a run changed, set back: what returns, what stays and is said, and what it costs."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import heyx_bulk as hb
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.sandbox import Sandbox, SandboxContact, SandboxServer
from tests.support.program import TOKEN, heyx

ROWS = 60
OPTIONS: dict[str, Any] = {"custom_fields": True, "progress": False, "report": False, "rate": "100000/min"}


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(tokens=(TOKEN,), limit=100_000)


@pytest.fixture(autouse=True)
def _channel(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        yield


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def mixed(sandbox: Sandbox, path: Path) -> Path:
    """Rows of new contacts, and of contacts found by phone, by email and by id; some with many fields and tags."""
    chance = Random(11)  # noqa: S311  chance in a test guards nothing
    rows: list[dict[str, str]] = []
    for number in range(ROWS):
        phone, email = f"+4479{number:08d}", f"person{number}@example.com"
        row = {"phone": phone, "email": email, "firstName": f"Name {number}", "Code": f"{number:05d}"}
        row["tags"] = ";".join(chance.sample(["a", "b", "VIP"], chance.randint(0, 3)))
        row["remove tags"] = chance.choice(["", "old", "old;x"])
        row |= {f"field {index}": f"{number}-{index}" for index in range(chance.choice((0, 0, 40)))}
        held = {"firstName": "Old", "Code": chance.choice(["", "00001"]), "City": "Oslo"}
        tags = chance.sample(["old", "x", "VIP", "keep"], chance.randint(0, 4))
        match number % 5:
            case 1:
                sandbox.add({"phone": phone.removeprefix("+" * (number % 2)), **held}, tags)
            case 2:
                row["phone"] = ""
                sandbox.add({"email": email, **held}, tags)
            case 3:
                row["heyx contact id"] = sandbox.add({"phone": phone, **held}, tags)
            case 4:
                row["heyx contact id"] = sandbox.add({"email": email, **held}, tags)
        rows.append(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def held(contact: SandboxContact) -> dict[str, object]:
    return {name: value for name, value in contact.fields.items() if value}


def test_every_field_and_tag_that_nobody_else_touched_returns_and_the_others_are_told(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sheet = mixed(sandbox, tmp_path / "people.csv")
    before = {one.id: one for one in sandbox.contacts}
    run = hb.upload(sheet, **OPTIONS)
    touched = [one for one in sandbox.contacts if one.id in before][::7]
    for one in touched:
        sandbox.remove(one.id)
        sandbox.add({**one.fields, "firstName": "Touched"}, {*one.tags, "mine"}, id=one.id)
    undone = hb.undo(run, progress=False)
    told = dict(zip(undone.rows["heyx contact id"], undone.rows["heyx message"], strict=True))
    for one in sandbox.contacts:
        if (was := before.get(one.id)) is None:
            assert "HeyX cannot delete contacts" in told[one.id]
            continue
        assert {*one.tags} - {"mine"} == {*was.tags}
        now, then = held(one), held(was)
        differing = {name for name in now.keys() | then.keys() if now.get(name) != then.get(name)}
        assert {name for name in differing if f"{name} stays" not in told[one.id]} == set()
        assert differing <= {"firstName", "phone"}
    for one in touched:
        assert "firstName stays “Touched”: before, it was “Old”, but it was changed in HeyX since" in told[one.id]
    assert sum("HeyX does not take an empty phone" in message for message in told.values()) == ROWS // 5
    assert {status: rows for status, rows in undone.totals.items() if rows} == {
        "updated": ROWS // 5 * 4,
        "skipped": ROWS // 5,
    }
    assert hb.undo(run, progress=False).calls == 0


def test_a_value_that_was_not_read_before_stays_unless_a_before_image_was_asked_for(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.add({"firstName": "Old"}, ("x",), id="1")
    blind = written(tmp_path / "blind.csv", "heyx contact id,firstName,tags", "1,New,VIP")
    undone = hb.undo(hb.upload(blind, **OPTIONS), progress=False)
    assert undone.rows["heyx message"].tolist() == ["firstName stays “New”: what it was before is unknown"]
    assert {*sandbox.contacts[0].tags} == {"x"}
    reads = Counter(sandbox.calls)["read"]
    seen = written(tmp_path / "seen.csv", "heyx contact id,firstName", "1,Newer")
    hb.undo(hb.upload(seen, before_image=True, **OPTIONS), progress=False)
    assert sandbox.contacts[0].fields["firstName"] == "New"
    assert Counter(sandbox.calls)["read"] - reads == 3  # before the upload, for the plan, and before it is applied


def test_contacts_that_a_run_creates_are_tagged_and_others_are_not(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.add({"phone": "+447900000001"}, ())
    sheet = written(tmp_path / "new.csv", "phone,City", "+447900000001,Rome", "+447900000002,Oslo")
    hb.upload(sheet, tag_created="Import May", **OPTIONS)
    assert [sorted(one.tags) for one in sandbox.contacts] == [[], ["Import May"]]


def test_rows_of_one_contact_are_set_back_to_what_was_there_before_the_first(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.add({"phone": "+447900000001", "City": "Oslo"}, (), id="1")
    sheet = written(tmp_path / "two.csv", "heyx contact id,phone,City", ",+447900000001,Rome", "1,,Bonn")
    run = hb.upload(sheet, read_first=True, **OPTIONS)
    undone = hb.undo(run, progress=False)
    assert sandbox.contacts[0].fields["City"] == "Oslo"
    assert undone.rows["rows of the run"].tolist() == ["2, 3"]


def test_an_undo_of_a_run_that_wrote_nothing_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.add({"phone": "+447900000001", "City": "Oslo"}, ())
    sheet = written(tmp_path / "same.csv", "phone,City", "+447900000001,Oslo")
    with pytest.raises(CheckpointMismatch, match="wrote no contact"):
        hb.undo(hb.upload(sheet, **OPTIONS), progress=False)


def test_corrected_rows_are_set_back_to_what_was_there_before_the_run(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.add({"phone": "+447900000001", "City": "Oslo"}, ("x",))
    sheet = written(tmp_path / "once.csv", "phone,City,remove tags", "+447900000001,Rome,x", "12,Kiel,")
    run = hb.upload(sheet, **OPTIONS)
    failed = run.failed
    failed["phone"] = "+447900000003"
    hb.undo(hb.rerun(run, failed, progress=False), progress=False)
    assert (sandbox.contacts[0].fields["City"], {*sandbox.contacts[0].tags}) == ("Oslo", {"x"})


def test_a_plan_of_an_undo_that_was_applied_is_not_sent_in_place_of_being_written(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.add({"phone": "+447900000001", "City": "Oslo", "Code": "1"}, ())
    sheet = written(tmp_path / "once.csv", "phone,City,Code", "+447900000001,Rome,2")
    hb.upload(sheet, **OPTIONS)
    assert heyx(tmp_path, "undo", "once.csv", "-o", "undo.csv", "--quiet").code == 0
    assert sandbox.contacts[0].fields["City"] == "Rome"
    assert heyx(tmp_path, "apply", "undo.csv", "--quiet").code == 0
    sandbox.remove(sandbox.contacts[0].id)
    refused = heyx(tmp_path, "undo", "once.csv", "-o", "undo.csv", "--quiet")
    assert refused.code == 2
    assert "was applied already" in refused.err
