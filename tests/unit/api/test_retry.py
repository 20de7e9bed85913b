from __future__ import annotations

import pytest

from heyx_bulk.api.retry import retry_delay
from heyx_bulk.errors import Ambiguous, CallFailed, Rejected, Unanswered, Undelivered
from heyx_bulk.models.calls import (
    AddTags,
    Call,
    CreateContact,
    FindContacts,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Field

FIELDS = (Field("phone", "1"),)
CREATE = CreateContact(FIELDS)
IDEMPOTENT: list[Call] = [
    FindContacts("phone", "1"),
    ReadContact("1"),
    UpdateContact("1", FIELDS),
    AddTags("1", ("vip",)),
    RemoveTags("1", ("vip",)),
]
UNDELIVERED = Undelivered("no route")
UNANSWERED = Unanswered("cut")
QUEUED = Rejected("HeyX answered 449: The contact is in the queue.", status=449)


def sendings(call: Call, failure: CallFailed) -> int:
    """How often a call that always fails so is sent, first sending included."""
    attempt = 1
    while retry_delay(call, failure, attempt) is not None:
        attempt += 1
        assert attempt < 100, "it is sent for ever"
    return attempt


@pytest.mark.parametrize("call", IDEMPOTENT)
@pytest.mark.parametrize(
    ("failure", "times"),
    [(UNDELIVERED, 8), (UNANSWERED, 6), (QUEUED, 6)],
)
def test_a_harmless_call_is_sent_again_until_it_was_sent_so_often(
    call: Call, failure: CallFailed, times: int
) -> None:
    assert sendings(call, failure) == times


def test_a_create_that_never_left_is_sent_again() -> None:
    assert sendings(CREATE, UNDELIVERED) == 8


@pytest.mark.parametrize("call", [*IDEMPOTENT, CREATE])
def test_a_heyx_that_was_never_heard_is_given_up_sooner(call: Call) -> None:
    waits = [retry_delay(call, UNDELIVERED, attempt, reached=False) for attempt in (1, 2, 3)]
    assert [wait is None for wait in waits] == [False, False, True]


@pytest.mark.parametrize("failure", [UNANSWERED, QUEUED])
def test_a_heyx_that_answered_badly_was_there_and_is_not_given_up_sooner(failure: CallFailed) -> None:
    assert retry_delay(IDEMPOTENT[0], failure, 5, reached=False) is not None


def test_a_create_that_may_have_happened_is_never_sent_again() -> None:
    assert [sendings(CREATE, failure) for failure in (UNANSWERED, QUEUED)] == [1, 1]


@pytest.mark.parametrize("call", [*IDEMPOTENT, CREATE])
@pytest.mark.parametrize("status", [200, 301, 400, 403, 404, 405, 409, 413, 422])
def test_a_refused_call_is_never_sent_again(call: Call, status: int) -> None:
    assert retry_delay(call, Rejected("no", status=status), 1) is None


def test_an_ambiguous_key_is_not_asked_again() -> None:
    assert retry_delay(IDEMPOTENT[0], Ambiguous("2 contacts"), 1) is None


@pytest.mark.parametrize(("attempt", "longest"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 16.0)])
def test_the_wait_doubles_and_is_between_half_of_it_and_all_of_it(attempt: int, longest: float) -> None:
    waits = [retry_delay(IDEMPOTENT[0], UNANSWERED, attempt) or 0.0 for _ in range(300)]
    assert longest / 2 <= min(waits) < 0.6 * longest
    assert 0.9 * longest < max(waits) <= longest


@pytest.mark.parametrize("attempt", [6, 7])
def test_no_wait_is_longer_than_half_a_minute(attempt: int) -> None:
    waits = [retry_delay(CREATE, UNDELIVERED, attempt) or 0.0 for _ in range(300)]
    assert 15.0 <= min(waits) < max(waits) <= 30.0
