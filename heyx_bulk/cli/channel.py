"""The commands that read a channel: its contacts, and the fields they have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli import options as o
from heyx_bulk.cli.say import Voice, telling_errors
from heyx_bulk.values import PhoneLookup


def export(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The .xlsx or .csv file to write.", show_default=False)
    ],
    where: Annotated[
        list[str],
        typer.Option("--where", metavar="FIELD=VALUE", help="Contacts with this value; repeatable, any of them."),
    ],
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="Only contacts with this tag; repeatable, all."),
    ] = None,
    not_tag: Annotated[
        list[str] | None,
        typer.Option("--not-tag", metavar="TAG", help="Only contacts without this tag; repeatable."),
    ] = None,
    phone_lookup: o.Lookup = PhoneLookup.BOTH,
    raw_csv: o.RawCsv = False,
    rate: o.RateOption = None,
    rate_share: o.RateShare = None,
    timeout: o.Timeout = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Export the contacts that have a field's value, filtered by tag.

    \b
    heyx-bulk export vip.xlsx --where isLead=true --tag VIP --not-tag Churned
    heyx-bulk export leads.csv --where isLead=true --where isLead=false

    HeyX cannot list all contacts: it finds those that have the value you name.
    """
    from heyx_bulk.cli.export import Asked, export_contacts

    with telling_errors():
        asked = Asked(
            out=out,
            where=tuple(where),
            tags=tuple(tag or ()),
            not_tags=tuple(not_tag or ()),
            lookup=phone_lookup,
            raw_csv=raw_csv,
            speaking=o.Speaking(rate=rate, rate_share=rate_share, timeout=timeout),
            voice=Voice(quiet=quiet, as_json=as_json),
        )
        raise typer.Exit(export_contacts(asked))


def fields(
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="FIELD=VALUE",
            help="Learn from the first contacts that have this value: one search.",
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="NAME", help="The channel has a custom field of this name. Repeatable."),
    ] = None,
    forget: Annotated[
        list[str] | None,
        typer.Option("--forget", metavar="NAME", help="Forget what is known of a field. Repeatable."),
    ] = None,
    phone_lookup: o.Lookup = PhoneLookup.BOTH,
    rate: o.RateOption = None,
    timeout: o.Timeout = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """The custom fields of a channel, as far as they are known.

    \b
    heyx-bulk fields --where Newsletter=true
    heyx-bulk fields
    heyx-bulk fields --add "Shoe size" --forget "Shoe sise"

    HeyX cannot list its fields: they are learned from contacts that have them, here and in every upload, and
    are remembered for the channel on this machine. From then on a misspelt one is caught before it is sent.
    """
    from heyx_bulk.cli.fields import Asked, tell_fields

    with telling_errors():
        asked = Asked(
            where=where,
            add=tuple(add or ()),
            forget=tuple(forget or ()),
            lookup=phone_lookup,
            speaking=o.Speaking(rate=rate, timeout=timeout),
            voice=Voice(quiet=quiet, as_json=as_json),
        )
        raise typer.Exit(tell_fields(asked))
