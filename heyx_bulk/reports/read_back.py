"""Verification: contacts are read back by their ids and compared with what was sent."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from heyx_bulk.api.client import Client, Transport, open_session
from heyx_bulk.errors import CallFailed, CheckpointMismatch, Stopped
from heyx_bulk.models.calls import AddTags, ReadContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.planner import plan
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.values.equality import text_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that HeyX does not have as it was sent; `stored` is blank if it has none.

    `what` is a field's name, `tag` or `removed tag`.
    """

    what: Annotated[str, "The name of the field, `tag` or `removed tag`."]
    sent: Annotated[str, "The value that was sent."]
    stored: Annotated[str, "The value that HeyX holds. Blank if it holds none."]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row read back: the differences of its contact, or why it could not be read."""

    number: int
    contact_id: str
    differences: tuple[Difference, ...]
    read_error: str = ""

    @property
    def matches(self) -> bool:
        """Whether HeyX has what the row says."""
        return not (self.differences or self.read_error)


def _compare(row: ContactRow, contact: Contact) -> Iterator[Difference]:
    """How a completely known contact differs from its row: what a plan would still write."""
    for call in plan(row, contact):
        match call:
            case UpdateContact():
                for field in call.fields:
                    yield Difference(field.name, field.value, text_of(contact.fields.get(field.name)))
            case AddTags():
                for tag in call.tags:
                    yield Difference("tag", tag, _kept_as(tag, contact.tags))
            case RemoveTags():
                for tag in call.tags:
                    yield Difference("removed tag", tag, tag)
            case _:
                raise TypeError(f"a complete contact never needs {call!r}")


def _kept_as(tag: str, tags: Iterable[str]) -> str:
    """The tag that HeyX seems to have made of `tag`: one with the same letters and digits."""
    return next((kept for kept in sorted(tags) if _letters(kept) == _letters(tag)), "")


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


async def read_back(
    run: Run,
    client: Client,
    records: Iterable[RowRecord],
    *,
    workers: int,
    on_compared: Callable[[Comparison], None] = lambda _: None,
) -> list[Comparison]:
    """Read the contacts of `records`, all of which have one, and compare them; in the sheet's order.

    `on_compared` is called with each as it comes. Raises the `Stopped` that ended the work early.
    """
    compared: list[Comparison] = []
    waiting = iter(records)

    async def worker() -> None:
        for record in waiting:
            try:
                found = await _read_row(run, client, record)
            except Stopped as reason:
                client.stop(reason)
                return
            compared.append(found)
            on_compared(found)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())
    if client.stopped is not None:
        raise client.stopped
    return sorted(compared, key=lambda found: found.number)


async def _read_row(run: Run, client: Client, record: RowRecord) -> Comparison:
    contact_id = record.contact_id or ""
    try:
        contact = await client.send(ReadContact(contact_id), row=record.number)
    except CallFailed as failure:
        return Comparison(record.number, contact_id, (), failure.what)
    assert isinstance(contact, Contact)  # noqa: S101  what a read answers
    row = run.row(record).for_created_contact() if record.created_by_run else run.row(record)
    return Comparison(record.number, contact_id, tuple(_compare(row, contact)))


def count_comparable(checkpoint: Checkpoint) -> int:
    """How many rows HeyX has confirmed, which can be read back; raises `CheckpointMismatch` where none is."""
    if confirmed := len(checkpoint.queries.confirmed_rows()):
        return confirmed
    raise CheckpointMismatch(
        f"{checkpoint.info.sheet}: no row was sent yet, so there is nothing to compare.", "Upload the sheet first."
    )


async def verify_run(
    run: Run,
    settings: Settings,
    *,
    sample: int | None = None,
    chance: random.Random,
    started: Callable[[Client], None] = lambda _: None,
    on_compared: Callable[[Comparison], None] = lambda _: None,
    transport: Transport | None = None,
) -> list[Comparison]:
    """Read back every row of `run` that HeyX confirmed, or a random `sample` of so many of them.

    Nothing is written, neither to HeyX nor to the checkpoint.
    """
    numbers = run.checkpoint.queries.confirmed_rows()
    if sample is not None and sample < len(numbers):
        numbers = sorted(chance.sample(numbers, sample))
    records = (run.checkpoint.queue.row(number) for number in numbers)
    async with open_session(settings, transport) as client:
        started(client)
        return await read_back(run, client, records, workers=settings.workers, on_compared=on_compared)
