"""Runs of sheets, staged and sent to a sandbox in virtual time, with every request recorded."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from heyx_bulk.api.client import Client, SessionSummary
from heyx_bulk.models.contacts import Outcome
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.sandbox import Faults, Sandbox, SandboxContact, SandboxTransport
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.environment import Settings, validate_settings
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import stage
from heyx_bulk.upload.upload_session import send_rows

T = TypeVar("T")

TOKEN = "sandbox"
BEGUN_AT = "2026-11-23 09:15"
PLAIN = Faults()


def settings(**options: object) -> Settings:
    """Settings for a sandbox."""
    return validate_settings(**{"token": TOKEN, **options})


def written(folder: Path, header: Sequence[str], rows: Sequence[Sequence[str]], name: str = "people.csv") -> Sheet:
    """A CSV sheet with these texts, opened."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return sheet(folder, text.getvalue(), name)


def sheet(folder: Path, text: str, name: str = "people.csv") -> Sheet:
    """A CSV sheet with this content, opened."""
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return open_sheet(path)


def checkpoint(opened: Sheet, options: UploadOptions | None = None) -> Path:
    """The checkpoint of a sheet's run, staged."""
    path = opened.path.with_name(f"{opened.path.name}.checkpoint")
    stage(opened, options or UploadOptions(), path, channel=settings().channel, started_at=BEGUN_AT, durable=False)
    return path


@contextmanager
def resumed(path: Path) -> Iterator[Run]:
    """The run of a checkpoint, opened as a start of the program does (but without waiting for the disk)."""
    with Checkpoint.open(path, durable=False) as checkpoint:
        yield Run.from_checkpoint(checkpoint)


@contextmanager
def staged(folder: Path, text: str, options: UploadOptions | None = None) -> Iterator[Run]:
    """The run of a CSV sheet with this content."""
    with resumed(checkpoint(sheet(folder, text), options)) as run:
        yield run


class PowerCut(BaseException):
    """The program ends here, whatever it was doing."""


@dataclass(slots=True)
class RecordedRequest:
    """One request: when it came (`began`) and when it had its answer, in virtual seconds."""

    method: str
    path: str
    body: bytes
    headers: httpx.Headers
    began: float
    ended: float | None = None
    status: int | None = None

    @property
    def creates(self) -> bool:
        return self.method == "POST" and self.path.endswith("/v1/contact")

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def fields(self) -> dict[str, str]:
        items = json.loads(self.body).get("custom_fields", []) if self.body else []
        return {item["name"]: item["value"] for item in items}

    @property
    def tags(self) -> list[str]:
        tags: list[str] = json.loads(self.body).get("tags", []) if self.body else []
        return tags


class RecordingTransport(httpx.AsyncBaseTransport):
    """A transport that records requests, with hooks for a test: `before` and `after` each request.

    They are given the request's number (from 1) and what was seen of it; what they raise, the client sees.
    """

    def __init__(self, behind: httpx.AsyncBaseTransport) -> None:
        self.behind = behind
        self.seen: list[RecordedRequest] = []
        self.before: Callable[[int, RecordedRequest], None] = lambda _number, _seen: None
        self.after: Callable[[int, RecordedRequest], None] = lambda _number, _seen: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        time = asyncio.get_running_loop().time
        path = request.url.raw_path.decode()
        seen = RecordedRequest(request.method, path, await request.aread(), request.headers, time())
        self.seen.append(seen)
        number = len(self.seen)
        self.before(number, seen)
        try:
            response = await self.behind.handle_async_request(request)
        except httpx.HTTPError:
            self.after(number, seen)
            raise
        finally:
            seen.ended = time()
        seen.status = response.status_code
        self.after(number, seen)
        return response

    def of(self, method: str) -> list[RecordedRequest]:
        return [seen for seen in self.seen if seen.method == method]

    @property
    def creates(self) -> list[RecordedRequest]:
        return [seen for seen in self.seen if seen.creates]


Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class ScriptedTransport(httpx.AsyncBaseTransport):
    """A HeyX that says what it was told to say, one step a request, the last one for ever."""

    def __init__(self, *steps: Step, latency: float = 0.0) -> None:
        self._steps = list(steps)
        self._latency = latency

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._latency)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        match step:
            case Exception():
                raise step
            case httpx.Response():
                return httpx.Response(step.status_code, headers=step.headers, content=step.content)
            case _:
                return step(request)


class RecordingProgress(Progress):
    """A progress that remembers every outcome and every wait it was told."""

    def __init__(self, heard: Callable[[Outcome], None] = lambda _: None) -> None:
        self.outcomes: list[Outcome] = []
        self.waits: list[float] = []
        self.troubles: list[str] = []
        self.closed = 0
        self._heard = heard

    def report(self, outcome: Outcome) -> None:
        self._heard(outcome)
        self.outcomes.append(outcome)

    def tick(self, wait_seconds: float, trouble: str = "", calls: int = 0) -> None:
        del calls
        self.waits.append(wait_seconds)
        self.troubles.append(trouble)

    def close(self) -> None:
        self.closed += 1


class Channel:
    """A sandbox behind a recording transport, in virtual time. Use in a `with` block."""

    def __init__(
        self,
        faults: Faults = PLAIN,
        *,
        limit: int = 10_000,
        limit_headers: bool = True,
        latency: Callable[[], float] | float = 0.3,
        behind: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._runner = asyncio.Runner(loop_factory=VirtualTime)
        self.loop = self._runner.get_loop()
        self.sandbox = Sandbox(faults, limit=limit, limit_headers=limit_headers, clock=self.loop.time)
        self.transport = RecordingTransport(behind or SandboxTransport(self.sandbox, latency))
        self.progress = RecordingProgress()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()

    @property
    def now(self) -> float:
        return self.loop.time()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def send(self, run: Run, options: Settings | None = None, **more: Any) -> SessionSummary:
        """Upload what a run still has to send."""
        self.progress = more.pop("progress", None) or RecordingProgress()
        given = options or settings()
        if "started" in more:
            more["recorder"] = CallRecorder(started=more.pop("started"))
        return self.run(send_rows(run, given, progress=self.progress, transport=self.transport, **more))

    def with_client(self, talk: Callable[[Client], Coroutine[Any, Any, T]], options: Settings | None = None) -> T:
        """What comes of a talk with a client."""

        async def talking() -> T:
            given = options or settings()
            async with Client(given, RateLimiter(given.rate), transport=self.transport) as client:
                return await talk(client)

        return self.run(talking())

    def contact(self, **wanted: str) -> SandboxContact:
        """The one contact whose fields hold these values."""
        found = [
            contact
            for contact in self.sandbox.contacts
            if all(contact.fields.get(name) == value for name, value in wanted.items())
        ]
        assert len(found) == 1, f"{len(found)} contacts have {wanted}"
        return found[0]


def told(status: int, document: object = None, **headers: str) -> httpx.Response:
    """An answer with a JSON body."""
    text = json.dumps({"status": "error", "message": "no", "data": []} if document is None else document)
    return httpx.Response(
        status, headers={name.replace("_", "-"): text for name, text in headers.items()}, text=text
    )


def statuses(run: Run) -> dict[int, str]:
    """The status of every row, or its state where it has none."""
    return {record.number: record.status or record.state for record in run.checkpoint.queue.rows()}
