from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from heyx_bulk.errors import Ambiguous
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import recognize
from heyx_bulk.mapping.row_reader import read_row
from heyx_bulk.models.calls import (
    AddTags,
    Answer,
    Call,
    CreateContact,
    Created,
    Done,
    FindContacts,
    Page,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Value
from heyx_bulk.planning.matching import Matching
from heyx_bulk.planning.planner import (
    Knowledge,
    Lookup,
    NotFound,
    apply,
    conflicting_key,
    initial_state,
    lookup_by_all_keys,
    lookup_by_earlier_row,
    lookup_by_id,
    max_calls,
    max_writes,
    next_call,
    plan,
)
from heyx_bulk.values.equality import PhoneLookup

PHONE = Field("phone", "+44 20 7946")
EMAIL = Field("email", "Ada@Example.org")
EVERY_LOOKUP = [
    (PhoneLookup.BOTH, ["+44 20 7946", "+44207946", "44207946"]),
    (PhoneLookup.PLUS, ["+44 20 7946", "+44207946"]),
    (PhoneLookup.DIGITS, ["+44 20 7946", "44207946"]),
    (PhoneLookup.AS_WRITTEN, ["+44 20 7946"]),
]
thoroughly = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


# A HeyX of our own: it restates what the calls do, and refuses what HeyX refuses.


@dataclass
class Held:
    """A contact as HeyX holds it."""

    fields: dict[str, Value] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)

    def shown(self, contact_id: str) -> Contact:
        return Contact(contact_id, dict(self.fields), frozenset(self.tags), complete=True)


@dataclass
class Heyx:
    """Every contact by its id; a `loose` search shows every contact that has the field at all."""

    held: dict[str, Held] = field(default_factory=dict)
    loose: bool = False
    calls: list[Call] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        match call:
            case FindContacts():
                return self._page(call)
            case ReadContact():
                return self.held[call.id].shown(call.id)
            case CreateContact():
                assert len(call.fields) in range(1, 31)
                new = f"new {len(self.held)}"
                self.held[new] = Held({item.name: item.value for item in call.fields})
                return Created(new)
            case UpdateContact():
                assert len(call.fields) in range(1, 31)
                self.held[call.id].fields |= {item.name: item.value for item in call.fields}
            case AddTags():
                assert len(call.tags) in range(1, 11)
                self.held[call.id].tags |= set(call.tags)
            case RemoveTags():
                assert len(call.tags) in range(1, 11)
                self.held[call.id].tags -= set(call.tags)
        return Done()

    def _page(self, call: FindContacts) -> Page:
        found = [
            held.shown(contact_id)
            for contact_id, held in self.held.items()
            if held.fields.get(call.field) == call.value or (self.loose and held.fields.get(call.field))
        ]
        shown = found[10 * (call.page - 1) : 10 * call.page]
        return Page(tuple(shown), max(1, ceil(len(found) / 10)), len(found))

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.writes]


def carry_out(row: ContactRow, known: Knowledge, heyx: Heyx, *, at_most: int = 200) -> Knowledge:
    """Ask and change until nothing is left; what is then known."""
    for _ in range(at_most + 1):
        call = next_call(row, known)
        if call is None:
            return known
        known = apply(known, call, heyx.answer(call))
    pytest.fail(f"there was no end after {at_most} calls")


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


# Any row, and what HeyX may hold of it


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


@given(st.data())
@thoroughly
def test_for_any_row_and_any_whole_contact_the_plan_ends_and_leaves_nothing_to_change(data: st.DataObject) -> None:
    row = data.draw(rows())
    held = data.draw(contacts(row))
    heyx = Heyx({"1": held})
    carry_out(row, held.shown("1"), heyx)
    assert looks(row, held) == AS_WANTED
    assert (held.fields["language"], "Blog Updates" in held.tags, list(heyx.held)) == ("en", True, ["1"])


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


@given(rows(), st.booleans())
@thoroughly
def test_for_any_row_and_nobody_one_contact_is_made_and_nothing_is_left_to_change(
    row: ContactRow, looked: bool
) -> None:
    heyx = Heyx()
    carry_out(row, NotFound(looked=looked), heyx)
    assert [looks(row, held) for held in heyx.held.values()] == [AS_WANTED]


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


@given(rows())
@thoroughly
def test_a_new_contact_takes_a_write_for_thirty_fields_and_one_for_ten_tags(row: ContactRow) -> None:
    event(f"{ceil(len(row.fields) / 30)} for fields, {ceil(len(row.add_tags) / 10)} for tags")
    writes = plan(row, NotFound())
    assert len(writes) == ceil(len(row.fields) / 30) + ceil(len(row.add_tags) / 10)
    assert [type(call) for call in writes].count(CreateContact) == 1


@given(rows())
@thoroughly
def test_a_contact_that_answered_a_create_is_read_before_tags_are_taken_for_absent(row: ContactRow) -> None:
    heyx = Heyx()
    carry_out(row, NotFound(), heyx)
    reads = [call for call in heyx.calls if isinstance(call, ReadContact)]
    assert len(reads) == bool(row.remove_tags)
    assert not any(isinstance(call, RemoveTags) for call in heyx.calls)


@given(rows())
@thoroughly
def test_where_nobody_looked_the_tags_to_remove_are_removed_too(row: ContactRow) -> None:
    writes = plan(row, NotFound(looked=False))
    tags = ceil(len(row.add_tags) / 10) + ceil(len(row.remove_tags) / 10)
    assert len(writes) == ceil(len(row.fields) / 30) + tags


@given(rows())
@thoroughly
def test_a_create_carries_every_key_and_its_thirty_fields(row: ContactRow) -> None:
    create = next_call(row, NotFound())
    assert isinstance(create, CreateContact)
    assert create.fields[: len(row.keys)] == row.keys
    assert len(create.fields) == min(30, len(row.fields))


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
    with pytest.raises(TypeError, match="Done is no answer to FindContacts"):
        apply(lookup_by_all_keys((PHONE,), Matching()), FindContacts("phone", "1"), Done())


# Calls at most


@st.composite
def matchings(draw: st.DrawFn) -> Matching:
    return Matching(draw(st.sampled_from(PhoneLookup)), draw(st.booleans()), draw(st.booleans()))


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


@given(rows())
@thoroughly
def test_the_bill_is_reached_where_everything_is_wrong(row: ContactRow) -> None:
    writes = ceil(len(row.fields) / 30) + ceil(len(row.add_tags) / 10)
    update = writes + ceil(len(row.remove_tags) / 10)
    assert len(plan(row, Contact("1"))) == max_writes(row) == update
    assert max_calls(row, Matching(no_match=True)) == update
    assert len(plan(row, NotFound())) == writes


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


# Who is meant


def asked(row: ContactRow, known: Knowledge, heyx: Heyx) -> list[Call]:
    carry_out(row, known, heyx)
    return [call for call in heyx.calls if not call.writes]


def person(**fields: Value) -> Held:
    return Held(dict(fields))


def wanting(*fields: Field, contact_id: str | None = None) -> ContactRow:
    keys = tuple(item for item in fields if item.name in {"phone", "email"})
    return ContactRow(2, contact_id, keys, fields)


@pytest.mark.parametrize(("lookup", "texts"), EVERY_LOOKUP)
def test_a_phone_is_searched_for_in_the_spellings_that_are_wanted(lookup: PhoneLookup, texts: list[str]) -> None:
    row = wanting(PHONE)
    heyx = Heyx()
    assert asked(row, initial_state(row, Matching(phone_lookup=lookup)), heyx) == [
        FindContacts("phone", text) for text in texts
    ]
    assert heyx.writes == [CreateContact((PHONE,))]


@pytest.mark.parametrize(
    ("held", "searches"), [("+44 20 7946", 1), ("+44207946", 2), ("44207946", 3), ("0044207946", 3)]
)
def test_a_phone_held_with_or_without_plus_is_found_and_no_spelling_after_it_is_asked(
    held: str, searches: int
) -> None:
    row = wanting(PHONE)
    heyx = Heyx({"1": person(phone=held)})
    assert len(asked(row, initial_state(row, Matching()), heyx)) == searches
    assert len(heyx.held) == (2 if held.startswith("0044") else 1)


def test_a_row_is_matched_by_its_first_key_alone() -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": person(phone="44207946", email="old@example.org"), "2": person(email="Ada@Example.org")})
    assert {
        call.field for call in asked(row, initial_state(row, Matching()), heyx) if isinstance(call, FindContacts)
    } == {"phone"}
    assert heyx.writes == [UpdateContact("1", (EMAIL,))]


def test_a_row_without_a_phone_is_matched_by_its_email() -> None:
    row = wanting(EMAIL)
    assert initial_state(row, Matching()) == Lookup((FindContacts("email", "Ada@Example.org"),), (EMAIL,))


def test_an_email_in_another_case_is_the_same_contact() -> None:
    row = wanting(EMAIL, Field("firstName", "Ada"))
    heyx = Heyx({"1": person(email="ada@example.ORG")}, loose=True)
    carry_out(row, initial_state(row, Matching()), heyx)
    assert list(heyx.held) == ["1"]


def test_a_loose_match_is_not_taken() -> None:
    row = wanting(PHONE)
    heyx = Heyx({"1": person(phone="+44 20 7947"), "2": person(phone="+1 44 20 7946")}, loose=True)
    carry_out(row, initial_state(row, Matching()), heyx)
    assert heyx.writes == [CreateContact((PHONE,))]


def test_among_loose_matches_the_one_that_has_the_key_is_taken_from_the_last_page_too() -> None:
    row = wanting(PHONE, Field("firstName", "Ada"))
    crowd = {str(number): person(phone=f"+49 {number}") for number in range(24)}
    heyx = Heyx({**crowd, "last": person(phone="44207946")}, loose=True)
    pages = asked(row, initial_state(row, Matching()), heyx)
    assert pages == [FindContacts("phone", "+44 20 7946", page) for page in (1, 2, 3)]
    assert heyx.writes == [UpdateContact("last", (Field("firstName", "Ada"),))]


def test_a_page_without_contacts_ends_a_search_whatever_the_last_page_is_said_to_be() -> None:
    known = lookup_by_all_keys((EMAIL,), Matching())
    assert apply(known, FindContacts("email", "Ada@Example.org"), Page((), 9)) == NotFound()


def test_several_contacts_with_the_key_are_ambiguous_and_named() -> None:
    row = wanting(EMAIL)
    heyx = Heyx({"7": person(email="Ada@Example.org"), "3": person(email="Ada@Example.org")})
    with pytest.raises(Ambiguous, match=r"2 contacts have the email Ada@Example.org: 3, 7") as caught:
        carry_out(row, initial_state(row, Matching()), heyx)
    assert (heyx.writes, "heyx contact id" in caught.value.remedy) == ([], True)


def test_several_contacts_on_different_pages_are_ambiguous_too() -> None:
    row = wanting(PHONE)
    crowd = {str(number): person(phone=f"+49 {number}") for number in range(12)}
    twins = {"first": person(phone="44207946"), **crowd, "last": person(phone="+44207946")}
    with pytest.raises(Ambiguous, match="first, last"):
        carry_out(row, initial_state(row, Matching()), Heyx(twins, loose=True))


def test_one_contact_shown_on_two_pages_is_one_contact() -> None:
    known = initial_state(wanting(EMAIL), Matching())
    contact = Contact("1", {"email": "Ada@Example.org"}, complete=True)
    first, second = FindContacts("email", "Ada@Example.org"), FindContacts("email", "Ada@Example.org", 2)
    between = apply(known, first, Page((contact,), 2, 11))
    assert next_call(wanting(EMAIL), between) == second
    assert apply(between, second, Page((contact,), 2, 11)) == contact


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


@given(rows(), st.sampled_from(PhoneLookup))
@thoroughly
def test_a_contact_that_was_made_is_found_again_by_the_same_row(row: ContactRow, lookup: PhoneLookup) -> None:
    heyx = Heyx()
    matching = Matching(phone_lookup=lookup)
    carry_out(row, initial_state(row, matching), heyx)
    made = len(heyx.writes)
    carry_out(row, initial_state(row, matching), heyx)
    assert (len(heyx.held), len(heyx.writes)) == (1, made)


# By id


def test_a_row_with_an_id_and_no_key_is_written_blind() -> None:
    row = ContactRow(2, "1", fields=(Field("firstName", "Ada"),))
    heyx = Heyx({"1": person(firstName="Ada")})
    assert asked(row, initial_state(row, Matching()), heyx) == []
    assert heyx.writes == [UpdateContact("1", (Field("firstName", "Ada"),))]


def test_a_row_with_an_id_and_a_key_is_read_first() -> None:
    row = wanting(PHONE, Field("firstName", "Ada"), contact_id="1")
    heyx = Heyx({"1": person(phone="44207946")})
    assert asked(row, initial_state(row, Matching()), heyx) == [ReadContact("1")]
    assert heyx.writes == [UpdateContact("1", (Field("firstName", "Ada"),))]


def test_trusted_ids_are_written_without_reading_whatever_the_key_says() -> None:
    row = wanting(PHONE, contact_id="1")
    heyx = Heyx({"1": person(phone="+49 30")})
    assert asked(row, initial_state(row, Matching(trust_ids=True)), heyx) == []
    assert heyx.writes == [UpdateContact("1", (PHONE,))]


@pytest.mark.parametrize(
    ("fields", "which"),
    [
        ({"phone": "+49 30", "email": "ada@example.org"}, "phone +49 30"),
        ({"phone": "44207946", "email": "bob@example.org"}, "email bob@example.org"),
        ({"email": "bob@example.org"}, "email bob@example.org"),
        ({"phone": "unknown"}, "phone unknown"),
    ],
)
def test_a_contact_read_by_id_whose_key_disagrees_is_refused_and_nothing_is_written(
    fields: dict[str, Value], which: str
) -> None:
    row = wanting(PHONE, EMAIL, contact_id="1")
    heyx = Heyx({"1": Held(fields)})
    with pytest.raises(Ambiguous, match=f"the contact 1 has the {which}".replace("+", r"\+")) as caught:
        carry_out(row, initial_state(row, Matching()), heyx)
    assert (heyx.writes, "--trust-ids" in caught.value.remedy) == ([], True)


@pytest.mark.parametrize("blank", [{}, {"phone": None}, {"phone": ""}, {"phone": "  "}])
def test_a_contact_read_by_id_whose_key_is_blank_is_the_one(blank: dict[str, Value]) -> None:
    row = wanting(PHONE, contact_id="1")
    heyx = Heyx({"1": Held(blank)})
    carry_out(row, initial_state(row, Matching()), heyx)
    assert heyx.writes == [UpdateContact("1", (PHONE,))]


def test_a_contact_read_by_id_without_keys_is_taken_as_it_is() -> None:
    row = wanting(PHONE)
    heyx = Heyx({"1": person(phone="+49 30")})
    assert asked(row, lookup_by_id("1"), heyx) == [ReadContact("1")]
    assert heyx.writes == [UpdateContact("1", (PHONE,))]


def test_what_contradicts_is_the_first_key_that_is_another() -> None:
    contact = Contact("1", {"phone": "44207946", "email": "bob@example.org"})
    assert conflicting_key(contact, (PHONE, EMAIL)) == EMAIL
    assert conflicting_key(contact, (PHONE,)) is None


# Nobody is looked for


def test_with_no_match_a_contact_is_made_without_looking() -> None:
    row = wanting(PHONE)
    heyx = Heyx({"1": person(phone=PHONE.value)})
    assert asked(row, initial_state(row, Matching(no_match=True)), heyx) == []
    assert heyx.writes == [CreateContact((PHONE,))]


def test_with_no_match_what_a_new_contact_has_is_not_known_for_sure() -> None:
    row = ContactRow(2, keys=(PHONE,), fields=(PHONE,), remove_tags=("lead",))
    heyx = Heyx()
    carry_out(row, initial_state(row, Matching(no_match=True)), heyx)
    assert heyx.writes == [CreateContact((PHONE,)), RemoveTags("new 0", ("lead",))]


def test_with_no_match_a_row_with_an_id_is_written_by_its_id() -> None:
    row = ContactRow(2, "1", fields=(PHONE,))
    assert next_call(row, initial_state(row, Matching(no_match=True))) == UpdateContact("1", (PHONE,))


# After an earlier row, and after doubt


def test_an_earlier_rows_contact_is_read_by_its_id_and_not_searched_for() -> None:
    row = wanting(PHONE, Field("firstName", "Ada"))
    heyx = Heyx({"1": person(phone="44207946")})
    assert asked(row, lookup_by_earlier_row(row, "1", Matching()), heyx) == [ReadContact("1")]
    assert heyx.writes == [UpdateContact("1", (Field("firstName", "Ada"),))]


def test_an_earlier_rows_contact_that_has_another_key_by_now_is_left_and_searched_for() -> None:
    row = wanting(EMAIL, Field("firstName", "Ada"))
    heyx = Heyx({"1": person(email="new@example.org"), "2": person(email="Ada@Example.org")})
    searches = asked(row, lookup_by_earlier_row(row, "1", Matching()), heyx)
    assert searches == [ReadContact("1"), FindContacts("email", "Ada@Example.org")]
    assert heyx.writes == [UpdateContact("2", (Field("firstName", "Ada"),))]


def test_an_earlier_rows_contact_that_has_another_key_by_now_is_never_written() -> None:
    row = wanting(PHONE)
    heyx = Heyx({"1": person(phone="+49 30")})
    carry_out(row, lookup_by_earlier_row(row, "1", Matching()), heyx)
    assert heyx.writes == [CreateContact((PHONE,))]


@pytest.mark.parametrize("matching", [Matching(no_match=True), Matching(trust_ids=True)])
def test_an_earlier_row_changes_nothing_for_a_row_that_is_not_looked_for(matching: Matching) -> None:
    row = wanting(PHONE, contact_id="7" if matching.trust_ids else None)
    assert lookup_by_earlier_row(row, "1", matching) == initial_state(row, matching)


def test_after_doubt_every_spelling_of_every_key_is_asked_before_a_contact_is_made() -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx()
    searches = asked(row, lookup_by_all_keys(row.keys, Matching()), heyx)
    phones = [FindContacts("phone", text) for text in ("+44 20 7946", "+44207946", "44207946")]
    assert searches == [*phones, FindContacts("email", "Ada@Example.org")]
    assert heyx.writes == [CreateContact((PHONE, EMAIL))]


def test_after_doubt_a_contact_with_the_second_key_and_no_first_is_somebody_else() -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": person(email="Ada@Example.org")})
    carry_out(row, lookup_by_all_keys(row.keys, Matching()), heyx)
    assert heyx.writes == [CreateContact((PHONE, EMAIL))]


def test_after_doubt_a_contact_with_the_second_key_and_another_first_is_somebody_else() -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": person(phone="+49 30", email="Ada@Example.org")})
    carry_out(row, lookup_by_all_keys(row.keys, Matching()), heyx)
    assert heyx.writes == [CreateContact((PHONE, EMAIL))]
