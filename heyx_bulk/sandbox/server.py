"""The server, without I/O: calls in, responses out, contacts in between.

It follows HeyX's published contract; where that is silent it does what public clients have seen, and where nothing
is known, `Faults` has a variant for each guess.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from threading import Lock

from heyx_bulk.sandbox import responses
from heyx_bulk.sandbox.faults import Faults, FaultSampler
from heyx_bulk.sandbox.rate_limits import RateLimitDecision, Window, WindowKind, new_window
from heyx_bulk.sandbox.requests import MAX_BODY_BYTES, Call, SearchQuery, Value, cleaned, fields_in, tags_in
from heyx_bulk.sandbox.responses import LostResponse, RefusalError, Response
from heyx_bulk.sandbox.store import CONTACTS_A_PAGE, ContactStore, Record, SandboxContact, page_of

_NO_FAULTS = Faults()
_WITHOUT_EFFECT = frozenset({"errors_before", "error_in_200"})


class Sandbox:
    """One channel of a HeyX: every token in `tokens` opens the same contacts.

    A token may make `limit` calls in `window_seconds`, counted as `window` says; with `limit_shared` all tokens
    together may. Without `limit_headers` the responses do not show the limit. `clock` gives epoch seconds. Equal
    calls at equal times give equal responses. Safe to use from several threads.
    """

    def __init__(
        self,
        faults: Faults = _NO_FAULTS,
        *,
        tokens: tuple[str, ...] = ("sandbox",),
        limit: int = 200,
        window_seconds: float = 60.0,
        window: WindowKind = "fixed",
        limit_shared: bool = False,
        limit_headers: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.tokens = tokens
        self._faults = faults
        self._new_window: Callable[[], Window] = lambda: new_window(window, limit, window_seconds)
        self._limit_shared = limit_shared
        self._limit_headers = limit_headers
        self._clock = clock
        self._lock = Lock()
        self._sampler = FaultSampler(faults)
        self._error_statuses = self._sampler.sequence("statuses")
        self._contacts = ContactStore(faults)
        self._windows: dict[str | None, Window] = {}
        self._calls: Counter[str] = Counter()
        self._admitted: Counter[str | None] = Counter()
        self._creates = 0
        self._date = (0, formatdate(0, usegmt=True))

    @property
    def contacts(self) -> tuple[SandboxContact, ...]:
        """Every contact as it is now, oldest first."""
        with self._lock:
            return tuple(record.snapshot() for record in self._contacts.records.values())

    @property
    def calls(self) -> Counter[str]:
        """How many calls came so far, by kind and result.

        `accepted` calls were counted against the limit: `find`, `read`, `create`, `update`, `add_tags` and
        `remove_tags` (whatever their response), `refused_401` and `misrouted` (404 and 405) add up to it.
        `refused_429` and `lost_requests` are not among them; `lost_answers` and `errors` are.
        """
        with self._lock:
            return self._calls.copy()

    def add(
        self,
        fields: Mapping[str, Value],
        tags: Iterable[str] = (),
        id: str | None = None,  # noqa: A002 - HeyX's own word for it
    ) -> str:
        """Add a contact without a call; a search finds it immediately. Returns its id, given or new.

        ValueError if there is a contact with that id.
        """
        kept = {name: cleaned(value) for name, value in fields.items()}
        with self._lock:
            return self._contacts.seed(kept, tags, id or "", self._clock()).id

    def remove(self, contact_id: str) -> None:
        """Remove a contact without a call, as a user of HeyX may; a search no longer finds it.

        KeyError if there is none.
        """
        with self._lock:
            self._contacts.remove(contact_id, self._clock())

    def handle(self, method: str, url: str, token: str | None, body: bytes) -> Response | LostResponse:
        """HeyX's response to a call, or that it is lost.

        `url` is a path with its query, as it stands on the wire (`/api` may be left out). Checked in this order:
        the limit, the token, the route, the contact, the body.
        """
        with self._lock:
            now = self._clock()
            faults = self._sampler.sample()
            if "lose_requests" in faults:
                self._calls["lost_requests"] += 1
                return LostResponse(took_effect=False)
            decision = self._window(token).take(now)
            if not decision.granted:
                self._calls["refused_429"] += 1
                return self._with_headers(responses.error(429, "Too many requests"), decision, now)
            self._calls["accepted"] += 1
            call = self._admit(method, url, token)
            response = self._carry_out_with(faults, call, body, now) if isinstance(call, Call) else call
            return self._with_headers(response, decision, now) if isinstance(response, Response) else response

    def _window(self, token: str | None) -> Window:
        """The budget of a token; unknown tokens share one."""
        known = token in self.tokens
        owner = None if not known else "" if self._limit_shared else token
        if owner not in self._windows:
            self._windows[owner] = self._new_window()
        return self._windows[owner]

    def _with_headers(self, response: Response, decision: RateLimitDecision, now: float) -> Response:
        """The response with its date and, unless a web server wrote it, the state of the limit."""
        if int(now) != self._date[0]:
            self._date = (int(now), formatdate(int(now), usegmt=True))
        headers = {"Date": self._date[1], **response.headers}
        if self._limit_headers and headers["Content-Type"] == responses.JSON:
            headers |= decision.headers(now)
        return Response(response.status, headers, response.body)

    def _admit(self, method: str, url: str, token: str | None) -> Call | Response:
        """The call, if its token and its route are valid; else the response."""
        revoke_after = self._faults.revoke_after
        if token not in self.tokens or (revoke_after is not None and self._admitted[token] >= revoke_after):
            self._calls["refused_401"] += 1
            return responses.error(401, "API Token is invalid.")
        self._admitted[token] += 1
        try:
            call = Call.parse(method, url)
        except RefusalError as refusal:
            self._calls["misrouted"] += 1
            return refusal.response
        self._calls[call.kind] += 1
        return call

    def _carry_out_with(
        self, faults: frozenset[str], call: Call, body: bytes, now: float
    ) -> Response | LostResponse:
        if "errors_before" in faults:
            response = self._server_error()
        elif "error_in_200" in faults:
            self._calls["errors"] += 1
            response = responses.error(200, "Something went wrong.")
        else:
            response = self._carry_out(call, body, now)
        took_effect = not faults & _WITHOUT_EFFECT and response.status < 300
        if call.writes and took_effect and "errors_after_write" in faults:
            response = self._server_error()
        if "lose_answers" in faults or (call.kind == "create" and "lose_create_answers" in faults):
            self._calls["lost_answers"] += 1
            return LostResponse(took_effect)
        return response

    def _server_error(self) -> Response:
        self._calls["errors"] += 1
        return responses.in_html(self._error_statuses.choice((500, 502, 503, 504)))

    def _carry_out(self, call: Call, body: bytes, now: float) -> Response:
        if len(body) > MAX_BODY_BYTES:
            return responses.error(413, "413 Payload Too Large.")
        try:
            match call.kind:
                case "find":
                    return self._find(call, now)
                case "create":
                    return self._create(call, body, now)
                case "read":
                    return responses.data(self._contact(call, now).as_json())
                case "update":
                    return self._update(call, body, now)
                case "add_tags" | "remove_tags":
                    return self._change_tags(call, body, now)
        except RefusalError as refusal:
            return refusal.response

    def _find(self, call: Call, now: float) -> Response:
        search = SearchQuery.parse(call.query)
        found = self._contacts.find(search.name, search.text, now)
        size = max(CONTACTS_A_PAGE, min(search.per_page, self._faults.largest_page))
        return responses.in_json(page_of(found, search.page, size, meta_links=self._faults.meta_links))

    def _create(self, call: Call, body: bytes, now: float) -> Response:
        faults = self._faults
        if call.trailing_slash and faults.trailing_slash == "redirects":
            return responses.in_html(301, Location="/api/v1/contact")
        self._creates += 1
        every = faults.refuse_every
        if self._creates <= faults.refuse_creates or (every and self._creates % every == 0):
            raise RefusalError(403, faults.refuse_message)
        fields = fields_in(body)
        phone = fields.get("phone")
        old = self._contacts.with_phone(phone) if isinstance(phone, str) else None
        if old is not None and faults.existing_phone == "conflict":
            raise RefusalError(409, "A contact with this phone already exists.")
        if old is not None and faults.existing_phone == "returns":
            self._contacts.write(old, fields, now)
            return responses.data({"id": old.id})
        return responses.data({"id": self._contacts.create(fields, now).id}, status=faults.created_status)

    def _update(self, call: Call, body: bytes, now: float) -> Response:
        record = self._contact(call, now)
        self._contacts.write(record, fields_in(body), now)
        other = f"cus_{record.place[0]:012d}"
        return responses.data({"id": other if self._faults.put_answers_other_id else record.id})

    def _change_tags(self, call: Call, body: bytes, now: float) -> Response:
        record, tags = self._contact(call, now), tags_in(body)
        if call.kind == "add_tags":
            kept = [_cleaned_tag(tag) for tag in tags] if self._faults.clean_tags else tags
            record.tags.update(dict.fromkeys(kept))
            return responses.success("Contact Tags have been added successfully.")
        for tag in tags:
            record.tags.pop(tag, None)
        return responses.success("Contact Tags deleted successfully.")

    def _contact(self, call: Call, now: float) -> Record:
        """The contact that a path names; raises a refusal if there is none, or it is in the queue."""
        encoded, records = self._faults.viber, self._contacts.records
        record = records.get(call.contact_id) if not encoded or call.kind == "read" else None
        if record is None and encoded:
            record = records.get(_decoded(call.contact_id))
        if record is None:
            raise RefusalError(self._faults.missing, "There is no such contact.")
        if now < record.ready_at:
            raise RefusalError(449, "The contact is in the queue.")
        return record


def _cleaned_tag(tag: str) -> str:
    return "".join(sign for sign in tag if sign.isalnum() or sign in " -_").strip()


def _decoded(contact_id: str) -> str:
    """The id that Base64 spells; blank, which no contact has, if it is not Base64."""
    try:
        return base64.b64decode(contact_id, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
