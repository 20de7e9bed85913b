"""Commands: functions whose parameters are dataclasses of options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand

from heyx_bulk.cli.completion import completion_of
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.ending import USAGE_MISTAKE
from heyx_bulk.cli.help_page import Entry, command_page, usage_pieces
from heyx_bulk.errors import UsageError
from heyx_bulk.models.option import Declared, Panel, assemble, declared
from heyx_bulk.models.phrases import did_you_mean, shorten
from heyx_bulk.settings.connection import ConnectionOptions

CONTEXT = {"help_option_names": ["-h", "--help"]}
LONGEST_OFFERED_HELP = 60

SheetPath = Annotated[
    Path,
    typer.Argument(
        metavar="SHEET",
        help="An Excel, OpenDocument or CSV file with a header row, also in a .zip or .gz; - reads CSV from "
        "standard input.",
        show_default=False,
    ),
]
CheckpointPath = Annotated[
    Path,
    typer.Argument(
        metavar="CHECKPOINT", help="The checkpoint of a run, or the sheet it belongs to.", show_default=False
    ),
]


@dataclass(frozen=True, slots=True)
class Only:
    """Of a dataclass of options, only those that set these fields."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Of a dataclass of options, all but those that set these fields."""

    names: tuple[str, ...]


NoMapping = Annotated[
    bool,
    typer.Option("--no-mapping", help="Do not look for a mapping file.", rich_help_panel=Panel.COLUMNS),
]
ASK_ABOVE = 100
AskAbove = Annotated[
    int,
    typer.Option(
        "--ask-above",
        metavar="N",
        min=0,
        help="Ask before more than N contacts are written.",
        rich_help_panel=Panel.LIMITS,
    ),
]
AgreedTo = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Do not ask before many contacts are written.", rich_help_panel=Panel.USUAL),
]
First = Annotated[
    int,
    typer.Option(
        "--first", metavar="N", min=0, help="Show the changes of the first N rows.", rich_help_panel=Panel.TRIAL
    ),
]


def plan_file(otherwise: str) -> Any:
    """The option for the file of a plan; its help names the default."""
    return typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help=f"The plan: a file that ends in .xlsx, .csv, .json or .html [default: {otherwise}].",
        show_default=False,
        rich_help_panel=Panel.USUAL,
    )


PlainConsole = Annotated[Console, Without(("verbose", "progress_form"))]
"""A console for a command that names no rows and has no progress."""
ReadingConsole = Annotated[Console, Without(("verbose",))]
"""A console for a command that names no rows."""


ChannelNamed = Annotated[ConnectionOptions, Only(("channel", "token_file"))]
"""Which channel is meant, for a command that sends nothing."""


AS_JSON = "console_as_json"
"""Under which name the option --json of a command's console is given."""

_MADE_OF_TEXT: Mapping[Any, Callable[[Any], Any]] = {
    **dict.fromkeys((str, str | None), str),
    **dict.fromkeys((Path, Path | None), Path),
    list[str] | None: list,
}
"""How the values of a type are made of what was typed, for the types that cannot be mistyped."""


@dataclass(frozen=True, slots=True)
class ExitCodes:
    """What the exit codes of a command mean: `done` (0) and `incomplete` (3); 4 where calls can be `resumed`.

    A no to what the command has `asked` is exit code 2.
    """

    done: str
    incomplete: str = ""
    resumed: bool = False
    asked: bool = False

    def entries(self) -> Iterator[Entry]:
        """The codes as lines of help."""
        yield Entry("0", self.done)
        yield Entry("1", "A bug in heyx-bulk: please report it.")
        no = "you answered no, or " if self.asked else ""
        yield Entry("2", f"Nothing was sent: {no}the message says what to correct.")
        if self.incomplete:
            yield Entry("3", self.incomplete)
        if self.resumed:
            yield Entry("4", "Stopped early, nothing is lost: run the same command to resume.")
            yield Entry("129, 130, 143", "Interrupted by a signal: run the same command to resume.")


class ParsesArguments:
    """A command or group that names the nearest option where one is not its own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters; a flag that is not given is False, which typer need not load pydantic to find out."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # of the class beside this one
        for one in parameters:
            if getattr(one, "is_flag", False) and one.default is None and not one.secondary_opts:
                one.default = False
        return parameters

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, as typer does."""
        try:
            parsed: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # of the class beside this one
        except USAGE_MISTAKE as mistake:
            suggest_option(mistake, [flag for one in ctx.command.get_params(ctx) for flag in one.opts])
            raise
        return parsed


class Command(ParsesArguments, TyperCommand):
    """A command with our own page of help, and a near name for an option that it does not have."""

    exit_codes: ExitCodes

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        invocation = Console.invocation
        invocation.command = ctx.command_path.partition(" ")[2]
        options = args[: args.index("--")] if "--" in args else args
        invocation.as_json = "--json" in options and any("--json" in one.opts for one in self.params)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(command_page(self, ctx, self.exit_codes.entries()))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return usage_pieces(self.get_params(ctx))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        return on_one_line(super().shell_complete(ctx, incomplete))


def on_one_line(offered: list[Any]) -> list[Any]:
    """What is offered to a shell, each with a help so short that typer does not wrap it."""
    for item in offered:
        item.help = item.help and shorten(item.help.partition(". ")[0], LONGEST_OFFERED_HELP)
    return offered


def suggest_option(mistake: Any, flags: Sequence[str]) -> None:
    """Say in our words that an option is unknown, with the nearest of `flags`; leave other mistakes alone."""
    if hasattr(mistake, "possibilities"):
        mistake.possibilities = None
        name = mistake.option_name
        near = _commands_with(mistake.ctx, name) or did_you_mean(name, flags)
        mistake.message = f"{name} is not an option of {mistake.ctx.command_path}.{near}"


def _commands_with(context: Any, flag: str) -> str:
    """` It is an option of upload.`, if other commands have the option `flag`; else blank."""
    program = context.find_root().command
    commands = [program.get_command(context, name) for name in getattr(program, "places", ())]
    names = [one.name for one in commands if any(flag in option.opts for option in one.params)]
    return f" It is an option of {', '.join(names)}." if names else ""


def build_command(name: str, function: Callable[..., int | None], exit_codes: ExitCodes) -> Command:
    """The command that a function is.

    Each parameter that is a dataclass of options becomes those options, in `Annotated` only some of them; all
    mistakes in them are reported together. The number that the function returns is the exit code.
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, tuple[type, dict[str, Declared]]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        options, chosen = _options(hint)
        if options is None:
            parameters.append(parameter.replace(annotation=hint, kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        group = {f"{parameter.name}_{'_'.join(one.path)}": one for one in chosen}
        groups[parameter.name] = options, group
        parameters += [_parameter(key, one) for key, one in group.items()]

    def run(**given: Any) -> None:
        invocation = Console.invocation
        invocation.is_running, invocation.as_json = True, bool(given.get(AS_JSON))
        others = {key: value for key, value in given.items() if key in hints}
        raise typer.Exit(function(**others, **_read_options(groups, given)) or 0)

    run.__doc__ = function.__doc__
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=CONTEXT)
    alone.command(name, cls=Command)(run)
    command = cast("Command", typer.main.get_command(alone))
    command.exit_codes = exit_codes
    kinds = {parameter.name: get_args(parameter.annotation)[0] for parameter in parameters}
    for one in command.params:
        _convert_only_what_is_given(one, kinds[str(one.name)])
        _read_variable(one)
    return command


def _options(hint: Any) -> tuple[type | None, list[Declared]]:
    """The dataclass of options that a parameter is, and those of its options that are wanted."""
    options, *choices = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if not is_dataclass(options):
        return None, []
    chosen = list(declared(cast("type", options)))
    for choice in choices:
        match choice:
            case Only(names):
                chosen = [one for one in chosen if one.path[-1] in names]
            case Without(names):
                chosen = [one for one in chosen if not set(one.path) & set(names)]
    return cast("type", options), chosen


def _parameter(name: str, found: Declared) -> inspect.Parameter:
    """The parameter that typer makes an option of."""
    option, default = found.option, found.default
    kind: Any = str if option.parse is not None else found.type  # the type of what is parsed may be lazy
    if get_origin(kind) is tuple:
        kind, default = list[str] | None, None
    elif kind is str:
        kind, default = str | None, None if option.parse is not None else default or None
    declaration = typer.Option(
        *option.flags,
        help=option.help,
        metavar=option.metavar,
        min=option.least,
        max=option.most,
        show_default=option.show_default,
        rich_help_panel=option.panel,
        autocompletion=completion_of(option.metavar),
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, declaration]
    )


def _convert_only_what_is_given(parameter: Any, kind: Any) -> None:
    """Leave to typer only values that need it: not defaults, texts and paths.

    Its converters load pydantic, which takes longer than all else that a completion does.
    """
    convert, make = parameter.process_value, _MADE_OF_TEXT.get(kind)

    def process(context: Any, value: Any) -> Any:
        if value is None and parameter.required and not context.resilient_parsing:
            return convert(context, value)
        if value is None or value == parameter.default:
            return value
        return convert(context, value) if make is None else make(value)

    parameter.__dict__["process_value"] = process


def _read_variable(parameter: Any) -> None:
    """Let a variable stand for an option: HEYX_BULK_RATE for --rate; of several values, one a line."""
    flag = next((name for name in parameter.opts if name.startswith("--")), None)
    if flag is None or parameter.name == "help":
        return
    parameter.envvar = f"HEYX_BULK_{flag[2:].replace('-', '_').upper()}"
    if parameter.multiple:

        def read(context: Any) -> list[str] | None:
            text = parameter.resolve_envvar_value(context)
            return None if text is None else text.splitlines()

        parameter.__dict__["value_from_envvar"] = read


def _read_options(
    groups: Mapping[str, tuple[type, Mapping[str, Declared]]], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The dataclasses of options, from the values that typer read; all mistakes are raised as one."""
    values: dict[str, dict[tuple[str, ...], Any]] = {name: {} for name in groups}
    mistakes: list[UsageError] = []
    for name, (_, group) in groups.items():
        for key, found in group.items():
            try:
                values[name][found.path] = _value(found, given[key])
            except UsageError as mistake:
                mistakes.append(mistake)
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise UsageError("\n".join(" ".join(filter(None, (one.what, one.remedy))) for one in mistakes))
    return {name: assemble(options, values[name]) for name, (options, _) in groups.items()}


def _value(found: Declared, value: Any) -> Any:
    if value is None or value == found.default:
        return found.default
    if found.option.parse is not None:
        return found.option.parse(value)
    return tuple(value) if isinstance(value, list) else value
