"""What a column is for: in which order that is found out, what a person says of it, and what is never guessed."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.columns import Columns, Use
from heyx_bulk.mapping.known_headers import FULL_NAME, TAGS
from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import map_columns
from heyx_bulk.models.calls import READ_ONLY_FIELDS
from heyx_bulk.models.contacts import Field
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind, ValueType
from tests.support.cell_rows import recognize
from tests.support.known_exports import EXPORTS, LANGUAGES

NO_WISHES = MappingOptions()
FIELDS = MappingProxyType({"customerid": ValueKind.TEXT, "Birthday": ValueKind.DATE, "isLead": ValueKind.BOOLEAN})


def mistakes(header: list[str], mapping_options: MappingOptions = NO_WISHES, **more: object) -> list[str]:
    with pytest.raises(MappingError) as caught:
        recognize(header, mapping_options, **more)
    return caught.value.what.splitlines()


def reasons(columns: Columns) -> list[tuple[str, str]]:
    return [(column.field, column.reason) for column in columns.columns]


# The order


def test_a_column_is_found_by_its_own_name_then_by_that_name_alike_then_by_a_header_that_people_use() -> None:
    found = recognize(["phone", "E-Mail", "Vorname", "custom_field.plan"], NO_WISHES)
    assert reasons(found) == [
        ("phone", "the field's own name"),
        ("email", "the same name apart from case and punctuation"),
        ("firstName", "a header in German"),
        ("plan", "a custom field, as respond.io writes it"),
    ]


@pytest.mark.parametrize("header", ["First Name", "FIRST_NAME", "first-name", "First name:", " «First Name»* "])
def test_case_blanks_and_punctuation_do_not_matter(header: str) -> None:
    assert reasons(recognize(["phone", header], NO_WISHES))[1] == (
        "firstName",
        "the same name apart from case and punctuation",
    )


def test_what_a_person_says_comes_before_all_and_the_mapping_before_headers() -> None:
    mapping = parse_mapping(
        '[columns."phone"]\nfield = "customerid"\n[columns."Vorname"]\nfield = "nick"\n', "m.toml"
    )
    found = recognize(["phone", "Vorname", "Mobile"], MappingOptions(file=mapping, map=("Vorname=firstName",)))
    assert reasons(found) == [
        ("customerid", "as m.toml says"),
        ("firstName", "as you specified"),
        ("phone", "a header in English"),
    ]


def test_the_fields_own_name_leaves_other_headers_of_the_field_aside() -> None:
    assert mistakes(["Mobile", "phone"])[1] == (
        "  A “Mobile”   perhaps phone (English, but another column is closer to phone)"
    )


@pytest.mark.parametrize(
    "mapping_options", [MappingOptions(ignore=("Phone",)), MappingOptions(map=("Phone=landline",))]
)
def test_a_column_of_which_something_is_said_leaves_its_place_to_the_next(mapping_options: MappingOptions) -> None:
    found = recognize(["Phone", "Work Phone"], mapping_options)
    assert (found.columns[1].use, found.columns[1].field) == (Use.FIELD, "phone")


def test_a_field_that_is_given_to_one_column_is_taken_from_no_other() -> None:
    found = recognize(["Number", "Mobile"], MappingOptions(map=("Number=phone",), ignore_unknown=True))
    assert [(column.use, column.field) for column in found.columns] == [(Use.FIELD, "phone"), (Use.IGNORED, "")]


def test_of_two_columns_with_a_field_s_own_name_neither_is_guessed() -> None:
    assert mistakes(["phone", "Phone", "PHONE"]) == [
        "3 columns for the field phone: A “phone” and B “Phone” and C “PHONE”. "
        'Leave one out with --ignore "COLUMN".'
    ]


@pytest.mark.parametrize("export", EXPORTS)
def test_the_export_of_a_product_maps_without_a_flag_as_far_as_heyx_has_its_fields(export: str) -> None:
    row, known = EXPORTS[export]
    found = recognize(row.split(","), MappingOptions(ignore_unknown=True))
    read_only = {header for header, name in known.items() if name in READ_ONLY_FIELDS}
    custom = {"custom_field.plan": "plan"} if "custom_field.plan" in row else {}
    fields = {header: name for header, name in known.items() if name not in (FULL_NAME, TAGS, *READ_ONLY_FIELDS)}
    if "Phone" in row.split(","):  # the field's own name is taken before any other phone
        fields = {header: name for header, name in fields.items() if name != "phone"} | {"Phone": "phone"}
    assert {column.header: column.field for column in found.used(Use.FIELD)} == fields | custom
    assert {column.header for column in found.used(Use.READ_ONLY)} == read_only
    assert {column.header for column in found.used(Use.ADD_TAGS)} == {
        header for header, name in known.items() if name == TAGS
    }
    assert all(column.reason for column in found.used(Use.FIELD))


@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_in_many_languages_map_without_a_flag(language: str) -> None:
    first, last, _, mobile, email, spoken, tags = LANGUAGES[language]
    found = recognize([first, last, mobile, email, spoken, tags], NO_WISHES)
    assert [column.field or column.use for column in found.columns] == [
        *("firstName", "lastName", "phone", "email", "language"),
        Use.ADD_TAGS,
    ]


# Suggestions


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("Frist Name", "firstName (a close spelling)"),
        ("emial", "email (a close spelling)"),
        ("Full Name", "firstName+lastName (a full name, split at its first blank)"),
        ("customer id", None),
        ("custmerid", "customerid (a close spelling)"),
    ],
)
def test_a_close_name_is_suggested_and_never_applied(header: str, hint: str | None) -> None:
    found = map_columns(["phone", header], NO_WISHES, fields=FIELDS)
    if hint is None:
        assert (found.columns.columns[1].field, found.mistakes) == ("customerid", ())
        return
    assert (found.columns.columns[1].use, found.columns.columns[1].field) == (Use.FIELD, "")
    assert found.mistakes[0].splitlines()[1] == f"  B “{header}”   perhaps {hint}"
    field = hint.partition(" ")[0]
    assert f'--map "{header}={field}"' in found.mistakes[0]


@pytest.mark.parametrize("header", ["Shoe Size", "Notes", "X", "名簿"])
def test_a_name_that_is_close_to_nothing_has_no_suggestion(header: str) -> None:
    found = map_columns(["phone", header], NO_WISHES, fields=FIELDS)
    assert found.unknown == ((found.columns.columns[1], None),)


# Known fields of the channel


def test_a_field_that_the_channel_has_shown_is_known_with_its_type() -> None:
    found = recognize(
        ["phone", "customerid", "BIRTHDAY", "is lead"],
        MappingOptions(date_order=DateOrder.DAY_FIRST),
        None,
        FIELDS,
    )
    assert reasons(found)[1:] == [
        ("customerid", "the field's own name"),
        ("Birthday", "the same name apart from case and punctuation"),
        ("isLead", "the same name apart from case and punctuation"),
    ]
    assert [column.value_type.kind for column in found.columns[1:]] == [
        ValueKind.TEXT,
        ValueKind.DATE,
        ValueKind.BOOLEAN,
    ]
    assert found.columns[2].value_type.date_order is DateOrder.DAY_FIRST


def test_of_two_fields_alike_none_is_guessed() -> None:
    fields = MappingProxyType({"News Letter": ValueKind.TEXT, "newsletter": ValueKind.TEXT})
    assert recognize(["phone", "newsletter"], NO_WISHES, None, fields).columns[1].field == "newsletter"
    assert map_columns(["phone", "NEWSLETTER"], NO_WISHES, None, fields).unknown != ()


def test_a_misspelt_custom_field_is_a_mistake_before_it_is_sent() -> None:
    told = mistakes(["phone", "Custmer"], MappingOptions(map=("Custmer=custmerid",)), fields=FIELDS)
    assert told == [
        "Column B “Custmer” is sent as “custmerid”, which this channel is not known to have; it has “customerid”. "
        'Use --map "Custmer=customerid", or heyx-bulk fields --add "custmerid" if it has both.'
    ]
    assert recognize(["phone", "C"], MappingOptions(map=("C=shoe",)), None, FIELDS).columns[1].field == "shoe"
    assert recognize(["phone", "C"], MappingOptions(map=("C=custmerid",))).columns[1].field == "custmerid"


# Columns that are left out


def test_unknown_columns_are_left_out_where_that_is_wished_and_no_others() -> None:
    found = recognize(["phone", "Shoe Size", "email", "tag:VIP"], MappingOptions(ignore_unknown=True))
    assert [(column.use, column.reason) for column in found.columns] == [
        (Use.FIELD, "the field's own name"),
        (Use.IGNORED, "not recognized"),
        (Use.FIELD, "the field's own name"),
        (Use.TAG, "a column of one tag"),
    ]


def test_an_unknown_column_without_a_value_is_left_out() -> None:
    found = recognize(["phone", "Shoe Size", "email"], NO_WISHES, {1, 2})
    assert [(column.use, column.reason) for column in found.columns][1:] == [
        (Use.IGNORED, "no values"),
        (Use.FIELD, "the field's own name"),
    ]


@pytest.mark.parametrize("header", ["Locale", "TIME ZONE", "gender", "Created At", "Geschlecht"])
def test_what_heyx_lets_nobody_write_is_left_out_without_a_flag(header: str) -> None:
    assert recognize(["phone", header], NO_WISHES).columns[1].use is Use.READ_ONLY


# Types, constants, manners


@pytest.mark.parametrize(
    ("text", "kind"),
    [("born=date", ValueKind.DATE), (" Born = Date ", ValueKind.DATE), ("born=url", ValueKind.URL)],
)
def test_a_type_is_given_to_a_column_beside_its_field(text: str, kind: ValueKind) -> None:
    found = recognize(["phone", "born"], MappingOptions(types=(text,), map=("born=Birthday",)))
    assert (found.columns[1].field, found.columns[1].value_type) == ("Birthday", ValueType(kind))


@pytest.mark.parametrize("text", ["born", "=date", " = date", "born=", "born=day", "born=list"])
def test_a_type_that_is_none_is_told_with_those_there_are(text: str) -> None:
    assert mistakes(["phone", "born"], MappingOptions(types=(text,), map=("born=b",))) == [
        f'--type "{text}" is not of the form "COLUMN=type"; '
        "the types are text, phone, boolean, number, date, time, datetime, email, url."
    ]


def test_a_type_needs_a_column_that_is_sent() -> None:
    assert mistakes(
        ["phone", "born", "Notes"],
        MappingOptions(types=("brn=date", "Notes=date"), map=("born=b",), ignore=("Notes",)),
    ) == [
        '--type "brn=date": the sheet has no column "brn"; it has "phone", "born", "Notes". Did you mean born?',
        '--type "Notes=date": the column C “Notes” is not sent as a field.',
    ]


def test_every_phone_and_email_has_its_type_wherever_it_stands() -> None:
    found = recognize(["Mobile", "Mail"], MappingOptions(map=("Mail=email",), region="pk"))
    assert [column.value_type for column in found.columns] == [
        ValueType(ValueKind.PHONE, "PK", PhoneFormat.E164),
        ValueType(ValueKind.EMAIL, "PK", PhoneFormat.E164),
    ]
    assert recognize(["phone"], NO_WISHES).columns[0].value_type == ValueType(ValueKind.PHONE)
    as_typed = recognize(["phone"], MappingOptions(region="PK", phone_format=PhoneFormat.DIGITS))
    assert as_typed.columns[0].value_type.phone_format is PhoneFormat.DIGITS


@pytest.mark.parametrize("text", ["source", "=fair", "source=", "source= ", "tags=a", "tag:VIP=yes"])
def test_a_constant_is_a_field_and_its_value(text: str) -> None:
    assert mistakes(["phone"], MappingOptions(constants=(text,))) == [
        f'--set "{text}" is not of the form "FIELD=value".'
    ]


def test_a_value_for_every_row_may_hold_an_equals_sign_and_names_a_field_as_people_do() -> None:
    found = recognize(["phone"], MappingOptions(constants=("source=a=b", "First name=Ann")))
    assert found.constants == (Field("source", "a=b"), Field("firstName", "Ann"))


@pytest.mark.parametrize(
    ("header", "mapping_options", "line"),
    [
        (
            ["phone"],
            MappingOptions(constants=("Locale=en",)),
            '--set "Locale=en": HeyX does not allow writing locale.',
        ),
        (
            ["phone", "email"],
            MappingOptions(constants=("email=a@b.org",)),
            "The field email is set for every row, and column B “email” holds it: leave one out.",
        ),
        (
            ["phone"],
            MappingOptions(region="XX"),
            "--region XX: unknown country; enter its two-letter code, such as PK, GB or AE, or none.",
        ),
        (
            ["phone", "a", "b"],
            MappingOptions(map=("a=set-tags:seg:", "b=set-tags:seg:x")),
            "Columns B “a” and C “b” both set exactly which tags that begin with 'seg:' a contact has; "
            "leave one out.",
        ),
        (
            ["phone", "a"],
            MappingOptions(map=("a=set-tags:",)),
            "The set of tags in column B “a” has no prefix: enter one, such as seg:.",
        ),
        (
            ["phone"],
            MappingOptions(add_tags=("t" * 256,)),
            f"The tag '{'t' * 40}'… has 256 characters, HeyX takes 255: shorten it.",
        ),
        (
            ["phone", "a"],
            MappingOptions(map=("a=tag:",)),
            '--map "a=tag:" names no tag; add it, as in tag:VIP.',
        ),
        (
            ["email"],
            MappingOptions(constants=("phone=+441",), key=("phone",)),
            "--key phone: no column of the sheet maps to the field phone; its fields are email.",
        ),
    ],
)
def test_each_mistake_is_told_with_what_to_do(
    header: list[str], mapping_options: MappingOptions, line: str
) -> None:
    assert line in mistakes(header, mapping_options)


def test_all_mistakes_are_told_at_once() -> None:
    mapping_options = MappingOptions(
        map=("Town=city", "Group=set-tags:", "nothing"),
        types=("born=day",),
        constants=("x",),
        region="XX",
        add_tags=("a",),
        remove_tags=("a",),
    )
    told = mistakes(["phone", "PHONE", "Group", "Shoe Size"], mapping_options, blank=frozenset[int]())
    starts = (
        '--map "nothing" is not',
        '--type "born=day" is not',
        '--map "Town=city": the sheet has no column',
        '--set "x" is not',
        "1 column was not recognized",
        "Two columns for the field phone",
        "The set of tags in column",
        "The tag 'a' is both",
        "--region XX",
    )
    for start in starts:
        assert any(line.startswith(start) for line in told), start


@pytest.mark.parametrize(
    ("target", "use", "field"),
    [
        ("tags", Use.ADD_TAGS, ""),
        ("Remove Tags", Use.REMOVE_TAGS, ""),
        ("tag:VIP", Use.TAG, "VIP"),
        ("TAG: Blog Updates", Use.TAG, "Blog Updates"),
        ("set-tags:seg:", Use.SET_TAGS, "seg:"),
        ("Set-Tags:seg:", Use.SET_TAGS, "seg:"),
    ],
)
def test_a_column_may_be_mapped_to_tags(target: str, use: Use, field: str) -> None:
    column = recognize(["phone", "Group"], MappingOptions(map=(f"Group={target}",))).columns[1]
    assert (column.use, column.field, column.reason) == (use, field, "as you specified")
