"""Email addresses: what may be one (RFC 5322, RFC 6531), and what is wrong with a text that is none."""

from __future__ import annotations

import re
import unicodedata

from heyx_bulk.values.text import plain_key
from heyx_bulk.values.value_types import ConversionError

LONGEST_ADDRESS = 254
"""Characters of the longest address that mail servers take (RFC 5321)."""

_NO_EMAIL = "not a valid email address"
_HOW = "write an address such as name@example.com"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LABEL = r"[A-Za-z0-9_\u0080-\U0010ffff](?:[A-Za-z0-9_\-\u0080-\U0010ffff]*[A-Za-z0-9_\u0080-\U0010ffff])?"
_LAST = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\-\u0080-\U0010ffff]*[A-Za-z0-9\u0080-\U0010ffff])?"
"""A label of a domain; only in the last two is there never a `_`."""

_ADDRESS = rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)*{_LAST}\.{_LAST})"
_DOTTED = rf"(?:{_ATOM}|\.)+@(?i:(?:docomo|ezweb)\.ne\.jp)"
"""Two Japanese providers gave out addresses with dots side by side and before the @; people still have them.

`re` compiles this pattern and the one above when they are needed: ranges as wide as theirs take 60 ms.
"""

is_plain_email = re.compile(
    rf"(?=.{{6,{LONGEST_ADDRESS}}}\Z)[A-Za-z0-9_+\-]+(?:[.'][A-Za-z0-9_+\-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
).fullmatch
"""A quick test that most addresses pass: what it matches is one."""

_LETTERS = frozenset("LMN")
_SYMBOLS = frozenset("LMNS")
_DOTS_IN_WORDS = "\u00b7\u30fb"
"""The dots inside words of Catalan and Japanese."""

_FULL_WIDTH = ("\uff01", "\uff5e")

_BEFORE = re.compile(r"(mailto:|e-?mail\s*:|[a-z]+://)", re.IGNORECASE)
_STRANGE = re.compile(r"[\s()<>\[\]\\,;:\"]|(?<=@).*?([^\w.\-])")
"""What no address has: blanks and some signs, and in the domain all signs but `.` and `-`."""


def is_email(text: str) -> bool:
    """Whether `text` may be one email address, without invisible marks.

    A name and a domain with a dot, at most 254 characters; of other alphabets letters, digits and in the name
    symbols. A quoted name and a domain that is a number are not taken: no contact is reached there.
    """
    if len(text) > LONGEST_ADDRESS:
        return False
    if is_plain_email(text):
        return True
    if not (found := re.fullmatch(_ADDRESS, text)):
        return re.fullmatch(_DOTTED, text) is not None
    name, domain = found.groups()
    last = domain.rpartition(".")[2]
    if len(last) < 2 or last.isdecimal():
        return len(last) == 1 and not last.isascii()
    return text.isascii() or (_is_of(_SYMBOLS, name) and _is_of(_LETTERS, domain))


def _is_of(categories: frozenset[str], text: str) -> bool:
    """Whether the characters of `text` beyond ASCII are of these general categories, and none is full-width."""
    return all(
        sign.isascii()
        or sign in _DOTS_IN_WORDS
        or (unicodedata.category(sign)[0] in categories and not _FULL_WIDTH[0] <= sign <= _FULL_WIDTH[1])
        for sign in text
    )


def convert_email(text: str) -> str:
    """`text` without invisible marks, if it is one email address; raises `ConversionError` if it is not."""
    address = plain_key(text)
    if is_email(address):
        return address
    if address.count("@") > 1:
        raise ConversionError(
            "several emails in one cell", "it has more than one @: keep the address the contact is reached by"
        )
    if "@" not in address:
        raise ConversionError(_NO_EMAIL, f"it has no @: {_HOW}")
    if found := _BEFORE.match(address):
        raise ConversionError(_NO_EMAIL, f"“{found[0]}” is not part of the address: remove it")
    if len(address) > LONGEST_ADDRESS:
        raise ConversionError(_NO_EMAIL, f"it has {len(address):,} characters: {_HOW}")
    if found := _STRANGE.search(address):
        sign = found[1] or found[0]
        shown = "a space" if sign.isspace() else f"“{sign}”"
        where = "after its @" if found[1] else "in it"
        raise ConversionError(_NO_EMAIL, f"an address cannot have {shown} {where}: {_HOW}")
    raise ConversionError(_NO_EMAIL, f"{_reason(address)}: {_HOW}")


def _reason(address: str) -> str:
    name, _, domain = address.partition("@")
    last = domain.rpartition(".")[2]
    if not name or not domain:
        return f"there is nothing {'after' if name else 'before'} the @"
    if any(part.startswith(".") or part.endswith(".") or ".." in part for part in (name, domain)):
        return "it has a dot at an end or next to another one"
    if "." not in domain:
        return "there is no dot after the @"
    if last.isdecimal() or len(last) < 2:
        return f"no domain ends with “.{last}”"
    return "it has a character that is not allowed there"
