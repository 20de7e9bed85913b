"""The reference of the library's functions: what each option does, as the program's help says it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

from heyx_bulk.export.export_options import ExportOptions
from heyx_bulk.library.python_words import in_python
from heyx_bulk.models.option import declared
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.sync_options import SyncOptions

F = TypeVar("F", bound=Callable[..., object])

OWN = {
    "mapping": "A mapping file: what the columns mean, or, of an export, the headers of its columns. A file that "
    "`columns SHEET --save FILE` wrote is used only if it is named here.",
    "token": "The channel's token [default: the channel's own, HEYX_TOKEN, or the file HEYX_TOKEN_FILE].",
    "url": "HeyX's address [default: HEYX_URL, or that of `channel`].",
    "where_in": "Contacts with any of these values: a dict of fields and values, such as a column of a DataFrame.",
    "ids": "Contacts by these ids.",
}
_WIDTH = 100


def reference(arguments: type) -> Callable[[F], F]:
    """Write the options of a TypedDict into a function's docstring, and into its signature for `help`."""
    kinds = (ExportOptions, UploadOptions, RunOptions, SyncOptions, ConnectionOptions)
    helps = {one.argument: _in_words(one.option.help) for kind in kinds for one in declared(kind)} | OWN
    names: dict[str, object] = arguments.__annotations__

    def complete(function: F) -> F:
        lines = [textwrap.fill(f"{name}: {helps[name]}", _WIDTH, subsequent_indent="    ") for name in names]
        options = textwrap.indent("\n".join(lines), "    ")
        function.__doc__ = f"{inspect.getdoc(function)}\n\nOptions:\n{options}\n"
        signature = inspect.signature(function)
        given = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        more = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_shown(annotation))
            for name, annotation in names.items()
        ]
        function.__dict__["__signature__"] = signature.replace(parameters=[*given, *more])
        return function

    return complete


def twin_of(function: Callable[..., object]) -> Callable[[F], F]:
    """Give an asynchronous twin the reference of its function."""

    def complete(twin: F) -> F:
        twin.__doc__ = f"{inspect.getdoc(twin)}\n\n{function.__doc__}"
        twin.__dict__["__signature__"] = inspect.signature(function)
        return twin

    return complete


def _in_words(text: str) -> str:
    """A help text for Python: one argument takes several values, where a flag is repeated."""
    return in_python(text).replace(" Repeatable.", " One or several.")


def _shown(annotation: Any) -> str:
    return str(getattr(annotation, "__forward_arg__", annotation))
