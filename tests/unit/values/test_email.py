"""What may be an email address, and why another text is none."""

from __future__ import annotations

import pytest

from heyx_bulk.values.email import convert_email, is_email
from heyx_bulk.values.value_types import ConversionError


@pytest.mark.parametrize(
    "text",
    [
        *("a@b.co", "A@B.CO", "i@t.co", "123@qq.com", "_info@example.com", "first.last@sub.example.museum"),
        *("O'Neil_1@mail.example.co.uk", "user+tag@gmail.com", "x!y%z@example.com", "a/b@example.com"),
        *("bounce=user=x.com@lists.example.org", "user{x}@example.com", "#hash@example.com", "-dash@example.com"),
        *(
            "José+x@exämple.org",
            "почта@домен.рф",
            "用户@例子.中国",
            "उपयोगकर्ता@उदाहरण.भारत",
            "paul@l·l.cat",
            "用户@例子.香",
        ),
        *("x@xn--e1afmkfd.xn--p1ai", "user@my_host.example.com", "info@1and1.com", "info@example.test"),
        *("abc..def@docomo.ne.jp", "abc.@ezweb.ne.jp", "☺@example.com"),
        "reply+" + "A" * 70 + "@reply.github.com",
    ],
)
def test_a_real_address_is_taken_as_it_is(text: str) -> None:
    assert convert_email(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mailto:mona@example.com", "“mailto:” is not part of the address"),
        ("MAILTO:mona@example.com", "“MAILTO:” is not part of the address"),
        ("Email: mona@example.com", "“Email:” is not part of the address"),
        ("E-Mail:mona@example.com", "“E-Mail:” is not part of the address"),
        ("https://mona@example.com", "“https://” is not part of the address"),
        ("(mona@example.com)", r"an address cannot have “\(” in it"),
        ("<mona@example.com>", "an address cannot have “<” in it"),
        ('"mona@example.com"', 'an address cannot have “"” in it'),
        ("mona smith@example.com", "an address cannot have a space in it"),
        ("mona\u00a0smith@example.com", "an address cannot have a space in it"),
        ("mona@example.com:", "an address cannot have “:” after its @"),
        ("mona@example.com!", "an address cannot have “!” after its @"),
        ("mona@example.com/", "an address cannot have “/” after its @"),
        ("'mona@example.com'", "an address cannot have “'” after its @"),
        ("mona@example.com?subject=hi", r"an address cannot have “\?” after its @"),
        ("mona@example..com", "it has a dot at an end"),
        (".mona@example.com", "it has a dot at an end"),
        ("mona.@example.com", "it has a dot at an end"),
        ("mona@example.com.", "it has a dot at an end"),
        ("abc..def@example.ne.jp", "it has a dot at an end"),
        ("mona@example", "no dot after the @"),
        ("mona@example.c", "no domain ends with “.c”"),
        ("mona@10.0.0.1", "no domain ends with “.1”"),
        ("@example.com", "nothing before the @"),
        ("mona@", "nothing after the @"),
        ("mona@example_.com", "a character that is not allowed there"),
        ("mona@-example.com", "a character that is not allowed there"),
        ("o’neil@example.com", "a character that is not allowed there"),
        ("ｍona@example.com", "a character that is not allowed there"),
        ("mona＠example.com", "it has no @"),
        ("mona%40example.com", "it has no @"),
        ("mona@@example.com", "more than one @"),
        ("a@b.co/c@d.ee", "more than one @"),
        ("a" * 250 + "@b.co", "255 characters"),
    ],
)
def test_what_no_address_can_contain_is_refused_with_the_reason(text: str, why: str) -> None:
    assert not is_email(text)
    with pytest.raises(ConversionError, match=why):
        convert_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "mona@example.com\u202c",
        "mo\u00adna@example.com",
        "\u200emona@exam\u200bple.com",
        "mona\u200d@example.com\ufeff",
    ],
)
def test_an_address_has_no_invisible_marks(text: str) -> None:
    assert convert_email(text) == "mona@example.com"
