"""Requests to HeyX: route, query and body, read as strictly as the contract is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs, unquote

from heyx_bulk.sandbox.responses import RefusalError

CallKind = Literal["find", "read", "create", "update", "add_tags", "remove_tags"]
Value: TypeAlias = str | bool | None

MAX_BODY_BYTES = 1_000_000
MAX_FIELDS = 30
MAX_TAGS = 10
MAX_TAG_CHARACTERS = 255
READ_ONLY = frozenset({"locale", "timezone", "gender", "id", "created_at"})

_ROUTES: dict[str, dict[str, CallKind]] = {
    "contacts": {"POST": "create"},
    "search": {"GET": "find"},
    "contact": {"GET": "read", "PUT": "update"},
    "tags": {"POST": "add_tags", "DELETE": "remove_tags"},
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call: its kind, the contact's id as the path has it, and its query."""

    kind: CallKind
    contact_id: str
    query: str
    trailing_slash: bool

    @property
    def writes(self) -> bool:
        return self.kind not in {"find", "read"}

    @classmethod
    def parse(cls, method: str, url: str) -> Call:
        """The call to a path with its query, with or without `/api`; raises a refusal with 404 or 405."""
        path, _, query = url.partition("?")
        root, contact, place = path.partition("/v1/contact")
        if root not in {"", "/api"} or not contact or place[:1] not in {"", "/"}:
            raise RefusalError(404, "404 Not Found.")
        slash = place.endswith("/")
        route, contact_id = _route(place.removeprefix("/").removesuffix("/").split("/"))
        kind = _ROUTES[route].get(method)
        if kind is None:
            raise RefusalError(405, "405 Method Not Allowed.")
        return cls(kind, contact_id, query, slash)


def _route(segments: list[str]) -> tuple[str, str]:
    """The route that the segments after `contact` name, and the contact's id. They are split before decoding."""
    match segments:
        case [""]:
            return "contacts", ""
        case ["by_custom_field"]:
            return "search", ""
        case [contact_id]:
            return "contact", unquote(contact_id)
        case [contact_id, "tags"] if contact_id:
            return "tags", unquote(contact_id)
        case _:
            raise RefusalError(404, "404 Not Found.")


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """The query of a search; a page below 1, or that is not a number, counts as 1."""

    name: str
    text: str
    page: int
    per_page: int

    @classmethod
    def parse(cls, query: str) -> SearchQuery:
        """The search of a query; raises a refusal with 422 without `name` or `value`."""
        values = parse_qs(query, keep_blank_values=True)
        if "name" not in values or "value" not in values:
            raise RefusalError(422, "The name and value fields are required.")
        name, text = values["name"][-1].strip(), values["value"][-1].strip()
        return cls(name, text, max(1, _number(values, "page")), _number(values, "per_page"))


def _number(values: Mapping[str, list[str]], name: str) -> int:
    text = values.get(name, ["1"])[-1]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def fields_in(body: bytes) -> dict[str, Value]:
    """The fields that a body writes, trimmed; of a field named twice the last one counts. Raises a refusal."""
    items = _items(body, "custom_fields")
    if len(items) > MAX_FIELDS:
        raise RefusalError(403, f"You can not set more than {MAX_FIELDS} custom fields per request.")
    fields = dict(_field(item) for item in items)
    refused = READ_ONLY & fields.keys()
    if refused:
        raise RefusalError(403, f"The field {min(refused)} is not allowed to be updated.")
    if "phone" in fields and fields["phone"] is None:
        raise RefusalError(403, "The phone can not be empty.")
    return fields


def tags_in(body: bytes) -> list[str]:
    """The tags that a body names, trimmed. Raises a refusal."""
    tags = _items(body, "tags")
    if len(tags) > MAX_TAGS:
        raise RefusalError(403, f"You can not send more than {MAX_TAGS} tags per request.")
    return [_tag(tag) for tag in tags]


def _items(body: bytes, name: str) -> list[Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusalError(422, "The body is not JSON.") from None
    items = document.get(name) if isinstance(document, dict) else None
    if not isinstance(items, list) or not items:
        raise RefusalError(422, f"The {name} field is required and must be an array.")
    return items


def _field(item: Any) -> tuple[str, Value]:
    name = item.get("name") if isinstance(item, dict) else None
    value = item.get("value", []) if name else []
    if not isinstance(name, str) or not name.strip() or isinstance(value, list | dict):
        raise RefusalError(422, "Each custom field must have a name and a value.")
    # The same few names are in every contact: one copy of each is enough.
    return sys.intern(name.strip()), cleaned(value)


def cleaned(value: str | float | bool | None) -> Value:  # noqa: FBT001 - a value, not a flag
    """A value as HeyX keeps it: strings trimmed, the empty one null, booleans kept, numbers as text."""
    if isinstance(value, str):
        return value.strip() or None
    return value if value is None or isinstance(value, bool) else str(value)


def _tag(tag: Any) -> str:
    if not isinstance(tag, str) or not tag.strip():
        raise RefusalError(422, "Each tag must be a string.")
    if len(tag.strip()) > MAX_TAG_CHARACTERS:
        raise RefusalError(403, f"A tag may not be greater than {MAX_TAG_CHARACTERS} characters.")
    return sys.intern(tag.strip())
