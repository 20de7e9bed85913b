from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as NotThere
from redis.exceptions import WatchError

from heyx_bulk.errors import SettingsError, Unreachable
from heyx_bulk.rate_limit.learned_limit import JUST_UNDER, LearnedLimit
from heyx_bulk.rate_limit.limiter import RateLimiter, learned_limit_of, open_rate_limiter
from heyx_bulk.rate_limit.redis_bucket import RedisBucket
from heyx_bulk.sandbox import Sandbox, SandboxServer
from heyx_bulk.settings.rate import Rate
from tests.support.program import PROGRAM, TOKEN, environment, wait_for
from tests.support.rate_limited_processes import CALLS, run_together
from tests.support.runs import settings

PASSWORD = "s3cret"
SPACED = LearnedLimit(spaced_share=JUST_UNDER)

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed on this machine"
)


class Server:
    """A Redis on loopback, without a file, that asks for a password."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self.client = Redis.from_url(self.url)
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", PASSWORD]
        process = subprocess.Popen([*words, "--save", "", "--dir", "/tmp"], stdout=subprocess.DEVNULL)  # noqa: S108
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                self.client.ping()
            except NotThere:
                time.sleep(0.02)
            else:
                return process
        raise TimeoutError("the Redis did not start")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        self.process = self._started()

    def bucket(self, rate: Rate, share: float = 1.0, timeout_seconds: float = 30.0) -> RedisBucket:
        return RedisBucket(self.url, "channel", rate, share, timeout_seconds=timeout_seconds)


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    server = Server()
    yield server
    server.end()
    server.client.close()


@pytest.fixture(autouse=True)
def _empty(redis: Server) -> None:
    redis.client.flushall()


def takes(bucket: RedisBucket, *names: str) -> list[bool]:
    return [bucket.acquire(name) == 0 for name in names]


def test_machines_share_one_limit(redis: Server) -> None:
    with closing(redis.bucket(Rate(3, 60))) as one, closing(redis.bucket(Rate(3, 60))) as other:
        assert takes(one, "a", "b") == [True, True]
        assert takes(other, "c", "d") == [True, False]
        one.complete("a")
        assert other.wait_ms() == pytest.approx(60_005, abs=500)
        one.refund("b")
        assert takes(other, "d", "e") == [True, False]


def test_an_answer_frees_its_part_of_the_limit_a_window_later(redis: Server) -> None:
    with closing(redis.bucket(Rate(1, 0.3))) as bucket:
        bucket.acquire("a")
        bucket.complete("a")
        answered = time.monotonic()
        while bucket.acquire("b") > 0:
            time.sleep(0.002)
        assert 0.29 <= time.monotonic() - answered < 10


def test_a_share_is_spaced_and_counts_what_others_took(redis: Server) -> None:
    with closing(redis.bucket(Rate(8, 60))) as one, closing(redis.bucket(Rate(8, 60), share=0.5)) as other:
        assert takes(other, "a", "b") == [True, True]
        assert other.wait_ms() == pytest.approx(15_000, abs=500)
        assert takes(one, *"cdefghi") == [True] * 6 + [False]


def test_a_call_that_is_asked_for_twice_is_one_call(redis: Server) -> None:
    with closing(redis.bucket(Rate(1, 60))) as bucket:
        assert takes(bucket, "a", "a", "b") == [True, True, False]


def test_a_step_whose_reply_is_lost_is_done_once(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    execute, lost = Pipeline.execute, [False, True, False, True]

    def execute_and_lose(pipe: Pipeline) -> object:
        reply = execute(pipe)
        if lost and lost.pop():
            raise WatchError
        return reply

    with closing(redis.bucket(Rate(2, 60))) as bucket:
        monkeypatch.setattr(Pipeline, "execute", execute_and_lose)
        assert takes(bucket, "a", "b", "c") == [True, True, False]
        lost.extend((False, True))
        bucket.learn(lambda learned: replace(learned, bursts=learned.bursts + 1))
        assert bucket.state().held == 2
        assert bucket.learned.bursts == 1
        assert not lost


def test_a_pause_and_what_was_learned_are_for_every_machine(redis: Server) -> None:
    with closing(redis.bucket(Rate(5, 60))) as one, closing(redis.bucket(Rate(5, 60))) as other:
        one.pause(300)
        assert other.wait_ms() > 0
        time.sleep(0.31)
        one.learn(lambda learned: learned.after_header(2, Rate(5, 60), 1.0))
        assert takes(other, "a", "b", "c") == [True, True, False]
        assert other.learned == LearnedLimit(limit=2, learned_at=1.0)


def test_after_a_refusal_probes_go_from_all_machines_together_until_one_is_accepted(redis: Server) -> None:
    rate = Rate(4, 60)
    with closing(redis.bucket(rate)) as one, closing(redis.bucket(rate)) as other:
        one.learn(lambda _: replace(SPACED, probing=True))
        assert takes(one, "a") == takes(other, "b") == [True]
        assert takes(one, "c") == takes(other, "d") == [False]
        other.learn(lambda learned: learned.after_answer(2.0, rate, is_probe=True))
        assert one.wait_ms() == pytest.approx(SPACED.params(rate).gap_ms, abs=500)


def test_what_others_use_is_known_to_every_machine(redis: Server) -> None:
    with closing(redis.bucket(Rate(10, 60))) as one, closing(redis.bucket(Rate(10, 60))) as other:
        takes(one, "a")
        one.complete("a", used=9)
        assert takes(other, "b", "c") == [True, False]


def test_a_call_that_is_in_flight_for_too_long_counts_as_lost(redis: Server) -> None:
    with closing(redis.bucket(Rate(1, 0.1), timeout_seconds=0.2)) as bucket:
        bucket.acquire("a")
        taken = time.monotonic()
        while bucket.acquire("b") > 0:
            time.sleep(0.005)
        assert 1.49 <= time.monotonic() - taken < 3


def test_every_key_expires_and_none_holds_the_token(redis: Server) -> None:
    options = settings(rate_limit_redis=redis.url, token="a-channel-token")
    with open_rate_limiter(options) as limiter:
        asyncio.run(answered(limiter))
        limiter.throttled(0.0)
    keys = [bytes(key).decode() for key in redis.client.scan_iter()]
    assert len(keys) == 3
    assert all(redis.client.pttl(key) > 0 for key in keys)
    assert all(options.channel in key and "a-channel-token" not in key for key in keys)
    assert learned_limit_of(options).bursts == 1


def test_a_redis_whose_clock_was_set_back_stalls_nobody_over_a_window(redis: Server) -> None:
    with closing(redis.bucket(Rate(1, 60))) as bucket:
        bucket.acquire("a")
        bucket.complete("a")
        state, answers = (f"heyx-bulk:{{channel}}:{key}" for key in ("state", "calls"))
        redis.client.hincrby(state, "now", 3_600_000)
        redis.client.zincrby(answers, 3_600_000, "a")
        assert 59_000 < bucket.wait_ms() < 61_000


async def answered(limiter: RateLimiter) -> None:
    limiter.complete(await limiter.acquire())


def test_a_redis_that_is_lost_is_a_stop_and_one_that_came_back_goes_on(redis: Server) -> None:
    with open_rate_limiter(settings(rate_limit_redis=redis.url)) as limiter:
        asyncio.run(answered(limiter))
        redis.end()
        with pytest.raises(Unreachable) as caught:
            asyncio.run(answered(limiter))
        with pytest.raises(Unreachable):
            asyncio.run(answered(limiter))
    redis.start_again()
    assert PASSWORD not in str(caught.value)
    assert f"127.0.0.1:{redis.port}" in caught.value.what
    with open_rate_limiter(settings(rate_limit_redis=redis.url)) as limiter:
        asyncio.run(answered(limiter))


def test_an_answer_that_came_is_not_lost_with_redis(redis: Server) -> None:
    async def work() -> None:
        with open_rate_limiter(settings(rate_limit_redis=redis.url)) as limiter:
            name = await limiter.acquire()
            redis.end()
            limiter.complete(name)
            with pytest.raises(Unreachable):
                await limiter.acquire()

    asyncio.run(work())
    redis.start_again()


def test_a_redis_that_is_not_there_is_told_before_anything_is_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        pytest.raises(Unreachable) as caught,
        open_rate_limiter(settings(rate_limit_redis=f"redis://:{PASSWORD}@127.0.0.1:{port}")),
    ):
        pass
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["localhost:6379", "http://:s3cret@localhost", "redis://", "redis://:s3cret@h:x"]
)
def test_what_is_no_address_of_a_redis_is_told_without_its_password(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(rate_limit_redis=address)
    assert "HEYX_RATE_LIMIT_REDIS" in caught.value.what
    assert PASSWORD not in str(caught.value)


def test_four_processes_over_redis_use_one_limit_fully_and_never_more(redis: Server, tmp_path: Path) -> None:
    taken = run_together(f"redis://:{PASSWORD}@127.0.0.1:{redis.port}/0", tmp_path, 6.0)
    assert taken.most <= CALLS
    assert taken.share >= 0.6
    assert min(taken.each) >= 0.25 * max(taken.each)


def test_an_upload_that_loses_redis_stops_and_carries_on_when_it_is_back(redis: Server, tmp_path: Path) -> None:
    rows = "".join(f"Name {row},+44207946{row:04}\n" for row in range(6))
    (tmp_path / "contacts.csv").write_text(f"first name,phone\n{rows}", encoding="utf-8")
    with SandboxServer(Sandbox(tokens=(TOKEN,)), latency=0.2) as server:
        surroundings = environment(server, HEYX_RATE_LIMIT_REDIS=redis.url)
        words = [*PROGRAM, "upload", "contacts.csv", "--workers", "2"]
        first = subprocess.Popen(words, cwd=tmp_path, env=surroundings, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: server.sandbox.calls["create"] > 1)
        redis.end()
        told = first.communicate(timeout=60)[1]
        redis.start_again()
        second = subprocess.run(words, cwd=tmp_path, env=surroundings, check=False, capture_output=True)
        created = sorted(str(contact.fields["phone"]) for contact in server.sandbox.contacts)
    assert (first.returncode, second.returncode) == (4, 0)
    assert "HEYX_RATE_LIMIT_REDIS" in told
    assert PASSWORD not in told
    assert created == [f"+44207946{row:04}" for row in range(6)]
