from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from heyx_bulk import sandbox as package
from heyx_bulk.sandbox import (
    Faults,
    LostResponse,
    Response,
    Sandbox,
    SandboxServer,
    SandboxTransport,
)

TOKEN = "sandbox"
NOON = 1_700_000_000.25


@dataclass
class Clock:
    now: float = NOON

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """Somebody who asks the sandbox and reads its answers."""

    faults: Faults = field(default_factory=Faults)
    clock: Clock = field(default_factory=Clock)
    limit: int = 10_000
    limit_headers: bool = True

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(self.faults, limit=self.limit, limit_headers=self.limit_headers, clock=self.clock)

    def ask(self, method: str, path: str, body: Any = None, token: str | None = TOKEN) -> Response:
        answer = self.try_asking(method, path, body, token)
        assert isinstance(answer, Response)
        return answer

    def try_asking(
        self, method: str, path: str, body: Any = None, token: str | None = TOKEN
    ) -> Response | LostResponse:
        raw = b"" if body is None else json.dumps(body).encode()
        return self.sandbox.handle(method, f"/api/v1/contact{path}", token, raw)

    def find(self, name: str, value: str, page: int | None = None) -> Any:
        query: dict[str, str | int] = {"name": name, "value": value}
        if page is not None:
            query["page"] = page
        answer = self.ask("GET", f"/by_custom_field?{urlencode(query)}")
        assert answer.status == 200
        return answer.json()

    def found(self, name: str, value: str) -> set[str]:
        return {contact["id"] for contact in self.find(name, value)["data"]}

    def create(self, **fields: Any) -> str:
        answer = self.ask("POST", "", written(fields))
        assert answer.status in {200, 201}
        contact_id = answer.json()["data"]["id"]
        assert isinstance(contact_id, str)
        return contact_id

    def update(self, contact_id: str, **fields: Any) -> Response:
        return self.ask("PUT", f"/{quote(contact_id, safe='')}", written(fields))

    def read(self, contact_id: str) -> Any:
        answer = self.ask("GET", f"/{quote(contact_id, safe='')}")
        assert answer.status == 200
        return answer.json()["data"]


def written(fields: dict[str, Any]) -> dict[str, Any]:
    return {"custom_fields": [{"name": name, "value": value} for name, value in fields.items()]}


def error_body(message: str) -> dict[str, Any]:
    return {"status": "error", "message": message, "data": []}


def shape(value: Any) -> Any:
    """The keys and kinds of a JSON value, whatever its texts and numbers are."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case _:
            return type(value).__name__


# HeyX's published samples


FOUND: dict[str, Any] = {
    "data": [
        {
            "id": "1776025372480910",
            "custom_fields": {
                "firstName": "Mahin",
                "lastName": "Dar",
                "locale": "en_GB",
                "timezone": "5",
                "gender": "male",
                "phone": "123123",
                "email": "muhammad@heyx.io",
                "customerid": "1",
                "isLead": True,
            },
            "tags": ["Blog Updates", "Platform Updates"],
            "created_at": 1575618542,
        }
    ],
    "links": {
        "first": "http://app.heyx.io/api/v1/contact/by_custom_field?page=1",
        "last": "http://app.heyx.io/api/v1/contact/by_custom_field?page=1",
        "prev": None,
        "next": None,
    },
    "meta": {
        "current_page": 1,
        "from": 1,
        "last_page": 1,
        "path": "http://app.heyx.io/api/v1/contact/by_custom_field",
        "per_page": 10,
        "to": 1,
        "total": 1,
    },
}


def published() -> Desk:
    contact = FOUND["data"][0]
    desk = Desk(clock=Clock(1575618542.9))
    desk.sandbox.add(contact["custom_fields"], contact["tags"], id=contact["id"])
    return desk


def test_the_published_search_is_answered_as_published() -> None:
    assert published().find("firstName", "Mahin") == FOUND


def test_the_published_read_is_answered_as_published() -> None:
    assert published().ask("GET", "/1776025372480910").json() == {"data": FOUND["data"][0]}


def test_the_published_update_is_answered_with_an_id() -> None:
    names = ["firstName", "lastName", "profilePic", "firstName", "lastName"]
    body = {"custom_fields": [{"name": name, "value": f"{name} {n}"} for n, name in enumerate(names)]}
    desk = published()
    answer = desk.ask("PUT", "/1776025372480910", body)
    assert (answer.status, answer.json()) == (200, {"data": {"id": "1776025372480910"}})
    fields = desk.read("1776025372480910")["custom_fields"]
    assert (fields["firstName"], fields["lastName"]) == ("firstName 3", "lastName 4")


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("POST", "Contact Tags have been added successfully."),
        ("DELETE", "Contact Tags deleted successfully."),
    ],
)
def test_the_published_tag_calls_are_answered_as_published(method: str, message: str) -> None:
    answer = published().ask(method, "/1776025372480910/tags", {"tags": ["Blog Updates", "Platform Updates"]})
    assert (answer.status, answer.json()) == (200, {"status": "success", "message": message, "data": []})


@pytest.mark.parametrize("path", ["", "/"])
def test_the_published_create_is_answered_with_an_id_with_and_without_a_slash(path: str) -> None:
    desk = Desk()
    answer = desk.ask("POST", path, written({"phone": "03244077087", "firstName": "Muhammad Mahin"}))
    assert (answer.status, shape(answer.json())) == (200, {"data": {"id": "str"}})
    assert len(answer.json()["data"]["id"]) == 16
    assert [contact.fields["phone"] for contact in desk.sandbox.contacts] == ["03244077087"]


@pytest.mark.parametrize("token", [None, "", "another"])
def test_a_wrong_token_gets_the_published_401(token: str | None) -> None:
    answer = Desk().ask("GET", "/1", token=token)
    assert (answer.status, answer.json()) == (401, error_body("API Token is invalid."))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", "/1"), ("PUT", "/1/tags"), ("POST", "/by_custom_field"), ("PATCH", "/1")],
)
def test_a_wrong_method_gets_the_published_405(method: str, path: str) -> None:
    answer = Desk().ask(method, path)
    assert (answer.status, answer.json()) == (405, error_body("405 Method Not Allowed."))


@pytest.mark.parametrize("url", ["/v1/contacts", "/v2/contact", "/x/v1/contact", "/api/v1/contact//tags", "/"])
def test_a_path_outside_the_contract_is_404(url: str) -> None:
    answer = Sandbox().handle("POST", url, "sandbox", b"{}")
    assert isinstance(answer, Response)
    assert answer.status == 404


def test_the_prefix_api_may_be_left_out() -> None:
    sandbox = Sandbox()
    sandbox.add({"phone": "1"}, id="7")
    with_it = sandbox.handle("GET", "/api/v1/contact/7", "sandbox", b"")
    without = sandbox.handle("GET", "/v1/contact/7", "sandbox", b"")
    assert isinstance(with_it, Response)
    assert isinstance(without, Response)
    assert with_it.body == without.body


def test_every_answer_carries_the_date_of_the_clock() -> None:
    desk = Desk(faults=Faults(errors_before=0.5))
    dates = set()
    for _ in range(20):
        dates.add(parsedate_to_datetime(desk.ask("GET", "/1").headers["Date"]).timestamp())
    desk.clock.now += 86_400
    later = parsedate_to_datetime(desk.ask("GET", "/1").headers["Date"]).timestamp()
    assert (dates, later) == ({int(NOON)}, int(NOON) + 86_400)


def test_the_package_names_what_it_offers() -> None:
    assert all(hasattr(package, name) for name in package.__all__)


# Searches and pages


def test_pages_hold_ten_and_together_every_contact_once() -> None:
    desk = Desk()
    made = {desk.create(list="a", phone=str(n)) for n in range(25)}
    pages = [desk.find("list", "a", page) for page in (1, 2, 3)]
    ids = [contact["id"] for page in pages for contact in page["data"]]
    assert [len(page["data"]) for page in pages] == [10, 10, 5]
    assert (len(ids), set(ids)) == (25, made)
    assert [page["meta"]["from"] for page in pages] == [1, 11, 21]
    assert [page["meta"]["to"] for page in pages] == [10, 20, 25]
    assert {(page["meta"]["last_page"], page["meta"]["total"]) for page in pages} == {(3, 25)}


def test_links_lead_nowhere_near_the_search() -> None:
    desk = Desk()
    for n in range(25):
        desk.create(list="a", phone=str(n))
    base = "http://app.heyx.io/api/v1/contact/by_custom_field?page="
    assert desk.find("list", "a", 2)["links"] == {
        "first": f"{base}1",
        "last": f"{base}3",
        "prev": f"{base}1",
        "next": f"{base}3",
    }


def test_a_page_past_the_end_is_empty() -> None:
    desk = Desk()
    desk.create(phone="1")
    page = desk.find("phone", "1", 2)
    assert (page["data"], page["meta"]["from"], page["meta"]["to"]) == ([], None, None)
    assert (page["meta"]["current_page"], page["meta"]["last_page"], page["meta"]["total"]) == (2, 1, 1)


def test_a_search_for_nobody_has_one_empty_page() -> None:
    page = Desk().find("phone", "1")
    assert (page["data"], page["meta"]["last_page"], page["meta"]["total"]) == ([], 1, 0)


@pytest.mark.parametrize("page", ["0", "-1", "x", ""])
def test_a_page_that_is_none_reads_as_the_first(page: str) -> None:
    desk = Desk()
    answer = desk.ask("GET", f"/by_custom_field?name=phone&value=1&page={page}")
    assert answer.json()["meta"]["current_page"] == 1


def test_results_keep_their_order_and_it_is_not_that_of_creation() -> None:
    desk = Desk()
    made = [desk.create(list="a", phone=str(n)) for n in range(10)]
    orders = [[contact["id"] for contact in desk.find("list", "a")["data"]] for _ in range(2)]
    assert orders[0] == orders[1] != made


def test_a_search_is_exact_about_case_and_plus() -> None:
    desk = Desk()
    found = desk.create(phone="+92324", firstName="Mahin")
    assert desk.found("phone", "+92324") == {found}
    assert desk.found("phone", "92324") == desk.found("firstName", "mahin") == set()


def test_a_plus_that_was_not_encoded_is_a_space() -> None:
    desk = Desk()
    desk.create(phone="+92324")
    bare = desk.ask("GET", "/by_custom_field?name=phone&value=+92324").json()
    encoded = desk.ask("GET", "/by_custom_field?name=phone&value=%2B92324").json()
    assert (bare["meta"]["total"], encoded["meta"]["total"]) == (0, 1)


def test_booleans_are_kept_and_found_by_their_english_words() -> None:
    desk = Desk()
    lead, other = desk.create(phone="1", isLead=True), desk.create(phone="2", isLead=False)
    assert (desk.found("isLead", "true"), desk.found("isLead", "false")) == ({lead}, {other})
    assert desk.read(lead)["custom_fields"]["isLead"] is True


def test_a_changed_value_is_found_and_the_old_one_is_not() -> None:
    desk = Desk()
    contact = desk.create(phone="1", city="Lahore")
    assert desk.found("city", "Lahore") == {contact}
    desk.update(contact, city="Karachi")
    assert (desk.found("city", "Lahore"), desk.found("city", "Karachi")) == (set(), {contact})


def test_a_search_without_name_or_value_is_422() -> None:
    assert Desk().ask("GET", "/by_custom_field?name=phone").status == 422


# Writing


def test_an_update_merges() -> None:
    desk = Desk()
    contact = desk.create(phone="1", firstName="A", city="Lahore")
    desk.update(contact, firstName="B")
    assert desk.read(contact)["custom_fields"] == {"phone": "1", "firstName": "B", "city": "Lahore"}


def test_strings_are_trimmed_and_the_empty_one_becomes_null() -> None:
    desk = Desk()
    contact = desk.create(phone=" 1 ", firstName="  ", city=" New  York\n")
    fields = {"phone": "1", "firstName": None, "city": "New  York"}
    assert desk.read(contact)["custom_fields"] == fields
    assert desk.found("firstName", "") == set()


@pytest.mark.parametrize("name", ["locale", "timezone", "gender", "id", "created_at"])
def test_a_read_only_field_is_refused_and_nothing_of_the_call_is_kept(name: str) -> None:
    desk = Desk()
    contact = desk.create(phone="1")
    answer = desk.update(contact, city="Lahore", **{name: "x"})
    assert (answer.status, name in answer.json()["message"]) == (403, True)
    assert desk.read(contact)["custom_fields"] == {"phone": "1"}


@pytest.mark.parametrize("phone", ["", "  ", None])
def test_an_empty_phone_is_refused(phone: str | None) -> None:
    desk = Desk()
    contact = desk.create(phone="1")
    assert desk.update(contact, phone=phone).status == 403
    assert desk.read(contact)["custom_fields"] == {"phone": "1"}


@pytest.mark.parametrize(("count", "status"), [(30, 200), (31, 403)])
def test_thirty_fields_are_written_and_thirty_one_refused(count: int, status: int) -> None:
    desk = Desk()
    fields = {f"f{n}": "x" for n in range(count)}
    contact = desk.create(phone="1")
    assert desk.update(contact, **fields).status == status
    assert desk.ask("POST", "", written(fields)).status == status
    assert len(desk.read(contact)["custom_fields"]) == (31 if status == 200 else 1)


def test_a_field_named_twice_counts_twice_towards_the_thirty() -> None:
    body = {"custom_fields": [{"name": "firstName", "value": "x"}] * 31}
    assert Desk().ask("POST", "", body).status == 403


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(("count", "status"), [(10, 200), (11, 403)])
def test_ten_tags_pass_and_eleven_are_refused(method: str, count: int, status: int) -> None:
    desk = Desk()
    contact = desk.create(phone="1")
    answer = desk.ask(method, f"/{contact}/tags", {"tags": [f"t{n}" for n in range(count)]})
    assert answer.status == status


@pytest.mark.parametrize(("length", "status"), [(255, 200), (256, 403)])
def test_a_tag_has_at_most_255_characters(length: int, status: int) -> None:
    desk = Desk()
    contact = desk.create(phone="1")
    assert desk.ask("POST", f"/{contact}/tags", {"tags": ["ü" * length]}).status == status


def test_tags_are_a_set_and_changing_them_twice_is_harmless() -> None:
    desk = Desk()
    contact = desk.create(phone="1")
    for _ in range(2):
        desk.ask("POST", f"/{contact}/tags", {"tags": ["a", " b ", "b"]})
    assert desk.read(contact)["tags"] == ["a", "b"]
    for _ in range(2):
        assert desk.ask("DELETE", f"/{contact}/tags", {"tags": ["a", "c"]}).status == 200
    assert desk.sandbox.contacts[0].tags == {"b"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        b'{"custom_fields": []}',
        b'{"custom_fields": {"phone": "1"}}',
        b'{"custom_fields": ["phone"]}',
        b'{"custom_fields": [{"name": "phone"}]}',
        b'{"custom_fields": [{"value": "1"}]}',
        b'{"custom_fields": [{"name": " ", "value": "1"}]}',
        b'{"custom_fields": [{"name": "phone", "value": ["1"]}]}',
    ],
)
def test_a_malformed_body_is_422_and_nobody_is_created(body: bytes) -> None:
    desk = Desk()
    answer = desk.sandbox.handle("POST", "/api/v1/contact", "sandbox", body)
    assert isinstance(answer, Response)
    assert (answer.status, answer.json()["status"], desk.sandbox.contacts) == (422, "error", ())


@pytest.mark.parametrize("tags", [None, [], "a", [""], [1], {}])
def test_malformed_tags_are_422(tags: Any) -> None:
    desk = Desk()
    contact = desk.create(phone="1")
    assert desk.ask("POST", f"/{contact}/tags", {"tags": tags}).status == 422


def test_a_body_over_a_megabyte_is_413() -> None:
    assert Desk().ask("POST", "", {"custom_fields": "x" * 1_000_001}).status == 413


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/1", None),
        ("PUT", "/1", {"custom_fields": [{"name": "city", "value": "x"}]}),
        ("POST", "/1/tags", {"tags": ["a"]}),
        ("DELETE", "/1/tags", {"tags": ["a"]}),
    ],
)
def test_an_id_that_nobody_has_is_a_403_that_says_so(method: str, path: str, body: Any) -> None:
    answer = Desk().ask(method, path, body)
    assert (answer.status, shape(answer.json())) == (403, shape(error_body("")))
    assert "no such contact" in answer.json()["message"]


# What a test can see


def test_contacts_are_a_snapshot_with_whole_seconds() -> None:
    desk = Desk()
    contact = desk.create(phone="1")
    before = desk.sandbox.contacts
    desk.update(contact, phone="2")
    assert [(c.id, c.fields, c.tags, c.created_at) for c in before] == [
        (contact, {"phone": "1"}, frozenset(), int(NOON))
    ]


def test_a_contact_put_there_costs_no_call_and_has_no_lag_or_queue() -> None:
    desk = Desk(Faults(lag=5, queue=5))
    contact = desk.sandbox.add({"phone": "1", "isLead": True}, ["a"])
    assert not desk.sandbox.calls
    assert desk.found("phone", "1") == {contact}
    assert desk.read(contact)["tags"] == ["a"]


def test_two_contacts_cannot_be_put_there_with_one_id() -> None:
    desk = Desk()
    desk.sandbox.add({}, id="7")
    with pytest.raises(ValueError, match="already"):
        desk.sandbox.add({}, id="7")


def test_calls_are_counted_by_kind_and_add_up_to_the_accepted() -> None:
    desk = Desk(limit=8)
    contact = desk.create(phone="1")
    desk.find("phone", "1")
    desk.read(contact)
    desk.update(contact, city="x")
    desk.ask("POST", f"/{contact}/tags", {"tags": ["a"]})
    desk.ask("DELETE", f"/{contact}/tags", {"tags": ["a"]})
    desk.ask("PATCH", "/1")
    desk.ask("GET", "/none")
    desk.ask("GET", "/none")
    desk.ask("GET", "/1", token="wrong")
    assert desk.sandbox.calls == Counter(
        accepted=9,
        create=1,
        find=1,
        read=2,
        update=1,
        add_tags=1,
        remove_tags=1,
        misrouted=1,
        refused_401=1,
        refused_429=1,
    )


# The limit


def test_two_hundred_calls_pass_and_the_next_gets_the_published_429() -> None:
    desk = Desk(limit=200)
    answers = [desk.ask("GET", "/1") for _ in range(201)]
    assert Counter(answer.status for answer in answers) == {403: 200, 429: 1}
    assert answers[-1].json() == error_body("Too many requests")
    assert (desk.sandbox.calls["accepted"], desk.sandbox.calls["refused_429"]) == (200, 1)


def test_answers_count_the_budget_down_to_zero() -> None:
    desk = Desk(limit=200)
    answers = [desk.ask("GET", "/1") for _ in range(200)]
    assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers] == [*range(199, -1, -1)]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"200"}
    assert not any("Retry-After" in answer.headers for answer in answers)


def test_the_whole_budget_comes_back_sixty_seconds_after_the_first_call() -> None:
    desk = Desk(limit=2)
    statuses = []
    for seconds in (0, 59, 59.99, 60, 60, 60):
        desk.clock.now = NOON + seconds
        statuses.append(desk.ask("GET", "/1").status)
    assert statuses == [403, 403, 429, 403, 403, 429]


def test_refused_calls_are_not_counted_and_leave_no_effect() -> None:
    desk = Desk(limit=1)
    desk.create(phone="1")
    for _ in range(500):
        assert desk.ask("POST", "", written({"phone": "2"})).status == 429
    desk.clock.now += 60
    assert desk.ask("GET", "/1").status == 403
    assert len(desk.sandbox.contacts) == 1


@pytest.mark.parametrize(("after", "wait"), [(0, 60), (0.5, 59), (58.5, 1), (59.5, 0)])
def test_retry_after_is_in_whole_seconds_and_can_be_zero(after: float, wait: int) -> None:
    desk = Desk(limit=1)
    desk.ask("GET", "/1")
    desk.clock.now += after
    headers = desk.ask("GET", "/1").headers
    assert headers["Retry-After"] == str(wait)
    assert headers["X-RateLimit-Reset"] == str(int(desk.clock.now) + wait)
    assert headers["X-RateLimit-Remaining"] == "0"


def test_without_limit_headers_a_429_says_nothing_of_when() -> None:
    desk = Desk(limit=1, limit_headers=False)
    answers = [desk.ask("GET", "/1") for _ in range(2)]
    assert answers[1].status == 429
    assert all(set(answer.headers) == {"Date", "Content-Type"} for answer in answers)


def test_calls_with_errors_count_like_any_other() -> None:
    desk = Desk(faults=Faults(errors_before=1), limit=3)
    assert [desk.ask("GET", "/1").status >= 500 for _ in range(3)] == [True] * 3
    assert desk.ask("GET", "/1").status == 429


@pytest.mark.parametrize(("limit_shared", "status"), [(False, 403), (True, 429)])
def test_the_limit_is_each_tokens_own_unless_it_is_shared(*, limit_shared: bool, status: int) -> None:
    sandbox = Sandbox(tokens=("a", "b"), limit=1, limit_shared=limit_shared, clock=Clock())
    answers = [sandbox.handle("GET", "/v1/contact/1", token, b"") for token in "ab"]
    assert [answer.status for answer in answers if isinstance(answer, Response)] == [403, status]


def test_strangers_do_not_use_up_the_budget_of_a_token() -> None:
    desk = Desk(limit=1)
    statuses = [desk.ask("GET", "/1", token=token).status for token in ("x", "y", "sandbox")]
    assert statuses == [401, 429, 403]


def test_every_token_opens_the_same_contacts() -> None:
    sandbox = Sandbox(tokens=("a", "b"))
    sandbox.add({"phone": "1"}, id="7")
    answers = [sandbox.handle("GET", "/v1/contact/7", token, b"") for token in "ab"]
    assert [answer.status for answer in answers if isinstance(answer, Response)] == [200, 200]


def test_a_clock_that_was_set_back_opens_a_new_window() -> None:
    desk = Desk(limit=1)
    desk.ask("GET", "/1")
    desk.clock.now -= 3600
    assert desk.ask("GET", "/1").status == 403


# Misbehaviour


def test_a_lost_answer_took_effect() -> None:
    desk = Desk(Faults(lose_answers=1))
    assert desk.try_asking("POST", "", written({"phone": "1"})) == LostResponse(took_effect=True)
    assert len(desk.sandbox.contacts) == 1
    assert desk.sandbox.calls == Counter(accepted=1, create=1, lost_answers=1)


def test_a_lost_refusal_had_no_effect() -> None:
    desk = Desk(Faults(lose_answers=1, refuse_creates=1))
    assert desk.try_asking("POST", "", written({"phone": "1"})) == LostResponse(took_effect=False)


def test_only_the_answers_of_creates_are_lost_if_that_is_asked() -> None:
    desk = Desk(Faults(lose_create_answers=1))
    assert desk.try_asking("POST", "", written({"phone": "1"})) == LostResponse(took_effect=True)
    contact = desk.sandbox.contacts[0].id
    assert desk.update(contact, city="x").status == 200
    assert desk.found("phone", "1") == {contact}


def test_a_lost_request_has_no_effect_and_is_not_counted() -> None:
    desk = Desk(Faults(lose_requests=1))
    assert desk.try_asking("POST", "", written({"phone": "1"})) == LostResponse(took_effect=False)
    assert (desk.sandbox.contacts, desk.sandbox.calls) == ((), Counter(lost_requests=1))


def test_an_error_after_a_write_is_html_and_the_write_took_place() -> None:
    desk = Desk(Faults(errors_after_write=1))
    answer = desk.ask("POST", "", written({"phone": "1"}))
    assert (answer.status >= 500, answer.headers["Content-Type"][:9]) == (True, "text/html")
    contact = desk.sandbox.contacts[0].id
    assert desk.update(contact, phone="2").status >= 500
    assert desk.ask("POST", f"/{contact}/tags", {"tags": ["a"]}).status >= 500
    assert desk.read(contact) == {
        "id": contact,
        "custom_fields": {"phone": "2"},
        "tags": ["a"],
        "created_at": int(NOON),
    }


def test_a_refused_write_is_refused_even_where_errors_follow_writes() -> None:
    desk = Desk(Faults(errors_after_write=1, refuse_creates=1))
    assert desk.ask("POST", "", written({"phone": "1"})).status == 403


def test_an_error_before_a_write_leaves_nothing() -> None:
    desk = Desk(Faults(errors_before=1))
    answer = desk.ask("POST", "", written({"phone": "1"}))
    assert (answer.status >= 500, desk.sandbox.contacts) == (True, ())
    assert set(answer.headers) == {"Date", "Content-Type"}
    assert b"<html>" in answer.body


def test_an_error_in_200_leaves_nothing() -> None:
    desk = Desk(Faults(error_in_200=1))
    answer = desk.ask("POST", "", written({"phone": "1"}))
    assert (answer.status, answer.json()["status"], desk.sandbox.contacts) == (200, "error", ())


def test_a_share_is_roughly_kept_and_equal_seeds_fall_equally() -> None:
    def falls(faults: Faults) -> list[bool]:
        desk = Desk(faults)
        return [isinstance(desk.try_asking("GET", "/1"), LostResponse) for _ in range(2000)]

    first = falls(Faults(lose_answers=0.1, seed=3))
    assert first == falls(Faults(lose_answers=0.1, error_in_200=0.5, seed=3))
    assert first != falls(Faults(lose_answers=0.1, seed=4))
    assert 150 < sum(first) < 250


def test_a_share_above_one_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="lose_answers"):
        Faults(lose_answers=5)


def test_with_lag_a_new_contact_is_read_by_id_before_it_is_found() -> None:
    desk = Desk(Faults(lag=3))
    contact = desk.create(phone="1")
    assert desk.read(contact)["id"] == contact
    assert desk.found("phone", "1") == set()
    desk.clock.now += 2.9
    assert desk.found("phone", "1") == set()
    desk.clock.now += 0.1
    assert desk.found("phone", "1") == {contact}


@pytest.mark.parametrize("searched_before", [True, False])
def test_with_lag_a_changed_contact_is_found_by_what_it_was(*, searched_before: bool) -> None:
    desk = Desk(Faults(lag=3))
    contact = desk.sandbox.add({"city": "Lahore"})
    if searched_before:
        desk.found("city", "Lahore")
    desk.update(contact, city="Karachi")
    desk.clock.now += 1
    desk.update(contact, city="Multan")
    desk.clock.now += 1
    seen = []
    for _ in range(3):
        seen.append([city for city in ("Lahore", "Karachi", "Multan") if desk.found("city", city)])
        desk.clock.now += 1
    assert seen == [["Lahore"], ["Karachi"], ["Multan"]]


def test_a_new_contact_in_the_queue_answers_449_to_all_but_searches() -> None:
    desk = Desk(Faults(queue=3))
    contact = desk.create(phone="1")
    answers = [
        desk.ask("GET", f"/{contact}"),
        desk.update(contact, city="x"),
        desk.ask("POST", f"/{contact}/tags", {"tags": ["a"]}),
        desk.ask("DELETE", f"/{contact}/tags", {"tags": ["a"]}),
    ]
    assert {answer.status for answer in answers} == {449}
    assert all("in the queue" in answer.json()["message"] for answer in answers)
    assert desk.found("phone", "1") == {contact}
    desk.clock.now += 3
    assert desk.read(contact)["tags"] == []


def test_the_first_creates_are_refused_and_then_it_behaves() -> None:
    desk = Desk(Faults(refuse_creates=2, refuse_message="Not today."))
    answers = [desk.ask("POST", "", written({"phone": str(n)})) for n in range(4)]
    assert [answer.status for answer in answers] == [403, 403, 200, 200]
    assert answers[0].json() == error_body("Not today.")
    assert [contact.fields["phone"] for contact in desk.sandbox.contacts] == ["2", "3"]


def test_every_third_create_is_refused_if_that_is_asked() -> None:
    desk = Desk(Faults(refuse_every=3))
    answers = [desk.ask("POST", "", written({"phone": str(n)})) for n in range(7)]
    assert [answer.status for answer in answers] == [200, 200, 403, 200, 200, 403, 200]


def test_a_token_is_revoked_after_so_many_accepted_calls() -> None:
    desk = Desk(Faults(revoke_after=2))
    assert [desk.ask("GET", "/1").status for _ in range(4)] == [403, 403, 401, 401]


def test_a_loose_search_finds_words_in_any_case_and_phones_by_their_tails() -> None:
    desk = Desk(Faults(search="loose"))
    mahin = desk.create(firstName="Mahin", phone="03244077087")
    both = desk.create(firstName="MAHIN Khan", phone="+92 324 4077087")
    desk.create(firstName="Ali", phone="03244077088")
    assert desk.found("firstName", "Muhammad Mahin") == {mahin, both}
    assert desk.found("phone", "+923244077087") == {mahin, both}
    desk.update(both, firstName="Ali")
    assert desk.found("firstName", "Muhammad Mahin") == {mahin}


def test_a_create_for_an_existing_phone_makes_a_twin() -> None:
    desk = Desk()
    assert desk.create(phone="+1") != desk.create(phone="+1")
    assert len(desk.found("phone", "+1")) == 2


def test_a_create_for_an_existing_phone_may_be_a_conflict() -> None:
    desk = Desk(Faults(existing_phone="conflict"))
    contact = desk.create(phone="+1")
    assert desk.ask("POST", "", written({"phone": "1"})).status == 409
    desk.update(contact, phone="2")
    assert desk.create(phone="1") != contact


def test_a_create_for_an_existing_phone_may_return_the_old_contact() -> None:
    desk = Desk(Faults(existing_phone="returns", created_status=201))
    contact = desk.create(phone="1", city="Lahore")
    answer = desk.ask("POST", "", written({"phone": "1", "firstName": "A"}))
    assert (answer.status, answer.json()) == (200, {"data": {"id": contact}})
    assert desk.read(contact)["custom_fields"] == {"phone": "1", "city": "Lahore", "firstName": "A"}


def test_a_missing_contact_may_be_404_and_a_create_201() -> None:
    desk = Desk(Faults(missing=404, created_status=201))
    assert desk.ask("GET", "/1").status == 404
    assert desk.ask("POST", "", written({"phone": "1"})).status == 201


def test_ids_may_be_cus_or_odd_and_odd_ones_travel_in_a_path() -> None:
    cus = Desk(Faults(ids="cus")).create(phone="1")
    assert (cus[:4], len(cus)) == ("cus_", 16)
    desk = Desk(Faults(ids="odd"))
    odd = desk.create(phone="1")
    assert all(sign in odd for sign in "/+=@")
    assert odd.isascii()
    assert desk.ask("POST", f"/{quote(odd, safe='')}/tags", {"tags": ["a"]}).status == 200
    assert desk.read(odd)["tags"] == ["a"]


def test_viber_wants_base64_in_the_path_of_writes_and_takes_either_for_reads() -> None:
    desk = Desk(Faults(viber=True, ids="odd"))
    plain = desk.create(phone="1")
    encoded = base64.b64encode(plain.encode()).decode()
    assert desk.update(plain, city="x").status == 403
    assert desk.ask("POST", f"/{quote(plain, safe='')}/tags", {"tags": ["a"]}).status == 403
    assert desk.update(encoded, city="x").status == 200
    assert desk.ask("POST", f"/{quote(encoded, safe='')}/tags", {"tags": ["a"]}).status == 200
    assert desk.read(plain) == desk.read(encoded)


@pytest.mark.parametrize(
    ("phones", "kept"), [("as-sent", "+92 (324) 1"), ("plus", "+923241"), ("digits", "923241")]
)
def test_phones_are_kept_in_the_asked_spelling(phones: Any, kept: str) -> None:
    desk = Desk(Faults(phones=phones))
    contact = desk.create(phone="+92 (324) 1")
    assert desk.read(contact)["custom_fields"]["phone"] == kept
    assert desk.found("phone", kept) == {contact}


def test_an_update_may_answer_with_another_id() -> None:
    desk = Desk(Faults(put_answers_other_id=True))
    contact = desk.create(phone="1")
    assert desk.update(contact, city="x").json()["data"]["id"] not in {contact, ""}
    assert desk.read(contact)["custom_fields"]["city"] == "x"


def test_a_field_may_be_read_under_another_name_than_it_is_written() -> None:
    desk = Desk(Faults(rename_fields={"f_17": "City"}))
    contact = desk.create(phone="1", f_17="Lahore")
    assert desk.read(contact)["custom_fields"] == {"phone": "1", "City": "Lahore"}
    assert desk.found("City", "Lahore") == desk.found("f_17", "Lahore") == {contact}


def test_dropped_fields_are_accepted_and_not_kept() -> None:
    desk = Desk(Faults(drop_fields=frozenset({"city"})))
    contact = desk.create(phone="1", city="Lahore")
    assert desk.update(contact, city="Lahore").status == 200
    assert desk.read(contact)["custom_fields"] == {"phone": "1"}


def test_meta_may_carry_links() -> None:
    meta = Desk(Faults(meta_links=True)).find("phone", "1")["meta"]
    assert [link["label"] for link in meta["links"]] == ["1"]


def test_a_trailing_slash_may_be_redirected() -> None:
    desk = Desk(Faults(trailing_slash="redirects"))
    answer = desk.ask("POST", "/", written({"phone": "1"}))
    assert (answer.status, answer.headers["Location"]) == (301, "/api/v1/contact")
    assert desk.sandbox.contacts == ()
    assert desk.ask("POST", "", written({"phone": "1"})).status == 200


def test_calls_of_several_threads_are_carried_out_one_after_another() -> None:
    inside: list[int] = []
    most: list[int] = []

    def clock() -> float:
        inside.append(1)
        time.sleep(0.001)
        most.append(len(inside))
        inside.pop()
        return NOON

    sandbox = Sandbox(clock=clock)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: sandbox.handle("GET", f"/v1/contact/{n}", "sandbox", b""), range(40)))
    assert max(most) == 1


def test_many_threads_together_lose_nothing() -> None:
    desk = Desk()
    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(lambda n: desk.create(phone=str(n), list="a"), range(400)))
    assert (len(ids), desk.find("list", "a")["meta"]["total"]) == (400, 400)


# The transport


def through_transport(sandbox: Sandbox, ask: Callable[[httpx.AsyncClient], Any], latency: float = 0.0) -> Any:
    async def talk() -> Any:
        transport = SandboxTransport(sandbox, latency)
        async with httpx.AsyncClient(
            transport=transport,
            base_url="https://app.heyx.io/api",
            headers={"Authorization": "Bearer sandbox"},
        ) as client:
            return await ask(client)

    return asyncio.run(talk())


def test_the_transport_passes_path_query_token_and_body() -> None:
    sandbox = Sandbox(Faults(ids="odd"))

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        made = await client.post("/v1/contact", json=written({"phone": "+1"}))
        contact = quote(made.json()["data"]["id"], safe="")
        tagged = await client.request("DELETE", f"/v1/contact/{contact}/tags", json={"tags": ["a"]})
        found = await client.get("/v1/contact/by_custom_field?name=phone&value=%2B1")
        refused = await client.get(f"/v1/contact/{contact}", headers={"Authorization": "Bearer x"})
        return [made, tagged, found, refused]

    made, tagged, found, refused = through_transport(sandbox, ask)
    assert [made.status_code, tagged.status_code, found.status_code, refused.status_code] == [
        200,
        200,
        200,
        401,
    ]
    assert found.json()["data"][0]["id"] == made.json()["data"]["id"]
    assert "X-RateLimit-Remaining" in made.headers


def test_through_the_transport_a_lost_answer_is_a_read_error() -> None:
    sandbox = Sandbox(Faults(lose_answers=1))
    with pytest.raises(httpx.ReadError):
        through_transport(sandbox, lambda client: client.post("/v1/contact", json=written({"phone": "1"})))
    assert len(sandbox.contacts) == 1


def test_the_transport_waits_half_before_and_half_after() -> None:
    sandbox = Sandbox()

    async def ask(client: httpx.AsyncClient) -> tuple[int, int, float]:
        began = time.perf_counter()
        call = asyncio.create_task(client.get("/v1/contact/1"))
        await asyncio.sleep(0.02)
        before = sandbox.calls["read"]
        await asyncio.sleep(0.1)
        after = sandbox.calls["read"]
        await call
        return before, after, time.perf_counter() - began

    before, after, took = through_transport(sandbox, ask, latency=0.2)
    assert (before, after, took >= 0.2) == (0, 1, True)


# The server


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox(limit=100_000)) as running:
        yield running


def client_of(server: SandboxServer, token: str = TOKEN) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=100)
    return httpx.Client(base_url=server.url, headers=headers, trust_env=False, limits=limits)


def test_the_server_answers_all_six_calls_over_one_connection(server: SandboxServer) -> None:
    with client_of(server) as client:
        contact = client.post("/v1/contact/", json=written({"phone": "+1"})).json()["data"]["id"]
        streams = set()
        answers = [
            client.get("/v1/contact/by_custom_field", params={"name": "phone", "value": "+1"}),
            client.get(f"/v1/contact/{contact}"),
            client.put(f"/v1/contact/{contact}", json=written({"city": "Lahore"})),
            client.post(f"/v1/contact/{contact}/tags", json={"tags": ["a", "b"]}),
            client.request("DELETE", f"/v1/contact/{contact}/tags", json={"tags": ["a"]}),
        ]
        for answer in answers:
            streams.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert all(int(answer.headers["Content-Length"]) == len(answer.content) for answer in answers)
    assert len(streams) == 1
    assert server.sandbox.contacts[0].tags == {"b"}


def test_the_server_refuses_a_wrong_token(server: SandboxServer) -> None:
    with client_of(server, "wrong") as client:
        answer = client.get("/v1/contact/1")
    assert (answer.status_code, answer.json()) == (401, error_body("API Token is invalid."))


def test_the_server_shows_its_state_without_a_token(server: SandboxServer) -> None:
    contact = server.sandbox.add({"phone": "1", "isLead": True}, ["b", "a"])
    root = server.url.removesuffix("/api")
    created_at = server.sandbox.contacts[0].created_at
    state = httpx.get(f"{root}/sandbox/state", trust_env=False).json()
    assert state == {
        "contacts": [
            {
                "id": contact,
                "fields": {"phone": "1", "isLead": True},
                "tags": ["a", "b"],
                "created_at": created_at,
            }
        ],
        "calls": {},
    }
    assert httpx.get(f"{root}/sandbox/health", trust_env=False).json() == {"status": "ok"}


def test_through_the_server_a_lost_answer_is_a_cut_connection() -> None:
    sandbox = Sandbox(Faults(lose_answers=1))
    with SandboxServer(sandbox) as server, client_of(server) as client:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.post("/v1/contact", json=written({"phone": "1"}))
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(b"GET /v1/contact/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sandbox\r\n\r\n")
            assert raw.recv(1) == b""
    assert sandbox.calls["lost_answers"] == 2


@pytest.mark.slow
def test_the_server_serves_sixty_four_at_once() -> None:
    together = threading.Barrier(64, timeout=20)

    def latency() -> float:
        together.wait()
        return 0.0

    with (
        SandboxServer(Sandbox(), latency=latency) as server,
        client_of(server) as client,
        ThreadPoolExecutor(64) as threads,
    ):
        answers = list(threads.map(lambda n: client.get(f"/v1/contact/{n}").status_code, range(64)))
    assert answers == [403] * 64


def test_a_body_that_is_too_large_is_refused_and_the_server_goes_on(server: SandboxServer) -> None:
    with client_of(server) as client:
        large = client.post("/v1/contact", content=b"x" * 3_000_000)
        after = client.get("/v1/contact/1")
    assert (large.status_code, after.status_code) == (413, 403)


def test_clients_that_break_off_print_nothing_and_harm_nobody(
    server: SandboxServer, capfd: pytest.CaptureFixture[str]
) -> None:
    beginnings = (
        b"",
        b"GET ",
        b"POST /v1/contact HTTP/1.1\r\nAuthorization: Bearer sandbox\r\nContent-Length: 50\r\n\r\n{",
        b"GET /v1/contact/1 HTTP/1.1\r\n\r\n" * 50,
    )
    for beginning in beginnings:
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.sendall(beginning)
    with client_of(server) as client:
        assert client.get("/v1/contact/1").status_code == 403
    server.close()
    assert capfd.readouterr() == ("", "")
    assert server.sandbox.calls["create"] == 0


def test_a_call_that_ends_before_its_body_is_no_call(server: SandboxServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"POST /v1/contact HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1) == b""
    assert not server.sandbox.calls


@pytest.mark.parametrize("header", [b"Transfer-Encoding: chunked", b"Content-Length: -1", b"Content-Length: x"])
def test_a_body_without_a_length_is_411(server: SandboxServer, header: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"POST /v1/contact HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
        assert raw.recv(12) == b"HTTP/1.1 411"


def test_closing_does_not_wait_for_connections_that_are_idle(server: SandboxServer) -> None:
    with client_of(server) as client:
        client.get("/v1/contact/1")

        def close_twice() -> None:
            server.close()
            server.close()

        closing = threading.Thread(target=close_twice, daemon=True)
        closing.start()
        closing.join(20)
        assert not closing.is_alive()
        with pytest.raises(httpx.TransportError):
            client.get("/v1/contact/1")


def test_a_server_in_the_foreground_serves_until_it_is_closed() -> None:
    server = SandboxServer(Sandbox())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with client_of(server) as client:
        assert client.get("/v1/contact/1").status_code == 403
    server.close()
    thread.join(5)
    assert not thread.is_alive()


def test_a_started_server_serves_until_it_is_closed() -> None:
    server = SandboxServer(Sandbox()).__enter__()
    with client_of(server) as client:
        assert client.get("/v1/contact/1").status_code == 403
    server.close()


def test_the_server_is_on_loopback_and_its_port_is_its_own(server: SandboxServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/api"
    with pytest.raises(OSError, match="in use"):
        SandboxServer(Sandbox(), port=server.port)


def test_an_answer_over_loopback_does_not_wait_for_acknowledgements(server: SandboxServer) -> None:
    with client_of(server) as client:
        client.post("/v1/contact", json=written({"phone": "1"}))
    asked = "GET /v1/contact/by_custom_field?name=phone&value=1 HTTP/1.1"
    ask = f"{asked}\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        for _ in range(50):
            raw.sendall(ask.encode())
            head, _, body = raw.recv(1 << 16).partition(b"\r\n\r\n")
            found = re.search(rb"(?i)content-length: (\d+)", head)
            assert found is not None
            assert len(body) == int(
                found[1]
            )  # A second write would wait 40 ms for the first one's acknowledgement.
