"""Protection against CSV formula injection: an apostrophe that is added and taken off by one rule.

Excel runs a CSV value that begins with a formula sign. `guard` puts one apostrophe in front of such a value,
and in front of one that already looks guarded; so `unguard(guard(text)) == text` for any text.
"""

from __future__ import annotations

import re

_INVISIBLE = (
    " \x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_FORMULA = re.compile(rf"[{_INVISIBLE}]*[=+\-@|%\t\r\n＝＋－＠]")
_PLAIN = re.compile(r"\+[0-9]+|[+-]?[0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?")


def guard(text: str) -> str:
    """`text` as a value that no spreadsheet runs."""
    return f"'{text}" if _is_formula(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if text[:1] == "'" and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    """Whether Excel might run `text`, or `text` is apostrophes in front of such a value.

    Plain phones (`+` and digits) and numbers are harmless and stay as they are.
    """
    bare = text.lstrip("'")
    return _FORMULA.match(bare) is not None and _PLAIN.fullmatch(bare) is None
