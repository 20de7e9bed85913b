"""`heyx-bulk fields`: the custom fields of a channel, which HeyX cannot list, learned from its contacts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import Only, PlainConsole
from heyx_bulk.cli.console import Console
from heyx_bulk.errors import CallFailed, SettingsError, Unreachable
from heyx_bulk.models.option import Panel
from heyx_bulk.models.phrases import count, date_of, did_you_mean, example
from heyx_bulk.planning.matching import Matching
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.values.equality import PhoneLookup, text_of
from heyx_bulk.values.text import trim

if TYPE_CHECKING:
    from heyx_bulk.cli.documents import FieldsDocument
    from heyx_bulk.mapping.recognition import KnownFields
    from heyx_bulk.models.calls import Page
    from heyx_bulk.models.contacts import Contact, Field
    from heyx_bulk.settings.environment import Settings
    from heyx_bulk.settings.resolution import Resolved
    from heyx_bulk.storage.cache.channel_cache import ChannelCache

MOST_SAMPLES = 3


def fields(
    matching: Annotated[Matching, Only(("phone_lookup",))],
    connection: Annotated[ConnectionOptions, Only(("channel", "token_file", "rate", "timeout"))],
    console: PlainConsole,
    *,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="FIELD=VALUE",
            help="Learn the fields from contacts that have this value (one search).",
            rich_help_panel=Panel.USUAL,
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add",
            metavar="NAME",
            help="Add a custom field that the channel has. Repeatable.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = None,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            "--forget",
            metavar="NAME",
            help="Forget what is known about a field. Repeatable.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = None,
) -> int:
    """List the known custom fields of a channel, or learn them from contacts.

    \b
    heyx-bulk fields --where Newsletter=true
    heyx-bulk fields
    heyx-bulk fields --add "Shoe size"
    heyx-bulk fields --forget "Shoe size"

    HeyX cannot list its custom fields. heyx-bulk learns them from contacts, here and in every upload, and
    remembers them for the channel on this machine. It then warns about a misspelled field before it sends
    anything.
    """
    from heyx_bulk.mapping.columns import parse_field_value
    from heyx_bulk.settings.environment import settings_of
    from heyx_bulk.settings.resolution import resolve
    from heyx_bulk.storage.cache.channel_cache import ChannelCache

    wanted = None if where is None else parse_field_value(where)
    added = [_custom(name) for name in add or ()]
    resolved = resolve(os.environ, **connection.given())
    settings = settings_of(os.environ, resolved)
    console.use_channel(settings.channel)
    lookup = matching.with_settings(resolved).phones_searched
    contacts = () if wanted is None else _read(settings, wanted, lookup, console, where or "")
    with ChannelCache.of(settings) as cache:
        before = {field.name for field in cache.fields.known()}
        cache.fields.observe(contacts)
        for name in map(trim, forget or ()):
            if not cache.forget_field(name):
                raise SettingsError(
                    f"Field “{name}” is not known in this channel.{did_you_mean(name, before)}",
                    "To list the known fields:\n  heyx-bulk fields",
                )
        for name in added:
            cache.fields.add(name)
        _tell(console, cache, contacts, before)
    return 0


def settings_or_error(resolved: Resolved) -> Settings | SettingsError:
    """The settings, with the token, or why there are none: a look at a sheet and a simulation need none."""
    from heyx_bulk.settings.environment import settings_of

    try:
        return settings_of(os.environ, resolved)
    except SettingsError as error:
        return error


def known_here(settings: Settings | SettingsError) -> KnownFields:
    """The known custom fields of the channel; none where its settings or its token are missing."""
    from heyx_bulk.mapping.recognition import NO_FIELDS
    from heyx_bulk.storage.cache.channel_cache import known_fields

    return NO_FIELDS if isinstance(settings, SettingsError) else known_fields(settings.channel)


def _read(
    settings: Settings, wanted: Field, lookup: PhoneLookup, console: Console, where: str
) -> tuple[Contact, ...]:
    """One page of the contacts that have the value."""
    import asyncio

    from heyx_bulk.api.client import open_session
    from heyx_bulk.cli.signals import Signals
    from heyx_bulk.export.exporter import first_page

    async def search() -> Page:
        async with open_session(settings) as client:
            signals.attach(client)
            try:
                return await first_page(client, wanted, lookup)
            except CallFailed as failure:
                raise Unreachable(f"{failure.what}.", "Run the same command again later.") from None

    with Signals(console) as signals:
        page = asyncio.run(search())
    total = len(page.contacts) if page.total is None else page.total
    console.say(f"{count(total, 'contact')} found with {where}; {len(page.contacts)} of them read.")
    if not page.contacts:
        console.say("Write the name of the field exactly as in HeyX, including upper and lower case.")
    return page.contacts


def _custom(name: str) -> str:
    from heyx_bulk.mapping.columns import parse_field_name
    from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS

    named = parse_field_name(name)
    if not named:
        raise SettingsError("--add needs the name of a field.", "For example: --add City.")
    if named in (*STANDARD_FIELDS, *READ_ONLY_FIELDS):
        raise SettingsError(f"{named} is a standard field of HeyX, which is always known.", "Leave out --add.")
    return named


def _tell(console: Console, cache: ChannelCache, contacts: tuple[Contact, ...], before: set[str]) -> None:
    from heyx_bulk.cli.upload_view import tell_mismatches

    known, mismatches = cache.fields.known(), cache.field_mismatches()
    samples = _samples(contacts)
    width = max((len(field.name) for field in known), default=0)
    for field in known:
        new = "new, " if field.name not in before else ""
        seen = f"last seen {date_of(field.last_seen)}" if field.last_seen else "added by you, not seen yet"
        shown = ", ".join(samples.get(field.name, ())) or seen
        console.say(f"  {field.name.ljust(width)}  {field.kind:<8}  ({new}{shown})")
    if not known:
        console.suggest(
            "No custom fields of this channel are known. To learn them from contacts",
            "heyx-bulk fields --where FIELD=VALUE",
        )
    tell_mismatches(console, mismatches)
    document: FieldsDocument = {
        "fields": [
            {
                "name": field.name,
                "kind": field.kind,
                "first_seen": date_of(field.first_seen) if field.first_seen else None,
                "last_seen": date_of(field.last_seen) if field.last_seen else None,
                "new": field.name not in before,
                "values": samples.get(field.name, []),
            }
            for field in known
        ],
        "field_mismatches": mismatches,
    }
    console.result(f"{count(len(known), 'custom field')} known", document)


def _samples(contacts: Iterable[Contact]) -> dict[str, list[str]]:
    """A few values of each custom field, by its name."""
    from heyx_bulk.storage.cache.custom_fields import custom_fields

    found: dict[str, list[str]] = {}
    for contact in contacts:
        for name, value in custom_fields(contact.fields):
            text, texts = example(text_of(value)), found.setdefault(name, [])
            if text and text not in texts and len(texts) < MOST_SAMPLES:
                texts.append(text)
    return found
