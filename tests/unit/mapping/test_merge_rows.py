from __future__ import annotations

from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import merge_rows
from heyx_bulk.models.contacts import ContactRow, Field, Policy, Problem, TagSet
from tests.support.cell_rows import read_row, recognize
from tests.support.mergeable_rows import KEYS


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
    first, later = read_row(columns, 2, ["+4411234"]), read_row(columns, 3, ["+4411234"])
    for row in (first, merge_rows([first, later], columns.keys)):
        assert row.keys == (Field("phone", "+4411234"),)
        assert row.fields == (Field("phone", "+4411234"), Field("email", "all@x.org"))


def test_an_email_emptied_by_a_later_row_is_no_key_any_more() -> None:
    columns = recognize(["phone", "email"], MappingOptions())
    rows = [read_row(columns, 2, ["12345", "a@x.org"]), read_row(columns, 3, ["12345", "<clear>"])]
    assert merge_rows(rows, columns.keys).keys == (Field("phone", "12345"),)


def test_a_column_that_clears_where_it_is_blank_clears_what_an_earlier_row_said() -> None:
    mapping = parse_mapping('[columns."City"]\nfield = "city"\npolicy = "clear-when-blank"\n', "people.toml")
    columns = recognize(["phone", "City"], MappingOptions(file=mapping))
    rows = [read_row(columns, 2, ["12345", "Lahore"]), read_row(columns, 3, ["12345", ""])]
    assert merge_rows(rows, columns.keys).fields[1] == Field("city", "", Policy.CLEAR)
