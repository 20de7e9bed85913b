"""An export: everything that was asked for, read into a checkpoint, and what that covers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from heyx_bulk.api.client import Client, Transport
from heyx_bulk.api.session import speaking, ticking
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.export.filters import has
from heyx_bulk.export.layout import Layout, table
from heyx_bulk.export.reader import Listener, Reader, Told
from heyx_bulk.export.request import Request
from heyx_bulk.models.calls import FindContacts, Page
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.reports.audit import Books
from heyx_bulk.reports.progress import Progress
from heyx_bulk.settings import Settings
from heyx_bulk.sheets.table_writers import Frame, frame
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportJournal
from heyx_bulk.values.equality import PhoneLookup, spellings

ALL_COLUMNS = Layout()


@dataclass(frozen=True, slots=True)
class Read:
    """What a start read: calls, those of them HeyX refused as too many, seconds, and whether to the end."""

    calls: int
    refused: int
    seconds: float
    whole: bool


def begin(path: Path, request: Request, channel: str, asked: str) -> None:
    """Make the checkpoint of an export; `asked` tells what was asked for from everything else."""
    ExportJournal.stage(path, {"channel": channel, "asked": asked}, request.searches(), request.named())


def check_same(journal: ExportJournal, channel: str, asked: str) -> None:
    """Raise `CheckpointMismatch` where the checkpoint is of another export."""
    if journal.meta("channel") != channel or journal.meta("asked") != asked:
        raise CheckpointMismatch(
            f"{journal.path.name} holds what another export to the same file has read: of other contacts, of "
            "sheets that have changed, or from another channel.",
            "Give that command again to carry on with it, name another file, or add --again to read all anew.",
        )


async def read(
    journal: ExportJournal,
    request: Request,
    settings: Settings,
    *,
    progress: Progress,
    books: Books | None = None,
    listener: Listener | None = None,
    transport: Transport | None = None,
    agree: Callable[[Told], bool] = lambda _: True,
) -> Read:
    """Read what the journal still has to read; `agree` is told what that takes, once first pages say so,
    and whether it goes on.

    Raises the `Stopped` that ended it early: reading again carries on.
    """
    books = books or Books()
    async with speaking(settings, transport, books) as client:
        began = _now()
        with books.kept(client), ticking(client, progress, books.watch.look):
            reader = Reader(
                journal,
                client,
                workers=settings.workers,
                passes=request.passes,
                per_page=request.per_page,
                listener=listener,
            )
            await reader.first()
            if whole := agree(reader.told):
                await reader.rest()
        return Read(client.calls, client.refused_for_pace, _now() - began, whole)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def export(
    settings: Settings, request: Request, *, transport: Transport | None = None
) -> AsyncIterator[Contact]:
    """The contacts that `request` asks for, each once and whole, oldest first.

    They are read to the end before the first one comes: only then it is known who is there. They lie on disk
    meanwhile, in a temporary folder. `transport` replaces the network. Raises `SettingsError` where HeyX refuses a
    search, `Stopped` where the reading could not end; contacts by id that HeyX does not know do not come.
    """
    request.check()
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        path = Path(folder) / "export"
        begin(path, request, settings.channel, "")
        with ExportJournal.open(path) as journal:
            await read(journal, request, settings, progress=Progress(), transport=transport)
            for contact in journal.contacts():
                if request.selection.takes(contact):
                    yield contact


async def export_frame(
    settings: Settings, request: Request, layout: Layout = ALL_COLUMNS, *, transport: Transport | None = None
) -> Frame:
    """The contacts that `request` asks for as a DataFrame, laid out as a file would be; values as HeyX has them.

    Tags are tuples, moments have their time zone. Raises what `export` raises.
    """
    contacts = [contact async for contact in export(settings, request, transport=transport)]
    made = table(lambda: iter(contacts), layout)
    return frame(made.header, made.rows)


async def first_page(client: Client, wanted: Field, phone_lookup: PhoneLookup) -> Page:
    """The first page of the contacts that have a field's value, under the first spelling that has any."""
    page = Page((), 1, 0)
    for text in spellings(wanted.name, wanted.value, phone_lookup):
        answer = await client.send(FindContacts(wanted.name, text))
        if isinstance(answer, Page):
            page = replace(answer, contacts=tuple(one for one in answer.contacts if has(one, wanted)))
        if page.contacts:
            break
    return page
