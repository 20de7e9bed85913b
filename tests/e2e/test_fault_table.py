"""The fault table of docs/architecture/fault-table.md, played row by row on real sockets."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from heyx_bulk.api.client import Client
from heyx_bulk.errors import HeyxBulkError, Unauthorized, UnconfirmedCreate, Unreachable
from heyx_bulk.models.calls import (
    AddTags,
    Call,
    CreateContact,
    FindContacts,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Field
from heyx_bulk.rate_limit.limiter import RateLimiter
from heyx_bulk.sandbox import Sandbox
from heyx_bulk.sandbox.virtual_time import VirtualTime
from heyx_bulk.settings.rate import Rate
from heyx_bulk.upload.upload_session import send_rows
from tests.support import runs
from tests.support.fault_table import FAULTS, FOR_EVER, Astray, Detour, Play, Troubled
from tests.support.runs import RecordingProgress, settings

T = TypeVar("T")

PAGE = Path(__file__).parents[2] / "docs" / "architecture" / "fault-table.md"
GRACE_SECONDS = 0.0005
NAMING_SECONDS = 0.01  # names are looked up in a thread
PHONE = "+4412345678"
CREATE = CreateContact((Field("phone", "+4498765432"),))
HARMLESS: tuple[Call, ...] = (
    FindContacts("phone", PHONE),
    ReadContact("7"),
    UpdateContact("7", (Field("firstName", "Ann"),)),
    AddTags("7", ("a",)),
    RemoveTags("7", ("old",)),
)
HEADER = "phone,first name\n"


def table() -> dict[str, tuple[str, ...]]:
    """The rows of the page's table: the fault's name, then its other cells."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Faults\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line] for line in lines[1:] if not re.fullmatch(r"[\s|-]*", "|".join(line))]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: tuple(row[1:]) for row in rows}


TABLE = table()


def plays(name: str) -> list[Play | Astray]:
    fault = FAULTS[name]
    return [fault] if isinstance(fault, Astray) else list(fault)


def faced(
    play: Play | Astray,
    due: Callable[[str, str], bool],
    times: int,
    work: Callable[[str, Detour | None], Coroutine[Any, Any, T]],
) -> tuple[T, int, Sandbox]:
    """What comes of `work`, how often the fault was met, and HeyX afterwards."""
    grace = NAMING_SECONDS if isinstance(play, Astray) and play.url.startswith("http:") else GRACE_SECONDS
    with asyncio.Runner(loop_factory=partial(VirtualTime, grace)) as runner:
        return runner.run(_faced(play, due, times, work))


async def _faced(
    play: Play | Astray,
    due: Callable[[str, str], bool],
    times: int,
    work: Callable[[str, Detour | None], Coroutine[Any, Any, T]],
) -> tuple[T, int, Sandbox]:
    sandbox = Sandbox(limit=10**6, clock=asyncio.get_running_loop().time)
    sandbox.add({"phone": PHONE, "firstName": "Anna"}, ["old"], id="7")
    sandbox.add({}, id="first")
    server = Troubled(sandbox, due, None if isinstance(play, Astray) else play, times)
    detour = Detour(play, due, times) if isinstance(play, Astray) else None
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(server.serving())
        if detour is not None:
            await stack.enter_async_context(detour.opened())
        came = await work(url, detour)
        return came, detour.met if detour is not None else server.met, sandbox


# What is known after a call


def known(play: Play | Astray, call: Call) -> str:
    """What a call comes to that meets the fault each time, in the table's words."""

    async def talk(url: str, detour: Detour | None) -> HeyxBulkError | None:
        options = settings(url=url, timeout=20, rate=Rate(1000, 60))
        async with Client(options, RateLimiter(options.rate), transport=detour) as client:
            try:
                await client.send(READ_FIRST)
                await client.send(call)
            except HeyxBulkError as error:
                return error
        return None

    error, met, _ = faced(play, lambda *seen: seen != FIRST, FOR_EVER, talk)
    if error is None:
        return "answered"
    known = error.__context__ if isinstance(error, UnconfirmedCreate | Unreachable) else error
    match error:
        case UnconfirmedCreate():
            assert met == 1
            then = "unconfirmed"
        case Unauthorized():
            then = "the run stops"
        case Unreachable():
            then = "again, then the run stops"
        case _:
            then = "again, then the row fails" if met > 1 else "the row fails"
    return f"`{type(known).__name__}`: {then}"


READ_FIRST = ReadContact("first")
FIRST = ("GET", "/api/v1/contact/first")


def cell(words: Iterable[str]) -> str:
    """What was seen, as the table says it."""
    return " / ".join(sorted(set(words)))


def harmless(name: str) -> str:
    first, *others = plays(name)
    seen = [known(first, call) for call in HARMLESS]
    return cell([*seen, *(known(play, HARMLESS[2]) for play in others)])


def create(name: str) -> str:
    return cell(known(play, CREATE) for play in plays(name))


@pytest.mark.parametrize("name", TABLE)
def test_what_is_known_of_a_harmless_call_after_a_fault_is_what_the_table_says(name: str) -> None:
    assert harmless(name) == TABLE[name][0]


@pytest.mark.parametrize("name", TABLE)
def test_what_is_known_of_a_create_after_a_fault_is_what_the_table_says(name: str) -> None:
    assert create(name) == TABLE[name][2]


# What its row ends as


def ended(folder: Path, play: Play | Astray, text: str, due: Callable[[str, str], bool], times: int) -> str:
    """What a row comes to whose calls that are `due` meet the fault so many `times`; nobody is made twice."""

    async def send(url: str, detour: Detour | None) -> bool:
        with runs.staged(folder, HEADER + text) as staged:
            options = settings(url=url, timeout=20, reconcile_delay=0.3, rate=Rate(1000, 60))
            limiter = RateLimiter(options.rate)
            sent = await send_rows(
                staged, options, progress=RecordingProgress(), transport=detour, limiter=limiter
            )
            statuses.update(runs.statuses(staged))
            return sent.stopped is not None

    statuses: dict[int, str] = {}
    stopped, met, sandbox = faced(play, due, times, send)
    assert met > 0
    phones = [str(contact.fields["phone"]) for contact in sandbox.contacts if "phone" in contact.fields]
    assert len(set(phones)) == len(phones)
    if statuses[2] == "created":
        assert text.partition(",")[0] in phones
    assert stopped == (statuses[2] in ("ready", "create_pending"))
    return "to do" if statuses[2] == "ready" else "unconfirmed" if statuses[2] == "create_pending" else statuses[2]


def is_update(method: str, _path: str) -> bool:
    return method == "PUT"


def is_create(method: str, path: str) -> bool:
    return (method, path) == ("POST", "/api/v1/contact")


def updated(name: str, folder: Path) -> str:
    return cell(ended(folder, play, f"{PHONE},Ann\n", is_update, FOR_EVER) for play in plays(name)[:1])


def created(name: str, times: int, folder: Path) -> str:
    return cell(ended(folder, play, "+4498765432,Zoe\n", is_create, times) for play in plays(name)[-2:])


@pytest.mark.parametrize("name", TABLE)
def test_the_row_of_an_update_that_meets_a_fault_each_time_ends_as_the_table_says(
    name: str, tmp_path: Path
) -> None:
    assert updated(name, tmp_path) == TABLE[name][1]


@pytest.mark.parametrize(("times", "column"), [(1, 3), (FOR_EVER, 4)], ids=["once", "each time"])
@pytest.mark.parametrize("name", TABLE)
def test_the_row_of_a_create_that_meets_a_fault_ends_as_the_table_says_with_nobody_twice(
    name: str, times: int, column: int, tmp_path: Path
) -> None:
    assert created(name, times, tmp_path) == TABLE[name][column]


def test_the_table_has_a_row_for_every_fault_that_can_be_played_and_no_other() -> None:
    assert list(TABLE) == list(FAULTS)


def observed() -> Iterator[str]:
    """The rows of the table as they are observed, to be copied into the page."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in FAULTS:
            rows = [updated(name, folder), *(created(name, times, folder) for times in (1, FOR_EVER))]
            yield f"| {' | '.join((name, harmless(name), rows[0], create(name), *rows[1:]))} |"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in observed())
