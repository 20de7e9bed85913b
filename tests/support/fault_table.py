"""Every answer a server, a proxy or a network can give, played on real sockets of this machine.

`FAULTS` names them as the table in docs/architecture/fault-table.md does. Those of a connection are met on the way
to HeyX (`Detour`), the others in what comes back (`Troubled`, a server in front of a sandbox).
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

import httpx

from heyx_bulk.sandbox import LostResponse, Response, Sandbox

FOR_EVER = 10**6
ERROR = json.dumps({"status": "error", "message": "no", "data": []}).encode()
PAGE = b"<html><body><h1>Sorry</h1></body></html>"
LISTED = json.dumps({"status": "error", "message": ["no", "never"], "errors": {"phone": ["bad"]}}).encode()
ELSEWHERE = "http://127.0.0.1:9/v1/contact"


@dataclass
class Exchange:
    """One request that came in, and the way back."""

    method: str
    path: str
    token: str
    body: bytes
    sandbox: Sandbox
    writer: asyncio.StreamWriter
    closing: bool = False

    def effect(self) -> Response:
        answer = self.sandbox.handle(self.method, self.path, self.token, self.body)
        assert not isinstance(answer, LostResponse)
        return answer

    def write(self, status: int, body: bytes, headers: Mapping[str, str], length: int | None = None) -> None:
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body) if length is None else length}"]
        if status == 204:
            del lines[1]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)

    def pass_on(self, answer: Response) -> None:
        self.write(answer.status, answer.body, answer.headers)

    def reset(self) -> None:
        """Close so that the other side is told of a reset, not of an end."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self.closing = True


Play = Callable[[Exchange], Awaitable[None]]


def says(
    status: int,
    body: bytes = ERROR,
    *,
    effect: bool = False,
    length: int | None = None,
    **headers: str,
) -> Play:
    async def play(exchange: Exchange) -> None:
        if effect:
            exchange.effect()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        exchange.write(status, body, named, length)
        exchange.closing = length is not None

    return play


def each(statuses: tuple[int, ...], body: bytes, *, effect: bool = False) -> tuple[Play, ...]:
    return tuple(says(status, body, effect=effect) for status in statuses)


def resets(*, effect: bool) -> Play:
    async def play(exchange: Exchange) -> None:
        if effect:
            exchange.effect()
        exchange.reset()

    return play


def hangs_up(*, effect: bool) -> Play:
    async def play(exchange: Exchange) -> None:
        if effect:
            exchange.effect()
        exchange.closing = True

    return play


def falls_silent(*, effect: bool) -> Play:
    async def play(exchange: Exchange) -> None:
        if effect:
            exchange.effect()
        await asyncio.sleep(FOR_EVER)

    return play


async def drips(exchange: Exchange) -> None:
    answer = exchange.effect()
    exchange.write(answer.status, b"", answer.headers, len(answer.body))
    for byte in answer.body:
        exchange.writer.write(bytes([byte]))
        await asyncio.sleep(9)


async def stops_half_way(exchange: Exchange) -> None:
    answer = exchange.effect()
    exchange.write(answer.status, answer.body[:-5], answer.headers, len(answer.body))
    exchange.closing = True


async def half_a_document(exchange: Exchange) -> None:
    answer = exchange.effect()
    exchange.write(answer.status, answer.body[:-2], answer.headers)


async def speaks_no_http(exchange: Exchange) -> None:
    exchange.writer.write(b"220 mail.example.com ESMTP\r\n")
    exchange.closing = True


async def closes_what_lies_idle(exchange: Exchange) -> None:
    exchange.pass_on(exchange.effect())
    exchange.closing = True


def as_status(status: int) -> Play:
    """Everything as it should be, under another status."""

    async def play(exchange: Exchange) -> None:
        answer = exchange.effect()
        exchange.write(status, answer.body, answer.headers)

    return play


def dated(seconds: int) -> Play:
    return says(429, Date=formatdate(0, usegmt=True), Retry_After=formatdate(seconds, usegmt=True))


async def zero_at_first(exchange: Exchange) -> None:
    """Zero for some seconds, as when a window is about to end, then a minute."""
    now = asyncio.get_running_loop().time()
    await says(429, Retry_After="0" if now < 20 else "60")(exchange)


@dataclass(frozen=True)
class Astray:
    """Where a call goes instead of HeyX: an address, or a proxy on this machine that answers `proxy`."""

    url: str = ""
    proxy: bytes = b""
    silent: bool = False


NOBODY_LISTENS = Astray()
FAULTS: Mapping[str, tuple[Play, ...] | Astray] = {
    "connection refused": NOBODY_LISTENS,
    "name not found (DNS)": Astray(f"http://{'a' * 64}.example"),
    "TLS fails": Astray("https://127.0.0.1:{port}"),
    "time-out while connecting": Astray("https://127.0.0.1:{port}", silent=True),
    "a proxy does not open the way": Astray(
        "https://app.heyx.io", b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"
    ),
    "an idle connection was closed": (closes_what_lies_idle,),
    "reset before it took effect": (resets(effect=False),),
    "reset after it took effect": (resets(effect=True),),
    "hung up before it took effect": (hangs_up(effect=False),),
    "hung up after it took effect": (hangs_up(effect=True),),
    "no answer in time, no effect": (falls_silent(effect=False),),
    "no answer in time, yet it took effect": (falls_silent(effect=True),),
    "a slow drip": (drips,),
    "an answer cut short": (stops_half_way,),
    "no HTTP": (speaks_no_http,),
    "garbled compression": (says(200, b"no gzip", Content_Encoding="gzip"),),
    "5xx with JSON, no effect": each((500, 502, 503, 504), ERROR),
    "5xx with JSON, yet it took effect": each((500, 502, 503, 504), ERROR, effect=True),
    "5xx with a page of HTML, no effect": each((500, 502, 503, 504, 520), PAGE),
    "5xx with a page of HTML, yet it took effect": each((500, 502, 503, 504, 520), PAGE, effect=True),
    "5xx with nothing": each((500, 502, 503, 504), b""),
    "408": (says(408), says(408, PAGE)),
    "200 with a page of HTML": (says(200, PAGE),),
    "200 with half a document": (half_a_document,),
    "200 with another document": (says(200, b"[]"), says(200, b'"done"'), says(200, b"null")),
    "200 with nothing, 204": (says(200, b""), says(204, b"")),
    "200 with an error in it": (says(200),),
    "201": (as_status(201),),
    "202": (as_status(202),),
    "a redirect": tuple(says(status, PAGE, Location=ELSEWHERE) for status in (301, 302, 303, 307, 308)),
    "400, 405, 422": each((400, 405, 422), ERROR),
    "400, 405, 422 with a page of HTML": each((400, 405, 422), PAGE),
    "403": (says(403),),
    "a message that is a list": (says(403, LISTED), says(422, LISTED)),
    "409, 410, 413": each((409, 410, 413), ERROR),
    "404": (says(404), says(404, PAGE)),
    "449, in the queue": (says(449),),
    "429 with seconds": (says(429, Retry_After="50"),),
    "429 with a date": (dated(50),),
    "429 with zero": (zero_at_first,),
    "429 with nothing": (says(429),),
    "429 with a page of HTML": (says(429, PAGE),),
    "401": (says(401),),
    "401 with a page of HTML": (says(401, PAGE),),
}


@dataclass
class Troubled:
    """A HeyX on loopback in which a fault is played on the calls that are `due`, so many `times`."""

    sandbox: Sandbox
    due: Callable[[str, str], bool]
    play: Play | None
    times: int = FOR_EVER
    met: int = 0
    port: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve; the address to speak to."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{self.port}/api"
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while not await self._answer(await self._read(reader, writer)):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            self._open.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Exchange(method, path, headers["authorization"].split()[1], body, self.sandbox, writer)

    async def _answer(self, exchange: Exchange) -> bool:
        """Answer; whether the connection is over."""
        if self.play is not None and self.due(exchange.method, exchange.path) and self.met < self.times:
            self.met += 1
            await self.play(exchange)
        else:
            exchange.pass_on(exchange.effect())
        await exchange.writer.drain()
        return exchange.closing


class Detour(httpx.AsyncBaseTransport):
    """A network on which calls that are `due` go astray, so many `times`; the others reach HeyX."""

    def __init__(self, astray: Astray, due: Callable[[str, str], bool], times: int = FOR_EVER) -> None:
        self.met = 0
        self._astray = astray
        self._due = due
        self._times = times
        self._good = httpx.AsyncHTTPTransport()
        self._bad: httpx.AsyncHTTPTransport
        self._url = ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Set up the wrong way."""
        server = await asyncio.start_server(self._mishear, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        if self._astray == NOBODY_LISTENS:
            server.close()
        proxy = f"http://127.0.0.1:{port}" if self._astray.proxy else None
        self._bad = httpx.AsyncHTTPTransport(proxy=proxy, trust_env=False)
        self._url = (self._astray.url or "http://127.0.0.1:{port}").format(port=port)
        try:
            yield
        finally:
            server.close()
            await self._good.aclose()
            await self._bad.aclose()

    async def _mishear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if self._astray.silent:
            await reader.read()
        else:
            writer.write(self._astray.proxy or b"HTTP/1.1 400 This is no TLS\r\n\r\n")
        writer.close()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not (self._due(request.method, request.url.path) and self.met < self._times):
            return await self._good.handle_async_request(request)
        self.met += 1
        request.url = httpx.URL(self._url).join(request.url.raw_path.decode())
        return await self._bad.handle_async_request(request)

    async def aclose(self) -> None:
        """The client closes its transport once for each of its two halves; `opened` does it."""
