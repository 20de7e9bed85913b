from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import httpx
import pytest

from heyx_bulk.api.client import PATIENCE_SECONDS, Client
from heyx_bulk.errors import (
    DiskFull,
    HeyxBulkError,
    Interrupted,
    Rejected,
    Stopped,
    Unanswered,
    Unauthorized,
    UnconfirmedCreate,
    Unreachable,
)
from heyx_bulk.models.calls import (
    AddTags,
    Call,
    CreateContact,
    Created,
    Done,
    FindContacts,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Field
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.environment import Settings
from heyx_bulk.settings.rate import Rate
from tests.support.runs import Channel, RecordedRequest, ScriptedTransport, Step, settings, told

FIELDS = (Field("phone", "+4412345678"),)
CREATE = CreateContact(FIELDS)
READ = ReadContact("7")
IDEMPOTENT: tuple[Call, ...] = (
    READ,
    FindContacts("phone", "+44"),
    UpdateContact("7", FIELDS),
    AddTags("7", ("a",)),
    RemoveTags("7", ("a",)),
)
EVERY: tuple[Call, ...] = (*IDEMPOTENT, CREATE)

CONTACT = told(200, {"data": {"id": "7", "custom_fields": {}, "tags": []}})
MADE = told(200, {"data": {"id": "7"}})
HTML = httpx.Response(502, headers={"Content-Type": "text/html"}, text="<h1>Bad Gateway</h1>")
GOOD = {READ: CONTACT, CREATE: MADE}

UNDELIVERED = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("none free")]
UNANSWERED: list[Step] = [
    *[httpx.ReadError("cut"), httpx.ReadTimeout("slow"), httpx.WriteError("cut"), httpx.WriteTimeout("slow")],
    *[httpx.RemoteProtocolError("what?"), httpx.CloseError("cut"), httpx.DecodingError("gzip?")],
    *[HTML, told(500), told(503), told(504), told(408)],
    *[httpx.Response(200, text="<h1>Hello</h1>"), told(200, []), told(200, "done"), httpx.Response(204)],
]
FOUR_HUNDREDS = (400, 403, 404, 405, 409, 410, 413, 422)


def named(step: object) -> str:
    match step:
        case Exception():
            return type(step).__name__
        case httpx.Response():
            return f"{step.status_code} {step.text[:12]!r}"
        case _:
            return type(step).__name__


def sent(channel: Channel, call: Call, options: Settings | None = None, *, heard: bool = False) -> object:
    """The answer, or the error, that sending a call comes to; `heard`: after another that was answered."""

    async def talk(client: Client) -> object:
        try:
            if heard:
                await client.send(READ)
                channel.transport.seen.clear()
            return await client.send(call)
        except HeyxBulkError as error:
            return error

    return channel.with_client(talk, options)


def test_an_answer_that_only_a_proxy_gave_does_not_hold_its_part_of_the_limit_for_ever() -> None:
    unreadable = httpx.Response(429, text="<h1>Slow down</h1>")

    async def talk(client: Client) -> float:
        with pytest.raises(UnconfirmedCreate):
            await client.send(CREATE)
        await asyncio.wait_for(client.send(READ), 300)
        return asyncio.get_running_loop().time()

    with Channel(behind=ScriptedTransport(unreadable, CONTACT)) as channel:
        assert 60 <= channel.with_client(talk, settings(rate=Rate(1, 60))) < 62


# The table of retries


@pytest.mark.parametrize("call", EVERY, ids=named)
@pytest.mark.parametrize("failure", UNDELIVERED, ids=named)
def test_a_call_that_never_left_goes_again_with_backoff_and_then_stops_the_run(call: Call, failure: Step) -> None:
    with Channel(behind=ScriptedTransport(CONTACT, failure)) as channel:
        error = sent(channel, call, heard=True)
    assert isinstance(error, Unreachable)
    waits = [later.began - earlier.began for earlier, later in pairwise(channel.transport.seen)]
    assert len(waits) == 7
    for wait, longest in zip(waits, (1, 2, 4, 8, 16, 30, 30), strict=True):
        assert longest / 2 <= wait <= longest
    assert len({wait / longest for wait, longest in zip(waits, (1, 2, 4, 8, 16, 30, 30), strict=True)}) > 1
    assert "network" in error.remedy


@pytest.mark.parametrize("call", EVERY, ids=named)
@pytest.mark.parametrize("failure", UNDELIVERED, ids=named)
def test_a_heyx_that_was_never_heard_is_given_up_within_seconds(call: Call, failure: Step) -> None:
    with Channel(behind=ScriptedTransport(failure)) as channel:
        error = sent(channel, call)
        assert channel.now <= 3
    assert isinstance(error, Unreachable)
    assert (len(channel.transport.seen), "HEYX_URL" in error.remedy) == (3, True)


@pytest.mark.slow
@pytest.mark.parametrize("call", IDEMPOTENT, ids=named)
@pytest.mark.parametrize("failure", UNANSWERED, ids=named)
def test_an_idempotent_call_without_an_answer_goes_again_with_backoff_and_then_fails(
    call: Call, failure: Step
) -> None:
    with Channel(behind=ScriptedTransport(failure)) as channel:
        assert isinstance(sent(channel, call), Unanswered)
    waits = [later.began - earlier.began for earlier, later in pairwise(channel.transport.seen)]
    assert len(waits) == 5
    for wait, longest in zip(waits, (1, 2, 4, 8, 16), strict=True):
        assert longest / 2 <= wait <= longest


@pytest.mark.parametrize(
    "failure", [*UNANSWERED, *map(told, (301, 302, 404, 409, 410, 413, 449)), told(200, {"data": {}})], ids=named
)
def test_a_create_without_a_proof_is_in_doubt_and_never_goes_again(failure: Step) -> None:
    with Channel(behind=ScriptedTransport(failure)) as channel:
        assert isinstance(sent(channel, CREATE), UnconfirmedCreate)
    assert len(channel.transport.seen) == 1


@pytest.mark.parametrize("status", [400, 403, 405, 422])
def test_a_create_is_refused_only_by_a_readable_error(status: int) -> None:
    with Channel(behind=ScriptedTransport(told(status))) as channel:
        error = sent(channel, CREATE)
    assert (type(error), len(channel.transport.seen)) == (Rejected, 1)
    page = httpx.Response(status, headers={"Content-Type": "text/html"}, text="<h1>No</h1>")
    with Channel(behind=ScriptedTransport(page)) as channel:
        assert isinstance(sent(channel, CREATE), UnconfirmedCreate)


@pytest.mark.parametrize("call", IDEMPOTENT, ids=named)
@pytest.mark.parametrize("status", [301, *FOUR_HUNDREDS])
def test_a_refused_call_fails_at_once(call: Call, status: int) -> None:
    with Channel(behind=ScriptedTransport(told(status))) as channel:
        error = sent(channel, call)
    assert isinstance(error, Rejected)
    assert (error.status, len(channel.transport.seen)) == (status, 1)


@pytest.mark.parametrize("call", IDEMPOTENT, ids=named)
def test_a_contact_in_the_queue_is_asked_for_again(call: Call) -> None:
    with Channel(behind=ScriptedTransport(told(449))) as channel:
        error = sent(channel, call)
    assert isinstance(error, Rejected)
    assert (error.status, len(channel.transport.seen)) == (449, 6)


@pytest.mark.parametrize("call", EVERY, ids=named)
def test_a_token_that_is_not_accepted_stops_the_run_at_once(call: Call) -> None:
    with Channel(behind=ScriptedTransport(told(401))) as channel:
        error = sent(channel, call)
    assert isinstance(error, Unauthorized)
    assert (len(channel.transport.seen), "HEYX_TOKEN" in error.remedy) == (1, True)


@pytest.mark.parametrize(
    ("call", "failures"),
    [
        (READ, [*UNDELIVERED, httpx.ReadError("cut"), told(449), told(429, Retry_After="1")]),
        (CREATE, [*UNDELIVERED, told(429, Retry_After="1"), told(429), *UNDELIVERED]),
    ],
    ids=["read", "create"],
)
def test_a_call_that_goes_well_at_last_is_answered_as_if_nothing_had_been(
    call: Call, failures: list[Step]
) -> None:
    with Channel(behind=ScriptedTransport(CONTACT, *failures, GOOD[call])) as channel:
        answer = sent(channel, call, heard=True)
    assert getattr(answer, "id", None) == "7"
    assert len(channel.transport.seen) == len(failures) + 1


def test_the_answers_of_every_call_are_read() -> None:
    with Channel() as channel:
        contact = channel.sandbox.add({"phone": "+4412345678"}, id="7")
        answers = [sent(channel, call) for call in (*IDEMPOTENT[2:], READ, CREATE)]
    assert answers[:3] == [Done()] * 3
    assert getattr(answers[3], "id", "") == contact
    assert isinstance(answers[4], Created)


# Too many


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry_After": "7"}, 8.0), ({"Retry_After": "0"}, 1.0), ({}, 61.0)]
)
@pytest.mark.parametrize("call", [READ, CREATE], ids=["read", "create"])
def test_after_a_429_a_second_more_than_it_says_is_waited_or_else_a_window(
    call: Call, header: dict[str, str], seconds: float
) -> None:
    with Channel(behind=ScriptedTransport(told(429, **header), GOOD[call])) as channel:
        sent(channel, call)
    first, second = channel.transport.seen
    assert second.began - first.began == pytest.approx(seconds, abs=0.05)


def test_a_retry_after_may_be_a_date() -> None:
    dates = {"Date": "Sun, 06 Nov 1994 08:49:37 GMT", "Retry_After": "Sun, 06 Nov 1994 08:49:57 GMT"}
    with Channel(behind=ScriptedTransport(told(429, **dates), CONTACT)) as channel:
        sent(channel, READ)
    assert channel.transport.seen[1].began == pytest.approx(21, abs=0.05)


def test_after_a_429_everybody_waits() -> None:
    async def talk(client: Client) -> None:
        first = asyncio.create_task(client.send(READ))
        await asyncio.sleep(2)
        await asyncio.gather(first, *(client.send(READ) for _ in range(5)))

    with Channel(behind=ScriptedTransport(told(429, Retry_After="30"), CONTACT, latency=1)) as channel:
        channel.with_client(talk)
    assert [round(seen.began) for seen in channel.transport.seen] == [0] + [32] * 6


def test_a_refused_call_is_not_counted_and_tells_how_many_there_were() -> None:
    async def talk(client: Client) -> tuple[int, int, float]:
        for _ in range(2):
            await client.send(READ)
        return client.calls, client.throttled_calls, client.limiter.wait_seconds()

    with Channel(behind=ScriptedTransport(told(429, Retry_After="1"), CONTACT)) as channel:
        assert list(channel.with_client(talk, settings(rate=Rate(2, 60)))) == pytest.approx([3, 1, 60], abs=0.1)


@pytest.mark.parametrize("call", [READ, CREATE], ids=["read", "create"])
def test_ten_minutes_of_429_stop_the_run(call: Call) -> None:
    with Channel(behind=ScriptedTransport(told(429))) as channel:
        error = sent(channel, call)
    assert isinstance(error, Unreachable)
    assert "too many requests" in error.what
    assert PATIENCE_SECONDS <= channel.now <= PATIENCE_SECONDS + 62


def test_who_asks_for_more_than_ten_minutes_stops_the_run_at_once() -> None:
    with Channel(behind=ScriptedTransport(told(429, Retry_After="7200"))) as channel:
        error = sent(channel, READ)
    assert isinstance(error, Unreachable)
    assert "120 minutes" in error.what
    assert channel.now < 1


def test_an_accepted_call_begins_the_ten_minutes_anew() -> None:
    refusals: list[Step] = [told(429)] * 9

    async def talk(client: Client) -> None:
        for _ in range(3):
            await client.send(READ)

    with Channel(behind=ScriptedTransport(*refusals, CONTACT, *refusals, CONTACT, *refusals, CONTACT)) as channel:
        channel.with_client(talk)
        assert channel.now > 2 * PATIENCE_SECONDS


# Time


class Dripping(httpx.AsyncByteStream):
    """A body that comes a byte at a time, each soon enough for a read."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(10_000):
            await asyncio.sleep(9)
            yield b" "


@pytest.mark.parametrize("call", [READ, CREATE], ids=["read", "create"])
def test_the_timeout_bounds_a_whole_call_however_steadily_its_answer_drips(call: Call) -> None:
    with Channel(behind=ScriptedTransport(lambda _: httpx.Response(200, stream=Dripping()), CONTACT)) as channel:
        sent(channel, call, settings(timeout=30))
        first = channel.transport.seen[0]
        if call is READ:
            assert channel.transport.seen[1].began - first.began == pytest.approx(30.75, abs=0.3)
        else:
            assert channel.now == pytest.approx(30, abs=0.1)


def test_a_call_that_hangs_ends_with_the_timeout() -> None:
    with Channel(behind=ScriptedTransport(MADE, latency=500)) as channel:
        assert isinstance(sent(channel, CREATE, settings(timeout=12)), UnconfirmedCreate)
        assert channel.now == pytest.approx(12, abs=0.1)


def test_a_lost_call_keeps_its_part_of_the_limit_for_the_window_and_the_timeout() -> None:
    with Channel(behind=ScriptedTransport(httpx.ReadError("cut"), CONTACT)) as channel:
        sent(channel, READ, settings(rate=Rate(1, 60), timeout=20))
    assert channel.transport.seen[1].began == pytest.approx(80, abs=0.1)


def test_a_call_that_never_left_gives_its_part_of_the_limit_back() -> None:
    with Channel(behind=ScriptedTransport(httpx.ConnectError("refused"), CONTACT)) as channel:
        sent(channel, READ, settings(rate=Rate(1, 60)))
    assert channel.transport.seen[1].began <= 1


def test_heyx_own_time_is_known_from_its_answers() -> None:
    dated = told(200, {"data": {"id": "7"}}, Date="Sun, 06 Nov 1994 08:49:37 GMT")

    async def talk(client: Client) -> float | None:
        assert client.server_time is None
        await client.send(READ)
        await asyncio.sleep(100)
        return client.server_time

    with Channel(behind=ScriptedTransport(dated)) as channel:
        assert channel.with_client(talk) == pytest.approx(784111777 + 100, abs=0.01)


# Departing


def departures(script: ScriptedTransport, options: Settings | None = None) -> list[tuple[str, float]]:
    """What is heard, and when, of two creates."""
    heard: list[tuple[str, float]] = []
    with Channel(behind=script) as channel:

        def hear(_number: int, seen: RecordedRequest) -> None:
            heard.append(("request", round(seen.began)))

        channel.transport.before = hear

        async def talk(client: Client) -> None:
            for _ in range(2):
                await client.send(CREATE, before_send=lambda: heard.append(("departing", round(channel.now))))

        channel.with_client(talk, options)
    return heard


def test_departing_is_called_after_the_call_was_granted_and_before_the_request_leaves() -> None:
    assert departures(ScriptedTransport(MADE), settings(rate=Rate(1, 60))) == [
        *[("departing", 0), ("request", 0)],
        *[("departing", 60), ("request", 60)],
    ]


def test_what_troubles_a_call_is_told_until_one_is_answered() -> None:
    async def talk(client: Client) -> list[str]:
        sending = asyncio.create_task(client.send(READ))
        troubles = [client.retry_reason]
        await asyncio.sleep(0.1)
        troubles.append(client.retry_reason)
        await sending
        return [*troubles, client.retry_reason]

    with Channel(behind=ScriptedTransport(told(503), CONTACT)) as channel:
        assert channel.with_client(talk) == ["", "HeyX answered 503: no", ""]


def test_departing_is_called_again_each_time_the_call_leaves_again() -> None:
    script = ScriptedTransport(httpx.ConnectError("refused"), told(429, Retry_After="9"), MADE)
    assert [what for what, _ in departures(script)] == ["departing", "request"] * 4


def test_a_call_whose_departure_cannot_be_written_down_does_not_leave_and_costs_nothing() -> None:
    def fail() -> None:
        raise DiskFull("full")

    async def talk(client: Client) -> float:
        with pytest.raises(DiskFull):
            await client.send(CREATE, before_send=fail)
        assert client.calls == 0
        return client.limiter.wait_seconds()

    with Channel(behind=ScriptedTransport(MADE)) as channel:
        assert channel.with_client(talk, settings(rate=Rate(1, 60))) == 0
    assert channel.transport.seen == []


# Stopping


STOP = Interrupted(2)


@pytest.mark.parametrize(
    "script",
    [
        ScriptedTransport(CONTACT),
        ScriptedTransport(httpx.ConnectError("no")),
        ScriptedTransport(told(503)),
        ScriptedTransport(told(429)),
    ],
    ids=["the limit", "connecting again", "asking again", "a pause"],
)
def test_a_stop_wakes_whoever_waits_to_send(script: ScriptedTransport) -> None:
    """Two calls under a limit of one: whatever is waited for, nothing leaves after the stop."""

    async def talk(client: Client) -> list[object]:
        waiting = [asyncio.create_task(client.send(READ)) for _ in range(2)]
        await asyncio.sleep(0.1)
        before = len(channel.transport.seen)
        client.stop(STOP)
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert len(channel.transport.seen) == before
        assert channel.now == pytest.approx(0.1)
        return [error for error in ended if isinstance(error, BaseException)]

    with Channel(behind=script) as channel:
        errors = channel.with_client(talk, settings(rate=Rate(1, 60)))
    assert errors
    assert set(map(id, errors)) == {id(STOP)}


@pytest.mark.parametrize("call", [READ, CREATE], ids=["read", "create"])
def test_a_stop_lets_calls_in_flight_end_within_their_time(call: Call) -> None:
    async def talk(client: Client) -> object:
        flying = asyncio.create_task(client.send(call))
        await asyncio.sleep(1)
        client.stop(STOP)
        return await flying

    with Channel(behind=ScriptedTransport(GOOD[call], latency=20)) as channel:
        assert getattr(channel.with_client(talk), "id", None) == "7"
        assert channel.now == pytest.approx(20)


@pytest.mark.parametrize("call", [READ, CREATE], ids=["read", "create"])
def test_after_a_stop_no_call_departs_though_it_was_granted(call: Call) -> None:
    departed: list[float] = []

    async def talk(client: Client) -> None:
        client.stop(STOP)
        with pytest.raises(Interrupted):
            await client.send(call, before_send=lambda: departed.append(channel.now))

    with Channel(behind=ScriptedTransport(GOOD[call])) as channel:
        channel.with_client(talk)
    assert (departed, channel.transport.seen) == ([], [])


def test_a_stopped_task_can_wait_again() -> None:
    async def talk(client: Client) -> float:
        client.stop(STOP)
        for _ in range(2):
            with pytest.raises(Interrupted):
                await client.interruptible(asyncio.sleep(50))
        await asyncio.sleep(5)
        return channel.now

    with Channel() as channel:
        assert channel.with_client(talk) == 5


def test_a_task_that_a_stop_woke_is_no_longer_being_cancelled() -> None:
    async def talk(client: Client) -> int:
        channel.loop.call_later(1, client.stop, STOP)
        with pytest.raises(Interrupted):
            await client.interruptible(asyncio.sleep(50))
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    with Channel() as channel:
        assert channel.with_client(talk) == 0


def test_the_first_reason_to_stop_is_the_one_that_is_told() -> None:
    async def talk(client: Client) -> Stopped | None:
        client.stop(Unauthorized("first"))
        client.stop(STOP)
        return client.stopped

    with Channel() as channel:
        assert str(channel.with_client(talk)) == "first"


def test_a_task_that_is_cancelled_from_outside_is_cancelled() -> None:
    async def talk(client: Client) -> bool:
        waiting = asyncio.create_task(client.interruptible(asyncio.sleep(50)))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    with Channel() as channel:
        assert channel.with_client(talk)


# Where the token goes


@pytest.mark.parametrize("call", EVERY, ids=named)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(call: Call, status: int) -> None:
    away = told(status, None, Location="http://elsewhere.example/v1/contact")
    with Channel(behind=ScriptedTransport(away)) as channel:
        assert isinstance(sent(channel, call), Rejected | UnconfirmedCreate)
    assert [seen.headers["host"] for seen in channel.transport.seen] == ["app.heyx.io"]


SECRET = "tok_sekret_9f8e7d"


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [
        *UNDELIVERED,
        *UNANSWERED,
        *map(told, (301, 401, 403, 409, 429, 449)),
        CONTACT,
    ],
    ids=named,
)
@pytest.mark.parametrize("call", [READ, CREATE, FindContacts("phone", "+44")], ids=named)
def test_the_token_is_in_the_authorization_header_and_nowhere_else(
    call: Call, step: Step, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with Channel(behind=ScriptedTransport(step)) as channel:
        outcome = sent(channel, call, settings(token=SECRET))
    for seen in channel.transport.seen:
        assert seen.headers["authorization"] == f"Bearer {SECRET}"
        others = [text for name, text in seen.headers.items() if name != "authorization"]
        assert SECRET not in " ".join([seen.path, seen.body.decode(), *others])
    causes = [outcome, getattr(outcome, "__cause__", None), getattr(outcome, "remedy", "")]
    assert SECRET not in f"{causes!r} {outcome} {caplog.text} {''.join(capfd.readouterr())}"


def test_nothing_is_logged_of_a_call_even_where_the_http_library_s_log_is_turned_on(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with Channel() as channel:
        sent(channel, READ)
        assert (caplog.records, "".join(capfd.readouterr())) == ([], "")
        with caplog.at_level(logging.DEBUG):
            sent(channel, READ)
            logging.getLogger("httpx").info("somebody else's call")
    assert [text for text in caplog.messages if "selector" not in text] == ["somebody else's call"]


def test_what_is_sent_is_json_in_utf8_under_our_name() -> None:
    call = UpdateContact("a/b+c=@", (Field("firstName", "Zoë 🙂"),))
    with Channel() as channel:
        sent(channel, call)
    (seen,) = channel.transport.seen
    assert (seen.method, seen.path) == ("PUT", "/api/v1/contact/a%2Fb%2Bc%3D%40")
    assert seen.fields == {"firstName": "Zoë 🙂"}
    assert (seen.headers["content-type"], seen.headers["user-agent"]) == ("application/json", "heyx-bulk")


# Real sockets


async def real(options: Settings, *calls: Call) -> list[object]:
    """What comes of these calls, one after another, over a real network."""
    ended: list[object] = []
    async with Client(options, RateLimiter(options.rate)) as client:
        for call in calls:
            try:
                ended.append(await client.send(call))
            except HeyxBulkError as error:
                ended.append(error)
    return ended


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize("call", [READ, CREATE], ids=["read", "create"])
def test_a_refused_connection_is_tried_again_and_ends_as_unreachable(call: Call) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        (error,) = runner.run(real(settings(url=url), call))
        assert 1.5 <= runner.get_loop().time() <= 3
    assert isinstance(error, Unreachable)
    assert url in error.what


def test_a_connection_cut_on_a_create_leaves_it_in_doubt() -> None:
    with SandboxServer(Sandbox(Faults(lose_create_answers=1))) as server:
        (error,) = asyncio.run(real(settings(url=server.url), CREATE))
        assert isinstance(error, UnconfirmedCreate)
        assert (server.sandbox.calls["create"], len(server.sandbox.contacts)) == (1, 1)


class Switchboard:
    """A server on loopback that notes which request came over which connection, and hangs up when told to."""

    def __init__(self, hang_up: Callable[[int], bool] = lambda _: False) -> None:
        self.heard: list[tuple[int, str]] = []
        self._connections = 0
        self._hang_up = hang_up

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        connection = self._connections
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
                await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
                self.heard.append((connection, head.split(b" ", 1)[0].decode()))
                body = json.dumps({"data": {"id": "7"}}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
                if self._hang_up(len(self.heard)):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def exchanged(board: Switchboard, *calls: Call) -> list[object]:
    async def exchange() -> list[object]:
        server = await asyncio.start_server(board, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await real(settings(url=f"http://127.0.0.1:{port}/api"), *calls)

    return asyncio.run(exchange())


def test_reads_share_a_kept_connection_and_every_create_has_one_of_its_own() -> None:
    board = Switchboard()
    answers = exchanged(board, READ, UpdateContact("7", FIELDS), CREATE, READ, CREATE, READ)
    assert [getattr(answer, "id", None) for answer in answers] == ["7", None, "7", "7", "7", "7"]
    assert board.heard == [(1, "GET"), (1, "PUT"), (2, "POST"), (1, "GET"), (3, "POST"), (1, "GET")]


def test_a_connection_that_heyx_closed_while_it_lay_idle_does_no_harm() -> None:
    board = Switchboard(hang_up=lambda _: True)
    answers = exchanged(board, READ, READ, CREATE, READ, CREATE)
    assert [getattr(answer, "id", None) for answer in answers] == ["7"] * 5


def test_calls_at_the_same_time_have_connections_enough() -> None:
    async def talk() -> int:
        options = settings(url=server.url, workers=30)
        async with Client(options, RateLimiter(options.rate)) as client:
            await asyncio.gather(*(client.send(FindContacts("phone", str(n))) for n in range(30)))
            return client.calls

    with SandboxServer(Sandbox()) as server:
        assert asyncio.run(talk()) == 30


def test_a_phone_with_a_plus_arrives_with_its_plus() -> None:
    with Channel() as channel:
        channel.sandbox.add({"phone": "+4412345678"}, id="7")
        page = sent(channel, FindContacts("phone", "+4412345678"))
    assert [contact.id for contact in getattr(page, "contacts", ())] == ["7"]
