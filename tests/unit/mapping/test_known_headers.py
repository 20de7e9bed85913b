from __future__ import annotations

from collections import Counter

import pytest

from heyx_bulk.mapping import known_headers as known
from heyx_bulk.mapping.known_headers import FULL_NAME, TAGS, known_header, known_headers
from heyx_bulk.models.calls import READ_ONLY_FIELDS, STANDARD_FIELDS
from tests.support.known_exports import EMAIL, EXPORTS, FIRST, LANGUAGE, LANGUAGES, LAST, PHONE


@pytest.mark.parametrize("export", EXPORTS)
def test_the_columns_of_an_export_are_known_and_no_other_column_is(export: str) -> None:
    row, fields = EXPORTS[export]
    header = row.split(",")
    answers = zip(header, known_headers(header), strict=True)
    assert {text: answer.field for text, answer in answers if answer} == fields


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headers_of_a_language_are_known(language: str) -> None:
    answers = known_headers(LANGUAGES[language])
    fields = [answer.field if answer else None for answer in answers]
    assert fields == [FIRST, LAST, None, PHONE, EMAIL, LANGUAGE, TAGS]  # the mobile is the phone that is meant
    phone = known_header(LANGUAGES[language][2])
    assert phone is not None
    assert (phone.field, phone.rank) == (PHONE, 1)


@pytest.mark.parametrize(
    "header", ["mobile phone", "MOBILE_PHONE", "Mobile-Phone:", " «Mobile Phone»* ", "MobilePhone?"]
)
def test_case_blanks_and_punctuation_do_not_matter(header: str) -> None:
    assert known_header(header) == known_header("Mobile Phone") is not None


@pytest.mark.parametrize(
    ("typed", "header"), [("Telefono", "Teléfono"), ("PRENOM", "Prénom"), ("الاسم الاول", "الاسم الأول")]
)
def test_accents_do_not_matter(typed: str, header: str) -> None:
    assert known_header(typed) == known_header(header) is not None


@pytest.mark.parametrize(
    "header",
    [
        *("", "?", "Company Phone", "Company Main Phone", "Assistant Phone", "Assistant's Phone", "Fax", "Pager"),
        *("Account ID", "Contact ID", "Id", "Record ID", "Company Name", "Account Name", "Spouse", "Nickname"),
        *("Country Code", "Default Address Phone", "Emergency Contact", "Parent Email", "Manager's Name"),
        *("Email Opt Out", "WhatsApp", "WhatsApp Opted", "Newsletter?", "Phone 1 - Label", "E-mail 1 - Type"),
        *(
            "Labels",
            "Group Membership",
            "Categories",
            "Photo",
            "Tag",
            "Mobil",
            "Create Date",
            "Title",
            "Phonetic First Name",
        ),
    ],
)
def test_what_is_not_the_persons_or_means_several_things_is_left_alone(header: str) -> None:
    assert known_header(header) is None


@pytest.mark.parametrize("header", ["Nom", "Nombre", "Nome", "Nama", "Name", "الاسم", "名字"])
def test_a_header_of_whole_names_is_one_part_only_beside_the_other(header: str) -> None:
    alone = known_header(header)
    assert alone is not None
    assert alone.field == FULL_NAME
    assert known_headers([header, "Email"])[0] == alone


def test_of_several_phones_the_one_that_takes_messages_is_meant() -> None:
    header = ["Work Phone", "Home Phone", "Phone Number", "Mobile"]
    for left in range(4, 0, -1):
        answers = known_headers(header[:left])
        assert [answer is not None for answer in answers] == [False] * (left - 1) + [True]


def test_of_two_columns_alike_the_first_is_meant_and_every_list_of_tags() -> None:
    answers = known_headers(["Phone", "Phone Number", "Tags", "Contact Tags"])
    assert [answer.field if answer else None for answer in answers] == [PHONE, None, TAGS, TAGS]


def test_the_origin_says_where_a_header_is_known_from() -> None:
    headers = ("E-mail 1 - Value", "FNAME", "Vorname", "Handphone", "Mobile")
    origins = [known.origin for header in headers if (known := known_header(header))]
    assert origins == ["a header of Google Contacts", "a header of Mailchimp", "German", "Indonesian", "English"]


def test_no_header_stands_twice_and_every_field_is_one_of_heyx() -> None:
    keys = Counter(known._key(name) for _, _, _, names in known._entries() for name in names)
    assert [key for key, count in keys.items() if count > 1] == []
    fields = {field for field, _, _, _ in known._entries()}
    assert fields == {*STANDARD_FIELDS, *READ_ONLY_FIELDS, TAGS, FULL_NAME}
