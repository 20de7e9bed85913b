from __future__ import annotations

import base64
import json
from dataclasses import FrozenInstanceError, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from heyx_bulk.errors import HeyxBulkError, Rejected, Throttled, Unanswered, Unauthorized
from heyx_bulk.models.calls import (
    MAX_FIELDS,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    READ_ONLY_FIELDS,
    STANDARD_FIELDS,
    AddTags,
    Call,
    CreateContact,
    Created,
    Done,
    FindContacts,
    HttpRequest,
    HttpResponse,
    Page,
    ReadContact,
    RemoveTags,
    UpdateContact,
    message_of,
    parse_response,
)
from heyx_bulk.models.contacts import Contact, Field, Value

NAME = (Field("firstName", "Ada"),)
TAGS = ("vip",)
FIND = FindContacts("phone", "+44")
READ = ReadContact("1")
CREATE = CreateContact(NAME)
UPDATE = UpdateContact("1", NAME)
ADD = AddTags("1", TAGS)
REMOVE = RemoveTags("1", TAGS)
EVERY_CALL: list[Call] = [FIND, READ, CREATE, UPDATE, ADD, REMOVE]
NOON = "Tue, 14 Nov 2023 12:00:00 GMT"
NOON_SECONDS = 1_699_963_200.0


def answered(document: Any, status: int = 200, **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, named, json.dumps(document).encode())


def contact(**members: Any) -> Contact:
    found = parse_response(READ, answered({"data": {"id": "1", **members}}))
    assert isinstance(found, Contact)
    return found


# How calls ask


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (FIND, "GET", "/v1/contact/by_custom_field?name=phone&value=%2B44", None),
        (READ, "GET", "/v1/contact/1", None),
        (CREATE, "POST", "/v1/contact", {"custom_fields": [{"name": "firstName", "value": "Ada"}]}),
        (UPDATE, "PUT", "/v1/contact/1", {"custom_fields": [{"name": "firstName", "value": "Ada"}]}),
        (ADD, "POST", "/v1/contact/1/tags", {"tags": ["vip"]}),
        (REMOVE, "DELETE", "/v1/contact/1/tags", {"tags": ["vip"]}),
    ],
)
def test_each_of_the_six_calls_asks_as_published(call: Call, method: str, path: str, body: Any) -> None:
    request = call.request()
    sent = None if request.body is None else json.loads(request.body)
    assert (request.method, request.path, sent) == (method, path, body)


@pytest.mark.parametrize(("page", "asked"), [(1, None), (2, ["2"]), (17, ["17"])])
def test_pages_after_the_first_are_asked_for_by_number(page: int, asked: list[str] | None) -> None:
    query = parse_qs(urlsplit(FindContacts("phone", "1", page).request().path).query)
    assert query.get("page") == asked


def test_a_blank_in_a_search_travels_as_percent_twenty() -> None:
    assert FindContacts("first Name", "Muhammad Mahin").request() == HttpRequest(
        "GET", "/v1/contact/by_custom_field?name=first%20Name&value=Muhammad%20Mahin"
    )


@pytest.mark.parametrize(
    ("contact_id", "segment"),
    [
        ("1776025372480910", "1776025372480910"),
        ("cus_112233344555", "cus_112233344555"),
        ("a/b+c=@d e", "a%2Fb%2Bc%3D%40d%20e"),
        ("100%?#", "100%25%3F%23"),
    ],
)
def test_an_id_travels_percent_encoded(contact_id: str, segment: str) -> None:
    assert ReadContact(contact_id).request().path == f"/v1/contact/{segment}"
    assert UpdateContact(contact_id, NAME).request().path == f"/v1/contact/{segment}"
    assert AddTags(contact_id, TAGS).request().path == f"/v1/contact/{segment}/tags"
    assert RemoveTags(contact_id, TAGS).request().path == f"/v1/contact/{segment}/tags"


def test_on_viber_the_ids_of_updates_and_tags_are_base64_and_those_of_reads_are_plain() -> None:
    contact_id = "01234?=/é"
    encoded = base64.b64encode(contact_id.encode()).decode()
    calls: list[Call] = [
        UpdateContact(contact_id, NAME),
        AddTags(contact_id, TAGS),
        RemoveTags(contact_id, TAGS),
        ReadContact(contact_id),
    ]
    segments = [unquote(call.request(viber=True).path.split("/")[3]) for call in calls]
    assert segments == [encoded, encoded, encoded, contact_id]


def test_viber_changes_nothing_in_calls_without_an_id() -> None:
    assert [call.request(viber=True) for call in (FIND, CREATE)] == [call.request() for call in (FIND, CREATE)]


def test_only_a_create_is_dangerous_twice() -> None:
    assert [call for call in EVERY_CALL if not call.idempotent] == [CREATE]


def test_searching_and_reading_write_nothing() -> None:
    assert [call for call in EVERY_CALL if not call.writes] == [FIND, READ]


@pytest.mark.parametrize("call", EVERY_CALL)
def test_a_call_is_a_value_that_does_not_change(call: Call) -> None:
    name = next(iter(call.__slots__))
    with pytest.raises(FrozenInstanceError):
        setattr(call, name, "another")
    assert (replace(call), hash(replace(call)), hasattr(call, "__dict__")) == (call, hash(call), False)


def test_the_limits_are_the_published_ones() -> None:
    assert (MAX_FIELDS, MAX_TAGS, MAX_TAG_LENGTH) == (30, 10, 255)


def test_the_fields_that_every_contact_has_are_the_published_ones() -> None:
    assert STANDARD_FIELDS == ("firstName", "lastName", "profilePic", "language", "phone", "email")
    assert READ_ONLY_FIELDS == ("locale", "timezone", "gender", "created_at")


# How answers read


def test_a_contact_that_heyx_shows_is_whole_and_its_values_keep_their_kinds() -> None:
    fields: dict[str, Value] = {"city": " Lahore ", "isLead": True, "score": 7, "share": 0.5, "gone": None}
    shown = contact(custom_fields=fields, tags=["vip", "lead"], created_at=1575618542)
    assert shown == Contact("1", fields, frozenset({"vip", "lead"}), complete=True, created_at=1575618542)


def test_a_value_that_is_a_list_or_an_object_reads_as_its_json() -> None:
    fields = contact(custom_fields={"list": ["é", 1], "object": {"a": None}}).fields
    assert fields == {"list": '["é", 1]', "object": '{"a": null}'}


@pytest.mark.parametrize("blank", [{}, {"custom_fields": None, "tags": None}, {"custom_fields": [], "tags": []}])
def test_a_contact_without_fields_and_tags_has_none(blank: dict[str, Any]) -> None:
    assert contact(**blank) == Contact("1", {}, complete=True)


def test_an_id_that_is_a_number_reads_as_its_digits() -> None:
    assert parse_response(CREATE, answered({"data": {"id": 1776025372480910}})) == Created("1776025372480910")


def test_a_create_may_be_answered_with_201() -> None:
    assert parse_response(CREATE, answered({"data": {"id": "cus_1"}}, status=201)) == Created("cus_1")


def test_an_update_may_be_answered_with_another_id() -> None:
    assert parse_response(UPDATE, answered({"data": {"id": "cus_112233344555"}})) == Done()


def test_a_page_without_meta_is_the_only_one() -> None:
    assert parse_response(FIND, answered({"data": [{"id": "1"}]})) == Page(
        (Contact("1", {}, complete=True),), 1, None
    )


def test_a_page_says_how_many_there_are_and_how_many_contacts() -> None:
    page = answered({"data": [], "meta": {"last_page": 3, "total": 25, "links": []}})
    assert parse_response(FIND, page) == Page((), 3, 25)


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (FIND, b'{"data": {}}'),
        (FIND, b'{"data": [7]}'),
        (FIND, b'{"data": [{"id": ""}]}'),
        (FIND, b'{"meta": {}}'),
        (READ, b'{"data": []}'),
        (READ, b'{"data": {"id": null}}'),
        (READ, b'{"data": {"id": "1", "tags": {"a": 1}}}'),
        (READ, b'{"data": {"id": "1", "custom_fields": ["a"]}}'),
        (CREATE, b'{"data": []}'),
        (CREATE, b'{"data": {"id": true}}'),
        (CREATE, b'{"data": {"id": " "}}'),
        (CREATE, b'{"data": {}}'),
        (CREATE, b""),
        (UPDATE, b"<html>"),
        (ADD, b"[]"),
        (REMOVE, b"\xff"),
    ],
)
def test_a_success_that_cannot_be_read_is_unanswered(call: Call, body: bytes) -> None:
    with pytest.raises(Unanswered, match="the response of HeyX cannot be read"):
        parse_response(call, HttpResponse(200, {}, body))


def test_a_refusal_says_the_status_and_heyxs_words() -> None:
    with pytest.raises(Rejected, match=r"^HeyX answered 403: There is no such contact\.$") as caught:
        parse_response(
            READ, answered({"status": "error", "message": "There is no such contact.", "data": []}, 403)
        )
    assert caught.value.status == 403


def test_a_failure_without_words_says_the_status() -> None:
    with pytest.raises(Unanswered, match=r"^HeyX answered 502$"):
        parse_response(CREATE, HttpResponse(502, {}, b"<html>Bad Gateway</html>"))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"message": " Too many requests "}, "Too many requests"),
        ({"message": ["one", "two"]}, "one; two"),
        ({"message": "one", "errors": {"phone": ["two", "three"], "email": "four"}}, "one; two; three; four"),
        ({"message": None, "errors": 7}, ""),
        ({"message": [["deep"], "", 7]}, "deep"),
        ({}, ""),
        (["message"], ""),
        (None, ""),
    ],
)
def test_the_message_of_an_error_is_every_text_in_it(document: object, message: str) -> None:
    assert message_of(document) == message


def test_a_refused_token_stops_the_run_and_says_what_to_do() -> None:
    with pytest.raises(Unauthorized, match="API Token is invalid") as caught:
        parse_response(READ, answered({"status": "error", "message": "API Token is invalid.", "data": []}, 401))
    assert ("HEYX_TOKEN" in caught.value.remedy, caught.value.exit_code) == (True, 4)


@pytest.mark.parametrize(
    ("status", "what"),
    [(401, "HeyX does not accept the token: API Token is invalid."), (429, "Too many requests")],
)
def test_a_refused_token_and_a_throttled_call_say_so_where_heyx_says_nothing(status: int, what: str) -> None:
    with pytest.raises(HeyxBulkError) as caught:
        parse_response(READ, HttpResponse(status, {}, b""))
    assert caught.value.what == what


# Clocks


def test_the_date_of_an_answer_is_heyxs_clock() -> None:
    assert HttpResponse(200, {"date": NOON}, b"").date == NOON_SECONDS


@pytest.mark.parametrize("headers", [{}, {"date": ""}, {"date": "noon"}, {"date": "Tue, 45 Nov 2023"}])
def test_without_a_date_that_can_be_read_heyxs_clock_is_unknown(headers: dict[str, str]) -> None:
    assert HttpResponse(200, headers, b"").date is None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry_after": ""}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-3"}, None),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": " 48 "}, 48.0),
        ({"retry_after": "Tue, 14 Nov 2023 12:00:48 GMT", "date": NOON}, 48.0),
        ({"retry_after": "Tue, 14 Nov 2023 11:59:00 GMT", "date": NOON}, 0.0),
        ({"retry_after": "Tue, 14 Nov 2023 12:00:48 GMT"}, None),
    ],
)
def test_a_429_says_how_long_to_wait_in_seconds_or_as_a_date_of_heyxs_clock(
    headers: dict[str, str], wait: float | None
) -> None:
    with pytest.raises(Throttled, match="Too many requests") as caught:
        parse_response(
            UPDATE, answered({"status": "error", "message": "Too many requests", "data": []}, 429, **headers)
        )
    assert (caught.value.wait_seconds, caught.value.status) == (wait, 429)
