from __future__ import annotations

import pytest

from heyx_bulk.errors import Ambiguous, KeysDisagree
from heyx_bulk.models.calls import Call, CreateContact, FindContacts, Page, ReadContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Value
from heyx_bulk.planning.contact_lookup import (
    Knowledge,
    Lookup,
    NotFound,
    conflicting_key,
    initial_state,
    lookup_by_create,
    lookup_by_earlier_row,
    lookup_by_id,
)
from heyx_bulk.planning.matching import Match, Matching, Mode
from heyx_bulk.planning.planner import apply, next_call
from heyx_bulk.values.equality import PhoneLookup
from tests.support.channel_model import Held, Heyx, carry_out

PHONE = Field("phone", "+44 20 7946")
EMAIL = Field("email", "Ada@Example.org")
EVERY_LOOKUP = [
    (PhoneLookup.BOTH, ["+44 20 7946", "+44207946", "44207946"]),
    (PhoneLookup.PLUS, ["+44 20 7946", "+44207946"]),
    (PhoneLookup.DIGITS, ["+44 20 7946", "44207946"]),
    (PhoneLookup.AS_WRITTEN, ["+44 20 7946"]),
]


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


@pytest.mark.parametrize(
    ("field", "wanted", "held"),
    [
        ("phone", "+525512345678", "5215512345678"),
        ("phone", "+52 1 55 1234 5678", "+525512345678"),
        ("phone", "5541981234567", "+554181234567"),
        ("phone", "+541123456789", "5491123456789"),
        ("email", "Ada@X.org", "ada@x.org"),
    ],
)
def test_a_contact_that_has_the_other_form_of_a_key_is_found_and_keeps_it(
    field: str, wanted: str, held: str
) -> None:
    row = wanting(Field(field, wanted), Field("city", "Oslo"))
    heyx = Heyx({"1": Held({field: held, "city": "Bergen"})})
    carry_out(row, initial_state(row, Matching()), heyx)
    assert heyx.writes == [UpdateContact("1", (Field("city", "Oslo"),))]
    row_by_id = wanting(Field(field, wanted), Field("city", "Oslo"), contact_id="1")
    assert conflicting_key(heyx.held["1"].shown("1"), row_by_id.keys) is None


@pytest.mark.parametrize(
    ("wanted", "held"),
    [("+553112345678", "+5531912345678"), ("+523312345678", "+543312345678"), ("12345678", "+5212345678")],
)
def test_another_phone_is_another_contact(wanted: str, held: str) -> None:
    row = wanting(Field("phone", wanted))
    heyx = Heyx({"1": person(phone=held)}, loose=True)
    carry_out(row, initial_state(row, Matching()), heyx)
    assert heyx.writes == [CreateContact((Field("phone", wanted),))]


def test_a_row_is_matched_by_its_first_key_alone() -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": person(phone="44207946", email="old@example.org"), "2": person(email="Ada@Example.org")})
    assert {
        call.field for call in asked(row, initial_state(row, Matching()), heyx) if isinstance(call, FindContacts)
    } == {"phone"}
    assert heyx.writes == [UpdateContact("1", (EMAIL,))]


def test_a_row_without_a_phone_is_matched_by_its_email() -> None:
    row = wanting(EMAIL)
    assert initial_state(row, Matching()) == Lookup(
        (FindContacts("email", "Ada@Example.org"), FindContacts("email", "ada@example.org")),
        (EMAIL,),
        frozenset({"email"}),
    )


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
    email = Field("email", "ada@example.org")
    known = lookup_by_create((email,), None, wanting(email), Matching())
    assert apply(known, FindContacts("email", "ada@example.org"), Page((), 9)) == NotFound()


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
    with pytest.raises(Ambiguous, match=f"contact 1 has the {which}".replace("+", r"\+")) as caught:
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
    searches = asked(row, lookup_by_create(row.keys, None, row, Matching()), heyx)
    phones = [FindContacts("phone", text) for text in ("+44 20 7946", "+44207946", "44207946")]
    emails = [FindContacts("email", text) for text in ("Ada@Example.org", "ada@example.org")]
    assert searches == [*phones, *emails]
    assert heyx.writes == [CreateContact((PHONE, EMAIL))]


SPARING = [Matching(match=Match.FIRST), Matching(no_match=True)]


@pytest.mark.parametrize("matching", SPARING)
@pytest.mark.parametrize(
    "held", [person(email="Ada@Example.org"), person(phone="+49 30", email="Ada@Example.org")]
)
def test_after_doubt_a_contact_with_the_second_key_alone_is_not_the_one_that_was_created(
    held: Held, matching: Matching
) -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": held})
    carry_out(row, lookup_by_create(row.keys, None, row, matching), heyx)
    assert heyx.writes == [CreateContact((PHONE, EMAIL))]


# A row whose first key finds nobody


def found_by(row: ContactRow, matching: Matching, *, doubt: bool) -> Knowledge:
    return lookup_by_create(row.keys, None, row, matching) if doubt else initial_state(row, matching)


@pytest.mark.parametrize("doubt", [False, True])
@pytest.mark.parametrize("phone", [None, "", "44207946"])
def test_where_the_phone_finds_nobody_the_contact_with_the_email_is_the_row_s(
    phone: str | None, *, doubt: bool
) -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": person(email="Ada@Example.org", phone=phone), "2": person(phone="+49 30")})
    carry_out(row, found_by(row, Matching(), doubt=doubt), heyx)
    assert (list(heyx.held), {type(call) for call in heyx.writes} - {UpdateContact}) == (["1", "2"], set())


@pytest.mark.parametrize("doubt", [False, True])
def test_with_match_first_only_the_first_key_finds_a_contact(*, doubt: bool) -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": person(email="Ada@Example.org")})
    carry_out(row, found_by(row, Matching(match=Match.FIRST), doubt=doubt), heyx)
    assert heyx.writes == [CreateContact((PHONE, EMAIL))]


@pytest.mark.parametrize("doubt", [False, True])
@pytest.mark.parametrize("mode", Mode)
def test_a_contact_with_the_email_and_another_phone_is_refused_with_both_phones(
    mode: Mode, *, doubt: bool
) -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"7": person(phone="+49 30", email="Ada@Example.org")})
    with pytest.raises(KeysDisagree) as caught:
        carry_out(row, found_by(row, Matching(mode=mode), doubt=doubt), heyx)
    assert caught.value.what == (
        "contact 7 has the email Ada@Example.org and the phone +49 30, but the row has the phone +44 20 7946"
    )
    assert ("--match first" in caught.value.remedy, "--key email" in caught.value.remedy) == (True, True)
    assert heyx.writes == []


def test_an_email_that_contacts_with_several_phones_share_identifies_none_of_them() -> None:
    row = wanting(PHONE, EMAIL)
    family = {str(number): person(phone=f"+49 3{number}", email="ada@example.org") for number in range(12)}
    heyx = Heyx(family, loose=True)
    carry_out(row, initial_state(row, Matching()), heyx)
    assert heyx.writes == [CreateContact((PHONE, EMAIL))]


def test_two_contacts_of_one_other_phone_are_one_other_person() -> None:
    row = wanting(PHONE, EMAIL)
    twice = {"3": person(phone="+4930", email=EMAIL.value), "4": person(phone="49 30", email=EMAIL.value)}
    with pytest.raises(KeysDisagree, match="contact 3 has the email"):
        carry_out(row, initial_state(row, Matching()), Heyx(twice))


def test_a_shared_email_that_one_contact_without_a_phone_has_too_is_ambiguous() -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"3": person(email=EMAIL.value), "4": person(phone="+49 30", email=EMAIL.value)})
    with pytest.raises(Ambiguous, match=r"2 contacts have the email Ada@Example.org: 3, 4"):
        carry_out(row, initial_state(row, Matching()), heyx)


@pytest.mark.parametrize("others", [["+49 30"], ["+49 30", "+49 31"], [None]])
def test_the_contact_that_has_the_email_and_the_phone_in_another_form_is_chosen(others: list[str | None]) -> None:
    """A search by phone finds the form that HeyX keeps; a contact kept in a form that nobody asks for is found."""
    row = wanting(PHONE, EMAIL, Field("firstName", "Ada"))
    held = {str(number): person(phone=phone, email=EMAIL.value) for number, phone in enumerate(others)}
    heyx = Heyx({**held, "right": person(phone="+44 (20) 7946", email=EMAIL.value)})
    carry_out(row, initial_state(row, Matching()), heyx)
    assert heyx.writes == [UpdateContact("right", (Field("firstName", "Ada"),))]


def test_every_spelling_of_a_lesser_phone_is_asked_before_a_find_is_refused() -> None:
    row = ContactRow(2, None, (EMAIL, PHONE), (EMAIL, PHONE))
    other = person(phone="+44207946", email="other@example.org")
    heyx = Heyx({"1": other, "2": person(phone="44207946")})
    with pytest.raises(Ambiguous, match="2 contacts have the phone"):
        carry_out(row, initial_state(row, Matching()), heyx)
    heyx = Heyx({"1": other, "2": person(phone="44207946", email=EMAIL.value, name="x")})
    carry_out(row, initial_state(row, Matching()), heyx)
    assert heyx.writes == []


def test_an_earlier_row_s_contact_with_the_email_and_another_phone_is_not_written() -> None:
    row = wanting(PHONE, EMAIL)
    heyx = Heyx({"1": person(phone="+49 30", email=EMAIL.value)})
    with pytest.raises(KeysDisagree):
        carry_out(row, lookup_by_earlier_row(row, "1", Matching()), heyx)
    assert heyx.writes == []


@pytest.mark.parametrize("held", [person(phone="44207946", email="new@example.org"), person(email=EMAIL.value)])
def test_an_earlier_row_s_contact_with_the_best_key_that_it_has_is_read_alone(held: Held) -> None:
    row = wanting(PHONE, EMAIL)
    assert asked(row, lookup_by_earlier_row(row, "1", Matching()), Heyx({"1": held})) == [ReadContact("1")]
