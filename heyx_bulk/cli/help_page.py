"""The help of a command: usage, examples, its options in panels, exit codes; in color on a terminal.

Written here and not with typer's formatter for rich, which takes a third of the time of `--help` to import.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from heyx_bulk.cli.terminal import Style, has_color, help_width, paint, printable
from heyx_bulk.models.option import Panel

PREFORMATTED = "\b\n"
"""Begins a paragraph of a docstring whose lines stay as they are: examples."""

WIDEST_NAME = 26
"""A longer name of an option stands on a line of its own, above its help."""

_FLAG = re.compile(r"(?<![\w-])--?[a-z][\w-]*")


class Entry(NamedTuple):
    """A line of a panel: what is typed, and what it does."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of help: `width` characters wide, with `color` or without."""

    width: int
    color: bool

    @classmethod
    def for_terminal(cls) -> Page:
        """The page that standard output can show."""
        return cls(help_width(), has_color(sys.stdout))

    def usage(self, command: str, pieces: Sequence[str]) -> Iterator[str]:
        """The line that says how the command is called."""
        text = " ".join([self._paint(command, Style.COMMAND), *pieces])
        yield f"{self._paint('Usage:', Style.HEADING)} {text}"

    def text(self, docstring: str) -> Iterator[str]:
        """Paragraphs, wrapped; examples stay as they are."""
        for paragraph in filter(None, docstring.split("\n\n")):
            yield ""
            if paragraph.startswith(PREFORMATTED):
                yield from map(self._example, paragraph.removeprefix(PREFORMATTED).splitlines())
            else:
                yield from textwrap.wrap(paragraph, self.width, break_long_words=False, break_on_hyphens=False)

    def panel(self, heading: str, entries: Iterable[Entry], *, name_width: int | None = None) -> Iterator[str]:
        """A heading, and a line or more for each entry; nothing without entries.

        Names have a column of `name_width` characters, by default as wide as the longest.
        """
        lines = list(entries)
        name_width = name_width or max((len(entry.name) for entry in lines), default=0)
        if not lines:
            return
        yield ""
        yield self._paint(f"{heading}:", Style.HEADING)
        for entry in lines:
            yield from self._entry(entry, name_width)

    def _entry(self, entry: Entry, name_width: int) -> Iterator[str]:
        room = self.width - name_width - 4
        wrapped = textwrap.wrap(entry.text, room, break_long_words=False, break_on_hyphens=False) or [""]
        name = _FLAG.sub(lambda found: self._paint(found[0], Style.COMMAND), entry.name)
        indent = " " * (name_width + 4)
        if len(entry.name) > name_width:
            yield f"  {name}"
        else:
            yield f"  {name}{' ' * (name_width - len(entry.name))}  {wrapped.pop(0)}".rstrip()
        yield from (f"{indent}{line}" for line in wrapped)

    def _example(self, line: str) -> str:
        """An example; one that is too long goes on in the next line, as a shell reads it."""
        command, gap, comment = line.partition("   ")
        if len(line) <= self.width - 2:
            return f"  {self._paint(command, Style.COMMAND)}{gap}{comment}"
        words = re.findall(r"(?:\"[^\"]*\"|'[^']*'|\S)+", line)
        lines = [""]
        for word in words:
            if len(lines[-1]) + len(word) + 5 > self.width:
                lines.append("   ")
            lines[-1] += f" {word}" if lines[-1] else word
        return "  " + " \\\n  ".join(self._paint(one, Style.COMMAND) for one in lines)

    def _paint(self, text: str, style: Style) -> str:
        return paint(text, style, color=self.color)


def command_page(command: TyperCommand, ctx: Any, exit_codes: Iterable[Entry]) -> str:
    """The help of one command."""
    page = Page.for_terminal()
    summary, examples, notes = docstring_parts(inspect.cleandoc(command.help or ""))
    parameters = [one for one in command.get_params(ctx) if not getattr(one, "hidden", False)]
    lines = [
        *page.usage(ctx.command_path, usage_pieces(parameters)),
        *page.text(summary),
        *page.text(examples),
        *page.panel("Arguments", (argument_entry(one) for one in parameters if isinstance(one, TyperArgument))),
    ]
    options = [one for one in parameters if isinstance(one, TyperOption)]
    for panel in Panel:
        lines += page.panel(
            panel, (option_entry(one, ctx) for one in options if panel_of(one) is panel), name_width=WIDEST_NAME
        )
    lines += page.text(notes)
    lines += page.panel("Exit codes", exit_codes)
    return printable("\n".join(lines), sys.stdout.encoding)


def group_page(group: TyperGroup, ctx: Any, panels: Mapping[str, Sequence[Entry]]) -> str:
    """The help of a group of commands, which stand in `panels`."""
    page = Page.for_terminal()
    summary, examples, notes = docstring_parts(inspect.cleandoc(group.help or ""))
    lines = [
        *page.usage(ctx.command_path, ["COMMAND", "[OPTIONS]", "…"]),
        *page.text(summary),
        *page.text(examples),
    ]
    width = max(len(entry.name) for entries in panels.values() for entry in entries)
    for heading, entries in panels.items():
        lines += page.panel(heading, entries, name_width=width)
    options = (one for one in group.get_params(ctx) if isinstance(one, TyperOption))
    lines += page.panel("Options", (option_entry(one, ctx) for one in options), name_width=WIDEST_NAME)
    lines += page.text(notes)
    return printable("\n".join(lines), sys.stdout.encoding)


def usage_pieces(parameters: Iterable[Any]) -> list[str]:
    """What follows the command in its usage: `[OPTIONS] SHEET`."""
    arguments = (one for one in parameters if isinstance(one, TyperArgument))
    names = (one.metavar or one.name.upper() for one in arguments)
    return ["[OPTIONS]", *names]


def panel_of(parameter: TyperOption) -> Panel:
    """The panel that shows an option; `--help` itself is in the last one."""
    return Panel(parameter.rich_help_panel or Panel.OUTPUT)


def docstring_parts(docstring: str) -> tuple[str, str, str]:
    """A docstring's summary, its examples, and the paragraphs behind them."""
    summary, _, rest = docstring.partition("\n\n")
    examples, _, notes = rest.partition("\n\n") if rest.startswith(PREFORMATTED) else ("", "", rest)
    return summary, examples, notes


def argument_entry(argument: TyperArgument) -> Entry:
    """An argument of a command as a line of a panel."""
    return Entry((argument.metavar or argument.name.upper()).strip("[]"), argument.help or "")


def option_entry(option: TyperOption, ctx: Any) -> Entry:
    """An option as a line of a panel: its names, its value, its help and its default."""
    flags = sorted(option.opts, key=len)
    names = ", ".join(flags) + "".join(f" / {flag}" for flag in option.secondary_opts)
    metavar = "" if option.is_flag else f" {option.metavar or option.display_type(ctx).strip('<>')}"
    default = option.default if option.show_default else None
    shown = "" if default in (None, "", False, True, ()) else f" [default: {getattr(default, 'value', default)}]"
    return Entry(names + metavar, f"{option.help or ''}{shown}")
