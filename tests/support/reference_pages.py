"""Writes the pages in docs/reference from the code: commands, Python functions, messages, JSON.

    .venv/bin/python -m tests.support.reference_pages

A test compares the pages with what this writes.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

import heyx_bulk as hb
from heyx_bulk import errors
from heyx_bulk.cli.app import app
from heyx_bulk.cli.command import Command
from heyx_bulk.cli.help_page import (
    PREFORMATTED,
    Entry,
    argument_entry,
    docstring_parts,
    option_entry,
    panel_of,
)
from heyx_bulk.models.contacts import Problem
from heyx_bulk.models.option import Panel
from heyx_bulk.values.value_types import ConversionError
from tests.support import json_schema

T = TypeVar("T")

HOME = Path(__file__).parents[2]
REFERENCE = json_schema.REFERENCE
PACKAGE = HOME / "heyx_bulk"
FILLED_IN: Final = "…"
"""Stands in a message for what the program fills in."""

ELSEWHERE = "shown with the message"
"""Stands for what to do where that depends on what happened."""

AREAS = {
    "settings": "Token, address, environment",
    "sheets": "Reading a sheet",
    "mapping": "Columns, mapping files and values",
    "values": "Columns, mapping files and values",
    "upload": "Uploading",
    "planning": "Uploading",
    "storage": "Checkpoints",
    "export": "Exporting",
    "api": "Calls to HeyX",
    "rate_limit": "Calls to HeyX",
    "reports": "Results and reports",
    "cli": "Commands and options",
    "models": "Commands and options",
    "library": "Python",
    "sandbox": "Sandbox",
}
"""The headings of the messages, by the package that has them."""


def commands_page() -> str:
    """Every command with its options, in the panels of its help."""
    lines = ["# Commands", "", "`heyx-bulk COMMAND --help` shows the same on a terminal."]
    for title, command, context in every_command():
        lines += _command(title, command, context)
    return "\n".join(lines) + "\n"


def every_command() -> Iterator[tuple[str, Command, Any]]:
    """The program's commands, each with its whole name, such as `cache show`, and its context."""
    program = typer.main.get_command(app)
    return _commands(program, program.make_context("heyx-bulk", [], resilient_parsing=True))


def _commands(group: Any, context: Any, title: str = "") -> Iterator[tuple[str, Command, Any]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        if isinstance(command, TyperGroup):
            yield from _commands(command, inner, f"{title}{name} ")
        else:
            yield f"{title}{name}", command, inner


def _command(title: str, command: Command, context: Any) -> Iterator[str]:
    summary, examples, notes = docstring_parts(inspect.cleandoc(command.help or ""))
    yield from ("", f"## {title}", "", " ".join(summary.split()))
    if examples:
        yield from ("", "```sh", *map(str.strip, examples.removeprefix(PREFORMATTED).splitlines()), "```")
    yield from _table("Argument", map(argument_entry, _of(command, context, TyperArgument)))
    options = _of(command, context, TyperOption)
    for panel in Panel:
        yield from _table(panel, (option_entry(one, context) for one in options if panel_of(one) is panel))
    for note in filter(None, notes.split("\n\n")):
        yield from ("", " ".join(note.split()))
    yield from _table("Exit code", command.exit_codes.entries())


def _of(command: Command, context: Any, kind: type[T]) -> list[T]:
    return [one for one in command.get_params(context) if isinstance(one, kind)]


def _table(heading: str, entries: Iterable[Entry]) -> Iterator[str]:
    rows = [f"| `{_cell(entry.name)}` | {_cell(entry.text)} |" for entry in entries]
    if rows:
        yield from ("", f"| {heading} | |", "| --- | --- |", *rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def python_page() -> str:
    """Every public function and class of the library, from its docstring."""
    lines = [
        *("# Python functions", ""),
        "`import heyx_bulk as hb`. Each function `hb.name` has an asynchronous twin `hb.aio.name`.",
    ]
    public = {name: getattr(hb, name) for name in hb.__all__ if not name.startswith("_") and name != "aio"}
    for name, thing in public.items():
        if inspect.isfunction(thing):
            lines += _function(name, thing)
    for name, thing in public.items():
        if inspect.isclass(thing):
            lines += ["", f"## {name}", "", *_paragraphs(inspect.getdoc(thing) or "")]
            lines += _members(thing)
    return "\n".join(lines) + "\n"


def _function(name: str, function: Callable[..., object]) -> Iterator[str]:
    parameters = inspect.signature(function).parameters.values()
    doc = inspect.getdoc(function) or ""
    options = set(re.findall(r"^    (\w+): ", doc.partition("\nOptions:\n")[2], re.MULTILINE))
    own = [one.replace(annotation=one.empty) for one in parameters if one.name not in options]
    call = str(inspect.Signature(own)).removesuffix(")") + (", **options)" if options else ")")
    yield from ("", f"## {name}", "", f"`hb.{name}{call}`", "")
    yield from _paragraphs(doc)


def _members(thing: type) -> Iterator[str]:
    """The public methods and properties that a class has itself."""
    for name, member in vars(thing).items():
        function = getattr(member, "func", getattr(member, "fget", member))
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield from ("", f"`{name}`", "", *_paragraphs(inspect.getdoc(function) or ""))


def _paragraphs(doc: str) -> Iterator[str]:
    """A docstring in Google's style as Markdown."""
    for number, block in enumerate(doc.split("\n\n")):
        head, _, rest = block.partition("\n")
        if number:
            yield ""
        if block.startswith(">>> "):
            code = "\n".join(line.removeprefix(">>> ").removeprefix("... ") for line in block.splitlines())
            yield from ("```python", re.sub(r"^(import .*\n)(?=\w)", r"\1\n", code), "```")
        elif head in {"Args:", "Raises:", "Options:"}:
            yield from (f"**{head}**", "")
            yield from (f"- `{name}`: {text}" for name, text in _items(textwrap.dedent(rest)))
        elif head in {"Returns:", "Yields:"}:
            yield f"**{head}** {' '.join(rest.split())}"
        else:
            yield " ".join(block.split())


def _items(text: str) -> Iterator[tuple[str, str]]:
    for item in re.split(r"\n(?! )", text.strip()):
        name, _, words = item.partition(":")
        yield name, " ".join(words.split())


def messages_page() -> str:
    """Every error that the program can end with, and every reason for which a row is invalid."""
    messages: dict[str, dict[str, str]] = {heading: {} for heading in AREAS.values()}
    reasons: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        heading = AREAS.get(path.relative_to(PACKAGE).parts[0])
        if heading is not None:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            messages[heading].update(_texts(tree, ERRORS))
            reasons.update(_texts(tree, REASONS))
    lines = ["# Messages", "", f"Every error message, with what to do. `{FILLED_IN}` stands for names and values."]
    for heading, found in messages.items():
        lines += _list(heading, ("message", "what to do"), found)
    lines += _list("Reasons why a row is invalid", ("reason", "example"), reasons)
    return "\n".join(lines) + "\n"


def _list(heading: str, columns: tuple[str, str], texts: Mapping[str, str]) -> Iterator[str]:
    rows = [f"| {_cell(what)} | {_cell(more)} |" for what, more in sorted(texts.items())]
    if rows:
        yield from ("", f"## {heading}", "", f"| {columns[0]} | {columns[1]} |", "| --- | --- |", *rows)


ERRORS = frozenset(
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.HeyxBulkError)
)
REASONS = frozenset((Problem.__name__, ConversionError.__name__))


def _texts(tree: ast.Module, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The first two texts of each call of one of `names` in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            what, more = (*map(_text, node.args[:2]), "")[:2]
            if re.search(r"\w{3}", what):
                yield what, more if re.search(r"\w{3}", more) else ELSEWHERE


def _text(node: ast.expr) -> str:
    """A message as it is written, with `FILLED_IN` for what is computed."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_text, parts))
    return FILLED_IN


def schema_page() -> str:
    """The JSON Schema of what is written for other programs."""
    return json.dumps(json_schema.published_schema(), indent=2) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "python.md": python_page,
    "messages.md": messages_page,
    "json.md": json_schema.reference_page,
    json_schema.SCHEMA_FILE: schema_page,
}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
