"""`heyx-bulk memory`: what this machine remembers of a channel's contacts, shown and forgotten."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import datetime

import typer

from heyx_bulk.cli.console import Voice, count
from heyx_bulk.errors import SettingsError
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.storage.cache.channel_cache import ChannelMemory


def show(voice: Voice) -> int:
    """Say what is remembered; the exit code."""
    settings = from_environment(os.environ)
    with _memory(settings) as memory:
        contacts, seen, exports = memory.contacts.count(), memory.contacts.seen(), memory.contacts.exports()
        fields = [field.name for field in memory.fields.known()]
        size = memory.path.stat().st_size
        if seen is not None:
            voice.say(f"Contacts last seen between {_date(seen[0])} and {_date(seen[1])}.")
        for export in exports:
            voice.say(
                f"Export {export.number} of {_date(export.at)}: {export.name}, {count(export.contacts, 'contact')}"
            )
        if fields:
            voice.say(f"Custom fields: {', '.join(fields)}")
        if spellings := memory.phone_spellings:
            voice.say(f"Phones were found as: {', '.join(spellings)}")
        voice.say(f"It lies in {memory.path} ({size / 1e6:.1f} MB).")
        if not settings.memory:
            voice.say("HEYX_MEMORY is off: no further contact is remembered.")
        document = {
            "contacts": contacts,
            "first_seen": seen[0] if seen else None,
            "last_seen": seen[1] if seen else None,
            "exports": [asdict(export) for export in exports],
            "fields": fields,
            "path": str(memory.path),
            "bytes": size,
        }
    voice.total(f"{count(contacts, 'contact')} remembered", document)
    return 0


def forget(voice: Voice, *, yes: bool) -> int:
    """Forget all contacts and exports, once that is agreed to; the exit code."""
    with _memory(from_environment(os.environ)) as memory:
        contacts, exports = memory.contacts.count(), len(memory.contacts.exports())
        what = f"{count(contacts, 'contact')} and {count(exports, 'export')}"
        if (contacts or exports) and not yes:
            if not voice.can_ask:
                raise SettingsError(
                    f"Nothing was forgotten: {what} would be gone, and nobody can be asked.", "Add --yes."
                )
            if not typer.confirm(f"Forget {what}? HeyX keeps them.", default=False, err=True):
                voice.say("Nothing was forgotten.")
                return 0
        memory.contacts.forget()
    voice.total(f"{what} forgotten", {"contacts": contacts, "exports": exports})
    return 0


def _memory(settings: Settings) -> ChannelMemory:
    return ChannelMemory(settings.channel, settings.settle, remember=settings.memory)


def _date(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
