from __future__ import annotations

import pytest

from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.calls import (
    AddTags,
    CreateContact,
    Done,
    FindContacts,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Field
from heyx_bulk.planning.contact_lookup import Lookup, NotFound
from heyx_bulk.planning.matching import Matching
from heyx_bulk.planning.planner import apply, max_calls, next_call, plan
from heyx_bulk.values.equality import PhoneLookup
from tests.support.cell_rows import read_row, recognize

PHONE = Field("phone", "+44 20 7946")
EMAIL = Field("email", "Ada@Example.org")


# A HeyX of our own: it restates what the calls do, and refuses what HeyX refuses.


# Any row, and what HeyX may hold of it


def test_a_phone_in_the_forty_fifth_column_is_in_the_create() -> None:
    header = [*(f"field {place}" for place in range(1, 45)), "Phone"]
    row = read_row(recognize(header, MappingOptions(custom_fields=True)), 2, [*("x" * 44), "+44 20"])
    create, update = plan(row, NotFound())
    assert isinstance(create, CreateContact)
    assert isinstance(update, UpdateContact)
    assert (create.fields[0], len(create.fields), len(update.fields)) == (Field("phone", "+44 20"), 30, 15)


def test_the_order_of_writes_is_fields_then_tags_added_then_tags_removed() -> None:
    row = ContactRow(2, fields=(PHONE,), add_tags=("vip",), remove_tags=("lead",))
    assert plan(row, Contact("1")) == (
        UpdateContact("1", (PHONE,)),
        AddTags("1", ("vip",)),
        RemoveTags("1", ("lead",)),
    )


def test_a_row_that_heyx_agrees_with_needs_no_call() -> None:
    row = ContactRow(2, fields=(PHONE, Field("isLead", "TRUE")), add_tags=("vip",), remove_tags=("lead",))
    held = Contact("1", {"phone": "44207946", "isLead": True}, frozenset({"vip"}), complete=True)
    assert next_call(row, held) is None


def test_a_field_that_heyx_holds_as_null_is_written() -> None:
    held = Contact("1", {"city": None}, complete=True)
    assert next_call(ContactRow(2, fields=(Field("city", "Lahore"),)), held) == UpdateContact(
        "1", (Field("city", "Lahore"),)
    )


def test_an_answer_that_does_not_belong_to_its_call_is_our_bug() -> None:
    with pytest.raises(TypeError, match="Done does not answer FindContacts"):
        apply(Lookup((FindContacts("phone", "1"),), (PHONE,)), FindContacts("phone", "1"), Done())


def test_tags_that_look_the_same_are_not_added_again_and_removed_as_they_are_spelled() -> None:
    held = Contact("1", {}, frozenset({"Jose\u0301", "New\u00a0York", "lead"}), complete=True)
    row = ContactRow(2, "1", add_tags=("Jos\u00e9", "Lead"), remove_tags=("New York", "old"))
    assert plan(row, held) == (AddTags("1", ("Lead",)), RemoveTags("1", ("New\u00a0York",)))


# Calls at most


@pytest.mark.parametrize(
    ("contact_id", "matching", "calls"),
    [
        (None, Matching(), 3 + 2),
        (None, Matching(phone_lookup=PhoneLookup.PLUS), 2 + 2),
        (None, Matching(phone_lookup=PhoneLookup.AS_WRITTEN), 1 + 2),
        (None, Matching(no_match=True), 2),
        ("1", Matching(), 1 + 2),
        ("1", Matching(trust_ids=True), 2),
    ],
)
def test_the_bill_counts_a_look_up_for_each_spelling_and_each_write(
    contact_id: str | None, matching: Matching, calls: int
) -> None:
    row = ContactRow(2, contact_id, (PHONE,), (PHONE,), add_tags=("vip",))
    assert max_calls(row, matching) == calls


def test_a_row_with_an_id_and_nothing_to_write_costs_nothing() -> None:
    assert max_calls(ContactRow(2, "1"), Matching()) == 0
