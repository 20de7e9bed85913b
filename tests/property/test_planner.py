"""For any row and any contact a plan ends, leaves nothing to change, and sends nothing twice."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from heyx_bulk.errors import Ambiguous
from heyx_bulk.models.calls import (
    AddTags,
    Call,
    CreateContact,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Value
from heyx_bulk.planning.contact_lookup import NotFound, initial_state, lookup_by_create
from heyx_bulk.planning.matching import Match, Matching
from heyx_bulk.planning.planner import (
    max_calls,
    max_writes,
    next_call,
    plan,
)
from heyx_bulk.values.equality import PhoneLookup
from tests.support.channel_model import Held, Heyx, carry_out

thoroughly = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def looks(row: ContactRow, held: Held) -> dict[str, object]:
    """How a contact differs from what the row wants."""
    return {
        "fields": [item.name for item in row.fields if not agree(item, held.fields.get(item.name))],
        "missing": [tag for tag in row.add_tags if tag not in held.tags],
        "surplus": [tag for tag in row.remove_tags if tag in held.tags],
    }


AS_WANTED: dict[str, object] = {"fields": [], "missing": [], "surplus": []}


def agree(wanted: Field, held: Value) -> bool:
    if isinstance(held, bool):
        return wanted.value.casefold() == str(held).casefold()
    text = "" if held is None else str(held).strip()
    if wanted.name == "phone":
        return [sign for sign in wanted.value if sign.isdigit()] == [sign for sign in text if sign.isdigit()]
    return wanted.value.strip() == text


def names_sent(calls: list[Call]) -> list[str]:
    return [item.name for call in calls if isinstance(call, CreateContact | UpdateContact) for item in call.fields]


def tags_sent(calls: list[Call]) -> list[str]:
    return [tag for call in calls if isinstance(call, AddTags | RemoveTags) for tag in call.tags]


counts_of_fields = st.sampled_from([1, 2, 29, 30, 31, 45, 59, 60, 61, 91]) | st.integers(1, 95)


counts_of_tags = st.sampled_from([0, 1, 9, 10, 11, 12, 20, 21]) | st.integers(0, 35)


@st.composite
def rows(draw: st.DrawFn, *, contact_id: str | None = None) -> ContactRow:
    """A valid row: up to 95 fields, its keys at any place among them, up to 35 tags of each kind."""
    count = draw(counts_of_fields)
    names = [f"field {place}" for place in range(count)]
    keyed = draw(st.lists(st.sampled_from(range(count)), unique=True, min_size=1, max_size=3))
    for place, name in zip(keyed, draw(st.permutations(["phone", "email", "customerid"])), strict=False):
        names[place] = name
    fields = tuple(Field(name, f"+44 (0) {number}") for number, name in enumerate(names))
    removed = draw(st.booleans())
    return ContactRow(
        number=2,
        id=contact_id,
        keys=tuple(fields[place] for place in keyed),
        fields=fields,
        add_tags=tuple(f"add {number}" for number in range(draw(counts_of_tags))),
        remove_tags=tuple(f"remove {number}" for number in range(draw(counts_of_tags) if removed else 0)),
    )


def parts_of(items: list[str]) -> st.SearchStrategy[set[str]]:
    """None of the items, all of them, or any."""
    every = 2 ** len(items) - 1
    return (st.sampled_from([0, every]) | st.integers(0, every)).map(
        lambda taken: {item for place, item in enumerate(items) if taken >> place & 1}
    )


@st.composite
def contacts(draw: st.DrawFn, row: ContactRow) -> Held:
    """A contact for the row: each field as wanted, otherwise spelled, another, null or absent; any tags."""
    held = Held({"language": "en", "score": 7})
    names = [item.name for item in row.fields]
    right, absent, turn = draw(parts_of(names)), draw(parts_of(names)), draw(st.integers(0, 4))
    others: list[Value] = ["another", None, "", 7, True]
    for place, item in enumerate(row.fields):
        if item.name in right:
            held.fields[item.name] = f" {item.value} "
        elif item.name not in absent:
            held.fields[item.name] = others[(place + turn) % 5]
    held.tags = {"Blog Updates"} | draw(parts_of(list(row.add_tags))) | draw(parts_of(list(row.remove_tags)))
    return held


def known_in_part(contact: Contact, names: set[str], tags: set[str], without: set[str]) -> Contact:
    return Contact(
        contact.id,
        {name: value for name, value in contact.fields.items() if name in names},
        frozenset(tag for tag in contact.tags if tag in tags),
        frozenset(tag for tag in without if tag not in contact.tags),
    )


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_for_any_row_and_any_whole_contact_the_plan_ends_and_leaves_nothing_to_change(data: st.DataObject) -> None:
    row = data.draw(rows())
    held = data.draw(contacts(row))
    heyx = Heyx({"1": held})
    carry_out(row, held.shown("1"), heyx)
    assert looks(row, held) == AS_WANTED
    assert (held.fields["language"], "Blog Updates" in held.tags, list(heyx.held)) == ("en", True, ["1"])


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_for_any_row_and_what_is_known_in_part_the_plan_ends_and_leaves_nothing_to_change(
    data: st.DataObject,
) -> None:
    row = data.draw(rows())
    held = data.draw(contacts(row))
    part = known_in_part(
        held.shown("1"),
        data.draw(parts_of([item.name for item in row.fields])),
        data.draw(parts_of(list(row.add_tags))),
        data.draw(parts_of(list(row.remove_tags))),
    )
    carry_out(row, part, Heyx({"1": held}))
    assert looks(row, held) == AS_WANTED


@pytest.mark.slow
@given(rows(), st.booleans())
@thoroughly
def test_for_any_row_and_nobody_one_contact_is_made_and_nothing_is_left_to_change(
    row: ContactRow, looked: bool
) -> None:
    heyx = Heyx()
    carry_out(row, NotFound(looked=looked), heyx)
    assert [looks(row, held) for held in heyx.held.values()] == [AS_WANTED]


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_a_plan_is_the_very_writes_that_are_made(data: st.DataObject) -> None:
    row = data.draw(rows())
    held = data.draw(contacts(row))
    states: list[NotFound | Contact] = [held.shown("1"), Contact("1"), NotFound(), NotFound(looked=False)]
    known = data.draw(st.sampled_from(states))
    heyx = Heyx({"1": held})
    on_planned = plan(row, known)
    carry_out(row, known, heyx)
    shapes = [(type(call), getattr(call, "fields", ()), getattr(call, "tags", ())) for call in heyx.writes]
    assert [(type(call), getattr(call, "fields", ()), getattr(call, "tags", ())) for call in on_planned] == shapes


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_no_call_has_over_thirty_fields_or_ten_tags_and_none_is_empty(data: st.DataObject) -> None:
    row = data.draw(rows())
    held = data.draw(contacts(row))
    states: list[NotFound | Contact] = [held.shown("1"), Contact("1"), NotFound(), NotFound(looked=False)]
    for call in plan(row, data.draw(st.sampled_from(states))):
        if isinstance(call, CreateContact | UpdateContact):
            assert 1 <= len(call.fields) <= 30
        else:
            assert isinstance(call, AddTags | RemoveTags)
            assert 1 <= len(call.tags) <= 10


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_no_field_and_no_tag_is_sent_twice(data: st.DataObject) -> None:
    row = data.draw(rows())
    held = data.draw(contacts(row))
    states: list[NotFound | Contact] = [held.shown("1"), Contact("1"), NotFound(), NotFound(looked=False)]
    known = data.draw(st.sampled_from(states))
    calls = list(plan(row, known))
    assert sorted(names_sent(calls)) == sorted(set(names_sent(calls)))
    assert sorted(tags_sent(calls)) == sorted(set(tags_sent(calls)))


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_only_what_is_wrong_is_sent_and_in_the_fewest_calls(data: st.DataObject) -> None:
    row = data.draw(rows())
    held = data.draw(contacts(row))
    difference = looks(row, held)
    calls = list(plan(row, held.shown("1")))
    added = [tag for call in calls if isinstance(call, AddTags) for tag in call.tags]
    removed = [tag for call in calls if isinstance(call, RemoveTags) for tag in call.tags]
    assert {"fields": names_sent(calls), "missing": added, "surplus": removed} == difference
    assert len(calls) == ceil(len(names_sent(calls)) / 30) + ceil(len(added) / 10) + ceil(len(removed) / 10)


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_of_a_contact_known_in_part_what_is_known_to_be_right_is_not_sent(data: st.DataObject) -> None:
    row = data.draw(rows())
    right = data.draw(parts_of([item.name for item in row.fields]))
    known = Contact(
        "1",
        {item.name: item.value for item in row.fields if item.name in right},
        frozenset(data.draw(parts_of(list(row.add_tags)))),
        frozenset(data.draw(parts_of(list(row.remove_tags)))),
    )
    fields = [item.name for item in row.fields if item.name not in known.fields]
    missing = [tag for tag in row.add_tags if tag not in known.tags]
    surplus = [tag for tag in row.remove_tags if tag not in known.absent_tags]
    calls = list(plan(row, known))
    assert (names_sent(calls), tags_sent(calls)) == (fields, [*missing, *surplus])
    assert len(calls) == ceil(len(fields) / 30) + ceil(len(missing) / 10) + ceil(len(surplus) / 10)


@pytest.mark.slow
@given(rows())
@thoroughly
def test_a_new_contact_takes_a_write_for_thirty_fields_and_one_for_ten_tags(row: ContactRow) -> None:
    event(f"{ceil(len(row.fields) / 30)} for fields, {ceil(len(row.add_tags) / 10)} for tags")
    writes = plan(row, NotFound())
    assert len(writes) == ceil(len(row.fields) / 30) + ceil(len(row.add_tags) / 10)
    assert [type(call) for call in writes].count(CreateContact) == 1


@pytest.mark.slow
@given(rows())
@thoroughly
def test_a_contact_that_answered_a_create_is_read_before_tags_are_taken_for_absent(row: ContactRow) -> None:
    heyx = Heyx()
    carry_out(row, NotFound(), heyx)
    reads = [call for call in heyx.calls if isinstance(call, ReadContact)]
    assert len(reads) == bool(row.remove_tags)
    assert not any(isinstance(call, RemoveTags) for call in heyx.calls)


@pytest.mark.slow
@given(rows())
@thoroughly
def test_where_nobody_looked_the_tags_to_remove_are_removed_too(row: ContactRow) -> None:
    writes = plan(row, NotFound(looked=False))
    tags = ceil(len(row.add_tags) / 10) + ceil(len(row.remove_tags) / 10)
    assert len(writes) == ceil(len(row.fields) / 30) + tags


@pytest.mark.slow
@given(rows())
@thoroughly
def test_a_create_carries_every_key_and_its_thirty_fields(row: ContactRow) -> None:
    create = next_call(row, NotFound())
    assert isinstance(create, CreateContact)
    assert create.fields[: len(row.keys)] == row.keys
    assert len(create.fields) == min(30, len(row.fields))


@st.composite
def matchings(draw: st.DrawFn) -> Matching:
    return Matching(
        match=draw(st.sampled_from(Match)),
        no_match=draw(st.booleans()),
        trust_ids=draw(st.booleans()),
        phone_lookup=draw(st.sampled_from(PhoneLookup)),
    )


@pytest.mark.slow
@given(st.data())
@thoroughly
def test_a_row_never_needs_more_calls_than_the_bill_says_and_touches_no_other_contact(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([None, "1"]).flatmap(lambda contact_id: rows(contact_id=contact_id)))
    held = data.draw(contacts(row))
    stranger = Held({"phone": "+1 555", "email": "stranger@example.org", "customerid": "0"}, {"add 0", "remove 0"})
    before = stranger.shown("2")
    heyx = Heyx({"1": held, "2": stranger}, loose=data.draw(st.booleans()))
    matching = data.draw(matchings())
    bill = max_calls(row, matching)
    try:
        known = carry_out(row, initial_state(row, matching), heyx, at_most=bill)
    except Ambiguous:
        assert (row.id, heyx.writes) == ("1", [])
    else:
        assert isinstance(known, Contact)
        assert looks(row, heyx.held[known.id]) == AS_WANTED
    assert stranger.shown("2") == before


@pytest.mark.slow
@given(rows())
@thoroughly
def test_the_bill_is_reached_where_everything_is_wrong(row: ContactRow) -> None:
    writes = ceil(len(row.fields) / 30) + ceil(len(row.add_tags) / 10)
    update = writes + ceil(len(row.remove_tags) / 10)
    assert len(plan(row, Contact("1"))) == max_writes(row) == update
    assert max_calls(row, Matching(no_match=True)) == update
    assert len(plan(row, NotFound())) == writes


@pytest.mark.slow
@given(rows(), st.data())
@thoroughly
def test_a_contact_with_the_key_in_any_spelling_is_updated_and_no_second_one_is_made(
    row: ContactRow, data: st.DataObject
) -> None:
    key = row.keys[0]
    bare = "".join(sign for sign in key.value if sign.isdigit())
    held = data.draw(contacts(row))
    spellings = [key.value, bare, f"+{bare}"] if key.name == "phone" else [key.value]
    held.fields[key.name] = data.draw(st.sampled_from(spellings))
    heyx = Heyx({"1": held}, loose=data.draw(st.booleans()))
    carry_out(row, initial_state(row, Matching()), heyx)
    assert (list(heyx.held), looks(row, held)) == (["1"], AS_WANTED)


@pytest.mark.slow
@given(rows(), st.sampled_from(PhoneLookup))
@thoroughly
def test_a_contact_that_was_made_is_found_again_by_the_same_row(row: ContactRow, lookup: PhoneLookup) -> None:
    heyx = Heyx()
    matching = Matching(phone_lookup=lookup)
    carry_out(row, initial_state(row, matching), heyx)
    made = len(heyx.writes)
    carry_out(row, initial_state(row, matching), heyx)
    assert (len(heyx.held), len(heyx.writes)) == (1, made)


KEY_VALUES = {
    "phone": st.sampled_from(["+44 20", "4420", "+4420", "+49 30", "+33 1", "", None]),
    "email": st.sampled_from(["ada@example.org", "ADA@example.org", "bob@example.org", "", None]),
    "customerid": st.sampled_from(["1", "2", None]),
}


@st.composite
def keyed_rows(draw: st.DrawFn) -> ContactRow:
    """A row with one to three keys in any order, and a name."""
    names = draw(st.lists(st.sampled_from([*KEY_VALUES]), unique=True, min_size=1))
    keys = tuple(Field(name, draw(KEY_VALUES[name].filter(bool)) or "") for name in names)
    return ContactRow(2, None, keys, (Field("firstName", "Ada"), *keys))


def same_key(name: str, one: Value, other: Value) -> bool:
    """Whether two texts are one key, as a person compares them."""
    if name == "phone":
        return [sign for sign in str(one) if sign.isdigit()] == [sign for sign in str(other) if sign.isdigit()]
    return str(one).casefold() == str(other).casefold()


@pytest.mark.slow
@given(
    keyed_rows(),
    st.lists(st.fixed_dictionaries(KEY_VALUES), max_size=4),
    st.booleans(),
    st.sampled_from(Match),
    st.booleans(),
)
@thoroughly
def test_no_contact_with_another_better_key_is_written_and_none_that_a_key_finds_alone_is_made_twice(
    row: ContactRow, present: list[dict[str, Value]], loose: bool, match: Match, doubt: bool
) -> None:
    heyx = Heyx({str(number): Held(dict(fields)) for number, fields in enumerate(present)}, loose=loose)
    before = {contact_id: dict(held.fields) for contact_id, held in heyx.held.items()}
    matching = Matching(match=match)
    known = lookup_by_create(row.keys, None, row, matching) if doubt else initial_state(row, matching)
    try:
        carry_out(row, known, heyx, at_most=200 if doubt else max_calls(row, matching))
    except Ambiguous:
        assert heyx.writes == []
        return
    deciding = matching.keys_of(row)
    for contact_id in {call.id for call in heyx.writes if isinstance(call, UpdateContact)} & set(before):
        held = before[contact_id]
        first = next(key for key in deciding if held[key.name])
        assert same_key(first.name, first.value, held[first.name])
    made = any(isinstance(call, CreateContact) for call in heyx.writes)
    for key in deciding:
        alone = [held for held in before.values() if same_key(key.name, key.value, held[key.name])]
        if made and len(alone) == 1 and alone[0][key.name] == key.value:
            pytest.fail(f"{alone[0]} has the {key.name}, and another was made")
