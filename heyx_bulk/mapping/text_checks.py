"""Checks of what the texts of a column are: garbled, with invisible marks, words of programs, of another kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from heyx_bulk.mapping.column_check import ColumnCheck, Finding, Rows, together
from heyx_bulk.values.email import is_email
from heyx_bulk.values.stray_words import PROGRAM_WORDS
from heyx_bulk.values.text import digits, find_mark, plain_key, removed_marks, trim, without_marks

_CONTINUED = "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
_MOJIBAKE = re.compile(f"[\u00c2-\u00f4][{_CONTINUED}]")
"""The first two bytes of a character in UTF-8, read in a Western encoding."""

_MAYBE_DATE = re.compile(r"[0-9][./-][0-9]{1,2}[./-][0-9]")
_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](?:\d{4}|\d{2})")
_WHOLE_DATE = re.compile(
    r"(?:(?:19|20)\d\d[./-](?:0?[1-9]|1[0-2])[./-](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|[12]\d|3[01])[./-](?:19|20)\d\d)(?:[ T]\d\d?:\d\d.*)?"
)
_PHONE = re.compile(r"\+?[0-9(][0-9 ().\-]{6,20}")
_FEWEST_DIGITS = 7
_TELLING = re.compile(r"[0-9][0-9 ()./\-]{5}")
_ITEMS = re.compile(r"[,;\r\n]")
_ALPHABETS = re.compile(r"(?i)(?=\w*[a-z])\w*[\u0370-\u03ff\u0400-\u052f]")
"""A word with letters of Latin and of Greek or Cyrillic, many of which look alike."""


def marks_check(*, inside: bool, tags: bool = False) -> ColumnCheck:
    """The check for invisible marks that are not sent: around texts, `inside` keys and `tags` too."""

    def label(text: str) -> str | None:
        kinds = removed_marks(text, inside=inside) or (_tag_marks(text) if tags else ())
        return ", ".join(kinds) or None

    return ColumnCheck(label, _removed, lambda cells, _: not cells.isascii() and find_mark(cells))


def _tag_marks(text: str) -> tuple[str, ...]:
    if without_marks(text) == text:
        return ()
    return tuple(one for one in removed_marks(text, inside=True) if one != "joiners")


def _removed(found: Mapping[str, Rows]) -> Iterator[Finding]:
    if found:
        kinds = sorted({kind for kinds in found for kind in kinds.split(", ")})
        yield together(found.values()), f"invisible characters, which are not sent: {', '.join(kinds)}"


def _program_word(text: str) -> str | None:
    text = trim(text)
    return next((word for word in (text, *map(trim, _ITEMS.split(text))) if word in PROGRAM_WORDS), None)


def program_word_check(*, free_text: bool) -> ColumnCheck:
    """The check for words of programs; `None` alone in a column of `free_text` is an English word."""

    def findings(found: Mapping[str, Rows]) -> Iterator[Finding]:
        return iter(()) if free_text and [*found] == ["None"] else _stray_words(found)

    return ColumnCheck(_program_word, findings, _may_hold_program_word)


_WITHIN_PROGRAM_WORDS = [
    word for word in PROGRAM_WORDS if not any(other in word for other in PROGRAM_WORDS - {word})
]
"""Texts of which every program word contains one."""


def _may_hold_program_word(cells: str, texts: Sequence[str]) -> bool:
    several = "," in cells or ";" in cells
    return any(map(cells.__contains__, _WITHIN_PROGRAM_WORDS)) if several else not PROGRAM_WORDS.isdisjoint(texts)


def _stray_words(found: Mapping[str, Rows]) -> Iterator[Finding]:
    if found:
        words = ", ".join(f"“{word}”" for word in sorted(found))
        yield together(found.values()), f"{words}: did a program write it for a missing value?"


def kind_check(field: str) -> ColumnCheck | None:
    """The check for values of another kind than the field's; None where the field may hold anything."""
    return _KINDS.get(field)


def _other_kind(concerns: Callable[[str, Sequence[str]], object], *kinds: str) -> ColumnCheck:
    tests = {kind: _IS[kind] for kind in kinds}

    def label(text: str) -> str | None:
        if text[:1].isalpha() and "@" not in text:
            return None  # neither dates nor phones begin with a letter
        text = trim(text)
        return next((kind for kind, test in tests.items() if test(text)), None) if text else None

    def findings(found: Mapping[str, Rows]) -> Iterator[Finding]:
        for kind, rows in found.items():
            yield rows, f"{kind} in this column: are two columns mixed up?"

    return ColumnCheck(label, findings, concerns)


def _is_date(text: str) -> object:
    return text[:1].isdigit() and _WHOLE_DATE.fullmatch(text)


def _is_phone(text: str) -> object:
    return _PHONE.fullmatch(text) and len(digits(text)) >= _FEWEST_DIGITS and not _is_date(text)


def _has_digits_or_at(cells: str, _: Sequence[str]) -> object:
    return "@" in cells or (any(map(cells.__contains__, "0123456789")) and _TELLING.search(cells))


def _may_hold_date(cells: str) -> object:
    """Whether any of the texts has a date in it; a quick look for its signs comes first."""
    return any(map(cells.__contains__, "./-")) and _MAYBE_DATE.search(cells)


_IS: Mapping[str, Callable[[str], object]] = {
    "emails": lambda text: "@" in text and is_email(plain_key(text)),
    "dates": _is_date,
    "phones": _is_phone,
}
_NAME_KINDS = _other_kind(_has_digits_or_at, "emails", "dates", "phones")
_KINDS = {
    "firstName": _NAME_KINDS,
    "lastName": _NAME_KINDS,
    "phone": _other_kind(lambda cells, _: "@" in cells or _may_hold_date(cells), "emails", "dates"),
    "email": _other_kind(lambda cells, texts: cells.count("@") < len(texts), "dates", "phones"),
    "language": _NAME_KINDS,
}


def _alphabets(text: str) -> str | None:
    return "mixed" if not text.isascii() and _ALPHABETS.search(text) else None


def _mixed_alphabets(found: Mapping[str, Rows]) -> Iterator[Finding]:
    for rows in found.values():
        yield rows, "letters of two alphabets in one word, such as a Cyrillic а among Latin ones: retype it"


def _letters(text: str) -> str | None:
    return "garbled" if _MOJIBAKE.search(text) and repair_mojibake(text) is not None else None


def _garbled_letters(found: Mapping[str, Rows]) -> Iterator[Finding]:
    """Text that was UTF-8 and was read as something else: `JosÃ©` for `José`."""
    for rows in found.values():
        yield rows, "letters look garbled (such as Ã© for é): was the file saved in another encoding?"


def repair_mojibake(text: str) -> str | None:
    """What `text` was before it was read in the wrong encoding; None if it was not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return None


def _date(text: str) -> str | None:
    found = _DATE.fullmatch(trim(text))
    first, second = (int(found[1]), int(found[2])) if found else (0, 0)
    if first > 12 >= second:
        return "day before month"
    return "month before day" if second > 12 >= first else None


def _mixed_dates(found: Mapping[str, Rows]) -> Iterator[Finding]:
    """Days and months in one order in some rows and in the other order elsewhere."""
    if len(found) == 2:
        order, rows = min(sorted(found.items()), key=lambda item: item[1].count)
        yield rows, f"dates have the {order} here, and the other order elsewhere"


GARBLED = ColumnCheck(_letters, _garbled_letters, lambda cells, _: not cells.isascii() and _MOJIBAKE.search(cells))
DATES = ColumnCheck(_date, _mixed_dates, lambda cells, _: _may_hold_date(cells))
ALPHABETS = ColumnCheck(_alphabets, _mixed_alphabets, lambda cells, _: not cells.isascii())
