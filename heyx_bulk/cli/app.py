"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli import cache
from heyx_bulk.cli.columns import columns
from heyx_bulk.cli.command import command
from heyx_bulk.cli.explain import explain
from heyx_bulk.cli.export import export
from heyx_bulk.cli.fields import fields
from heyx_bulk.cli.inspect import inspect
from heyx_bulk.cli.report import report
from heyx_bulk.cli.rerun import rerun
from heyx_bulk.cli.sandbox import sandbox
from heyx_bulk.cli.status import status
from heyx_bulk.cli.upload import upload
from heyx_bulk.cli.verify import verify

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
    *,
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


for function in (upload, inspect, columns, rerun, report, status, explain, verify, export, fields):
    command(app, function)
cache_app = typer.Typer(
    no_args_is_help=True,
    help="What this machine remembers of a channel's contacts, for `export --known` and `upload --since-export`.",
)
command(cache_app, cache.show)
command(cache_app, cache.forget)
app.add_typer(cache_app, name="cache")
command(app, sandbox)
