from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from heyx_bulk.errors import Stopped, WriteError
from heyx_bulk.rate_limit.learned_limit import JUST_UNDER, LearnedLimit
from heyx_bulk.rate_limit.limiter import learned_limit_of, open_rate_limiter
from heyx_bulk.rate_limit.sqlite_bucket import SQLiteBucket
from heyx_bulk.settings.folders import state_folder
from heyx_bulk.settings.rate import Rate
from tests.support.rate_limited_processes import CALLS, run_together, started
from tests.support.runs import TOKEN, settings

MINUTE_MS = 60_000
HELD_MS = 60_005
HOUR_MS = 3_600_000
SPACED = LearnedLimit(spaced_share=JUST_UNDER)


class Machine:
    """A machine whose clock a test turns: processes on it share one bucket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "rate_limit" / "channel.sqlite"
        self.now = 10 * HOUR_MS
        self.boot = "first"

    def process(self, rate: Rate, share: float = 1.0, timeout_seconds: float = 30.0) -> SQLiteBucket:
        return SQLiteBucket(
            self.path,
            rate,
            share,
            timeout_seconds=timeout_seconds,
            clock=lambda: self.now,
            boot_id=lambda: self.boot,
        )

    @contextmanager
    def running(self, rate: Rate) -> Iterator[SQLiteBucket]:
        with closing(self.process(rate)) as bucket:
            yield bucket


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def takes(bucket: SQLiteBucket, *names: str) -> list[bool]:
    return [bucket.acquire(name) == 0 for name in names]


def opens_after(machine: Machine, bucket: SQLiteBucket) -> int:
    """How long, in ms, nothing is granted from now."""
    began = machine.now
    while bucket.wait_ms() > 0:
        machine.now += bucket.wait_ms()
    return machine.now - began


def test_processes_of_one_machine_share_one_limit(machine: Machine) -> None:
    with machine.running(Rate(3, 60)) as one, machine.running(Rate(3, 60)) as other:
        assert takes(one, "a", "b") == [True, True]
        assert takes(other, "c", "d") == [True, False]
        one.complete("a")
        assert opens_after(machine, other) == HELD_MS


def test_a_process_that_wants_less_counts_what_others_took(machine: Machine) -> None:
    with machine.running(Rate(4, 60)) as one, closing(machine.process(Rate(4, 60), share=0.5)) as other:
        assert takes(one, "a", "b") == [True, True]
        assert takes(other, "c") == [False]
        assert takes(one, "d", "e", "f") == [True, True, False]


def test_killed_and_started_again_within_the_minute_it_knows_what_was_answered(machine: Machine) -> None:
    with machine.running(Rate(2, 60)) as first:
        takes(first, "a", "b")
        first.complete("a")
        first.complete("b")
    machine.now += 10_000
    with machine.running(Rate(2, 60)) as second:
        assert opens_after(machine, second) == HELD_MS - 10_000


def test_calls_in_flight_of_a_process_that_died_count_as_lost_when_that_is_noticed(machine: Machine) -> None:
    first = machine.process(Rate(1, 60), timeout_seconds=20)
    takes(first, "a")
    first.close()
    machine.now += 5_000
    with machine.running(Rate(1, 60)) as second:
        assert opens_after(machine, second) == 20_000 + HELD_MS


def test_calls_in_flight_of_a_process_that_lives_are_in_flight_however_long(machine: Machine) -> None:
    with machine.running(Rate(1, 60)) as first, machine.running(Rate(1, 60)) as second:
        takes(first, "a")
        machine.now += HOUR_MS
        assert takes(second, "b") == [False]
        first.complete("a")
        assert opens_after(machine, second) == HELD_MS


def test_a_clock_set_back_an_hour_stalls_nobody_over_a_window_and_gives_nothing_twice(machine: Machine) -> None:
    with machine.running(Rate(2, 60)) as bucket:
        takes(bucket, "a", "b")
        bucket.complete("a")
        machine.now += 20_000
        bucket.complete("b")
        bucket.pause(5_000)
        machine.now -= HOUR_MS
        assert takes(bucket, "c") == [False]
        assert opens_after(machine, bucket) == HELD_MS - 20_000


def test_a_machine_that_slept_finds_its_limit_whole(machine: Machine) -> None:
    with machine.running(Rate(2, 60)) as bucket:
        takes(bucket, "a", "b")
        bucket.complete("a")
        bucket.complete("b")
        machine.now += HOUR_MS
        assert takes(bucket, "c", "d", "e") == [True, True, False]


@pytest.mark.parametrize(("uptime_ms", "wait_ms"), [(15_000, HELD_MS - 15_000), (10 * MINUTE_MS, 0)])
def test_after_the_machine_was_started_anew_calls_are_as_old_as_that_start_at_least(
    machine: Machine, uptime_ms: int, wait_ms: int
) -> None:
    with machine.running(Rate(1, 60)) as bucket:
        takes(bucket, "a")
        bucket.complete("a")
    machine.now, machine.boot = uptime_ms, "second"
    with machine.running(Rate(1, 60)) as bucket:
        assert opens_after(machine, bucket) == wait_ms


def test_a_pause_and_what_was_learned_are_for_every_process(machine: Machine) -> None:
    with machine.running(Rate(5, 60)) as one, machine.running(Rate(5, 60)) as other:
        one.pause(7_000)
        one.learn(lambda learned: learned.after_header(2, Rate(5, 60), 1.0))
        assert opens_after(machine, other) == 7_000
        assert takes(other, "a", "b", "c") == [True, True, False]
    with machine.running(Rate(5, 60)) as later:
        later.state()
        assert later.learned == LearnedLimit(limit=2, learned_at=1.0)


def test_after_a_refusal_probes_go_from_all_processes_together_until_one_is_accepted(machine: Machine) -> None:
    rate = Rate(5, 60)
    with machine.running(rate) as one, machine.running(rate) as other:
        one.learn(lambda _: replace(SPACED, probing=True))
        assert takes(one, "a") == takes(other, "b") == [True]
        assert takes(one, "c") == takes(other, "d") == [False]
        machine.now += MINUTE_MS
        assert takes(other, "e", "f") == [True, False]
        other.learn(lambda learned: learned.after_answer(2.0, rate, is_probe=True))
        assert opens_after(machine, one) == pytest.approx(SPACED.params(rate).gap_ms, abs=1)
        assert takes(one, "f", "g") == [True, False]


def test_what_others_use_is_known_to_every_process(machine: Machine) -> None:
    with machine.running(Rate(10, 60)) as one, machine.running(Rate(10, 60)) as other:
        takes(one, "a")
        one.complete("a", used=9)
        assert takes(other, "b", "c") == [True, False]
        machine.now += HELD_MS
        assert takes(other, "d") == [True]


def test_the_file_is_only_for_its_user_and_holds_no_token() -> None:
    options = settings()
    with open_rate_limiter(options) as limiter:
        limiter.pause(0)
        files = sorted((state_folder() / "rate_limit").iterdir())
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert not any(TOKEN in path.name or TOKEN.encode() in path.read_bytes() for path in files)
        assert any(path.name == f"{options.channel}.sqlite" for path in files)
    assert [path.name for path in (state_folder() / "rate_limit").iterdir()] == [f"{options.channel}.sqlite"]


def test_tokens_that_share_an_account_share_its_limit() -> None:
    one, other = settings(token="one", account="acme"), settings(token="other", account="acme")
    assert one.rate_limit_key == other.rate_limit_key
    assert (
        len({one.rate_limit_key, one.channel, other.channel, settings(token="one", account="else").rate_limit_key})
        == 4
    )


def test_what_was_learned_is_there_for_the_next_run() -> None:
    options = settings()
    assert learned_limit_of(options) == LearnedLimit()
    with open_rate_limiter(options) as limiter:
        limiter.throttled(0.0)
    assert learned_limit_of(options).bursts == 1


def test_a_file_that_is_no_bucket_is_reported_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "channel.sqlite"
    path.write_text("hello, I am no database, and long enough to be seen as none" * 20)
    with pytest.raises(WriteError) as caught:
        SQLiteBucket(path, Rate())
    assert "HEYX_BULK_STATE" in caught.value.remedy


def test_a_process_that_hangs_with_the_file_in_its_hands_stops_the_others(tmp_path: Path) -> None:
    path = tmp_path / "channel.sqlite"
    with closing(SQLiteBucket(path, Rate(), busy_seconds=0.05)) as bucket:
        hanging = sqlite3.connect(path, isolation_level=None)
        hanging.execute("BEGIN IMMEDIATE")
        with pytest.raises(Stopped, match="locked"):
            bucket.acquire("a")
        hanging.close()
        assert bucket.acquire("a") == 0


def test_the_locks_of_processes_that_died_are_taken_away(machine: Machine) -> None:
    stale = machine.path.with_suffix(".0123456789abcdef.lock")
    stale.parent.mkdir()
    stale.touch()
    with machine.running(Rate()) as bucket:
        assert [path.name for path in stale.parent.glob("*.lock")] == [f"channel.{bucket.owner}.lock"]


@pytest.mark.slow
def test_a_process_that_was_killed_leaves_its_calls_in_flight_to_be_counted(tmp_path: Path) -> None:
    path, rate = tmp_path / "channel.sqlite", Rate(1, 0.3)
    script = (
        "import sys, time; from pathlib import Path; "
        "from heyx_bulk.rate_limit.sqlite_bucket import SQLiteBucket; "
        "from heyx_bulk.settings.rate import Rate; "
        "bucket = SQLiteBucket(Path(sys.argv[1]), Rate(1, 0.3), timeout_seconds=0.5); "
        "print(bucket.acquire('a'), flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "0\n"
        with closing(SQLiteBucket(path, rate)) as bucket:
            assert bucket.acquire("b") > 0
            child.kill()
            child.wait()
            killed = time.monotonic()
            while bucket.acquire("b") > 0:
                assert time.monotonic() < killed + 10
                time.sleep(0.005)
            assert time.monotonic() - killed >= 0.8


@pytest.mark.slow
def test_four_processes_use_one_limit_fully_and_never_more_though_one_is_killed_over_and_over(
    tmp_path: Path,
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    taken = run_together(str(tmp_path / "channel.sqlite"), logs, 6.0)
    assert taken.most <= CALLS
    assert taken.share >= 0.6
    assert min(taken.each) >= 0.25 * max(taken.each)


@pytest.mark.slow
def test_many_that_open_at_once_all_come_in(tmp_path: Path) -> None:
    place = str(tmp_path / "channel.sqlite")
    children = [started(place, 0.1, tmp_path / f"{number}.log") for number in range(6)]
    assert [child.wait(30) for child in children] == [0] * 6
