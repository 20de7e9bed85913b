"""The rate limit at the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heyx_bulk.errors import SettingsError
from heyx_bulk.rate_limit.limiter import learned_limit_of, open_rate_limiter
from heyx_bulk.sandbox import Sandbox, SandboxServer
from heyx_bulk.settings.environment import from_environment
from heyx_bulk.settings.folders import state_folder
from heyx_bulk.settings.rate import parse_share
from tests.support.program import PROGRAM, TOKEN, environment, heyx, sheet


def test_runs_side_by_side_share_the_limit_of_their_token(tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    sandbox = Sandbox(tokens=(TOKEN,), limit=12, window_seconds=3.0, window="sliding")
    with SandboxServer(sandbox) as server:
        runs = []
        for place in places:
            place.mkdir()
            sheet(place)
            words = [*PROGRAM, "upload", "contacts.csv", "--quiet", "--rate", "12/3s", "--timeout", "2"]
            runs.append(subprocess.Popen(words, cwd=place, env=environment(server), stdout=subprocess.DEVNULL))
        assert [run.wait(60) for run in runs] == [0, 0]
    assert sandbox.calls["refused_429"] == 0
    assert sandbox.calls["accepted"] > 12


def test_what_verify_reads_back_is_counted_with_all_other_calls_of_the_token(tmp_path: Path) -> None:
    sheet(tmp_path, *((f"+44123456{number:03}", "", "") for number in range(6)))
    sandbox = Sandbox(tokens=(TOKEN,), limit=12, window_seconds=3.0, window="sliding")
    with SandboxServer(sandbox) as server:
        heyx(tmp_path, "upload", "contacts.csv", "--no-match", "--rate", "12/3s", server=server)
        for _ in range(2):
            assert heyx(tmp_path, "verify", "contacts.csv", server=server).code == 0
    assert (sandbox.calls["accepted"], sandbox.calls["refused_429"]) == (18, 0)


def test_a_simulation_uses_up_no_limit(tmp_path: Path) -> None:
    sheet(tmp_path)
    done = heyx(
        tmp_path, "upload", "contacts.csv", "--simulate", HEYX_RATE_LIMIT_REDIS="redis://nowhere.invalid:1"
    )
    assert done.code == 0
    assert list(state_folder().iterdir()) == []


def test_a_share_of_the_limit_is_told_before_the_start(tmp_path: Path) -> None:
    sheet(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", "--simulate", "--rate-share", "25%")
    assert "at 50 calls/min" in done.err
    assert "25% of 200 calls/min: the rest is left to other programs." in done.err


def test_what_was_learned_is_told_at_the_start_of_the_next_run(tmp_path: Path) -> None:
    sheet(tmp_path)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=120)) as server:
        first = heyx(tmp_path, "upload", "contacts.csv", "--dry-run", server=server)
        settings = from_environment({"HEYX_TOKEN": TOKEN, "HEYX_URL": server.url})
        assert learned_limit_of(settings).limit == 120
        with open_rate_limiter(settings) as limiter:
            for _ in range(3):
                limiter.throttled(0.0)
        second = heyx(tmp_path, "upload", "contacts.csv", "--dry-run", server=server)
    assert "at 200 calls/min" in first.err
    assert "at 118 calls/min" in second.err
    assert "HeyX allowed this channel 120 calls/min" in second.err
    assert "Calls are spaced evenly: 118 calls/min" in second.err


@pytest.mark.parametrize("text", ["0", "0%", "101%", "1.5", "-5%", "half", ""])
def test_a_share_that_is_none_is_told_with_one_that_is(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_share(text)
    assert "--rate-share 50%" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "share"), [("50%", 0.5), ("0.5", 0.5), (".25", 0.25), ("100 %", 1.0), ("1", 1.0)]
)
def test_a_share_is_a_percentage_or_a_part(text: str, share: float) -> None:
    assert parse_share(text) == share
