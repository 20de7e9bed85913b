from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from heyx_bulk.errors import SettingsError
from heyx_bulk.export.request import Condition, ContactFilter, parse_moment
from heyx_bulk.models.contacts import Contact, Value


def contact(*tags: str, made: int | None = None, **fields: Value) -> Contact:
    return Contact("1776025372480910", fields, frozenset(tags), complete=True, created_at=made)


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (ContactFilter(), {"", "a", "ab", "A"}),
        (ContactFilter(tags=("a",)), {"a", "ab"}),
        (ContactFilter(tags=("a", "b")), {"ab"}),
        (ContactFilter(any_tags=("b", "A")), {"ab", "A"}),
        (ContactFilter(not_tags=("b", "A")), {"", "a"}),
        (ContactFilter(tags=("a",), not_tags=("b",)), {"a"}),
        (ContactFilter(tags=("a",), ignore_case=True), {"a", "ab", "A"}),
        (ContactFilter(any_tags=("B",), ignore_case=True), {"ab"}),
        (ContactFilter(not_tags=("a",), ignore_case=True), {""}),
    ],
)
def test_tags_choose_with_their_case_unless_it_is_ignored(selection: ContactFilter, taken: set[str]) -> None:
    assert {tags for tags in ("", "a", "ab", "A") if selection.matches(contact(*tags))} == taken


@pytest.mark.parametrize(
    ("text", "held", "holds"),
    [
        ("City=Oslo", "Oslo", True),
        ("City = Oslo ", "Oslo", True),
        ("City=Oslo", "oslo", False),
        ("City!=Oslo", "Bergen", True),
        ("City!=Oslo", None, True),
        ("City=a=b", "a=b", True),
        ("City~osl", "OSLO", True),
        ("City~osl", "Bergen", False),
        ("City>9", "10", True),
        ("City>9", "9", False),
        ("City>9.5", "-10", False),
        ("City<2026-11-25", "2026-02-03", True),
        ("City<2026-11-25", None, False),
        ("City>Bergen", "Oslo", True),
        ("City=true", True, True),
        ("City blank", None, True),
        ("City is blank", "  ", True),
        ("City blank", "x", False),
        ("City not blank", "x", True),
        ("City is not blank", "", False),
        ("City=blank", "blank", True),
        ("City=not blank", "not blank", True),
    ],
)
def test_a_condition_holds_of_a_value(text: str, held: Value, holds: bool) -> None:
    assert Condition.parse(text).matches(contact(City=held)) is holds


def test_a_condition_knows_phones_by_their_digits_emails_without_case_and_ids() -> None:
    one = contact(phone="+44 123", email="Ann@X.org")
    assert Condition.parse("phone=44123").matches(one)
    assert Condition.parse("Email=ann@x.org").matches(one)
    assert Condition.parse("id=1776025372480910").matches(one)


@pytest.mark.parametrize("text", ["", "City", "=x", "blank", " > 3"])
def test_what_is_no_condition_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--if"):
        Condition.parse(text)


def test_contacts_are_chosen_by_when_they_were_made() -> None:
    selection = ContactFilter(created_after=100, created_before=200)
    made = {99: False, 100: True, 199: True, 200: False, None: False}
    assert {at: selection.matches(contact(made=at)) for at in made} == made
    assert ContactFilter().matches(contact(made=None))


def test_a_date_is_the_beginning_of_its_day_in_the_time_zone() -> None:
    assert parse_moment("1970-01-02", UTC, "--created-after") == 86_400
    assert parse_moment("1970-01-02", ZoneInfo("Asia/Karachi"), "--created-after") == 86_400 - 5 * 3600
    assert parse_moment("1970-01-01 01:00", UTC, "--created-after") == 3600
    assert parse_moment("1970-01-01T01:00+01:00", ZoneInfo("Asia/Karachi"), "--created-after") == 0
    with pytest.raises(SettingsError, match="--created-after"):
        parse_moment("yesterday", UTC, "--created-after")
