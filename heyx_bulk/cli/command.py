"""Commands: functions whose parameters are dataclasses of options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

import typer

from heyx_bulk.cli.console import Console, report_errors
from heyx_bulk.errors import UsageError
from heyx_bulk.models.option import Declared, assemble, declared

SheetPath = Annotated[
    Path, typer.Argument(metavar="SHEET", help="A .csv or .xlsx file with a header row.", show_default=False)
]
CheckpointPath = Annotated[
    Path, typer.Argument(metavar="CHECKPOINT", help="The checkpoint of a run, or its sheet.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Only:
    """Of a dataclass of options, only those that set these fields."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Of a dataclass of options, all but those that set these fields."""

    names: tuple[str, ...]


PlainConsole = Annotated[Console, Without(("verbose",))]
"""A console for a command that names no rows."""


def command(app: typer.Typer, function: Callable[..., int | None]) -> None:
    """Make a function a command of `app`.

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
        with report_errors():
            others = {key: value for key, value in given.items() if key in hints}
            raise typer.Exit(function(**others, **_read_options(groups, given)) or 0)

    run.__doc__ = function.__doc__
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    app.command(function.__name__)(run)


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
    option, default, kind = found.option, found.default, found.type
    several = get_origin(kind) is tuple and option.parse is None
    if several:
        kind = list[str] | None
    elif option.parse is not None or kind is str:
        kind = str | None
    if several or option.parse is not None or default == "":
        default = None
    declaration = typer.Option(
        *option.flags,
        help=option.help,
        metavar=option.metavar,
        min=option.least,
        max=option.most,
        show_default=option.show_default,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, declaration]
    )


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
    if value is None:
        return found.default
    if found.option.parse is not None:
        return found.option.parse(value)
    return tuple(value) if isinstance(value, list) else value
