"""The JSON Schema of everything that the program writes for other programs, from the types of its code."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]

from heyx_bulk.api.call_log import CallLogLine
from heyx_bulk.cli.documents import DOCUMENTS, Keys
from heyx_bulk.cli.invocation import SCHEMA_VERSION, Envelope
from heyx_bulk.reports.progress import ProgressLine

SIMPLE: Mapping[Any, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    Path: "string",
    NoneType: "null",
}
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SCHEMA_FILE = "json-schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


LINES: tuple[type, ...] = (ProgressLine, CallLogLine)
"""What the program writes line by line."""


class ErrorDocument(TypedDict):
    """What a command prints that an error ended before there was anything to count."""


class Definitions(dict[str, Any]):
    """The definitions of a schema, by name; each type is defined when something first refers to it."""

    def schema(self, hint: Any, description: str = "") -> dict[str, Any]:
        """The schema of values of a type."""
        if get_origin(hint) is Annotated:
            kind, *notes = get_args(hint)
            text = next((one for one in notes if type(one) is str), description)
            keys = next((one for one in notes if isinstance(one, Keys)), None)
            found = self.schema(kind) if keys is None else self._exactly(keys, get_args(kind)[1])
            return {"description": text, **found} if text else found
        if hint in SIMPLE:
            return {"type": SIMPLE[hint]}
        kinds = get_args(hint)
        if get_origin(hint) is Literal:
            return {"enum": [*kinds]}
        if isinstance(hint, type) and issubclass(hint, Enum):
            return {"enum": [one.value for one in hint]}
        if get_origin(hint) in (Union, UnionType):
            return {"anyOf": [self.schema(one) for one in kinds]}
        if get_origin(hint) in (list, tuple, Sequence):
            return {"type": "array", "items": self.schema(kinds[0])}
        if get_origin(hint) in (dict, Mapping):
            key, value = kinds
            if isinstance(key, type) and issubclass(key, Enum):
                return self._exactly([str(one.value) for one in key], value)
            return {"type": "object", "additionalProperties": self.schema(value)}
        return {"$ref": f"#/$defs/{self.define(hint)}"}

    def define(self, kind: Any, name: str = "", more: Mapping[str, Any] | None = None) -> str:
        """Define a typed dictionary, dataclass or named tuple, with the properties `more` first; its name."""
        name = name or kind.__name__
        if name not in self:
            self[name] = {}
            hints = _hints(kind)
            properties = {key: self.schema(_required(hint)) for key, hint in hints.items()}
            always = getattr(kind, "__required_keys__", hints)
            required = [key for key, hint in hints.items() if key in always and hint is _required(hint)]
            first = more or {}
            self[name] = {
                "description": " ".join((kind.__doc__ or "").partition("\n\n")[0].split()),
                "type": "object",
                "properties": {**first, **properties},
                "required": [*first, *required],
            }
        return name

    def _exactly(self, keys: Sequence[str], value: Any) -> dict[str, Any]:
        """The schema of a mapping that always has these keys."""
        return {
            "type": "object",
            "properties": {key: self.schema(value) for key in keys},
            "required": [*keys],
        }


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    if is_typeddict(kind):
        return hints
    names = [one.name for one in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else kind._fields
    return {name: hints[name] for name in names}


def _required(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint


def published_schema() -> dict[str, Any]:
    """The schema of the documents of `--json`; its definitions have the lines of `LINES`, too."""
    found = Definitions()
    for kind in {kind: None for kinds in DOCUMENTS.values() for kind in kinds}:
        commands = [command for command, kinds in DOCUMENTS.items() if kind in kinds]
        found.define(kind, more=_envelope(found, commands))
    documents = [*dict.fromkeys(kind.__name__ for kinds in DOCUMENTS.values() for kind in kinds)]
    found.define(ErrorDocument, more=_envelope(found, [*DOCUMENTS]))
    for line in LINES:
        found.define(line)
    return {
        "$schema": DIALECT,
        "title": "heyx-bulk --json",
        "description": f"What heyx-bulk prints with --json: version {SCHEMA_VERSION} of the format.",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in (*documents, ErrorDocument.__name__)],
        "$defs": dict(sorted(found.items())),
    }


def _envelope(found: Definitions, commands: Sequence[str]) -> dict[str, Any]:
    hints = _hints(Envelope)
    keys = {name: found.schema(hint) for name, hint in hints.items()}
    keys["schema"] = {"description": keys["schema"]["description"], "const": SCHEMA_VERSION}
    keys["command"] = {"description": keys["command"]["description"], "enum": [*commands]}
    return keys


def closed(schema: Any) -> Any:
    """A schema that refuses keys that it does not describe.

    The published one allows them, so that a program that checks documents survives a new key.
    """
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(one) for key, one in schema.items()}
    return {**strict, "additionalProperties": False} if isinstance(schema.get("required"), list) else strict


@cache
def _validator(name: str) -> Any:
    schema = closed(json.loads((REFERENCE / SCHEMA_FILE).read_text(encoding="utf-8")))
    root = {"$schema": DIALECT, "$ref": f"#/$defs/{name}", "$defs": schema["$defs"]} if name else schema
    return Draft202012Validator(root)


def read_document(text: str) -> dict[str, Any]:
    """The one document that a program printed, after it was compared with the published schema."""
    assert text.endswith("\n")
    assert text.count("\n") == 1, "more than one document"
    document: dict[str, Any] = _checked(json.loads(text), "")
    return document


def read_line(text: str, kind: type) -> dict[str, Any]:
    """A line of one of `LINES`, after it was compared with the published schema."""
    line: dict[str, Any] = _checked(json.loads(text), kind.__name__)
    return line


def _checked(found: Any, name: str) -> Any:
    mistake = best_match(_validator(name).iter_errors(found))
    assert mistake is None, f"{mistake.json_path}: {mistake.message[:1000]}"
    return found


def reference_page() -> str:
    """Every key of every document, as Markdown."""
    schema = published_schema()
    definitions = schema["$defs"]
    envelope = definitions[ErrorDocument.__name__]
    lines = [
        *("# JSON", "", PAGE.strip(), "", "## Every document", ""),
        *_keys(envelope["properties"], envelope["required"]),
    ]
    shown = set(envelope["properties"])
    documents = [ref["$ref"].rpartition("/")[2] for ref in schema["anyOf"]]
    for name in documents:
        if name != ErrorDocument.__name__:
            commands = ", ".join(f"`{one}`" for one in definitions[name]["properties"]["command"]["enum"])
            lines += ["", f"## {name}", "", f"{definitions[name]['description']} Commands: {commands}.", ""]
            lines += _keys(definitions[name]["properties"], definitions[name]["required"], without=shown)
    for kind in LINES:
        name = kind.__name__
        lines += ["", f"## {name}", "", definitions[name]["description"], ""]
        lines += _keys(definitions[name]["properties"], definitions[name]["required"])
    listed = {*documents, *(kind.__name__ for kind in LINES)}
    lines += ["", "## Objects in documents"]
    for name, definition in definitions.items():
        if name not in listed:
            lines += ["", f"### {name}", "", definition["description"], ""]
            lines += _keys(definition["properties"], definition["required"])
    return "\n".join(lines) + "\n"


PAGE = f"""
With `--json`, a command prints one JSON document on standard output and nothing else there, however it ends: also
if the command line is wrong, a signal stops it, or it meets a bug. Only `--help` prints help.

A command that an error ended before there was anything to count prints only the keys of every document.

[{SCHEMA_FILE}]({SCHEMA_FILE}) is the JSON Schema of all documents, of the lines of `--progress json` and of the
lines of `--log`. A new version of heyx-bulk may add keys: ignore those that you do not know. If a key is removed
or its meaning changes, `schema` is raised.
"""


def _keys(properties: Mapping[str, Any], required: Sequence[str], without: Collection[str] = ()) -> Iterator[str]:
    yield from ("| key | type | |", "| --- | --- | --- |")
    for key, schema in properties.items():
        if key not in without:
            text = schema.get("description", "")
            optional = "" if key in required else " Not always there."
            yield f"| `{key}` | {_type(schema)} | {text}{optional} |"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if schema["type"] == "array":
        return f"array of {_type(schema['items'])}"
    if schema["type"] == "object":
        value = schema.get("additionalProperties") or next(iter(schema["properties"].values()))
        keys = ", ".join(f"`{key}`" for key in schema.get("properties", ()))
        return f"object of {_type(value)}{f' with {keys}' if keys else ''}"
    return str(schema["type"])
