"""`heyx-bulk cache`: the contacts and exports of a channel that this machine remembers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import ChannelNamed, PlainConsole
from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import Panel
from heyx_bulk.models.phrases import count, minute_of

if TYPE_CHECKING:
    from heyx_bulk.cli.documents import CacheDocument, ForgottenDocument
    from heyx_bulk.settings.environment import Settings
    from heyx_bulk.storage.cache.channel_cache import ChannelCache

_ABOUT = (
    "The cache saves look-ups and remembers which columns of an export were changed.\n"
    "If you enter y, contacts are looked up again, and an export that was edited can no longer be uploaded with\n"
    "--since-export. Custom fields and the rate limit stay known."
)
_STOP = "Ctrl-C stops: nothing is forgotten."


def show(connection: ChannelNamed, console: PlainConsole) -> None:
    """Show how many contacts and which exports are remembered, and where.

    \b
    heyx-bulk cache show

    Every upload and export adds contacts. To remember no more contacts, set HEYX_CACHE=off in the environment.
    """
    from heyx_bulk.settings.environment import from_environment

    settings = from_environment(os.environ, **connection.given())
    console.use_channel(settings.channel)
    with _cache(settings) as cache:
        contacts, seen, exports = cache.contacts.count(), cache.contacts.seen(), cache.contacts.exports()
        fields = [field.name for field in cache.fields.known()]
        size = cache.path.stat().st_size
        if seen is not None:
            console.say(f"Contacts last seen between {minute_of(seen[0])} and {minute_of(seen[1])}.")
        for export in exports:
            contacts_then = count(export.contacts, "contact")
            console.say(f"Export {export.number} of {minute_of(export.at)}: {export.name}, {contacts_then}")
        if fields:
            console.say(f"Custom fields: {', '.join(fields)}")
        if spellings := cache.phone_spellings:
            console.say(f"Phone spellings found: {', '.join(spellings)}")
        console.say(f"Stored in {cache.path} ({size / 1e6:.1f} MB).")
        if not settings.cache:
            console.say("HEYX_CACHE is off: no more contacts are remembered.")
    first_seen, last_seen = seen or (None, None)
    document: CacheDocument = {
        "contacts": contacts,
        "first_seen": first_seen,
        "last_seen": last_seen,
        "exports": list(exports),
        "fields": fields,
        "path": cache.path,
        "bytes": size,
    }
    console.result(f"{count(contacts, 'contact')} remembered", document)


def forget(
    connection: ChannelNamed,
    console: PlainConsole,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.", rich_help_panel=Panel.USUAL)] = False,
) -> None:
    """Forget all contacts and exports of the channel on this machine. HeyX keeps its contacts.

    \b
    heyx-bulk cache forget --yes
    """
    from heyx_bulk.cli.asking import require_yes
    from heyx_bulk.settings.environment import from_environment

    settings = from_environment(os.environ, **connection.given())
    console.use_channel(settings.channel)
    with _cache(settings) as cache:
        contacts, exports = cache.contacts.count(), len(cache.contacts.exports())
        what = f"{count(contacts, 'contact')} and {count(exports, 'export')}"
        if (contacts or exports) and not yes:
            if not console.can_ask:
                raise SettingsError(
                    f"Nothing was forgotten. This would forget {what}, and needs your confirmation.", "Add --yes."
                )
            question = f"Forget {what}? HeyX keeps its contacts."
            require_yes(console, question, _ABOUT, nothing="Nothing was forgotten.", stop=_STOP)
        cache.contacts.forget()
    document: ForgottenDocument = {"contacts": contacts, "exports": exports}
    console.result(f"{what} forgotten", document)


def _cache(settings: Settings) -> ChannelCache:
    from heyx_bulk.storage.cache.channel_cache import ChannelCache

    return ChannelCache.of(settings)
