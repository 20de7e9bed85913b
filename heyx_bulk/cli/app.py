"""The commands and their options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from heyx_bulk.cli import channel, runs, sheets
from heyx_bulk.cli import options as o
from heyx_bulk.cli.console import Console, report_errors
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.planning.planner import Mode
from heyx_bulk.values.equality import PhoneLookup

app = typer.Typer(
    name="heyx-bulk",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main() -> None:
    """Run the command line."""
    app()


def _version(asked: bool) -> None:  # noqa: FBT001  typer calls it so
    if asked:
        from importlib.metadata import version

        typer.echo(f"heyx-bulk {version('heyx-bulk')}")
        raise typer.Exit


@app.callback()
def heyx_bulk(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Upload a spreadsheet of contacts to HeyX, rerun the rows that failed, export contacts by tag.

    \b
    heyx-bulk inspect contacts.xlsx               what is in it, and what is wrong with it
    heyx-bulk columns contacts.xlsx --save FILE   what its columns mean, to be corrected in a file
    heyx-bulk upload contacts.xlsx --simulate     try it all without HeyX and without a token
    heyx-bulk upload contacts.xlsx                upload; the same command again carries on
    heyx-bulk status                              how the runs in this folder stand
    heyx-bulk rerun contacts.xlsx.checkpoint      send the failed rows again
    heyx-bulk export vip.xlsx --where isLead=true --tag VIP
    heyx-bulk fields --where isLead=true          learn which custom fields the channel has
    heyx-bulk sandbox                             a HeyX of your own, to play with

    \b
    The channel's token is read from HEYX_TOKEN, or from the file named by HEYX_TOKEN_FILE.
    Exit codes: 0 every row is as wanted; 2 something must be put right, nothing was sent; 3 finished, but
    some rows failed, are invalid or uncertain; 4, 129, 130, 143 stopped, the same command carries on.
    """


@app.command()
def upload(
    sheet: o.Sheet,
    worksheet: o.Worksheet = None,
    header_row: o.HeaderRow = None,
    encoding: o.Encoding = None,
    delimiter: o.Delimiter = None,
    raw_csv: o.RawCsv = False,
    mapping: o.Mapping = None,
    no_mapping: o.NoMapping = False,
    map_: o.Map = None,
    ignore: o.Ignore = None,
    custom_fields: o.CustomFields = False,
    ignore_unknown: o.IgnoreUnknown = False,
    types: o.Types = None,
    constants: o.Constants = None,
    region: o.Region = None,
    phone_format: o.Format = None,
    date_order: o.Order = None,
    lenient: o.Lenient = False,
    id_column: o.IdColumn = None,
    key: o.Key = None,
    mode: o.ModeOption = Mode.UPSERT,
    duplicates: o.DuplicatesOption = Duplicates.ERROR,
    no_match: o.NoMatch = False,
    stamp: o.Stamp = None,
    trust_ids: o.TrustIds = False,
    accept_suspect_ids: o.AcceptSuspectIds = False,
    since_export: o.SinceExport = False,
    export_number: o.ExportNumber = None,
    check: o.Check = False,
    read_first: o.ReadFirst = None,
    phone_lookup: o.Lookup = PhoneLookup.BOTH,
    add_tag: o.AddTag = None,
    remove_tag: o.RemoveTag = None,
    rehearse: Annotated[
        bool, typer.Option("--simulate", help="The whole run against a sandbox; needs no token, sends nothing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look up every row's contact, show what would change, write nothing.")
    ] = False,
    first: Annotated[
        int, typer.Option("--first", metavar="N", min=0, help="Show the plans of so many rows in a dry run.")
    ] = 5,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before many contacts are written.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Send nothing if any row is invalid.")] = False,
    again: Annotated[
        bool,
        typer.Option("--restart", help="Start a new run of the sheet; the run before is kept under a dated name."),
    ] = False,
    out: o.Out = None,
    rate: o.RateOption = None,
    rate_share: o.RateShare = None,
    workers: o.Workers = None,
    timeout: o.Timeout = None,
    reconcile_delay: o.Settle = None,
    viber: o.Viber = False,
    max_failures: o.MaxFailures = None,
    max_calls: o.MaxCalls = None,
    max_creates: o.MaxCreates = None,
    until: o.Until = None,
    max_duration: o.MaxDuration = None,
    canary: o.Canary = 0,
    log: o.LogTo = None,
    log_values: o.LogValues = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    as_json: o.Json = False,
) -> None:
    """Upload a sheet: every row becomes a contact as the row says, created or updated.

    \b
    heyx-bulk upload contacts.xlsx --simulate
    heyx-bulk upload contacts.xlsx --dry-run --first 20
    heyx-bulk upload contacts.csv --map "Group=tags" --ignore Notes --add-tag "Spring fair"
    heyx-bulk upload customers.xlsx --worksheet 2026 --custom-fields --key customerid
    heyx-bulk upload vip.xlsx --since-export

    Columns are recognised by their headers: First Name is firstName, tags holds a list. A run stopped
    halfway is carried on by the same command. Results are written beside the sheet.
    """
    from heyx_bulk.cli.mapping import MappingWish
    from heyx_bulk.cli.upload import Asked, upload_sheet
    from heyx_bulk.upload.options import UploadOptions

    with report_errors():
        asked = Asked(
            sheet=sheet,
            options=UploadOptions(
                mapping=o.mapping_options(
                    map_=map_,
                    ignore=ignore,
                    custom_fields=custom_fields,
                    ignore_unknown=ignore_unknown,
                    types=types,
                    constants=constants,
                    region=region,
                    phone_format=phone_format,
                    date_order=date_order,
                    lenient=lenient,
                    id_column=id_column,
                    key=key,
                    no_match=no_match,
                    add_tag=add_tag,
                    remove_tag=remove_tag,
                    stamp=stamp,
                ),
                matching=o.matching(
                    lookup=phone_lookup, no_match=no_match, trust_ids=trust_ids, mode=mode, check=check
                ),
                worksheet=worksheet,
                header_row=header_row,
                encoding=encoding,
                separator=delimiter,
                raw_csv=raw_csv,
                accept_rounded_ids=accept_suspect_ids,
                duplicates=duplicates,
                viber=viber,
                since_export=since_export or export_number is not None,
                export_number=export_number,
                read_first=read_first,
            ),
            mapping=MappingWish(mapping, look=not no_mapping),
            speaking=o.ConnectionOptions(rate, workers, timeout, reconcile_delay, rate_share, viber=viber),
            stops=o.StopOptions(max_failures, max_calls, max_creates, until, max_duration).conditions(),
            canary=canary,
            log=o.log_file(log, values=log_values),
            out=out,
            console=Console(quiet=quiet, verbose=verbose, as_json=as_json),
            yes=yes,
            strict=strict,
            again=again,
            rehearse=rehearse,
            dry_run=dry_run,
            first=first,
        )
        raise typer.Exit(upload_sheet(asked))


app.command()(sheets.inspect)
app.command()(sheets.columns)


@app.command()
def rerun(
    checkpoint: o.Checkpoint,
    uncertain: Annotated[
        bool,
        typer.Option(
            "--uncertain",
            help="Also send the uncertain rows, as if they had never been sent: you have looked, and they are not "
            "in HeyX.",
        ),
    ] = False,
    rate: o.RateOption = None,
    rate_share: o.RateShare = None,
    workers: o.Workers = None,
    timeout: o.Timeout = None,
    reconcile_delay: o.Settle = None,
    viber: o.Viber = False,
    max_failures: o.MaxFailures = None,
    max_calls: o.MaxCalls = None,
    max_creates: o.MaxCreates = None,
    until: o.Until = None,
    max_duration: o.MaxDuration = None,
    log: o.LogTo = None,
    log_values: o.LogValues = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    as_json: o.Json = False,
) -> None:
    """Send the failed rows of a run again, each from where it stands.

    \b
    heyx-bulk rerun contacts.xlsx.checkpoint
    heyx-bulk rerun contacts.xlsx.checkpoint --uncertain

    No call that succeeded is repeated. Rows that are uncertain are looked for again; one that cannot be told
    stays uncertain, until --uncertain sends it knowingly.
    """
    from heyx_bulk.cli.rerun import rerun as run

    with report_errors():
        console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
        speaking = o.ConnectionOptions(rate, workers, timeout, reconcile_delay, rate_share, viber=viber)
        stops = o.StopOptions(max_failures, max_calls, max_creates, until, max_duration).conditions(alike=False)
        log_to = o.log_file(log, values=log_values)
        raise typer.Exit(run(checkpoint, speaking, console, stops=stops, log=log_to, uncertain=uncertain))


@app.command()
def report(
    checkpoint: o.Checkpoint,
    salvage: Annotated[
        bool, typer.Option("--recover", help="Save what can be read of a checkpoint that the disk has damaged.")
    ] = False,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Write the results file of a run as it stands, also while the run goes on.

    \b
    heyx-bulk report contacts.xlsx.checkpoint
    heyx-bulk report contacts.xlsx.checkpoint --recover
    """
    from heyx_bulk.cli.recover import save
    from heyx_bulk.cli.rerun import report as run

    with report_errors():
        console = Console(quiet=quiet, as_json=as_json)
        raise typer.Exit(save(checkpoint, console) if salvage else run(checkpoint, console))


app.command()(runs.status)
app.command()(runs.explain)
app.command()(runs.verify)


app.command()(channel.export)
app.command()(channel.fields)
app.add_typer(channel.cache, name="cache")


def _share(what: str, option: str) -> object:
    return typer.Option(option, metavar="SHARE", min=0.0, max=1.0, help=f"Share (0 to 1) of {what}.")


@app.command()
def sandbox(
    port: Annotated[int, typer.Option("--port", help="0 takes any free one.")] = 0,
    rate: Annotated[
        str, typer.Option("--rate", metavar="CALLS/TIME", help="The limit: 200/min, 100/min, or 200/3s to hurry.")
    ] = "200/min",
    window: Annotated[
        Literal["fixed", "redis", "sliding", "bucket", "small-bucket"],
        typer.Option("--window", help="How the limit comes back: nobody knows which of these HeyX has."),
    ] = "fixed",
    limit_headers: Annotated[
        bool, typer.Option("--limit-headers/--no-limit-headers", help="Whether answers tell of the limit.")
    ] = True,
    latency: Annotated[
        float, typer.Option("--latency", metavar="SECONDS", min=0.0, help="How long an answer takes.")
    ] = 0.0,
    empty: Annotated[bool, typer.Option("--empty", help="Start without contacts.")] = False,
    lose_answers: Annotated[
        float, _share("answers that never come, though the call took effect", "--lose-answers")
    ] = 0,
    lose_create_answers: Annotated[float, _share("creates whose answer never comes", "--lose-create-answers")] = 0,
    errors_after_write: Annotated[float, _share("writes answered 5xx, though done", "--errors-after-write")] = 0,
    errors_before: Annotated[float, _share("calls answered 5xx and not done", "--errors-before")] = 0,
    lag: Annotated[
        float, typer.Option("--lag", metavar="SECONDS", min=0.0, help="Until a search finds a new contact.")
    ] = 0.0,
    refuse_creates: Annotated[
        int, typer.Option("--refuse-creates", metavar="N", min=0, help="Refuse the first N creates.")
    ] = 0,
    revoke_after: Annotated[
        int | None, typer.Option("--revoke-after", metavar="N", help="The token is invalid after N calls.")
    ] = None,
    drop_field: Annotated[
        list[str] | None,
        typer.Option("--drop-field", metavar="FIELD", help="Take this field and forget it. Repeatable."),
    ] = None,
    clean_tags: Annotated[
        bool, typer.Option("--clean-tags", help="Keep only letters, digits, blanks, - and _ of a tag.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Decides which calls the faults hit.")] = 0,
) -> None:
    """A HeyX of your own on this machine: all six calls, the limit, and faults on request.

    \b
    heyx-bulk sandbox --port 8765
    heyx-bulk sandbox --rate 200/3s --lose-create-answers 0.1 --lag 1.5

    It keeps its contacts in memory, and prints the two lines that point heyx-bulk to it.
    """
    from heyx_bulk.cli.sandbox import Limit, serve
    from heyx_bulk.sandbox import Faults
    from heyx_bulk.settings import Rate

    with report_errors():
        faults = Faults(
            seed=seed,
            lose_answers=lose_answers,
            lose_create_answers=lose_create_answers,
            errors_after_write=errors_after_write,
            errors_before=errors_before,
            lag=lag,
            refuse_creates=refuse_creates,
            revoke_after=revoke_after,
            drop_fields=frozenset(drop_field or ()),
            clean_tags=clean_tags,
        )
        serve(faults, Limit(Rate.parse(rate), window, limit_headers), port=port, latency=latency, empty=empty)
