"""HeyX's contract as data: six calls, each knowing how it asks and how its answer reads.

Source of every fact here: HeyX's published Contacts API page (30 fields a call, 10 tags a call, ten contacts
a page, the error bodies), and what clients of the same API met in practice (a contact can exist although its
create was answered with an error). A call is a frozen value without I/O; `read` turns an HTTP answer into
what it says or raises what we then know happened.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import ClassVar
from urllib.parse import quote, urlencode

from heyx_bulk.errors import NotFoundError, Rejected, Throttled, Unanswered, Unauthorized
from heyx_bulk.models.contacts import Contact, Field, Value

MAX_FIELDS = 30
MAX_TAGS = 10
MAX_TAG_LENGTH = 255

STANDARD_FIELDS = ("firstName", "lastName", "profilePic", "language", "phone", "email")
READ_ONLY_FIELDS = ("locale", "timezone", "gender", "created_at")

NO_SUCH_CONTACT = "no such contact"
"""What the message of a 403 says where HeyX has no contact with an id."""

STATUS_IN_QUEUE = 449
"""Seen just after a create: the contact is `in the queue` and not ready for another call yet."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request, below the base URL: `path` is encoded and carries its query."""

    method: str
    path: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> float | None:
        """HeyX's own clock (epoch seconds, whole), if the answer has it."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search; `total` counts all pages' contacts, `per_page` how many a page holds at most."""

    contacts: tuple[Contact, ...]
    last_page: int
    total: int | None = None
    per_page: int | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A create's answer: the new contact's id."""

    id: str


@dataclass(frozen=True, slots=True)
class Done:
    """An answer that says no more than that it happened."""


Answer = Page | Contact | Created | Done


@dataclass(frozen=True, slots=True)
class FindContacts:
    """Get Contact by Custom Field: contacts whose `field` has `value`, ten a page; pages count from 1.

    `per_page` asks for larger pages, which HeyX does not promise to give; its answer says how large they are.
    """

    idempotent: ClassVar[bool] = True
    writes: ClassVar[bool] = False
    field: str
    value: str
    page: int = 1
    per_page: int | None = None

    def request(self, *, viber: bool = False) -> HttpRequest:  # noqa: ARG002  it names no contact
        """The search; a `+` travels as `%2B`."""
        query = {"name": self.field, "value": self.value}
        if self.page > 1:
            query["page"] = str(self.page)
        if self.per_page is not None:
            query["per_page"] = str(self.per_page)
        return HttpRequest("GET", f"/v1/contact/by_custom_field?{urlencode(query, quote_via=quote)}")

    def answer(self, document: object) -> Page:
        """A page; raises `ValueError` where the document is none."""
        found = _member(document, "data")
        if not isinstance(found, list):
            raise ValueError("no list of contacts")
        meta = document.get("meta") if isinstance(document, dict) else None
        meta = meta if isinstance(meta, dict) else {}
        return Page(
            tuple(_contact(item) for item in found),
            _count(meta.get("last_page")) or 1,
            _count(meta.get("total")),
            _count(meta.get("per_page")),
        )


@dataclass(frozen=True, slots=True)
class ReadContact:
    """Get Contact by ID."""

    idempotent: ClassVar[bool] = True
    writes: ClassVar[bool] = False
    id: str

    def request(self, *, viber: bool = False) -> HttpRequest:  # noqa: ARG002  its id is plain on every channel
        """The read."""
        return HttpRequest("GET", _path(self.id, viber=False))

    def answer(self, document: object) -> Contact:
        """The whole contact."""
        return _contact(_member(document, "data"))


@dataclass(frozen=True, slots=True)
class CreateContact:
    """Create Contact, with at most 30 fields: the only call that is dangerous twice."""

    idempotent: ClassVar[bool] = False
    writes: ClassVar[bool] = True
    fields: tuple[Field, ...]

    def request(self, *, viber: bool = False) -> HttpRequest:  # noqa: ARG002  it names no contact
        """The create, without the trailing slash that some servers answer with a redirect."""
        return HttpRequest("POST", "/v1/contact", _fields_body(self.fields))

    def answer(self, document: object) -> Created:
        """The new contact's id."""
        data = _member(document, "data")
        return Created(_id(data.get("id") if isinstance(data, dict) else None))


class _Change:
    """A write to a contact that exists, harmless twice. Its answer says nothing: the id in it may be another."""

    __slots__ = ()
    idempotent: ClassVar[bool] = True
    writes: ClassVar[bool] = True

    def answer(self, document: object) -> Done:
        """Done."""
        if not isinstance(document, dict):
            raise ValueError("it is not a JSON object")
        return Done()


@dataclass(frozen=True, slots=True)
class UpdateContact(_Change):
    """Update Contact by ID, with at most 30 fields; fields not named stay."""

    id: str
    fields: tuple[Field, ...]

    def request(self, *, viber: bool = False) -> HttpRequest:
        """The update."""
        return HttpRequest("PUT", _path(self.id, viber=viber), _fields_body(self.fields))


@dataclass(frozen=True, slots=True)
class AddTags(_Change):
    """Add Tag by ID, at most 10; adding one twice is harmless."""

    id: str
    tags: tuple[str, ...]

    def request(self, *, viber: bool = False) -> HttpRequest:
        """The addition."""
        return HttpRequest("POST", f"{_path(self.id, viber=viber)}/tags", _tags_body(self.tags))


@dataclass(frozen=True, slots=True)
class RemoveTags(_Change):
    """Remove Tag by ID, at most 10; removing one that is absent is harmless."""

    id: str
    tags: tuple[str, ...]

    def request(self, *, viber: bool = False) -> HttpRequest:
        """The removal: a DELETE with a body."""
        return HttpRequest("DELETE", f"{_path(self.id, viber=viber)}/tags", _tags_body(self.tags))


Call = FindContacts | ReadContact | CreateContact | UpdateContact | AddTags | RemoveTags


def parse_response(call: Call, response: HttpResponse) -> Answer:
    """What `response` says to `call`.

    Raises `Unauthorized` (401), `Throttled` (429), `NotFoundError` (no such contact, or not yet), `Rejected` (it
    did not happen) or `Unanswered` (it may have). For a create only a readable documented error, 400 or 422 proves
    that nothing happened.
    """
    document = _document(response.body)
    message = message_of(document)
    if 200 <= response.status < 300 and not _is_error(document):
        try:
            return call.answer(document)
        except ValueError as error:
            raise Unanswered(f"the response of HeyX cannot be read: {error}") from None
    reason = message or _moved(response)
    said = f"HeyX answered {response.status}: {reason}" if reason else f"HeyX answered {response.status}"
    readable = isinstance(document, dict)
    if not call.idempotent and not readable:
        raise Unanswered(said)
    match response.status:
        case 401:
            raise Unauthorized(
                f"HeyX does not accept the token: {message or 'API Token is invalid.'}",
                "Create a new token in HeyX (Settings, the key beside the channel), set HEYX_TOKEN or "
                "HEYX_TOKEN_FILE to it, or replace that of its channel (channels add NAME --replace). Then run "
                "the same command again.",
            )
        case 429:
            raise Throttled(message or "Too many requests", wait_seconds=_retry_after(response))
    if _is_absent(call, response.status, message):
        raise NotFoundError(said, status=response.status)
    if _did_not_happen(call, response.status):
        raise Rejected(said, status=response.status)
    raise Unanswered(said)


def message_of(document: object) -> str:
    """The message of an error document: a text, or a list of texts joined; blank where there is none."""
    if not isinstance(document, dict):
        return ""
    parts = [document.get("message"), document.get("errors")]
    return "; ".join(text for part in parts for text in _texts(part))


def _texts(part: object) -> list[str]:
    match part:
        case str():
            return [part.strip()] if part.strip() else []
        case list():
            return [text for item in part for text in _texts(item)]
        case dict():
            return [text for item in part.values() for text in _texts(item)]
        case _:
            return []


def _did_not_happen(call: Call, status: int) -> bool:
    if call.idempotent:
        return 200 <= status < 500 and status != 408
    return status in (400, 403, 405, 422)


def _is_absent(call: Call, status: int, message: str) -> bool:
    if isinstance(call, FindContacts | CreateContact):
        return False
    return status in (404, STATUS_IN_QUEUE) or (status == 403 and NO_SUCH_CONTACT in message.casefold())


def _moved(reply: HttpResponse) -> str:
    """Where a redirect, which is never followed, points to."""
    place = reply.headers.get("location", "") if 300 <= reply.status < 400 else ""
    return f"it redirects to {place}; check HEYX_URL" if place else ""


def _is_error(document: object) -> bool:
    return isinstance(document, dict) and document.get("status") == "error"


def _document(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _count(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and not isinstance(value, bool) else None


def _member(document: object, name: str) -> object:
    if not isinstance(document, dict) or name not in document:
        raise ValueError(f"it has no {name!r}")
    return document[name]


def _id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise ValueError("it has no contact id")
    return str(value)


def _contact(item: object) -> Contact:
    if not isinstance(item, dict):
        raise ValueError("a contact is not a JSON object")
    fields = item.get("custom_fields") or {}
    tags = item.get("tags") or []
    created_at = item.get("created_at")
    if not isinstance(fields, dict) or not isinstance(tags, list):
        raise ValueError("a contact has no fields or tags")
    return Contact(
        id=_id(item.get("id")),
        fields={str(name): _value(value) for name, value in fields.items()},
        tags=frozenset(str(tag) for tag in tags),
        complete=True,
        created_at=created_at if isinstance(created_at, int) else None,
    )


def _value(value: object) -> Value:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return json.dumps(value, ensure_ascii=False)


def _path(contact_id: str, *, viber: bool) -> str:
    if viber:
        contact_id = base64.b64encode(contact_id.encode()).decode()
    return f"/v1/contact/{quote(contact_id, safe='')}"


def _fields_body(fields: tuple[Field, ...]) -> bytes:
    return _body({"custom_fields": [{"name": field.name, "value": field.value} for field in fields]})


def _tags_body(tags: tuple[str, ...]) -> bytes:
    return _body({"tags": list(tags)})


def _body(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _retry_after(reply: HttpResponse) -> float | None:
    said = reply.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        until = parsedate_to_datetime(said).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, until - reply.date) if reply.date is not None else None
