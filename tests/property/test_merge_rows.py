"""Rows of one contact are one row, whichever are merged first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heyx_bulk.mapping.merge_rows import merge_rows
from heyx_bulk.models.calls import AddTags, Call, CreateContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Value
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.planning.planner import plan
from tests.support.mergeable_rows import KEYS, POLICIES, TAGS, rows

quickly = settings(deadline=None, max_examples=60)


def wanted(row: ContactRow) -> dict[str, object]:
    """What a row wants, whatever the order in which it says so."""
    return {
        "number": row.number,
        "keys": row.keys,
        "fields": {field.name: field for field in row.fields},
        "add": set(row.add_tags),
        "remove": set(row.remove_tags),
        "sets": {one.prefix: set(one.tags) for one in row.tag_sets},
        "remarks": row.remarks,
    }


def held(row: ContactRow, contact: Contact) -> tuple[dict[str, Value], frozenset[str]]:
    """A contact after everything that a row needs was written to it: its fields that hold something, its tags."""
    fields, tags = dict(contact.fields), set(contact.tags)
    for call in plan(row, contact):
        match call:
            case UpdateContact():
                fields |= {field.name: field.value for field in call.fields}
            case AddTags():
                tags |= set(call.tags)
            case RemoveTags():
                tags -= set(call.tags)
    return {name: value for name, value in fields.items() if value}, frozenset(tags)


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    """A contact as HeyX shows it."""
    texts = st.sampled_from([None, "", "a", "z"])
    fields = {name: draw(texts) for name in POLICIES if name != "phone"}
    return Contact("7", {"phone": "1", **fields}, frozenset(draw(st.sets(st.sampled_from(TAGS)))), complete=True)


@pytest.mark.slow
@given(rows(), rows(), rows())
@quickly
def test_it_does_not_matter_which_of_three_rows_are_merged_first(
    a: ContactRow, b: ContactRow, c: ContactRow
) -> None:
    whole = wanted(merge_rows([a, b, c], KEYS))
    assert wanted(merge_rows([merge_rows([a, b], KEYS), c], KEYS)) == whole
    assert wanted(merge_rows([a, merge_rows([b, c], KEYS)], KEYS)) == whole


@pytest.mark.slow
@given(rows(), rows())
@quickly
def test_whatever_the_later_row_says_is_wanted_and_what_only_the_earlier_says_too(
    first: ContactRow, later: ContactRow
) -> None:
    both = merge_rows([first, later], KEYS)
    fields = {field.name: field for field in both.fields}
    assert fields == {field.name: field for field in (*first.fields, *later.fields)}
    assert set(later.add_tags) <= set(both.add_tags)
    assert {tag for tag in later.remove_tags if not _spoken_for(tag, later)} <= set(both.remove_tags)
    assert {(one.prefix, one.tags) for one in later.tag_sets} <= {(one.prefix, one.tags) for one in both.tag_sets}
    said_later = {*later.add_tags, *later.remove_tags}
    only = [tag for tag in first.add_tags if tag not in said_later and not _spoken_for(tag, later)]
    assert set(only) <= set(both.add_tags)


def _spoken_for(tag: str, row: ContactRow) -> bool:
    return tag.startswith(tuple(one.prefix for one in row.tag_sets))


@pytest.mark.slow
@given(st.lists(rows(), min_size=1, max_size=4))
@quickly
def test_a_merged_row_contradicts_itself_nowhere(several: list[ContactRow]) -> None:
    row = merge_rows(several, KEYS)
    assert set(row.add_tags).isdisjoint(row.remove_tags)
    for one in row.tag_sets:
        assert {tag for tag in row.add_tags if tag.startswith(one.prefix)} == set(one.tags)
    assert [field.name for field in row.fields] == list(dict.fromkeys(field.name for field in row.fields))
    assert row.keys == tuple(field for name in KEYS for field in row.fields if field.name == name and field.value)


@pytest.mark.slow
@given(st.lists(rows(), min_size=1, max_size=4), contacts())
@quickly
def test_a_merged_row_leaves_a_contact_as_its_rows_would_one_after_another(
    several: list[ContactRow], contact: Contact
) -> None:
    several = [_overwriting(row) for row in several]
    now = contact
    for row in several:
        fields, tags = held(row, now)
        now = Contact("7", fields, tags, complete=True)
    assert held(merge_rows(several, KEYS), contact) == (now.fields, now.tags)


def _overwriting(row: ContactRow) -> ContactRow:
    """A row whose fields are always written: with other policies the first of two rows could be the one kept."""
    return replace(row, fields=tuple(Field(field.name, field.value) for field in row.fields))


@pytest.mark.slow
@given(st.lists(rows(), min_size=1, max_size=4), contacts())
@quickly
def test_a_plan_after_merging_sends_nothing_twice_and_leaves_nothing_to_change(
    several: list[ContactRow], contact: Contact
) -> None:
    row = merge_rows(several, KEYS)
    for known in (contact, NotFound(), NotFound(looked=False), Contact("7")):
        calls = plan(row, known)
        assert _once([field.name for call in calls for field in _fields(call)])
        assert _once([tag for call in calls if isinstance(call, AddTags | RemoveTags) for tag in call.tags])
    fields, tags = held(row, contact)
    assert plan(row, Contact("7", fields, tags, complete=True)) == ()


def _fields(call: Call) -> tuple[Field, ...]:
    return call.fields if isinstance(call, CreateContact | UpdateContact) else ()


def _once(names: list[str]) -> bool:
    return len(names) == len(set(names))
