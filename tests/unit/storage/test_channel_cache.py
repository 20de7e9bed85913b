"""What is remembered of a channel: its custom fields, how HeyX shows what is written, how it spells phones."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from heyx_bulk.models.calls import CreateContact, Created, Done, FindContacts, Page, ReadContact, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Value
from heyx_bulk.storage.cache.channel_cache import ChannelCache, field_mismatches, known_fields
from heyx_bulk.storage.cache.field_mismatches import KEPT_SECONDS, MOST_CONTACTS, FieldMismatch, MismatchKind
from heyx_bulk.values.equality import PhoneSpelling
from heyx_bulk.values.value_types import ValueKind

SETTLE = 60.0
NO_ROW = ContactRow(2)


class Time:
    """A clock that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def opened(tmp_path: Path, time: Time) -> Callable[[], ChannelCache]:
    return lambda: ChannelCache("channel", SETTLE, folder=tmp_path, clock=time)


@pytest.fixture
def cache(opened: Callable[[], ChannelCache]) -> Iterator[ChannelCache]:
    with opened() as cache:
        yield cache


def contact(number: int, fields: Mapping[str, Value]) -> Contact:
    return Contact(str(number), fields, complete=True)


def wrote(cache: ChannelCache, number: int, **fields: str) -> None:
    sent = tuple(Field(name, value) for name, value in fields.items())
    cache.observe(NO_ROW, UpdateContact(str(number), sent), Done())


def shown(cache: ChannelCache, number: int, fields: Mapping[str, Value], **wanted: str) -> Mapping[str, Value]:
    """The fields of a contact as they are read for a row that wants `wanted`."""
    row = ContactRow(2, fields=tuple(Field(name, value) for name, value in wanted.items()))
    read = cache.observe(row, ReadContact(str(number)), contact(number, fields))
    assert isinstance(read, Contact)
    return read.fields


# Custom fields


def test_of_a_channel_nobody_spoke_to_nothing_is_known_and_no_file_is_made(tmp_path: Path) -> None:
    assert (dict(known_fields("channel", folder=tmp_path)), field_mismatches("channel", folder=tmp_path)) == (
        {},
        (),
    )
    assert [*tmp_path.iterdir()] == []


def test_the_memory_is_its_users_alone(tmp_path: Path, cache: ChannelCache) -> None:
    cache.fields.add("City")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((True, None), ValueKind.BOOLEAN),
        ((True, "true"), ValueKind.TEXT),
        (("1988-03-14", "1990-12-01", "", "2001-01-31"), ValueKind.DATE),
        (("1988-03-14", "1990-12-01"), ValueKind.TEXT),
        (("1988-03-14", "1990-12-01", "2001-01-31", "soon"), ValueKind.TEXT),
        (("1988-03-14", "1990-12-01", "2001-13-31"), ValueKind.TEXT),
        ((7, "Lahore"), ValueKind.TEXT),
        ((None, ""), ValueKind.TEXT),
    ],
)
def test_a_field_is_of_the_kind_that_all_its_values_show(
    tmp_path: Path, cache: ChannelCache, values: tuple[Value, ...], kind: ValueKind
) -> None:
    for number, value in enumerate(values):
        cache.fields.observe([contact(number, {"it": value, "firstName": "Ann", "gender": "f"})])
    assert known_fields("channel", folder=tmp_path) == {"it": kind}


def test_a_field_is_known_since_it_was_first_seen(cache: ChannelCache, time: Time) -> None:
    cache.fields.add("City")
    cache.fields.add("Named")
    for _ in range(2):
        time.now += 10
        cache.fields.observe([contact(1, {"City": "Lahore"})])
    cache.fields.add("City")
    assert [(field.name, field.first_seen, field.last_seen) for field in cache.fields.known()] == [
        ("City", 1_000_010.0, 1_000_020.0),
        ("Named", None, None),
    ]


def test_a_forgotten_field_is_not_known_and_held_to_nothing(tmp_path: Path, cache: ChannelCache) -> None:
    cache.fields.observe([contact(1, {"City": "Lahore"})])
    assert [cache.forget_field("City"), cache.forget_field("City")] == [True, False]
    assert dict(known_fields("channel", folder=tmp_path)) == {}


def test_what_calls_show_is_known_after_the_run(tmp_path: Path, opened: Callable[[], ChannelCache]) -> None:
    with opened() as cache:
        page = Page((contact(1, {"City": "Lahore"}), contact(2, {"vip": True})), 1)
        cache.observe(NO_ROW, FindContacts("phone", "1"), page)
        cache.observe(NO_ROW, ReadContact("3"), contact(3, {"Shoe size": 41}))
    assert known_fields("channel", folder=tmp_path) == {
        "City": ValueKind.TEXT,
        "Shoe size": ValueKind.TEXT,
        "vip": ValueKind.BOOLEAN,
    }


# Fields that HeyX shows otherwise


Showing = Callable[[str], Mapping[str, Value]]
OTHERWISE: dict[str, tuple[Showing, FieldMismatch]] = {
    "another name": (lambda value: {"cf_7": value}, FieldMismatch("City", MismatchKind.NOTHING)),
    "another value": (lambda value: {"City": value.lower()}, FieldMismatch("City", MismatchKind.VALUE)),
    "nothing": (lambda _: {"Town": "x"}, FieldMismatch("City", MismatchKind.NOTHING)),
    "null": (lambda _: {"City": None}, FieldMismatch("City", MismatchKind.NOTHING)),
}


@pytest.mark.parametrize(("showing", "found"), OTHERWISE.values(), ids=OTHERWISE)
def test_a_field_shown_otherwise_after_two_writes_to_one_contact_is_noticed(
    tmp_path: Path, cache: ChannelCache, time: Time, showing: Showing, found: FieldMismatch
) -> None:
    for number in (1, 2, 1):
        assert cache.field_mismatches() == ()
        wrote(cache, number, City=f"Town {number}")
        time.now += SETTLE
        shown(cache, number, showing(f"Town {number}"))
    assert cache.field_mismatches() == (found,)
    assert "City" in known_fields("channel", folder=tmp_path)


@pytest.mark.parametrize(("showing", "found"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_was_written_counts_as_held_while_heyx_shows_what_it_showed_for_it(
    cache: ChannelCache, time: Time, showing: Showing, found: FieldMismatch
) -> None:
    as_shown = dict(showing("Town 3"))
    for _ in range(2):
        assert shown(cache, 3, as_shown, City="Town 3") == as_shown
        wrote(cache, 3, City="Town 3")
        time.now += SETTLE
    assert shown(cache, 3, as_shown, City="Town 3")["City"] == "Town 3"
    assert cache.field_mismatches() == (found,)
    assert shown(cache, 3, as_shown, City="Village 3") == as_shown
    assert shown(cache, 3, {"City": "Else"}, City="Town 3")["City"] == "Else"
    assert shown(cache, 4, as_shown, City="Town 3") == as_shown
    cache.forget_field("City")
    assert shown(cache, 3, as_shown, City="Town 3") == as_shown


def test_a_field_that_agreed_once_is_as_it_should_be(cache: ChannelCache, time: Time) -> None:
    for number in range(9):
        wrote(cache, number, City="Lahore", vip="TRUE")
    time.now += SETTLE
    shown(cache, 0, {"City": "Lahore", "vip": True})
    for number in range(1, 9):
        shown(cache, number, {"City": "changed by hand", "vip": False})
    assert cache.field_mismatches() == ()
    assert shown(cache, 1, {"City": "changed by hand"}, City="Lahore") == {"City": "changed by hand"}


def test_a_field_shown_otherwise_again_and_again_is_noticed_though_it_agrees_elsewhere(
    cache: ChannelCache, time: Time
) -> None:
    for _ in range(2):
        assert cache.field_mismatches() == ()
        for number, city in enumerate(("karachi", "Lahore", "Multan", "Quetta")):
            wrote(cache, number, City=city)
        time.now += SETTLE
        for number, city in enumerate(("karachi", "lahore", "multan", "quetta")):
            shown(cache, number, {"City": city})
    assert cache.field_mismatches() == (FieldMismatch("City", MismatchKind.VALUE),)


def test_a_contact_seen_right_after_the_write_proves_nothing(cache: ChannelCache, time: Time) -> None:
    for number in range(9):
        wrote(cache, number, City="Lahore")
    time.now += SETTLE - 1
    for number in range(9):
        shown(cache, number, {"City": "old"})
    assert cache.field_mismatches() == ()


def test_another_field_with_the_same_value_everywhere_is_no_other_name(cache: ChannelCache, time: Time) -> None:
    for number in (0, 1, 2) * 2:
        wrote(cache, number, vip="true")
        time.now += SETTLE
        shown(cache, number, {"isLead": True})
    assert cache.field_mismatches() == (FieldMismatch("vip", MismatchKind.NOTHING),)


def test_a_value_that_somebody_changed_is_written_again_before_it_is_held_again(
    cache: ChannelCache, time: Time
) -> None:
    for number in range(4):
        wrote(cache, number, City="Lahore")
    time.now += SETTLE
    for number in range(4):
        shown(cache, number, {"City": "lahore"})
    held = []
    for city in ("by hand", "lahore"):
        wrote(cache, 0, City="Lahore")
        time.now += SETTLE
        held.append(shown(cache, 0, {"City": city}, City="Lahore")["City"] == "Lahore")
    assert held == [False, False]
    wrote(cache, 0, City="Lahore")
    time.now += SETTLE
    assert shown(cache, 0, {"City": "lahore"}, City="Lahore")["City"] == "Lahore"


def test_a_contact_found_by_a_key_that_heyx_does_not_show_is_the_one_it_was_written_to(
    cache: ChannelCache,
) -> None:
    cache.observe(NO_ROW, CreateContact((Field("customerid", "7"),)), Created("1"))
    search = FindContacts("customerid", "7")
    page = cache.observe(NO_ROW, search, Page((contact(1, {"cf_7": "7"}), contact(2, {"cf_7": "7"})), 1))
    assert isinstance(page, Page)
    assert [one.fields.get("customerid") for one in page.contacts] == ["7", None]


def test_of_thousands_of_contacts_it_is_remembered_what_was_written_until_weeks_have_passed(
    opened: Callable[[], ChannelCache], time: Time
) -> None:
    def remembered(cache: ChannelCache) -> set[str]:
        return {contact for (contact,) in cache._db.execute("SELECT DISTINCT contact FROM written")}

    with opened() as cache:
        for number in range(MOST_CONTACTS + 50):
            wrote(cache, number, City="Lahore")
        before = remembered(cache)
        assert len(before) == MOST_CONTACTS
        time.now += SETTLE
        shown(cache, 0, {"City": "Lahore"})
        for number in range(MOST_CONTACTS, MOST_CONTACTS + 3):
            wrote(cache, number, City="Lahore")
        assert (len(remembered(cache)), len(remembered(cache) & before)) == (MOST_CONTACTS, MOST_CONTACTS - 1)
        time.now += SETTLE
        for number in range(MOST_CONTACTS, MOST_CONTACTS + 3):
            shown(cache, number, {"City": "by hand"})
        assert cache.field_mismatches() == ()
    time.now += KEPT_SECONDS + 1
    with opened() as cache:
        assert len(remembered(cache)) == 1


def test_of_a_field_shown_otherwise_hundreds_of_contacts_are_remembered(
    opened: Callable[[], ChannelCache], time: Time
) -> None:
    many = 250
    for _ in range(2):
        with opened() as cache:
            for number in range(many):
                wrote(cache, number, City="Lahore", Town="x")
            time.now += SETTLE
            for number in range(many):
                shown(cache, number, {})
    with opened() as cache:
        held = [shown(cache, number, {}, City="Lahore").get("City") for number in range(many)]
    assert held == ["Lahore"] * many


def test_no_value_and_no_id_is_in_the_file_where_no_contact_is_to_be_remembered(
    tmp_path: Path, time: Time
) -> None:
    with ChannelCache("channel", SETTLE, folder=tmp_path, clock=time, remember=False) as cache:
        wrote(cache, 47114711, City="Samarkand")
        time.now += SETTLE
        shown(cache, 47114711, {"City": "Tashkent"})
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"City" in content
    assert [text in content for text in (b"Samarkand", b"Tashkent", b"47114711")] == [False] * 3


# Phones


def found(cache: ChannelCache, *spelled: str) -> None:
    for text in spelled:
        cache.observe(NO_ROW, FindContacts("phone", text), Page((contact(1, {"phone": "44-12"}),), 1))


def test_the_spelling_that_finds_most_phones_comes_first_also_in_later_runs(
    opened: Callable[[], ChannelCache],
) -> None:
    with opened() as cache:
        found(cache, "4412", "+4412", "+44 12", "4412", "+4412", "4412")
        likely = (PhoneSpelling.DIGITS, PhoneSpelling.PLUS, PhoneSpelling.OTHER)
        assert cache.phone_spellings == likely
    with opened() as cache:
        assert cache.phone_spellings == likely
        found(cache, "+4412", "+4412")
        assert cache.phone_spellings[0] is PhoneSpelling.PLUS


@pytest.mark.slow
def test_what_is_newer_counts_more_for_the_spelling_of_phones(opened: Callable[[], ChannelCache]) -> None:
    for spelled, times in (("4412", 5000), ("+4412", 600)):
        with opened() as cache:
            found(cache, *[spelled] * times)
    with opened() as cache:
        assert cache.phone_spellings[0] is PhoneSpelling.PLUS
