"""HeyX's published samples are read by `api`, and the sandbox answers `api`'s calls in a way `api` reads."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from heyx_bulk.errors import HeyxBulkError, NotFoundError, Rejected, Throttled, Unanswered, Unauthorized
from heyx_bulk.models.calls import (
    MAX_FIELDS,
    MAX_TAGS,
    AddTags,
    Answer,
    Call,
    CreateContact,
    Created,
    Done,
    FindContacts,
    HttpResponse,
    Page,
    ReadContact,
    RemoveTags,
    UpdateContact,
    parse_response,
)
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.sandbox import Faults, Sandbox
from heyx_bulk.sandbox import Response as SandboxAnswer

# As published

SEARCH = """{
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
            "isLead" : true
          },
          "tags": [
            "Blog Updates",
            "Platform Updates"
          ],
          "created_at": 1575618542
        }
      ],
      "links": {
        "first": "http://app.heyx.io/api/v1/contact/by_custom_field?page=1",
        "last": "http://app.heyx.io/api/v1/contact/by_custom_field?page=1",
        "prev": null,
        "next": null
      },
      "meta": {
        "current_page": 1,
        "from": 1,
        "last_page": 1,
        "path": "http://app.heyx.io/api/v1/contact/by_custom_field",
        "per_page": 10,
        "to": 1,
        "total": 1
      }
    }"""
CONTACT = """{
        "data": {
            "id": "1776025372480910",
            "custom_fields": {
                "firstName": "Mahin",
                "lastName": "Dar",
                "locale": "en_GB",
                "timezone": "5",
                "gender": "male",
                "phone": "123123",
                "email": "muhammad@heyx.io",
                "customerid": "1"
            },
            "tags": [
                "Blog Updates",
                "Platform Updates"
            ],
            "created_at": 1575618542
        }
    }"""
WRITTEN = """{
      "data": {
        "id": "cus_112233344555"
      }
    }"""
TAGGED = """{
        "status": "success",
        "message": "Contact Tags have been added successfully.",
        "data": []
    }"""
UNTAGGED = """{
        "status": "success",
        "message": "Contact Tags deleted successfully.",
        "data": []
    }"""
UPDATE_BODY = """{
        "custom_fields": [
            {
                "name": "firstName",
                "value": "Muhammad Mahin"
            },
            {
                "name": "lastName",
                "value": "Dar"
            },
            {
                "name": "profilePic",
                "value": "Muhammad Mahin"
            },
            {
                "name": "firstName",
                "value": "Muhammad Mahin"
            },
            {
                "name": "lastName",
                "value": "Dar"
            }
        ]
    }"""
CREATE_BODY = """{
        "custom_fields": [
            {
                "name": "phone",
                "value": "03244077087"
            },
            {
                "name": "firstName",
                "value": "Muhammad Mahin"
            },
            {
                "name": "lastName",
                "value": "Dar"
            }
        ]
    }"""
TAGS_BODY = """{
        "tags": [
            "Blog Updates",
            "Platform Updates"
        ]
    }"""
UNAUTHORIZED = """{
        "status": "error",
        "message": "API Token is invalid.",
        "data": []
    }"""
TOO_MANY = """{
      "status": "error",
      "message": "Too many requests",
      "data": []
  }"""
NOT_ALLOWED = """{
      "status": "error",
      "message": "405 Method Not Allowed.",
      "data": []
  }"""
GENERAL = """{
      "status": "error",
      "message": "Message String",
      "data": []
  }"""

TOKEN = "sandbox"
ID = "1776025372480910"
FIELDS = {
    "firstName": "Mahin",
    "lastName": "Dar",
    "locale": "en_GB",
    "timezone": "5",
    "gender": "male",
    "phone": "123123",
    "email": "muhammad@heyx.io",
    "customerid": "1",
}
TAGS = ("Blog Updates", "Platform Updates")
MAHIN = Contact(ID, FIELDS, frozenset(TAGS), complete=True, created_at=1575618542)
MAHIN_FOUND = Contact(ID, {**FIELDS, "isLead": True}, frozenset(TAGS), complete=True, created_at=1575618542)

FIND = FindContacts("firstName", "Muhammad Mahin")
READ = ReadContact(ID)
UPDATE = UpdateContact(
    ID,
    (
        Field("firstName", "Muhammad Mahin"),
        Field("lastName", "Dar"),
        Field("profilePic", "Muhammad Mahin"),
        Field("firstName", "Muhammad Mahin"),
        Field("lastName", "Dar"),
    ),
)
ADD = AddTags(ID, TAGS)
REMOVE = RemoveTags(ID, TAGS)
CREATE = CreateContact(
    (Field("phone", "03244077087"), Field("firstName", "Muhammad Mahin"), Field("lastName", "Dar"))
)
EVERY_CALL: list[Call] = [FIND, READ, UPDATE, ADD, REMOVE, CREATE]


@pytest.mark.parametrize(
    ("call", "published", "answer"),
    [
        (FIND, SEARCH, Page((MAHIN_FOUND,), 1, 1, 10)),
        (READ, CONTACT, MAHIN),
        (UPDATE, WRITTEN, Done()),
        (ADD, TAGGED, Done()),
        (REMOVE, UNTAGGED, Done()),
        (CREATE, WRITTEN, Created("cus_112233344555")),
    ],
)
def test_each_published_answer_is_read(call: Call, published: str, answer: Answer) -> None:
    assert parse_response(call, HttpResponse(200, {}, published.encode())) == answer


@pytest.mark.parametrize(
    ("call", "method", "url", "body"),
    [
        (FIND, "GET", "/v1/contact/by_custom_field?name=firstName&value=Muhammad%20Mahin", None),
        (READ, "GET", f"/v1/contact/{ID}", None),
        (UPDATE, "PUT", f"/v1/contact/{ID}", UPDATE_BODY),
        (ADD, "POST", f"/v1/contact/{ID}/tags", TAGS_BODY),
        (REMOVE, "DELETE", f"/v1/contact/{ID}/tags", TAGS_BODY),
        (CREATE, "POST", "/v1/contact", CREATE_BODY),
    ],
)
def test_each_published_request_is_asked(call: Call, method: str, url: str, body: str | None) -> None:
    request = call.request()
    sent = None if request.body is None else json.loads(request.body)
    assert (request.method, request.path, sent) == (method, url, None if body is None else json.loads(body))


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize(
    ("status", "published", "what", "says"),
    [
        (401, UNAUTHORIZED, Unauthorized, "HeyX does not accept the token: API Token is invalid."),
        (403, GENERAL, Rejected, "HeyX answered 403: Message String"),
        (405, NOT_ALLOWED, Rejected, "HeyX answered 405: 405 Method Not Allowed."),
        (429, TOO_MANY, Throttled, "Too many requests"),
    ],
)
def test_each_published_error_means_that_no_call_took_place(
    call: Call, status: int, published: str, what: type[HeyxBulkError], says: str
) -> None:
    failure = failure_of(call, HttpResponse(status, {}, published.encode()))
    assert (type(failure), failure.what) == (what, says)


# Every status, readable and not, to a call that is harmless twice and to the one that is not


def failure_of(call: Call, reply: HttpResponse) -> HeyxBulkError:
    with pytest.raises(HeyxBulkError) as caught:
        parse_response(call, reply)
    return caught.value


def named(call: Call, status: int, otherwise: type[HeyxBulkError]) -> type[HeyxBulkError]:
    """What an answer means to a call that names a contact: 404 and 449 say that it is not there, or not yet."""
    return NotFoundError if status in (404, 449) and call is not FIND else otherwise


@pytest.mark.parametrize(
    ("status", "idempotent", "create"),
    [
        (200, Rejected, Unanswered),
        (201, Rejected, Unanswered),
        (300, Rejected, Unanswered),
        (301, Rejected, Unanswered),
        (302, Rejected, Unanswered),
        (307, Rejected, Unanswered),
        (400, Rejected, Rejected),
        (401, Unauthorized, Unauthorized),
        (403, Rejected, Rejected),
        (404, Rejected, Unanswered),
        (405, Rejected, Rejected),
        (408, Unanswered, Unanswered),
        (409, Rejected, Unanswered),
        (413, Rejected, Unanswered),
        (422, Rejected, Rejected),
        (429, Throttled, Throttled),
        (449, Rejected, Unanswered),
        (500, Unanswered, Unanswered),
        (502, Unanswered, Unanswered),
        (503, Unanswered, Unanswered),
        (504, Unanswered, Unanswered),
        (520, Unanswered, Unanswered),
    ],
)
def test_each_status_with_an_error_that_can_be_read(
    status: int, idempotent: type[HeyxBulkError], create: type[HeyxBulkError]
) -> None:
    reply = HttpResponse(status, {}, GENERAL.encode())
    expected = [create if call is CREATE else named(call, status, idempotent) for call in EVERY_CALL]
    assert [type(failure_of(call, reply)) for call in EVERY_CALL] == expected


@pytest.mark.parametrize("body", [b"", b"<html><h1>Forbidden</h1></html>", b"\xff\xfe", b'{"status": "err'])
@pytest.mark.parametrize(
    "status", [200, 201, 300, 301, 400, 403, 404, 405, 408, 409, 422, 449, 500, 502, 503, 504]
)
def test_a_create_whose_answer_cannot_be_read_is_unanswered_whatever_its_status(status: int, body: bytes) -> None:
    assert type(failure_of(CREATE, HttpResponse(status, {}, body))) is Unanswered


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (200, Unanswered),
        (300, Rejected),
        (301, Rejected),
        (403, Rejected),
        (404, Rejected),
        (408, Unanswered),
        (502, Unanswered),
    ],
)
def test_a_harmless_call_whose_answer_cannot_be_read_goes_by_its_status(
    status: int, what: type[HeyxBulkError]
) -> None:
    reply = HttpResponse(status, {}, b"<html>")
    expected = [named(call, status, what) for call in EVERY_CALL[:5]]
    assert [type(failure_of(call, reply)) for call in EVERY_CALL[:5]] == expected


def test_a_refusal_keeps_its_status() -> None:
    failures = [failure_of(READ, HttpResponse(status, {}, GENERAL.encode())) for status in (403, 404, 449)]
    assert [failure.status for failure in failures if isinstance(failure, Rejected)] == [403, 404, 449]


# The sandbox answers what api asks


def sandbox(faults: Faults | None = None, *, limit: int = 200) -> Sandbox:
    """A HeyX that has the published contact."""
    heyx = Sandbox(faults or Faults(), limit=limit, clock=lambda: 1575618542.5)
    heyx.add({**FIELDS, "isLead": True}, TAGS, id=ID)
    return heyx


def exchange(heyx: Sandbox, call: Call, *, token: str = TOKEN, viber: bool = False) -> HttpResponse:
    request = call.request(viber=viber)
    answer = heyx.handle(request.method, request.path, token, request.body or b"")
    assert isinstance(answer, SandboxAnswer)
    return HttpResponse(answer.status, {name.lower(): text for name, text in answer.headers.items()}, answer.body)


def test_the_sandbox_reads_the_published_contact_as_heyx_does() -> None:
    heyx = sandbox()
    assert parse_response(READ, exchange(heyx, READ)) == MAHIN_FOUND
    find = FindContacts("firstName", "Mahin")
    assert exchange(heyx, find).body == json.dumps(json.loads(SEARCH), separators=(",", ":")).encode()
    assert parse_response(find, exchange(heyx, find)) == Page((MAHIN_FOUND,), 1, 1, 10)


def test_the_sandbox_finds_a_phone_with_plus_and_a_boolean() -> None:
    heyx = sandbox()
    heyx.add({"phone": "+92 324 4077087", "isLead": False}, id="2")
    finds = [FindContacts("phone", "+92 324 4077087"), FindContacts("isLead", "false")]
    pages = [parse_response(find, exchange(heyx, find)) for find in finds]
    assert [[contact.id for contact in page.contacts] for page in pages if isinstance(page, Page)] == [
        ["2"],
        ["2"],
    ]


def test_the_sandbox_takes_the_published_writes_and_keeps_what_they_say() -> None:
    heyx = sandbox()
    more = AddTags(ID, ("vip",))
    answers = [parse_response(call, exchange(heyx, call)) for call in (UPDATE, REMOVE, more)]
    assert answers == [Done(), Done(), Done()]
    now = parse_response(READ, exchange(heyx, READ))
    assert isinstance(now, Contact)
    assert now.fields == {
        **FIELDS,
        "isLead": True,
        "firstName": "Muhammad Mahin",
        "profilePic": "Muhammad Mahin",
    }
    assert now.tags == frozenset({"vip"})


def test_what_the_sandbox_creates_is_there_to_be_read() -> None:
    heyx = sandbox()
    created = parse_response(CREATE, exchange(heyx, CREATE))
    assert isinstance(created, Created)
    again = ReadContact(created.id)
    fields = {item.name: item.value for item in CREATE.fields}
    assert parse_response(again, exchange(heyx, again)) == Contact(
        created.id, fields, complete=True, created_at=1575618542
    )


def test_the_sandboxs_pages_are_read_each_with_its_ten() -> None:
    heyx = sandbox()
    for number in range(25):
        heyx.add({"list": "a"}, id=str(number))
    pages = [
        parse_response(call, exchange(heyx, call)) for call in (FindContacts("list", "a", n) for n in (1, 2, 3, 4))
    ]
    assert all(isinstance(page, Page) for page in pages)
    shapes = [(len(page.contacts), page.last_page, page.total) for page in pages if isinstance(page, Page)]
    assert shapes == [(10, 3, 25), (10, 3, 25), (5, 3, 25), (0, 3, 25)]


@pytest.mark.parametrize("contact_id", ["cus_112233344555", "a/b+c=@d e", "100%?#", "é"])
@pytest.mark.parametrize("viber", [False, True])
def test_an_id_with_odd_signs_reaches_the_sandbox_plain_and_on_viber(contact_id: str, viber: bool) -> None:
    heyx = sandbox(Faults(viber=viber))
    heyx.add({"phone": "1"}, id=contact_id)
    calls: list[Call] = [
        UpdateContact(contact_id, (Field("city", "Lahore"),)),
        AddTags(contact_id, ("a", "b")),
        RemoveTags(contact_id, ("b",)),
        ReadContact(contact_id),
    ]
    answers = [parse_response(call, exchange(heyx, call, viber=viber)) for call in calls]
    fields = {"phone": "1", "city": "Lahore"}
    contact = Contact(contact_id, fields, frozenset({"a"}), complete=True, created_at=1575618542)
    assert answers == [Done(), Done(), Done(), contact]


def test_the_search_as_published_asks_the_sandbox_by_name_and_value() -> None:
    query = parse_qs(urlsplit(FIND.request().path).query)
    assert query == {"name": ["firstName"], "value": ["Muhammad Mahin"]}
    assert parse_response(FIND, exchange(sandbox(), FIND)) == Page((), 1, 0, 10)


def fields(count: int) -> tuple[Field, ...]:
    return tuple(Field(f"field {number}", "x") for number in range(count))


def tags(count: int) -> tuple[str, ...]:
    return tuple(f"tag {number}" for number in range(count))


@pytest.mark.parametrize(
    "call",
    [
        CreateContact(fields(MAX_FIELDS)),
        UpdateContact(ID, fields(MAX_FIELDS)),
        AddTags(ID, tags(MAX_TAGS)),
        RemoveTags(ID, tags(MAX_TAGS)),
    ],
)
def test_the_sandbox_takes_a_call_of_the_greatest_size(call: Call) -> None:
    assert isinstance(parse_response(call, exchange(sandbox(), call)), Created | Done)


@pytest.mark.parametrize(
    "call",
    [
        CreateContact(fields(MAX_FIELDS + 1)),
        UpdateContact(ID, fields(MAX_FIELDS + 1)),
        AddTags(ID, tags(MAX_TAGS + 1)),
        RemoveTags(ID, tags(MAX_TAGS + 1)),
    ],
)
def test_the_sandbox_refuses_a_call_that_is_one_too_large(call: Call) -> None:
    failure = failure_of(call, exchange(sandbox(), call))
    assert (type(failure), "more than" in failure.what) == (Rejected, True)


@pytest.mark.parametrize("call", EVERY_CALL)
def test_a_wrong_token_is_told_by_the_sandbox_as_published(call: Call) -> None:
    reply = exchange(sandbox(), call, token="another")
    assert (reply.status, json.loads(reply.body)) == (401, json.loads(UNAUTHORIZED))
    assert type(failure_of(call, reply)) is Unauthorized


@pytest.mark.parametrize("call", EVERY_CALL)
def test_one_call_too_many_is_told_by_the_sandbox_as_published_and_waits_as_long_as_it_says(call: Call) -> None:
    heyx = sandbox(limit=1)
    parse_response(READ, exchange(heyx, READ))
    reply = exchange(heyx, call)
    failure = failure_of(call, reply)
    assert (reply.status, json.loads(reply.body)) == (429, json.loads(TOO_MANY))
    assert isinstance(failure, Throttled)
    assert failure.wait_seconds == 60.0


def test_a_contact_that_is_not_there_is_refused_with_a_403_that_says_so() -> None:
    gone: list[Call] = [ReadContact("0"), UpdateContact("0", fields(1)), AddTags("0", TAGS), RemoveTags("0", TAGS)]
    failures = [failure_of(call, exchange(sandbox(), call)) for call in gone]
    assert [failure.what for failure in failures] == ["HeyX answered 403: There is no such contact."] * 4


def test_a_contact_in_the_queue_is_refused_with_a_449() -> None:
    heyx = sandbox(Faults(queue=5.0))
    created = parse_response(CREATE, exchange(heyx, CREATE))
    assert isinstance(created, Created)
    failure = failure_of(ReadContact(created.id), exchange(heyx, ReadContact(created.id)))
    assert isinstance(failure, Rejected)
    assert (failure.status, "in the queue" in failure.what) == (449, True)


@pytest.mark.parametrize(
    ("faults", "idempotent"),
    [
        (Faults(errors_before=1.0), Unanswered),
        (Faults(errors_after_write=1.0), Unanswered),
        (Faults(error_in_200=1.0), Rejected),
    ],
)
def test_errors_around_a_write_leave_a_create_unanswered(faults: Faults, idempotent: type[HeyxBulkError]) -> None:
    heyx = sandbox(faults)
    failures = [type(failure_of(call, exchange(heyx, call))) for call in (CREATE, UPDATE, ADD, REMOVE)]
    assert failures == [Unanswered, idempotent, idempotent, idempotent]


def test_a_create_for_a_phone_that_is_there_may_be_a_conflict_and_is_then_unanswered() -> None:
    heyx = sandbox(Faults(existing_phone="conflict"))
    twin = CreateContact((Field("phone", "123123"),))
    assert type(failure_of(twin, exchange(heyx, twin))) is Unanswered


def test_a_field_that_is_read_only_and_an_empty_phone_are_refused() -> None:
    calls: list[Call] = [CreateContact((Field("locale", "en_GB"),)), UpdateContact(ID, (Field("phone", ""),))]
    assert [type(failure_of(call, exchange(sandbox(), call))) for call in calls] == [Rejected, Rejected]


def test_the_sandbox_tells_its_clock_in_a_way_that_is_read() -> None:
    assert exchange(sandbox(), READ).date == 1575618542.0
