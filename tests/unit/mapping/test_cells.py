from __future__ import annotations

from collections.abc import Sequence

import pytest

from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.transforms import REST, Transform
from heyx_bulk.models.contacts import ContactRow, Field, Policy, TagSet
from heyx_bulk.values.value_types import DateOrder, ValueKind, ValueType
from tests.support.cell_rows import columns_of, field, read_row, recognize, row_of, sent


def causes(row: ContactRow) -> list[str]:
    return [problem.cause for problem in row.problems]


# To empty a field, to leave it, to fill it


@pytest.mark.parametrize("cell", ["<clear>", " <clear>\u00a0", "<Clear>", "<CLEAR>"])
def test_the_marker_empties_a_field_and_a_blank_cell_says_nothing(cell: str) -> None:
    assert sent(field(), cell) == [("city", "")]
    assert sent(field(), "  ") == []


@pytest.mark.parametrize("cell", ["clear", "<clear", "<clear> ", "< clear >", "<clear>x"])
def test_only_the_marker_alone_empties(cell: str) -> None:
    assert sent(field(), cell) == [("city", "" if cell.strip() == "<clear>" else cell.strip())]


def test_a_column_may_clear_where_it_is_blank() -> None:
    column = field(policy=Policy.CLEAR)
    assert sent(column, " ") == [("city", "")]
    assert row_of(columns_of(column), "Lahore").fields[1] == Field("city", "Lahore", Policy.CLEAR)


def test_a_default_stands_for_a_blank_cell_and_for_nothing_else() -> None:
    column = field(default="Lahore")
    assert [sent(column, cell) for cell in ("", " ", "Multan", "<clear>")] == [
        [("city", "Lahore")],
        [("city", "Lahore")],
        [("city", "Multan")],
        [("city", "")],
    ]
    assert sent(field(default="Lahore", policy=Policy.CLEAR), "") == [("city", "Lahore")]


def test_a_default_is_understood_as_a_cell_is() -> None:
    assert sent(field(default="yes", value_type=ValueType(ValueKind.BOOLEAN)), "") == [("city", "true")]


@pytest.mark.parametrize("policy", Policy)
def test_every_field_carries_the_policy_of_its_column(policy: Policy) -> None:
    assert row_of(columns_of(field(policy=policy)), "Lahore").fields[1].policy is policy


@pytest.mark.parametrize(
    ("column", "cause"),
    [
        (Column(1, "tags", Use.ADD_TAGS), "<clear> in a column that cannot be cleared"),
        (Column(1, "remove", Use.REMOVE_TAGS), "<clear> in a column that cannot be cleared"),
        (
            Column(1, "VIP", Use.TAG, "VIP", value_type=ValueType(ValueKind.BOOLEAN)),
            "<clear> in a column that cannot be cleared",
        ),
        (Column(1, "id", Use.ID), "<clear> in a column that cannot be cleared"),
    ],
)
def test_what_cannot_be_emptied_makes_the_row_invalid(column: Column, cause: str) -> None:
    row = row_of(columns_of(column), "<clear>")
    assert causes(row) == [cause]
    assert str(column) in row.problems[0].detail


def test_an_empty_phone_is_never_sent() -> None:
    row = read_row(recognize(["phone", "email"], MappingOptions()), 2, ["<clear>", "ann@x.org"])
    assert causes(row) == ["a phone that would be cleared"]
    assert [one.name for one in row.fields] == ["email"]


def test_an_email_that_is_emptied_is_no_key_and_names_nobody() -> None:
    columns = recognize(["phone", "email"], MappingOptions())
    row = read_row(columns, 2, ["12345", "<clear>"])
    assert (row.keys, row.fields[1]) == ((Field("phone", "12345"),), Field("email", ""))
    assert causes(read_row(columns, 2, ["", "<clear>"])) == ["no phone or email"]


# Transforms


@pytest.mark.parametrize(
    ("steps", "cell", "value"),
    [
        ([Transform("trim")], "  a \t b\n c ", "a b c"),
        ([Transform("lower")], "ÄB c", "äb c"),
        ([Transform("upper")], "äb c", "ÄB C"),
        ([Transform("title")], "anna-maria O'NEIL (von) mc/donald", "Anna-Maria O'neil (Von) Mc/Donald"),
        ([Transform("title")], "ümit  şahin", "Ümit  Şahin"),
        ([Transform("replace", ("-", ""))], "a-b-c", "abc"),
        ([Transform("replace", ("x", " "))], "xax", "a"),
        ([Transform("split", (" ", 1))], "Ada King Lovelace", "Ada"),
        ([Transform("split", (" ", 2))], "Ada  King Lovelace", "King"),
        ([Transform("split", (" ", -1))], "Ada King Lovelace", "Lovelace"),
        ([Transform("split", (" ", REST))], "Ada King Lovelace", "King Lovelace"),
        ([Transform("split", (" ", 1))], "Ada\u00a0King\u202fLovelace", "Ada"),
        ([Transform("split", (" ", REST))], "Ada\u00a0King Lovelace", "King Lovelace"),
        ([Transform("split", (" ", REST))], "Ada\u00a0King\u00a0Lovelace", "King\u00a0Lovelace"),
        ([Transform("split", (",", 1))], "Ada\u3000King\u00a0L, x", "Ada\u3000King\u00a0L"),
        ([Transform("split", (", ", 2))], "Ada,\u00a0King, L", "King"),
        ([Transform("split", (" ", 4))], "Ada King Lovelace", None),
        ([Transform("split", (" ", -4))], "Ada King Lovelace", None),
        ([Transform("split", (" ", REST))], "Ada", None),
        ([Transform("split", (" / ", 2))], "a / b", "b"),
        ([Transform("join", (2, " "))], "Ada", "Ada Lovelace"),
        ([Transform("join", (2, " "))], "", "Lovelace"),
        ([Transform("join", (3, " "))], "Ada", "Ada"),
        ([Transform("join", (4, " "))], "Ada", "Ada"),
        ([Transform("join", (2, ", ")), Transform("upper")], "Ada", "ADA, LOVELACE"),
        ([Transform("upper"), Transform("join", (2, ", "))], "Ada", "ADA, Lovelace"),
    ],
)
def test_a_transform_does_what_it_says_and_a_list_of_them_one_after_another(
    steps: Sequence[Transform], cell: str, value: str | None
) -> None:
    columns = columns_of(field(transforms=tuple(steps)), *(Column(place, "x", Use.IGNORED) for place in (2, 3, 4)))
    row = row_of(columns, cell, " Lovelace ", " ", "<clear>")
    assert [one.value for one in row.fields[1:]] == ([] if value is None else [value])


@pytest.mark.parametrize(
    "step",
    [
        *(Transform(name) for name in ("trim", "lower", "upper", "title")),
        Transform("replace", ("c", "k")),
        Transform("split", ("l", 1)),
        Transform("split", ("l", REST)),
        Transform("join", (2, " ")),
    ],
)
def test_no_transform_touches_the_marker_that_empties(step: Transform) -> None:
    columns = columns_of(field(transforms=(step,)), Column(2, "x", Use.IGNORED))
    assert row_of(columns, "<clear>", "Lovelace").fields[1].value == ""


def test_a_column_that_is_joined_matters_for_what_is_sent() -> None:
    columns = columns_of(field(transforms=(Transform("join", (2, " ")),)), Column(2, "x", Use.IGNORED))
    assert [columns.sends(position) for position in range(4)] == [True, True, True, False]


def test_what_a_transform_leaves_blank_is_blank() -> None:
    step = Transform("replace", ("n/a", ""))
    assert sent(field(transforms=(step,)), "n/a") == []
    assert sent(field(transforms=(step,), default="none"), "n/a") == [("city", "none")]


def test_a_type_is_asked_of_what_the_transforms_leave() -> None:
    steps = (Transform("split", (" ", 1)),)
    column = field(value_type=ValueType(ValueKind.DATE, date_order=DateOrder.DAY_FIRST), transforms=steps)
    assert sent(column, "03/04/2025 noon") == [("city", "2025-04-03")]


def test_one_column_may_stand_for_several_fields() -> None:
    whole = Column(1, "Name", Use.FIELD, "firstName", transforms=(Transform("split", (" ", 1)),))
    rest = Column(1, "Name", Use.FIELD, "lastName", transforms=(Transform("split", (" ", REST)),))
    columns = columns_of(whole, more=(rest,))
    assert row_of(columns, "Ada King").fields[1:] == (Field("firstName", "Ada"), Field("lastName", "King"))
    assert row_of(columns, "Ada").fields[1:] == (Field("firstName", "Ada"),)
    assert Columns.from_document(columns.document()) == columns


# Tags


@pytest.mark.parametrize(
    ("cell", "added", "removed"),
    [
        *((cell, ("VIP",), ()) for cell in ("yes", "x", "X", "1", "true", "Ja", "✓")),
        *((cell, (), ("VIP",)) for cell in ("no", "0", "false", "nein")),
        *((cell, (), ()) for cell in ("", " ", "\u00a0")),
    ],
)
def test_a_column_for_one_tag_adds_it_takes_it_or_says_nothing(
    cell: str, added: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    columns = recognize(["phone", "tag:VIP"], MappingOptions())
    row = read_row(columns, 2, ["+4411234", cell])
    assert (row.add_tags, row.remove_tags, row.problems) == (added, removed, ())


@pytest.mark.parametrize("lenient", [False, True])
def test_any_other_word_in_a_tag_s_column_makes_the_row_invalid(lenient: bool) -> None:
    row = read_row(recognize(["phone", "tag:VIP"], MappingOptions(lenient=lenient)), 2, ["+4411234", "maybe"])
    assert causes(row) == ["neither yes nor no"]
    assert row.problems[0].detail.startswith("column B “tag:VIP” holds 'maybe': ")


@pytest.mark.parametrize(
    ("header", "tag"), [("tag:VIP", "VIP"), ("Tag: Blog Updates ", "Blog Updates"), ("TAG : a:b", "a:b")]
)
def test_a_header_may_say_which_tag_its_column_is(header: str, tag: str) -> None:
    column = recognize(["phone", header], MappingOptions()).columns[1]
    assert (column.use, column.field) == (Use.TAG, tag)


def test_a_full_width_colon_names_a_tag_too() -> None:
    assert recognize(["phone", "tag：会员"], MappingOptions()).columns[1].field == "会员"


def seg(**more: object) -> Columns:
    return recognize(
        ["phone", "Segment", "tags", "remove tags"],
        MappingOptions(map=("Segment=set-tags:seg:",), **more),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("gold", ("seg:gold",)),
        ("gold, seg:new", ("seg:gold", "seg:new")),
        ("gold;silver", ("seg:gold", "seg:silver")),
        ("<clear>", ()),
    ],
)
def test_an_exact_set_has_the_tags_of_its_cell_each_with_the_prefix(cell: str, tags: tuple[str, ...]) -> None:
    row = read_row(seg(), 2, ["+4411234", cell, "", ""])
    assert (row.tag_sets, row.add_tags, row.problems) == ((TagSet("seg:", tags),), tags, ())


def test_a_blank_cell_sets_nothing() -> None:
    row = read_row(seg(), 2, ["+4411234", " ", "seg:old", ""])
    assert (row.tag_sets, row.add_tags, row.problems) == ((), ("seg:old",), ())


@pytest.mark.parametrize(
    ("cells", "cause"),
    [
        (["gold", "seg:gold", ""], None),
        (["gold", "seg:old", ""], "a tag that is not in its exact set"),
        (["<clear>", "seg:old", ""], "a tag that is not in its exact set"),
        (["gold", "", "seg:gold"], "a tag both added and removed"),
        (["gold", "", "seg:old"], None),
        (["", "a", "a"], "a tag both added and removed"),
        (["", '"a"', " a "], "a tag both added and removed"),
        (["", "a", "A"], None),
    ],
)
def test_tags_that_contradict_each_other_make_the_row_invalid(cells: list[str], cause: str | None) -> None:
    row = read_row(seg(), 2, ["+4411234", *cells])
    assert causes(row) == ([] if cause is None else [cause])


@pytest.mark.parametrize(
    ("mapping_options", "cells", "cause"),
    [
        ({"add_tags": ("seg:all",)}, ["gold", "", ""], "a tag that is not in its exact set"),
        ({"add_tags": ("seg:all",)}, ["", "", ""], None),
        ({"remove_tags": ("seg:gold",)}, ["gold", "", ""], "a tag both added and removed"),
        ({"remove_tags": ("old",)}, ["", "old", ""], "a tag both added and removed"),
    ],
)
def test_tags_for_every_row_count_as_the_row_s_own(
    mapping_options: dict[str, object], cells: list[str], cause: str | None
) -> None:
    row = read_row(seg(**mapping_options), 2, ["+4411234", *cells])
    assert causes(row) == ([] if cause is None else [cause])


def test_a_tag_of_its_own_column_contradicts_one_of_a_list() -> None:
    columns = recognize(["phone", "tag:VIP", "tags"], MappingOptions())
    assert causes(read_row(columns, 2, ["+4411234", "no", "VIP"])) == ["a tag both added and removed"]
    assert causes(read_row(columns, 2, ["+4411234", "yes", "VIP"])) == []


def test_a_tag_that_the_prefix_makes_too_long_is_told() -> None:
    assert causes(read_row(seg(), 2, ["+4411234", "g" * 252, "", ""])) == ["a tag of more than 255 characters"]
    assert causes(read_row(seg(), 2, ["+4411234", "g" * 251, "", ""])) == []


# Lenient, constants


def test_where_lenient_a_value_goes_as_it_stands_and_is_told() -> None:
    columns = columns_of(field(value_type=ValueType(ValueKind.NUMBER)), lenient=True)
    row = row_of(columns, "many")
    assert (row.fields[1], row.problems) == (Field("city", "many"), ())
    assert len(row.remarks) == 1
    assert row.remarks[0].startswith("sent unchanged: column B “city” holds 'many': ")
    assert row_of(columns, "7").remarks == ()


def test_a_key_is_never_sent_as_it_stands() -> None:
    columns = recognize(["phone", "email"], MappingOptions(lenient=True, types=("email=email",)))
    assert causes(read_row(columns, 2, ["none", "ann@x.org"])) == ["a phone without digits"]
    row = read_row(columns, 2, ["+441234567", "ann"])
    assert len(row.problems) == 1
    assert row.remarks == ()


def test_constants_are_fields_of_every_row_and_the_options_overrule_the_mapping() -> None:
    mapping = parse_mapping('[constants]\nsource = "fair"\nCity = "Lahore"\n', "m.toml")
    columns = recognize(["phone"], MappingOptions(file=mapping, constants=("City=Multan", "First Name = Ann ")))
    assert read_row(columns, 2, ["+4411234"]).fields[1:] == (
        Field("source", "fair"),
        Field("City", "Multan"),
        Field("firstName", "Ann"),
    )


# A whole column


def test_the_order_of_dates_is_that_of_the_whole_column() -> None:
    column = field("born", value_type=ValueType(ValueKind.DATE))
    cells = ["03/04/1990", "14/03/1988", "1990-01-01", ""]
    columns = columns_of(column).with_sheet_facts(lambda _: [[cell] for cell in cells])
    assert columns.columns[1].value_type.date_order is DateOrder.DAY_FIRST
    assert [row_of(columns, cell).fields[1:] for cell in cells] == [
        (Field("born", "1990-04-03"),),
        (Field("born", "1988-03-14"),),
        (Field("born", "1990-01-01"),),
        (),
    ]


def test_a_column_with_dates_in_both_orders_has_none_and_those_that_can_be_read_in_two_ways_are_invalid() -> None:
    cells = ["03/04/1990", "14/03/1988", "03/14/1988"]
    columns = columns_of(field(value_type=ValueType(ValueKind.DATE))).with_sheet_facts(
        lambda _: [[cell] for cell in cells]
    )
    assert columns.columns[1].value_type.date_order is None
    assert [bool(row_of(columns, cell).problems) for cell in cells] == [True, False, False]


def test_the_order_is_decided_over_what_the_transforms_leave() -> None:
    column = field(value_type=ValueType(ValueKind.DATE), transforms=(Transform("replace", ("born ", "")),))
    cells = ["born 03/04/1990", "born 03/14/1988"]
    columns = columns_of(column).with_sheet_facts(lambda _: [[cell] for cell in cells])
    assert columns.columns[1].value_type.date_order is DateOrder.MONTH_FIRST


def test_two_fields_of_one_column_have_an_order_each() -> None:
    first = field("from", value_type=ValueType(ValueKind.DATE), transforms=(Transform("split", ("~", 1)),))
    last = Column(
        1,
        "from",
        Use.FIELD,
        "to",
        value_type=ValueType(ValueKind.DATE),
        transforms=(Transform("split", ("~", 2)),),
    )
    columns = columns_of(first, more=(last,)).with_sheet_facts(
        lambda positions: [["14/03/2025 ~ 03/14/2025"] * len(positions)]
    )
    assert columns.columns[1].value_type.date_order is DateOrder.DAY_FIRST
    assert columns.more[0].value_type.date_order is DateOrder.MONTH_FIRST


def test_an_order_that_was_said_is_not_decided_anew() -> None:
    column = field(value_type=ValueType(ValueKind.DATE, date_order=DateOrder.MONTH_FIRST))
    columns = columns_of(column)
    assert columns.with_sheet_facts(lambda _: [["14/03/1988"]]) is columns


def test_every_cell_has_a_separator_of_its_own_and_one_that_was_said_stays() -> None:
    tags = [Column(place, "tags", Use.ADD_TAGS) for place in (1, 2)]
    said = Column(3, "tags", Use.ADD_TAGS, separator="|")
    columns = columns_of(*tags, said)
    assert row_of(columns, "a;c", "a,b", "a;b|c").add_tags == ("a", "c", "b", "a;b")


# For any columns and cells


@pytest.mark.parametrize("text", ["#N/A", " #REF! ", "#NV", "########"])
def test_an_error_of_a_spreadsheet_makes_the_row_invalid_as_in_a_workbook(text: str) -> None:
    columns = recognize(["phone", "city", "tags"], MappingOptions(custom_fields=True))
    for cells in (["+4412345", text, ""], ["+4412345", "", text]):
        row = read_row(columns, 2, cells)
        assert causes(row) == [f"a cell that shows the error {text.strip()}"]
    assert causes(read_row(columns, 2, ["+4412345", "#SALE!", "#1"])) == []


def test_ids_and_keys_are_looked_up_without_invisible_marks() -> None:
    columns = recognize(
        ["heyx contact id", "Customer Number", "city"],
        MappingOptions(custom_fields=True, key=("Customer Number",)),
    )
    row = read_row(columns, 2, ["\u202a1776\u200b025\u202c", "A\u00ad1\u00a02", "Os\u00adlo\u200e"])
    assert row.id == "1776025"
    assert [one.value for one in row.keys] == ["A1 2"]
    assert [one.value for one in row.fields] == ["A1 2", "Os\u00adlo"]


def test_tags_have_no_invisible_marks_but_joiners() -> None:
    columns = recognize(["phone", "tags"], MappingOptions())
    row = read_row(columns, 2, ["+4412345", "VIP\u200e, می\u200cخواهم, \u200bnew\u00ad er"])
    assert row.add_tags == ("VIP", "می\u200cخواهم", "new er")
