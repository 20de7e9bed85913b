"""`heyx-bulk cache`: what this machine remembers of a channel's contacts, shown and forgotten."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import datetime

import typer

from heyx_bulk.cli.console import Console, count
from heyx_bulk.errors import SettingsError
from heyx_bulk.settings import Settings, from_environment
from heyx_bulk.storage.cache.channel_cache import ChannelCache


def show(console: Console) -> int:
    """Say what is remembered; the exit code."""
    settings = from_environment(os.environ)
    with _cache(settings) as cache:
        contacts, seen, exports = cache.contacts.count(), cache.contacts.seen(), cache.contacts.exports()
        fields = [field.name for field in cache.fields.known()]
        size = cache.path.stat().st_size
        if seen is not None:
            console.say(f"Contacts last seen between {_date(seen[0])} and {_date(seen[1])}.")
        for export in exports:
            console.say(
                f"Export {export.number} of {_date(export.at)}: {export.name}, {count(export.contacts, 'contact')}"
            )
        if fields:
            console.say(f"Custom fields: {', '.join(fields)}")
        if spellings := cache.phone_spellings:
            console.say(f"Phones were found as: {', '.join(spellings)}")
        console.say(f"It lies in {cache.path} ({size / 1e6:.1f} MB).")
        if not settings.cache:
            console.say("HEYX_CACHE is off: no further contact is remembered.")
        document = {
            "contacts": contacts,
            "first_seen": seen[0] if seen else None,
            "last_seen": seen[1] if seen else None,
            "exports": [asdict(export) for export in exports],
            "fields": fields,
            "path": str(cache.path),
            "bytes": size,
        }
    console.result(f"{count(contacts, 'contact')} remembered", document)
    return 0


def forget(console: Console, *, yes: bool) -> int:
    """Forget all contacts and exports, once that is agreed to; the exit code."""
    with _cache(from_environment(os.environ)) as cache:
        contacts, exports = cache.contacts.count(), len(cache.contacts.exports())
        what = f"{count(contacts, 'contact')} and {count(exports, 'export')}"
        if (contacts or exports) and not yes:
            if not console.can_ask:
                raise SettingsError(
                    f"Nothing was forgotten: {what} would be gone, and nobody can be asked.", "Add --yes."
                )
            if not typer.confirm(f"Forget {what}? HeyX keeps them.", default=False, err=True):
                console.say("Nothing was forgotten.")
                return 0
        cache.contacts.forget()
    console.result(f"{what} forgotten", {"contacts": contacts, "exports": exports})
    return 0


def _cache(settings: Settings) -> ChannelCache:
    return ChannelCache(settings.channel, settings.reconcile_delay, remember=settings.cache)


def _date(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
