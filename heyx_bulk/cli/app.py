"""The commands, put together; each is imported when it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import groupby
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from heyx_bulk.cli.command import (
    CONTEXT,
    Command,
    ExitCodes,
    ParsesArguments,
    build_command,
    on_one_line,
)
from heyx_bulk.cli.ending import Ending
from heyx_bulk.cli.help_page import Entry, group_page
from heyx_bulk.models.option import Panel
from heyx_bulk.models.phrases import did_you_mean

_NO_COMMANDS: Mapping[str, Any] = MappingProxyType({})
_ROWS = "Finished, but some rows failed, are invalid or uncertain."
_OPEN_ROWS = "Some rows failed, are invalid, uncertain or not sent yet."
_ALL_ROWS = "Every row succeeded."


class Place(NamedTuple):
    """Where a command stands in the help, and what its exit codes mean.

    Its function is the one with its name in the module with its name; that of a command of a group is in the
    group's module. A group has `commands`, and a `summary`.
    """

    panel: str
    exit_codes: ExitCodes
    commands: Mapping[str, Place] = _NO_COMMANDS
    summary: str = ""


COMMANDS = {
    "inspect": Place("Before an upload", ExitCodes("Every row can be sent.", "Some rows are invalid.")),
    "columns": Place("Before an upload", ExitCodes("Every column is mapped.")),
    "upload": Place("Upload", ExitCodes(_ALL_ROWS, _ROWS, resumed=True, asked=True)),
    "rerun": Place("Upload", ExitCodes(_ALL_ROWS, _ROWS, resumed=True)),
    "plan": Place(
        "Upload", ExitCodes("Every row can be sent.", "Some rows are invalid or would fail.", resumed=True)
    ),
    "apply": Place("Upload", ExitCodes(_ALL_ROWS, _ROWS, resumed=True, asked=True)),
    "sync": Place("Upload", ExitCodes("Every row succeeded, or nothing was to be sent.", _ROWS, resumed=True)),
    "undo": Place("Upload", ExitCodes(_ALL_ROWS, _ROWS, resumed=True, asked=True)),
    "status": Place("Runs and results", ExitCodes(_ALL_ROWS, _OPEN_ROWS)),
    "report": Place("Runs and results", ExitCodes(_ALL_ROWS, _OPEN_ROWS)),
    "explain": Place("Runs and results", ExitCodes("The row was found.")),
    "verify": Place(
        "Runs and results", ExitCodes("HeyX holds what was sent.", "HeyX holds something else.", resumed=True)
    ),
    "export": Place(
        "Contacts of the channel",
        ExitCodes("The export is complete.", "Some contacts could not be read, or may be missing.", resumed=True),
    ),
    "fields": Place("Contacts of the channel", ExitCodes("The custom fields were listed.", resumed=True)),
    "cache": Place(
        "Contacts of the channel",
        ExitCodes("Done."),
        {
            "show": Place("Commands", ExitCodes("Done.")),
            "forget": Place("Commands", ExitCodes("Done.", asked=True)),
        },
        "Show or forget the contacts and exports of a channel that this machine remembers.",
    ),
    "channels": Place(
        "Channels and settings",
        ExitCodes("Done."),
        {
            "add": Place("Commands", ExitCodes("The channel is set up.", resumed=True)),
            "list": Place("Commands", ExitCodes("The channels were listed.")),
            "test": Place("Commands", ExitCodes("HeyX accepts the token of each channel.", resumed=True)),
            "rename": Place("Commands", ExitCodes("Done.")),
            "remove": Place("Commands", ExitCodes("Done.")),
        },
        "Set up channels by name, with their tokens in the system's keyring.",
    ),
    "settings": Place("Channels and settings", ExitCodes("The settings were shown.")),
    "sandbox": Place("Practice", ExitCodes("The sandbox was stopped.")),
}


class Group(ParsesArguments, TyperGroup):
    """Commands, each imported and built when it is called, with our own page of help."""

    places: Mapping[str, Place] = _NO_COMMANDS
    module = ""
    """The module of its commands' functions; blank where each has a module of its own."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return [*self.places]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        if cmd_name not in self.commands and (place := self.places.get(cmd_name)) is not None:
            self.commands[cmd_name] = self._built(cmd_name, place)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name = args[0]
        if name not in self.places and not ctx.resilient_parsing and not name.startswith("-"):
            ctx.fail(f"{name} is not a command of {ctx.command_path}.{did_you_mean(name, self.places)}")
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        panels = {
            panel: [Entry(name, self._summary(name, place)) for name, place in places]
            for panel, places in groupby(self.places.items(), key=lambda item: item[1].panel)
        }
        formatter.write(group_page(self, ctx, panels))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        from typer.core import CompletionItem  # type: ignore[attr-defined]  # typer has no public name for it

        commands = (
            CompletionItem(name, help=self._summary(name, place))
            for name, place in self.places.items()
            if name.startswith(incomplete)
        )
        return on_one_line([*commands, *super(TyperGroup, self).shell_complete(ctx, incomplete)])

    def _built(self, name: str, place: Place) -> Command | Group:
        if not place.commands:
            return build_command(name, self._function(name), place.exit_codes)
        group = Group(name=name, help=place.summary, no_args_is_help=True, context_settings=CONTEXT)
        group.places, group.module = place.commands, name
        return group

    def _function(self, name: str) -> Callable[..., int | None]:
        function: Callable[..., int | None] = getattr(import_module(f"heyx_bulk.cli.{self.module or name}"), name)
        return function

    def _summary(self, name: str, place: Place) -> str:
        text = place.summary or inspect.cleandoc(self._function(name).__doc__ or "")
        return " ".join(text.partition("\n\n")[0].split())


class Program(Group):
    """The program itself."""

    places = COMMANDS

    def invoke(self, ctx: Any) -> Any:
        with Ending():
            return super().invoke(ctx)


app = typer.Typer(
    name="heyx-bulk",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)


def main() -> None:
    """Run the command line."""
    app(prog_name="heyx-bulk")


def _version(asked: bool) -> None:  # noqa: FBT001  typer calls it so
    if asked:
        from importlib.metadata import version

        typer.echo(f"heyx-bulk {version('heyx-bulk')}")
        raise typer.Exit


@app.callback()
def heyx_bulk(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version.", rich_help_panel=Panel.OUTPUT
        ),
    ] = False,
) -> None:
    """Upload a spreadsheet of contacts to HeyX, rerun the rows that failed, export contacts.

    \b
    heyx-bulk inspect contacts.xlsx
    heyx-bulk upload contacts.xlsx --simulate
    heyx-bulk upload contacts.xlsx
    heyx-bulk status
    heyx-bulk rerun contacts.xlsx.checkpoint
    heyx-bulk export vip.xlsx --where isLead=true --tag VIP

    heyx-bulk uses the channel that you set up with `channels add`, or the token in HEYX_TOKEN or in the file that
    HEYX_TOKEN_FILE names. inspect, columns, upload --simulate, status, report, explain and sandbox need no token.

    Exit codes: 0 success; 2 nothing was sent, correct what the message names; 3 finished, but some rows failed,
    are invalid or uncertain; 4, 129, 130 or 143 stopped early, run the same command to resume. COMMAND --help
    says more.
    """
