"""An export: everything that was asked for, read into a checkpoint, and what that covers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from heyx_bulk.api.client import Client, Transport
from heyx_bulk.api.session import heartbeat, open_session
from heyx_bulk.errors import CheckpointMismatch
from heyx_bulk.export.filters import has_value
from heyx_bulk.export.layout import TableLayout, build_table
from heyx_bulk.export.reader import PageReader, ReadCallbacks, ReadProgress
from heyx_bulk.export.request import ExportRequest
from heyx_bulk.models.calls import FindContacts, Page
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.table_writers import Frame, to_frame
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.values.equality import PhoneLookup, spellings

ALL_COLUMNS = TableLayout()


@dataclass(frozen=True, slots=True)
class ExportSession:
    """What a start read: calls, those of them HeyX refused as too many, seconds, and whether to the end."""

    calls: int
    throttled: int
    seconds: float
    complete: bool


def create_export(path: Path, request: ExportRequest, channel: str, asked: str) -> None:
    """Make the checkpoint of an export; `asked` tells what was asked for from everything else."""
    ExportCheckpoint.create(path, {"channel": channel, "asked": asked}, request.searches(), request.named())


def check_same_export(checkpoint: ExportCheckpoint, channel: str, asked: str) -> None:
    """Raise `CheckpointMismatch` where the checkpoint is of another export."""
    if checkpoint.info("channel") != channel or checkpoint.info("asked") != asked:
        raise CheckpointMismatch(
            f"{checkpoint.path.name} holds what another export to the same file has read: of other contacts, of "
            "sheets that have changed, or from another channel.",
            "Give that command again to carry on with it, name another file, or add --restart to read all anew.",
        )


async def read_contacts(
    checkpoint: ExportCheckpoint,
    request: ExportRequest,
    settings: Settings,
    *,
    progress: Progress,
    recorder: CallRecorder | None = None,
    callbacks: ReadCallbacks | None = None,
    transport: Transport | None = None,
    confirm: Callable[[ReadProgress], bool] = lambda _: True,
) -> ExportSession:
    """Read what the journal still has to read; `agree` is told what that takes, once first pages say so,
    and whether it goes on.

    Raises the `Stopped` that ended it early: reading again carries on.
    """
    recorder = recorder or CallRecorder()
    async with open_session(settings, transport, recorder) as client:
        began = _now()
        with recorder.session(client), heartbeat(client, progress, recorder.monitor.check_time):
            reader = PageReader(
                checkpoint,
                client,
                workers=settings.workers,
                passes=request.passes,
                per_page=request.per_page,
                listener=callbacks,
            )
            await reader.first()
            if whole := confirm(reader.progress):
                await reader.rest()
        return ExportSession(client.calls, client.throttled_calls, _now() - began, whole)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def export(
    settings: Settings, request: ExportRequest, *, transport: Transport | None = None
) -> AsyncIterator[Contact]:
    """The contacts that `request` asks for, each once and whole, oldest first.

    They are read to the end before the first one comes: only then it is known who is there. They lie on disk
    meanwhile, in a temporary folder. `transport` replaces the network. Raises `SettingsError` where HeyX refuses a
    search, `Stopped` where the reading could not end; contacts by id that HeyX does not know do not come.
    """
    request.check()
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        path = Path(folder) / "export"
        create_export(path, request, settings.channel, "")
        with ExportCheckpoint.open(path) as checkpoint:
            await read_contacts(checkpoint, request, settings, progress=Progress(), transport=transport)
            for contact in checkpoint.contacts():
                if request.selection.matches(contact):
                    yield contact


async def export_frame(
    settings: Settings,
    request: ExportRequest,
    layout: TableLayout = ALL_COLUMNS,
    *,
    transport: Transport | None = None,
) -> Frame:
    """The contacts that `request` asks for as a DataFrame, laid out as a file would be; values as HeyX has them.

    Tags are tuples, moments have their time zone. Raises what `export` raises.
    """
    contacts = [contact async for contact in export(settings, request, transport=transport)]
    made = build_table(lambda: iter(contacts), layout)
    return to_frame(made.header, made.rows)


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
