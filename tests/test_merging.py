from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import merge_rows
from heyx_bulk.mapping.recognition import recognize
from heyx_bulk.mapping.row_reader import read_row
from heyx_bulk.models.calls import AddTags, Call, CreateContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Policy, Problem, TagSet, Value
from heyx_bulk.planning.planner import NotFound, plan

KEYS = ("phone", "email")
PREFIXES = ("seg:", "plan:")
TAGS = ("VIP", "New", "seg:a", "seg:b", "seg:c", "plan:x", "plan:y")
POLICIES = {"phone": Policy.OVERWRITE, "email": Policy.FILL, "city": Policy.CLEAR, "shoe": Policy.NEVER}
quickly = settings(deadline=None, max_examples=60)


@st.composite
def rows(draw: st.DrawFn) -> ContactRow:
    """A valid row as the columns of one sheet can make it: sets are exact, nothing is both added and removed."""
    names = draw(st.lists(st.sampled_from(["email", "city", "shoe"]), unique=True))
    said = {"phone": "1", **{name: draw(st.sampled_from(["", "a", "b"])) for name in names}}
    fields = tuple(Field(name, value, POLICIES[name]) for name, value in said.items())
    sets = tuple(
        TagSet(prefix, tuple(draw(st.lists(st.sampled_from(_of(prefix)), unique=True))))
        for prefix in draw(st.lists(st.sampled_from(PREFIXES), unique=True))
    )
    spoken_for = tuple(one.prefix for one in sets)
    free = [tag for tag in TAGS if not tag.startswith(spoken_for)]
    add = draw(st.lists(st.sampled_from(free), unique=True))
    add += [tag for one in sets for tag in one.tags]
    remove = [tag for tag in draw(st.lists(st.sampled_from(TAGS), unique=True)) if tag not in add]
    keys = tuple(field for name in KEYS for field in fields if field.name == name and field.value)
    return ContactRow(
        draw(st.integers(2, 9)), None, keys, fields, tuple(add), tuple(remove), (), sets, ("told",) * len(names)
    )


def _of(prefix: str) -> list[str]:
    return [tag for tag in TAGS if tag.startswith(prefix)]


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


@given(rows(), rows(), rows())
@quickly
def test_it_does_not_matter_which_of_three_rows_are_merged_first(
    a: ContactRow, b: ContactRow, c: ContactRow
) -> None:
    whole = wanted(merge_rows([a, b, c], KEYS))
    assert wanted(merge_rows([merge_rows([a, b], KEYS), c], KEYS)) == whole
    assert wanted(merge_rows([a, merge_rows([b, c], KEYS)], KEYS)) == whole


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


@given(st.lists(rows(), min_size=1, max_size=4))
@quickly
def test_a_merged_row_contradicts_itself_nowhere(several: list[ContactRow]) -> None:
    row = merge_rows(several, KEYS)
    assert set(row.add_tags).isdisjoint(row.remove_tags)
    for one in row.tag_sets:
        assert {tag for tag in row.add_tags if tag.startswith(one.prefix)} == set(one.tags)
    assert [field.name for field in row.fields] == list(dict.fromkeys(field.name for field in row.fields))
    assert row.keys == tuple(field for name in KEYS for field in row.fields if field.name == name and field.value)


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


def test_a_merged_row_has_the_number_of_the_first_and_everything_told_of_all() -> None:
    first = ContactRow(2, problems=(Problem("a", "b"),), remarks=("one",))
    later = ContactRow(5, "7", problems=(Problem("c", "d"),), remarks=("two",))
    row = merge_rows([first, later], KEYS)
    assert (row.number, row.id, row.problems, row.remarks) == (
        2,
        "7",
        (Problem("a", "b"), Problem("c", "d")),
        ("one", "two"),
    )


def test_a_later_row_adds_to_and_takes_from_an_exact_set_and_says_it_anew() -> None:
    first = ContactRow(2, add_tags=("seg:a", "seg:b"), tag_sets=(TagSet("seg:", ("seg:a", "seg:b")),))
    later = ContactRow(3, add_tags=("seg:c",), remove_tags=("seg:a",))
    changed = merge_rows([first, later], KEYS)
    assert changed.tag_sets == (TagSet("seg:", ("seg:b", "seg:c")),)
    assert (changed.add_tags, changed.remove_tags) == (("seg:b", "seg:c"), ("seg:a",))
    anew = merge_rows([changed, ContactRow(4, tag_sets=(TagSet("seg:", ()),))], KEYS)
    assert (anew.tag_sets, anew.add_tags, anew.remove_tags) == ((TagSet("seg:", ()),), (), ())


def test_a_value_that_is_the_same_for_every_row_is_no_key_of_any() -> None:
    columns = recognize(["phone"], MappingOptions(constants=("email=all@x.org",)))
    first, later = read_row(columns, 2, ["+441"]), read_row(columns, 3, ["+441"])
    for row in (first, merge_rows([first, later], columns.keys)):
        assert row.keys == (Field("phone", "+441"),)
        assert row.fields == (Field("phone", "+441"), Field("email", "all@x.org"))


def test_an_email_emptied_by_a_later_row_is_no_key_any_more() -> None:
    columns = recognize(["phone", "email"], MappingOptions())
    rows = [read_row(columns, 2, ["1", "a@x.org"]), read_row(columns, 3, ["1", "<clear>"])]
    assert merge_rows(rows, columns.keys).keys == (Field("phone", "1"),)


def test_a_column_that_clears_where_it_is_blank_clears_what_an_earlier_row_said() -> None:
    mapping = parse_mapping('[columns."City"]\nfield = "city"\npolicy = "clear-when-blank"\n', "people.toml")
    columns = recognize(["phone", "City"], MappingOptions(file=mapping))
    rows = [read_row(columns, 2, ["1", "Lahore"]), read_row(columns, 3, ["1", ""])]
    assert merge_rows(rows, columns.keys).fields[1] == Field("city", "", Policy.CLEAR)
