"""Mapping files: everything that can be said in one, and every mistake, told with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.columns import Column, Use
from heyx_bulk.mapping.mapping_file import MappingFile, parse_mapping, rewrite_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import map_columns
from heyx_bulk.mapping.rules import ValueOptions
from heyx_bulk.mapping.template import ColumnSample, render_template, with_columns
from heyx_bulk.mapping.transforms import Transform
from heyx_bulk.models.contacts import Field, Policy, TagSet
from heyx_bulk.models.toml_reader import TomlLines
from heyx_bulk.sheets.sheet_options import SheetPreset
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind, ValueType
from tests.support.cell_rows import read_row, recognize

NAME = "people.toml"

EVERYTHING = """\
headers = ["Phone", "Full Name"]
key = ["Phone", "Customer No"]
region = "pk"
phone_format = "digits"
date_order = "month-first"
lenient = true
add_tags = ["Imported", " "]
remove_tags = "Lead"
constants = { source = "fair", "Language" = "en" }

[columns."Phone"]
field = "Phone"

[[columns."Full Name"]]
field = "firstName"
transform = ["trim", { split = [" ", 1] }, "title"]

[[columns."Full Name"]]
field = "lastName"
transform = { split = [" ", "rest"] }

[columns."Born"]
field = "birthday"
type = "date"
order = "day-first"
policy = "fill-blank"

[columns.Size]
field = "size"
type = "list"
allowed = ["S", "M"]
default = " M "
policy = "never"

[columns."Customer No"]
field = "Customer No"
transform = [{ replace = ["-", ""] }, { join = ["Size", "/"] }, "upper"]

[columns."Groups"]
tags = "add"
separator = "|"

[columns."Not"]
tags = "remove"

[columns."Segment"]
tags = "set"
prefix = "seg:"
policy = "clear-when-blank"

[columns."VIP?"]
tag = "VIP"
default = "no"

[columns."HeyX"]
contact_id = true

[columns."Notes"]
ignore = true
"""
HEADER = ["Phone", "Full Name", "Born", "Size", "Customer No", "Groups", "Not", "Segment", "VIP?", "HeyX", "Notes"]


def read(text: str) -> MappingFile:
    return parse_mapping(text, NAME)


def mistakes(text: str) -> list[str]:
    """What is wrong with a mapping file, each without the file's name."""
    with pytest.raises(MappingError) as caught:
        read(text)
    lines = caught.value.what.splitlines()
    assert all(line.startswith(f"{NAME}, line ") for line in lines)
    return [line.removeprefix(f"{NAME}, ") for line in lines]


# What can be said


def test_everything_that_can_be_said_is_heard() -> None:
    mapping = read(EVERYTHING)
    assert (mapping.name, mapping.headers, mapping.key) == (
        NAME,
        ("Phone", "Full Name"),
        ("phone", "Customer No"),
    )
    assert mapping.value_options == ValueOptions("PK", PhoneFormat.DIGITS, DateOrder.MONTH_FIRST, lenient=True)
    assert (mapping.add_tags, mapping.remove_tags) == (("Imported",), ("Lead",))
    assert mapping.constants == (("source", "fair"), ("language", "en"))
    said = {(one.column, one.target): one for one in mapping.columns}
    assert [(one.column, one.use, one.target) for one in mapping.columns] == [
        ("Phone", Use.FIELD, "phone"),
        ("Full Name", Use.FIELD, "firstName"),
        ("Full Name", Use.FIELD, "lastName"),
        ("Born", Use.FIELD, "birthday"),
        ("Size", Use.FIELD, "size"),
        ("Customer No", Use.FIELD, "Customer No"),
        ("Groups", Use.ADD_TAGS, ""),
        ("Not", Use.REMOVE_TAGS, ""),
        ("Segment", Use.SET_TAGS, "seg:"),
        ("VIP?", Use.TAG, "VIP"),
        ("HeyX", Use.ID, ""),
        ("Notes", Use.IGNORED, ""),
    ]
    assert said["Full Name", "firstName"].transforms == (
        Transform("trim"),
        Transform("split", (" ", 1)),
        Transform("title"),
    )
    assert said["Full Name", "lastName"].transforms == (Transform("split", (" ", "rest")),)
    assert said["Customer No", "Customer No"].transforms == (
        Transform("replace", ("-", "")),
        Transform("join", ("Size", "/")),
        Transform("upper"),
    )
    born, size = said["Born", "birthday"], said["Size", "size"]
    assert (born.kind, born.order, born.policy) == (ValueKind.DATE, DateOrder.DAY_FIRST, Policy.FILL)
    assert (size.kind, size.allowed, size.default, size.policy) == (ValueKind.LIST, ("S", "M"), "M", Policy.NEVER)
    assert said["Groups", ""].separator == "|"
    assert (said["Segment", "seg:"].policy, said["VIP?", "VIP"].default) == (Policy.CLEAR, "no")
    assert [one.where for one in mapping.columns][:4] == [f"{NAME}, line {line}" for line in (11, 14, 18, 22)]


def test_a_sheet_is_understood_as_its_mapping_file_says() -> None:
    columns = recognize(HEADER, MappingOptions(file=read(EVERYTHING)))
    assert {column.reason for column in columns.columns} == {f"as {NAME} says"}
    assert columns.columns[2].value_type == ValueType(
        ValueKind.DATE, "PK", PhoneFormat.DIGITS, DateOrder.DAY_FIRST
    )
    cells = ["0300 1234567", " ada  king lovelace", "3/4/1990", "", "a-7", "x|y", "z", "", "", "", "secret"]
    row = read_row(columns, 2, cells)
    assert {field.name: field.value for field in row.fields} == {
        "phone": "923001234567",
        "firstName": "Ada",
        "lastName": "king lovelace",
        "birthday": "1990-04-03",
        "size": "M",
        "Customer No": "A7",
        "source": "fair",
        "language": "en",
    }
    assert row.fields[1] == Field("firstName", "Ada")
    assert (row.add_tags, row.remove_tags, [*row.tag_sets]) == (
        ("x", "y", "Imported"),
        ("z", "VIP", "Lead"),
        [TagSet("seg:", ())],
    )
    assert (row.problems, row.id, [key.name for key in row.keys]) == ((), None, ["phone", "Customer No"])


def test_a_blank_set_says_nothing_unless_it_is_to_clear() -> None:
    text = '[columns.Segment]\ntags = "set"\nprefix = "seg:"\n'
    columns = recognize(["phone", "Segment"], MappingOptions(file=read(text)))
    assert read_row(columns, 2, ["+4411234", ""]).tag_sets == ()


def test_a_column_that_is_to_be_left_out_need_not_be_there_and_every_other_must() -> None:
    mapping = read('[columns.A]\nignore = true\n\n[columns.B]\nfield = "b"\n')
    with pytest.raises(MappingError) as caught:
        recognize(["phone"], MappingOptions(file=mapping))
    assert caught.value.what == f'{NAME}, line 4: the sheet has no column "B"; it has "phone".'


def test_a_column_that_is_joined_must_be_there() -> None:
    mapping = read(
        '[columns.phone]\nfield = "phone"\n[columns.A]\nfield = "a"\ntransform = [{ join = ["C", ""] }]\n'
    )
    with pytest.raises(MappingError) as caught:
        recognize(["phone", "A"], MappingOptions(file=mapping))
    assert caught.value.what == f'{NAME}, line 3: the sheet has no column "C"; it has "phone", "A".'


def test_a_column_may_be_named_by_its_letter_and_whatever_its_case() -> None:
    mapping = read('[columns."column B"]\nfield = "b"\n[columns."E MAIL"]\nfield = "email"\n')
    columns = recognize(["phone", "", "e-mail"], MappingOptions(file=mapping))
    assert [column.field for column in columns.columns] == ["phone", "b", "email"]


def test_the_command_line_overrules_the_mapping_column_by_column() -> None:
    mapping = read(
        'region = "PK"\nkey = ["email"]\n[[columns.A]]\nfield = "a"\n[[columns.A]]\nfield = "b"\n'
        '[columns.C]\nfield = "c"\n'
    )
    mapping_options = MappingOptions(
        file=mapping, map=("A=city",), key=("phone",), region="GB", types=("C=number",)
    )
    columns = recognize(["phone", "A", "C"], mapping_options)
    assert [(column.field, column.reason) for column in columns.columns] == [
        ("phone", "the field's own name"),
        ("city", "as you specified"),
        ("c", f"as {NAME} says"),
    ]
    assert (columns.more, columns.keys) == ((), ("phone",))
    assert columns.columns[2].value_type == ValueType(ValueKind.NUMBER, "GB", PhoneFormat.E164)


def test_a_key_of_the_mapping_needs_a_column() -> None:
    with pytest.raises(MappingError) as caught:
        recognize(["phone"], MappingOptions(file=read('key = ["customerid", "phone"]')))
    assert caught.value.what == (
        f"{NAME}, key customerid: no column of the sheet maps to the field customerid; its fields are phone."
    )


def test_files_that_say_something_else_have_another_digest() -> None:
    one, other = (read(f'[columns.A]\nfield = "{name}"\n') for name in "ab")
    assert one.digest != other.digest
    assert one.digest == read('[columns.A]\nfield = "a"\n').digest


# Columns whose field is not written yet

UNFINISHED = '[columns.Phone]\nfield = "phone"\n[columns.Born]\nfield = ""\ntype = "date"\n'


def test_a_column_whose_field_is_not_written_is_not_recognized_and_named_with_its_line() -> None:
    found = map_columns(["Phone", "Born"], MappingOptions(read(UNFINISHED)))
    assert [column.header for column, _ in found.unknown] == ["Born"]
    (mistake,) = found.mistakes
    assert f"B “Born”, {NAME}, line 4 does not say which field" in mistake


@pytest.mark.parametrize(
    ("options", "use", "field"),
    [
        (MappingOptions(ignore=("Born",)), Use.IGNORED, ""),
        (MappingOptions(ignore_unknown=True), Use.IGNORED, ""),
        (MappingOptions(map=("Born=birthday",)), Use.FIELD, "birthday"),
    ],
)
def test_options_complete_a_column_whose_field_is_not_written(
    options: MappingOptions, use: Use, field: str
) -> None:
    columns = map_columns(["Phone", "Born"], replace(options, file=read(UNFINISHED))).valid_columns()
    assert (columns.columns[1].use, columns.columns[1].field) == (use, field)


def test_a_custom_field_whose_name_is_not_written_keeps_the_type_of_the_mapping_file() -> None:
    options = MappingOptions(read(UNFINISHED), custom_fields=True)
    column = map_columns(["Phone", "Born"], options).valid_columns().columns[1]
    assert (column.field, column.value_type.kind) == ("Born", ValueKind.DATE)


def test_a_further_field_of_a_column_needs_its_name() -> None:
    text = '[[columns.A]]\nfield = "phone"\n[[columns.A]]\nfield = ""\n'
    mistakes = map_columns(["A"], MappingOptions(read(text))).mistakes
    assert mistakes == (f"{NAME}, line 4: enter the name of the field, or delete this table.",)


# What is wrong

TABLE = '[columns."A"]\n'


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("colums = 1", "line 1: unknown key 'colums'; the keys are add_tags, columns, "),
        ("\nheader_row = 0", "line 2: header_row must be the number of a row, such as 3, not 0"),
        ("header_row = true", "line 1: header_row must be the number of a row, such as 3, not True"),
        ("header_row = '3'", "line 1: header_row must be the number of a row, such as 3, not '3'"),
        ("worksheet = 2026", 'line 1: worksheet must be "in quotes", not 2026'),
        (
            "\n[columns.A]\nfeld = 'a'\nfield = 'a'",
            "line 3: unknown key 'feld'; the keys are allowed, contact_id, ",
        ),
        ("columns = 3", 'line 1: columns and constants must be tables, such as [columns."First Name"].'),
        ("[constants]\n[columns]\nA = 3", 'line 3: a column must be a table, such as [columns."A"].'),
        (TABLE, 'line 1: the column "A" needs exactly one of field = "…", tag = "…", tags = "add", '),
        (TABLE + 'ignore = true\nfield = "a"', 'line 1: the column "A" needs exactly one of'),
        (TABLE + 'field = "a"\ntag = "b"', 'line 1: the column "A" needs exactly one of'),
        (TABLE + "ignore = false", 'line 1: the column "A" needs exactly one of'),
        (TABLE + 'tag = " "', 'line 2: enter the tag of the column "A", or write ignore = true.'),
        (TABLE + "field = 3", 'line 2: field must be "in quotes", not 3.'),
        (TABLE + "tag = ['a']", "line 2: tag must be \"in quotes\", not ['a']."),
        (TABLE + "ignore = 'yes'", "line 2: ignore must be true or false, not 'yes'."),
        (TABLE + "contact_id = 'yes'", "line 2: contact_id must be true or false, not 'yes'."),
        (TABLE + 'tags = "all"', 'line 2: tags is "add", "remove" or "set".'),
        (TABLE + "tags = true", 'line 2: tags must be "in quotes", not True.'),
        (TABLE + 'tags = "set"', 'line 2: tags = "set" needs a prefix, such as prefix = "seg:".'),
        (TABLE + 'tags = "add"\nprefix = "seg:"', 'line 3: prefix belongs to tags = "set".'),
        (TABLE + 'field = "a"\nprefix = "seg:"', 'line 3: prefix belongs to tags = "set".'),
        (TABLE + 'field = "a"\nseparator = ";"', "line 3: separator belongs to a list of tags."),
        (
            TABLE + 'tags = "add"\nseparator = "; "',
            'line 3: a separator is one sign, such as ";" or "|", or ":::", not \'; \'.',
        ),
        (
            TABLE + 'tags = "add"\nseparator = ""',
            'line 3: a separator is one sign, such as ";" or "|", or ":::", not \'\'.',
        ),
        (TABLE + "tags = 'add'\nseparator = '\"'", "line 3: a separator is one sign, such as"),
        (TABLE + "tags = 'add'\nseparator = 3", 'line 3: separator must be "in quotes", not 3.'),
        (TABLE + 'tags = "add"\ntype = "date"', "line 3: type belongs to a field."),
        (TABLE + 'tag = "a"\npolicy = "never"', 'line 3: policy belongs to a field, or to tags = "set".'),
        (TABLE + 'contact_id = true\ndefault = "7"', "line 3: default belongs to a field or to tags."),
        (
            TABLE + 'tags = "set"\nprefix = "a"\npolicy = "never"',
            "line 4: the policy of a set of tags can only be",
        ),
        (TABLE + 'field = "a"\ntype = "day"', 'line 3: type must be one of "text", "phone", '),
        (TABLE + 'field = "a"\ntype = "list"', 'line 3: type = "list" and allowed = [...] go together.'),
        (TABLE + 'field = "a"\nallowed = ["b"]', 'line 1: type = "list" and allowed = [...] go together.'),
        (
            TABLE + 'field = "a"\ntype = "list"\nallowed = [1]',
            'line 4: allowed must be a list of texts, such as ["a", "b"].',
        ),
        (
            TABLE + 'field = "a"\norder = "dmy"',
            'line 3: order must be one of "day-first", "month-first", "year-first", not',
        ),
        (
            TABLE + 'field = "a"\npolicy = "fill"',
            'line 3: policy must be one of "overwrite", "fill-blank", "never", ',
        ),
        (
            TABLE + 'field = "Phone"\npolicy = "clear-when-blank"',
            "line 3: HeyX does not allow an empty phone, so a phone cannot",
        ),
        (TABLE + 'field = "a"\ndefault = 7', 'line 3: default must be "in quotes", not 7.'),
        (
            TABLE + 'field = "a"\ntransform = "tilte"',
            "line 3: unknown transform 'tilte'; use one of trim, lower, ",
        ),
        (
            TABLE + 'field = "a"\ntransform = [{ replace = ["", "a"] }]',
            "line 3: replace needs a list of two texts, ",
        ),
        (
            TABLE + 'field = "a"\ntransform = [{ split = [" ", 0] }]',
            "line 3: split needs a separator and a part, ",
        ),
        (TABLE + 'field = "a"\ntransform = [{ split = ["", 1] }]', "line 3: split needs a separator and a part, "),
        (
            TABLE + 'field = "a"\ntransform = [{ split = [" ", true] }]',
            "line 3: split needs a separator and a part, ",
        ),
        (
            TABLE + 'field = "a"\ntransform = [{ join = "B" }]',
            "line 3: join needs a column and what goes between, ",
        ),
        (TABLE + 'field = "a"\ntransform = [{ trim = 1, join = ["B", ""] }]', "line 3: unknown transform {"),
        (TABLE + 'field = "a"\ntransform = [7]', "line 3: unknown transform 7; use one of "),
        ("key = [1]", 'line 1: key must be a list of texts, such as ["a", "b"].'),
        ("headers = true", 'line 1: headers must be a list of texts, such as ["a", "b"].'),
        ('add_tags = ["a"]\nlenient = "yes"', "line 2: lenient must be true or false, not 'yes'."),
        (
            'region = "XX"',
            "line 1: unknown country 'XX': enter its two-letter code, such as PK, GB or AE, or none.",
        ),
        ("region = 92", 'line 1: region must be "in quotes", not 92.'),
        (
            'phone_format = "E164"',
            'line 1: phone_format must be one of "e164", "digits", "as-typed", not \'E164\'.',
        ),
        (
            'date_order = "us"',
            'line 1: date_order must be one of "day-first", "month-first", "year-first", not \'us\'.',
        ),
        ("[constants]\nsource = 1", 'line 2: source must be "in quotes", not 1.'),
        ('[constants]\nsource = " "', "line 2: enter a value for source, or delete the line."),
        ('[constants]\n"Time Zone" = "5"', "line 2: HeyX does not allow writing timezone."),
    ],
)
def test_each_mistake_is_told_once_with_its_line(text: str, mistake: str) -> None:
    told = mistakes(text)
    assert len(told) == 1
    assert told[0].startswith(mistake)


def test_all_mistakes_are_told_at_once_each_of_a_list_of_tables_with_its_own_line() -> None:
    text = """region = "Pakistan"

[[columns."Name"]]
field = "firstName"
transform = [
    ["x"],
    { split = [" ", 1] },
]

[[columns."Name"]]
field = "lastName"
type = "txt"

[[columns."Name"]]
typ = "text"
field = "nick"
type = "words"
"""
    assert [line.split(":")[0] for line in mistakes(text)] == ["line 1", "line 5", "line 12", "line 15", "line 17"]


@pytest.mark.parametrize(
    "header",
    ["a.b", "a=b", "[x]", "Größe (cm)", "it's", 'say \\"hi\\"', "الاسم", "a # b", "x\\ty", ""],
)
def test_a_mistake_under_any_header_has_its_line(header: str) -> None:
    text = f'# before\n\n[columns."{header}"]  # [columns."z"]\nfield = "a"\ntype = "x = y"\n'
    assert [line.split(":")[0] for line in mistakes(text)] == ["line 5"]


def test_keys_may_be_dotted_inline_or_quoted() -> None:
    text = """columns."a.b".field = "x"
columns."a.b".type = "words"
columns.C = { field = "c", type = "words" }

[constants]
"a = b" = 3
'c "d"' = 4
"""
    assert [line.split(":")[0] for line in mistakes(text)] == ["line 2", "line 3", "line 6", "line 7"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[columns.A]\nfield = a\n", "at line 2, column 9"),
        ('[columns.A]\nfield = "a"\nfield = "b"\n', "at line 3, column 12"),
        ("[columns.A\n", "at line 1, column 11"),
        ("[columns.First Name]\nfield = 'a'\n", "at line 1, column 16"),
        ('key = ["phone"', "at end of document"),
    ],
)
def test_a_file_that_is_no_toml_is_told_with_the_place(text: str, where: str) -> None:
    with pytest.raises(MappingError) as caught:
        read(text)
    assert caught.value.what.startswith(f"{NAME} is not valid TOML: ")
    assert where in caught.value.what


def test_a_table_named_like_another_s_key_is_not_taken_for_it() -> None:
    lines = TomlLines('[columns.field]\nfield = "a"\n\n[columns.A]\nfield = "b"\n')
    assert [
        lines.line_of(path)
        for path in (("columns", "field"), ("columns", "field", "field"), ("columns", "A", "field"))
    ] == [1, 2, 5]
    assert [lines.line_of(path) for path in (("columns", "A", "type"), ("columns", "B"), ("key",))] == [4, 1, 1]


def test_how_a_sheet_is_read_is_said_with_its_lines() -> None:
    preset = read('lenient = true\nworksheet = " People "\n\nheader_row = 3\n').preset
    assert preset == SheetPreset("People", 3, f"{NAME}, line 2", f"{NAME}, line 4")
    assert (read("lenient = true\n").preset.worksheet, read("").preset.header_row) == (None, None)


# Written again


def test_what_a_mapping_says_is_written_down_again_as_it_says_it() -> None:
    def sent(text: str) -> tuple[list[Column], tuple[object, ...]]:
        found = map_columns(HEADER, MappingOptions(file=read(text))).columns
        kept = [replace(column, reason="") for column in (*found.columns, *found.more)]
        return sorted(kept, key=str), (
            found.keys,
            found.add_tags,
            found.remove_tags,
            found.constants,
            found.lenient,
        )

    text = EVERYTHING.replace('date_order = "month-first"\n', "")
    found = map_columns(HEADER, MappingOptions(file=read(text)))
    again = render_template("people.csv", NAME, found, [ColumnSample((), ValueKind.TEXT)] * len(HEADER))
    assert sent(again) == sent(text)


def test_a_mapping_file_is_rewritten_whole_or_not_at_all_and_may_be_read_by_whom_it_was(tmp_path: Path) -> None:
    path, before = tmp_path / "ours.toml", tmp_path / "before.toml"
    path.write_text("lenient = true\n", encoding="utf-8")
    path.chmod(0o640)
    before.hardlink_to(path)
    rewrite_mapping(path, "lenient = false\n")
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == ("lenient = false\n", 0o640)
    assert before.read_text(encoding="utf-8") == "lenient = true\n", "the file that was there is not written to"
    assert {one.name for one in tmp_path.iterdir()} == {"ours.toml", "before.toml"}


def test_answers_are_written_where_a_mapping_file_leaves_them_open_and_nothing_else_is_changed() -> None:
    header = ["Phone", "Born", "Mood", "Note", "Group", "Size"]
    text = """\
# ours
region = "PK"

[columns.Born]
# “14/03/1988”
field = "" # enter a field, or write ignore = true
type = "date"

# mine
[[columns.Mood]]
field = ""
type = "boolean"

[columns.Size]
field = "" # enter a field

[columns.Phone]
field = "phone"
"""
    options = MappingOptions(map=("Born=birthday", "Mood=tag:Happy", "Group=tags"), ignore=("Note", "Size"))
    found = map_columns(header, options)
    seen, answered = [ColumnSample((), ValueKind.TEXT)] * len(header), found.columns.columns[1:]
    assert (
        with_columns(text, found, seen, range(1, len(header)))
        == """\
# ours
region = "PK"

[columns.Born]
# “14/03/1988”
field = "birthday"
type = "date"

# mine
[[columns.Mood]]
tag = "Happy"

[columns.Size]
ignore = true

[columns.Phone]
field = "phone"

[columns.Note]
# as you specified
ignore = true

[columns.Group]
# as you specified
tags = "add"
"""
    )
    alone = with_columns('region = "PK"\n', found, seen, range(1, len(header)))
    again = recognize(header, MappingOptions(parse_mapping(alone, NAME)))
    assert [(column.use, column.field) for column in again.columns[1:]] == [
        (column.use, column.field) for column in answered
    ]
