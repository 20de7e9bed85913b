"""Sends one call: rate-limited, retried, and with an error that names what is known afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Self, TypeVar

import httpx

from heyx_bulk.api.retry import retry_delay
from heyx_bulk.errors import (
    CallFailed,
    HeyxBulkError,
    Rejected,
    SettingsError,
    Stopped,
    Throttled,
    Unanswered,
    UnconfirmedCreate,
    Undelivered,
    Unreachable,
)
from heyx_bulk.models.call_records import (
    CallAttempt,
    CallObserver,
    CallOutcome,
    CallResult,
    describe_answer,
    describe_call,
)
from heyx_bulk.models.calls import Answer, Call, HttpResponse, parse_response
from heyx_bulk.rate_limit.limiter import RateLimiter, open_rate_limiter
from heyx_bulk.settings.environment import Settings

CONNECT_SECONDS = 10.0
PATIENCE_SECONDS = 600.0
"""How long every call may be refused for asking too often before the run stops."""

_NOISY_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
"""Loggers of the HTTP library, whose lines tell addresses with phones in them."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""What httpx raises before a byte of the call left; `ProxyError`: a proxy did not open the way."""

T = TypeVar("T")

Transport = httpx.AsyncBaseTransport
"""What carries a request and brings its answer: the network, or a sandbox in the process."""


@dataclass(slots=True)
class _Sending:
    """One attempt at a call, under a `permit` of the rate limiter.

    `number` is the observer's, once it has left; `status` that of its answer.
    """

    call: Call
    permit: str
    before_send: Callable[[], None] | None
    attempt: CallAttempt
    number: int | None = None
    sent_at: float = 0.0
    status: int | None = None


class Client:
    """Sends calls to HeyX under one token. Use as an async context manager.

    A create never goes out on a connection that lay idle, since the other side may have just closed it: creates
    have connections of their own, each used once. `transport` replaces the network (a sandbox in the process),
    `observer` is told of every attempt.
    """

    def __init__(
        self,
        settings: Settings,
        limiter: RateLimiter,
        *,
        transport: Transport | None = None,
        observer: CallObserver | None = None,
    ) -> None:
        self.limiter = limiter
        self._observer = observer or CallObserver()
        self.calls = 0
        self.throttled_calls = 0
        self.stopped: Stopped | None = None
        self.retry_reason = ""
        self._settings = settings
        self._waiting: set[asyncio.Task[object]] = set()
        self._sending_tasks: set[asyncio.Task[object]] = set()
        self._reached = False
        self._throttled_since: float | None = None
        self._clock_offset: float | None = None
        self._kept = _http(settings, transport, connections_kept=settings.workers)
        self._fresh = _http(settings, transport, connections_kept=0)

    async def __aenter__(self) -> Self:
        for name in _NOISY_LOGGERS:
            logging.getLogger(name).addFilter(self._may_log)
        await self._kept.__aenter__()
        await self._fresh.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._kept.aclose()
        await self._fresh.aclose()
        for name in _NOISY_LOGGERS:
            logging.getLogger(name).removeFilter(self._may_log)

    def _may_log(self, _: logging.LogRecord) -> bool:
        """Suppress the HTTP library's log lines about our own calls: they hold addresses with phones in them."""
        try:
            return asyncio.current_task() not in self._sending_tasks
        except RuntimeError:
            return True

    @property
    def server_time(self) -> float | None:
        """HeyX's own clock now (epoch seconds), as far as its answers told it; never ahead of it."""
        if self._clock_offset is None:
            return None
        return asyncio.get_running_loop().time() + self._clock_offset

    def stop(self, reason: Stopped) -> None:
        """Send no more: calls in flight end, whoever waits to send raises `reason`."""
        if self.stopped is None:
            self.stopped = reason
            self.wake()

    def wake(self) -> None:
        """Let those who wait to send see that the work is stopped."""
        for task in self._waiting:
            task.cancel()

    async def send(
        self,
        call: Call,
        *,
        row: int | None = None,
        before_send: Callable[[], None] | None = None,
        retry_missing_until: float | None = None,
    ) -> Answer:
        """What HeyX answers to `call`, which is made for `row`; `before_send` is called each time just before it
        leaves; what it raises keeps the call from leaving. Until `retry_missing_until` (the loop's clock) a
        contact that HeyX does not know is taken to be new, and asked for again.

        Raises `Rejected` or `Unanswered` where the call failed, `UnconfirmedCreate` where a create went
        unanswered, and `Stopped` where no more is to be sent; a create that raises `Stopped` did not happen.
        """
        time = asyncio.get_running_loop().time
        attempt, since = 0, time()
        while True:
            permit = await self.interruptible(self.limiter.acquire())
            attempt += 1
            recorded = CallAttempt(describe_call(call), row, attempt, time() - since)
            try:
                return await self._attempt(_Sending(call, permit, before_send, recorded))
            except Throttled as failure:
                attempt, since = attempt - 1, time()
                self._throttled(failure)
            except CallFailed as failure:
                since = time()
                just_created = retry_missing_until is not None and since < retry_missing_until
                wait = retry_delay(call, failure, attempt, reached=self._reached, just_created=just_created)
                if wait is None:
                    raise _final_error(call, failure) from None
                self.retry_reason = failure.what
                await self.interruptible(asyncio.sleep(wait))

    async def interruptible(self, waiting: Coroutine[object, object, T]) -> T:
        """Wait for something that a stop ends: then the reason of the stop is raised."""
        task = asyncio.current_task()
        assert task is not None, "only tasks wait"  # noqa: S101  asyncio's own promise
        if isinstance(reason := self.stopped, Stopped):
            waiting.close()
            raise reason
        self._waiting.add(task)
        try:
            return await waiting
        except asyncio.CancelledError:
            if not isinstance(reason := self.stopped, Stopped):
                raise
            task.uncancel()
            raise reason from None
        finally:
            self._waiting.discard(task)

    async def _attempt(self, sending: _Sending) -> Answer:
        """What HeyX answers to one attempt; the result is reported to the observer."""
        try:
            answer = self._read(sending, await self._exchange(sending))
        except HeyxBulkError as failure:
            self._report(sending, _outcome(failure), failure.what)
            raise
        self._report(sending, CallOutcome.DONE, describe_answer(answer))
        return answer

    def _report(self, sending: _Sending, outcome: CallOutcome, message: str) -> None:
        """Report the result of a call to the observer, unless it never left."""
        if sending.number is None:
            return
        seconds = asyncio.get_running_loop().time() - sending.sent_at
        try:
            result = CallResult(outcome, sending.status, seconds, message)
            self._observer.on_response(sending.number, sending.attempt, result)
        except Stopped as reason:
            self.stop(reason)

    async def _exchange(self, sending: _Sending) -> HttpResponse:
        request = sending.call.request(viber=self._settings.viber)
        http = self._kept if sending.call.idempotent else self._fresh
        self._leave(sending)
        self.calls += 1
        task = asyncio.current_task()
        assert task is not None, "only tasks send"  # noqa: S101  asyncio's own promise
        self._sending_tasks.add(task)
        try:
            async with asyncio.timeout(self._settings.timeout):
                response = await http.request(
                    request.method, self._settings.url + request.path, content=request.body
                )
        except _NOT_SENT as error:
            self.limiter.refund(sending.permit)
            self.calls -= 1
            raise Undelivered(f"HeyX cannot be reached at {self._settings.url}: {_reason(error)}") from None
        except (httpx.RequestError, TimeoutError) as error:
            self.limiter.complete(sending.permit, margin_seconds=self._settings.timeout)
            raise Unanswered(f"HeyX did not respond: {_reason(error)}") from None
        finally:
            self._sending_tasks.discard(task)
        sending.status = response.status_code
        reply = HttpResponse(response.status_code, response.headers, response.content)
        if reply.date is not None:
            self._clock_offset = reply.date - asyncio.get_running_loop().time()
        return reply

    def _read(self, sending: _Sending, reply: HttpResponse) -> Answer:
        """What `reply` says; one refused as one too many was not counted by HeyX, every other one was."""
        counted = True
        try:
            return parse_response(sending.call, reply)
        except Throttled:
            counted = False
            raise
        finally:
            if counted:
                self.limiter.complete(sending.permit, headers=reply.headers)
                if reply.status == 429:
                    self.limiter.throttled(None)
                self._reached, self._throttled_since = True, None
                self.retry_reason = ""
            else:
                self.limiter.refund(sending.permit)

    def _leave(self, sending: _Sending) -> None:
        try:
            self._observer.before_send(sending.attempt.call)
            if sending.before_send is not None:
                sending.before_send()
            sending.number = self._observer.on_send(sending.attempt)
            sending.sent_at = asyncio.get_running_loop().time()
        finally:
            if sending.number is None:
                self.limiter.refund(sending.permit)

    def _throttled(self, failure: Throttled) -> None:
        """Let all runs pause, for at least as long as HeyX says."""
        self.throttled_calls += 1
        now = asyncio.get_running_loop().time()
        self._throttled_since = now if self._throttled_since is None else self._throttled_since
        if now - self._throttled_since > PATIENCE_SECONDS:
            raise Unreachable(
                f"HeyX has rejected every call for {PATIENCE_SECONDS / 60:.0f} minutes: too many requests.",
                "Check whether another program uses the same token. Run the same command again later.",
            )
        if failure.wait_seconds is not None and failure.wait_seconds > PATIENCE_SECONDS:
            raise Unreachable(
                f"HeyX asks to wait {failure.wait_seconds / 60:.0f} minutes: too many requests.",
                "Run the same command again after that.",
            )
        self.limiter.throttled(failure.wait_seconds)


def _http(settings: Settings, transport: Transport | None, *, connections_kept: int) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {settings.token.get_secret_value()}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": "heyx-bulk",
            },
            # By SSL_CERT_FILE or SSL_CERT_DIR where they are given, wherever HeyX is.
            verify=httpx.create_ssl_context() if transport is None and settings.url.startswith("https") else False,
            # No proxy stands before this machine itself.
            trust_env=not settings.is_local,
            follow_redirects=False,
            timeout=httpx.Timeout(settings.timeout, connect=min(CONNECT_SECONDS, settings.timeout)),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=connections_kept),
            transport=transport,
        )
    except (ImportError, OSError, ValueError) as error:
        raise SettingsError(
            f"The connection settings in the environment are invalid: {error}.",
            "Check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None


def _outcome(failure: HeyxBulkError) -> CallOutcome:
    match failure:
        case Throttled():
            return CallOutcome.THROTTLED
        case Undelivered():
            return CallOutcome.UNDELIVERED
        case Rejected() | Stopped():
            return CallOutcome.REJECTED
        case _:
            return CallOutcome.UNANSWERED


def _final_error(call: Call, failure: CallFailed) -> Exception:
    match failure:
        case Undelivered():
            remedy = "Check your network, your proxy (HTTPS_PROXY) and the address in HEYX_URL"
            if "CERTIFICATE" in failure.what:
                remedy = (
                    "If a proxy inspects your connections, set SSL_CERT_FILE to its certificate. Check HEYX_URL"
                )
            return Unreachable(f"{failure.what}.", f"{remedy}. Then run the same command again.")
        case Unanswered() if not call.idempotent:
            return UnconfirmedCreate(failure.what)
        case _:
            return failure


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "the call timed out"
    return str(error).strip() or type(error).__name__


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What one session sent: calls, those of them HeyX refused as too many, seconds, and what ended it early."""

    calls: int
    throttled: int
    seconds: float
    stopped: Stopped | None = None


@asynccontextmanager
async def open_session(
    settings: Settings,
    transport: Transport | None = None,
    observer: CallObserver | None = None,
    limiter: RateLimiter | None = None,
) -> AsyncIterator[Client]:
    """A client that shares the limit with all other runs; over a `transport` it has its own."""
    if limiter is None and transport is not None:
        limiter = RateLimiter(settings.rate, settings.rate_share, max_concurrent=settings.workers)
    with open_rate_limiter(settings) if limiter is None else nullcontext(limiter) as shared:
        async with Client(settings, shared, transport=transport, observer=observer) as client:
            yield client
