"""Two ways to reach a sandbox: an httpx transport without a socket, and an HTTP server on this machine.

Both pass calls to `Sandbox.handle` and know nothing of HeyX. A lost response is a cut connection.
"""

from __future__ import annotations

import asyncio
import os
import socket
import socketserver
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from threading import Condition, Thread
from typing import Any, Self, TypeAlias

import httpx

from heyx_bulk.sandbox.requests import MAX_BODY_BYTES
from heyx_bulk.sandbox.responses import LostResponse, Response, in_json
from heyx_bulk.sandbox.server import Sandbox

Latency: TypeAlias = Callable[[], float] | float

_LOOPBACK = "127.0.0.1"
_DRAINED_BYTES = 32_000_000
_CLOSING_SECONDS = 2.0


def _half_seconds(latency: Latency) -> float:
    return (latency() if callable(latency) else latency) / 2


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class SandboxTransport(httpx.AsyncBaseTransport):
    """Connects a sandbox to an `httpx.AsyncClient`. It waits half of `latency` (seconds) before, half after.

    It waits by `asyncio.sleep` alone, so it keeps the time of the loop that runs it.
    """

    def __init__(self, sandbox: Sandbox, latency: Latency = 0.0) -> None:
        self._sandbox = sandbox
        self._latency = latency

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The sandbox's response; `httpx.ReadError` if it is lost."""
        body = await request.aread()
        half = _half_seconds(self._latency)
        await asyncio.sleep(half)
        token = _bearer(request.headers.get("Authorization", ""))
        response = self._sandbox.handle(request.method, request.url.raw_path.decode("ascii"), token, body)
        await asyncio.sleep(half)
        if isinstance(response, LostResponse):
            raise httpx.ReadError("the connection was cut before an answer came", request=request)
        return httpx.Response(response.status, headers=response.headers, content=response.body, request=request)


class SandboxServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves a sandbox on 127.0.0.1 only. In a `with` block it serves from its own thread.

    The port is bound immediately (0: any free one; OSError if it is in use), so `url` is right before it serves.
    Beside the API, `GET /sandbox/state` shows contacts and calls, and `GET /sandbox/health` that it is up. Each
    connection has a thread; the open ones are remembered, to be cut when the server closes.
    """

    daemon_threads = True
    request_queue_size = 128
    # Elsewhere the option would let a second server take the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, sandbox: Sandbox, port: int = 0, latency: Latency = 0.0) -> None:
        self.sandbox = sandbox
        self.latency = latency
        self._open: set[socket.socket] = set()
        self._changed = Condition()
        self._serving = False
        super().__init__((_LOOPBACK, port), _Connection)
        self.port: int = self.server_address[1]
        self.url = f"http://{_LOOPBACK}:{self.port}/api"

    def __enter__(self) -> Self:
        self._serving = True
        Thread(target=self.serve_forever, args=(0.02,), name="sandbox", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def serve_forever(self, poll_interval: float = 0.1) -> None:
        """Serve from this thread until another one closes the server or this one is interrupted."""
        self._serving = True
        try:
            super().serve_forever(poll_interval)
        finally:
            self._serving = False
            self.close()

    def close(self) -> None:
        """Stop serving and cut every connection, idle or not. Calling it twice is harmless.

        It waits (at most two seconds) until the connections' threads have ended.
        """
        if self._serving:
            self._serving = False
            self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, _CLOSING_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that went away; print anything else, which is our bug."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One kept-alive connection: whole requests in, whole responses out, each in one write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write: head and body in two would wait on each other for 40 ms
    server: SandboxServer

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            return
        response = self._response(body)
        if isinstance(response, LostResponse):
            self.close_connection = True
            return
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        if self.close_connection:
            headers["Connection"] = "close"
        self.send_response_only(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815 - the parent's

    def _response(self, body: bytes) -> Response | LostResponse:
        sandbox = self.server.sandbox
        match self.command, self.path:
            case "GET", "/sandbox/health":
                return in_json({"status": "ok"})
            case "GET", "/sandbox/state":
                contacts = [{**asdict(contact), "tags": sorted(contact.tags)} for contact in sandbox.contacts]
                return in_json({"contacts": contacts, "calls": dict(sandbox.calls)})
        half = _half_seconds(self.server.latency)
        token = _bearer(self.headers.get("Authorization", ""))
        time.sleep(half)
        response = sandbox.handle(self.command, self.path, token, body)
        time.sleep(half)
        return response

    def _body(self) -> bytes | None:
        """The body, or the beginning of one that the sandbox will refuse as too large; None: no response."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.send_error(411)
            return None
        wanted = min(int(length), MAX_BODY_BYTES + 1)
        body = self.rfile.read(wanted)
        if len(body) < wanted:
            self.close_connection = True
            return None
        self._drain(int(length) - wanted)
        return body

    def _drain(self, rest_bytes: int) -> None:
        """Read what a client still writes, up to 32 MB: before that it would not see a refusal."""
        self.close_connection = self.close_connection or rest_bytes > 0
        left = min(rest_bytes, _DRAINED_BYTES)
        while left > 0 and (piece := self.rfile.read1(min(left, 65536))):
            left -= len(piece)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the parent's
        """Print nothing."""
