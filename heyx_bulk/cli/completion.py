"""What a shell offers as the value of an option: the worksheets and columns of the sheet that was named.

The user waits for it with a finger on the Tab key, so large workbooks are not read, and mistakes offer nothing.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from heyx_bulk.errors import HeyxBulkError
from heyx_bulk.models.option import LazyModule

if TYPE_CHECKING:
    from heyx_bulk.models import calls
    from heyx_bulk.sheets.sheet_options import SheetOptions
else:
    calls = LazyModule("heyx_bulk.models.calls")

Completion = Callable[[typer.Context, str], list[str]]

LARGEST_WORKBOOK = 4 << 20
"""The size in bytes of the largest workbook whose columns are offered."""

HEAD_OF_TEXT = 1 << 16
"""How many bytes of a text file are read to find its header."""

_WORKBOOKS = (".xlsx", ".xlsm")
_UNREADABLE = (HeyxBulkError, OSError, ValueError, KeyError, EOFError)
_SPECIAL = re.compile(r"([^\w=.,:/@%+-])")


def completion_of(metavar: str | None) -> Completion | None:
    """What is offered for a value that the help calls `metavar`; None: what the shell offers by itself."""
    return _OFFERED.get(metavar or "")


def _worksheets(context: typer.Context, incomplete: str) -> list[str]:
    path = _sheet(context)
    if path is None or path.suffix.casefold() not in _WORKBOOKS:
        return []
    from heyx_bulk.sheets.xlsx.workbook import Workbook

    with suppress(*_UNREADABLE):
        return _matching((info.name for info in Workbook(path).worksheets), incomplete)
    return []


def _columns(context: typer.Context, incomplete: str) -> list[str]:
    return _matching(iter(_header(context)), incomplete)


def _columns_with(sign: str) -> Completion:
    def offered(context: typer.Context, incomplete: str) -> list[str]:
        return _matching((f"{name}{sign}" for name in _header(context)), incomplete)

    return offered


def _columns_as_fields(context: typer.Context, incomplete: str) -> list[str]:
    column, equals, _ = incomplete.partition("=")
    if equals:
        return _matching((f"{column}={field}" for field in (*calls.STANDARD_FIELDS, "tags")), incomplete)
    return _columns_with("=")(context, incomplete)


def _fields(context: typer.Context, incomplete: str) -> list[str]:
    del context
    return _matching(iter(calls.STANDARD_FIELDS), incomplete)


_OFFERED: dict[str, Completion] = {
    "WORKSHEET": _worksheets,
    "COLUMN": _columns,
    "COLUMN=FIELD": _columns_as_fields,
    "COLUMN=TYPE": _columns_with("="),
    "FIELD": _fields,
    "FIELD[,FIELD]": _fields,
}


def _header(context: typer.Context) -> list[str]:
    path = _sheet(context)
    if path is None:
        return []
    from heyx_bulk.mapping.mapping_file import find_preset
    from heyx_bulk.sheets.open_sheet import open_sheet

    with suppress(*_UNREADABLE), _head(path) as head:
        header = open_sheet(head, _sheet_options(context), find_preset(path)).header
        return [text.strip() for text in header if text.strip()]
    return []


@contextmanager
def _head(path: Path) -> Iterator[Path]:
    """A file with the header of the sheet: the sheet itself, or the first lines of a text file."""
    size = path.stat().st_size
    if path.suffix.casefold() in _WORKBOOKS or size <= HEAD_OF_TEXT:
        if size > LARGEST_WORKBOOK:
            raise OSError
        yield path
        return
    with path.open("rb") as file:
        lines = file.read(HEAD_OF_TEXT).rpartition(b"\n")[0]
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        head = Path(folder) / path.name
        head.write_bytes(lines)
        yield head


def _sheet(context: typer.Context) -> Path | None:
    """The sheet on the command line, which is not yet an argument while the last option lacks its value."""
    named = context.params.get("sheet") or next(iter(context.args), "-")
    return None if str(named) == "-" else Path(named)


def _sheet_options(context: typer.Context) -> SheetOptions:
    """How the sheet is read, by the options that stand in front of the cursor."""
    from dataclasses import fields

    from heyx_bulk.sheets.sheet_options import SheetOptions

    given = {
        one.name: value
        for one in fields(SheetOptions)
        for key, value in context.params.items()
        if key.endswith(f"_{one.name}") and value is not None
    }
    return SheetOptions(**given)


def _matching(names: Iterator[str], incomplete: str) -> list[str]:
    """The names that begin like what was typed; for bash, which puts them in as they are, with signs escaped."""
    found = [name for name in dict.fromkeys(names) if name.startswith(incomplete)]
    return [_SPECIAL.sub(r"\\\1", name) for name in found] if _shell() == "bash" else found


def _shell() -> str:
    return os.environ.get("_HEYX_BULK_COMPLETE", "").removeprefix("complete_")
