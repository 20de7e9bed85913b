"""The share of the limit that is used, and the calls that are refused, on the five kinds of window.

A real server on loopback, in a process of its own. A minute is scaled to `WINDOW` seconds, latencies with it:
they are 50 to 800 ms to the minute, `tail`: 2 % of them 2 to 25 s. In the same run, with as many in flight: our
pace, pyrate-limiter as it comes (its buffer scaled), and one call after another with `sleep(60 / 200)` between
them. Then four processes on one token, one of them killed over and over, on one machine and over Redis.
`python bench/rate_limit.py [SEEDS] [WINDOWS]`
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import get_args

import httpx
from pyrate_limiter import Limiter
from pyrate_limiter import Rate as Ratio

from heyx_bulk.api.client import Client
from heyx_bulk.errors import Stopped
from heyx_bulk.models.calls import ReadContact
from heyx_bulk.rate_limit.limiter import open_rate_limiter
from heyx_bulk.sandbox import Response, Sandbox, WindowKind
from heyx_bulk.settings import Rate, Settings, validate_settings

LIMIT = 200
WINDOW = 6.0
SCALE = WINDOW / 60
WORKERS = 20
TOKEN = "sandbox"  # noqa: S105  opens only the sandbox
RATE = Rate(LIMIT, WINDOW)
KINDS: tuple[WindowKind, ...] = get_args(WindowKind)
AT_ONCE = 3
OURS = "heyx-bulk"


@dataclass(frozen=True, slots=True)
class Sent:
    """One call: when it left, when it was answered, and how."""

    left: float
    answered: float
    status: int


Note = Callable[[Sent], None]
Strategy = Callable[[Settings, float, Note], Awaitable[None]]


class Noted(httpx.AsyncBaseTransport):
    """The network, noting every call that was answered."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._network = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        left = time.monotonic()
        response = await self._network.handle_async_request(request)
        self._note(Sent(left, time.monotonic(), response.status_code))
        return response

    async def aclose(self) -> None:
        await self._network.aclose()


# The strategies: each sends reads until a moment


async def our_pace(settings: Settings, until: float, note: Note) -> None:
    with open_rate_limiter(settings) as limiter:
        async with Client(settings, limiter, transport=Noted(note)) as client:

            async def worker() -> None:
                while client.stopped is None:
                    try:
                        await client.send(ReadContact("7"))
                    except Stopped as reason:
                        client.stop(reason)

            the_end = asyncio.get_running_loop()
            the_end.call_later(until - time.monotonic(), client.stop, Stopped("the end"))
            await asyncio.gather(*(worker() for _ in range(WORKERS)))


async def library(settings: Settings, until: float, note: Note) -> None:
    limiter = Limiter(Ratio(LIMIT, round(WINDOW * 1000)), buffer_ms=round(50 * SCALE))

    async def worker(http: httpx.AsyncClient) -> None:
        while time.monotonic() < until:
            await limiter.try_acquire_async("channel")
            await read(http, settings)

    async with bare(settings, note) as http:
        await asyncio.gather(*(worker(http) for _ in range(WORKERS)))


async def sleeping(settings: Settings, until: float, note: Note) -> None:
    async with bare(settings, note) as http:
        while time.monotonic() < until:
            await read(http, settings)
            await asyncio.sleep(WINDOW / LIMIT)


def bare(settings: Settings, note: Note) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
    return httpx.AsyncClient(transport=Noted(note), headers=headers)


async def read(http: httpx.AsyncClient, settings: Settings) -> None:
    answer = await http.get(f"{settings.url}/v1/contact/7")
    if answer.status_code == 429:
        await asyncio.sleep(float(answer.headers.get("Retry-After", WINDOW)))


STRATEGIES: dict[str, Strategy] = {OURS: our_pace, "library's default": library, "sleep(60/200)": sleeping}


# The server


@dataclass(frozen=True, slots=True)
class Course:
    """One run: a kind of window, answers' times, a seed, who sends."""

    kind: WindowKind
    tail: bool
    seed: int
    strategy: str = OURS
    limit: int = LIMIT

    @classmethod
    def unlimited(cls) -> Course:
        """A server that answers at once and refuses nothing."""
        return cls("fixed", tail=False, seed=0, strategy="", limit=1_000_000_000)

    def latency(self) -> Callable[[], float]:
        """How long each of its answers takes, in scaled seconds."""
        if not self.strategy:
            return lambda: 0.0
        chance = Random(f"{self.kind} {self.tail} {self.seed} {self.strategy}")

        def seconds() -> float:
            if self.tail and chance.random() < 0.02:
                return chance.uniform(2, 25) * SCALE
            return chance.uniform(0.05, 0.8) * SCALE

        return seconds


def serve(courses: list[Course], told: Connection) -> None:
    """Play a HeyX for each course until told to end."""
    asyncio.run(serving(courses, told))


async def serving(courses: list[Course], told: Connection) -> None:
    loop = asyncio.get_running_loop()
    urls = []
    for course in courses:
        sandbox = Sandbox(
            limit=course.limit,
            window_seconds=WINDOW,
            window=course.kind,
            clock=time.monotonic,
        )
        sandbox.add({"firstName": "Mahin"}, id="7")
        server = await loop.create_server(partial(Wire, sandbox, course.latency()), "127.0.0.1", 0, backlog=1000)
        urls.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api")
    told.send(urls)
    await asyncio.to_thread(told.recv)


class Wire(asyncio.Protocol):
    """One kept connection to a sandbox: a call without a body, its answer after a while, the next call.

    Lighter than `SandboxServer`, so that the machine has time for what is measured.
    """

    def __init__(self, sandbox: Sandbox, latency: Callable[[], float]) -> None:
        self._sandbox = sandbox
        self._latency = latency
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        seconds = self._latency()
        asyncio.get_running_loop().call_later(seconds / 2, self._handle, data, seconds / 2)

    def _handle(self, data: bytes, rest_seconds: float) -> None:
        method, url, _ = data.split(b"\r\n", 1)[0].decode().split(" ")
        answer = self._sandbox.handle(method, url, TOKEN, b"")
        assert isinstance(answer, Response)
        asyncio.get_running_loop().call_later(rest_seconds, self._answer, answer)

    def _answer(self, answer: Response) -> None:
        assert self._transport is not None
        # Nobody knows whether HeyX tells of its limit: it does not here, but for when to come back.
        told = {name: text for name, text in answer.headers.items() if not name.startswith("X-RateLimit")}
        headers = {**told, "Content-Length": str(len(answer.body))}
        head = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        self._transport.write(f"HTTP/1.1 {answer.status} .\r\n{head}\r\n".encode() + answer.body)


@contextmanager
def served(courses: list[Course]) -> Iterator[list[str]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(courses, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join(10)


def settings_for(url: str, limiter: str | None = None) -> Settings:
    # A call takes half a window at most, as 30 s are half a minute.
    options = {"rate": RATE, "workers": WORKERS, "timeout": WINDOW / 2, "rate_limit_redis": limiter}
    return validate_settings(url=url, token=TOKEN, **options)


# What came of it


@dataclass(frozen=True, slots=True)
class Use:
    """Of the limit after the first window: % used, % of what is possible with these answers' times; refusals."""

    share: float
    possible: float
    refused: int
    refused_later: int
    sent_later: int

    @classmethod
    def of(cls, log: list[Sent], windows: int, learning: int = 1) -> Use:
        began = min(sent.left for sent in log)
        accepted = [sent for sent in log if sent.status != 429]
        mean = sum(sent.answered - sent.left for sent in accepted) / len(accepted)
        start, end = began + learning * WINDOW, began + windows * WINDOW
        later = [sent for sent in log if start <= sent.left < end]
        used = sum(sent.status != 429 for sent in later) / (LIMIT * (windows - learning))
        refused = sum(sent.status == 429 for sent in log)
        return cls(
            100 * used,
            100 * used * (WINDOW + mean) / WINDOW,
            refused,
            sum(sent.status == 429 for sent in later),
            len(later),
        )


async def run(courses: list[Course], urls: list[str], windows: int) -> list[Use]:
    logs: list[list[Sent]] = [[] for _ in courses]
    until = time.monotonic() + windows * WINDOW + 0.2
    await asyncio.gather(
        *(
            STRATEGIES[course.strategy](settings_for(url), until, log.append)
            for course, url, log in zip(courses, urls, logs, strict=True)
        )
    )
    learning = {course: 2 if course.kind == "small-bucket" else 1 for course in courses}
    return [Use.of(log, windows, learning[course]) for course, log in zip(courses, logs, strict=True)]


def windows_table(seeds: int, windows: int) -> None:
    courses = [
        Course(kind, tail, seed, strategy)
        for strategy in STRATEGIES
        for kind in KINDS
        for tail in (False, True)
        for seed in range(1, (seeds if strategy == OURS else 1) + 1)
    ]
    print(f"{LIMIT} calls in {WINDOW:g} s, {windows} windows: % of the limit (% of the possible) / 429s, by seed")
    came: dict[Course, Use] = {}
    for start in range(0, len(courses), AT_ONCE):
        some = courses[start : start + AT_ONCE]
        with served(some) as urls:
            came |= dict(zip(some, asyncio.run(run(some, urls, windows)), strict=True))
    print("| answers | strategy | " + " | ".join(KINDS) + " |")
    print("| --- | --- |" + " --- |" * len(KINDS))
    for tail in (False, True):
        for strategy in STRATEGIES:
            cells = [
                "; ".join(cell(use) for course, use in came.items() if like(course, kind, strategy, tail=tail))
                for kind in KINDS
            ]
            print(f"| {'tail' if tail else '50–800 ms'} | {strategy} | " + " | ".join(cells) + " |")
    print("Used after the first window (small-bucket: the second); 429s of the whole run, in brackets after that.")


def like(course: Course, kind: WindowKind, strategy: str, *, tail: bool) -> bool:
    return (course.kind, course.strategy, course.tail) == (kind, strategy, tail)


def cell(use: Use) -> str:
    later = f" ({use.refused_later})" if use.refused else ""
    return f"{use.share:.1f} ({use.possible:.1f}) / {use.refused}{later}"


# Several processes on one token


def child(url: str, seconds: str, log: str) -> None:
    """Send until the seconds are over, or this process is killed."""
    with Path(log).open("a", encoding="ascii") as file:

        def note(sent: Sent) -> None:
            file.write(f"{sent.left} {sent.answered} {sent.status}\n")
            file.flush()

        settings = settings_for(url, os.environ.get("HEYX_RATE_LIMIT_REDIS"))
        asyncio.run(our_pace(settings, time.monotonic() + float(seconds), note))


def together(name: str, kind: WindowKind, windows: int, environments: list[dict[str, str]]) -> None:
    """Four processes on one token; the last is killed over and over."""
    chance = Random(name)
    with served([Course(kind, tail=False, seed=1)]) as (url,), tempfile.TemporaryDirectory() as folder:

        def started(number: int, seconds: float, life: int = 0) -> subprocess.Popen[bytes]:
            log = Path(folder) / f"{number}.{life}.log"
            command = [sys.executable, __file__, "--child", url, str(seconds), str(log)]
            return subprocess.Popen(command, env={**os.environ, **environments[number]})

        until = time.monotonic() + windows * WINDOW + 1
        steady = [started(number, windows * WINDOW + 1) for number in range(len(environments) - 1)]
        kills = 0
        while (left := until - time.monotonic()) > 0:
            mortal = started(len(environments) - 1, left, kills)
            time.sleep(min(left, chance.uniform(1.5, 5)))
            mortal.kill()
            mortal.wait()
            kills += 1
        for process in steady:
            process.wait()
        logs = {path.name: noted(path) for path in sorted(Path(folder).glob("*.log"))}
    use = Use.of([sent for log in logs.values() for sent in log], windows)
    each = [sum(len(log) for of, log in logs.items() if of.startswith(f"{number}.")) for number in range(4)]
    print(f"| {name} | {kind} | {use.share:.1f} ({use.possible:.1f}) | {use.refused} | {kills} | {each} |")


def noted(path: Path) -> list[Sent]:
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [Sent(float(line[0]), float(line[1]), int(line[2])) for line in lines if len(line) == 3]


@contextmanager
def redis_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


def processes_table(windows: int) -> None:
    print("Four processes on one token, the last killed over and over:")
    print("| count | window | % of the limit (of what is possible) | 429s | kills | calls of each |")
    print("| --- | --- | --- | --- | --- | --- |")
    kinds: tuple[WindowKind, ...] = ("fixed", "sliding")
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            together("one machine", kind, windows, 4 * [{"HEYX_BULK_STATE": folder}])
    if shutil.which("redis-server") is None:
        print("(redis-server is not installed: nothing is measured over Redis)")
        return
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            with redis_server() as url:
                states = [
                    {"HEYX_BULK_STATE": f"{folder}/{kind}{number}", "HEYX_RATE_LIMIT_REDIS": url}
                    for number in range(4)
                ]
                together("Redis", kind, windows, states)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
        return
    seeds, windows = (int(sys.argv[1]) if len(sys.argv) > 1 else 3), (int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEYX_BULK_STATE"] = folder
        windows_table(seeds, windows)
    processes_table(2 * windows)


if __name__ == "__main__":
    main()
