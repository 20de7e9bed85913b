"""What HeyX holds, compared with what was sent: rows read back by their contact's id."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from heyx_bulk.api.client import Client, Transport, open_session
from heyx_bulk.errors import CallFailed, Stopped
from heyx_bulk.models.calls import AddTags, ReadContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.planner import plan
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.values.equality import text_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing HeyX holds otherwise than the row says: `ours` was sent, `theirs` is there (blank: nothing).

    `what` is a field's name, `tag` or `removed tag`.
    """

    what: str
    sent: str
    stored: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row read back: how its contact differs from it, or why it could not be read."""

    number: int
    contact_id: str
    differences: tuple[Difference, ...]
    read_error: str = ""

    @property
    def matches(self) -> bool:
        """Whether HeyX holds what the row says."""
        return not (self.differences or self.read_error)


def compare_contact(row: ContactRow, contact: Contact) -> tuple[Difference, ...]:
    """How `contact`, which must be whole, differs from what `row` says: what a plan would still write."""
    return tuple(_differences(row, contact))


def _differences(row: ContactRow, contact: Contact) -> Iterator[Difference]:
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
                raise TypeError(f"a whole contact is never asked for by {call!r}")


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
    told: Callable[[Comparison], None] = lambda _: None,
) -> list[Comparison]:
    """Read the contacts of `records`, all of which have one, and compare them; in the sheet's order.

    `told` hears of each as it comes. Raises the `Stopped` that ended the work before that.
    """
    compared: list[Comparison] = []
    waiting = iter(records)

    async def worker() -> None:
        for record in waiting:
            try:
                found = await _compare(run, client, record)
            except Stopped as reason:
                client.stop(reason)
                return
            compared.append(found)
            told(found)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())
    if client.stopped is not None:
        raise client.stopped
    return sorted(compared, key=lambda found: found.number)


async def _compare(run: Run, client: Client, record: RowRecord) -> Comparison:
    contact_id = record.contact_id or ""
    try:
        contact = await client.send(ReadContact(contact_id), row=record.number)
    except CallFailed as failure:
        return Comparison(record.number, contact_id, (), failure.what)
    assert isinstance(contact, Contact)  # noqa: S101  what a read answers
    row = run.row(record)
    return Comparison(
        record.number,
        contact_id,
        compare_contact(row.for_created_contact() if record.created_by_run else row, contact),
    )


async def verify_run(
    run: Run,
    settings: Settings,
    *,
    sample: int | None = None,
    chance: random.Random,
    started: Callable[[Client], None] = lambda _: None,
    told: Callable[[Comparison], None] = lambda _: None,
    transport: Transport | None = None,
) -> list[Comparison]:
    """Read back every row of `run` that HeyX agreed to, or a `sample` of so many of them, drawn by `chance`.

    Nothing is written, neither to HeyX nor to the checkpoint.
    """
    numbers = run.checkpoint.queries.confirmed_rows()
    if sample is not None and sample < len(numbers):
        numbers = sorted(chance.sample(numbers, sample))
    records = (run.checkpoint.queue.row(number) for number in numbers)
    async with open_session(settings, transport) as client:
        started(client)
        return await read_back(run, client, records, workers=settings.workers, told=told)
