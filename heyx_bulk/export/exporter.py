"""An export: everything that was asked for, read into a checkpoint, and what that covers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from heyx_bulk.api.client import Client, SessionSummary, Transport, open_session
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.export.reader import ExportEvents, PageReader
from heyx_bulk.export.request import ContactFilter, ExportRequest, has_value
from heyx_bulk.models.calls import FindContacts, Page
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.settings.environment import Settings
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.checkpoint.locking import delete_checkpoint
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.values.equality import PhoneLookup, spellings


@dataclass(frozen=True, slots=True)
class CachedExport(ExportEvents):
    """What an export reads goes into the channel's cache."""

    cache: ChannelCache

    def on_contacts(self, contacts: Sequence[Contact]) -> None:
        self.cache.contacts.observe_contacts(contacts)
        self.cache.fields.observe(contacts)

    def on_missing(self, contact_id: str) -> None:
        self.cache.contacts.forget_contact(contact_id)


@contextmanager
def open_export(
    path: Path, request: ExportRequest, channel: str, digest: str = "", *, restart: bool = False
) -> Iterator[tuple[ExportCheckpoint, bool]]:
    """The checkpoint of an export at `path`, and whether it was made now; the caller holds its lock.

    `digest` tells what is asked for from everything else. Raises `SettingsError` where nothing is, and
    `CheckpointMismatch` where the checkpoint that is there is of another export, unless with `restart`.
    """
    if restart:
        delete_checkpoint(path)
    if fresh := not path.exists():
        request.check()
        facts = {"channel": channel, "asked": digest}
        ExportCheckpoint.create(path, facts, request.searches(), request.named())
    with ExportCheckpoint.open(path) as checkpoint:
        if checkpoint.info("channel") != channel or checkpoint.info("asked") != digest:
            raise CheckpointMismatch(
                f"{checkpoint.path.name} belongs to another export to the same file: of other contacts, "
                "of sheets that have changed, or from another channel.",
                "Run that command again to resume it, name another file, or add --restart to read everything "
                "again.",
            )
        yield checkpoint, fresh


async def read_contacts(
    checkpoint: ExportCheckpoint,
    request: ExportRequest,
    settings: Settings,
    *,
    progress: Progress | None = None,
    recorder: CallRecorder | None = None,
    events: ExportEvents | None = None,
    transport: Transport | None = None,
) -> SessionSummary:
    """Read what a checkpoint still has to read; raises the `Stopped` that ended it early."""
    progress, recorder, events = progress or Progress(), recorder or CallRecorder(), events or ExportEvents()
    async with open_session(settings, transport, recorder) as client:
        now = asyncio.get_running_loop().time
        began = now()
        with recorder.session(client, progress):
            await PageReader(checkpoint, client, request, progress, events, workers=settings.workers).read()
        return SessionSummary(client.calls, client.throttled_calls, now() - began)


def exported_contacts(path: Path, selection: ContactFilter) -> Iterator[Contact]:
    """The contacts of the export whose checkpoint is at `path` that `selection` takes, oldest first."""
    with ExportCheckpoint.open(path) as checkpoint:
        yield from filter(selection.matches, checkpoint.contacts())


async def first_page(client: Client, wanted: Field, phone_lookup: PhoneLookup) -> Page:
    """The first page of the contacts that have a field's value, under the first spelling that has any."""
    page = Page((), 1, 0)
    for text in spellings(wanted.name, wanted.value, phone_lookup):
        answer = await client.send(FindContacts(wanted.name, text))
        if isinstance(answer, Page):
            page = replace(answer, contacts=tuple(one for one in answer.contacts if has_value(one, wanted)))
        if page.contacts:
            break
    return page
