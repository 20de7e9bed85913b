from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from heyx_bulk.errors import MappingError, SettingsError
from heyx_bulk.mapping.columns import OUR_COLUMNS, Columns, Use, normalize_name, parse_field_name
from heyx_bulk.mapping.mapping_options import MappingOptions, parse_separator
from heyx_bulk.mapping.tag_lists import join_list, split_list
from heyx_bulk.models.contacts import ContactRow, Field, Problem
from heyx_bulk.sheets.cell_reference import column_letter
from tests.support.cell_rows import read_row, recognize

NO_WISHES = MappingOptions()


def uses(
    header: list[str], mapping_options: MappingOptions = NO_WISHES, *, no_match: bool = False
) -> list[tuple[Use, str]]:
    return [(column.use, column.field) for column in recognize(header, mapping_options, no_match=no_match).columns]


def mistakes(header: list[str], mapping_options: MappingOptions = NO_WISHES) -> list[str]:
    """The lines of what is wrong with a header."""
    with pytest.raises(MappingError) as caught:
        recognize(header, mapping_options)
    return caught.value.what.splitlines()


def row_of(
    cells: dict[str, str], mapping_options: MappingOptions = NO_WISHES, *, no_match: bool = False
) -> ContactRow:
    return read_row(recognize(list(cells), mapping_options, no_match=no_match), 2, list(cells.values()))


def causes(row: ContactRow) -> list[str]:
    return [problem.cause for problem in row.problems]


def shown(*columns: list[str]) -> Callable[[Sequence[int]], list[list[str]]]:
    """The cells of columns, row by row, at the positions asked for."""
    return lambda positions: [[row[position] for position in positions] for row in zip(*columns, strict=True)]


# Headers


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("firstName", "firstName"),
        ("First Name", "firstName"),
        ("FIRST_NAME", "firstName"),
        ("first-name", "firstName"),
        (" first\u00a0name ", "firstName"),
        ("First\nName", "firstName"),
        ("last name", "lastName"),
        ("Profile Pic", "profilePic"),
        ("LANGUAGE", "language"),
        ("Phone", "phone"),
        ("ｐｈｏｎｅ", "phone"),
        ("E-Mail", "email"),
    ],
)
def test_a_column_is_a_field_by_its_name_ignoring_case_blanks_and_dashes(header: str, field: str) -> None:
    assert uses([header], no_match=True) == [(Use.FIELD, field)]


@pytest.mark.parametrize(
    ("header", "use"),
    [
        ("Tags", Use.ADD_TAGS),
        ("add tags", Use.ADD_TAGS),
        ("Add_Tags", Use.ADD_TAGS),
        ("REMOVE-TAGS", Use.REMOVE_TAGS),
        ("", Use.BLANK),
        ("\u00a0\u200b", Use.BLANK),
        ("locale", Use.READ_ONLY),
        ("Time Zone", Use.READ_ONLY),
        ("gender", Use.READ_ONLY),
        ("Created At", Use.READ_ONLY),
        ("heyx contact id", Use.ID),
        ("HeyX_Contact-ID", Use.ID),
        ("heyx status", Use.OURS),
        ("HEYX STATUS", Use.OURS),
        ("heyx_message", Use.OURS),
        ("Heyx Row", Use.OURS),
    ],
)
@pytest.mark.parametrize("custom_fields", [False, True])
def test_columns_that_are_no_fields_are_known_by_their_names(header: str, use: Use, custom_fields: bool) -> None:
    assert uses(["phone", header], MappingOptions(custom_fields=custom_fields))[1] == (use, "")


def test_our_result_columns_are_never_sent() -> None:
    row = row_of({"phone": "12345", **dict.fromkeys(OUR_COLUMNS, "7")}, MappingOptions(custom_fields=True))
    assert (row.fields, row.id, row.add_tags, row.problems) == ((Field("phone", "12345"),), "7", (), ())


@pytest.mark.parametrize("header", ["Id", "ID", "id"])
def test_a_column_of_bare_ids_is_no_custom_field_either(header: str) -> None:
    assert any(f"B “{header}”" in line for line in mistakes(["phone", header], MappingOptions(custom_fields=True)))


@pytest.mark.parametrize("header", ["contact id", "Contact_ID", "Record ID", "uuid"])
def test_other_products_id_columns_are_never_taken_for_an_id(header: str) -> None:
    assert uses(["phone", header], MappingOptions(custom_fields=True))[1] == (Use.FIELD, header)
    assert any(f"B “{header}”" in line for line in mistakes(["phone", header]))


def test_unknown_columns_are_all_named_with_their_ways_out() -> None:
    lines = mistakes(["Phone", "Shoe Size", "", "Birthday"])
    assert lines[:3] == [
        "2 columns were not recognized:",
        "  B “Shoe Size”",
        "  D “Birthday”",
    ]
    assert [[way in line for way in ("--map", "--ignore", "--custom-fields")] for line in lines[3:]] == [
        [True] * 3
    ]


def test_one_unknown_column_is_told_in_the_singular() -> None:
    assert mistakes(["phone", "Shoe Size"])[0] == "1 column was not recognized:"


def test_custom_fields_go_under_their_own_header_trimmed() -> None:
    assert uses(["phone", " Shoe  Size "], MappingOptions(custom_fields=True))[1] == (Use.FIELD, "Shoe  Size")


@pytest.mark.parametrize(
    ("position", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (44, "AS"), (701, "ZZ"), (702, "AAA")]
)
def test_columns_are_named_by_the_letters_that_a_spreadsheet_shows(position: int, letters: str) -> None:
    assert column_letter(position) == letters


def test_a_column_is_shown_with_its_letter_and_header() -> None:
    shown = [str(column) for column in recognize(["phone", " "], NO_WISHES).columns]
    assert shown == ["A “phone”", "B (no header)"]


@pytest.mark.parametrize(
    ("said", "name"),
    [("First Name", "firstName"), ("E_MAIL", "email"), ("time zone", "timezone"), (" Shoe Size ", "Shoe Size")],
)
def test_a_field_that_a_person_names_is_heyxs_or_exactly_as_said(said: str, name: str) -> None:
    assert parse_field_name(said) == name


def test_names_are_compared_without_case_blanks_and_dashes() -> None:
    assert normalize_name(" First_Name-\u00a0２ ") == "firstname2"


# Wishes


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ("Mobile No=phone", "phone"),
        ("mobile_no=PHONE", "phone"),
        ("Mobile No = First Name", "firstName"),
        ("Mobile No=Shoe Size", "Shoe Size"),
        ("column B=phone", "phone"),
    ],
)
def test_map_sends_a_column_as_a_field(wish: str, field: str) -> None:
    assert uses(["email", "Mobile No"], MappingOptions(map=(wish,)))[1] == (Use.FIELD, field)


@pytest.mark.parametrize(("field", "use"), [("tags", Use.ADD_TAGS), ("Remove Tags", Use.REMOVE_TAGS)])
def test_map_makes_a_column_a_list_of_tags(field: str, use: Use) -> None:
    assert uses(["phone", "Groups"], MappingOptions(map=(f"Groups={field}",)))[1] == (use, "")


def test_a_header_with_an_equals_sign_is_mapped_by_its_last_one() -> None:
    assert uses(["phone", "a=b"], MappingOptions(map=("a=b=Sum",)))[1] == (Use.FIELD, "Sum")


def test_a_header_exactly_as_said_is_taken_before_one_that_is_alike() -> None:
    header = ["phone", "shoe size", "Shoe Size"]
    assert uses(header, MappingOptions(map=("Shoe Size=Shoe",), ignore=("shoe size",)))[1:] == [
        (Use.IGNORED, ""),
        (Use.FIELD, "Shoe"),
    ]


def test_a_mapped_column_may_stand_in_for_one_that_is_ignored() -> None:
    mapping_options = MappingOptions(map=("Mobile=phone",), ignore=("Phone",))
    assert uses(["Phone", "Mobile"], mapping_options) == [(Use.IGNORED, ""), (Use.FIELD, "phone")]


def test_an_ignored_column_is_never_sent() -> None:
    assert row_of({"phone": "12345", "note": "secret"}, MappingOptions(ignore=("NOTE",))).fields == (
        Field("phone", "12345"),
    )


def test_the_id_column_is_the_one_that_is_named_and_ours_is_then_only_a_result() -> None:
    header = ["heyx contact id", "Their Id", "city"]
    mapping_options = MappingOptions(id_column="their id", custom_fields=True)
    assert uses(header, mapping_options) == [(Use.OURS, ""), (Use.ID, ""), (Use.FIELD, "city")]


def test_our_own_id_column_may_be_named() -> None:
    assert uses(["heyx contact id"], MappingOptions(id_column="heyx contact id")) == [(Use.ID, "")]


def test_the_keys_are_phone_and_then_email_unless_they_are_said() -> None:
    header = ["email", "phone", "customerid"]
    assert recognize(header, MappingOptions(custom_fields=True)).keys == ("phone", "email")
    assert recognize(header, MappingOptions(custom_fields=True, key=("customerid",))).keys == ("customerid",)


@pytest.mark.parametrize(
    ("cells", "keys"),
    [
        ({"email": "a@b.org", "phone": "12345"}, ("phone", "email")),
        ({"email": "a@b.org", "phone": " "}, ("email",)),
        ({"email": "", "phone": "12345"}, ("phone",)),
    ],
)
def test_the_keys_of_a_row_are_those_with_a_value_on_it_best_first(
    cells: dict[str, str], keys: tuple[str, ...]
) -> None:
    row = row_of(cells)
    assert tuple(key.name for key in row.keys) == keys
    assert row.key == row.keys[0]


# Mistakes


@pytest.mark.parametrize("header", [["firstName"], ["tags"], [""], []])
def test_a_sheet_that_says_of_no_row_which_contact_it_means_is_a_mistake(header: list[str]) -> None:
    lines = mistakes(header)
    ways_out = ("--map", "--key", "--id-column", "--no-match")
    assert (len(lines), [way in lines[0] for way in ways_out]) == (1, [True, True, True, True])


@pytest.mark.parametrize(
    ("header", "mapping_options", "no_match"),
    [
        (["phone"], NO_WISHES, False),
        (["email"], NO_WISHES, False),
        (["heyx contact id"], NO_WISHES, False),
        (["x"], MappingOptions(id_column="x"), False),
        (["firstName"], MappingOptions(key=("firstName",)), False),
        (["firstName"], NO_WISHES, True),
        (["Mobile"], MappingOptions(map=("Mobile=phone",)), False),
    ],
)
def test_any_way_to_say_which_contact_is_meant_is_enough(
    header: list[str], mapping_options: MappingOptions, no_match: bool
) -> None:
    assert len(uses(header, mapping_options, no_match=no_match)) == 1


def test_all_mistakes_are_told_at_once() -> None:
    mapping_options = MappingOptions(
        map=("Town=city", "nonsense", "where=gender", "Mobile=phone"),
        ignore=("Gone",),
        id_column="Nowhere",
        add_tags=("vip",),
        remove_tags=("vip",),
    )
    lines = mistakes(
        ["phone", "Mobile", "where", "Shoe Size", "heyx contact id", "heyx-contact-id"], mapping_options
    )
    wanted = [
        '"Town"',
        '"nonsense"',
        "gender",
        '"Gone"',
        '"Nowhere"',
        "“Shoe Size”",
        "for the field phone",
        "'vip'",
    ]
    assert [word for word in wanted if not any(word in line for line in lines)] == []


def test_each_mistake_has_its_own_line() -> None:
    lines = mistakes(["phone"], MappingOptions(map=("nonsense",), add_tags=("vip",), remove_tags=("vip",)))
    assert lines == [
        '--map "nonsense" is not of the form "COLUMN=field".',
        "The tag 'vip' is both added and removed for every row; leave one out.",
    ]


def test_a_key_is_not_missed_where_an_unknown_column_may_yet_be_it() -> None:
    lines = mistakes(["customerid"], MappingOptions(key=("customerid",)))
    assert [line for line in lines if line.startswith("--key")] == []


# Rows


def test_a_cell_is_trimmed_and_what_is_inside_stays() -> None:
    assert row_of({"phone": "\u00a0+44 20\n", "first name": " Ada  King\u200b "}).fields == (
        Field("phone", "+44 20"),
        Field("firstName", "Ada  King"),
    )


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u200b\ufeff", "\r\n"])
def test_a_blank_cell_is_absent(blank: str) -> None:
    row = row_of({"phone": "12345", "firstName": blank, "tags": blank, "heyx contact id": blank})
    assert row == ContactRow(2, keys=(Field("phone", "12345"),), fields=(Field("phone", "12345"),))


@pytest.mark.parametrize("text", ["NA", "null", "0", "007", "1776025372480910", "-", "1E+05", "=1+1"])
def test_any_other_text_is_sent_exactly(text: str) -> None:
    row = row_of({"phone": "12345", "firstName": text})
    assert (row.fields[1], row.problems) == (Field("firstName", text), ())


def test_a_row_keeps_its_number_and_the_order_of_its_fields() -> None:
    columns = recognize(["lastName", "phone", "firstName"], NO_WISHES)
    row = read_row(columns, 17, ["King", "12345", "Ada"])
    assert (row.number, [field.name for field in row.fields]) == (17, ["lastName", "phone", "firstName"])


def test_tags_of_all_columns_and_of_every_row_are_one_list_without_repeats() -> None:
    cells = {"phone": "12345", "Tags": "a, b", "Add Tags": "b, c", "Remove Tags": "x, y"}
    mapping_options = MappingOptions(add_tags=("c", "d", "d"), remove_tags=("y", "z"))
    row = row_of(cells, mapping_options)
    assert (row.add_tags, row.remove_tags) == (("a", "b", "c", "d"), ("x", "y", "z"))


def test_the_columns_know_what_they_send() -> None:
    columns = recognize(["phone", "tags", "remove tags", "heyx contact id", "heyx row", "", "gender"], NO_WISHES)
    assert [columns.sends(position) for position in range(7)] == [True, True, True, True, False, False, False]
    assert [column.position for column in columns.used(Use.OURS)] == [4]


def test_columns_without_a_header_that_hold_values_are_a_mistake() -> None:
    assert len(recognize(["phone", "", " "], NO_WISHES, {1, 2}).used(Use.BLANK)) == 2
    with pytest.raises(MappingError) as caught:
        recognize(["phone", "", " ", " "], NO_WISHES, {1})
    assert caught.value.what.startswith("There are values without a header: column C, column D.")


# Invalid rows


@pytest.mark.parametrize(
    ("cells", "mapping_options", "no_match", "cause"),
    [
        ({"phone": "", "firstName": "Ada"}, NO_WISHES, False, "no phone"),
        ({"phone": "", "email": " "}, NO_WISHES, False, "no phone or email"),
        ({"heyx contact id": "", "phone": ""}, NO_WISHES, False, "no contact id or phone"),
        ({"email": "", "heyx contact id": "", "phone": ""}, NO_WISHES, False, "no contact id, phone or email"),
        ({"phone": "12345", "nick": ""}, MappingOptions(custom_fields=True, key=("nick",)), False, "no nick"),
        ({"firstName": "", "tags": "a"}, NO_WISHES, True, "no field to create a contact with"),
    ],
)
def test_a_row_that_names_no_contact_is_invalid(
    cells: dict[str, str], mapping_options: MappingOptions, no_match: bool, cause: str
) -> None:
    row = row_of(cells, mapping_options, no_match=no_match)
    assert causes(row) == [cause]
    assert cause in row.problems[0].detail


@pytest.mark.parametrize(
    ("cells", "no_match"),
    [
        ({"heyx contact id": "1", "firstName": ""}, False),
        ({"phone": "12345", "email": ""}, False),
        ({"phone": "", "email": "a@b.org"}, False),
        ({"phone": "", "firstName": "Ada"}, True),
    ],
)
def test_an_id_a_key_or_no_match_makes_a_row_valid(cells: dict[str, str], no_match: bool) -> None:
    assert row_of(cells, no_match=no_match).problems == ()


@pytest.mark.parametrize("phone", ["4.47912E+11", "4,47912E+11", " 9E+14 "])
def test_a_phone_that_the_spreadsheet_has_rounded_makes_its_row_invalid(phone: str) -> None:
    row = row_of({"email": "a@b.org", "phone": phone})
    assert causes(row) == ["a phone that the spreadsheet has rounded"]
    assert f"B “phone” holds '{phone.strip()}'" in row.problems[0].detail


def test_a_phone_without_digits_makes_its_row_invalid_although_there_is_an_email() -> None:
    row = row_of({"email": "a@b.org", "phone": "unknown"})
    assert row.problems == (
        Problem(
            "a phone without digits",
            "column B “phone” holds 'unknown': it has no digits: write a phone, or leave the cell blank",
        ),
    )


def test_a_mapped_phone_is_looked_at_like_any_other_and_other_fields_are_not() -> None:
    mapping_options = MappingOptions(map=("Mobile=phone",), custom_fields=True)
    assert causes(row_of({"Mobile": "1.7E+11"}, mapping_options)) == ["a phone that the spreadsheet has rounded"]
    assert causes(row_of({"Mobile": "12345", "fax": "1.7E+11"}, mapping_options)) == []


def test_a_contact_id_that_the_spreadsheet_has_rounded_makes_its_row_invalid() -> None:
    row = row_of({"heyx contact id": "1.77603E+15", "phone": "12345"})
    assert causes(row) == ["a contact id that the spreadsheet has rounded"]


@pytest.mark.parametrize(
    ("cells", "mapping_options"),
    [
        ({"tags": "a, b", "remove tags": "b"}, NO_WISHES),
        ({"tags": "a, b"}, MappingOptions(remove_tags=("b",))),
        ({"remove tags": "b"}, MappingOptions(add_tags=("b",))),
    ],
)
def test_the_same_tag_added_and_removed_makes_a_row_invalid(
    cells: dict[str, str], mapping_options: MappingOptions
) -> None:
    row = row_of({"phone": "12345", **cells}, mapping_options)
    assert row.problems == (Problem("a tag both added and removed", "the tag 'b' is both added and removed"),)


@pytest.mark.parametrize(("length", "wrong"), [(255, []), (256, ["a tag of more than 255 characters"])])
def test_a_tag_has_at_most_255_characters(length: int, wrong: list[str]) -> None:
    assert causes(row_of({"phone": "12345", "tags": "é" * length})) == wrong


def test_all_that_is_wrong_with_a_row_is_told_after_what_its_cells_came_with() -> None:
    columns = recognize(["phone", "tags", "remove tags"], NO_WISHES)
    came_with = Problem("a cell that holds an error", "column A holds #REF!")
    row = read_row(columns, 2, ["-", f"a, {'b' * 256}", "a"], (came_with,))
    assert causes(row) == [
        "a cell that holds an error",
        "a phone without digits",
        "a tag both added and removed",
        "a tag of more than 255 characters",
    ]


# Lists


@pytest.mark.parametrize(
    ("text", "separator", "items"),
    [
        ("a", ",", ["a"]),
        ("a, b ,c", ",", ["a", "b", "c"]),
        ("a;b, c", ";", ["a", "b, c"]),
        ("a, b; c", ",", ["a", "b; c"]),
        ('"Blog, Updates", Platform', ",", ["Blog, Updates", "Platform"]),
        ('"a;b"; c', ";", ["a;b", "c"]),
        ('"say ""hi""", b', ",", ['say "hi"', "b"]),
        ("a\nb\r\nc", ",", ["a", "b", "c"]),
        ('"a\nb", c', ",", ["a\nb", "c"]),
        (" , ,, ", ",", []),
        ("\u00a0a\u200b,\u00a0", ",", ["a"]),
        ('5" pipe, b', ",", ['5" pipe', "b"]),
        ("", ",", []),
    ],
)
def test_a_list_is_parted_at_its_separator_outside_quotes_and_at_line_breaks(
    text: str, separator: str, items: list[str]
) -> None:
    assert split_list(text, separator) == items


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("a, b", ("a", "b")),
        ("c; d", ("c", "d")),
        ("a | b", ("a", "b")),
        ("a、b", ("a", "b")),
        ("a:::b c", ("a", "b c")),
        ("a:b", ("a:b",)),
        ("VIP", ("VIP",)),
        ("c;", ("c",)),
        ('"a;b", c', ("a;b", "c")),
        ('"a, b"; c', ("a, b", "c")),
        ("a\nb, c", ("a", "b", "c")),
    ],
)
def test_a_list_is_split_by_the_separator_of_its_own_cell(text: str, tags: tuple[str, ...]) -> None:
    assert read_row(recognize(["phone", "tags"], NO_WISHES), 2, ["12345", text]).add_tags == tags


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("Smith, John; VIP", "“Smith, John”, “VIP” (by ;) or “Smith”, “John; VIP” (by ,)"),
        ("a | b, c", "“a | b”, “c” (by ,) or “a”, “b, c” (by |)"),
    ],
)
def test_a_list_that_can_be_read_in_two_ways_is_a_problem_that_shows_both(text: str, readings: str) -> None:
    columns = recognize(["phone", "tags"], NO_WISHES)
    (problem,) = read_row(columns, 2, ["12345", text]).problems
    assert problem.cause == "tags that can be read in two ways"
    assert readings in problem.detail
    assert read_row(columns, 2, ["12345", f'"{text}"']).add_tags == (text,)


def test_a_separator_that_a_person_names_holds_for_every_cell() -> None:
    columns = recognize(["phone", "tags", "remove tags"], MappingOptions(tag_separator=";"))
    row = read_row(columns, 2, ["12345", "Smith, John; VIP", "f, g"])
    assert (row.add_tags, row.remove_tags, row.problems) == (("Smith, John", "VIP"), ("f, g",), ())


@pytest.mark.parametrize("sign", ["", '"', "\n", "::", ";;", " "])
def test_what_cannot_separate_tags_is_refused(sign: str) -> None:
    with pytest.raises(SettingsError, match="--tag-separator: a separator is one sign"):
        parse_separator(sign)


def test_a_joined_list_has_quotes_only_where_an_item_needs_them() -> None:
    assert join_list(["a b", "c,d", 'e"f', "é", "X"]) == 'a b;"c,d";"e""f";é;X'


# The checkpoint's document


def test_columns_from_the_checkpoint_read_rows_as_before() -> None:
    header = ["heyx contact id", "Mobile", "tags", "Shoe Size", "x"]
    mapping_options = MappingOptions(
        map=("Mobile=phone",), custom_fields=True, ignore=("x",), key=("phone",), add_tags=("all",)
    )
    columns = recognize(header, mapping_options)
    cells = ["7", "+44", "a, b", "42", "y"]
    again = Columns.from_document(json.loads(json.dumps(columns.document())))
    assert read_row(again, 2, cells) == read_row(columns, 2, cells)


@pytest.mark.parametrize(
    ("header", "mapping_options", "line"),
    [
        (["phone"], MappingOptions(map=("phone",)), '--map "phone" is not of the form "COLUMN=field".'),
        (["phone"], MappingOptions(map=("=phone",)), '--map "=phone" is not of the form "COLUMN=field".'),
        (["phone"], MappingOptions(map=("phone= ",)), '--map "phone= " is not of the form "COLUMN=field".'),
        (
            ["phone", " City "],
            MappingOptions(map=("Town=city",), ignore=("City",)),
            '--map "Town=city": the sheet has no column "Town"; it has "phone", "City".',
        ),
        (
            ["phone", ""],
            MappingOptions(ignore=("Town",)),
            '--ignore: the sheet has no column "Town"; it has "phone".',
        ),
        (
            ["phone"],
            MappingOptions(id_column="Town"),
            '--id-column: the sheet has no column "Town"; it has "phone".',
        ),
        (
            ["phone", "a", "A "],
            MappingOptions(ignore=("A_",), custom_fields=True),
            '--ignore: "A_" stands above 2 columns, B and C; rename one of them, or name it by its letter: '
            '"column B".',
        ),
        (
            ["phone", "where"],
            MappingOptions(map=("where=Locale",), custom_fields=True),
            '--map "where=Locale": HeyX does not let locale be written.',
        ),
        (
            ["phone", "x"],
            MappingOptions(map=("x=email",), ignore=("x",)),
            'The column "x" is given two meanings; leave out one of the options.',
        ),
        (
            ["phone", "Mobile", "email", "tags"],
            MappingOptions(map=("Mobile=phone",)),
            'Two columns for the field phone: A “phone” and B “Mobile”. Leave one out with --ignore "COLUMN".',
        ),
        (
            ["heyx contact id", "HEYX_CONTACT_ID"],
            NO_WISHES,
            "Two columns for the contact id: A “heyx contact id” and B “HEYX_CONTACT_ID”. "
            'Leave one out with --ignore "COLUMN".',
        ),
        (
            ["phone", "email", "tags", "", "gender"],
            MappingOptions(key=("customerid",)),
            "--key customerid: no column of the sheet maps to the field customerid; its fields are email, phone.",
        ),
        (
            ["tags", ""],
            MappingOptions(key=("phone",)),
            "--key phone: no column of the sheet maps to the field phone; its fields are none.",
        ),
        (
            ["phone"],
            MappingOptions(add_tags=("vip", "lead"), remove_tags=("vip",)),
            "The tag 'vip' is both added and removed for every row; leave one out.",
        ),
    ],
)
def test_each_mistake_is_told_in_one_line(header: list[str], mapping_options: MappingOptions, line: str) -> None:
    assert mistakes(header, mapping_options) == [line]
