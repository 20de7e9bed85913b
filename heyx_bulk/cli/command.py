"""Commands: functions whose parameters are dataclasses of options, put before a command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

import typer

from heyx_bulk.cli.console import Console, report_errors
from heyx_bulk.errors import UsageError
from heyx_bulk.models.option import Declared, declared

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


def command(app: typer.Typer, function: Callable[..., int | None], name: str | None = None) -> None:
    """Make a function a command of `app`.

    Each parameter that is a dataclass of options becomes those options, in `Annotated` only some of them; what a
    person says wrongly is said all at once. The number that the function returns is the exit code.
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
            mistakes: list[UsageError] = []
            values = {name: _values(group, given, mistakes) for name, (_, group) in groups.items()}
            _refuse(mistakes)
            built = {name: _assemble(options, values[name]) for name, (options, _) in groups.items()}
            others = {key: value for key, value in given.items() if key in hints}
            raise typer.Exit(function(**others, **built) or 0)

    run.__doc__ = function.__doc__
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    app.command(name or function.__name__)(run)


def _options(hint: Any) -> tuple[type | None, Sequence[Declared]]:
    """The dataclass of options that a parameter is, and those of its options that are wanted."""
    options, *choices = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if not is_dataclass(options):
        return None, ()
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
    kind, several = _kind(found)
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


def _kind(found: Declared) -> tuple[Any, bool]:
    """The type that typer reads, and whether the option may be given several times."""
    if found.option.parse is not None:
        return str | None, False
    if get_origin(found.type) is tuple:
        return list[str] | None, True
    return found.type if found.type is not str else str | None, False


def _values(
    group: Mapping[str, Declared], given: Mapping[str, Any], mistakes: list[UsageError]
) -> dict[tuple[str, ...], Any]:
    """The values of a dataclass' options, by where they stand in it; what is wrong is added to `mistakes`."""
    values: dict[tuple[str, ...], Any] = {}
    for key, found in group.items():
        try:
            values[found.path] = _value(found, given[key])
        except UsageError as mistake:
            mistakes.append(mistake)
    return values


def _refuse(mistakes: Sequence[UsageError]) -> None:
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise UsageError("\n".join(" ".join(filter(None, (one.what, one.remedy))) for one in mistakes))


def _value(found: Declared, value: Any) -> Any:
    if value is None:
        return found.default
    if found.option.parse is not None:
        return found.option.parse(value)
    return tuple(value) if isinstance(value, list) else value


def _assemble(options: type, values: Mapping[tuple[str, ...], Any]) -> Any:
    """The dataclass, and in it the dataclasses that it is made of."""
    hints = get_type_hints(options)
    inner = {path[0] for path in values if len(path) > 1}
    nested = {
        name: _assemble(hints[name], {path[1:]: value for path, value in values.items() if path[0] == name})
        for name in inner
    }
    return options(**nested, **{path[0]: value for path, value in values.items() if len(path) == 1})
