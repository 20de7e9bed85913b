"""The characters of a text: blanks and invisible marks, digits of every script, damaged numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import repeat

_PLAIN_BLANKS = " \t\r\n\v\f"
_ODD_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_OTHER_BLANKS = "\u0085\u2028\u2029\u2800\u3164"
_JOINERS = "\u200c\u200d"
_MARK_NAMES = {
    **dict.fromkeys("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "direction marks"),
    **dict.fromkeys("\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff", "zero-width spaces"),
    "\u00ad": "soft hyphens",
    **dict.fromkeys(_JOINERS, "joiners"),
}
_MARKS = "".join(_MARK_NAMES).translate(dict.fromkeys(map(ord, _JOINERS)))
"""Invisible marks that no text needs: address books put direction marks around phones, web pages the others."""

BLANKS = _PLAIN_BLANKS + _ODD_SPACES + _OTHER_BLANKS + _MARKS
"""Characters around a value that are not part of it: blanks, odd spaces, invisible marks, line ends."""

find_mark = re.compile(f"[{_MARKS}{_JOINERS}]").search
"""The first invisible mark or joiner of a text."""

_NO_MARKS = dict.fromkeys(map(ord, _MARKS))
_PLAIN_SPACES = dict.fromkeys(map(ord, _ODD_SPACES), " ")
_PLAIN_KEY = {**_NO_MARKS, **dict.fromkeys(map(ord, _JOINERS)), **_PLAIN_SPACES}
_NO_SPACES = {**_PLAIN_KEY, **dict.fromkeys(map(ord, _ODD_SPACES))}
_VIRAMA = 9
"""Unicode's combining class of the signs behind which Indic scripts write a joiner, also at the end of a word."""

_NO_DIGITS = re.compile(r"[^0-9]+")
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
_FULL_WIDTH = 0xFEE0
"""The distance in Unicode from a plain character to its full-width form."""


def replace_surrogates(text: str) -> str:
    """`text` with U+FFFD for halves of surrogate pairs: no file, database or request can hold these."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def trim(text: str) -> str:
    """`text` without the blanks, odd spaces and invisible marks around it; those inside stay.

    A joiner at the end stays where the script writes one there: behind a virama, or behind an Arabic letter.
    """
    if text.isascii():
        return text.strip(_PLAIN_BLANKS)
    text = text.strip(BLANKS)
    while text and (text[0] in _JOINERS or (text[-1] in _JOINERS and not _joins(text[:-1]))):
        text = text.lstrip(_JOINERS) if text[0] in _JOINERS else text[:-1]
        text = text.strip(BLANKS)
    return text


def trim_all(texts: Sequence[str], whole: str) -> list[str]:
    """Each of the texts, joined `whole`, trimmed."""
    if whole.isascii():
        needed = any(map(whole.__contains__, _PLAIN_BLANKS))
        return [*map(str.strip, texts, repeat(_PLAIN_BLANKS))] if needed else [*texts]
    if any(map(whole.__contains__, _JOINERS)):
        return [*map(trim, texts)]
    return [*map(str.strip, texts, repeat(BLANKS))]


def _joins(text: str) -> bool:
    """Whether a joiner at the end of `text` belongs to its last letter."""
    return bool(text) and (unicodedata.combining(text[-1]) == _VIRAMA or "\u0620" <= text[-1] <= "\u06d3")


def without_marks(text: str) -> str:
    """`text` without invisible marks; joiners, which letters and emoji need, stay."""
    return text if text.isascii() else text.translate(_NO_MARKS)


def plain_spaces(text: str) -> str:
    """`text` with a plain space for each odd one, such as a no-break space."""
    return text if text.isascii() else text.translate(_PLAIN_SPACES)


def plain_key(text: str) -> str:
    """`text` as a key that is looked up: no invisible mark or joiner, and each odd space a plain one."""
    return text if text.isascii() else trim(text.translate(_PLAIN_KEY))


def plain_keys(texts: Sequence[str]) -> Sequence[str]:
    """Each text as a key that is looked up."""
    return texts if "".join(texts).isascii() else [*map(plain_key, texts)]


def comparable(text: str) -> str:
    """`text` as it is compared: in Unicode's composed form (NFC), and each odd space a plain one."""
    return text if text.isascii() else unicodedata.normalize("NFC", trim(text)).translate(_PLAIN_SPACES)


def removed_marks(text: str, *, inside: bool) -> tuple[str, ...]:
    """The kinds of invisible marks that are not sent with `text`: those around it, with `inside` those in it too.

    `inside` is for keys, from which joiners are removed as well. Blanks and odd spaces are not among them.
    """
    if text.isascii() or not find_mark(text):
        return ()
    kept = plain_key(text) if inside else trim(text)
    start = text.find(kept)
    lost = text if inside else text[:start] + text[start + len(kept) :]
    return tuple(sorted({_MARK_NAMES[sign] for sign in lost if sign in _MARK_NAMES}))


def digits(phone: str) -> str:
    """The digits of a phone, as ASCII: what two spellings of one phone have in common."""
    if phone.isascii():
        if (bare := phone.removeprefix("+")).isdigit():
            return bare
        return _NO_DIGITS.sub("", phone)
    return "".join(str(int(sign)) for sign in phone if sign.isdecimal())


def plain_signs(text: str) -> str:
    """`text` with digits of every script as 0-9 and full-width characters as plain ones, without invisible marks.

    Everything else stays, so an ASCII text is returned as it is.
    """
    if text.isascii():
        return text
    return trim("".join(map(_plain_sign, without_marks(text))))


def plain_phone_signs(text: str) -> str:
    """`plain_signs` of a phone, also without odd spaces and joiners."""
    return plain_signs(text if text.isascii() else text.translate(_NO_SPACES))


def _plain_sign(sign: str) -> str:
    if sign.isdecimal():
        return str(int(sign))
    return chr(ord(sign) - _FULL_WIDTH) if "\uff01" <= sign <= "\uff5e" else sign


def is_damaged_number(text: str) -> bool:
    """Whether `text` is what a spreadsheet makes of a long number (`1.78E+15`): its digits are gone."""
    return _SCIENTIFIC.fullmatch(text) is not None
