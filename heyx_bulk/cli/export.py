"""`heyx-bulk export`: contacts with a field's value, filtered by tag, into a sheet."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.cli.bill import Speed
from heyx_bulk.cli.options import Speaking
from heyx_bulk.cli.say import Voice, count
from heyx_bulk.cli.signals import Signals
from heyx_bulk.client import Client
from heyx_bulk.errors import FULL, CallFailed, DiskFull, SettingsError, Unreachable
from heyx_bulk.export import Exported, Selection, export, wanted_field, write_contacts
from heyx_bulk.pace import lesson_of, open_pace
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.values import PhoneLookup


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything the command line says about an export."""

    out: Path
    where: tuple[str, ...]
    tags: tuple[str, ...]
    not_tags: tuple[str, ...]
    lookup: PhoneLookup
    raw_csv: bool
    speaking: Speaking
    voice: Voice


def export_contacts(asked: Asked) -> int:
    """Do what was asked; the exit code."""
    selection = Selection(tuple(wanted_field(text) for text in asked.where), asked.tags, asked.not_tags)
    if asked.out.suffix.casefold() not in (".csv", ".xlsx"):
        raise SettingsError(f"{asked.out} is neither .csv nor .xlsx.", "Name the file with one of these endings.")
    settings = from_environment(os.environ, **asked.speaking.options())
    for note in Speed.of(settings, lesson_of(settings)).notes:
        asked.voice.say(note)
    with Signals(asked.voice) as signals:
        exported = asyncio.run(_read(settings, selection, asked, signals))
    out = _free_name(asked.out)
    try:
        write_contacts(out, exported.contacts, raw_csv=asked.raw_csv)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(f"The disk of {out.absolute().parent} is full.", "Make room and export again.") from None
    _tell(asked, exported, out)
    return 0


async def _read(settings: Settings, selection: Selection, asked: Asked, signals: Signals) -> Exported:
    progress = asked.voice.progress(0)
    with open_pace(settings) as pace:
        async with Client(settings, pace) as client:
            signals.attach(client)
            try:
                return await export(client, selection, asked.lookup)
            except CallFailed as failure:
                raise Unreachable(
                    f"{failure.what}.", "Nothing was written; give the same command again later."
                ) from None
            finally:
                progress.close()


def _tell(asked: Asked, exported: Exported, out: Path) -> None:
    where = " or ".join(asked.where)
    fields = ", ".join(dict.fromkeys(text.partition("=")[0].strip() for text in asked.where))
    filtered = (
        f", {len(exported.contacts):,} of them with the tags asked for" if asked.tags or asked.not_tags else ""
    )
    asked.voice.say(f"{count(exported.found, 'contact')} found with {where}{filtered}.")
    if not exported.found:
        asked.voice.say("HeyX takes a field's name exactly as it is written there, capitals too.")
    asked.voice.say(f"HeyX finds contacts by a field's value alone: contacts without {fields} cannot be listed.")
    if exported.shifted:
        asked.voice.say(
            "Contacts were added or changed while pages were read: one may be missing. "
            "Export again when HeyX is quiet."
        )
    kept = f" ({asked.out} was there already, and is left as it is)" if out != asked.out else ""
    asked.voice.say(f"Written: {out}{kept}")
    asked.voice.total(
        count(len(exported.contacts), "contact"),
        {
            "contacts": len(exported.contacts),
            "found": exported.found,
            "shifted": exported.shifted,
            "out": str(out),
        },
    )


def _free_name(path: Path) -> Path:
    name, number = path, 2
    while name.exists():
        name, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return name
