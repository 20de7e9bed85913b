from __future__ import annotations

import pytest

from heyx_bulk.mapping.same_contact import EarlierRow, RowGroups, SharedKey, group_rows

FIELDS = ("contact id", "phone", "email", "customerid")
NAMES = {"#": "contact id", "+": "phone", "@": "email", "c": "customerid"}


def grouped(*rows: str) -> RowGroups:
    """The groups of rows from 2 on, each given as its keys' values, best first: `+1 @x`."""
    keys = (
        (number, rank, NAMES[value[0]], value)
        for number, text in enumerate(rows, start=2)
        for rank, value in enumerate(text.split())
    )
    return group_rows(keys, FIELDS[1:])


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        (["+1 @x", "+2 @y"], ()),
        (["+1 @x", "+2 @y", "+1"], ((2, 4),)),
        (["+1 @x", "@x"], ((2, 3),)),
        (["@x", "+1 @x", "+1"], ((2, 3, 4),)),
        (["+1", "@x", "+1 @x"], ((2, 3, 4),)),
        (["+1 @x", "+1 @y"], ((2, 3),)),
        (["+1 @x", "+1 @y", "@y", "@x"], ((2, 3, 4, 5),)),
        (["#7 +1", "+1"], ((2, 3),)),
        (["#7 +1", "#8 +1"], ()),
        (["+1 @x c1", "@y c1"], ()),
    ],
)
def test_rows_that_share_a_key_and_agree_in_every_better_one_mean_one_contact(
    rows: list[str], groups: tuple[tuple[int, ...], ...]
) -> None:
    assert grouped(*rows).groups == groups


def test_rows_that_share_a_key_and_have_different_better_ones_are_different_contacts() -> None:
    found = grouped("+1 @x", "+2 @x", "+2", "+3 @x c1")
    assert found.groups == ((3, 4),)
    assert found.shared == (SharedKey("email", "@x", "phone", (2, 3, 5)),)
    assert found.unidentified == {}


def test_a_row_that_has_only_a_shared_key_may_be_any_of_the_contacts() -> None:
    found = grouped("@x", "+1 @x", "+1", "+2 @x")
    assert (found.groups, [*found.unidentified]) == (((3, 4),), [2])


def test_of_three_rows_two_of_which_differ_none_joins_another_by_the_key_that_they_share() -> None:
    assert grouped("+1 @x", "@x c1", "+2 c1").groups == ((2, 3),)
    assert grouped("+1 @x", "@x c1", "+2 c1").shared == (SharedKey("customerid", "c1", "phone", (3, 4)),)


def test_a_row_repeats_the_first_earlier_row_that_has_its_best_shared_key() -> None:
    found = grouped("@x", "+1 @x", "+1 @x", "+1")
    assert found.earlier == {3: EarlierRow(2, "email"), 4: EarlierRow(3, "phone"), 5: EarlierRow(3, "phone")}


def test_a_row_that_is_joined_only_by_a_later_one_repeats_nobody() -> None:
    assert [*grouped("+1", "@x", "+1 @x").earlier] == [4]
