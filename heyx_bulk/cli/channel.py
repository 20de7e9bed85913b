"""The commands that read a channel: its contacts, and the fields they have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli import options as o
from heyx_bulk.cli.console import Console, report_errors
from heyx_bulk.values.equality import PhoneLookup


def export(
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="The .xlsx, .csv, .jsonl or .parquet file to write, or - for CSV on standard output.",
            show_default=False,
        ),
    ],
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="FIELD=VALUE", help="Contacts with this value; repeatable, any of them."),
    ] = None,
    where_in: Annotated[
        list[str] | None,
        typer.Option(
            "--where-in",
            metavar="FIELD=SHEET:COLUMN",
            help="Contacts with any value of a sheet's column, such as phone=leads.xlsx:Mobile. Repeatable.",
        ),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--ids", metavar="SHEET[:COLUMN]", help="Contacts by the ids in a sheet's column. Repeatable."
        ),
    ] = None,
    known: Annotated[
        bool, typer.Option("--known", help="Every contact that runs and exports on this machine have met.")
    ] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="Only contacts with this tag; repeatable, all."),
    ] = None,
    any_tag: Annotated[
        list[str] | None,
        typer.Option("--any-tag", metavar="TAG", help="Only contacts with one of these tags. Repeatable."),
    ] = None,
    not_tag: Annotated[
        list[str] | None,
        typer.Option("--not-tag", metavar="TAG", help="Only contacts without this tag; repeatable."),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--if",
            metavar="CONDITION",
            help="Only contacts of which it is true: 'City=Oslo', also != ~ (contains) > <, 'Email blank', "
            "'Email not blank'; repeatable, all.",
        ),
    ] = None,
    created_after: Annotated[
        str | None,
        typer.Option("--created-after", metavar="DATE", help="Only contacts made on this day or later."),
    ] = None,
    created_before: Annotated[
        str | None, typer.Option("--created-before", metavar="DATE", help="Only contacts made before this day.")
    ] = None,
    ignore_case: Annotated[
        bool, typer.Option("--ignore-case", help="Take tags for the same whose letters differ in case alone.")
    ] = False,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="FIELD,FIELD",
            help="Only these, in this order; id, tags, tag:VIP and created_at too.",
        ),
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="FIELD=HEADER", help="The header of a column. Repeatable."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", metavar="FILE", help="A mapping file, the other way round: fields get its headers."
        ),
    ] = None,
    tag_columns: Annotated[
        bool, typer.Option("--tag-columns", help="A column for each tag, with true or false.")
    ] = False,
    timezone: Annotated[
        str,
        typer.Option("--timezone", metavar="ZONE", help="For created_at and the dates of filters: Asia/Karachi."),
    ] = "UTC",
    passes: Annotated[
        int,
        typer.Option(
            "--passes", metavar="N", min=1, help="How often to read, at most, while contacts come and go."
        ),
    ] = 3,
    per_page: Annotated[
        int | None,
        typer.Option("--per-page", metavar="N", min=11, help="Ask for larger pages; used if HeyX gives them."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the first pages, say what the rest takes, and end.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--restart", help="Read everything anew, where an export to this file was stopped.")
    ] = False,
    phone_lookup: o.Lookup = PhoneLookup.BOTH,
    raw_csv: o.RawCsv = False,
    max_calls: o.MaxCalls = None,
    until: o.Until = None,
    max_duration: o.MaxDuration = None,
    log: o.LogTo = None,
    log_values: o.LogValues = False,
    rate: o.RateOption = None,
    rate_share: o.RateShare = None,
    workers: o.Workers = None,
    timeout: o.Timeout = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Export contacts, found by values and ids, and filtered by tags and more.

    \b
    heyx-bulk export vip.xlsx --where isLead=true --where isLead=false --tag VIP --not-tag Churned
    heyx-bulk export leads.csv --where-in phone=leads.xlsx:Mobile
    heyx-bulk export - --known --if 'City=Oslo' | less

    HeyX cannot list all contacts: it finds those that have the value you name. What is found is filtered here. An
    export that was stopped is carried on by the same command.
    """
    from heyx_bulk.cli.export import Asked, Filters, LayoutOptions, Sources, export_contacts

    with report_errors():
        asked = Asked(
            out=out,
            sources=Sources(
                tuple(where or ()), tuple(where_in or ()), tuple(ids or ()), known=known, lookup=phone_lookup
            ),
            filters=Filters(
                tuple(tag or ()),
                tuple(any_tag or ()),
                tuple(not_tag or ()),
                tuple(condition or ()),
                created_after,
                created_before,
                ignore_case=ignore_case,
            ),
            shape=LayoutOptions(
                columns, tuple(rename or ()), mapping, tag_columns=tag_columns, timezone=timezone, raw_csv=raw_csv
            ),
            speaking=o.ConnectionOptions(rate=rate, rate_share=rate_share, workers=workers, timeout=timeout),
            stops=o.StopOptions(max_calls=max_calls, until=until, max_duration=max_duration).conditions(
                alike=False
            ),
            log=o.log_file(log, values=log_values),
            console=Console(quiet=quiet, as_json=as_json),
            passes=passes,
            per_page=per_page,
            again=again,
            dry_run=dry_run,
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

    with report_errors():
        asked = Asked(
            where=where,
            add=tuple(add or ()),
            forget=tuple(forget or ()),
            lookup=phone_lookup,
            speaking=o.ConnectionOptions(rate=rate, timeout=timeout),
            console=Console(quiet=quiet, as_json=as_json),
        )
        raise typer.Exit(tell_fields(asked))


cache = typer.Typer(
    no_args_is_help=True,
    help="What this machine remembers of a channel's contacts, for `export --known` and `upload --since-export`.",
)


@cache.command("show")
def show_memory(quiet: o.Quiet = False, as_json: o.Json = False) -> None:
    """How many contacts are remembered, which exports, and where.

    \b
    heyx-bulk cache show

    Every upload and export adds to it. HEYX_CACHE=off in the environment remembers no further contacts.
    """
    from heyx_bulk.cli.cache import show

    with report_errors():
        raise typer.Exit(show(Console(quiet=quiet, as_json=as_json)))


@cache.command("forget")
def forget_memory(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Forget all contacts and exports of the channel on this machine. HeyX keeps its contacts.

    \b
    heyx-bulk cache forget --yes
    """
    from heyx_bulk.cli.cache import forget

    with report_errors():
        raise typer.Exit(forget(Console(quiet=quiet, as_json=as_json), yes=yes))
