"""A sheet that a job sends night after night: what is sent, what is left, and how each night ends."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import heyx_bulk as hb
from heyx_bulk.errors import Interrupted, Stopped
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.sync import job_lock
from heyx_bulk.upload.sync_options import IfRunning
from tests.support.program import TOKEN, heyx

OPTIONS: dict[str, Any] = {"custom_fields": True, "progress": False, "rate": "100000/min"}
WRITES = ("create", "update", "add_tags", "remove_tags")


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(tokens=(TOKEN,), limit=100_000)


@pytest.fixture
def server(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        yield server


def sheet(folder: Path, rows: dict[str, str]) -> Path:
    path = folder / "people.csv"
    path.write_text("\n".join(["phone,City", *(f"{phone},{city}" for phone, city in rows.items())]), "utf-8")
    return path


def people(count: int) -> dict[str, str]:
    return {f"+4479{number:08d}": "Oslo" for number in range(count)}


def totals(result: hb.RunResult | None) -> dict[str, int]:
    assert result is not None
    return {status: rows for status, rows in result.totals.items() if rows}


def calls(sandbox: Sandbox) -> int:
    return Counter(sandbox.calls)["accepted"]


def held(sandbox: Sandbox) -> dict[str, str]:
    return {str(one.fields["phone"]): str(one.fields["City"]) for one in sandbox.contacts}


@pytest.mark.usefixtures("server")
def test_only_what_is_new_in_a_sheet_is_sent(sandbox: Sandbox, tmp_path: Path) -> None:
    rows = people(20)
    assert totals(hb.sync(sheet(tmp_path, rows), **OPTIONS)) == {"created": 20}
    before = calls(sandbox)
    same = hb.sync(sheet(tmp_path, rows), **OPTIONS)
    assert (totals(same), calls(sandbox)) == ({}, before)
    rows["+447900000003"] = "Rome"
    rows["+447900000099"] = "Bonn"
    assert totals(hb.sync(sheet(tmp_path, rows), **OPTIONS)) == {"created": 1, "updated": 1, "unchanged": 19}
    assert calls(sandbox) - before == 1 + 1 + 2 + 1  # a look-up and an update; two look-ups and a create
    assert held(sandbox) == rows


@pytest.mark.usefixtures("server")
def test_other_options_send_all_rows(sandbox: Sandbox, tmp_path: Path) -> None:
    path = sheet(tmp_path, people(5))
    hb.sync(path, **OPTIONS)
    assert totals(hb.sync(path, add_tags="VIP", **OPTIONS)) == {"updated": 5}
    assert all(one.tags == {"VIP"} for one in sandbox.contacts)


@pytest.mark.usefixtures("server")
def test_invalid_rows_are_accepted_up_to_a_number_or_a_share(tmp_path: Path) -> None:
    path = sheet(tmp_path, {**people(9), "12": "Kiel"})
    flags = ("--custom-fields", "--json", "--quiet")
    assert heyx(tmp_path, "sync", path.name, *flags).code == 3
    for accepted, code in (("1", 0), ("0", 3), ("10%", 0), ("9.9%", 3)):
        sheet(tmp_path, {**people(9), "12": f"Kiel {accepted}"})
        assert heyx(tmp_path, "sync", path.name, *flags, "--max-invalid", accepted).code == code, accepted


@pytest.mark.usefixtures("server")
def test_a_sheet_that_has_not_changed_ends_well_with_zero_counts_of_its_own(tmp_path: Path) -> None:
    path = sheet(tmp_path, {**people(2), "12": "Kiel"})
    assert heyx(tmp_path, "sync", path.name, "--custom-fields", "--quiet").code == 3
    again = heyx(tmp_path, "sync", path.name, "--custom-fields", "--json", "--quiet")
    assert again.code == 0
    assert {*json.dumps(again.document["totals"]).split()} >= {"0,"}
    assert sum(dict(again.document["totals"]).values()) == 0


@pytest.mark.usefixtures("server")
def test_an_overlapping_job_waits_or_is_skipped(tmp_path: Path) -> None:
    path = sheet(tmp_path, people(3))
    checkpoint = path.with_name("people.csv.checkpoint")
    with lock(checkpoint):
        assert hb.sync(path, if_running="skip", **OPTIONS) is None
    assert totals(hb.sync(path, if_running="wait", **OPTIONS)) == {"created": 3}


class Waiting(UploadEvents):
    """Hears what a waiting job says; `check` is called while it waits."""

    def __init__(self, check: Callable[[int], None]) -> None:
        self.said: list[str] = []
        self.checked = 0
        self._check = check

    def say(self, text: str) -> None:
        self.said.append(text)

    def check(self) -> None:
        self.checked += 1
        self._check(self.checked)


def test_a_job_that_waits_goes_on_when_the_other_one_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.checkpoint"
    other = lock(path)
    other.__enter__()

    def end_other(times: int) -> None:
        if times == 2:
            other.__exit__(None, None, None)

    events = Waiting(end_other)
    with job_lock(path, IfRunning.WAIT, events, sleep=lambda _: None) as is_ours:
        assert is_ours
    assert (events.checked, len(events.said)) == (2, 1)


def test_a_job_that_waits_can_be_stopped(tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise Interrupted(2)

    path = tmp_path / "people.csv.checkpoint"
    with (
        lock(path),
        pytest.raises(Interrupted),
        job_lock(path, IfRunning.WAIT, Waiting(stop), sleep=lambda _: None),
    ):
        pytest.fail("the other job is still working")


def test_a_month_of_nights_ends_as_the_last_sheet_wants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(3)  # noqa: S311  chance in a test guards nothing
    sandbox = Sandbox(Faults(lose_create_answers=0.1, errors_before=0.05, seed=2), tokens=(TOKEN,), limit=100_000)
    rows = people(30)
    told: Counter[str] = Counter()
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        for night in range(30):
            for phone in chance.sample([*rows], chance.choice((0, 0, 2))):
                rows[phone] = f"City {night}"
            if chance.random() < 0.3:
                rows[f"+4479{100 + night:08d}"] = "Bonn"
            path = sheet(tmp_path, rows)
            monkeypatch.setenv("HEYX_TOKEN", "expired" if night in (7, 8) else TOKEN)
            most = 3 if night % 4 == 1 else None
            try:
                result = hb.sync(path, keep=3, reconcile_delay=0.1, max_calls=most, **OPTIONS)
            except Stopped:
                told["stopped"] += 1
            else:
                assert result is not None
                told["stopped" if result.stopped else "sent" if totals(result) else "nothing"] += 1
                if result.stopped is None:
                    assert held(sandbox) == rows
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        hb.sync(path, keep=3, reconcile_delay=0.1, **OPTIONS)
    assert held(sandbox) == rows
    assert len(sandbox.contacts) == len(rows)
    assert min(told[word] for word in ("sent", "nothing", "stopped")) > 0
    checkpoints = [*tmp_path.glob("people.csv.*.checkpoint"), *tmp_path.glob("people.csv.checkpoint")]
    results = [*tmp_path.glob("people.results*")]
    assert (len(checkpoints), len(results)) == (4, 4)
