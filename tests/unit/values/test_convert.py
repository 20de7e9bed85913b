from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

import heyx_bulk.values
from heyx_bulk.values.convert import convert
from heyx_bulk.values.infer import infer_kind
from heyx_bulk.values.value_types import ConversionError, ValueKind, ValueType

ALLOWED = ("Gold", "Silver Plus", "ذهبي")


def cause(kind: ValueKind, text: str) -> str:
    with pytest.raises(ConversionError) as unfit:
        convert(ValueType(kind, allowed=ALLOWED), text)
    return unfit.value.cause


def test_no_value_is_ever_a_float() -> None:
    folder = Path(heyx_bulk.values.__file__).parent
    named = {
        path.name
        for path in folder.glob("*.py")
        if path.name not in ("equality.py", "spreadsheet_damage.py")  # what HeyX or a spreadsheet holds may be one
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "float"
    }
    assert named == set()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "yes",
            "YES",
            " y",
            "true",
            "TRUE",
            "ＴＲＵＥ",
            "t",
            "1",
            "on",
            "x",
            "X",
            "✓",
            "✔",
            "ja",
            "Wahr",
            "oui",
            "Vrai",
        ),
        *(
            "sí",
            "SI\u0301",
            "si",
            "verdadero",
            "sim",
            "نعم",
            "ہاں",
            "جی ہاں",
            "ya",
            "Betul",
            "是",
            "да",
            "हाँ",
            "はい",
        ),
    ],
)
def test_yes_in_the_words_people_use_is_true(text: str) -> None:
    assert convert(ValueType(ValueKind.BOOLEAN), text) == "true"


@pytest.mark.parametrize(
    "text",
    [
        *("no", "N", "false", "FALSE", "f", "0", "off", "nein", "Falsch", "non", "faux", "falso", "não", "NAO"),
        *("لا", "نہیں", "جی نہیں", "tidak", "salah", "否", "不是", "нет", "नहीं", "いいえ", "HAYIR"),
    ],
)
def test_no_in_the_words_people_use_is_false(text: str) -> None:
    assert convert(ValueType(ValueKind.BOOLEAN), text) == "false"


@pytest.mark.parametrize("text", ["maybe", "✗", "❌", "2", "1.0", "-", "yes please", "o", "opted in"])
def test_anything_else_is_neither(text: str) -> None:
    assert cause(ValueKind.BOOLEAN, text) == "neither yes nor no"


def test_every_word_of_yes_and_no_means_one_of_them_in_all_languages() -> None:
    path = Path(heyx_bulk.values.__file__).parent / "yes_no.toml"
    for language in tomllib.loads(path.read_text("utf-8")).values():
        assert {convert(ValueType(ValueKind.BOOLEAN), word) for word in language["yes"]} == {"true"}
        assert {convert(ValueType(ValueKind.BOOLEAN), word) for word in language["no"]} == {"false"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", "0"), ("12", "12"), ("-5", "-5"), ("−5", "-5"), ("+5", "5"), ("1.50", "1.50"), (".5", "0.5")),
        *(("1,234.5", "1234.5"), ("1.234,5", "1234.5"), ("1 234,50", "1234.50"), ("1\u202f234,5", "1234.5")),
        *(("1'234.50", "1234.50"), ("1’234", "1234"), ("1 234", "1234"), ("1,234,567", "1234567")),
        *(("1.234.567", "1234567"), ("12,34,567.80", "1234567.80"), ("1234,567", "1234.567"), ("0,234", "0.234")),
        *(
            ("1,5", "1.5"),
            ("1.234", "1.234"),
            ("١٬٢٣٤٫٥", "1234.5"),
            ("١٬٢٣٤", "1234"),
            ("١٢،٥", "12.5"),
            ("۱۲۳", "123"),
            ("１２", "12"),
        ),
        ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
    ],
)
def test_a_number_is_written_plainly_with_all_its_digits(text: str, number: str) -> None:
    assert convert(ValueType(ValueKind.NUMBER), text) == number


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1,234", "a number that can be read in two ways"),
        ("-1,234", "a number that can be read in two ways"),
        ("007", "a number with leading zeros"),
        ("00.5", "a number with leading zeros"),
        ("$5", "a number with a currency or unit"),
        ("5 €", "a number with a currency or unit"),
        ("Rs 500", "a number with a currency or unit"),
        ("5%", "a number with a currency or unit"),
        ("1E+5", "a number that the spreadsheet has rounded"),
        ("1.78E+15", "a number that the spreadsheet has rounded"),
        ("1E-7", "a number that the spreadsheet has rounded"),
        ("1,23,4", "not a valid number"),
        ("12.34.567", "not a valid number"),
        ("1.234,567,8", "not a valid number"),
        ("1,234.567,8", "not a valid number"),
        ("1,234 567.8", "not a valid number"),
        ("5.", "not a valid number"),
        ("five", "not a valid number"),
        ("½", "not a valid number"),
        ("--5", "not a valid number"),
    ],
)
def test_a_number_that_is_none_or_more_than_one_is_refused(text: str, why: str) -> None:
    assert cause(ValueKind.NUMBER, text) == why


def test_the_message_of_a_lone_comma_writes_both_numbers() -> None:
    with pytest.raises(ConversionError, match=r"1234 or 1\.234"):
        convert(ValueType(ValueKind.NUMBER), "1,234")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a@b", "not a valid email address"),
        ("a b@c.de", "not a valid email address"),
        ("@c.de", "not a valid email address"),
        ("a@b..c", "not a valid email address"),
        ("a@b.co,", "not a valid email address"),
        ("Ali <ali@example.com>", "not a valid email address"),
        ("n/a", "not a valid email address"),
        ("a@b.co;c@d.ee", "several emails in one cell"),
        ("a@b.co, c@d.ee", "several emails in one cell"),
    ],
)
def test_an_email_that_is_none_is_refused(text: str, why: str) -> None:
    assert cause(ValueKind.EMAIL, text) == why


@pytest.mark.parametrize("text", ["a@b.co", "José+x@exämple.org", "O'Neil_1@mail.example.co.uk", "A@B.CO"])
def test_an_email_stays_as_it_is(text: str) -> None:
    assert convert(ValueType(ValueKind.EMAIL), text) == text


@pytest.mark.parametrize(
    "text",
    ["https://x.org", "HTTP://X.org:80/a?b=c#d", "https://me@x.org/", "http://[::1]/a", "https://مثال.com/é"],
)
def test_a_web_address_stays_as_it_is(text: str) -> None:
    assert convert(ValueType(ValueKind.URL), text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("example.com/page", "a web address without https://"),
        ("www.example.com", "a web address without https://"),
        ("https://", "not a valid web address"),
        ("https:///page", "not a valid web address"),
        ("https://x .org", "not a valid web address"),
        ("ftp://x.org", "not a valid web address"),
        ("photo", "not a valid web address"),
    ],
)
def test_a_web_address_that_is_none_is_refused(text: str, why: str) -> None:
    assert cause(ValueKind.URL, text) == why


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Gold", "Gold"),
        ("GOLD", "Gold"),
        ("silverplus", "Silver Plus"),
        ("Silver\u00a0 plus", "Silver Plus"),
        ("ذهبي", "ذهبي"),
    ],
)
def test_one_of_the_allowed_values_is_sent_as_it_is_spelled_there(text: str, value: str) -> None:
    assert convert(ValueType(ValueKind.LIST, allowed=ALLOWED), text) == value


def test_a_value_that_is_not_allowed_is_refused_with_the_first_ten_that_are() -> None:
    meant = ValueType(ValueKind.LIST, allowed=tuple(f"value {number}" for number in range(1, 13)))
    with pytest.raises(ConversionError, match=r"“value 1”.*“value 10” and 2 more$"):
        convert(meant, "value 13")


def test_two_allowed_values_that_differ_by_case_are_told_apart_and_not_guessed() -> None:
    meant = ValueType(ValueKind.LIST, allowed=("vip", "VIP"))
    assert convert(meant, "VIP") == "VIP"
    with pytest.raises(ConversionError):
        convert(meant, "Vip")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (["yes", "no", ""], ValueKind.BOOLEAN),
        (["y", "n"], ValueKind.BOOLEAN),
        (["x", ""], ValueKind.BOOLEAN),
        (["1", "yes"], ValueKind.BOOLEAN),
        (["0", "1"], ValueKind.TEXT),
        (["F", "F"], ValueKind.TEXT),
        (["M", "F"], ValueKind.TEXT),
        (["a@b.co", " c@d.ee "], ValueKind.EMAIL),
        (["a@b.co", "none"], ValueKind.TEXT),
        (["https://x.org"], ValueKind.URL),
        (["+923244077087", "+44 (0)20 7946 0018"], ValueKind.PHONE),
        (["03244077087"], ValueKind.TEXT),
        (["+923244077087", "03244077087"], ValueKind.TEXT),
        (["1", "25"], ValueKind.TEXT),
        (["1.5", "2"], ValueKind.NUMBER),
        (["1.5", "007"], ValueKind.TEXT),
        (["1,234"], ValueKind.TEXT),
        (["14/03/1988", "03/04/1988", "March 14, 1988", "1988-01-01"], ValueKind.DATE),
        (["14/03/1988", "03/14/1988"], ValueKind.TEXT),
        (["1988-03-14 00:00:00"], ValueKind.DATE),
        (["1988-03-14 10:00", "1988-03-15"], ValueKind.DATETIME),
        (["10:00", "2 pm"], ValueKind.TIME),
        (["19880314"], ValueKind.TEXT),
        (["44927"], ValueKind.TEXT),
        (["Lahore"], ValueKind.TEXT),
        ([], ValueKind.TEXT),
        (["", " "], ValueKind.TEXT),
    ],
)
def test_a_column_is_said_to_be_a_kind_only_if_all_of_it_is(column: list[str], kind: ValueKind) -> None:
    assert infer_kind(column) is kind
