"""The share of the limit that is used, and the calls that are refused, on the five kinds of window.

A real server on loopback, in a process of its own. A minute is scaled to `WINDOW` seconds, latencies with it:
they are 50 to 800 ms to the minute, `tail`: 2 % of them 2 to 25 s. In the same run, with as many in flight: our
limiter, pyrate-limiter as it comes (its buffer scaled), and one call after another with `sleep(60 / 200)` between
them. Then four processes on one token, one of them killed over and over, on one machine and over Redis. At last,
in virtual time, servers that refuse calls which our own count allows: storms, a limit cut to a third, another
program with our token. `python bench/rate_limit.py [SEEDS] [WINDOWS]`, or `--storms` for the last part alone.
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Literal, get_args

import httpx
from pyrate_limiter import Limiter
from pyrate_limiter import Rate as Ratio

from heyx_bulk.api.client import Client
from heyx_bulk.errors import Stopped
from heyx_bulk.models.calls import ReadContact
from heyx_bulk.rate_limit.limiter import RateLimiter, open_rate_limiter
from heyx_bulk.sandbox import Response, Sandbox, WindowKind
from heyx_bulk.sandbox.rate_limits import RateLimitDecision, new_window
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.environment import Settings, validate_settings
from heyx_bulk.settings.rate import Rate

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


async def our_limiter(settings: Settings, until: float, note: Note) -> None:
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


STRATEGIES: dict[str, Strategy] = {OURS: our_limiter, "library's default": library, "sleep(60/200)": sleeping}


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
        asyncio.run(our_limiter(settings, time.monotonic() + float(seconds), note))


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


# Storms and lowered limits, in virtual time


@dataclass(frozen=True, slots=True)
class Storm:
    """A server that refuses calls which our own count allows, from each of the `starts` (windows) on.

    It refuses the first `refusals`, or a `part` of all for `windows`. Or its limit is `lowered` for `windows`, or
    another program sends `external` calls a window, always. `headers`: "all" on every answer, "wait" on refusals
    alone (`wait_seconds` in a storm), or "none".
    """

    name: str
    kind: WindowKind = "fixed"
    starts: tuple[float, ...] = (3,)
    refusals: float = math.inf
    part: float = 0.0
    windows: float = math.inf
    lowered: int = LIMIT
    external: int = 0
    headers: Literal["none", "wait", "all"] = "none"
    wait_seconds: float = 0.0


MINUTE = 60.0
WINDOWS, LAST, SEEDS = 45, 10, 3
THIRD = LIMIT // 3
STORMS = (
    Storm("31 refusals", part=1, refusals=31),
    Storm("all refused for 2 min, three times", part=1, windows=2, starts=(3, 8, 13)),
    Storm("all refused for 10 min", part=1, windows=10),
    Storm("the same, Retry-After: 1", part=1, windows=10, headers="wait", wait_seconds=1),
    Storm("half refused for 10 min", part=0.5, windows=10),
    Storm("1 in 50 refused for 10 min", part=0.02, windows=10),
    Storm("a third of the limit for 10 min", lowered=THIRD, windows=10),
    *(Storm("a third of the limit", kind, lowered=THIRD) for kind in KINDS),
    *(Storm("the same, Retry-After", kind, lowered=THIRD, headers="wait") for kind in KINDS),
    *(Storm("the same, all headers", kind, lowered=THIRD, headers="all") for kind in KINDS),
    *(Storm("another sends 100", kind, external=100, headers="wait") for kind in KINDS),
    Storm("another sends 180", external=180, headers="wait"),
    *(Storm("all well", kind) for kind in KINDS),
)


class StormServer:
    """The server of a storm, and when it accepted and refused calls: ours, and those of another program."""

    def __init__(self, storm: Storm, chance: Random) -> None:
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self.external: list[bool] = []
        self.calm_from = MINUTE * (storm.starts[-1] + storm.windows) if math.isfinite(storm.windows) else 0.0
        self._storm = storm
        self._chance = chance
        self._window = new_window(storm.kind, LIMIT, MINUTE)
        self._lowered = new_window(storm.kind, storm.lowered, MINUTE)

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        """Whether a call of ours is accepted, and the headers of the answer."""
        storm = self._storm
        troubled = any(MINUTE * start <= now < MINUTE * (start + storm.windows) for start in storm.starts)
        if troubled and len(self.refused) < storm.refusals and self._chance.random() < storm.part:
            decision = RateLimitDecision(granted=False, limit=LIMIT, remaining=0, wait_seconds=storm.wait_seconds)
            if math.isinf(storm.windows):
                self.calm_from = now
        else:
            window = self._lowered if troubled and storm.lowered < LIMIT else self._window
            decision = window.take(now)
        (self.accepted if decision.granted else self.refused).append(now)
        headers = {name.lower(): text for name, text in decision.headers(now).items()}
        shown = {"none": set(), "wait": {"retry-after"}, "all": set(headers)}[storm.headers]
        return decision.granted, {name: text for name, text in headers.items() if name in shown}

    def take_external(self, now: float) -> None:
        self.external.append(self._window.take(now).granted)


async def send_through(storm: Storm, seed: int) -> StormServer:
    """Send through a storm, as many calls as the limiter grants."""
    chance = Random(f"{storm} {seed}")
    loop, server = asyncio.get_running_loop(), StormServer(storm, chance)
    limiter = RateLimiter(Rate(LIMIT, MINUTE), max_concurrent=WORKERS)
    until = WINDOWS * MINUTE

    async def worker() -> None:
        while loop.time() < until:
            name = await limiter.acquire()
            seconds, part = chance.uniform(0.05, 0.8), chance.random()
            await asyncio.sleep(seconds * part)
            granted, headers = server.take(loop.time())
            await asyncio.sleep(seconds * (1 - part))
            if granted:
                limiter.complete(name, headers=headers)
            else:
                limiter.refund(name)
                wait = headers.get("retry-after")
                limiter.throttled(None if wait is None else float(wait))

    async def other_program() -> None:
        while loop.time() < until:
            await asyncio.sleep(MINUTE / storm.external)
            server.take_external(loop.time())

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(worker())
        if storm.external:
            group.create_task(other_program())
    return server


def storms_table() -> None:
    print(f"In virtual time, {WINDOWS} windows of 60 s, {SEEDS} seeds each:")
    print(
        "| server | window | 429s | most of them in a window after the first | in the last 10 windows "
        f"| full speed again after, windows | % of the limit, last {LAST} windows | % of the other's calls |"
    )
    print("| --- " * 8 + "|")
    for storm in STORMS:
        cells = []
        for seed in range(SEEDS):
            with asyncio.Runner(loop_factory=VirtualTime) as runner:
                cells.append(storm_cells(storm, runner.run(send_through(storm, seed))))
        columns = ("; ".join(cell) for cell in zip(*cells, strict=True))
        print(f"| {storm.name} | {storm.kind} | " + " | ".join(columns) + " |")


def storm_cells(storm: Storm, server: StormServer) -> list[str]:
    accepted, refused = server.accepted, server.refused

    def count(moments: list[float], start: float, seconds: float) -> int:
        return bisect_left(moments, start + seconds) - bisect_left(moments, start)

    later = [count(refused, moment, MINUTE) for moment in refused if moment >= refused[0] + MINUTE]
    is_full = (moment for moment in accepted if count(accepted, moment, MINUTE) >= 0.95 * LIMIT)
    full = next((moment for moment in is_full if moment >= server.calm_from), math.inf)
    last = (WINDOWS - LAST) * MINUTE
    limit = LIMIT if server.calm_from else storm.lowered
    return [
        str(len(refused)),
        str(max(later, default=0)),
        str(count(refused, last, math.inf)),
        f"{(full - server.calm_from) / MINUTE:.1f}" if server.calm_from else "–",
        f"{100 * count(accepted, last, LAST * MINUTE) / (LAST * limit):.1f}",
        f"{100 * sum(server.external) / len(server.external):.0f}" if server.external else "–",
    ]


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
        return
    if sys.argv[1:2] == ["--storms"]:
        storms_table()
        return
    seeds, windows = (int(sys.argv[1]) if len(sys.argv) > 1 else 3), (int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEYX_BULK_STATE"] = folder
        windows_table(seeds, windows)
    processes_table(2 * windows)
    storms_table()


if __name__ == "__main__":
    main()
